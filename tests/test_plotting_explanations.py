"""Displays that explain predictions: occlusion, neighbours, weights on HOG."""

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest
from PIL import Image
from sklearn.calibration import CalibratedClassifierCV
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.model_selection import (
    FixedThresholdClassifier,
    GridSearchCV,
    TunedThresholdClassifierCV,
)
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

from sk231n import (
    HOG,
    ConvNetClassifier,
    Flatten,
    HSVHistogram,
    ImageReader,
    KNNClassifier,
    LinearSVM,
    MLPClassifier,
    SoftmaxClassifier,
    Whitening,
)
from sk231n.plotting import (
    ActivationHistogramDisplay,
    DistanceMatrixDisplay,
    FilterDisplay,
    HOGDisplay,
    HOGWeightsDisplay,
    LearningCurvesDisplay,
    LossLandscapeDisplay,
    MisclassifiedDisplay,
    NeighborsDisplay,
    OcclusionDisplay,
    WeightTemplatesDisplay,
)

RNG = np.random.RandomState(0)


@pytest.fixture(autouse=True)
def agg():
    plt.switch_backend("agg")


class Brightness:
    """A classifier whose score is the mean of four pixels."""

    classes_ = np.array(["dark", "bright"])

    def __init__(self):
        self.fitted_ = True
        self.batches = []

    def fit(self, X, y=None):
        return self

    def __sklearn_tags__(self):
        return LogisticRegression().__sklearn_tags__()

    def decision_function(self, X):
        self.batches.append(len(X))
        return X[:, 2:4, 4:6].reshape(len(X), -1).mean(axis=1) - 100.0


