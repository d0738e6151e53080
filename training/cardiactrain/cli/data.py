"""``cardiactrain data prepare|split|pack|unpack|show``."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from CardiacSegmentationLib.cli.arguments import positive

from cardiactrain.cli.shared import add_seed
from cardiactrain.data.pack import pack_store, unpack_store
from cardiactrain.data.readers import READERS, read_source
from cardiactrain.data.splits import choose, save_split, split_folds, split_holdout, split_keys, split_vendor
from cardiactrain.data.store import load_subjects, read_index, write_store

if TYPE_CHECKING:
    import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """One sub-command each."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)

    prepare = actions.add_parser("prepare", help="bring a downloaded data set into a store")
    prepare.add_argument("source", type=Path)
    kinds = "; ".join(f"{kind}: {text}" for kind, text in READERS.items())
    prepare.add_argument("--kind", required=True, choices=READERS, help=kinds)
    prepare.add_argument("--out", type=Path, required=True, help="the store; data sets may share one")
    prepare.set_defaults(act=_prepare)

    split = actions.add_parser("split", help="decide who is left out, and write it down")
    split.add_argument("store", type=Path)
    split.add_argument("--out", type=Path, required=True, help="split file (JSON)")
    add_seed(split)
    split.add_argument("--datasets", nargs="+", help="only these data sets")
    how = split.add_mutually_exclusive_group(required=True)
    how.add_argument("--holdout", type=float, help="share of patients left out: 0.2 is 80/20")
    how.add_argument("--folds", type=int, help="each patient is left out in one of so many folds")
    how.add_argument("--without-vendor", nargs="+", help="leave out all patients of a vendor, or of several")
    how.add_argument("--leave-out", nargs="+", metavar="KEY", help="leave out these patients")
    split.set_defaults(act=_split)

    pack = actions.add_parser("pack", help="make a store small, to take it to another machine")
    pack.add_argument("store", type=Path)
    pack.add_argument("--out", type=Path, required=True, help="folder for the parts")
    pack.add_argument("--mib", type=positive, default=60.0, help="how large a part may become (default 60)")
    pack.set_defaults(act=_pack)

    unpack = actions.add_parser("unpack", help="bring back a store from its parts")
    unpack.add_argument("parts", type=Path, nargs="+")
    unpack.add_argument("--out", type=Path, required=True, help="the store")
    unpack.set_defaults(act=_unpack)

    show = actions.add_parser("show", help="draw slices with overlays, and every augmentation of a recipe")
    show.add_argument("store", type=Path)
    show.add_argument("--out", type=Path, required=True, help="folder for the pictures")
    show.add_argument("--subjects", nargs="+", metavar="KEY", help="whom to draw (default: some of every data set)")
    show.add_argument("--recipe", default="ours", help="whose augmentations to draw")
    show.set_defaults(act=_show)


def run(options: argparse.Namespace) -> int:
    """Do what was asked."""
    code: int = options.act(options)
    return code


def _prepare(options: argparse.Namespace) -> int:
    count = write_store(read_source(options.kind, options.source), options.out)
    print(f"{count} subjects written; {options.out} now holds {len(read_index(options.out))}.")
    return 0


def _split(options: argparse.Namespace) -> int:
    rows = read_index(options.store)
    if options.datasets:
        kept = set(choose([r["key"] for r in rows], options.datasets))
        rows = [r for r in rows if r["key"] in kept]
    if options.holdout is not None:
        split = split_holdout(rows, options.holdout, options.seed)
    elif options.folds is not None:
        split = split_folds(rows, options.folds, options.seed)
    elif options.without_vendor is not None:
        split = split_vendor(rows, *options.without_vendor)
    else:
        split = split_keys(rows, options.leave_out)
    save_split(split, options.out)
    for number, fold in enumerate(split.folds):
        left_out = Counter(key.split("-", 1)[0] for key in fold.validation)
        parts = ", ".join(f"{count} {name}" for name, count in sorted(left_out.items()))
        print(f"fold {number}: {len(fold.training)} to train on, left out: {parts}")
    return 0


def _pack(options: argparse.Namespace) -> int:
    parts = pack_store(options.store, options.out, options.mib)
    size = sum(part.stat().st_size for part in parts) / 2**20
    print(f"{len(read_index(options.store))} subjects, {size:.0f} MiB in {len(parts)} parts: {options.out}")
    return 0


def _unpack(options: argparse.Namespace) -> int:
    count = unpack_store(options.parts, options.out)
    missing = sum(not (options.out / f"{row['key']}.npz").exists() for row in read_index(options.out))
    rest = f"; {missing} are in other parts" if missing else ""
    print(f"{count} subjects unpacked{rest}: {options.out}")
    return 0


def _show(options: argparse.Namespace) -> int:
    from cardiactrain.data.show import draw_augmentations, draw_subjects
    from cardiactrain.recipe import load_recipe

    subjects = load_subjects(options.store, options.subjects or _some_of_each(options.store))
    draw_subjects(subjects, options.out / "subjects.png")
    draw_augmentations(subjects, load_recipe(options.recipe), options.out / "augmentations.png")
    print(f"{options.out / 'subjects.png'}\n{options.out / 'augmentations.png'}")
    return 0


def _some_of_each(store: Path, each: int = 2) -> list[str]:
    keys: dict[str, list[str]] = {}
    for row in read_index(store):
        keys.setdefault(row["dataset"], []).append(row["key"])
    return [key for found in keys.values() for key in found[:: max(1, len(found) // each)][:each]]
