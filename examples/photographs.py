"""From a folder of photographs to a model that another program loads.

    python examples/photographs.py                   # under a minute
    python examples/photographs.py FOLDER            # a sub-folder per class
    python examples/photographs.py --figures DIR     # save figures, too
    python examples/photographs.py --sizes 32 64 96  # sides to try

It needs Pillow. A class needs at least ten pictures. Without FOLDER, the
pictures are pieces of those that scikit-learn and, if it is installed,
scikit-image come with. Each of these is a class. It is cut up, so that no two
pieces share a pixel, and what a model is tested on it has never seen. The
pieces have many proportions, are grey or coloured, PNG or JPEG. Some lie on
their side, as cameras save them, with a note in the EXIF data that says so,
and one file is damaged.

The model is a pipeline that begins with files. What happens to a file, its
size and its colours, is a part of it. So that is tuned and saved with
everything else, and no other program has to repeat it.
"""

import argparse
import importlib.util
import json
import subprocess
import sys
import tempfile
from collections import Counter
from itertools import pairwise
from pathlib import Path

import joblib
import numpy as np
from PIL import ExifTags, Image
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import load_sample_images
from sklearn.metrics import log_loss
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import StandardScaler

from sk231n import HOG, HSVHistogram, ImageReader, SoftmaxClassifier
from sk231n.datasets import load_images

FEWEST = 10  # pictures of a class
SIZES = [8, 16, 32, 64]
ALPHAS = [1e-3, 1e-2, 1e-1]
OF_SCIKIT_IMAGE = {  # in its package, not among those that it downloads
    "astronaut": "astronaut.png",
    "brick": "brick.png",
    "cat": "chelsea.png",
    "coffee": "coffee.png",
    "coins": "coins.png",
    "grass": "grass.png",
    "gravel": "gravel.png",
    "moon": "moon.png",
    "motorcycle": "motorcycle_left.png",
    "rocket": "rocket.jpg",
    "tissue": "ihc.png",
}
# What another process does with the model and a file.
ASK = """
import json, sys
import joblib
model = joblib.load(sys.argv[1])
print(json.dumps(model.predict_proba([sys.argv[2]]).tolist()))
"""


# Pictures --------------------------------------------------------------------


def large_pictures():
    """Yield names and pictures that come with packages."""
    for name, picture in zip(
        ("china", "flower"), load_sample_images().images, strict=True
    ):
        yield name, Image.fromarray(picture)
    package = importlib.util.find_spec("skimage")
    if package is not None:
        for name, file in OF_SCIKIT_IMAGE.items():
            yield name, Image.open(Path(package.origin).parent / "data" / file)


def intervals(length, rng, shortest=48, longest=96):
    """Cut a line into pieces of random lengths; return their ends."""
    ends = [0]
    while length - ends[-1] >= longest:
        ends.append(ends[-1] + rng.randint(shortest, longest + 1))
    return list(pairwise(ends))


def make_folder(folder):
    """Cut pictures into pieces, and save those of each in its own folder."""
    rng = np.random.RandomState(0)
    for name, picture in large_pictures():
        of_class = folder / name
        of_class.mkdir(parents=True)
        pieces = [
            picture.crop((left, top, right, bottom))
            for top, bottom in intervals(picture.height, rng)
            for left, right in intervals(picture.width, rng)
        ]
        for k, piece in enumerate(pieces):
            if k % 3:
                piece.save(of_class / f"{k:03}.png")
            else:
                save_on_its_side(piece, of_class / f"{k:03}.jpg")
    damaged = of_class / "000.jpg"
    damaged.write_bytes(damaged.read_bytes()[:500])


def save_on_its_side(picture, file):
    """Save a picture as a turned camera does: EXIF data say what is up."""
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    picture.transpose(Image.Transpose.ROTATE_90).save(
        file, exif=exif, quality=90
    )


def in_the_evening(images):
    """Images in the light of the evening: darker, and redder."""
    return np.rint(images * np.array([0.8, 0.55, 0.4])).astype(np.uint8)


# Steps -----------------------------------------------------------------------


