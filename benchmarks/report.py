"""Turn the figures of the benchmarks into docs/results.md and the README's table.

python benchmarks/report.py docs/results/features.json docs/results/linear.json
"""

import json
import re
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def table(header, rows):
    """Markdown table: the first column left, the others right."""
    lines = ["| " + " | ".join(header) + " |", "|---|" + "---:|" * (len(header) - 1)]
    return "\n".join(lines + ["| " + " | ".join(map(str, row)) + " |" for row in rows])


def pixels_table(linear):
    slowest = linear["pixels"]["LogisticRegression(max_iter=50)"]["seconds"]
    rows = [
        (
            f"`{name}`",
            f"{f['accuracy']:.3f}",
            f"{f['seconds']:.1f}",
            f"{slowest / f['seconds']:.1f}",
        )
        for name, f in linear["pixels"].items()
    ]
    return table(["model", "test accuracy", "seconds of fit", "times as fast"], rows)


def features_table(linear):
    rows = [
        (f"`{name.replace(' on ', '` on ')}", f["features"], f"{f['accuracy']:.3f}",
         f"{f['seconds']:.1f}")
        for name, f in linear["features"].items()
    ]  # fmt: skip
    return table(["model", "features", "test accuracy", "seconds, extraction included"], rows)


def speed_table(figures):
    ours = figures["sk231n"]
    rows = [(name, f"{speed:,.0f}", f"{ours / speed:.1f}") for name, speed in figures.items()]
    return table(["", "images a second", "sk231n is faster by"], rows)


def summary(features, linear):
    """What the README shows."""
    hog, hue = features["HOG"], features["HSVHistogram"]
    slowest = linear["pixels"]["LogisticRegression(max_iter=50)"]
    rows = []
    for name in ("SoftmaxClassifier()", "LinearSVM()"):
        figure = linear["pixels"][name]
        rows.append((
            f"`{name}` on raw bytes",
            f"{figure['accuracy']:.3f} in {figure['seconds']:.1f} s",
            f"`LogisticRegression(max_iter=50)`: {slowest['accuracy']:.3f} "
            f"in {slowest['seconds']:.1f} s",
        ))  # fmt: skip
    for name, figure in linear["features"].items():
        model, on = name.split(" on ")
        rows.append((
            f"`{model}` on {on}", f"{figure['accuracy']:.3f} in {figure['seconds']:.1f} s", "",
        ))  # fmt: skip
    rows.append((
        "`HOG()`", f"{hog['sk231n']:,.0f} images/s",
        f"{hog['sk231n'] / hog['skimage']:.0f} times scikit-image, "
        f"{hog['sk231n'] / hog['OpenCV']:.1f} times OpenCV",
    ))  # fmt: skip
    rows.append((
        "`HSVHistogram()`", f"{hue['sk231n']:,.0f} images/s",
        f"{hue['sk231n'] / hue['matplotlib + numpy']:.0f} times matplotlib and NumPy, "
        f"{hue['sk231n'] / hue['OpenCV']:.1f} times OpenCV",
    ))  # fmt: skip
    lines = ["| | sk231n | beside it |", "|---|---|---|"]
    lines += ["| " + " | ".join(row) + " |" for row in rows]
    preface = (
        f"On {features['cores']} cores: test accuracy and seconds of `fit`\n"
        f"({linear['images']}), and images a second\n"
        f"({features['images']}). The commands and more are in\n"
        "[docs/results.md](docs/results.md).\n\n"
    )
    return preface + "\n".join(lines)


def main(features_file, linear_file):
    features, linear = (json.loads(Path(file).read_text()) for file in (features_file, linear_file))
    seeds = "; ".join(
        f"`{name}` {low:.4f} to {high:.4f}" for name, (low, high) in linear["seeds"].items()
    )
    page = f"""# Results

Made by `make bench CIFAR10=DIR` on {features["cores"]} cores; the machine-readable figures lie in
[results/](results). Times are those of one machine and vary; the ratios are what counts. All
competitors of a table run in one process, in turn, and the medians are shown. The images:
{linear["images"]}.

## Linear classifiers on raw pixels

`python benchmarks/linear.py --cifar10 DIR`. Ours get the bytes as they are, with default arguments;
`LogisticRegression` gets float32 between 0 and 1.

{pixels_table(linear)}

Over {linear["n_seeds"]} seeds the test accuracies are:
{seeds}.

During `fit` of `SoftmaxClassifier()` the memory grows by {linear["peak_memory"]:.2f} of the size
of the training set in float32. `import sk231n` takes {linear["import_milliseconds"]:.0f} ms on top
of the scikit-learn modules it uses.

## Linear classifiers on features

The same command. The features are those of `examples/quickstart.py`, standardised: one HOG with
8x8 cells and one hue histogram; and a union of four HOGs (8x8 cells: unsigned, signed with 18
orientations, of square roots; 4x4 cells), moments of RGB and opponent colours, and two histograms.

{features_table(linear)}

## HOG

`python benchmarks/features.py --cifar10 DIR`, default arguments, on
{features["images"]}.
scikit-image and OpenCV run in a loop over the images, OpenCV with its own threads.

{speed_table(features["HOG"])}

## Hue histogram

The same command: ten bins. Matplotlib's `rgb_to_hsv` with `np.histogram`, and OpenCV's `cvtColor`
with `calcHist`, run in a loop over the images.

{speed_table(features["HSVHistogram"])}
"""
    (ROOT / "docs" / "results.md").write_text(page)
    readme = ROOT / "README.md"
    begin, end = "<!-- results: begin -->\n", "<!-- results: end -->"
    text = re.sub(
        f"{begin}.*{end}",
        lambda _: f"{begin}{summary(features, linear)}\n{end}",
        readme.read_text(),
        flags=re.DOTALL,
    )
    readme.write_text(text)


if __name__ == "__main__":
    main(*sys.argv[1:])
