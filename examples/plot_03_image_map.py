r"""
Maps of images: which images are close to each other
====================================================

A nearest-neighbour classifier is only as good as its distance: images of the
same class should lie close together. A map shows whether they do. **t-SNE**
places images on a plane so that images that are close in many dimensions are
close on the plane; large distances mean little on such a map.

Two distances are compared here: that of the pixels, :math:`d(a, b) = \lVert a
- b \rVert`, and that of histograms of oriented gradients (HOG), which count
the edges by their direction in each part of the image.
"""

# %%
# Placed by pixels
# ----------------
#
# With ``snap=True`` each image moves to the nearest free place of a grid, so
# that none hides another.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.manifold import TSNE
from threadpoolctl import threadpool_limits

from sk231n import HOG, KNNClassifier
from sk231n.datasets import make_shapes
from sk231n.plotting import ImageMapDisplay

shapes = make_shapes(256, random_state=0)


def place(X):
    """Where t-SNE puts the rows; so few are quickest with one thread."""
    with threadpool_limits(1):
        return TSNE(max_iter=400, random_state=0).fit_transform(X)


pixels = shapes.data / 255
display = ImageMapDisplay(shapes.images, place(pixels)).plot(snap=True)
display.ax_.set_title("by pixels")

# %%
# **What to see.** The map is ordered by brightness and by colour: dark
# backgrounds are on one side, light ones on the other, and neighbours have
# similar colours. Shapes of all kinds lie side by side. Photographs behave the
# same way: pixel by pixel, a ship on the sea resembles a bird in the sky.
#
# Placed by edges
# ---------------

edges = HOG().fit_transform(shapes.images)
display = ImageMapDisplay(shapes.images, place(edges)).plot(snap=True)
display.ax_.set_title("by HOG features")

for name, X in [("pixels", pixels), ("HOG features", edges)]:
    knn = KNNClassifier(1).fit(X, shapes.target)
    nearest = knn.kneighbors(X, n_neighbors=2, return_distance=False)[
        :, 1
    ]  # 0 is the image itself
    same = np.mean(shapes.target[nearest] == shapes.target)
    print(
        f"By {name}, the nearest other image is of the same class in "
        f"{same:.0%} of all cases."
    )
plt.show()

# %%
# **What to see.** Now the shapes form groups: stripes with stripes, crescents
# with crescents, whatever their colour and background. The same classifier
# that is poor on pixels is good on these features.
#
# **Try:** ``ImageMapDisplay.from_arrays(shapes.images)``, which takes the two
# principal components of the pixels instead: the two directions in which the
# images differ most.