class TestOcclusion:
    image = RNG.randint(128, 256, (8, 12), dtype=np.uint8)

    def test_scores_of_all_windows(self):
        """Each window covered by hand."""
        model = Brightness()
        display = OcclusionDisplay.from_estimator(
            model, self.image, window=(2, 3), stride=(2, 3), label="bright"
        )
        assert display.scores.shape == (4, 4)
        assert (list(display.top), list(display.left)) == ([0, 2, 4, 6], [0, 3, 6, 9])
        for row, i in enumerate(display.top):
            for column, j in enumerate(display.left):
                covered = self.image.copy()
                covered[i : i + 2, j : j + 3] = 127
                expected = Brightness().decision_function(covered[None])[0]
                assert display.scores[row, column] == pytest.approx(expected)
        assert display.score == pytest.approx(Brightness().decision_function(self.image[None])[0])
        assert display.ax_.get_title() == f"bright: {display.score:.3g}"

    def test_importance_is_the_mean_fall_over_the_windows(self):
        display = OcclusionDisplay.from_estimator(Brightness(), self.image, window=3, stride=1)
        falls = display.score - display.scores
        for i, j in ((0, 0), (2, 4), (7, 11), (5, 3)):
            over = [
                falls[a, b]
                for a in range(max(0, i - 2), min(i, 5) + 1)
                for b in range(max(0, j - 2), min(j, 9) + 1)
            ]
            assert display.importance_[i, j] == pytest.approx(np.mean(over))
        assert np.unravel_index(display.importance_.argmax(), (8, 12))[0] in (2, 3)
        assert np.array_equal(display.overlay_.get_array(), display.importance_)

    def test_the_last_windows_end_with_the_image(self):
        display = OcclusionDisplay.from_estimator(Brightness(), self.image, window=3, stride=4)
        assert (list(display.top), list(display.left)) == ([0, 4, 5], [0, 4, 8, 9])

    @pytest.mark.parametrize(
        ("cover", "expected"),
        [("gray", 127), ("mean", lambda image: np.rint(image.mean()))],
    )
    def test_covers(self, cover, expected):
        seen = []

        class Looking(Brightness):
            def decision_function(self, X):
                seen.append(X.copy())
                return super().decision_function(X)

        OcclusionDisplay.from_estimator(Looking(), self.image, window=2, stride=2, cover=cover)
        expected = expected(self.image) if callable(expected) else expected
        assert (seen[1][0, :2, :2] == expected).all()
        assert np.array_equal(seen[1][0, 2:], self.image[2:])
        assert seen[1].dtype == np.uint8

    def test_blur_takes_away_form_and_leaves_colour(self):
        seen = []

        class Looking(Brightness):
            def decision_function(self, X):
                seen.append(X.copy())
                return super().decision_function(X)

        image = RNG.randint(0, 256, (16, 16, 3), dtype=np.uint8)
        OcclusionDisplay.from_estimator(Looking(), image, window=16, cover="blur")
        blurred = seen[1][0]
        assert blurred.std() < image.std() / 3
        assert np.abs(blurred.mean(axis=(0, 1)) - image.mean(axis=(0, 1))).max() < 10

    @pytest.mark.parametrize("largest", [1.0, 255.0])
    def test_grey_of_floats(self, largest):
        seen = []

        class Looking(Brightness):
            def decision_function(self, X):
                seen.append(X.copy())
                return super().decision_function(X)

        image = self.image / 255 * largest
        OcclusionDisplay.from_estimator(Looking(), image, window=2, stride=2)
        assert seen[1][0, 0, 0] == largest / 2

    def test_windows_are_scored_in_batches(self, monkeypatch):
        from sk231n.plotting import _occlusion

        monkeypatch.setattr(_occlusion, "_AT_ONCE", 10 * self.image.size)
        model, whole = Brightness(), Brightness()
        display = OcclusionDisplay.from_estimator(model, self.image, window=2, stride=1)
        assert max(model.batches) == 10
        monkeypatch.undo()
        again = OcclusionDisplay.from_estimator(whole, self.image, window=2, stride=1)
        assert whole.batches == [1, 77]
        assert np.array_equal(display.scores, again.scores)

    def test_rows_and_probabilities(self):
        images = RNG.randint(0, 256, (60, 6, 6), dtype=np.uint8)
        y = (images[:, :3].mean(axis=(1, 2)) > 127).astype(int)
        rows = images.reshape(60, 36)
        model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=500)).fit(rows, y)
        display = OcclusionDisplay.from_estimator(model, rows[0], image_shape=(6, 6))
        assert 0 <= display.scores.min() <= display.scores.max() <= 1
        ours = make_pipeline(Flatten(), StandardScaler(), LogisticRegression(max_iter=500))
        same = OcclusionDisplay.from_estimator(ours.fit(images, y), images[0])
        assert np.allclose(display.scores, same.scores)

    def test_pictures_that_a_pipeline_reads(self, tmp_path):
        images = RNG.randint(0, 256, (20, 40, 50, 3), dtype=np.uint8)
        y = np.arange(20) % 2
        path = str(tmp_path / "a.png")
        Image.fromarray(images[0]).save(path)
        model = make_pipeline(ImageReader(16), HOG(), SoftmaxClassifier(max_iter=3)).fit(images, y)
        search = GridSearchCV(model, {"imagereader__size": [16]}, cv=2).fit(images, y)
        displays = [
            OcclusionDisplay.from_estimator(estimator, image)
            for estimator in (model, search)
            for image in (path, Path(path), Path(path).read_bytes(), images[0])
        ]
        assert {np.shape(display.image) for display in displays} == {(16, 16, 3)}
        for k in (0, 4):
            for display in displays[k + 1 : k + 4]:
                assert np.array_equal(displays[k].scores, display.scores)

    @pytest.mark.parametrize(
        ("arguments", "fault"),
        [
            ({"window": 9}, r"window=\(9, 9\) does not fit into the image of 8 x 12 pixels"),
            ({"window": 0}, "window"),
            ({"stride": (1, 0)}, "stride must be"),
            ({"cover": "black"}, "cover"),
            ({"label": "blue"}, r"label='blue' is none of the classes"),
            ({"image_shape": (4, 4)}, r"image_shape=\(4, 4\), but image has the shape \(8, 12\)"),
        ],
        ids=str,
    )
    def test_arguments(self, arguments, fault):
        with pytest.raises(ValueError, match=fault):
            OcclusionDisplay.from_estimator(Brightness(), self.image, **arguments)

    def test_what_gives_no_scores(self):
        model = LinearRegression().fit(np.ones((3, 4)), np.ones(3))
        with pytest.raises(TypeError, match="LinearRegression has neither predict_proba nor"):
            OcclusionDisplay.from_estimator(model, np.ones(4), image_shape=(2, 2))
        with pytest.raises(ValueError, match=r"image is a row of 4 values; pass image_shape"):
            OcclusionDisplay.from_estimator(model, np.ones(4))


