"""Augmentation of MLPClassifier: images change at random while training, and at no other time."""

import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

from sk231n import MLPClassifier
from sk231n.augmentation import Augmentation, Cutout, Mirror, Shift
from sk231n.datasets import make_shapes
from sk231n.diagnostics import check_gradient

SHAPES = make_shapes(120, image_size=10, n_classes=4, random_state=0)
X, Y = SHAPES.images, SHAPES.target


class Watching(Augmentation):
    """Keeps what it is called with."""

    seen = []

    def __call__(self, images, rng):
        self.seen.append(images.copy())
        return images


@pytest.fixture(autouse=True)
def forget():
    Watching.seen.clear()


def network(augmentation, **arguments):
    return MLPClassifier((8,), augmentation=augmentation, max_iter=3, random_state=0, **arguments)


@pytest.mark.parametrize("as_rows", [False, True])
@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float64])
def test_sees_each_image_once_an_epoch_as_it_was_given(as_rows, dtype):
    images = X.astype(dtype)
    network(Watching()).fit(images.reshape(120, -1) if as_rows else images, Y)
    seen = np.concatenate([batch for batch in Watching.seen if len(batch) > 1])
    assert (seen.dtype, seen.shape) == (dtype, (360, 10, 10, 3))
    for epoch in np.split(seen, 3):
        rows, given = (np.sort(a.reshape(120, -1), axis=0) for a in (epoch, images))
        assert np.array_equal(rows, given)


def test_an_augmentation_that_changes_nothing_changes_nothing():
    plain = network(None).fit(X, Y)
    same = network(Mirror(p=0.0)).fit(X, Y)
    assert np.array_equal(plain.classes_, same.classes_)
    for scores in (plain.loss_curve_, same.loss_curve_):
        assert np.isfinite(scores).all()


@pytest.mark.parametrize("augmentation", [Mirror(), [Mirror(), Shift(2), Cutout(3)], (Shift(1),)])
def test_trains_pickles_clones_and_repeats(augmentation):
    model = network(augmentation, dropout=0.2).fit(X, Y)
    again = clone(model).fit(X, Y)
    other = network(None, dropout=0.2).fit(X, Y)
    assert np.array_equal(model.coefs_[0], again.coefs_[0])
    assert not np.array_equal(model.coefs_[0], other.coefs_[0])
    loaded = pickle.loads(pickle.dumps(model))
    assert np.array_equal(loaded.decision_function(X), model.decision_function(X))


def test_neither_validation_nor_prediction_sees_it():
    model = network(Watching(), early_stopping=True).fit(X, Y)
    n_seen = sum(len(batch) for batch in Watching.seen if len(batch) > 1)
    assert n_seen == 3 * 108  # twelve are held out
    Watching.seen.clear()
    model.predict(X)
    model.score(X, Y)
    check_gradient(model, X[:20], Y[:20], random_state=0)
    assert not [batch for batch in Watching.seen if batch.any()]


def test_streams():
    model = network(Watching())
    for _ in range(2):
        model.partial_fit(X, Y, classes=np.unique(Y))
    assert sum(len(batch) for batch in Watching.seen if len(batch) > 1) == 240


def test_threads_change_nothing(monkeypatch):
    from joblib import parallel_config

    fitted = []
    for n_jobs in (1, 2, 3, 5):
        with parallel_config(backend="threading", n_jobs=n_jobs):
            fitted.append(network([Mirror(), Shift(2)], batch_size=100).fit(X, Y).coefs_[0])
    assert all(np.array_equal(fitted[0], other) for other in fitted[1:])


def test_searches_reach_into_it():
    search = GridSearchCV(network(Shift(1)), {"augmentation__max_pixels": [0, 2]}, cv=2)
    assert search.fit(X, Y).best_params_["augmentation__max_pixels"] in (0, 2)


def test_mirror_images_help_where_there_are_few():
    """Left and right are the same to the classes, which a network cannot know."""
    rng = np.random.RandomState(0)
    side = rng.randint(2, size=300)
    images = rng.normal(size=(300, 6, 6))
    y = rng.randint(2, size=300)
    images[np.arange(300), 2 + y, 5 * side] += 4  # in line 2 or 3, on the left or on the right
    few = np.flatnonzero(side == 0)[:60]
    seen_left = {"alpha": 1e-2, "max_iter": 200, "random_state": 0}
    plain = MLPClassifier((20,), **seen_left).fit(images[few], y[few])
    mirrored = MLPClassifier((20,), augmentation=Mirror(), **seen_left).fit(images[few], y[few])
    right = side == 1
    assert mirrored.score(images[right], y[right]) > plain.score(images[right], y[right]) + 0.1


@pytest.mark.parametrize(
    ("augmentation", "kind", "fault"),
    [
        ("mirror", ValueError, "augmentation"),
        ([Mirror(), "shift"], TypeError, "augmentation: expected objects"),
        (Mirror(p=2), ValueError, "p"),
        (Shift(12, mode="reflect"), ValueError, "12"),
    ],
    ids=["name", "names", "range", "larger than the image"],
)
def test_bad_augmentations(augmentation, kind, fault):
    model = network(augmentation)
    with pytest.raises(kind, match=fault):
        model.fit(X, Y)
    assert not hasattr(model, "coefs_")


def test_rows_that_are_no_images():
    with pytest.raises(ValueError, match=r"augmentation=Mirror\(.*needs images, .*52 features"):
        network(Mirror()).fit(np.ones((120, 52)) * Y[:, None], Y)


def test_full_batches_are_refused():
    with pytest.raises(ValueError, match="needs an objective without randomness, and augmentation"):
        network(Mirror(), optimizer="lbfgs").fit(X, Y)
