"""Ctrl-C at random moments; see interrupts.py, which runs in a process of its own."""

import os
import subprocess
import sys
from pathlib import Path

from fuzzing import fuzz
from hypothesis import strategies as st

SCRIPT = Path(__file__).with_name("interrupts.py")


@fuzz(1, seed=st.integers(0, 2**32 - 1))
def test_what_ctrl_c_leaves(seed):
    command = [sys.executable, "-W", "ignore", str(SCRIPT), str(seed), "100"]
    environment = os.environ | {"PYTHONPATH": str(SCRIPT.parent)}
    run = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=600)
    assert run.returncode == 0, run.stderr[-3000:]
