"""What a folder of pictures holds: classes, counts, sizes, modes, and what cannot be read."""

import argparse
import sys
from collections import Counter
from collections.abc import Sequence
from statistics import median
from typing import NamedTuple

from sk231n.photographs._decode import identify, require_pillow
from sk231n.photographs._folder import n_files_beside_the_classes, pictures_by_class
from sk231n.photographs._reading import for_each_picture
from sk231n.photographs.image_reader import MAX_PIXELS

_MOST_LISTED = 20  # unreadable files


class _Kind(NamedTuple):
    """What one picture is."""

    width: int
    height: int
    format: str
    mode: str


def inventory(folder: str, *, max_pixels: int = MAX_PIXELS) -> str:
    """Describe a folder with one sub-folder of pictures for each class.

    Every picture is decoded, so that truncated ones are found.

    Parameters
    ----------
    folder : str or path-like
        The folder.
    max_pixels : int > 0, default=50_000_000
        Largest number of pixels of a picture.

    Returns
    -------
    str
        A table with a line for each class, the kinds of pictures, and the files that cannot be
        read.
    """
    require_pillow("inventory")
    classes = pictures_by_class(folder)
    files = [str(file) for of_class in classes.values() for file in of_class]
    kinds: dict[int, _Kind] = {}

    def use(k, file):
        kinds[k] = _Kind(*identify(file, max_pixels))

    faults = for_each_picture(
        use, enumerate(files), None, name=lambda _, file: repr(file), skip=True
    )
    kinds = dict(sorted(kinds.items()))  # whichever thread was first
    lines = [f"{_number(len(files), 'file')} in {_number(len(classes), 'class', 'classes')}", ""]
    lines += _table(classes, kinds)
    if kinds:
        lines += ["", "sizes (width x height): " + _sizes(list(kinds.values()))]
        lines += ["formats: " + _counts(kind.format for kind in kinds.values())]
        lines += ["modes: " + _counts(kind.mode for kind in kinds.values())]
    if n_beside := n_files_beside_the_classes(folder):
        lines += ["", f"{_number(n_beside, 'file')} beside the sub-folders, of no class"]
    lines += ["", f"{_number(len(faults), 'file')} cannot be read" + (":" if faults else "")]
    lines += [f"  {_shown(files[k])}: {fault}" for k, fault in list(faults.items())[:_MOST_LISTED]]
    if len(faults) > _MOST_LISTED:
        lines.append(f"  and {len(faults) - _MOST_LISTED} more")
    return "\n".join(lines)


def _table(classes, kinds):
    """A line for each class: its pictures, and the smallest, the middle and the largest size."""
    width = max(5, *(len(_shown(name)) for name in classes))
    head = f"{'class':{width}}  {'files':>7}  {'read':>7}  smallest     median       largest"
    lines, first = [head], 0
    for name, of_class in classes.items():
        read = [kinds[k] for k in range(first, first + len(of_class)) if k in kinds]
        first += len(of_class)
        by_area = sorted(read, key=lambda kind: kind.width * kind.height)
        shown = [by_area[0], by_area[len(by_area) // 2], by_area[-1]] if read else []
        sizes = "  ".join(f"{f'{kind.width} x {kind.height}':11}" for kind in shown)
        lines.append(f"{_shown(name):{width}}  {len(of_class):7}  {len(read):7}  {sizes}".rstrip())
    return lines


def _sizes(kinds):
    widths, heights = ([kind[axis] for kind in kinds] for axis in (0, 1))
    if len(set(zip(widths, heights, strict=True))) == 1:
        return f"all {widths[0]} x {heights[0]}"
    wide = sum(kind.width > kind.height for kind in kinds)
    tall = sum(kind.width < kind.height for kind in kinds)
    return (
        f"{min(widths)} to {max(widths)} (median {median(widths):g}) x {min(heights)} to "
        f"{max(heights)} (median {median(heights):g}); {wide} wide, {tall} tall, "
        f"{len(kinds) - wide - tall} square"
    )


def _counts(values):
    return ", ".join(f"{value} {n}" for value, n in Counter(values).most_common())


def _shown(name):
    """The name in one line, without what a terminal would take for commands."""
    return name if name.isprintable() else ascii(name)


def _number(n, one, many=None):
    return f"{n} {one if n == 1 else many or one + 's'}"


def main(arguments: Sequence[str] | None = None) -> None:
    """Print what the folder of the command line holds."""
    parser = argparse.ArgumentParser(
        prog="python -m sk231n.datasets",
        description="Print what a folder with one sub-folder of pictures for each class holds.",
    )
    parser.add_argument("folder", help="the folder")
    parser.add_argument("--max-pixels", type=int, default=MAX_PIXELS, help="of one picture")
    given = parser.parse_args(arguments)
    if given.max_pixels < 1:
        parser.error(f"argument --max-pixels: must be at least 1, got {given.max_pixels}")
    try:
        report = inventory(given.folder, max_pixels=given.max_pixels)
        encoding = sys.stdout.encoding or "utf-8"  # which may lack letters of the names
        print(report.encode(encoding, "backslashreplace").decode(encoding))
    except (OSError, ValueError, ImportError) as error:
        parser.exit(1, f"{error}\n")
