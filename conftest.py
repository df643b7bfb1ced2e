"""What the tests and the examples in the docstrings share."""

import sys

import pytest


@pytest.fixture(autouse=True)
def no_figures_left():
    """Close what a test has drawn; matplotlib warns of many open figures, other tests' too."""
    yield
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")
