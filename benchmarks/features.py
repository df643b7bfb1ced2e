"""How fast HOG and HSVHistogram are, compared with scikit-image, matplotlib and OpenCV.

    python benchmarks/features.py --cifar10 DIR [--json FILE]

All run in one process, in turn, with a pause of 0.2 s before each (the threads of the previous one
may still be spinning); the table shows the median of the repeats. Without --cifar10 the images are
synthetic. Requires the extra "bench": matplotlib, scikit-image and OpenCV below 5.
"""

import argparse
import json
import statistics
import time
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
from joblib import cpu_count
from matplotlib.colors import rgb_to_hsv
from skimage.feature import hog

from sk231n.features import HOG, HSVHistogram


def load_images(directory, n_images):
    """uint8 images (n, 32, 32, 3): CIFAR-10's, or smooth random ones."""
    if directory:
        from sk231n.datasets import load_cifar10

        return load_cifar10(directory, split="train").images[:n_images]
    noise = np.random.default_rng(0).random((n_images, 32, 32, 3))
    for axis in (1, 2):
        noise = noise + np.roll(noise, 1, axis) + np.roll(noise, 2, axis)
    return (noise / noise.max() * 255).astype(np.uint8)


def skimage_hog(images):
    return [hog(image, 9, (8, 8), (2, 2), channel_axis=-1) for image in images]


def opencv_hog(images):
    descriptor = cv2.HOGDescriptor((32, 32), (16, 16), (8, 8), (8, 8), 9)
    return [descriptor.compute(image) for image in images]


def matplotlib_hue(images):
    """Hue histogram with the arithmetic of the course's function."""
    edges = np.linspace(0, 255, 11)
    return [np.histogram(rgb_to_hsv(image / 255)[..., 0] * 255, edges)[0] for image in images]


def opencv_hue(images):
    return [
        cv2.calcHist([cv2.cvtColor(image, cv2.COLOR_RGB2HSV)], [0], None, [10], [0, 180])
        for image in images
    ]


def work_of_two_threads():
    """How much more work two threads do than one; nearly 2 if two cores are really free."""
    table, indices = np.arange(2.0**18), np.random.default_rng(0).integers(0, 2**18, (2, 2**20))
    results = np.empty(indices.shape)

    def work(i):
        start = time.perf_counter()
        for _ in range(20):
            np.take(table, indices[i], out=results[i], mode="clip")
        return time.perf_counter() - start

    alone = work(0)
    with ThreadPoolExecutor(2) as executor:
        together = max(executor.map(work, range(2)))
    return 2 * alone / together


def measure(competitors, repeats):
    """Median images per second of each, on its own images; slow peers have fewer of them."""
    speeds = {name: [] for name in competitors}
    for repeat in range(repeats + 1):
        for name, (function, images) in competitors.items():
            time.sleep(0.2)
            start = time.perf_counter()
            function(images)
            if repeat:  # the first one fills caches
                speeds[name].append(len(images) / (time.perf_counter() - start))
    return {name: statistics.median(speed) for name, speed in speeds.items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cifar10", metavar="DIR", help="directory of CIFAR-10")
    parser.add_argument("--json", metavar="FILE", help="write the figures here too")
    parser.add_argument("--n-images", type=int, default=5000)
    parser.add_argument("--repeats", type=int, default=7)
    arguments = parser.parse_args()
    images = load_images(arguments.cifar10, arguments.n_images)
    n, few = len(images), images[:500]
    floats, doubles = images / np.float32(255), images / np.float64(255)
    assert floats.dtype == np.float32
    features = {
        "HOG": {
            "sk231n": (HOG().fit(images).transform, images),
            "sk231n, one thread": (HOG(n_jobs=1).fit(images).transform, images),
            "sk231n, float32": (HOG().fit(floats).transform, floats),
            "sk231n, float64": (HOG().fit(doubles).transform, doubles),
            "sk231n, grey": (HOG().fit(images[..., 0]).transform, images[..., 0]),
            'sk231n, color="each"': (HOG(color="each").fit(images).transform, images),
            "skimage": (skimage_hog, few),
            "skimage, float32": (skimage_hog, floats[:500]),
            "skimage, float64": (skimage_hog, doubles[:500]),
            "OpenCV": (opencv_hog, images),
        },
        "HSVHistogram": {
            "sk231n": (HSVHistogram().fit(images).transform, images),
            "sk231n, one thread": (HSVHistogram(n_jobs=1).fit(images).transform, images),
            "sk231n, float32": (HSVHistogram().fit(floats).transform, floats),
            "matplotlib + numpy": (matplotlib_hue, few),
            "OpenCV": (opencv_hue, images),
        },
    }
    print(
        f"{n} images {images.shape[1:]}, {cpu_count()} cores, OpenCV {cv2.getNumThreads()} threads"
    )
    figures = {
        "cores": cpu_count(),
        "images": f"{n:,} {'photographs of CIFAR-10' if arguments.cifar10 else 'synthetic images'} "
        f"of {'x'.join(map(str, images.shape[1:]))} bytes",
    }
    for feature, competitors in features.items():
        before = work_of_two_threads()
        speeds = figures[feature] = measure(competitors, arguments.repeats)
        after = work_of_two_threads()
        print(
            f"\ntwo threads do {before:.2f} (before) to {after:.2f} (after) times the work of one"
        )
        print(f"{feature:22} {'images/s':>10} {'sk231n is faster by':>20}")
        for name, speed in speeds.items():
            print(f"{name:22} {speed:10,.0f} {speeds['sk231n'] / speed:20.2f}")
    if arguments.json:
        with open(arguments.json, "w") as file:
            json.dump(figures, file, indent=2)


if __name__ == "__main__":
    main()
