"""Micro-batches: a few images go through the whole network, forward and backward, before the next.

What the layers compute of a few images stays near a core, and each thread takes micro-batches by
itself, so that layers know nothing of threads. A batch is cut by its size alone,
and gradients are added in the order of the micro-batches, whoever computed them.
"""

import itertools
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sk231n.core.blocks import blocks
from sk231n.core.memory import Memory
from sk231n.core.team import Team

_MOST_LANES = 4  # sums of gradients that are computed side by side
_LANES_SIZE = 2**24  # numbers in all of these sums: a large network gets fewer
_BLOCK_SIZE = 2**17  # numbers of the sums that are added up at a time


class MicroBatches:
    """The gradient of a batch as the sum of those of its micro-batches.

    The micro-batches of a batch are shared out among up to four lanes. A lane adds up its gradients
    one after the other; in the end the lanes are added up in their order.

    Arrays that the layers update, such as running averages, start from the same values in each
    micro-batch, and the changes are averaged with the weights of the samples.

    Parameters
    ----------
    network : Network
        The layers.
    size : int
        Largest number of samples of a micro-batch.
    team : Team
        The threads that share the lanes.
    """

    def __init__(self, network: Any, size: int, team: Team) -> None:
        self.network = network
        self.size = size
        self.team = team
        n_lanes = min(_MOST_LANES, max(1, _LANES_SIZE // max(1, network.layout.size)))
        self._n_lanes = n_lanes
        self._sums: list[NDArray[Any]] = []  # of all lanes but the first
        self._scratch: list[NDArray[Any]] = []  # of each thread
        self._memories: list[Memory] = []  # of each thread

    def slices(self, n_samples: int) -> list[slice]:
        """Cut a batch into micro-batches of equal size; if that takes many more, nearly equal."""
        fewest = -(-n_samples // self.size)
        candidates = range(fewest, fewest + fewest // 2 + 1)
        n_parts = next((k for k in candidates if n_samples % k == 0), fewest)
        ends = [n_samples * k // n_parts for k in range(n_parts + 1)]
        return [slice(*pair) for pair in itertools.pairwise(ends)]

    def gradient(
        self,
        compute: Callable[..., tuple[float, NDArray[Any]]],
        theta: NDArray[Any],
        w: NDArray[Any],
        gradient: NDArray[Any],
        rng: np.random.RandomState | None,
    ) -> tuple[float, NDArray[Any]]:
        """Compute value and gradient of a batch.

        Parameters
        ----------
        compute : callable
            ``compute(rows, views, gradient_views, rng, empty)`` writes the gradient of some
            samples of the batch, and returns their value and their scores.
        theta : ndarray of shape (size,)
            The parameters; those that layers update change in place.
        w : ndarray of shape (n_samples,)
            The weights of the samples.
        gradient : ndarray of shape (size,)
            Overwritten with the gradient.
        rng : RandomState or None
            Source of randomness, of which each micro-batch gets its own.

        Returns
        -------
        value : float
            The sum of the values.
        scores : ndarray of shape (n_samples,)
            The scores.
        """
        rows = self.slices(len(w))
        seeds = [None] * len(rows) if rng is None else rng.randint(2**31, size=len(rows))
        parts = list(zip(rows, seeds, strict=True))
        n_lanes = min(self._n_lanes, len(parts))
        ends = [len(parts) * k // n_lanes for k in range(n_lanes + 1)]
        while len(self._sums) < n_lanes - 1:
            self._sums.append(np.zeros_like(gradient))
        sums = [gradient, *self._sums[: n_lanes - 1]]
        total = w.sum() or 1

        def run_lane(k):
            results = []
            memory = _taken(self._memories, Memory)
            for i in range(ends[k], ends[k + 1]):
                part, seed = parts[i]
                memory.start()
                is_first = i == ends[k]
                out = (
                    sums[k] if is_first else _taken(self._scratch, lambda: np.empty_like(gradient))
                )
                own_rng = None if seed is None else np.random.RandomState(seed)
                views, gradient_views = self._views(theta), self.network.layout.views(out)
                results.append(compute(part, views, gradient_views, own_rng, memory.empty))
                self._write_changes(theta, views, gradient_views, w[part].sum() / total)
                if not is_first:
                    sums[k] += out
                    self._scratch.append(out)
            self._memories.append(memory)
            return results

        results = [result for lane in self.team.run(run_lane, range(n_lanes)) for result in lane]
        self.team.run(
            lambda block: _add_up(sums, block),
            list(blocks(len(gradient), _BLOCK_SIZE)),
        )
        self._apply_changes(theta, gradient)
        values, scores = zip(*results, strict=True)
        return sum(values), np.concatenate(scores)

    def _views(self, theta):
        """The parameters of each layer, with copies of the arrays that the layers update."""
        return [
            SimpleNamespace(
                **{
                    name: array.copy() if name in layer.statistics else array
                    for name, array in vars(p).items()
                }
            )
            for layer, p in zip(self.network.layers, self.network.layout.views(theta), strict=True)
        ]

    def _statistics(self, *all_views):
        """The arrays that layers update, from several lists of views side by side."""
        for layer, *of_layer in zip(self.network.layers, *all_views, strict=True):
            for name in layer.statistics:
                yield [getattr(views, name) for views in of_layer]

    def _write_changes(self, theta, views, gradient_views, share):
        """Write the changes of a micro-batch where their gradient would be, if they had one."""
        before = self.network.layout.views(theta)
        for old, new, out in self._statistics(before, views, gradient_views):
            np.multiply(new - old, share, out=out, casting="same_kind")

    def _apply_changes(self, theta, gradient):
        """Apply the averaged changes; nothing is left of them in the gradient."""
        layout = self.network.layout
        for array, change in self._statistics(layout.views(theta), layout.views(gradient)):
            array += change
            change[...] = 0


def _add_up(sums, block):
    """Add a block of all sums to that of the first."""
    first, *others = (array[block] for array in sums)
    for other in others:
        first += other


def _taken(unused, make):
    """Take something out of a list, or make one; pop and append of a list are atomic."""
    try:
        return unused.pop()
    except IndexError:
        return make()
