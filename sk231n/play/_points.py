"""Points in the plane that are dragged, added, removed and given another class."""

import numpy as np

MOST_POINTS = 300


class LabelledPoints:
    """Points of the square from -1 to 1, each of a class.

    Coordinates are kept to a thousandth, so that an address that holds them holds all of them.
    """

    def __init__(self, X, y):
        self.X = np.round(np.asarray(X, dtype=np.float64).reshape(-1, 2), 3)
        self.y = np.array(y, dtype=np.int64)

    def __len__(self):
        return len(self.y)

    def nearest(self, x, y, within=np.inf):
        """Return the index of the point that is nearest to a place, or None if none is so near."""
        distances = np.hypot(*(self.X - (x, y)).T)
        index = int(distances.argmin())
        return index if distances[index] <= within else None

    def moved(self, index, x, y):
        """Return the points with one of them at another place, the nearest in the square."""
        X = self.X.copy()
        X[index] = np.clip((x, y), -1, 1)
        return LabelledPoints(X, self.y)

    def added(self, x, y, label):
        """Return the points and one more."""
        place = np.clip((x, y), -1, 1)
        return LabelledPoints(np.vstack([self.X, place]), np.append(self.y, label))

    def removed(self, index):
        """Return the points without one of them."""
        return LabelledPoints(np.delete(self.X, index, axis=0), np.delete(self.y, index))

    def relabelled(self, index, label):
        """Return the points with one of them in another class."""
        y = self.y.copy()
        y[index] = label
        return LabelledPoints(self.X, y)
