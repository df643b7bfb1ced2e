"""How large temporary arrays may be."""

from sklearn import get_config


def temporary_size(most):
    """Numbers in a temporary array: `most`, or fewer where the working memory is small."""
    return int(min(most, get_config()["working_memory"] * 2**20 / 96))
