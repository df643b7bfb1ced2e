r"""The learning rate that the data allow, behind ``learning_rate="auto"``.

**Smoothness.** Training sees standardised inputs :math:`z`. Let :math:`\lambda` be the largest
eigenvalue of their second moments, :math:`\sum_i w_i z_i z_i^T`. The scores of one class are
:math:`z^T v`, and the second derivative of the loss along :math:`v` is at most
:math:`\kappa \lambda`, where :math:`\kappa` bounds that with respect to a score
(``loss.curvature``). With the curvature :math:`\rho` of the penalty, which sees the weights
:math:`v_j / s_j`, the objective has the smoothness
:math:`L = \kappa \lambda + \alpha \rho \max_j s_j^{-2}`. Descent with the rate :math:`1 / L` does
not overshoot: that is the rate of SGD and momentum.

**Change of the scores.** Adam and its relatives move all :math:`d` weights of a score by about
the rate :math:`\eta`, whatever the gradient. A step with entries :math:`\pm \eta` has the length
:math:`\eta \sqrt d` and changes the scores by at most :math:`\eta \sqrt{\lambda d}` in root mean
square. A change of about one suits a loss whose slope changes over about one, as with the
cross-entropy: :math:`\eta = 1 / \sqrt{\lambda d}`, but no more than what suits few features.

**Several layers.** Each layer with weights adds its terms, its inputs being those of the network at
its start. The changes of the layers multiply, so that the path of a weight over the whole run is
bounded as well, by ``LONGEST_PATHS``.

Filters whose outputs are normalised add nothing: of a step in the direction that changes the
outputs most, the normalization undoes the larger part.

**Batches.** A loss whose gradient grows without bound can be steeper on a batch than on the whole:
along a sample the curvature is :math:`|z_i|^2` times its weight. :func:`steepness` gives a mean of
these in which the largest count most; divided by the size of a batch it is added to :math:`L`.

The optimizer turns these numbers into a rate, see
:meth:`~sk231n.core.optimizers.Optimizer.auto_rate`. The constants below were found by experiment;
``benchmarks/automatic_rate.py`` halves and doubles each of them.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sk231n.core.chunks import read_at_once

# Rows from which the second moments are estimated. Their largest eigenvalue belongs to few
# directions, which a thousand samples show; all rows of a large data set would take longer than an
# epoch.
SAMPLE_ROWS = 1000
# Power iterations. The estimate approaches the eigenvalue from below; where it is slow, the next
# eigenvalues are nearly as large, and the error is small.
POWER_ITERATIONS = 20
# Steps that "auto" plans, and the epochs that they take: no more are needed on standardised data,
# and each sample should be used a few times even if a batch is a small part of the data.
PLANNED_STEPS = 1000
FEWEST_EPOCHS, MOST_EPOCHS = 8, 1000
# Samples per step: enough for fast products of matrices, few enough for many steps an epoch.
BATCH_SIZE = 200
# Times alpha, added to the variances by which the inputs are divided. The curvature of a
# cross-entropy is at most a quarter of the variance; four times alpha makes that of the penalty as
# large where a feature hardly varies.
RIDGE = 4.0
# Share of the bounded curvature that counts as unbounded in a network, whose layers multiply. It
# matters to momentum, which adds up ten steps, and to batches of one sample.
UNBOUNDED_SHARE = 0.1
# Curvature times this is 1 for the cross-entropy; a steeper loss asks for smaller steps.
SCORE_CURVATURE = 2.0
# Networks: one over the distance that a weight may cover in a run; less for quantities, whose
# errors have no bound. A stream has no end at which the rate would have come to zero, and is to
# follow data that change. A run of few steps needs long ones, hence a share of their number.
LONGEST_PATHS = {"classes": 1 / 100, "quantities": 1 / 500, "stream": 1 / 50}
SHARE_OF_STEPS = 0.5


@np.errstate(over="ignore", invalid="ignore")  # training reports an infinite loss
def automatic_rate(
    problem: Any, optimizer: Any, batch_size: float, n_samples: float, n_steps: float, kind: str
) -> float:
    """Find the learning rate with which a run starts.

    Parameters
    ----------
    problem : Problem
        The objective, the starting point and the data.
    optimizer : Optimizer
        Turns the bounds into a rate.
    batch_size : int
        Number of samples per step.
    n_samples : float
        Number of samples of which the batches are a part; infinite for a stream.
    n_steps : float
        Number of steps planned; infinite for a stream.
    kind : str
        Which of ``LONGEST_PATHS`` holds: that of "classes", of "quantities", or of a "stream".

    Returns
    -------
    float
        The rate.
    """
    objective = problem.objective
    network, loss, penalty = objective.network, objective.loss, objective.penalty
    z, w = sample(problem.data, problem.standardization, _n_rows(network))
    inputs = network.inputs_of_weights(problem.theta, z)
    is_deep = len(inputs) > 1
    # What filters return and a normalization sees only turns with a step; its size is restored.
    inputs = [
        x
        for x, normalized in zip(inputs, network.normalized_weights(), strict=True)
        if not (normalized and x.ndim == 3)
    ]
    largest = [largest_eigenvalue(*_as_rows(x, w), POWER_ITERATIONS) for x in inputs]
    # The intercept sees a constant 1, hence the second moment of at least 1.
    smoothness = max(loss.curvature, loss.unbounded_curvature) * sum(
        max(value, 1.0) for value in largest
    )
    if penalty is not None:
        factors = [np.max(factor) for of_layer in objective.factors for factor in of_layer.values()]
        smoothness += objective.alpha * penalty.curvature * max(factors) ** 2
    unbounded = max(loss.unbounded_curvature, UNBOUNDED_SHARE * loss.curvature if is_deep else 0.0)
    batch_curvature = 0.0
    if unbounded and not optimizer.adaptive and batch_size < n_samples:
        batch_curvature = unbounded * steepness(problem) / batch_size
    score_change = SCORE_CURVATURE * loss.curvature * sum(
        np.sqrt(value * x.shape[-1]) for value, x in zip(largest, inputs, strict=True)
    )  # fmt: skip
    if is_deep:
        # The changes of the layers multiply, so that training along a long path diverges, most
        # easily if the gradient is not bounded.
        score_change = max(score_change, min(SHARE_OF_STEPS * n_steps, 1 / LONGEST_PATHS[kind]))
    return optimizer.auto_rate(smoothness, score_change, batch_curvature)


def planned_batch_size() -> int:
    """Number of samples per step that ``batch_size="auto"`` means, if there are as many."""
    return BATCH_SIZE


def planned_epochs(batch_size: float, n_samples: int, share_of_steps: float = 1.0) -> int:
    """Number of epochs that ``max_iter="auto"`` plans; full batches count as infinitely large.

    A share of the steps suits networks each step of which takes long.
    """
    n_steps = share_of_steps * PLANNED_STEPS
    return int(np.clip(n_steps * batch_size / n_samples, FEWEST_EPOCHS, MOST_EPOCHS))


def ridge(alpha: float, penalty: Any) -> float:
    """The term added to the variances of the inputs because of the penalty."""
    return RIDGE * float(alpha) * penalty.curvature if penalty is not None else 0.0


def steepness(problem: Any) -> float:
    r"""Compute how much steeper a batch of one sample can be than all samples together.

    Along a sample the curvature is its squared length, and twice that for a sample that counts
    twice. The mean gives more weight to the steepest samples: a single one dominates its batch.

    Parameters
    ----------
    problem : Problem
        The objective, the starting point and the data.

    Returns
    -------
    float
        :math:`\sqrt{\sum_i q_i^3 / \sum_i q_i}` with :math:`q_i = n w_i (|x_i|^2 + 1)`, summed over
        the layers that have weights, :math:`x_i` being their inputs.
    """
    network, data = problem.objective.network, problem.data
    cubes = total = 0.0
    if len(network.input_shapes[0]) > 1:  # to see all images would take as long as an epoch
        z, w = sample(data, problem.standardization, _n_rows(network))
        parts = [(z, len(z) * w)]
    else:
        parts = ((x, len(data.rows) * data.targets(rows)[1]) for rows, x in problem.sweep())
    for x, w in parts:
        inputs = [_as_rows(x, w)[0] for x in network.inputs_of_weights(problem.theta, x)]
        squares = [np.einsum("ij,ij->i", x, x, dtype=np.float64) + 1 for x in inputs]
        q = w * np.array([of_layer.reshape(len(w), -1).mean(axis=1) for of_layer in squares])
        cubes, total = cubes + np.sum(q**3, axis=1), total + np.sum(q, axis=1)
    return float(np.sqrt(cubes / total).sum())


def _n_rows(network):
    """Number of samples to look at: fewer images, as each of them shows several patches."""
    return SAMPLE_ROWS if len(network.input_shapes[0]) == 1 else SAMPLE_ROWS // 4


def _as_rows(x, w):
    """Inputs of weights as rows, a sample's weight being divided among its positions."""
    if x.ndim == 2:
        return x, w
    n_positions = x.shape[1]
    return x.reshape(-1, x.shape[2]), np.repeat(w / n_positions, n_positions)


def sample(data: Any, standardization: Any, n_rows: int) -> tuple[NDArray[Any], NDArray[Any]]:
    """Pick some of the samples, as training sees them.

    Parameters
    ----------
    data : Data
        The training data.
    standardization : Standardization
        How training sees them.
    n_rows : int
        About this many rows, evenly spread over the data, are picked.

    Returns
    -------
    z : ndarray of shape (n_picked, n_features)
        The standardised inputs.
    w : ndarray of shape (n_picked,)
        Their weights, which sum to one.
    """
    rows = data.rows[:: max(1, len(data.rows) // n_rows)]
    read_at_once(data.X, rows)
    z = standardization(data.X[rows].astype(data.dtype))
    w = data.w[rows]
    return z, (w / (w.sum() or 1)).astype(data.dtype)


def largest_eigenvalue(z: NDArray[Any], w: NDArray[Any], n_iter: int) -> float:
    """Estimate the largest eigenvalue of the second moments of weighted samples.

    Parameters
    ----------
    z : ndarray of shape (n_samples, n_features)
        The samples.
    w : ndarray of shape (n_samples,)
        Their weights.
    n_iter : int
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