class TestNeighbors:
    X = RNG.randint(0, 256, (30, 6, 6, 3), dtype=np.uint8)
    y = np.array(["cat", "dog", "frog"])[np.arange(30) % 3]

    def test_neighbours_in_their_order(self):
        knn = KNNClassifier(4).fit(self.X[:25], self.y[:25])
        display = NeighborsDisplay.from_estimator(knn, self.X[25:], self.y[25:])
        indices = knn.kneighbors(self.X[25:], return_distance=False)
        assert np.array_equal(display.neighbors, self.X[indices])
        assert np.array_equal(display.y_neighbors, self.y[indices])
        shown = [np.asarray(image.get_array()) for image in display.images_]
        assert np.array_equal(shown[0], self.X[25])
        assert np.array_equal(shown[7], self.X[indices[1, 1]])
        predicted = knn.predict(self.X[25:])
        for row, (label, guess) in enumerate(zip(self.y[25:], predicted, strict=True)):
            text = f"{label} ✓" if label == guess else f"{label} → {guess}"
            assert display.texts_[5 * row].get_text() == text
        assert len(display.frames_) == 20

    def test_without_labels_the_prediction_counts(self):
        knn = KNNClassifier(3).fit(self.X[:25], self.y[:25])
        display = NeighborsDisplay.from_estimator(knn, self.X[25:27], class_names=["a", "b", "c"])
        names = dict(zip(["cat", "dog", "frog"], "abc", strict=True))
        assert display.texts_[0].get_text() == names[knn.predict(self.X[25:26])[0]]

    def test_samples_without_a_vote_are_no_neighbours(self):
        weights = np.ones(25)
        weights[::2] = 0
        knn = KNNClassifier(3).fit(self.X[:25], self.y[:25], sample_weight=weights)
        display = NeighborsDisplay.from_estimator(knn, self.X[25:])
        indices = knn.kneighbors(self.X[25:], return_distance=False)
        assert np.array_equal(display.y_neighbors, self.y[indices])

    def test_features_need_the_images(self):
        model = make_pipeline(HOG(pixels_per_cell=(3, 3)), KNNClassifier(3))
        model.fit(self.X[:25], self.y[:25])
        with pytest.raises(ValueError, match="training_images=None, but estimator searches among"):
            NeighborsDisplay.from_estimator(model, self.X[25:])
        with pytest.raises(ValueError, match="training_images has 24, fit has 25"):
            NeighborsDisplay.from_estimator(model, self.X[25:], training_images=self.X[:24])
        display = NeighborsDisplay.from_estimator(model, self.X[25:], training_images=self.X[:25])
        indices = model[-1].kneighbors(model[0].transform(self.X[25:]), return_distance=False)
        assert np.array_equal(display.neighbors, self.X[indices])

    def test_rows_pipelines_and_searches(self):
        rows = self.X.reshape(30, -1)
        knn = KNNClassifier(2).fit(rows[:25], self.y[:25])
        expected = NeighborsDisplay.from_estimator(knn, rows[25:]).neighbors
        assert expected.shape == (5, 2, 6, 6, 3)
        reader = make_pipeline(ImageReader(6), KNNClassifier(2)).fit(self.X[:25], self.y[:25])
        search = GridSearchCV(reader, {"knnclassifier__n_neighbors": [2]}, cv=2)
        search.fit(self.X[:25], self.y[:25])
        for model in (reader, search):
            display = NeighborsDisplay.from_estimator(model, list(self.X[25:]))
            assert np.array_equal(display.neighbors, expected)

    def test_queries_and_neighbours_have_one_scale(self):
        """Images that are no bytes are rescaled, all by the same numbers."""
        display = NeighborsDisplay(
            np.full((1, 2, 2), 30.0), np.full((1, 1, 2, 2), 90.0) * [[1, 1], [0, 1]], [0], [[0]]
        ).plot()
        query, neighbor = (np.asarray(image.get_array()) for image in display.images_)
        assert query == pytest.approx(1 / 3)
        assert (neighbor.min(), neighbor.max()) == (0, 1)
        with pytest.raises(ValueError, match=r"queries are images of shape \(2, 2\), .*\(3, 3\)"):
            NeighborsDisplay(np.ones((1, 2, 2)), np.ones((1, 1, 3, 3)), [0], [[0]]).plot()

    def test_what_searches_no_neighbours(self):
        model = SoftmaxClassifier(max_iter=2).fit(self.X, self.y)
        with pytest.raises(TypeError, match="estimator=SoftmaxClassifier; expected KNNClassifier"):
            NeighborsDisplay.from_estimator(model, self.X)


