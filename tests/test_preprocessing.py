"""Preprocessing beyond what scikit-learn's own checks look at."""

import numpy as np
import pytest

from sk231n import Whitening


@pytest.mark.parametrize(("dtype", "scale"), [(np.float32, 1e20), (np.float64, 1e200)])
@pytest.mark.filterwarnings("error")
def test_whitening_of_huge_values(dtype, scale):
    X = (np.random.RandomState(0).normal(size=(50, 3)) * scale).astype(dtype)
    whitening = Whitening()
    with pytest.raises(ValueError, match="X holds values whose variance is too large for float"):
        whitening.fit(X)
    assert not hasattr(whitening, "components_")
