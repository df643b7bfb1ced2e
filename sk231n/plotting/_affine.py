"""Weights on transformed features, converted to weights on the pixels."""

import warnings

import numpy as np

from sk231n.core.blocks import blocks


def weights_on_pixels(transform, weights, n_pixels):
    """Fold an affine transformation into the weights that follow it.

    If ``transform(x) = A x + b``, then ``W transform(x) = (W A) x + W b``: the weights on the
    pixels are ``W A``. The columns of ``A`` are the transformed unit vectors minus the transformed
    zero vector.

    Parameters
    ----------
    transform : callable
        Maps rows of pixels to rows of features.
    weights : ndarray of shape (n_templates, n_features)
        The weights ``W`` on the features.
    n_pixels : int
        Number of pixels.

    Returns
    -------
    ndarray of shape (n_templates, n_pixels)
        The weights on the pixels.

    Raises
    ------
    ValueError
        If the transformation is not affine.
    """
    with warnings.catch_warnings():  # about missing names of columns, or pixels out of range
        warnings.simplefilter("ignore")
        zero = transform(np.zeros((1, n_pixels)))
        _check_affine(transform, zero, n_pixels)
        folded = np.empty((len(weights), n_pixels))
        for pixels in blocks(n_pixels):
            units = np.zeros((pixels.stop - pixels.start, n_pixels))
            units[:, pixels] = np.eye(len(units))
            folded[:, pixels] = weights @ (transform(units) - zero).T
    return folded


def _check_affine(transform, zero, n_pixels):
    """Check ``T(a) + T(b) = T(a + b) + T(0)`` on random pixels."""
    rng = np.random.RandomState(0)
    a, b = rng.uniform(0, 127, (2, 3, n_pixels))
    apart, together = transform(a) + transform(b), transform(a + b) + zero
    if not np.allclose(apart, together, rtol=1e-3, atol=1e-4 * np.abs(together).max()):
        raise ValueError(
            "The steps before the last one of estimator are not affine functions of the pixels, so "
            "that its weights are not an image; expected scalers, whitening, PCA or similar steps."
        )
