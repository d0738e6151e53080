"""``cardiacseg read``: look at a study, correct and sign it, in a browser on this computer."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import threading
import time
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING, Any

from CardiacSegmentationLib.choices import CHOICES
from CardiacSegmentationLib.cli.facts import STUDY_HELP, add_choices, add_stack_argument, chosen, count, named_path
from CardiacSegmentationLib.cli.progress import cancelled_by_signals, describe, while_heard
from CardiacSegmentationLib.errors import CardiacSegmentationError, ReadingError
from CardiacSegmentationLib.pipeline import Options

if TYPE_CHECKING:
    from collections.abc import Callable

    from CardiacSegmentationLib.browser.server import Desk, ReadingServer
    from CardiacSegmentationLib.pipeline import Progress

SAMPLE = Path("out", "read")  # where the sample heart goes
KEPT_ASIDE = ".cardiacseg-reading"  # in the folder of results: work in progress, and the address for open tabs
ADDRESS_FILE = "address.json"
PROBLEM_S = 1.5  # so long the page can ask why there is nothing to read
LEFT_OUT = ("uncertainty", "phases")  # choices of a run that reading has no use for
EPILOG = """\
The page opens in the browser; its address works on this computer only and holds a secret. What you do is kept at
once: after a reload, a crash or a restart you go on where you were. Results are written when you ask for them on the
page, labels and reading at the end (Ctrl-C). The page is made for one reader; all her tabs show the same.

Not a medical device. For research; not for diagnosis or treatment."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of ``cardiacseg read``."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = EPILOG
    parser.add_argument(
        "study",
        type=named_path,
        nargs="?",
        metavar="STUDY",
        help=f"{STUDY_HELP}; without it a phantom",
    )
    parser.add_argument("--out", type=named_path, metavar="DIR", help="folder of the results (STUDY-reading, here)")
    add_stack_argument(parser)
    add_choices(parser, [name for name in CHOICES if name not in LEFT_OUT])
    parser.add_argument("--threads", type=count, metavar="N", help="processor cores to use (all)")
    parser.add_argument("--no-browser", action="store_true", help="print the address and open no browser")
    parser.add_argument("--port", type=_port, default=0, metavar="N", help="port of the server (any that is free)")
    parser.add_argument(
        "--host", default="127.0.0.1", help="name for other computers; needs --certificate and --password-file"
    )
    parser.add_argument("--certificate", type=named_path, metavar="FILE.pem", help="certificate and key of this server")
    parser.add_argument(
        "--password-file", type=named_path, metavar="FILE", help="holds the password, in its first line"
    )


def _port(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) < 2**16:
        msg = f"{text} is no port; they count from 1 to 65535"
        raise argparse.ArgumentTypeError(msg)
    return int(text)


def run(arguments: argparse.Namespace) -> int:
    """Serve the page until Ctrl-C; then write labels and reading."""
    from CardiacSegmentationLib.browser.server import Desk, serve_in_background

    study, folder = _study_and_folder(arguments)
    options = Options.choose(
        **chosen(arguments, [name for name in CHOICES if name not in LEFT_OUT]),
        stack=arguments.stack,
        threads=arguments.threads,
    )
    desk = Desk(options.language)
    server = _server(arguments, desk, folder)
    serve_in_background(server)
    print(f"Reading {study}\n  {server.address}\nEnd with Ctrl-C. Results: {folder}", flush=True)
    if not arguments.no_browser:
        webbrowser.open(server.address)
    try:
        with cancelled_by_signals() as is_cancelled:
            _read(study, folder, options, server, is_cancelled)
    except CardiacSegmentationError as error:
        desk.problem = str(error)
        time.sleep(PROBLEM_S)
        raise
    finally:
        server.shutdown()
    return 0


