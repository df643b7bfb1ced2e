"""Image data sets: loaders for files on disk, one download, and generated data."""

from sk231n.datasets._cifar10 import load_cifar10
from sk231n.datasets._fashion_mnist import load_fashion_mnist
from sk231n.datasets._fetch import fetch_cifar10
from sk231n.datasets._shapes import make_shapes
from sk231n.datasets._spirals import make_spirals
from sk231n.datasets._split import train_val_dev_split
from sk231n.photographs import load_images

__all__ = [
    "fetch_cifar10",
    "load_cifar10",
    "load_fashion_mnist",
    "load_images",
    "make_shapes",
    "make_spirals",
    "train_val_dev_split",
]
