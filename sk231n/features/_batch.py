"""Features of many images, computed block by block on several threads.

A block is small enough for its temporary arrays to stay in the processor's cache, and large enough
for the interpreter's overhead to be negligible. The division into blocks depends only on the number
and the size of the images; each thread takes the next block that is left.
"""

from sk231n._threads import count_threads, run_on_threads
from sk231n.core.blocks import blocks, even_block_size

PIXELS_PER_BLOCK = 2**17
ROUNDS = 4  # several blocks are a multiple of this number, so that up to 4 threads finish together


def run_in_blocks(make_worker, n_images, values_per_image, n_jobs):
    """Call a worker on consecutive slices of ``range(n_images)``, on several threads.

    Parameters
    ----------
    make_worker : callable
        ``make_worker(block_size)`` is called once per thread and returns ``worker(block)``, which
        is called with slices of at most `block_size` images. The worker may own scratch arrays.
    n_images : int
        Number of images.
    values_per_image : int
        Number of pixels of one image, or of values computed from it, whichever is larger. A block
        holds at most ``PIXELS_PER_BLOCK`` of them, but at least one image.
    n_jobs : int or None
        Number of threads, see :func:`sk231n._threads.count_threads`.
    """
    most_images = PIXELS_PER_BLOCK // values_per_image
    block_size = even_block_size(n_images, most_images, ROUNDS)
    tasks = list(blocks(n_images, block_size))
    run_on_threads(lambda: make_worker(block_size), tasks, count_threads(n_jobs))
