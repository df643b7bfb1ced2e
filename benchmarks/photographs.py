"""How fast pictures are read compared with a plain loop over Pillow, and how exactly.

    python benchmarks/photographs.py [--n 2000] [--repeats 5] [--json FILE]

JPEGs of 640 x 480 pixels, cut from the two photographs that scikit-learn ships, are read as images
of 64 x 64. The loop opens each file, converts it to RGB, and lets ``ImageOps.fit`` cut the middle
and resample it with the Lanczos filter. The competitors run in turn; times are medians. Then an
``OcclusionDisplay`` of an image of 64 x 64 pixels is timed, with HOG and a linear classifier.
"""

import argparse
import json
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
from joblib import cpu_count
from PIL import Image, ImageOps
from sklearn.datasets import load_sample_images
from sklearn.pipeline import make_pipeline

from sk231n import HOG, ImageReader, SoftmaxClassifier
from sk231n.datasets import make_shapes
from sk231n.plotting import OcclusionDisplay

SIDE = 64


def write_pictures(folder, n, quality=90):
    """Write JPEGs of 640 x 480 pixels; return their paths."""
    rng = np.random.RandomState(0)
    photographs = [Image.fromarray(image) for image in load_sample_images().images]
    paths = []
    for k in range(n):
        photograph = photographs[k % len(photographs)]
        zoom = rng.uniform(1, 2.5)
        width, height = photograph.width / zoom, photograph.width / zoom * 0.75
        if height > photograph.height:
            width, height = photograph.height / 0.75, photograph.height
        left, top = (
            rng.uniform(0, photograph.width - width),
            rng.uniform(0, photograph.height - height),
        )
        box = (left, top, left + width, top + height)
        picture = photograph.resize((640, 480), Image.Resampling.LANCZOS, box)
        paths.append(str(Path(folder, f"{k:05}.jpg")))
        picture.save(paths[-1], quality=quality)
    return paths


def plain_loop(paths):
    """Read the pictures one after the other."""
    images = np.empty((len(paths), SIDE, SIDE, 3), np.uint8)
    for k, path in enumerate(paths):
        with Image.open(path) as picture:
            upright = ImageOps.exif_transpose(picture).convert("RGB")
            images[k] = ImageOps.fit(upright, (SIDE, SIDE), Image.Resampling.LANCZOS)
    return images


def occlusion():
    """Number of windows of a picture, and the seconds that it takes to cover each of them."""
    shapes = make_shapes(500, image_size=64, random_state=0)
    model = make_pipeline(HOG(), SoftmaxClassifier(random_state=0))
    model.fit(shapes.images, shapes.target)
    OcclusionDisplay.from_estimator(model, shapes.images[0])  # imports matplotlib
    start = time.perf_counter()
    display = OcclusionDisplay.from_estimator(model, shapes.images[0], window=12, stride=4)
    return {"windows": display.scores.size, "seconds of occlusion": time.perf_counter() - start}


def main():
    """Print times, their ratio and the differences of the images."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--n", type=int, default=2000)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        paths = write_pictures(folder, arguments.n)
        reader = ImageReader(size=(SIDE, SIDE))
        seconds = {"sk231n": [], "Pillow": []}
        for _ in range(arguments.repeats + 1):
            for name, read in (("sk231n", reader.fit_transform), ("Pillow", plain_loop)):
                start = time.perf_counter()
                images = read(paths)
                seconds[name].append(time.perf_counter() - start)
                if name == "sk231n":
                    ours = images
        difference = np.abs(ours.astype(int) - images)
    medians = {name: statistics.median(values[1:]) for name, values in seconds.items()}
    result = {
        "pictures": arguments.n,
        "cores": cpu_count(),
        "seconds": medians,
        "times as fast": medians["Pillow"] / medians["sk231n"],
        "mean difference": float(difference.mean()),
        "99.9 % of differences up to": float(np.quantile(difference, 0.999)),
        "largest difference": int(difference.max()),
    }
    result |= occlusion()
    for name, value in result.items():
        print(f"{name}: {value}")
    if arguments.json:
        arguments.json.write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
