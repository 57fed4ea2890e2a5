"""`python -m lrprev`: inspect previews, and extract their pictures.

Exit codes: 0 all well; 1 something was damaged or in the way, and the rest was done; 2 an error, or nothing was done.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
from collections.abc import Collection, Iterator
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from lrprev.errors import LrprevError, said
from lrprev.folders import SMART_PREVIEWS_FOLDER_END, key_of_name, smart_previews
from lrprev.inspection import LIST_HEAD, SMART, Inspection
from lrprev.layout import PREVIEWS_DB, ROOT_PIXELS_DB
from lrprev.preview import Level, Preview
from lrprev.salvage import largest_whole, read_or_salvage
from lrprev.store import State, Store

OK, PARTIAL, ERROR, INTERRUPTED = 0, 1, 2, 130
_FOLDERS_ABOVE = 3  # U/UUUU/file: previews.db is at most three folders up


def main(arguments: list[str] | None = None) -> int:
    """Run the command and return its exit code.

    Writes: with -x, new files in the output folder; a file that exists is told and stays as it is.
    """
    options = _parser().parse_args(arguments)
    try:
        codes = {_handle(inspection, options) for inspection in _inspect(options)}
        sys.stdout.flush()
    except (LrprevError, OSError) as error:
        if isinstance(error, BrokenPipeError):  # the reader, `head` perhaps, has seen enough
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return OK
        plain = error.strerror if isinstance(error, OSError) and str(error.filename) == str(options.file) else None
        print(f"{options.file}: {plain or said(error)}", file=sys.stderr)
        return ERROR
    except KeyboardInterrupt:
        return INTERRUPTED
    if not codes:
        print(f"{options.file}: no previews in this folder", file=sys.stderr)
    return ERROR if codes <= {ERROR} else min(max(codes), PARTIAL)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m lrprev", description="Show what a Lightroom preview holds, or get its pictures out."
    )
    parser.add_argument("file", type=Path, metavar="FILE", help="a preview, or a folder with previews, which is listed")
    parser.add_argument("--json", action="store_true", help="one JSON object a line for each preview")
    parser.add_argument(
        "-x", "--extract", action="store_true", help="write the largest whole picture; never overwrites"
    )
    parser.add_argument("-o", "--output", type=Path, default=Path(), metavar="DIR", help="where to (default: here)")
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--level", type=int, metavar="N", help="extract level N instead, whole or not")
    which.add_argument("--all", action="store_true", help="extract every level instead, whole or not")
    return parser


def _inspect(options: argparse.Namespace) -> Iterator[Inspection]:
    if not options.file.is_dir():
        yield _inspect_file(options.file)
        return
    if not options.json:
        print(LIST_HEAD)
    homes = _homes(options.file)
    for home in homes:
        yield from _inspect_folder(home, without=())
    if options.file not in homes:
        yield from _inspect_folder(options.file, without=homes)
    for folder in _smart_folders(options.file):
        for uuid, path in smart_previews(folder, lambda error: print(said(error), file=sys.stderr)):
            yield Inspection(path.name, (path,), uuid, None, SMART, Preview(None, ()))


def _homes(folder: Path) -> list[Path]:
    """Find the folders that have databases of their own, which say what the previews in them are."""
    names = (PREVIEWS_DB, ROOT_PIXELS_DB)
    if any((folder / name).is_file() for name in names):
        return [folder]
    return sorted({path.parent for name in names for path in folder.rglob(name)})


def _smart_folders(folder: Path) -> list[Path]:
    is_one = folder.absolute().name.endswith(SMART_PREVIEWS_FOLDER_END)
    return [folder] if is_one else sorted(folder.rglob(f"*{SMART_PREVIEWS_FOLDER_END}"))


def _inspect_folder(folder: Path, without: Collection[Path]) -> Iterator[Inspection]:
    """Inspect each preview of a folder, but for those in some folders below it."""
    with Store(folder) as store:
        for uuid, digest, files in store.names():
            if files and any(parent in without for parent in Path(files[0]).parents):
                continue
            stored = store.stored(uuid, digest, files)
            inspection = Inspection(f"{uuid}-{digest}", stored.files, uuid, digest, stored.state, None)
            try:
                inspection.preview = store.read(stored)
                inspection.problems += _problems(inspection.preview)
            except (LrprevError, OSError) as error:
                inspection.problems.append(said(error))
            yield inspection
        for problem in store.problems:
            print(problem, file=sys.stderr)


def _inspect_file(path: Path) -> Inspection:
    preview = read_or_salvage(path)
    uuid, digest = key_of_name(path.name) or (None, None)
    if preview.pyramid:
        uuid, digest = preview.pyramid.uuid or uuid, preview.pyramid.digest or digest
    state = State.UNKNOWN
    store_folder = next((up for up in path.absolute().parents[:_FOLDERS_ABOVE] if (up / PREVIEWS_DB).is_file()), None)
    if store_folder and uuid and digest:
        with Store(store_folder) as store:
            state = store.state(uuid, digest)
    return Inspection(path.name, (path,), uuid, digest, state, preview, _problems(preview))


def _problems(preview: Preview) -> list[str]:
    return [*preview.problems, *(preview.pyramid.problems if preview.pyramid else ())]


def _handle(inspection: Inspection, options: argparse.Namespace) -> int:
    """Extract and show one preview; returns its exit code."""
    failed = inspection.preview is None
    if inspection.preview and options.extract:
        try:
            extract = _copy if inspection.state == SMART else _extract
            extract(inspection, inspection.preview, options)
        except (LrprevError, OSError) as error:
            inspection.problems.append(said(error))
            failed = True
        failed |= not inspection.written
    if options.json:
        print(json.dumps(inspection.as_json()))
    else:
        print("\n".join(inspection.as_lines() if options.file.is_dir() else inspection.as_text()))
    return ERROR if failed else PARTIAL if inspection.problems else OK


def _extract(inspection: Inspection, preview: Preview, options: argparse.Namespace) -> None:
    options.output.mkdir(parents=True, exist_ok=True)
    named = inspection.uuid and inspection.digest
    stem = f"{inspection.uuid}-{inspection.digest}" if named else Path(inspection.name).stem
    for level, jpeg in _chosen(inspection, preview, options):
        _write(BytesIO(jpeg), options.output / f"{stem}_{level.width}x{level.height}.jpg", inspection)


def _copy(inspection: Inspection, _: Preview, options: argparse.Namespace) -> None:
    """Copy a Smart Preview, which has no levels, as it is."""
    options.output.mkdir(parents=True, exist_ok=True)
    with inspection.files[0].open("rb") as source:
        _write(source, options.output / f"{inspection.uuid}.dng", inspection)


def _write(source: BinaryIO, path: Path, inspection: Inspection) -> None:
    try:
        with path.open("xb") as stream:
            shutil.copyfileobj(source, stream)
    except FileExistsError:
        inspection.problems.append(f"{path} is there already, and stays as it is")
    else:
        inspection.written.append(path)


def _chosen(inspection: Inspection, preview: Preview, options: argparse.Namespace) -> Iterator[tuple[Level, bytes]]:
    if not options.all and options.level is None:
        whole = largest_whole(preview)
        inspection.problems += whole.passed_over
        yield whole.level, whole.jpeg
        return
    levels = [level for level in preview.levels if options.all or level.number == options.level]
    if not levels:
        known = ", ".join(str(level.number) for level in preview.levels if level.number is not None)
        inspection.problems.append(f"no level {options.level} is stored; there are: {known or 'none with a number'}")
    for level in levels:
        yield level, level.read()


if __name__ == "__main__":
    sys.exit(main())
