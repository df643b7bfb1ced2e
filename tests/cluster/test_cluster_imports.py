"""The library knows nothing of the engines: they run it, and it imports none of them."""

import subprocess
import sys

PROGRAM = """
import importlib, pkgutil, sys
for name in ("dask", "distributed", "joblibspark", "pyspark", "ray"):
    sys.modules[name] = None  # an import of it fails
import sk231n
names = [module.name for module in pkgutil.walk_packages(sk231n.__path__, "sk231n.")]
assert len(names) > 150
for name in names:
    importlib.import_module(name)
"""


def test_no_module_imports_an_engine():
    subprocess.run([sys.executable, "-c", PROGRAM], check=True, timeout=100)
