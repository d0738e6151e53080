"""Results stored in a real archive come back as they were sent."""

from __future__ import annotations

import contextlib
import io
import json
import shutil
import ssl
import subprocess
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, ClassVar

import pydicom
import pytest
from CardiacSegmentationLib.cli import main
from CardiacSegmentationLib.errors import ExportError, error_from_dict
from CardiacSegmentationLib.export import archive, archive_web
from CardiacSegmentationLib.export.archive import Peer, find_objects
from CardiacSegmentationLib.export.archive_node import store_to_node
from CardiacSegmentationLib.export.archive_web import store_to_web
from CardiacSegmentationLib.export.results import write_results
from CardiacSegmentationLib.pipeline.record import UNFINISHED
from dicom_node import ALL_KINDS, run_node
from export.conftest import read_by_a_person
from export.orthanc import DICOMWEB, Orthanc, is_installed, run_orthanc

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture(scope="module")
def results(dicom_case: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A result folder with the DICOM objects of a signed reading, and an image that is none of ours."""
    folder = tmp_path_factory.mktemp("results")
    untouched = dicom_case("siemens")
    case = read_by_a_person(untouched.stack, untouched.segmentation)
    write_results(
        folder, case.stack, case.segmentation, case.assessment, ["dicom-seg", "dicom-sr", "dicom-pdf", "dicom-rtstruct"]
    )
    image = next(case.stack.source.path.rglob("*.IMA"))
    (folder / "image.dcm").write_bytes(image.read_bytes())
    (folder / "broken.dcm").write_bytes(b"no DICOM")
    return folder


@pytest.mark.parametrize("left", [0.0, 0.01, 0.3, 0.9, 0.999])
def test_what_was_cut_off_is_not_sent(
    left: float, results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = find_objects(results)
    assert {path.name.partition("_")[0] for path in whole} == {"seg", "sr.dcm", "report.dcm", "rtstruct"}
    for path in whole:
        content = path.read_bytes()
        cut = tmp_path / path.name
        cut.write_bytes(content[: int(left * len(content))])
        assert main(["send", str(cut), "--to", "NODE@127.0.0.1:9"]) == 1
        assert f"{cut} is cut off" in capsys.readouterr().err


@pytest.fixture
def orthanc(tmp_path: Path) -> Iterator[Orthanc]:
    """An empty archive."""
    if not is_installed():
        pytest.skip("Orthanc is not installed (Debian: orthanc, orthanc-dicomweb)")
    with run_orthanc(tmp_path) as running:
        yield running


def _assert_all_there(results: Path, orthanc: Orthanc) -> None:
    """Every object is found by its study and comes back equal, element for element."""
    sent = [pydicom.dcmread(path) for path in find_objects(results)]
    assert len(sent) == 6
    [study] = orthanc.find("Study", StudyInstanceUID=str(sent[0].StudyInstanceUID))
    assert len(orthanc.get(f"/studies/{study}/instances")) == len(sent)
    for item in sent:
        [instance] = orthanc.find("Instance", SOPInstanceUID=str(item.SOPInstanceUID))
        assert pydicom.dcmread(io.BytesIO(orthanc.get(f"/instances/{instance}/file"))) == item


def test_c_store_keeps_every_object(results: Path, orthanc: Orthanc, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("pynetdicom", reason="pynetdicom is not installed")
    assert main(["send", str(results), "--to", f"ORTHANC@127.0.0.1:{orthanc.dicom}"]) == 0
    assert "6 of 6 objects stored" in capsys.readouterr().out
    _assert_all_there(results, orthanc)


def test_stow_keeps_every_object(
    results: Path, orthanc: Orthanc, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    if DICOMWEB is None:
        pytest.skip("Orthanc's DICOMweb plugin is not installed (Debian: orthanc-dicomweb)")
    url = f"http://127.0.0.1:{orthanc.http}/dicom-web"
    assert main(["send", str(results), "--dicomweb", url]) == 1
    assert "credentials are missing or wrong" in capsys.readouterr().out

    monkeypatch.setenv(archive_web.USER_VARIABLE, orthanc.user)
    monkeypatch.setenv(archive_web.PASSWORD_VARIABLE, orthanc.password)
    assert main(["send", str(results), "--dicomweb", url]) == 0
    assert "6 of 6 objects stored" in capsys.readouterr().out
    _assert_all_there(results, orthanc)


def test_a_node_that_knows_us_not_or_is_not_there_is_an_error(
    results: Path, orthanc: Orthanc, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("pynetdicom", reason="pynetdicom is not installed")
    assert main(["send", str(results), "--to", f"OTHER@127.0.0.1:{orthanc.dicom}"]) == 1
    assert "refused the association" in capsys.readouterr().err
    assert main(["send", str(results), "--to", "ORTHANC@127.0.0.1:9"]) == 1
    assert "does not answer" in capsys.readouterr().err


def test_a_web_service_that_is_not_there_is_an_error(results: Path) -> None:
    with pytest.raises(ExportError, match="does not answer"):
        list(store_to_web(find_objects(results), "http://127.0.0.1:9/dicom-web"))


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("ftp://pacs/dicom-web", "is no web address"),
        ("http://user:secret@pacs/dicom-web", "Keep passwords out of the address"),
        ("http://pacs.example.org/dicom-web", "over https only"),
    ],
)
def test_addresses_that_would_give_secrets_away_are_refused(
    url: str, message: str, results: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(archive_web.TOKEN_VARIABLE, "secret")
    with pytest.raises(ExportError, match=message) as error:
        list(store_to_web(find_objects(results), url))
    assert "secret" not in str(error.value) or "@" not in url


@pytest.mark.parametrize(
    ("text", "peer"),
    [
        ("ORTHANC@pacs.example.org:4242", Peer("ORTHANC", "pacs.example.org", 4242)),
        ("AE@[::1]:104", Peer("AE", "::1", 104)),
    ],
)
def test_a_node_is_written_as_title_host_and_port(text: str, peer: Peer) -> None:
    assert Peer.parse(text) == peer


@pytest.mark.parametrize(
    "text", ["pacs", "AE@pacs", "@pacs:104", "AE@pacs:0", "AE@pacs:x", "A_TITLE_TOO_LONG_@pacs:104"]
)
def test_what_is_no_node_is_refused(text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as error:
        main(["send", str(tmp_path), "--to", text])
    assert error.value.code == 2
    assert "AE" in capsys.readouterr().err


def test_a_folder_without_results_is_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["send", str(tmp_path), "--dicomweb", "https://pacs.example.org/dicom-web"]) == 1
    assert "holds no DICOM results" in capsys.readouterr().err


UID = "1.2.3"
STORED = b'{"00081199": {"vr": "SQ", "Value": [{"00081155": {"vr": "UI", "Value": ["1.2.3"]}}]}}'
REFUSED = b'{"00081198": {"vr": "SQ", "Value": [{"00081197": {"vr": "US", "Value": [272]}}]}}'
NO_JSON = "but the answer is no DICOM JSON"
NOT_SAID = "but the answer does not say that the object is stored"


@pytest.mark.parametrize(
    ("status", "body", "problem"),
    [
        (200, STORED, ""),
        (202, STORED, ""),
        (200, b"[" + STORED + b"]", ""),
        (202, REFUSED, "refused (reason 272)"),
        (409, b"{}", "HTTP 409"),
        (409, STORED, "HTTP 409"),
        (302, b"", "HTTP 302"),
        (403, b"<html>", "HTTP 403: not allowed"),
        (200, b"<html>Log in</html>", NO_JSON),
        (200, b"", NO_JSON),
        (200, b"[" * 100_000, NO_JSON),
        (200, b"\xff\xfe", NO_JSON),
        (200, STORED[:-5], NO_JSON),
        (200, b"[]", NO_JSON),
        (200, b"null", NO_JSON),
        (200, b"{}", NOT_SAID),
        (200, STORED.replace(b"1.2.3", b"1.2.4"), NOT_SAID),
        (200, b'{"00081199": "1.2.3"}', NOT_SAID),
        (200, b'{"00081199": {"Value": ["1.2.3"]}}', NOT_SAID),
        (200, b'{"00081198": {"Value": {}}, "00081199": {"Value": [{"00081155": []}]}}', NOT_SAID),
        (200, b'{"00081198": {"Value": [{"00081197": {"Value": [{"a": 1}]}}]}}', "refused (reason {'a': 1})"),
        (200, b'{"00081198": {"Value": [{"00081197": {"Value": []}}]}}', "refused (reason no reason given)"),
    ],
)
def test_an_object_is_stored_where_the_answer_says_so(status: int, body: bytes, problem: str) -> None:
    told = str(archive_web._problem_of(status, body, UID) or "")
    assert told == problem or (problem in (NO_JSON, NOT_SAID) and problem in told)


class ScriptedService(BaseHTTPRequestHandler):
    """A web service that answers each POST with what a test has put on its list."""

    answers: ClassVar[list[Callable[[ScriptedService, str], None]]] = []

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        content = body.partition(b"\r\n\r\n")[2]
        uid = str(pydicom.dcmread(io.BytesIO(content), stop_before_pixels=True).SOPInstanceUID)
        self.answers.pop(0)(self, uid)

    def log_message(self, *_: object) -> None:
        """Silence."""

    def say(self, body: bytes, status: int = 200) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture
def service() -> Iterator[str]:
    """Its address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), ScriptedService)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/dicom-web"
    server.shutdown()
    server.server_close()


