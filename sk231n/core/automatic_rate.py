r"""The learning rate that the data allow, behind ``learning_rate="auto"``.

Training sees standardised inputs. With :math:`\lambda` the largest eigenvalue of their second
moments, a step in which each of the :math:`d` weights of a score moves by one changes the score by
at most :math:`\sqrt{\lambda d}` in root mean square, and the second derivative of the loss is at
most :math:`\lambda` times that with respect to a score.  The optimizer turns these two numbers into
a rate; see :meth:`~sk231n.core.optimizers.Optimizer.auto_rate`.
"""

import numpy as np

from sk231n.core.standardization import largest_eigenvalue, sample
from sk231n.core.training import sweep

# Share of the curvature that counts as unbounded growth in a network, whose layers multiply. A
# tenth was found to be enough for momentum, which adds up ten steps, and for batches of one.
_GROWTH_OF_NETWORKS = 0.1


@np.errstate(over="ignore", invalid="ignore")  # the loss will not be finite, which is reported
def automatic_rate(problem, optimizer, batch_size, n_samples, n_steps, longest_path):
    """Find the learning rate with which a run starts.

    Parameters
    ----------
    problem : Problem
        What is to be minimised, from where, on which data.
    optimizer : Optimizer
        Turns smoothness, reach and noise into a rate.
    batch_size : int
        Number of samples per step.
    n_samples : float
        Number of samples of which the batches are a part; infinite for a stream.
    n_steps : float
        Number of steps planned; infinite for a stream.
    longest_path : float
        With hidden layers, one over the distance that a weight may cover in a run.

    Returns
    -------
    float
        The rate.
    """
    objective, data = problem.objective, problem.data
    network, loss, penalty = objective.network, objective.loss, objective.penalty
    z, w = sample(data, problem.standardization)
    inputs = network.affine_inputs(problem.theta, z)
    largest = [largest_eigenvalue(x, w) for x in inputs]
    # The intercept sees a constant 1, hence the second moment of at least 1.
    smoothness = max(loss.curvature, loss.growth) * sum(max(value, 1.0) for value in largest)
    if penalty is not None:
        factors = [np.max(f) for of_layer in objective.factors for f in of_layer.values()]
        smoothness += objective.alpha * penalty.curvature * max(factors) ** 2
    noise = 0.0
    growth = max(loss.growth, _GROWTH_OF_NETWORKS * loss.curvature if len(inputs) > 1 else 0.0)
    if growth and not optimizer.adaptive and batch_size < n_samples:
        noise = growth * steepness(problem) / batch_size
    # Twice the curvature is 1 for the cross-entropy; a steeper loss asks for smaller steps.
    reach = 2 * loss.curvature * sum(
        np.sqrt(value * x.shape[1]) for value, x in zip(largest, inputs, strict=True)
    )  # fmt: skip
    if len(inputs) > 1:
        # The changes of the layers multiply, so that a long path ends in chaos, soonest where the
        # gradient is not bounded; but a run of few steps needs long ones.
        reach = max(reach, min(n_steps / 2, longest_path))
    return optimizer.auto_rate(smoothness, reach, noise)


def steepness(problem):
    r"""Compute how much steeper a batch of one sample can be than all samples together.

    Along a sample the curvature is its squared length, and twice that for a sample that counts
    twice. The mean gives more weight to the steepest samples: one of them in a batch is decisive.

    Parameters
    ----------
    problem : Problem
        What is to be minimised, from where, on which data.

    Returns
    -------
    float
        :math:`\sqrt{\sum_i q_i^3 / \sum_i q_i}` with :math:`q_i = n w_i (|x_i|^2 + 1)`, summed over
        the layers that have weights, :math:`x_i` being their inputs.
    """
    network, data = problem.objective.network, problem.data
    cubes = total = 0.0
    for rows, x in sweep(problem, data):
        inputs = network.affine_inputs(problem.theta, x)
        squares = [np.einsum("ij,ij->i", x, x, dtype=np.float64) + 1 for x in inputs]
        q = len(data.rows) * data.targets(rows)[1] * np.array(squares)
        cubes, total = cubes + np.sum(q**3, axis=1), total + np.sum(q, axis=1)
    return float(np.sqrt(cubes / total).sum())
