"""What the tests and the examples in the docstrings share."""

import gc
import sys

import pytest

gc.disable()


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop():
    """Look for garbage from now on: many thousands of tests are collected, and all of them stay."""
    gc.enable()


@pytest.fixture(autouse=True)
def no_figures_left():
    """Close what a test has drawn; matplotlib warns of many open figures, other tests' too."""
    yield
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")
