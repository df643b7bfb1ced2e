"""Many images, block by block, on every core.

A block is small enough for its temporary arrays to stay in the processor's cache and large enough
for the interpreter's own time not to count. How the images are cut into blocks depends on their
number and size alone; threads take whichever block is next.
"""

from sk231n._threads import count_threads, run_on_threads
from sk231n.core.blocks import blocks, even_block_size

PIXELS_PER_BLOCK = 2**17
ROUNDS = 4  # where there are several blocks, their number is a multiple: few threads end together


def run_in_blocks(make_worker, n_images, values_per_image, n_jobs):
    """Call a worker on consecutive slices of ``range(n_images)``, on several threads.

    Parameters
    ----------
    make_worker : callable
        ``make_worker(block_size)`` is called once per thread and returns ``worker(block)``, which
        gets a slice of at most `block_size` images. The worker may own scratch arrays.
    n_images : int
        Number of images.
    values_per_image : int
        Number of pixels of one image, or of the values made from it where these are more; a block
        holds at most ``PIXELS_PER_BLOCK``, or one image.
    n_jobs : int or None
        Number of threads, see :func:`sk231n._threads.count_threads`.
    """
    most_images = PIXELS_PER_BLOCK // values_per_image
    block_size = even_block_size(n_images, most_images, ROUNDS)
    tasks = list(blocks(n_images, block_size))
    run_on_threads(lambda: make_worker(block_size), tasks, count_threads(n_jobs))
