"""Images as users have them: the order of the channels, transparency, columns of frames."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import TransformerMixin, clone
from sklearn.compose import ColumnTransformer
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline

import sk231n
from sk231n import HOG, ColorMoments, HSVHistogram, MeanSubtraction, SoftmaxClassifier
from sk231n._images import as_rows

LOOK_AT_CHANNELS = [HOG(), HOG(color="each"), HOG(color="gray"), HSVHistogram(), ColorMoments()]
TRANSFORMERS = [*LOOK_AT_CHANNELS, MeanSubtraction(), MeanSubtraction(mode="channel")]
SEE_ROWS = [
    sk231n.BiasTrick(),
    sk231n.KNNClassifier(1),
    sk231n.KNNClassifierCV((1, 2), cv=2),
    sk231n.LinearSVM(max_iter=2, random_state=0),
    sk231n.MLPClassifier((4,), max_iter=2, random_state=0),
    sk231n.MLPRegressor((4,), max_iter=2, random_state=0),
    SoftmaxClassifier(max_iter=2, random_state=0),
    sk231n.Whitening(n_components=2),
]
ALL = [*TRANSFORMERS, *SEE_ROWS]
Y = np.arange(6) % 2


def random_images(*shape, dtype=np.uint8, seed=0):
    return np.random.default_rng(seed).integers(0, 256, shape).astype(dtype)


def outcome(estimator, images, new=None):
    """The output of the estimator, fitted on `images`, for these or for new ones."""
    fitted = clone(estimator).fit(images, Y)
    method = fitted.transform if isinstance(estimator, TransformerMixin) else fitted.predict
    return method(images if new is None else new)


# --------------------------------------------------------------------------- order of the channels


@pytest.mark.parametrize("n_channels", [1, 2, 3, 4])
@pytest.mark.parametrize("transformer", TRANSFORMERS, ids=repr)
def test_channels_that_come_first_are_refused(transformer, n_channels):
    images = random_images(6, n_channels, 20, 24)
    with pytest.raises(ValueError, match=r"channels come first, pass X\.transpose\(0, 2, 3, 1\)"):
        clone(transformer).fit(images)
    given = clone(transformer).set_params(image_shape=(n_channels, 20, 24))
    with pytest.raises(ValueError, match=r"reshape\(-1, \d, 20, 24\)\.transpose\(0, 2, 3, 1\)"):
        given.fit(images.reshape(6, -1))
    with pytest.raises(ValueError, match=r"X\.transpose\(0, 2, 3, 1\)"):
        given.set_params(image_shape=(20, 24, n_channels)).fit(images)
    assert not hasattr(given, "image_shape_")


@pytest.mark.parametrize("transformer", TRANSFORMERS, ids=repr)
def test_so_are_they_in_new_images(transformer):
    images = random_images(6, 20, 24, 3)
    fitted = clone(transformer).fit(images)
    with pytest.raises(ValueError, match=r"fitted on images .* X\.transpose\(0, 2, 3, 1\)"):
        fitted.transform(images.transpose(0, 3, 1, 2))


@pytest.mark.parametrize("estimator", SEE_ROWS, ids=lambda e: type(e).__name__)
def test_channels_that_come_first_are_warned_of_where_they_do_no_harm(estimator):
    images = random_images(6, 3, 20, 24)
    with pytest.warns(UserWarning, match=r"X\.transpose\(0, 2, 3, 1\)") as record:
        found = outcome(estimator, images)
    assert {warning.filename for warning in record} == {__file__}
    np.testing.assert_array_equal(found, outcome(estimator, images.reshape(6, -1)))


@pytest.mark.parametrize(
    "shape", [(3, 3), (4, 4), (3, 20), (1, 9), (20, 24, 3), (3, 4, 3), (4, 4, 4), (1, 50, 3),
              (4, 4, 9), (3, 4, 9), (5, 8, 8), (8, 8, 31)]
)  # fmt: skip
def test_other_stacks_are_what_they_are(shape):
    rows, image_shape = as_rows(np.zeros((7, *shape)))
    assert rows.shape == (7, np.prod(shape))
    assert image_shape == shape


# ------------------------------------------------------------------------------------ transparency


@pytest.mark.parametrize("transformer", LOOK_AT_CHANNELS, ids=repr)
def test_transparency_is_refused(transformer):
    images = random_images(6, 20, 24, 4)
    with pytest.raises(ValueError, match=r"got images of shape \(20, 24, 4\)\. The fourth"):
        clone(transformer).fit(images)
    given = clone(transformer).set_params(image_shape=(20, 24, 4))
    with pytest.raises(ValueError, match=r"background"):
        given.fit(images.reshape(6, -1))


def test_the_cure_for_transparency():
    X = np.full((1, 16, 16, 4), 255, np.uint8)
    X[:, 4:12, 4:12] = [10, 20, 30, 0]  # a flat picture with a transparent hole
    with pytest.raises(ValueError, match="transparency: composite") as caught:
        HOG().fit(X)
    names = {"X": X, "np": np}
    exec(str(caught.value).split("over white: ")[1].rstrip("."), names)
    assert names["X"].dtype == np.uint8
    assert not HOG().fit_transform(names["X"]).any()


@pytest.mark.parametrize("estimator", [*SEE_ROWS, MeanSubtraction()], ids=repr)
def test_four_channels_do_no_harm_to_rows(estimator):
    images = random_images(6, 8, 8, 4)
    expected = outcome(estimator, images.reshape(6, -1))
    np.testing.assert_array_equal(outcome(estimator, images), expected)


def test_four_channels_have_four_means():
    images = random_images(6, 8, 8, 4)
    means = MeanSubtraction(mode="channel").fit(images).mean_
    np.testing.assert_allclose(means, images.mean(axis=(0, 1, 2)), rtol=1e-14)


@pytest.mark.parametrize("n_channels", [2, 5, 7])
def test_two_or_five_channels(n_channels):
    images = random_images(6, 16, 16, n_channels)
    assert HOG().fit_transform(images).shape == (6, 36)
    assert HOG(color="each").fit_transform(images).shape == (6, 36 * n_channels)
    for transformer in HSVHistogram(), ColorMoments(), HOG(color="gray"):
        with pytest.raises(ValueError, match="needs images of 1 or 3 channels"):
            transformer.fit(images)


# --------------------------------------------------------------------------------- frames, columns


class Frame:
    """A frame of another library: no `iloc`, no `ndim`, and rows by slices."""

    def __init__(self, cells):
        self.cells = np.asarray(cells, dtype=object)
        self.columns = [f"c{k}" for k in range(self.cells.shape[1])]

    @property
    def shape(self):
        return self.cells.shape

    def __len__(self):
        return len(self.cells)

    def __getitem__(self, rows):
        return Frame(self.cells[rows])

    def __array__(self, dtype=None, copy=None):
        return self.cells


class Series:
    """A series of another library whose values may be whole images."""

    def __init__(self, values):
        self.values = values
        self.shape, self.dtype = values.shape[:1], "Array"

    def __len__(self):
        return len(self.values)

    def __array__(self, dtype=None, copy=None):
        return self.values


def as_objects(images, shape):
    column = np.empty(len(images), dtype=object)
    column[:] = list(images)
    return column.reshape(shape)


def ways(images):
    """The same images in containers of every kind."""
    frame = pd.DataFrame({"image": list(images)})
    yield list(images)
    yield tuple(images)
    yield as_objects(images, -1)
    yield as_objects(images, (-1, 1))
    yield frame["image"]
    yield frame[["image"]]
    yield pd.DataFrame({0: list(images)}, index=list("fedcba"))
    yield Frame(as_objects(images, (-1, 1)))
    yield Series(images)


@pytest.mark.parametrize("estimator", ALL, ids=repr)
def test_images_in_any_container(estimator):
    images = random_images(6, 8, 8, 3)
    expected = outcome(estimator, images)
    for container in ways(images):
        np.testing.assert_array_equal(outcome(estimator, container), expected)
        fitted = clone(estimator).fit(container, Y)
        assert fitted.n_features_in_ == 192
        assert not hasattr(fitted, "feature_names_in_")


@pytest.mark.parametrize("estimator", ALL, ids=repr)
def test_images_in_nested_lists(estimator):
    images = random_images(6, 8, 8, 3).astype(np.int64)
    nested = [image.tolist() for image in images]
    for container in nested, pd.Series(nested), pd.DataFrame({"image": nested}):
        np.testing.assert_array_equal(outcome(estimator, container), outcome(estimator, images))


@pytest.mark.parametrize("estimator", ALL, ids=repr)
def test_rows_in_a_column(estimator):
    rows = random_images(6, 192)
    expected = outcome(estimator, rows)
    for container in pd.DataFrame({"row": list(rows)}), as_objects(rows, (-1, 1)):
        np.testing.assert_array_equal(outcome(estimator, container), expected)


@pytest.mark.parametrize("transformer", LOOK_AT_CHANNELS, ids=repr)
@pytest.mark.parametrize("column", ["image", ["image"]])
def test_column_transformer(transformer, column):
    images = random_images(6, 16, 16, 3)
    frame = pd.DataFrame({"size": np.arange(6.0), "image": list(images)})
    union = ColumnTransformer([("size", "passthrough", ["size"]), ("f", transformer, column)])
    expected = clone(transformer).fit(images)
    found = union.fit_transform(frame)
    np.testing.assert_array_equal(found[:, 1:], expected.transform(images))
    names = ["size__size", *(f"f__{name}" for name in expected.get_feature_names_out())]
    assert list(union.get_feature_names_out()) == names
    table = union.set_output(transform="pandas").fit_transform(frame)
    assert list(table.columns) == names


def test_names_of_the_pixels_are_still_checked():
    hog = HOG().fit(random_images(6, 12))
    with pytest.raises(ValueError, match="input_features should have length"):
        hog.get_feature_names_out(["image"])
    with pytest.raises(ValueError, match="input_features should have length"):
        HOG().fit(random_images(6, 2, 2, 3)).get_feature_names_out(["a", "b"])


@pytest.mark.parametrize("estimator", ALL, ids=repr)
@pytest.mark.parametrize(
    ("X", "message"),
    [
        (pd.DataFrame({"image": list(np.zeros((6, 8, 8))), "size": 1}),
         "X has 2 columns, and column 'image' holds arrays.* ColumnTransformer"),
        (np.array([[np.zeros((8, 8)), 1]] * 6, dtype=object),
         "X has 2 columns, and column 0 holds arrays"),
        (pd.DataFrame({"image": [np.zeros((8, 8)), None] * 3}),
         r"X has no image for 3 of 6 samples, .* index 1 \(None\)"),
        ([*np.zeros((5, 8, 8)), None], "X has no image for 1 of 6 samples, .* index 5"),
        (pd.DataFrame({"file": ["a.png"] * 6}), "X holds text, 'a.png' first"),
        (pd.DataFrame({"image": [np.zeros((8, 8)), np.zeros((8, 9))] * 3}), "different shapes"),
    ],
    ids=["beside", "beside objects", "missing", "missing in a list", "files", "shapes"],
)  # fmt: skip
def test_messages(estimator, X, message):
    model = clone(estimator)
    with pytest.raises(ValueError, match=message):
        model.fit(X, Y)
    assert not hasattr(model, "n_features_in_")


@pytest.mark.parametrize("transformer", TRANSFORMERS, ids=repr)
def test_integers_beyond_float64(transformer):
    for huge in [[10**400, 1], [1, -(10**400)]]:
        objects = np.array([huge] * 6, dtype=object)
        for X in [huge] * 6, objects, pd.DataFrame(objects, dtype=object), objects.reshape(6, 2, 1):
            with pytest.raises(ValueError, match=r"X holds .* too large for float64"):
                clone(transformer).fit(X)


# ---------------------------------------------------------------------------------------- warnings


def test_warnings_name_the_line_of_the_user():
    one = random_images(32, 24, 3)
    bright = random_images(6, 8, 8, 3).astype(float)
    y = np.arange(32) % 2
    pipeline = make_pipeline(HSVHistogram(), SoftmaxClassifier(max_iter=2, random_state=0))
    calls = [
        lambda: HOG().fit(one),
        lambda: HOG().fit_transform(one),
        lambda: HSVHistogram().fit_transform(bright),
        lambda: pipeline.fit(bright, Y),
        lambda: pipeline.predict(bright),
        lambda: cross_val_score(pipeline, bright, Y, cv=2),
        lambda: cross_val_score(SoftmaxClassifier(max_iter=2), one, y, cv=2),
    ]
    for call in calls:
        with pytest.warns(UserWarning, match="is read as|clipped") as record:
            call()
        assert {warning.filename for warning in record} == {__file__}