class TestHOGWeights:
    X = RNG.randint(0, 256, (60, 12, 16), dtype=np.uint8)
    y = np.arange(60) % 3

    def hog(self, **arguments):
        return HOG(pixels_per_cell=(4, 4), orientations=6, **arguments)

    @pytest.mark.parametrize("color", ["max", "each"])
    def test_blocks_are_added_up(self, color):
        images = np.stack([self.X] * 3, axis=3) if color == "each" else self.X
        model = make_pipeline(self.hog(color=color), LinearSVM(max_iter=5)).fit(images, self.y)
        display = HOGWeightsDisplay.from_estimator(model)
        assert display.weights.shape == (3, 3, 4, 6)
        by_hand = np.zeros((3, 3, 4, 6))
        features = model[-1].coef_
        shape = (3, -1, 2, 3, 2, 2, 6)  # blocks, cells of a block, orientations
        for block_row in range(2):
            for block_column in range(3):
                for i in range(2):
                    for j in range(2):
                        part = features.reshape(shape)[:, :, block_row, block_column, i, j].sum(1)
                        by_hand[:, block_row + i, block_column + j] += part
        assert np.allclose(display.weights, by_hand)

    def test_cells_without_blocks(self):
        model = make_pipeline(self.hog(block_norm=None), LinearSVC()).fit(self.X, self.y)
        display = HOGWeightsDisplay.from_estimator(model, class_names=["a", "b", "c"])
        assert np.allclose(display.weights, model[-1].coef_.reshape(3, 3, 4, 6))
        assert [text.get_text() for text in display.texts_] == ["a", "b", "c"]

    def test_scalers_are_folded_and_unions_are_searched(self):
        union = make_union(HSVHistogram(), self.hog(block_norm=None))
        images = np.stack([self.X] * 3, axis=3)
        model = make_pipeline(union, StandardScaler(), SoftmaxClassifier(max_iter=5))
        search = GridSearchCV(model, {"softmaxclassifier__alpha": [1e-3]}, cv=2)
        search.fit(images, self.y)
        best = search.best_estimator_
        display = HOGWeightsDisplay.from_estimator(search)
        expected = best[-1].coef_[:, 10:] / best[1].scale_[10:]
        assert np.allclose(display.weights, expected.reshape(3, 3, 4, 6))

    def test_two_classes(self):
        model = make_pipeline(self.hog(), LinearSVC()).fit(self.X, self.y == 1)
        display = HOGWeightsDisplay.from_estimator(model)
        assert [text.get_text() for text in display.texts_] == ["True (not False)"]

    def test_positive_above_negative(self):
        weights = np.zeros((1, 1, 1, 2))
        weights[0, 0, 0] = 2, -1
        display = HOGWeightsDisplay(weights).plot()
        positive, negative = (lines.get_alpha() for lines in display.lines_)
        assert (list(positive), list(negative)) == ([1, 0], [0, 0.5])

    @pytest.mark.parametrize(
        "model",
        [
            SoftmaxClassifier(max_iter=2),
            make_pipeline(StandardScaler(), SoftmaxClassifier(max_iter=2)),
            make_pipeline(HOG(pixels_per_cell=(4, 4)), Whitening(), SoftmaxClassifier(max_iter=2)),
            make_pipeline(HOG(pixels_per_cell=(4, 4)), KNNClassifier(1)),
        ],
        ids=["no pipeline", "no HOG", "another step", "no weights"],
    )
    def test_what_is_no_linear_model_on_hog(self, model):
        X = self.X if "HOG" in repr(model) else self.X.reshape(60, -1)
        with pytest.raises(TypeError, match="expected a pipeline of HOG"):
            HOGWeightsDisplay.from_estimator(model.fit(X, self.y))

    @pytest.mark.parametrize("weights", [np.ones((2, 3, 4)), np.full((1, 1, 1, 1), np.nan)])
    def test_weights_of_the_wrong_kind(self, weights):
        with pytest.raises(ValueError, match="weights must be finite numbers of shape"):
            HOGWeightsDisplay(weights).plot()


