"""In the background process: the network, loaded once, looks again as often as it is asked.

Requests come as a file that is replaced, answers go as arrays into the same folder and are told of in lines of JSON. A
newer request stops the work on an older one; one without slices asks for nothing. The process ends with its folder.
"""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from CardiacSegmentationLib.cli.progress import print_json
from CardiacSegmentationLib.errors import Cancelled, CardiacSegmentationError, as_error, error_to_dict
from CardiacSegmentationLib.network.alternatives import Request, find_alternatives

if TYPE_CHECKING:
    from CardiacSegmentationLib.network.protocol import Network
    from CardiacSegmentationLib.segmentation import Labels
    from CardiacSegmentationLib.stack import CineStack

IMAGES, REQUEST = "images.nrrd", "request.json"
POLL_S = 0.02
IDLE_S = 600.0  # a network that nobody asked for so long gives its memory back


def main(arguments: list[str]) -> int:
    """``FOLDER BACKEND MODEL``: answer what is asked in the folder; an empty model is the one that ships."""
    from CardiacSegmentationLib.cine import read_study
    from CardiacSegmentationLib.network.loaded import load_network

    folder, backend, model = arguments
    try:
        network = load_network(Path(model) if model else None, backend)
        serve(Path(folder), read_study(Path(folder) / IMAGES), network)
    except (CardiacSegmentationError, OSError) as error:
        print_json(error_to_dict(as_error(error)))
        return 1
    print_json({"done": True})
    return 0


def write_request(folder: Path, number: int, request: Request | None, shown: Labels | None = None) -> None:
    """Ask for something new, or for nothing."""
    message: dict[str, Any] = {"number": number, "slices": []}
    if request is not None and shown is not None:
        np.save(folder / _labels_name(number), shown)
        box = None if request.box is None else [[span.start, span.stop] for span in request.box]
        message.update(phase=request.phase, slices=list(request.slices), box=box)
    new = folder / f"{REQUEST}.new"
    new.write_text(json.dumps(message), encoding="utf-8")
    new.replace(folder / REQUEST)


def serve(folder: Path, stack: CineStack, network: Network) -> None:
    """Answer requests until the folder is gone or nothing was asked for a long while."""
    done, idle_since = 0, time.monotonic()
    while folder.is_dir() and time.monotonic() - idle_since < IDLE_S:
        message = _read_message(folder)
        if message["number"] == done:
            time.sleep(POLL_S)
            continue
        done = message["number"]
        if message["slices"]:
            _answer(folder, message, stack, network)
        idle_since = time.monotonic()


def _answer(folder: Path, message: dict[str, Any], stack: CineStack, network: Network) -> None:
    number, box = message["number"], message["box"]
    rows_columns = None if box is None else (slice(*box[0]), slice(*box[1]))
    request = Request(message["phase"], tuple(message["slices"]), rows_columns)

    def report(done: float) -> None:
        if _read_message(folder)["number"] != number:
            raise Cancelled
        print_json({"stage": "again", "fraction": done})

    try:
        shown = np.load(folder / _labels_name(number), allow_pickle=False)
        answers = find_alternatives(stack, network, request, shown, report)
    except Cancelled:
        return
    path = folder / f"answers-{number}.npy"
    np.save(path, np.stack(answers) if answers else np.zeros((0, *shown.shape), np.uint8))
    print_json({"answer": number, "file": str(path)})


def _read_message(folder: Path) -> dict[str, Any]:
    """The request there is; on Windows a file that is being replaced cannot be opened for a moment."""
    try:
        message: dict[str, Any] = json.loads((folder / REQUEST).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {"number": 0}
    except PermissionError:
        time.sleep(POLL_S)
        return _read_message(folder)
    return message


def _labels_name(number: int) -> str:
    return f"labels-{number}.npy"
