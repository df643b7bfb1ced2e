"""Data sets of images: loaders, one download, and made-up data that needs neither."""

from sk231n.datasets._cifar10 import load_cifar10
from sk231n.datasets._fashion_mnist import load_fashion_mnist
from sk231n.datasets._fetch import fetch_cifar10

__all__ = ["fetch_cifar10", "load_cifar10", "load_fashion_mnist"]
