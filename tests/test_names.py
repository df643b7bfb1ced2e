"""Messages about names that do not exist."""

import numpy as np
import pytest

from sk231n._names import unknown_name

NAMES = {"manhattan", "euclidean", "cosine"}
KNOWN = "xpected one of 'cosine', 'euclidean', 'manhattan'."


@pytest.mark.parametrize(
    ("value", "nearest"),
    [
        ("euclidea", "euclidean"),
        ("Euclidean", "euclidean"),
        ("COSINE", "cosine"),
        ("manhattn", "manhattan"),
        ("cos", "cosine"),
    ],
)
def test_the_nearest_name_is_suggested(value, nearest):
    expected = f"metric={value!r} is unknown; did you mean {nearest!r}? E{KNOWN}"
    assert unknown_name("metric", value, NAMES) == expected


@pytest.mark.parametrize("value", ["xyz", "", 3, None, ("cosine",)])
def test_nothing_is_suggested_where_nothing_is_near(value):
    assert unknown_name("metric", value, NAMES) == f"metric={value!r} is unknown; e{KNOWN}"


def test_names_keep_their_case():
    assert "did you mean 'L2-Hys'?" in unknown_name("block_norm", "l2-hys", ["L1", "L2-Hys"])


def test_text_of_numpy_reads_like_text():
    assert "np.str_" not in unknown_name("metric", np.str_("cosin"), NAMES)
