"""The constants of the cost model, and the script that measures them."""

import runpy
from pathlib import Path

from sk231n.neighbors import _costs

SCRIPT = Path(__file__).parents[1] / "benchmarks" / "neighbor_costs.py"
CONSTANTS = {name: value for name, value in vars(_costs).items() if name.isupper()}


def test_costs_are_positive():
    assert all(value > 0 for value in CONSTANTS.values())


def test_the_script_measures_every_time():
    times = {name for name in CONSTANTS if not name.startswith("BYTES_")}
    script = runpy.run_path(str(SCRIPT))
    script["measure"].__globals__["N_SAMPLES"] = 4096
    assert {name for name, _, _ in script["measure"](repeats=1)} == times