def say_stored(service: ScriptedService, uid: str) -> None:
    service.say(STORED.replace(UID.encode(), uid.encode()))


def test_odd_answers_are_errors_of_their_object_and_the_others_are_sent(
    results: Path, service: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A page to log in, a line that is no HTTP, an answer that trickles in for ever; the others are stored."""

    def trickle(service: ScriptedService, _: str) -> None:
        service.send_response(200)
        service.end_headers()
        with contextlib.suppress(OSError):
            for _ in range(200):
                service.wfile.write(b" ")
                time.sleep(0.05)

    ScriptedService.answers = [
        lambda service, _: service.say(b"<html>Log in</html>"),
        lambda service, _: service.wfile.write(b"I speak no HTTP\r\n"),
        trickle,
        *[say_stored] * 3,
    ]
    monkeypatch.setattr(archive_web, "LONGEST_S", 1.0)
    assert main(["send", str(results), "--dicomweb", service]) == 1
    login, no_http, slow, *stored, total = capsys.readouterr().out.splitlines()
    assert "no DICOM JSON" in login
    assert "does not answer" in no_http
    assert "no whole answer within 1 s" in slow
    assert all(line.startswith("stored") for line in stored)
    assert total == "3 of 6 objects stored"


def test_an_answer_without_end_is_read_up_to_a_limit(results: Path, service: str) -> None:
    sent = []

    def flood(service: ScriptedService, _: str) -> None:
        service.send_response(200)
        service.end_headers()
        with contextlib.suppress(OSError):
            while len(sent) < 1000:
                sent.append(service.wfile.write(b" " * 2**20))

    ScriptedService.answers = [flood]
    [answer] = store_to_web(find_objects(results)[:1], service)
    assert "no DICOM JSON" in str(answer.problem)
    assert len(sent) < 100, "the rest was not taken"


@pytest.mark.parametrize(
    ("kinds", "answers", "message"),
    [
        (ALL_KINDS, {"echo": 0x0122}, "it answers a C-ECHO with status 0122"),
        (("1.2.840.10008.5.1.4.1.1.2",), {}, "it takes none of our kinds of object"),
    ],
)
def test_a_node_that_takes_nothing_is_an_error_in_words(
    results: Path, kinds: tuple[str, ...], answers: dict[str, int], message: str
) -> None:
    with run_node(*kinds, **answers) as port, pytest.raises(ExportError, match=message):
        list(store_to_node(find_objects(results), Peer("NODE", "127.0.0.1", port)))


def test_a_refused_association_says_why(results: Path) -> None:
    with run_node(*ALL_KINDS) as port, pytest.raises(ExportError, match=r"OTHER at .* it does not go by that AE title"):
        list(store_to_node(find_objects(results), Peer("OTHER", "127.0.0.1", port)))
    pytest.importorskip("pynetdicom", reason="pynetdicom is not installed")
    with pytest.raises(ExportError, match=r"does not answer \(Connection refused\)") as refused:
        list(store_to_node(find_objects(results), Peer("NODE", "127.0.0.1", 9)))
    assert refused.value.text("de") == "NODE auf 127.0.0.1:9 nimmt nichts an: keine Antwort (Verbindung abgelehnt)."


def test_objects_a_node_does_not_take_are_named_and_the_others_are_sent(results: Path) -> None:
    first, *_others = archive.SENT
    with run_node(first) as port:
        answers = list(store_to_node(find_objects(results), Peer("NODE", "127.0.0.1", port)))
    assert [answer.problem for answer in answers[:2]] == [None, None]
    assert {str(answer.problem) for answer in answers[2:]} == {"the archive takes no objects of this kind"}
    with run_node(*ALL_KINDS, store=0xA700) as port:
        answers = list(store_to_node(find_objects(results), Peer("NODE", "127.0.0.1", port)))
    assert {str(answer.problem) for answer in answers} == {"the archive has no room or no memory left: status A700"}


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for 127.0.0.1 with its key, which vouches for itself."""
    if not shutil.which("openssl"):
        pytest.skip("no openssl here to make a certificate with")
    path = tmp_path_factory.mktemp("tls") / "node.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=node",
         "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", "key.pem", "-out", "certificate.pem"],
        cwd=path.parent, check=True, capture_output=True,
    )  # fmt: skip
    path.write_bytes((path.parent / "certificate.pem").read_bytes() + (path.parent / "key.pem").read_bytes())
    return path