def files_and_labels(folder):
    """Read all pictures, to see whether that works; return paths, classes."""
    data = load_images(folder, size=8, on_error="skip")
    print(
        f"{len(data.filenames)} pictures of {len(data.target_names)} classes"
    )
    print(
        f"files that cannot be read: {len(data.skipped)}",
        *data.skipped[:3],
        sep="\n  ",
    )
    labels = data.target_names[data.target]
    for name, count in Counter(labels.tolist()).items():
        if count < FEWEST:
            sys.exit(f"{name!r} has {count} pictures; a class needs {FEWEST}.")
    return data.filenames, labels


def tuned(files, labels, sizes):
    """Choose the size of the images and the penalty by cross-validation."""
    pipeline = make_pipeline(
        ImageReader(),
        make_union(
            HOG(pixels_per_cell=(16, 16)),
            HSVHistogram(channels="hsv", bins=(8, 4, 4)),
        ),
        StandardScaler(),
        SoftmaxClassifier(random_state=0),
    )
    grid = {"imagereader__size": sizes, "softmaxclassifier__alpha": ALPHAS}
    search = GridSearchCV(pipeline, grid, cv=3).fit(files, labels)
    print("accuracy by size and alpha:", *(f"{alpha:>8g}" for alpha in ALPHAS))
    for size, scores in zip(
        sizes,
        search.cv_results_["mean_test_score"].reshape(len(sizes), -1),
        strict=True,
    ):
        print(
            f"{f'{size} x {size} pixels':>26}",
            *(f"{score:8.3f}" for score in scores),
        )
    return search


def print_mistakes(labels, predicted, n_pairs=4):
    """Print the accuracy, and what is most often taken for what."""
    print(
        f"accuracy on {len(labels)} pictures that it has not seen: "
        f"{accuracy(labels, predicted)}"
    )
    pairs = Counter(
        (true, found)
        for true, found in zip(labels, predicted, strict=True)
        if true != found
    )
    for (true, found), count in pairs.most_common(n_pairs):
        print(f"  {true} taken for {found}: {count}")


def accuracy(labels, predicted):
    """Format the share of labels that are right."""
    return f"{np.mean(labels == predicted):.3f}"


def calibrated(model, files, labels):
    """Divide the scores by what makes held-out pictures likeliest."""
    return CalibratedClassifierCV(
        model, method="temperature", ensemble=False, cv=5
    ).fit(files, labels)


def print_probabilities(model, train, y_train, test, y_test):
    """Print what the probabilities are worth, as trained and calibrated."""
    print("  alpha  accuracy   confidence, log loss   the same, calibrated")
    for alpha in ALPHAS:
        trained = (
            clone(model)
            .set_params(softmaxclassifier__alpha=alpha)
            .fit(train, y_train)
        )
        print(
            f"{alpha:7g}{accuracy(y_test, trained.predict(test)):>10}", end=""
        )
        for estimator in (trained, calibrated(trained, train, y_train)):
            probabilities = estimator.predict_proba(test).astype(np.float64)
            # Sums of float32 are off by 1e-7, of which log_loss would warn.
            probabilities /= probabilities.sum(axis=1, keepdims=True)
            loss = log_loss(y_test, probabilities, labels=estimator.classes_)
            print(
                f"{probabilities.max(axis=1).mean():13.3f}{loss:10.3f}", end=""
            )
        print()


def ask_elsewhere(model, file, scratch):
    """Save a model; let a process in another folder predict a file."""
    saved, elsewhere = (
        Path(scratch, "model.joblib"),
        Path(scratch, "elsewhere"),
    )
    joblib.dump(model, saved)
    elsewhere.mkdir()
    command = [
        sys.executable,
        "-c",
        ASK,
        str(saved),
        str(Path(file).resolve()),
    ]
    there = json.loads(
        subprocess.check_output(command, cwd=elsewhere, text=True)
    )
    here = model.predict_proba([file])
    best = here[0].argmax()
    print(f"{saved.stat().st_size / 1000:.0f} kB saved")
    print(
        f"another process: {Path(file).name} is {model.classes_[best]}, "
        f"{there[0][best]:.3f}"
    )
    print(f"equal to the last bit: {there == here.tolist()}")


