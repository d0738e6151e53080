"""Results stored in a real archive come back as they were sent."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import pydicom
import pytest
from CardiacSegmentationLib.cli import main
from CardiacSegmentationLib.errors import ExportError
from CardiacSegmentationLib.export import archive
from CardiacSegmentationLib.export.archive import Peer, find_objects, store_to_web
from CardiacSegmentationLib.export.results import write_results
from export.orthanc import DICOMWEB, Orthanc, is_installed, run_orthanc

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="module")
def results(dicom_case: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A result folder with its DICOM objects, and an image that is none of ours."""
    folder = tmp_path_factory.mktemp("results")
    case = dicom_case("siemens")
    write_results(folder, case.stack, case.segmentation, case.assessment, ["dicom-seg", "dicom-sr", "dicom-pdf"])
    image = next(case.stack.source.path.rglob("*.IMA"))
    (folder / "image.dcm").write_bytes(image.read_bytes())
    (folder / "broken.dcm").write_bytes(b"no DICOM")
    return folder


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
    assert len(sent) == 4
    [study] = orthanc.find("Study", StudyInstanceUID=str(sent[0].StudyInstanceUID))
    assert len(orthanc.get(f"/studies/{study}/instances")) == len(sent)
    for item in sent:
        [instance] = orthanc.find("Instance", SOPInstanceUID=str(item.SOPInstanceUID))
        assert pydicom.dcmread(io.BytesIO(orthanc.get(f"/instances/{instance}/file"))) == item


def test_c_store_keeps_every_object(results: Path, orthanc: Orthanc, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("pynetdicom", reason="pynetdicom is not installed")
    assert main(["send", str(results), "--to", f"ORTHANC@127.0.0.1:{orthanc.dicom}"]) == 0
    assert "4 of 4 objects stored" in capsys.readouterr().out
    _assert_all_there(results, orthanc)


def test_stow_keeps_every_object(
    results: Path, orthanc: Orthanc, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    if DICOMWEB is None:
        pytest.skip("Orthanc's DICOMweb plugin is not installed (Debian: orthanc-dicomweb)")
    url = f"http://127.0.0.1:{orthanc.http}/dicom-web"
    assert main(["send", str(results), "--dicomweb", url]) == 1
    assert "credentials are missing or wrong" in capsys.readouterr().out

    monkeypatch.setenv(archive.USER_VARIABLE, orthanc.user)
    monkeypatch.setenv(archive.PASSWORD_VARIABLE, orthanc.password)
    assert main(["send", str(results), "--dicomweb", url]) == 0
    assert "4 of 4 objects stored" in capsys.readouterr().out
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
    monkeypatch.setenv(archive.TOKEN_VARIABLE, "secret")
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


@pytest.mark.parametrize(
    ("status", "body", "problem"),
    [
        (200, b"{}", ""),
        (200, b"", ""),
        (
            202,
            b'{"00081198": {"vr": "SQ", "Value": [{"00081197": {"vr": "US", "Value": [272]}}]}}',
            "refused (reason 272)",
        ),
        (409, b"{}", "HTTP 409"),
        (302, b"", "HTTP 302"),
        (403, b"<html>", "HTTP 403: not allowed"),
    ],
)
def test_answers_are_read_by_status_and_by_what_failed(status: int, body: bytes, problem: str) -> None:
    assert archive._describe_answer(status, body) == problem