def test_c_store_over_tls(results: Path, certificate: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Encrypted both ways known; never to a node that nobody vouches for, and in clear only where asked."""
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=certificate)
    server.load_cert_chain(certificate)
    server.verify_mode = ssl.CERT_REQUIRED
    with run_node(*ALL_KINDS, tls=server) as port:
        command = ["send", str(results), "--to", f"NODE@127.0.0.1:{port}"]
        pair = ["--tls-authorities", str(certificate), "--tls-certificate", str(certificate)]
        assert main([*command, *pair]) == 0
        assert "6 of 6 objects stored" in capsys.readouterr().out
        assert main([*command, "--tls"]) == 1
        assert "CERTIFICATE_VERIFY_FAILED" in capsys.readouterr().err


@pytest.mark.parametrize("option", ["--tls-authorities", "--tls-certificate"])
def test_what_holds_no_certificate_is_an_error(
    results: Path, tmp_path: Path, option: str, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("pynetdicom", reason="pynetdicom is not installed")
    for name, content in (("missing.pem", None), ("wrong.pem", b"no certificate")):
        if content is not None:
            (tmp_path / name).write_bytes(content)
        assert main(["send", str(results), "--to", "NODE@127.0.0.1:9", option, str(tmp_path / name)]) == 1
        assert name in capsys.readouterr().err


def test_a_test_of_a_node_says_what_it_answers_and_sends_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    kept: list[pydicom.Dataset] = []
    with run_node(*ALL_KINDS, kept=kept) as port:
        assert main(["send", "--test", "--to", f"NODE@127.0.0.1:{port}"]) == 0
        assert capsys.readouterr().out == "NODE answers\n"
    with run_node(*ALL_KINDS[1:]) as port:
        assert main(["send", "--test", "--json-progress", "--to", f"NODE@127.0.0.1:{port}"]) == 0
        assert json.loads(capsys.readouterr().out) == {"done": True, "refused": ["segmentation"]}
    with run_node(*ALL_KINDS[:-1]) as port:
        assert main(["send", "--test", "--to", f"NODE@127.0.0.1:{port}"]) == 1
        assert "takes no C-ECHO" in capsys.readouterr().err
    assert not kept


@pytest.mark.parametrize(
    "arguments",
    [["--to", "A@b:1"], ["results", "--test", "--to", "A@b:1"], ["--test", "--dicomweb", "https://pacs.example.org"]],
)
def test_what_cannot_be_sent_or_tested_is_told(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["send", *arguments]) != 0
    assert "--t" in capsys.readouterr().err


def test_odd_values_of_the_scanner_are_no_news(
    results: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """pydicom warns of each; a panel would show that beside what an archive refused."""
    report = pydicom.dcmread(results / "dicom" / "sr.dcm")
    with pydicom.config.disable_value_validation():
        report.StudyInstanceUID = "1.2.0345"
        report.save_as(tmp_path / "sr.dcm")
    command = ["send", "--json-progress", str(tmp_path / "sr.dcm")]
    with run_node(*ALL_KINDS, store=0xA700) as port:
        assert main([*command, "--to", f"NODE@127.0.0.1:{port}"]) == 1
    heard = capfd.readouterr()
    assert "no room" in heard.out
    assert heard.err == ""


def test_objects_named_twice_are_sent_once_and_those_of_a_killed_run_never(results: Path, tmp_path: Path) -> None:
    folder = tmp_path / "results"
    shutil.copytree(results, folder)
    shutil.copytree(results / "dicom", folder / f"{UNFINISHED}0" / "dicom")
    kept: list[pydicom.Dataset] = []
    with run_node(*ALL_KINDS, kept=kept) as port:
        assert main(["send", str(folder), str(folder / "dicom"), "--to", f"NODE@127.0.0.1:{port}"]) == 0
    assert len(kept) == len(list(results.glob("dicom/*.dcm")))


def test_programs_hear_of_progress_and_of_what_was_refused(results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Two results at once, in the order in which they are named."""
    kept: list[pydicom.Dataset] = []
    command = ["send", "--json-progress", str(results / "dicom" / "seg_ED.dcm"), str(results / "dicom" / "sr.dcm")]
    with run_node(*ALL_KINDS, kept=kept) as port:
        assert main([*command, "--to", f"NODE@127.0.0.1:{port}"]) == 0
    *reports, end = map(json.loads, capsys.readouterr().out.splitlines())
    assert [report["fraction"] for report in reports] == [0.5, 1.0]
    assert end == {"done": True, "stored": 2}
    assert [dataset.Modality for dataset in kept] == ["SEG", "SR"]
    with run_node(*ALL_KINDS[1:]) as port:
        assert main([*command, "--to", f"NODE@127.0.0.1:{port}"]) == 1
    end = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert end["error"] == "1 of 2 objects stored.\nseg_ED.dcm: the archive takes no objects of this kind"
    german = "1 von 2 Objekten gespeichert.\nseg_ED.dcm: das Archiv nimmt keine Objekte dieser Art an"
    assert error_from_dict(end).text("de") == german
