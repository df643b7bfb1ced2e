"""Numbers as arguments: what scikit-learn's intervals let through and nobody means."""

from numbers import Integral

import numpy as np
from sklearn.utils._param_validation import Interval


class Number(Interval):
    """Numbers of an interval that a float can hold: no booleans, no NaN, nothing beyond float64."""

    def is_satisfied_by(self, val):
        """Return whether the value is a number of the interval."""
        if isinstance(val, bool | np.bool_) or not isinstance(val, self.type):
            return False
        try:
            as_float = float(val)
        except OverflowError:
            return False
        return (val if isinstance(val, Integral) else as_float) in self


def count(least):
    """Whole numbers from the least to the largest that an index can be on every machine."""
    return Number(Integral, least, 2**31 - 1, closed="both")
