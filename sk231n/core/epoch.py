"""What one pass over the data has to tell."""

from typing import NamedTuple


class Epoch(NamedTuple):
    """What one pass over the data has to tell, losses in the unit of the data.

    Parameters
    ----------
    loss : float
        Mean of the objective over the batches, as they were met.
    score : float
        Mean score of the samples, as they were met.
    learning_rate : float
        Mean rate.
    update_ratio : float
        Length of the last update relative to that of the parameters.
    step_losses : list of float
        The objective of each batch, before the step that it led to.
    """

    loss: float
    score: float
    learning_rate: float
    update_ratio: float
    step_losses: list[float]
