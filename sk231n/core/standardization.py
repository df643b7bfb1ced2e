r"""The change of variables behind ``learning_rate="auto"``.

Gradient descent is quick where all inputs have about the same spread and no offset, and raw data
rarely have.  Training may therefore see :math:`z = (x - \mu) / s` and change :math:`V = s W`
instead of :math:`W`; afterwards :math:`W = V / s` and :math:`b = c - \mu^T W` are folded back.  The
scores, the objective and its minimum are those of the data as given; only the way there is shorter.
"""

from dataclasses import dataclass

import numpy as np

_BLOCK_ROWS = 1024  # rows converted at a time: a few MB of floats, whatever the type of the data


@dataclass(frozen=True)
class Standardization:
    """Inputs as training sees them, ``(x - mean) / scale``.

    Parameters
    ----------
    mean : ndarray of shape (n_features,) or None, default=None
        What is subtracted; None for nothing.
    scale : ndarray of shape (n_features,) or None, default=None
        What is divided by; None for training on the data as they are.
    """

    mean: np.ndarray | None = None
    scale: np.ndarray | None = None

    def __call__(self, x):
        """Standardise the floating-point array `x` of shape (n_samples, n_features) in place."""
        if self.mean is not None:
            x -= self.mean
        if self.scale is not None:
            x *= 1 / self.scale
        return x

    @property
    def factor(self):
        """What turns a weight on standardised inputs into one on the data: ``1 / scale``."""
        return 1.0 if self.scale is None else 1 / self.scale

    def fold(self, layer):
        """Turn a first layer (views ``W``, ``b``) on standardised inputs into one on the data."""
        if self.scale is not None:
            layer.W /= self.scale[:, None]
        if self.mean is not None:
            layer.b -= self.mean @ layer.W

    def unfold(self, layer):
        """Undo :meth:`fold`."""
        if self.mean is not None:
            layer.b += self.mean @ layer.W
        if self.scale is not None:
            layer.W *= self.scale[:, None]


@dataclass(frozen=True)
class TargetUnits:
    """Targets as training sees them, ``(y - mean) / scale``.

    With a spread of one and no large offset, targets of any unit are learnt alike; afterwards mean
    and scale are folded into the last layer.

    Parameters
    ----------
    mean, scale : ndarray of shape (n_outputs,)
        What is subtracted, and divided by.
    spread : ndarray of shape (n_outputs,)
        Standard deviation of the targets, which the scale is but for :meth:`widened`.
    """

    mean: np.ndarray
    scale: np.ndarray
    spread: np.ndarray

    def __call__(self, y):
        """Express quantities of shape (n_samples, n_outputs) in these units."""
        return (y - self.mean) / self.scale

    def widened(self, errors):
        """Units in which errors of shape (n_samples, n_outputs) are not large either.

        Where a stream of data has moved away from the model, the steps are then as long as the way.
        """
        with np.errstate(over="ignore"):
            scale = np.sqrt(self.scale**2 + np.mean(errors**2, axis=0))
        scale = np.where(np.isfinite(scale), scale, self.scale)
        return TargetUnits(self.mean, scale, self.spread)

    def fold(self, layer):
        """Turn a last layer (views ``W``, ``b``) in these units into one in those of the data."""
        layer.W *= self.scale
        layer.b *= self.scale
        layer.b += self.mean

    def unfold(self, layer):
        """Undo :meth:`fold`."""
        layer.b -= self.mean
        layer.b /= self.scale
        layer.W /= self.scale


