"""Photographs as people have them: files of all sizes and kinds become a stack of images."""

from sk231n.photographs._folder import load_images
from sk231n.photographs.image_reader import ImageReader

__all__ = ["ImageReader", "load_images"]
