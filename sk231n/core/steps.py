"""Steps of the optimizer over the parameters, in blocks that fit into the cache."""

import math
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sk231n.core.objective import BLOCK_SIZE, Block, Objective
from sk231n.core.optimizer import Optimizer


class BlockwiseOptimizer:
    """Steps of an optimizer, block by block on every thread.

    Penalty, direction and step are computed one after the other while a block lies in the cache,
    because for millions of parameters memory traffic takes longer than the arithmetic.

    Parameters
    ----------
    objective : Objective
        Provides the blocks and the penalty.
    theta : ndarray of shape (size,)
        The parameters, which change in place.
    gradient : ndarray of shape (size,)
        The gradient without that of the penalty; after a step, the update.
    optimizer : Optimizer
        Turns gradients into directions.
    state : list or None
        The optimizer's states, one per block, to continue from; None to start.
    average : Average or None
        Updated with the parameters after each step.
    """

    def __init__(
        self,
        objective: Objective,
        theta: NDArray[Any],
        gradient: NDArray[Any],
        optimizer: Optimizer,
        state: list[Any] | None = None,
        average: Any = None,
    ) -> None:
        self.objective = objective
        self.theta = theta
        self.optimizer = optimizer
        self.average = average
        self.blocks: list[Block] = objective.blocks(theta, gradient)
        self.state: list[Any] = (
            start_states(objective, theta, optimizer) if state is None else state
        )
        n_parts = objective.team.n_threads if theta.size > BLOCK_SIZE else 1
        steps = list(zip(self.blocks, self.state, strict=True))
        self._parts = _shares(steps, n_parts)
        largest = max(block.theta.size for block in self.blocks)
        self._scratch = [np.empty(largest, theta.dtype) for _ in self._parts]

    def step(self, rate: float) -> float:
        """Take a step from the gradient of the data's loss; return the penalty before the step."""

        def step_part(part):
            # One scratch array per running part; pop and append of a list are atomic.
            penalties, scratch = [], self._scratch.pop()
            for block, state in part:
                here = scratch[: block.theta.size].reshape(block.theta.shape)
                penalties.append(self.objective.add_penalty(block, here))
                theta, update = block.theta, block.gradient
                direction = self.optimizer.direction(update, state, block.read_only)
                if getattr(direction, "shape", None) != theta.shape:
                    raise ValueError(
                        f"{self.optimizer} must return a direction of the shape of the gradient, "
                        f"{theta.shape}; got {type(direction).__name__} of shape "
                        f"{np.shape(direction)}."
                    )
                np.multiply(direction, rate, out=update)
                theta -= update
            self._scratch.append(scratch)
            return penalties

        # Summed in the order of the blocks, whatever the number of threads.
        penalty = sum(chain.from_iterable(self.objective.team.run(step_part, self._parts)))
        self.objective.project(self.theta)
        if self.average is not None:
            self.average.update(self.theta)
        return penalty

    def lengths(self) -> tuple[float, float]:
        """Length of the parameters, and that of the last update relative to it."""
        length, update = (
            math.sqrt(sum(float(np.vdot(array, array)) for array in arrays))
            for arrays in zip(
                *((block.theta, block.gradient) for block in self.blocks), strict=True
            )
        )
        return length, update / length if length else 0.0


def start_states(objective: Objective, theta: NDArray[Any], optimizer: Optimizer) -> list[Any]:
    """Make the states with which an optimizer starts, one for each block."""
    return [
        optimizer.start(block.theta, block.factor is not None)
        for block in objective.blocks(theta, theta)
    ]


def _shares(steps, n_parts):
    """Divide the blocks, in their order, into parts of about the same size."""
    ends = np.cumsum([block.theta.size for block, _ in steps])
    owner = (ends - 1) * n_parts // ends[-1]
    return [[steps[k] for k in np.flatnonzero(owner == part)] for part in range(n_parts)]
