"""Run the properties of this folder on random examples until the time is over.

    python tests/fuzz/soak.py [--seconds 60] [--seed N] [NAME ...]

prints how many examples each property was tried on and how many failed, and for each failure the
example and the command that repeats it. NAME is part of the name of a property or of its file.
"""

import argparse
import importlib
import random
import sys
import time
import traceback
import warnings
from collections import Counter
from pathlib import Path

from fuzzing import QUIET
from hypothesis import given, seed, settings

FOLDER = Path(__file__).parent
EXAMPLES = 50  # of one property before the next has its turn


class Property:
    """A property, and how often it was tried and failed."""

    def __init__(self, test):
        self.name = test.__name__
        self.file = f"{test.property.__module__}.py"
        self.test = test
        self.tried, self.failed, self.seconds = 0, Counter(), 0.0

    def run(self, n):
        """Try it on examples that follow from the seed `n`; report a failure of a new kind."""

        def counted(**example):
            self.tried += 1
            self.test.property(**example)

        counted.__name__ = self.name
        started = time.monotonic()
        attempt = settings(max_examples=EXAMPLES, report_multiple_bugs=False, **QUIET)(
            seed(n)(given(**self.test.strategies)(counted))
        )
        try:
            attempt()
        except Exception as error:
            kind = f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"
            if not self.failed[kind]:
                print(f"\n{self.file}: {self.name} fails with seed {n}", flush=True)
                traceback.print_exc(limit=-3, file=sys.stdout)
                command = f"python {Path(__file__).relative_to(Path.cwd())}"
                print(f"To repeat it: {command} --seed {n} --seconds 0 {self.name}", flush=True)
            self.failed[kind] += 1
        self.seconds += time.monotonic() - started


def properties(names):
    """Properties of all files of this folder whose name holds one of `names`, if there are any."""
    for path in sorted(FOLDER.glob("test_fuzz_*.py")):
        for test in vars(importlib.import_module(path.stem)).values():
            if not hasattr(test, "strategies") or test.property.__module__ != path.stem:
                continue
            if not names or any(name in f"{path.stem} {test.__name__}" for name in names):
                yield Property(test)


def main():
    """Take turns until the time is over; exit with an error if anything failed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=None, help="that of the first examples")
    arguments = parser.parse_args()
    warnings.simplefilter("error")
    chosen = list(properties(arguments.names))
    first = random.randrange(2**32) if arguments.seed is None else arguments.seed
    end, n = time.monotonic() + arguments.seconds, first
    while True:
        for part in chosen:
            part.run(n)
            if time.monotonic() > end and n > first:
                break
        n += 1
        if time.monotonic() > end:
            break
    width = max(len(part.name) for part in chosen)
    for part in chosen:
        counts = f"{part.tried:7} examples {part.failed.total():3} failures {part.seconds:6.1f} s"
        print(f"{part.name:{width}} {counts}")
    n_failed = sum(part.failed.total() for part in chosen)
    print(f"{sum(part.tried for part in chosen)} examples, {n_failed} failures, seeds from {first}")
    sys.exit(n_failed > 0)


if __name__ == "__main__":
    main()
