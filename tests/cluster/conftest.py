"""A cluster of dask: two processes of this machine, with their files in folders of the tests."""

import os
from contextlib import contextmanager
from unittest.mock import patch

import dask
import pytest
from distributed import Client, LocalCluster


@contextmanager
def running(folder, n_workers=2, **arguments):
    """A client of a cluster that ends with the context."""
    with (
        patch.dict(os.environ),  # in which dask leaves what it sets for the workers
        dask.config.set(temporary_directory=str(folder)),
        LocalCluster(
            n_workers=n_workers, threads_per_worker=1, host="127.0.0.1",
            # Without an address its pages would be on port 8787, and warn if that is taken.
            dashboard_address="127.0.0.1:0", scheduler_kwargs={"dashboard": False}, **arguments,
        ) as cluster,
        Client(cluster) as client,
    ):  # fmt: skip
        yield client


@pytest.fixture(scope="session")
def start():
    """Function that starts a cluster of one's own."""
    return running


@pytest.fixture(scope="module")  # beside other tests, an idle cluster would take their time
def client(tmp_path_factory):
    with running(tmp_path_factory.mktemp("dask")) as client:
        yield client
