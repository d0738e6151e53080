"""``cardiacseg send``: DICOM results to an archive."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from CardiacSegmentationLib.cli.arguments import named_path
from CardiacSegmentationLib.cli.progress import print_json, while_heard
from CardiacSegmentationLib.errors import CardiacSegmentationError, ExportError, UsageError, error_to_dict

if TYPE_CHECKING:
    from CardiacSegmentationLib.export.archive import Stored, Tls


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of ``cardiacseg send``."""
    parser.add_argument(
        "results",
        type=named_path,
        nargs="*",
        metavar="RESULTS",
        help="folders that `cardiacseg segment --out` wrote, or DICOM files",
    )
    target = parser.add_mutually_exclusive_group(required=True)
    target.add_argument("--to", type=_peer, metavar="AE@HOST:PORT", help="a DICOM node (needs pynetdicom)")
    target.add_argument(
        "--dicomweb",
        metavar="URL",
        help="a DICOMweb service; credentials come from the environment: CARDIACSEG_DICOMWEB_TOKEN, "
        "or CARDIACSEG_DICOMWEB_USER and CARDIACSEG_DICOMWEB_PASSWORD",
    )
    parser.add_argument("--tls", action="store_true", help="encrypt the way to the node; DICOMweb does so with https")
    parser.add_argument(
        "--tls-authorities",
        type=named_path,
        metavar="FILE.pem",
        help="certificates that vouch for the archive (the system's)",
    )
    parser.add_argument(
        "--tls-certificate",
        type=named_path,
        metavar="FILE.pem",
        help="our own certificate and its key, where the archive asks for one",
    )
    parser.add_argument("--as", dest="title", default="CARDIACSEG", metavar="AE", help="our own AE title")
    parser.add_argument("--test", action="store_true", help="ask the node with a C-ECHO and send nothing")
    parser.add_argument("--json-progress", action="store_true", help="one JSON object a line on stdout, for programs")


def run(options: argparse.Namespace) -> int:
    """Send each object once and say what became of it; exit code 1 where one was not taken.

    With ``--json-progress`` errors, too, are JSON lines.
    """
    if options.test != (not options.results):
        msg = "Name the results to send, or test the node with --test and without results."
        raise UsageError(msg)
    if options.test and not options.to:
        msg = "A C-ECHO goes to a DICOM node (--to); DICOMweb has none."
        raise UsageError(msg)
    from CardiacSegmentationLib.export.dicom_objects import without_warnings

    try:
        with without_warnings():  # about the values of the source's scanner; a program hears of errors alone
            return _test(options) if options.test else _send(options)
    except CardiacSegmentationError as error:
        if not options.json_progress:
            raise
        while_heard(print_json)(error_to_dict(error))
        return 1


def _test(options: argparse.Namespace) -> int:
    from CardiacSegmentationLib.export.archive_node import echo_node

    refused = echo_node(options.to, options.title, _tls(options))
    if options.json_progress:
        while_heard(print_json)({"done": True, "refused": refused})
    else:
        print(f"{options.to.title} answers" + (f"; it does not take: {', '.join(refused)}" if refused else ""))
    return 0


def _send(options: argparse.Namespace) -> int:
    from CardiacSegmentationLib.export.archive import find_objects
    from CardiacSegmentationLib.export.archive_node import store_to_node
    from CardiacSegmentationLib.export.archive_web import store_to_web

    found = [path for results in options.results for path in find_objects(results)]
    paths = list({path.resolve(): path for path in found}.values())
    if options.to:
        answers = store_to_node(paths, options.to, options.title, _tls(options))
    else:
        answers = store_to_web(paths, options.dicomweb, _tls(options))
    heard: list[Stored] = []
    tell = while_heard(print_json if options.json_progress else lambda line: print(line, flush=True))
    for answer in answers:
        heard.append(answer)
        tell({"stage": "send", "fraction": len(heard) / len(paths)} if options.json_progress else _line(answer))
    failed = [ExportError.of("not-stored", file=one.path.name, why=one.problem) for one in heard if one.problem]
    count = {"stored": len(paths) - len(failed), "count": len(paths)}
    if not options.json_progress:
        tell("{stored} of {count} objects stored".format(**count))
    elif failed:
        tell(error_to_dict(ExportError.of("not-all-stored", **count, failed=tuple(failed))))
    else:
        tell({"done": True, "stored": len(paths)})
    return 1 if failed else 0


def _line(answer: Stored) -> str:
    return f"{'FAILED' if answer.problem else 'stored'}  {answer.path}  {answer.problem or answer.kind}"


def _tls(options: argparse.Namespace) -> Tls | None:
    """How the way is encrypted; ``None``: to a node not at all, to DICOMweb as its address says."""
    from CardiacSegmentationLib.export.archive import Tls

    tls = Tls(options.tls_authorities, options.tls_certificate)
    return tls if options.tls or tls != Tls() else None


def _peer(text: str) -> object:
    from CardiacSegmentationLib.export.archive import Peer

    try:
        return Peer.parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
