"""Many images, block by block, on every core.

A block is small enough for its temporary arrays to stay in the processor's cache and large enough
for the interpreter's own time not to count.
"""

from math import ceil

import numpy as np

from sk231n._threads import count_threads, run_on_threads

PIXELS_PER_BLOCK = 2**17


def run_in_blocks(make_worker, n_images, pixels_per_image, n_jobs):
    """Call a worker on consecutive slices of ``range(n_images)``, on several threads.

    Parameters
    ----------
    make_worker : callable
        ``make_worker(block_size)`` is called once per thread and returns ``worker(block)``, which
        gets a slice of at most `block_size` images. The worker may own scratch arrays.
    n_images : int
        Number of images.
    pixels_per_image : int
        Number of pixels of one image; a block holds at most ``PIXELS_PER_BLOCK``, or one image.
    n_jobs : int or None
        Number of threads, see :func:`sk231n._threads.count_threads`.
    """
    n_threads = count_threads(n_jobs)
    n_blocks = ceil(n_images / max(1, PIXELS_PER_BLOCK // pixels_per_image))
    if n_blocks > 1:
        n_blocks = ceil(n_blocks / n_threads) * n_threads  # the same number for each thread
    block_size = ceil(n_images / n_blocks)
    blocks = [slice(i, min(i + block_size, n_images)) for i in range(0, n_images, block_size)]
    run_on_threads(lambda: make_worker(block_size), blocks, n_threads)


def check_overflow(features, images):
    """Refuse images whose values are so large that the features came out infinite or NaN."""
    if not np.isfinite(features).all():
        raise ValueError(
            f"X holds values too large to compute with in {images.dtype}: the largest magnitude "
            f"is {np.abs(images).max():.3g}. Divide X by a constant first."
        )


def check_pair(name, pair):
    """Refuse anything but two positive integers as the constructor's argument `name`."""
    if len(pair) != 2 or not all(isinstance(n, int | np.integer) and n >= 1 for n in pair):
        raise ValueError(f"{name} must be two positive integers (rows, columns); got {pair!r}.")