class TestPipelines:
    """Other displays find their step, too."""

    X = RNG.randint(0, 256, (24, 20, 16, 3), dtype=np.uint8)
    y = np.arange(24) % 3

    def test_hog_in_pipelines_unions_and_searches(self, tmp_path):
        path = tmp_path / "a.png"
        Image.fromarray(self.X[0]).save(path)
        alone = HOGDisplay.from_estimator(HOG().fit(self.X), self.X[0])
        model = make_pipeline(
            ImageReader((20, 16)), make_union(HSVHistogram(), HOG()), SoftmaxClassifier(max_iter=2)
        ).fit(self.X, self.y)
        search = GridSearchCV(model, {"softmaxclassifier__alpha": [1e-3]}, cv=2)
        search.fit(self.X, self.y)
        for estimator in (model, search):
            for image in (self.X[0], str(path), path):
                display = HOGDisplay.from_estimator(estimator, image)
                assert np.array_equal(display.histograms, alone.histograms)
        with pytest.raises(TypeError, match="expected HOG, or a pipeline with it"):
            HOGDisplay.from_estimator(Flatten().fit(self.X), self.X[0])

    def test_misclassified_files(self, tmp_path):
        paths = [str(tmp_path / f"{k}.png") for k in range(24)]
        for path, image in zip(paths, self.X, strict=True):
            Image.fromarray(image).save(path)
        model = make_pipeline(ImageReader((20, 16)), SoftmaxClassifier(max_iter=2))
        model.fit(paths, self.y)
        y = np.roll(self.y, 1)
        by_path = MisclassifiedDisplay.from_estimator(model, paths, y)
        by_image = MisclassifiedDisplay.from_estimator(model, self.X, y)
        assert np.array_equal(by_path.images, by_image.images)
        assert len(by_path.images_) > 5

    @pytest.mark.parametrize("around", [
        lambda model: CalibratedClassifierCV(model, method="temperature", cv=3),
        lambda model: CalibratedClassifierCV(model, method="sigmoid", ensemble=False, cv=3),
        lambda model: CalibratedClassifierCV(FrozenEstimator(model)),
        lambda model: GridSearchCV(CalibratedClassifierCV(model, cv=2), {}, cv=2),
        lambda model: CalibratedClassifierCV(GridSearchCV(model, {}, cv=2), cv=2),
        lambda model: FixedThresholdClassifier(model, threshold=0.6),
        lambda model: TunedThresholdClassifierCV(model, cv=2),
    ])  # fmt: skip
    def test_files_of_models_around_a_reader(self, around, tmp_path):
        paths = [str(tmp_path / f"{k}.png") for k in range(24)]
        for path, image in zip(paths, self.X, strict=True):
            Image.fromarray(image).save(path)
        y = self.y > 0
        model = make_pipeline(
            ImageReader(10), HOG(pixels_per_cell=(5, 5)), SoftmaxClassifier(max_iter=2)
        )
        model = around(model.fit(paths, y)).fit(paths, y)
        display = OcclusionDisplay.from_estimator(model, paths[0], label=True, stride=4)
        images = ImageReader(10).transform(paths)
        assert np.array_equal(display.image, images[0])
        assert np.isclose(display.score, model.predict_proba(paths[:1])[0, 1])
        y_pred = model.predict(paths)
        wrong = MisclassifiedDisplay.from_estimator(model, paths, ~y_pred, n_per_class=24)
        assert sorted(wrong.y_pred) == sorted(y_pred)

    def test_templates_of_what_a_reader_makes(self):
        steps = Flatten(), StandardScaler(), SoftmaxClassifier(max_iter=2, random_state=0)
        stack = ImageReader((5, 4)).transform(self.X)
        plain = make_pipeline(*steps).fit(stack, self.y)
        expected = WeightTemplatesDisplay.from_estimator(plain, image_shape=(5, 4, 3)).templates
        model = make_pipeline(ImageReader((5, 4)), *steps).fit(self.X, self.y)
        search = GridSearchCV(model, {"softmaxclassifier__alpha": [1e-3]}, cv=2)
        for estimator in (model, search.fit(self.X, self.y)):
            templates = WeightTemplatesDisplay.from_estimator(estimator).templates
            assert np.allclose(templates, expected)

    def test_displays_of_the_last_step(self):
        """They show the same as for the last step alone, and the data as it sees them."""
        X = list(self.X)
        network = MLPClassifier((4,), max_iter=2, random_state=0)
        model = make_pipeline(ImageReader(5), HOG(pixels_per_cell=(2, 2)), network)
        search = GridSearchCV(model, {"mlpclassifier__alpha": [1e-3]}, cv=2).fit(X, self.y)
        features = search.best_estimator_[:-1].transform(X)
        last = search.best_estimator_[-1]
        for estimator in (search, search.best_estimator_):
            shown = ActivationHistogramDisplay.from_estimator(estimator, X)
            alone = ActivationHistogramDisplay.from_estimator(last, features)
            assert np.array_equal(shown.activations[0], alone.activations[0])
            shown = LossLandscapeDisplay.from_estimator(
                estimator, X, self.y, n_directions=1, n_points=3, random_state=0
            )
            alone = LossLandscapeDisplay.from_estimator(
                last, features, self.y, n_directions=1, n_points=3, random_state=0
            )
            assert np.array_equal(shown.losses, alone.losses)
            LearningCurvesDisplay.from_estimator(estimator)
        knn = make_pipeline(ImageReader(5), KNNClassifier(2)).fit(X, self.y)
        search = GridSearchCV(knn, {"knnclassifier__n_neighbors": [2]}, cv=2).fit(X, self.y)
        stack = ImageReader(5).transform(X)
        expected = DistanceMatrixDisplay.from_estimator(knn[-1], stack[:4]).distances
        for estimator in (knn, search):
            display = DistanceMatrixDisplay.from_estimator(estimator, X[:4])
            assert np.array_equal(display.distances, expected)

    def test_filters_of_a_search(self):
        model = ConvNetClassifier(((3,),), max_iter=1, random_state=0)
        search = GridSearchCV(model, {"alpha": [1e-3]}, cv=2).fit(self.X, self.y)
        assert len(FilterDisplay.from_estimator(search).images_) == 3
