"""Augmentations, each usable alone: ``augmentation(images, rng)`` returns changed images."""

from sk231n.core.augmentation import Augmentation, Cutout, Mirror, Shift

__all__ = ["Augmentation", "Cutout", "Mirror", "Shift"]
