"""Data sets of images: loaders, one download, and made-up data that needs neither."""

from sk231n.datasets._cifar10 import load_cifar10

__all__ = ["load_cifar10"]
