"""Base of the colour features: images of one or three channels, divided by a grid."""

import numpy as np

from sk231n._images import ImageTransformer, check_color
from sk231n.features._arguments import check_pair


class ColorTransformer(ImageTransformer):
    """Base of the transformers whose features are computed in each cell of a grid."""

    grid: tuple[int, int]
    grid_: tuple[int, int]

    def _check_arguments(self):
        super()._check_arguments()
        check_pair("grid", self.grid)

    def _fit_images(self, X):
        images = super()._fit_images(X)
        check_color(type(self).__name__, self.image_shape_, only_rgb=True)
        rows, columns = map(min, self.grid, images.shape[1:3])
        self.grid_ = int(rows), int(columns)
        return images

    def _names(self, prefix, kinds):
        rows, columns = self.grid_
        return np.array(
            [f"{prefix}_r{r}_c{c}_{kind}" for r in range(rows) for c in range(columns)
             for kind in kinds],
            dtype=object,
        )  # fmt: skip


def rgb_planes(images):
    """Red, green and blue, each of shape (n, h, w); for grey images all three are the same."""
    return [images[..., min(channel, images.shape[3] - 1)] for channel in range(3)]
