"""Displays of images: content and position of the pictures, for every form of images."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.manifold import SpectralEmbedding
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, Normalizer, StandardScaler

from sk231n import (
    HOG,
    BiasTrick,
    LinearSVM,
    MeanSubtraction,
    MLPClassifier,
    SoftmaxClassifier,
    Whitening,
)
from sk231n.plotting import (
    HOGDisplay,
    ImageGridDisplay,
    ImageMapDisplay,
    MisclassifiedDisplay,
    WeightTemplatesDisplay,
)

RNG = np.random.RandomState(0)
IMAGES = RNG.randint(0, 256, (30, 5, 5, 3), dtype=np.uint8)
X, Y = IMAGES.reshape(30, 75), np.arange(30) % 3
NAMES = ["cat", "dog", "frog"]


@pytest.fixture(autouse=True)
def agg():
    plt.switch_backend("agg")


def shown(display):
    return [np.asarray(image.get_array()) for image in display.images_]


def texts(display):
    return [text.get_text() for text in display.texts_]


def heads(display):
    return [label.get_text() for label in display.ax_.get_xticklabels()]


def place(image):
    """Left and upper edge of a picture."""
    left, _, _, top = image.get_extent()
    return left, top


# ---------------------------------------------------------------------------------------- pictures


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (IMAGES[:1], IMAGES[0]),
        (X[:1], IMAGES[0]),
        (list(IMAGES[:1]), IMAGES[0]),
        (pd.DataFrame(X[:1]).add_prefix("pixel"), IMAGES[0]),
        (IMAGES[:1] / 255, IMAGES[0] / 255),  # fractions of white
        (IMAGES[:1, :, :, :1], IMAGES[0, :, :, 0]),  # one channel
        (IMAGES[:1, :, :, 0], IMAGES[0, :, :, 0]),
        (IMAGES[:1, :, :, 0] > 100, IMAGES[0, :, :, 0] > 100),
        (np.arange(4.0).reshape(1, 4) - 1, np.arange(4).reshape(2, 2) / 3),  # rescaled
        (np.full((1, 4), -7), np.zeros((2, 2))),
    ],
)
def test_images_in_every_form(given, expected):
    display = ImageGridDisplay.from_arrays(given, [0])
    np.testing.assert_allclose(shown(display)[0], expected)


def test_bytes_are_not_stretched():
    dark = np.array([[10, 20, 30, 40]], dtype=np.uint8)
    (image,) = ImageGridDisplay.from_arrays(dark, [0]).images_
    assert image.get_clim() == (0, 255)
    assert image.get_array().dtype == np.uint8


@pytest.mark.parametrize(
    ("given", "options", "message"),
    [
        (X[:, :74], {}, "X has rows of 74 values.*image_shape="),
        (X, {"image_shape": (5, 5)}, r"image_shape=\(5, 5\) means 25 features, but X has 75"),
        (X, {"image_shape": 5}, "image_shape must be .*got 5"),
        (X, {"image_shape": (5, -15)}, "image_shape must be .*positive"),
        (IMAGES, {"image_shape": (15, 5)}, r"image_shape=\(15, 5\), but X holds images of shape"),
        (IMAGES[..., :2], {}, "X holds images of 2 channels"),
        (X / np.nan, {}, "X contains NaN"),
        (X[:, 0], {}, r"X must have two dimensions; got an array of shape"),
        (X.astype(str), {}, "arrays of bytes/strings"),
        (np.zeros((30, 2, 2, 2, 3)), {}, "X has 5 dimensions"),
        (X[:29], {}, "as many entries of each"),
    ],
)
def test_refuses_what_are_no_images(given, options, message):
    with pytest.raises(ValueError, match=message):
        ImageGridDisplay.from_arrays(given, Y, **options)
    assert plt.get_fignums() == []


def test_rows_of_any_shape_if_it_is_given():
    display = ImageGridDisplay.from_arrays(X, Y, image_shape=(3, 25), n_per_class=1)
    assert [picture.shape for picture in shown(display)] == [(3, 25)] * 3
    left, right, bottom, top = display.images_[0].get_extent()
    assert (bottom - top) / (right - left) == pytest.approx(3 / 25)


# ---------------------------------------------------------------------------------- images by class


def test_a_column_for_each_class():
    display = ImageGridDisplay.from_arrays(X, Y, n_per_class=4, class_names=NAMES)
    assert heads(display) == NAMES
    assert len(display.images_) == 12
    for i, image in enumerate(display.images_):  # the first four of each class, in order
        np.testing.assert_array_equal(image.get_array(), IMAGES[i])
    lefts = [place(image)[0] for image in display.images_]
    tops = [place(image)[1] for image in display.images_]
    assert lefts == [lefts[0], lefts[1], lefts[2]] * 4
    assert sorted(set(lefts)) == lefts[:3]
    assert tops == sorted(tops)
    assert len(set(tops)) == 4


def test_classes_of_different_sizes():
    display = ImageGridDisplay.from_arrays(X[:4], [0, 0, 0, 1])
    assert len(display.images_) == 4
    assert [place(image)[1] for image in display.images_][::3] == [place(display.images_[0])[1]] * 2


def test_labels_of_any_type():
    display = ImageGridDisplay.from_arrays(X, np.array(NAMES)[Y])
    assert heads(display) == NAMES
    assert heads(ImageGridDisplay.from_arrays(X, Y + 5)) == ["5", "6", "7"]


def test_names_of_classes_that_do_not_occur():
    names = ["a", "b", "c", "d"]
    assert heads(ImageGridDisplay.from_arrays(X[:2], [3, 1], class_names=names)) == ["b", "d"]


@pytest.mark.parametrize(
    ("y", "names"),
    [(Y, ["a", "b"]), (Y, []), (Y - 1, list("abcd")), (np.array(NAMES)[Y], ["a", "b"])],
)
def test_refuses_too_few_names(y, names):
    with pytest.raises(ValueError, match=f"class_names has {len(names)} entries for the 3 classes"):
        ImageGridDisplay.from_arrays(X, y, class_names=names)


@pytest.mark.parametrize("number", [0, -1, 2.5, "all"])
def test_refuses_senseless_numbers(number):
    with pytest.raises(ValueError, match="n_per_class"):
        ImageGridDisplay.from_arrays(X, Y, n_per_class=number)
    with pytest.raises(ValueError, match="n_per_class"):
        MisclassifiedDisplay.from_predictions(Y, Y, images=X, n_per_class=number)


def test_names_that_do_not_fit_stand_upright():
    names = ["a rather long name", "another long name", "no shorter one"]
    narrow = Figure(figsize=(2, 3)).subplots()
    display = ImageGridDisplay.from_arrays(X, Y, class_names=names, ax=narrow)
    assert {label.get_rotation() for label in display.ax_.get_xticklabels()} == {90}
    display = ImageGridDisplay.from_arrays(X, Y, class_names=NAMES)
    assert {label.get_rotation() for label in display.ax_.get_xticklabels()} == {0}


def test_style_of_images_and_names():
    grey = IMAGES[..., 0]
    display = ImageGridDisplay.from_arrays(grey, Y, im_kw={"cmap": "magma"}, text_kw={"c": "red"})
    assert display.images_[0].get_cmap().name == "magma"
    assert display.ax_.get_xticklabels()[0].get_color() == "red"


# ------------------------------------------------------------------------------------ misclassified


def test_misclassified_by_predicted_class():
    y_pred = Y.copy()
    y_pred[[0, 3, 7]] = 2, 2, 0
    display = MisclassifiedDisplay.from_predictions(Y, y_pred, images=X, class_names=NAMES)
    assert heads(display) == NAMES
    assert texts(display) == ["cat", "cat", "dog"]
    for image, index in zip(display.images_, [0, 3, 7], strict=True):
        np.testing.assert_array_equal(image.get_array(), IMAGES[index])
    places = [place(image) for image in display.images_]
    assert places[0][0] == places[1][0] > places[2][0]  # frog, frog, cat
    assert places[0][1] == places[2][1] < places[1][1]


def test_misclassified_first_of_each():
    display = MisclassifiedDisplay.from_predictions(Y, (Y + 1) % 3, images=X, n_per_class=2)
    assert len(display.images_) == 6
    assert texts(display) == ["0", "1", "2"] * 2


def test_misclassified_of_an_estimator():
    softmax = SoftmaxClassifier(max_iter=2, random_state=0).fit(X, Y)
    y = np.roll(Y, 1)
    display = MisclassifiedDisplay.from_estimator(softmax, X, y, n_per_class=30)
    assert len(display.images_) == (softmax.predict(X) != y).sum() > 0


def test_misclassified_from_features():
    features = HOG().fit_transform(IMAGES)
    softmax = SoftmaxClassifier(max_iter=2, random_state=0).fit(features, Y)
    display = MisclassifiedDisplay.from_estimator(softmax, features, np.roll(Y, 1), images=IMAGES)
    assert shown(display)[0].shape == (5, 5, 3)


def test_nothing_misclassified():
    display = MisclassifiedDisplay.from_predictions(Y, Y, images=X, class_names=NAMES)
    assert display.images_ == []
    assert heads(display) == NAMES
    assert [text.get_text() for text in display.ax_.texts] == ["no image is misclassified"]


def test_misclassified_refuses_labels_of_two_kinds():
    with pytest.raises(ValueError, match="Mix of label input types"):
        MisclassifiedDisplay.from_predictions(Y, np.array(NAMES)[Y], images=X)


def test_captions_fit_their_tiles():
    """At the size of a notebook, no word is as wide as two tiles."""
    display = MisclassifiedDisplay.from_predictions(
        Y, (Y + 1) % 3, images=X, class_names=["automobile", "airplane", "truck"]
    )
    display.figure_.canvas.draw()
    boxes = [text.get_window_extent() for text in display.texts_]
    for i, box in enumerate(boxes):
        assert not any(box.overlaps(other) for other in boxes[i + 1 :])


# ---------------------------------------------------------------------------------------- templates


def softmax_on(*steps):
    softmax = SoftmaxClassifier(max_iter=3, random_state=0)
    return make_pipeline(*steps, softmax) if steps else softmax


def test_templates_of_a_linear_classifier():
    softmax = softmax_on().fit(X, Y)
    display = WeightTemplatesDisplay.from_estimator(softmax, class_names=NAMES)
    assert texts(display) == NAMES
    for picture, weights in zip(shown(display), softmax.coef_, strict=True):
        largest = np.abs(weights).max()
        expected = (0.5 + weights / (2 * largest)).reshape(5, 5, 3)
        np.testing.assert_allclose(picture, expected, rtol=1e-5)  # the weights are in float32
    assert texts(WeightTemplatesDisplay.from_estimator(softmax)) == ["0", "1", "2"]


def test_templates_without_weights_are_grey():
    display = WeightTemplatesDisplay(np.zeros((1, 4))).plot()
    assert np.all(shown(display)[0] == 0.5)


@pytest.mark.parametrize(
    "steps",
    [
        (StandardScaler(),),
        (MinMaxScaler(),),
        (MeanSubtraction(), BiasTrick()),
        (Whitening(n_components=9),),
        (StandardScaler(), PCA(7)),
    ],
    ids=str,
)
def test_templates_see_through_affine_steps(steps):
    """They are the gradients of the scores with respect to the original pixels."""
    pipeline = softmax_on(*steps).fit(X.astype(float), Y)
    display = WeightTemplatesDisplay.from_estimator(pipeline)
    rows = RNG.uniform(0, 255, (2, 75))
    scores = pipeline.decision_function(rows)
    weights = display.templates.reshape(3, 75)
    np.testing.assert_allclose(
        (rows[1] - rows[0]) @ weights.T, scores[1] - scores[0], rtol=1e-6, atol=1e-8
    )


def test_templates_see_through_steps_fitted_on_a_frame():
    frame = pd.DataFrame(X).add_prefix("pixel")
    WeightTemplatesDisplay.from_estimator(softmax_on(StandardScaler()).fit(frame, Y))


@pytest.mark.parametrize("step", [Normalizer(), HOG()], ids=str)
def test_templates_of_other_features_are_no_images(step):
    pipeline = softmax_on(step).fit(X, Y)
    with pytest.raises(ValueError, match="before the last one of estimator are not affine"):
        WeightTemplatesDisplay.from_estimator(pipeline)


def test_templates_refuse_weights_that_are_no_image():
    softmax = softmax_on().fit(X[:, :70], Y)
    with pytest.raises(ValueError, match="weights of estimator has rows of 70 values"):
        WeightTemplatesDisplay.from_estimator(softmax)
    display = WeightTemplatesDisplay.from_estimator(softmax, image_shape=(7, 10))
    assert shown(display)[0].shape == (7, 10)


def test_templates_of_two_classes():
    two = Y < 2
    svm = LinearSVM(max_iter=2, random_state=0).fit(X[two], Y[two])
    assert texts(WeightTemplatesDisplay.from_estimator(svm, class_names=NAMES[:2])) == NAMES[:2]
    logistic = LogisticRegression(max_iter=2000).fit(X[two] / 255, Y[two])  # one row of weights
    display = WeightTemplatesDisplay.from_estimator(logistic, class_names=NAMES[:2])
    assert texts(display) == ["dog (not cat)"]


def test_filters_of_a_network():
    mlp = MLPClassifier((6, 4), max_iter=2, random_state=0).fit(X, Y)
    display = WeightTemplatesDisplay.from_estimator(mlp)
    assert len(display.images_) == 6
    assert display.texts_ == []
    np.testing.assert_array_equal(display.templates[3].ravel(), mlp.coefs_[0][:, 3])
    strongest = np.argsort(np.linalg.norm(mlp.coefs_[0], axis=0))[-2:]
    display = WeightTemplatesDisplay.from_estimator(mlp, max_units=2)
    np.testing.assert_array_equal(display.templates.reshape(2, 75).T,
                                  mlp.coefs_[0][:, np.sort(strongest)])  # fmt: skip


def test_templates_in_so_many_columns():
    display = WeightTemplatesDisplay(np.eye(4), names=np.arange(4)).plot(n_cols=2)
    assert texts(display) == ["0", "1", "2", "3"]
    places = [place(image) for image in display.images_]
    assert places[0][0] == places[2][0] < places[1][0]
    assert places[0][1] == places[1][1] < places[2][1]


@pytest.mark.parametrize(
    ("display", "options", "message"),
    [
        (WeightTemplatesDisplay(np.eye(4), names=["a"]), {}, "names has 1 entries for 4 templates"),
        (WeightTemplatesDisplay(np.eye(4)), {"n_cols": 0}, "n_cols"),
        (WeightTemplatesDisplay(np.eye(4) * np.nan), {}, "templates contains NaN"),
    ],
)
def test_templates_refuse_nonsense(display, options, message):
    with pytest.raises(ValueError, match=message):
        display.plot(**options)
    assert plt.get_fignums() == []


# --------------------------------------------------------------------------------------------- HOG


def image_of_an_edge(angle):
    """Bright below a line through the middle that rises by `angle` degrees to the right."""
    y, x = np.mgrid[:16, :16] - 7.5
    turned = np.radians(angle)
    return 1 / (1 + np.exp(-(x * np.sin(turned) + y * np.cos(turned))))


@pytest.mark.parametrize("angle", [10, 50, 90, 130, 170])
def test_glyphs_lie_along_the_edge(angle):
    image = image_of_an_edge(angle)
    hog = HOG(pixels_per_cell=(16, 16), orientations=18).fit(image[np.newaxis])
    lines = HOGDisplay.from_estimator(hog, image).lines_
    (x0, y0), (x1, y1) = lines.get_segments()[np.argmax(lines.get_alpha())]
    drawn = np.degrees(np.arctan2(-(y1 - y0), x1 - x0)) % 180  # y points down
    assert min(abs(drawn - angle), 180 - abs(drawn - angle)) <= 10


def test_glyphs_are_those_of_the_cells():
    hog = HOG(pixels_per_cell=(2, 2), orientations=4).fit(IMAGES)
    display = HOGDisplay.from_estimator(hog, IMAGES[3])
    raw = HOG(pixels_per_cell=(2, 2), orientations=4, block_norm=None).fit_transform(IMAGES[3:4])
    strength = display.lines_.get_alpha()
    np.testing.assert_allclose(strength, raw.ravel() / raw.max(), rtol=1e-6)
    middles = np.mean(display.lines_.get_segments(), axis=1).reshape(2, 2, 4, 2)
    np.testing.assert_allclose(middles[0, 1], [[3, 1]] * 4)  # x, y
    np.testing.assert_array_equal(display.image_.get_array(), IMAGES[3])


def test_signed_glyphs_begin_in_the_middle():
    hog = HOG(pixels_per_cell=(5, 5), signed=True).fit(IMAGES)
    segments = HOGDisplay.from_estimator(hog, IMAGES[0]).lines_.get_segments()
    np.testing.assert_allclose([segment[0] for segment in segments], 2.5)


def test_glyphs_of_a_row_and_of_nothing():
    hog = HOG(pixels_per_cell=(2, 2)).fit(X)
    assert HOGDisplay.from_estimator(hog, X[0]).image_.get_array().shape == (5, 5, 3)
    flat = HOGDisplay.from_estimator(hog, np.zeros(75, dtype=np.uint8))
    assert np.all(flat.lines_.get_alpha() == 0)


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (IMAGES[0, :4], r"image_shape=\(5, 5, 3\), but image holds images of shape \(4, 5, 3\)"),
        (X[0, :74], "image has 74"),
        (X[0] * np.nan, "image contains NaN"),
    ],
)
def test_glyphs_refuse_other_images(image, message):
    with pytest.raises(ValueError, match=message):
        HOGDisplay.from_estimator(HOG().fit(IMAGES), image)
    with pytest.raises(ValueError, match="histograms must be"):
        HOGDisplay(IMAGES[0], np.zeros((2, 2))).plot()


# --------------------------------------------------------------------------------------------- maps


def test_map_by_pixel_distance():
    display = ImageMapDisplay.from_arrays(X)
    expected = PCA(2).fit_transform(X.astype(float))
    assert display.ax_.get_xlabel().startswith("principal component 1 (")
    np.testing.assert_allclose(np.abs(np.corrcoef(display.positions_[:, 0], expected[:, 0])), 1)
    for image, position in zip(display.images_, display.positions_, strict=True):
        left, right, bottom, top = image.get_extent()
        np.testing.assert_allclose([(left + right) / 2, (bottom + top) / 2], position)
        assert top > bottom


def test_map_keeps_proportions():
    """Distances on the map are those of the embedding, up to one factor."""
    embedding = RNG.normal(size=(30, 2)) * [3, 1]
    display = ImageMapDisplay.from_arrays(X, embedding=embedding)
    ratios = np.diff(display.positions_, axis=0) / np.diff(embedding, axis=0)
    np.testing.assert_allclose(ratios, ratios[0, 0])
    assert display.ax_.get_xlabel() == ""


def test_map_by_tsne():
    display = ImageMapDisplay.from_arrays(X[:9], method="tsne", random_state=0)
    assert np.linalg.matrix_rank(display.positions_ - 0.5) == 2
    assert display.axis_names is None


@pytest.mark.parametrize("n", [5, 25, 30])
def test_snapped_images_do_not_overlap(n):
    display = ImageMapDisplay.from_arrays(X[:n], snap=True)
    distances = np.abs(display.positions_[:, np.newaxis] - display.positions_).max(axis=2)
    left, right, _, _ = display.images_[0].get_extent()
    assert distances[~np.eye(n, dtype=bool)].min() > right - left


def test_snapped_grid_stays_a_grid():
    grid = np.stack(np.meshgrid(np.arange(5), np.arange(5)), axis=-1).reshape(-1, 2)
    display = ImageMapDisplay(X[:25], grid).plot(snap=True)
    np.testing.assert_allclose(display.positions_, (grid + 0.5) / 5)


def test_map_of_an_estimator():
    pca = PCA(3).fit(X)
    display = ImageMapDisplay.from_estimator(pca, IMAGES)
    np.testing.assert_array_equal(display.embedding, pca.transform(X)[:, :2])
    digits = load_digits().data[:40]
    spectral = SpectralEmbedding(n_neighbors=9, random_state=0).fit(digits)  # has no transform
    display = ImageMapDisplay.from_estimator(spectral, digits)
    np.testing.assert_array_equal(display.embedding, spectral.embedding_)
    features = HOG().fit_transform(IMAGES)
    display = ImageMapDisplay.from_estimator(PCA(2).fit(features), features, images=IMAGES)
    assert shown(display)[0].shape == (5, 5, 3)


def test_map_of_equal_images():
    ImageMapDisplay.from_arrays(X[[0, 0, 0]], embedding=np.zeros((3, 2))).plot(snap=True)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"method": "umap"}, "method"),
        ({"embedding": np.zeros((30, 3))}, "embedding must have 2 columns; got 3"),
        ({"embedding": np.zeros((29, 2))}, "as many entries of each"),
        ({"embedding": np.full((30, 2), np.inf)}, "embedding contains infinity"),
        ({"image_size": 2.0}, "image_size"),
        ({"random_state": "x"}, "random_state"),
    ],
)
def test_map_refuses_nonsense(options, message):
    with pytest.raises(ValueError, match=message):
        ImageMapDisplay.from_arrays(X, **options)
    assert plt.get_fignums() == []


def test_map_needs_three_images():
    with pytest.raises(ValueError, match="X holds 2 images; a map needs at least 3"):
        ImageMapDisplay.from_arrays(X[:2])
