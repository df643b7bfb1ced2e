"""Many images, block by block, on every core.

NumPy runs element-wise work on one thread but releases the interpreter lock while it does, so a
few threads over blocks of images use the other cores. A block is small enough for its temporary
arrays to stay in the processor's cache and large enough for the interpreter's own time not to
count.
"""

from concurrent.futures import ThreadPoolExecutor
from math import ceil

import numpy as np
from joblib import cpu_count, effective_n_jobs
from joblib.parallel import get_active_backend

PIXELS_PER_BLOCK = 2**17


def count_threads(n_jobs):
    """Number of threads that `n_jobs` means, here and now.

    ``None`` is every available core, unless a joblib context says otherwise: within
    ``joblib.parallel_config(n_jobs=2)`` it is two, and within a joblib worker, whose siblings keep
    the other cores busy, it is one.
    """
    backend, n_jobs_of_context = get_active_backend()
    if n_jobs is None and n_jobs_of_context is None and not backend.nesting_level:
        return cpu_count()
    return effective_n_jobs(n_jobs)


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
        Number of threads, see :func:`count_threads`.
    """
    n_threads = count_threads(n_jobs)
    n_blocks = ceil(n_images / max(1, PIXELS_PER_BLOCK // pixels_per_image))
    if n_blocks > 1:
        n_blocks = ceil(n_blocks / n_threads) * n_threads  # the same number for each thread
    block_size = ceil(n_images / n_blocks)
    blocks = [slice(i, min(i + block_size, n_images)) for i in range(0, n_images, block_size)]
    n_threads = min(n_threads, len(blocks))

    def work():
        worker = make_worker(block_size)
        while True:
            try:
                block = blocks.pop()  # list.pop is atomic: whichever thread is free takes a block
            except IndexError:
                return
            worker(block)

    if n_threads == 1:
        work()
        return
    with ThreadPoolExecutor(n_threads) as executor:
        for future in [executor.submit(work) for _ in range(n_threads)]:
            future.result()


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