def update(model, files, labels, test_files, test_labels, n_epochs=20):
    """Train on new pictures, a third as many as before, and on all of them."""
    reader, classifier = model[0], model[-1]
    test = reader.transform(test_files)
    evening = in_the_evening(test)

    def scores():
        return (
            f"{accuracy(test_labels, model.predict(evening))} in the evening, "
            f"{accuracy(test_labels, model.predict(test))} by day"
        )

    print(f"before: {scores()}")
    new = in_the_evening(reader.transform(files[::3]))
    # Features and scaling stay as they are; the classifier alone learns.
    features = np.concatenate(
        [model[:-1].transform(new), model[:-1].transform(files)]
    )
    targets = np.concatenate([labels[::3], labels])
    for _ in range(n_epochs):
        classifier.partial_fit(features, targets)
    print(f"after:  {scores()}")


def save_figures(directory, model, probabilistic, files, labels):
    """Save the confusion matrix, mistakes, reliability and an explanation."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt
    from sklearn.calibration import CalibrationDisplay
    from sklearn.metrics import ConfusionMatrixDisplay

    from sk231n.plotting import MisclassifiedDisplay, OcclusionDisplay

    directory.mkdir(parents=True, exist_ok=True)
    predicted = model.predict(files)
    _, ax = plt.subplots(figsize=(7, 7), layout="constrained")
    confusions = ConfusionMatrixDisplay.from_predictions(
        labels, predicted, ax=ax, xticks_rotation="vertical", colorbar=False
    )
    confusions.figure_.savefig(directory / "confusions.png")
    mistakes = MisclassifiedDisplay.from_estimator(
        model, files, labels, n_per_class=4
    )
    mistakes.figure_.savefig(directory / "mistakes.png")

    # How often is the predicted class right, by how sure the model is of it?
    _, ax = plt.subplots(layout="constrained")
    for name, estimator in (
        ("as trained", model),
        ("calibrated", probabilistic),
    ):
        confidence = estimator.predict_proba(files).max(axis=1)
        CalibrationDisplay.from_predictions(
            estimator.predict(files) == labels, np.minimum(confidence, 1),
            ax=ax, name=name, n_bins=5, strategy="quantile",
        )  # fmt: skip
    ax.set(
        xlabel="probability of the predicted class",
        ylabel="share that is right",
    )
    ax.figure.savefig(directory / "reliability.png")

    # What made the model so sure of its worst mistake?
    worst = (
        model.predict_proba(files).max(axis=1) * (predicted != labels)
    ).argmax()
    explained = OcclusionDisplay.from_estimator(model, files[worst])
    explained.figure_.savefig(directory / "explanation.png")
    print(f"figures in {directory}")


def main():
    """Go all the way, on a folder of yours or on one that is made."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "folder", nargs="?", help="folder with a sub-folder for each class"
    )
    parser.add_argument(
        "--figures", type=Path, metavar="DIR", help="where to save figures"
    )
    parser.add_argument(
        "--sizes",
        type=int,
        nargs="+",
        default=SIZES,
        help="sides of the images",
    )
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = arguments.folder
        if folder is None:
            folder = Path(scratch, "pictures")
            make_folder(folder)
        print("1. The folder")
        files, labels = files_and_labels(folder)
        train, test, y_train, y_test = train_test_split(
            files, labels, test_size=0.3, stratify=labels, random_state=0
        )
        print(f"\n2. Tuned on {len(train)} pictures")
        model = tuned(train, y_train, arguments.sizes).best_estimator_
        print("\n3. Mistakes")
        print_mistakes(y_test, model.predict(test))
        print("\n4. Probabilities")
        print_probabilities(model, train, y_train, test, y_test)
        probabilistic = calibrated(model, train, y_train)
        print("\n5. Served")
        ask_elsewhere(probabilistic, test[0], scratch)
        if arguments.figures:
            save_figures(arguments.figures, model, probabilistic, test, y_test)
        print("\n6. New pictures, in another light")
        update(model, train, y_train, test, y_test)


if __name__ == "__main__":
    main()
