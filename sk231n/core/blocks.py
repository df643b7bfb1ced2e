"""Blocks: how rows, images and parameters are cut into pieces, by their number and size alone."""

from collections.abc import Iterator

_BLOCK_ROWS = 1024  # a few MB of floats, for data of any type
_REGISTER_WIDTH = 16  # the lengths of parts are multiples of this, as SIMD code prefers


def blocks(n_rows: int, size: int = _BLOCK_ROWS) -> Iterator[slice]:
    """Slices of `size` rows each; by default, of a few MB once they are converted to floats."""
    return (slice(start, min(start + size, n_rows)) for start in range(0, n_rows, size))


def split(length: int, n_parts: int) -> list[slice]:
    """Slices of about equal length, a multiple of 16 except for the last."""
    size = -(-length // (n_parts * _REGISTER_WIDTH)) * _REGISTER_WIDTH
    return list(blocks(length, size))


def even_block_size(n_rows: int, most_rows: int, multiple: int) -> int:
    """Size of blocks of at most `most_rows` whose number, unless it is one, is a multiple.

    A few threads then get equal shares and finish together.
    """
    n_blocks = -(-n_rows // max(1, most_rows))
    if n_blocks > 1:
        n_blocks = -(-n_blocks // multiple) * multiple
    return max(1, -(-n_rows // max(1, n_blocks)))