def _read(study: Path, folder: Path, options: Options, server: ReadingServer, is_cancelled: Callable[[], bool]) -> None:
    """Open the study, keep it open until the reader ends, and write it down."""
    from CardiacSegmentationLib.browser.opened import open_long_axes, open_session, save
    from CardiacSegmentationLib.browser.served import ServedStudy
    from CardiacSegmentationLib.export.deidentify import Deidentifier
    from CardiacSegmentationLib.locks import locked
    from CardiacSegmentationLib.network.loaded import load_network
    from CardiacSegmentationLib.session import Recovery

    desk = server.desk
    tell = while_heard(lambda progress: print(describe(progress), flush=True))

    def report(progress: Progress) -> None:
        if progress.message != desk.progress["message"]:
            tell(progress)
        desk.progress = {"fraction": progress.fraction, "message": progress.message}

    session = open_session(study, folder, options, report, is_cancelled)
    with locked(folder):
        _keep_address(folder / KEPT_ASIDE / ADDRESS_FILE, server)
        recovery = Recovery(folder / KEPT_ASIDE)
        found = recovery.find(session)
        if found is not None:
            try:
                recovery.restore(session, found)
                print("Work that was not written is back: undo takes it out again.", flush=True)
            except ReadingError as error:
                print(f"Work that was not written stays in {found.path}: {error}", flush=True)
        hide = Deidentifier.create() if options.deidentify else None
        desk.study = ServedStudy(
            session,
            recovery,
            options.language,
            lambda one, parts: save(one, folder, options, parts, hide),
            network=lambda: load_network(options.model, options.backend, options.threads),
            deidentifier=hide,
            long_axes=open_long_axes(study, options),
        )
        while not is_cancelled():
            threading.Event().wait(0.1)
        if not desk.study.is_written:
            for path in desk.study.write_parts([]):
                print(path)
        if hide and session.reading.reader:
            print("De-identified: the results hold no name of the reader, no impression and no signature.", flush=True)
        recovery.forget(session)


def _study_and_folder(arguments: argparse.Namespace) -> tuple[Path, Path]:
    """What to read and where results go; the sample heart is made where no study is named."""
    if arguments.study is not None:
        study = arguments.study.absolute()
        name = study.name.split(".")[0] if study.is_file() else study.name
        return arguments.study, arguments.out or Path(f"{name or 'study'}-reading")
    from CardiacSegmentationLib.phantom import PhantomSpec, write_study

    folder = arguments.out or SAMPLE
    if not (folder / "study").is_dir():
        print(f"Writing a phantom study, a beating heart with known volumes, to {folder / 'study'}", flush=True)
        write_study(folder / "study", PhantomSpec())
    return folder / "study", folder / "results"


def _server(arguments: argparse.Namespace, desk: Desk, folder: Path) -> ReadingServer:
    """The server, where the last one over this folder was if that is free: tabs that are still open find it again."""
    from CardiacSegmentationLib.browser.server import LOOPBACK, ReadingServer, load_tls, read_password

    last = _last_address(folder / KEPT_ASIDE / ADDRESS_FILE) if arguments.host in LOOPBACK else {}
    security: dict[str, Any] = {
        "tls": load_tls(arguments.certificate) if arguments.certificate else None,
        "password": read_password(arguments.password_file) if arguments.password_file else "",
        "secret": last.get("secret", ""),
    }
    try:
        server = ReadingServer(desk, arguments.host, arguments.port or last.get("port", 0), **security)
    except CardiacSegmentationError:
        if arguments.port or not last:
            raise
        server = ReadingServer(desk, arguments.host, 0, **{**security, "secret": ""})
    if arguments.host not in LOOPBACK:
        print(f"{arguments.host} can be reached from other computers. This server is made for one reader.", flush=True)
    return server


def _last_address(path: Path) -> dict[str, Any]:
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        return {"port": int(stored["port"]), "secret": str(stored["secret"])}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def _keep_address(path: Path, server: ReadingServer) -> None:
    """For this user's eyes only; where it cannot be kept, tabs have to be opened again."""
    address = {"port": server.server_address[1], "secret": server.secret}
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            json.dump(address, file)
