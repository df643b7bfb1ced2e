"""Ray and Spark on two cores of this machine, with their files in folders of the tests.

Spark starts its workers by the environment, and Ray reads it when it is imported.
"""

import os
import secrets
import shutil
import sys
from tempfile import TemporaryDirectory

os.environ["PYSPARK_PYTHON"] = sys.executable  # otherwise the python3 of the path, without sk231n
os.environ["RAY_AUTH_TOKEN"] = secrets.token_hex()  # otherwise Ray writes one to the home folder
os.environ["RAY_USAGE_STATS_ENABLED"] = "0"

import joblibspark
import pytest
import ray
from pyspark.sql import SparkSession
from ray.util.joblib import register_ray


@pytest.fixture(scope="session")
def ray_folder():
    """A short path: that of a socket has at most 107 characters, and Ray adds more than 60."""
    with TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        yield folder


@pytest.fixture(scope="session")
def ray_engine(ray_folder):
    ray.init(
        num_cpus=2, include_dashboard=False, log_to_driver=False, logging_level="error",
        _temp_dir=ray_folder,
    )  # fmt: skip
    register_ray()
    yield "ray"
    ray.shutdown()


@pytest.fixture(scope="session")
def spark_session(tmp_path_factory):
    if not (os.environ.get("JAVA_HOME") or shutil.which("java")):
        pytest.skip("Spark needs Java 17, for example: apt-get install openjdk-17-jre-headless")
    settings = {
        "spark.local.dir": tmp_path_factory.mktemp("spark"),
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.ui.enabled": "false",
    }
    session = SparkSession.builder.master("local[2]").config(map=settings).getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    yield session
    session.stop()


@pytest.fixture(scope="session")
def spark_engine(spark_session):
    joblibspark.register_spark()
    return "spark"


@pytest.fixture(scope="session", params=["ray", "spark"])
def engine(request):
    """Name of a joblib backend that runs."""
    return request.getfixturevalue(f"{request.param}_engine")
