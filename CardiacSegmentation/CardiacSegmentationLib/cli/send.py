"""``cardiacseg send``: DICOM results to an archive."""

from __future__ import annotations

import argparse
from pathlib import Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of ``cardiacseg send``."""
    parser.add_argument("results", type=Path, help="folder that `cardiacseg segment --out` wrote, or one DICOM file")
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
        type=Path,
        metavar="FILE.pem",
        help="certificates that vouch for the archive (the system's)",
    )
    parser.add_argument(
        "--tls-certificate",
        type=Path,
        metavar="FILE.pem",
        help="our own certificate and its key, where the archive asks for one",
    )
    parser.add_argument("--as", dest="title", default="CARDIACSEG", metavar="AE", help="our own AE title")


def run(options: argparse.Namespace) -> int:
    """Send each object once and say what became of it; exit code 1 where one was not taken."""
    from CardiacSegmentationLib.export.archive import Tls, find_objects, store_to_node, store_to_web

    paths = find_objects(options.results)
    tls = Tls(options.tls_authorities, options.tls_certificate)
    if options.to:
        is_encrypted = options.tls or tls != Tls()
        answers = store_to_node(paths, options.to, options.title, tls if is_encrypted else None)
    else:
        answers = store_to_web(paths, options.dicomweb, tls)
    failed = 0
    for answer in answers:
        print(f"{'FAILED' if answer.problem else 'stored'}  {answer.path}  {answer.problem or answer.kind}", flush=True)
        failed += bool(answer.problem)
    print(f"{len(paths) - failed} of {len(paths)} objects stored")
    return 1 if failed else 0


def _peer(text: str) -> object:
    from CardiacSegmentationLib.export.archive import Peer

    try:
        return Peer.parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
