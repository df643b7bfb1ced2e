"""The gradient by its definition, and how far two gradients are apart."""

from collections.abc import Callable
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sk231n._floating_point import quiet
from sk231n._sklearn import validate_parameter_constraints
from sk231n.core.arguments import Number, as_floats

_CONSTRAINTS = {"f": [callable], "h": [Number(Real, 0, None, closed="neither")]}


def numerical_gradient(
    f: Callable[[NDArray[np.float64]], Any], x: ArrayLike, h: float = 1e-5
) -> NDArray[np.float64]:
    r"""Compute the gradient of a function by central differences.

    Parameters
    ----------
    f : callable
        ``f(x)`` returns a number.
    x : array-like of any shape
        Where the gradient is computed, in float64; it is left as it is.
    h : float > 0, default=1e-5
        Half the width of the differences.

    Returns
    -------
    ndarray of the shape of `x`
        The gradient.

    Raises
    ------
    ValueError
        If `f` returns anything but one number, if `x` does not hold finite numbers, or if `h` is
        so small that it does not change them, or so large that they overflow.

    Notes
    -----
    .. math:: \frac{\partial f}{\partial x_i} \approx \frac{f(x + h e_i) - f(x - h e_i)}{2 h}

    The error of the formula is of the order of :math:`h^2`, that of rounding of the order of
    :math:`10^{-16} |f| / h`; about :math:`10^{-5}` balances them.

    References
    ----------
    CS231n course notes, "Neural networks part 3",
    https://cs231n.github.io/neural-networks-3/#gradcheck.

    Examples
    --------
    >>> import numpy as np
    >>> from sk231n.diagnostics import numerical_gradient
    >>> numerical_gradient(lambda x: np.sum(x**3), [[1.0, 2.0], [3.0, 4.0]]).round(6)
    array([[ 3., 12.],
           [27., 48.]])
    """
    validate_parameter_constraints(_CONSTRAINTS, {"f": f, "h": h}, "numerical_gradient")
    x, h = as_floats(x, "x"), float(h)
    if not np.isfinite(x).all():
        raise ValueError("x must hold finite numbers; it holds NaN or infinity.")
    gradient = np.zeros_like(x)
    for index in np.ndindex(x.shape):
        middle = float(x[index])
        ends = middle + h, middle - h
        if not np.isfinite(ends[0] - ends[1]) or ends[0] == ends[1]:
            raise ValueError(
                f"h={h:g} is too {'small' if ends[0] == ends[1] else 'large'} for a difference "
                f"around x = {middle:g}."
            )
        values = []
        for x[index] in ends:
            value = as_floats(f(x), "the result of f")
            if value.size != 1:
                raise ValueError(f"f must return one number; got an array of shape {value.shape}.")
            values.append(value.item())
        x[index] = middle
        gradient[index] = (values[0] - values[1]) / (ends[0] - ends[1])
    return gradient


def relative_error(a: ArrayLike, b: ArrayLike) -> float:
    r"""Compute the largest relative difference between two arrays.

    Parameters
    ----------
    a : array-like
        Numbers, such as a gradient.
    b : array-like of the same shape
        Numbers to compare them with.

    Returns
    -------
    float
        The largest ratio: 0 where the arrays agree, also where both are zero, and 1 where one of
        the two is zero or the signs differ; NaN if a number is not finite.

    Raises
    ------
    ValueError
        If the shapes differ, or the arrays do not hold numbers.

    Notes
    -----
    .. math:: \max_i \frac{|a_i - b_i|}{|a_i| + |b_i|}

    References
    ----------
    CS231n course notes, "Neural networks part 3",
    https://cs231n.github.io/neural-networks-3/#gradcheck.

    Examples
    --------
    >>> from sk231n.diagnostics import relative_error
    >>> relative_error([0.0, 1.0, 3.0], [0.0, 1.0, 1.0])
    0.5
    """
    a, b = as_floats(a, "a"), as_floats(b, "b")
    if a.shape != b.shape:
        raise ValueError(f"a and b must have the same shape; got {a.shape} and {b.shape}.")
    return float(np.max(relative_errors(a, b), initial=0.0))


@quiet
def relative_errors(a: ArrayLike, b: ArrayLike, floor: Any = 0.0) -> NDArray[Any]:
    """Relative difference of each pair, as if the sum of their sizes were at least the floor."""
    # Scaled to about one: sums of large numbers could overflow, and their inverse underflow.
    _, exponent = np.frexp(np.maximum(np.abs(a), np.abs(b)))
    a, b, floor = (np.ldexp(values, -exponent) for values in (a, b, floor))
    error, size = np.abs(a - b), np.maximum(np.abs(a) + np.abs(b), floor)
    return np.divide(error, size, out=np.zeros_like(error), where=size != 0)