class Moments:
    """Weighted mean and variance of each feature, over any number of data sets.

    Attributes
    ----------
    count : float
        Number of samples so far.
    mean, variance : ndarray of shape (n_features,)
        Moments of all data so far, float64.
    """

    def __init__(self, n_features):
        self.count = 0.0
        self.mean = np.zeros(n_features)
        self.variance = np.zeros(n_features)

    def update(self, data, count, name="X"):
        """Add the samples of `data` as `count` samples of `name`."""
        mean, variance = np.zeros_like(self.mean), np.zeros_like(self.mean)
        # Differences from any sample round less than large values, and not at all where all agree.
        sample = data.X[data.rows[0]].astype(data.dtype)
        with np.errstate(over="ignore", invalid="ignore"):
            for x, w in _blocks(data):
                x -= sample
                mean += w @ x
            mean += sample
            centre = mean.astype(data.dtype)
            for x, w in _blocks(data):
                x -= centre
                x *= x
                variance += w @ x
        if not np.isfinite(variance).all():
            raise ValueError(
                f"{name} holds values too large for {data.dtype} arithmetic (column "
                f"{np.flatnonzero(~np.isfinite(variance))[0]}); scale them down."
            )
        share = count / (self.count + count)
        step = mean - self.mean
        self.variance += share * (variance - self.variance + (1 - share) * step * step)
        self.mean += share * step
        self.count += count

    def constant(self, dtype):
        """Which features have no spread, or none but the rounding of their mean."""
        return np.sqrt(self.variance) <= 8 * np.finfo(dtype).eps * np.abs(self.mean)

    def standardization(self, dtype, ridge, centred=True):
        r"""Make the change of variables.

        Parameters
        ----------
        dtype : dtype
            Floating-point type of training.
        ridge : float
            Added to the variances.  With :math:`4 \alpha` it balances the curvature of a loss that
            is bounded by :math:`s^2 / 4` against that of the penalty, :math:`\alpha`.
        centred : bool, default=True
            Whether there is an intercept into which the mean can be folded. Without one, the scale
            is that of the second moment about zero.

        Returns
        -------
        Standardization
            Features without spread get the scale 1 where there is no ridge.
        """
        variance = np.where(self.constant(dtype), 0.0, self.variance)
        if not centred:
            variance += self.mean**2
        scale = np.sqrt(variance + ridge)
        if self.constant(dtype).all():  # one sample, perhaps: its size is all that is known
            scale = np.full_like(scale, np.sqrt(np.mean(self.mean**2) + ridge))
        scale[scale == 0] = 1
        return Standardization(self.mean.astype(dtype) if centred else None, scale.astype(dtype))

    def target_units(self):
        """Make the units of targets; one without spread gets the smallest scale of the others."""
        scale, flat = np.sqrt(self.variance), self.constant(np.float64)
        scale[flat] = scale[~flat].min() if not flat.all() else 1
        # For targets without any offset the intercept's first gradient would be nothing but
        # rounding errors, and Adam, which looks at signs, would turn them into whole steps.
        mean = np.where(flat, self.mean, np.round(self.mean / scale * 4) / 4 * scale)
        return TargetUnits(mean, scale, scale)


def sample(data, standardization, n_rows=1000):
    """Pick some of the samples, as training sees them.

    Parameters
    ----------
    data : Data
        The training data.
    standardization : Standardization
        How training sees them.
    n_rows : int, default=1000
        About this many rows, evenly spread over the data, are picked.

    Returns
    -------
    z : ndarray of shape (n_picked, n_features)
        The standardised inputs.
    w : ndarray of shape (n_picked,)
        Their weights, which sum to one.
    """
    rows = data.rows[:: max(1, len(data.rows) // n_rows)]
    z = standardization(data.X[rows].astype(data.dtype))
    w = data.w[rows]
    return z, (w / (w.sum() or 1)).astype(data.dtype)


def largest_eigenvalue(z, w, n_iter=20):
    """Estimate the largest eigenvalue of the second moments of weighted samples.

    Parameters
    ----------
    z : ndarray of shape (n_samples, n_features)
        The samples.
    w : ndarray of shape (n_samples,)
        Their weights.
    n_iter : int, default=20
        Number of power iterations.

    Returns
    -------
    float
        The eigenvalue, at least 1e-12.
    """
    v = np.random.RandomState(0).standard_normal(z.shape[1]).astype(z.dtype)
    norm = 1.0
    for _ in range(n_iter):
        v /= np.linalg.norm(v) or 1
        v = (w * (z @ v)) @ z
        norm = np.linalg.norm(v)
    return max(float(norm), 1e-12)


def _blocks(data):
    """Yield the rows of the data in floating point, some at a time, with their weights."""
    for start in range(0, len(data.rows), _BLOCK_ROWS):
        rows = data.rows[start : start + _BLOCK_ROWS]
        # Indexing has copied, so that the caller may write into the rows.
        x = data.X[rows].astype(data.dtype, copy=False)
        yield x, (data.w[rows] / data.total).astype(data.dtype)
