"""ImageReader: pictures of any kind and size become one stack."""

import io
import pickle
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import pytest
import skops.io
from joblib import parallel_config
from PIL import Image, ImageOps
from scipy.sparse import csr_array
from sklearn import config_context
from sklearn.base import clone
from sklearn.datasets import load_sample_images
from sklearn.exceptions import SkipTestWarning
from sklearn.model_selection import GridSearchCV, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import check_estimator

from sk231n import HOG, Flatten, ImageReader, SoftmaxClassifier

RNG = np.random.RandomState(0)
COLORS = RNG.randint(0, 256, (6, 8, 3), dtype=np.uint8)  # 6 lines of 8 pixels
GREY = COLORS[..., 0]


def encoded(image, kind="PNG", **options):
    """The bytes of an image file."""
    file = io.BytesIO()
    (image if isinstance(image, Image.Image) else Image.fromarray(image)).save(
        file, kind, **options
    )
    return file.getvalue()


def read(source, size=(6, 8), **arguments):
    return ImageReader(size, **arguments).transform([source])[0]


class TestSources:
    def test_all_kinds_are_read_alike(self, tmp_path):
        path = tmp_path / "a.png"
        path.write_bytes(encoded(COLORS))
        with open(path, "rb") as file, Image.open(path) as opened:
            file.read(3)  # wherever it stands
            sources = [
                str(path), path, path.read_bytes(), bytearray(path.read_bytes()),
                memoryview(path.read_bytes()), io.BytesIO(path.read_bytes()), file, opened,
                Image.fromarray(COLORS), COLORS, np.asfortranarray(COLORS), np.str_(path),
            ]  # fmt: skip
            images = ImageReader((6, 8)).transform(sources)
        assert images.dtype == np.uint8
        assert np.array_equal(images, np.stack([COLORS] * len(sources)))

    @pytest.mark.parametrize("container", [tuple, np.array, "series", "frame"])
    def test_containers(self, container, tmp_path):
        paths = [str(tmp_path / f"{k}.png") for k in range(3)]
        for path in paths:
            Path(path).write_bytes(encoded(COLORS))
        containers = {"series": pd.Series, "frame": lambda x: pd.DataFrame({"file": x})}
        X = containers.get(container, container)(paths)
        assert ImageReader((6, 8)).transform(X).shape == (3, 6, 8, 3)

    def test_stacks(self):
        stack = RNG.randint(0, 256, (4, 6, 8, 3), dtype=np.uint8)
        assert np.array_equal(ImageReader((6, 8)).transform(stack), stack)
        grey = ImageReader((6, 8), color="gray").transform(stack[..., 0])
        assert np.array_equal(grey, stack[..., 0])

    def test_a_home_folder(self, tmp_path, monkeypatch):
        (tmp_path / "a.png").write_bytes(encoded(COLORS))
        monkeypatch.setenv("HOME", str(tmp_path))
        monkeypatch.setenv("USERPROFILE", str(tmp_path))
        assert np.array_equal(read("~/a.png"), COLORS)

    @pytest.mark.parametrize(
        "source", ["a.png", Path("a.png"), b"abc", io.BytesIO(), Image.fromarray(GREY)]
    )
    def test_a_single_picture_is_an_error(self, source):
        with pytest.raises(TypeError, match=r"X is a single picture.*Pass \[X\]"):
            ImageReader().transform(source)

    @pytest.mark.parametrize("X", [None, 3, {"a.png"}, {"a": 1}, iter(["a.png"])])
    def test_what_is_no_list(self, X):
        with pytest.raises(TypeError, match="X must be a list of paths, bytes, files or images"):
            ImageReader().transform(X)

    def test_the_same_file_again_and_again(self, tmp_path):
        """It has one position, and an image that is not decoded yet is decoded once."""
        pixels = RNG.randint(0, 256, (60, 80, 3), dtype=np.uint8)
        path = tmp_path / "a.png"
        path.write_bytes(encoded(pixels))
        with open(path, "rb") as file, Image.open(path) as opened:
            images = ImageReader((6, 8), n_jobs=4).transform([file, opened] * 50)
        assert np.array_equal(images, np.stack([read(pixels)] * 100))

    def test_names_have_no_types_of_numpy(self):
        with pytest.raises(FileNotFoundError, match=r"X\[0\] \('none.png'\)"):
            ImageReader().transform(np.array(["none.png"]))
        with pytest.raises(ValueError, match="X holds numbers, 3 first"):
            ImageReader().transform([np.int64(3)])

    def test_a_file_at_its_end(self):
        class Stream(io.BytesIO):
            def seekable(self):
                return False

        stream = Stream(encoded(COLORS))
        assert np.array_equal(read(stream), COLORS)
        with pytest.raises(ValueError, match=r"X\[0\] \(a Stream\).*has been read to its end"):
            read(stream)

    def test_the_first_image_is_not_decoded_to_look_at_it(self):
        with Image.open(io.BytesIO(encoded(COLORS))) as opened:
            pass
        with pytest.raises(ValueError, match=r"X\[0\] \(one of Pillow's images\) cannot be read"):
            read(opened)

    def test_sparse(self):
        with pytest.raises(ValueError, match=r"X has the shape \(6, 8\)"):
            ImageReader().transform(csr_array(GREY))

    def test_no_pictures(self):
        with pytest.raises(ValueError, match="X is empty"):
            ImageReader().transform([])

    @pytest.mark.parametrize("X", [[1, 2], np.arange(3.0), np.ones((3, 5))])
    def test_numbers(self, X):
        with pytest.raises(ValueError, match=r"X h(olds numbers|as the shape \(3, 5\))"):
            ImageReader().transform(X)

    def test_one_colour_image_as_a_stack_warns(self):
        with pytest.warns(UserWarning, match=r"A single colour image is X\[None\]"):
            ImageReader().transform(np.zeros((10, 12, 3), np.uint8))

    @pytest.mark.parametrize("entry", [None, 3.5, object(), io.StringIO("text")])
    def test_entries_that_are_no_pictures(self, entry):
        with pytest.raises(TypeError, match=r"X\[1\] \(.*\) cannot be read as a picture: it is a "):
            ImageReader().transform([COLORS, entry])


class TestKinds:
    def test_grey_and_luminance(self):
        assert np.array_equal(read(GREY), np.repeat(GREY[..., None], 3, axis=2))
        luminance = read(COLORS, color="gray")
        assert np.abs(luminance - COLORS @ [0.299, 0.587, 0.114]).max() <= 1

    def test_palette(self):
        image = Image.fromarray(COLORS).quantize(256)
        assert np.array_equal(read(encoded(image)), np.asarray(image.convert("RGB")))

    def test_transparency_lies_over_white(self):
        alpha = RNG.randint(0, 256, (6, 8, 1), dtype=np.uint8)
        share = alpha / 255
        expected = COLORS * share + 255 * (1 - share)
        rgba = np.concatenate([COLORS, alpha], axis=2)
        assert np.abs(read(encoded(rgba)) - expected).max() <= 1
        assert np.abs(read(rgba) - expected).max() <= 1
        grey = Image.fromarray(np.concatenate([GREY[..., None], alpha], axis=2), "LA")
        expected = GREY[..., None] * share + 255 * (1 - share)
        assert np.abs(read(encoded(grey), color="gray") - expected[..., 0]).max() <= 1

    def test_a_transparent_colour(self):
        image = Image.fromarray(np.full((6, 8), 7, np.uint8)).convert("P")
        assert (read(encoded(image, transparency=7)) == 255).all()
        image = Image.new("RGB", (8, 6), (1, 2, 3))
        assert (read(encoded(image, transparency=(1, 2, 3))) == 255).all()

    def test_transparent_pixels_do_not_shine_through(self):
        """Resampling mixes neighbours by how opaque they are."""
        rgba = np.zeros((32, 32, 4), np.uint8)
        rgba[:, :16] = [255, 0, 0, 255]  # red beside transparent black
        image = read(encoded(rgba), (4, 4))
        assert (image[..., 0] > 250).all()

    def test_sixteen_bits(self):
        values = RNG.randint(0, 65536, (6, 8)).astype(np.uint16)
        expected = np.rint(values / 257).astype(np.uint8)
        for source in (values, encoded(Image.fromarray(values)), encoded(values, "TIFF")):
            assert np.array_equal(read(source, color="gray"), expected)

    def test_floats(self):
        values = RNG.uniform(size=(6, 8, 3))
        expected = np.rint(values * 255).astype(np.uint8)
        assert np.array_equal(read(values), expected)
        assert np.array_equal(read(values.astype(np.float32)), expected)
        tiff = encoded(Image.fromarray(values[..., 0].astype(np.float32)), "TIFF")
        assert np.array_equal(read(tiff, color="gray"), expected[..., 0])

    def test_other_numbers(self):
        assert np.array_equal(read(COLORS.astype(np.int64)), COLORS)
        mask = COLORS[..., 0] > 127
        assert np.array_equal(read(mask, color="gray"), 255 * mask)
        assert np.array_equal(read(encoded(Image.fromarray(mask)), color="gray"), 255 * mask)

    @pytest.mark.parametrize(
        ("array", "fault"),
        [
            (COLORS * 2.0, "between .* and .*expected numbers from 0 to 1"),
            (COLORS.astype(int) - 300, "between -2.. and .*from 0 to 255"),
            (np.where(COLORS > 9, np.nan, 0.0), "expected numbers from 0 to 1"),
            (np.zeros((4, 4, 2), np.uint8), r"this array \(4, 4, 2\)"),
            (np.zeros((0, 4), np.uint8), r"this array \(0, 4\)"),
            (np.zeros((2, 2, 2, 2), np.uint8), r"this array \(2, 2, 2, 2\)"),
            (np.zeros((4, 4), complex), "holds numbers, and this array complex128"),
        ],
        ids=["floats", "negative", "nan", "channels", "empty", "axes", "complex"],
    )
    def test_arrays_that_are_no_images(self, array, fault):
        with pytest.raises(ValueError, match=rf"X\[0\] \(an array .*{fault}"):
            read(array)

    def test_cmyk(self):
        image = Image.fromarray(COLORS).convert("CMYK")
        expected = np.asarray(image.convert("RGB"))
        assert np.array_equal(read(encoded(image, "TIFF")), expected)

    @pytest.mark.parametrize("kind", ["BMP", "GIF", "PPM", "TIFF", "WEBP"])
    def test_formats(self, kind):
        options = {"lossless": True} if kind == "WEBP" else {}
        source = Image.fromarray(GREY) if kind == "GIF" else COLORS
        expected = np.repeat(GREY[..., None], 3, axis=2) if kind == "GIF" else COLORS
        assert np.array_equal(read(encoded(source, kind, **options)), expected)

    def test_the_first_frame_counts(self):
        frames = [Image.new("L", (8, 6), shade) for shade in (10, 200)]
        gif = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
        assert (read(gif) == 10).all()

    @pytest.mark.parametrize("orientation", range(1, 9))
    @pytest.mark.parametrize("kind", ["PNG", "TIFF", "JPEG"])
    def test_orientation(self, orientation, kind):
        exif = Image.Exif()
        exif[0x0112] = orientation
        options = {"quality": 100, "subsampling": 0} if kind == "JPEG" else {}
        source = encoded(COLORS, kind, exif=exif, **options)
        with Image.open(io.BytesIO(source)) as image:
            expected = np.asarray(ImageOps.exif_transpose(image).convert("RGB"))
        assert expected.shape[:2] == ((6, 8) if orientation < 5 else (8, 6))
        assert np.array_equal(read(source, expected.shape[:2]), expected)
        small = read(source, (3, 2))
        difference = small.astype(int) - read(expected, (3, 2))
        assert np.abs(difference).max() <= 1

    def test_a_large_jpeg_stands_upright(self):
        large = np.asarray(load_sample_images().images[0])
        exif = Image.Exif()
        exif[0x0112] = 6
        source = encoded(large, "JPEG", exif=exif, quality=95)
        upright = read(np.rot90(large, -1), (40, 20)).astype(int)
        assert np.abs(read(source, (40, 20)) - upright).mean() < 1


class TestFit:
    def test_crop_takes_the_middle(self):
        wide = np.zeros((8, 16), np.uint8)
        wide[:, 4:12] = 200
        assert (read(wide, (8, 8)) == 200).all()
        assert (read(wide.T, (8, 8)) == 200).all()
        assert (read(wide, (4, 4)) >= 180).all()  # the filter looks a little beyond the cut

    def test_pad_shows_everything_between_black_bars(self):
        image = read(np.full((8, 16), 200, np.uint8), (8, 8), fit="pad", color="gray")
        assert (image[2:6] == 200).all()
        assert (image[[0, 1, 6, 7]] == 0).all()
        tall = read(np.full((16, 8), 200, np.uint8), (8, 8), fit="pad", color="gray")
        assert np.array_equal(tall, image.T)

    def test_the_bars_of_transparent_pictures_are_black_too(self):
        rgba = np.full((8, 16, 4), 200, np.uint8)
        rgba[..., 3] = 255
        image = read(rgba, (8, 8), fit="pad", color="gray")
        assert (image[0] == 0).all()
        assert (image[3] == 200).all()

    def test_stretch(self):
        expected = Image.fromarray(COLORS).resize((5, 11), Image.Resampling.LANCZOS)
        assert np.array_equal(read(COLORS, (11, 5), fit="stretch"), np.asarray(expected))

    @pytest.mark.parametrize("fit", ["crop", "pad", "stretch"])
    @pytest.mark.parametrize("shape", [(1, 1), (1, 300), (300, 1), (7, 5)])
    def test_extreme_shapes(self, fit, shape):
        image = read(np.full(shape, 90, np.uint8), (5, 9), fit=fit, color="gray")
        assert image.shape == (5, 9)
        assert image.max() == 90

    def test_an_integer_is_a_square(self):
        assert read(COLORS, 4).shape == (4, 4, 3)

    @pytest.mark.parametrize("times", [1, 3, 7, 13, 16, 23, 40])
    @pytest.mark.parametrize("kind", ["PNG", "JPEG"])
    def test_close_to_the_filter_alone(self, times, kind):
        photograph = Image.fromarray(load_sample_images().images[1])
        side = 32 * times
        picture = photograph.resize((round(1.5 * side), side), Image.Resampling.LANCZOS)
        source = encoded(picture, kind, **({"quality": 95} if kind == "JPEG" else {}))
        with Image.open(io.BytesIO(source)) as image:
            expected = ImageOps.fit(image, (32, 32), Image.Resampling.LANCZOS)
        difference = np.abs(read(source, (32, 32)).astype(int) - np.asarray(expected))
        assert difference.max() <= (0 if times < 16 else 4)
        assert np.mean(difference > 1) <= 0.01


class TestFaults:
    def test_the_first_damaged_picture_is_named(self, tmp_path):
        good, truncated, foreign = (tmp_path / f"{name}.png" for name in ("good", "cut", "text"))
        good.write_bytes(encoded(COLORS))
        truncated.write_bytes(encoded(RNG.randint(0, 256, (60, 80, 3), dtype=np.uint8))[:-4000])
        foreign.write_text("no picture")
        with pytest.raises(ValueError, match=r"X\[1\] \('.*cut.png'\) cannot be read as"):
            ImageReader().transform([good, truncated, foreign])
        with pytest.raises(ValueError, match=r"X\[2\] \('.*text.png'\).*format that is not known"):
            ImageReader().transform([good, good, foreign])
        with pytest.warns(UserWarning, match=r"2 of 4 pictures .* X\[1\] .*cut.png.*text.png"):
            images = ImageReader((6, 8), on_error="skip").transform(
                [good, truncated, foreign, good]
            )
        assert not images[1:3].any()
        assert np.array_equal(images[3], COLORS)

    def test_a_missing_file(self, tmp_path):
        with pytest.raises(FileNotFoundError, match=r"X\[0\] \('.*none.png'\).*No such file"):
            ImageReader().transform([tmp_path / "none.png"])

    def test_a_long_text_is_not_repeated(self):
        with pytest.raises((ValueError, OSError), match="22000 letters, taken for a path") as error:
            ImageReader().transform(["iVBORw0KGgo" * 2000])
        assert len(str(error.value)) < 200

    def test_a_folder_is_no_file(self, tmp_path):
        with pytest.raises(ValueError, match="it is a folder, a pipe or a device"):
            ImageReader().transform([tmp_path])

    @pytest.mark.filterwarnings("error")
    def test_warnings_of_pillow(self, monkeypatch):
        """They point at its own lines; `max_pixels` is the limit, up to the one that it has."""
        source = encoded(COLORS)
        monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 40)
        assert np.array_equal(read(source), COLORS)
        monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 20)
        with pytest.raises(ValueError, match=r"limit of 40 pixels.*PIL.Image.MAX_IMAGE_PIXELS"):
            read(source)

    def test_too_many_pixels(self):
        source = encoded(np.zeros((30, 40), np.uint8))
        with pytest.raises(ValueError, match=r"40 x 30 = 1200 pixels, more than max_pixels=1199"):
            read(source, max_pixels=1199)
        assert read(source, max_pixels=1200).shape == (6, 8, 3)
        with pytest.raises(ValueError, match="more than max_pixels=47"):
            read(COLORS, max_pixels=47)

    def test_a_bomb_is_refused_before_memory_is_taken(self):
        """A PNG that claims 65,500 x 65,500 pixels, in less than a hundred bytes."""

        def chunk(name, content):
            body = name + content
            return struct.pack(">I", len(content)) + body + struct.pack(">I", zlib.crc32(body))

        header = struct.pack(">IIBBBBB", 65500, 65500, 8, 2, 0, 0, 0)
        bomb = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"0"))
        with pytest.raises(ValueError, match=r"X\[0\] \(\d+ bytes\).*65500|decompression bomb"):
            read(bomb)

    @pytest.mark.parametrize(
        ("arguments", "fault"),
        [
            ({"size": 0}, "size"),
            ({"size": (3,)}, "size must be an integer >= 1 or a pair"),
            ({"size": (3, 0)}, "size must be an integer >= 1 or a pair"),
            ({"size": "large"}, "size"),
            ({"color": "grey"}, r"color.*Did you mean 'gray'"),
            ({"fit": "fill"}, "fit"),
            ({"on_error": "ignore"}, "on_error"),
            ({"max_pixels": 0}, "max_pixels"),
            ({"n_jobs": 0}, "n_jobs=0"),
        ],
        ids=str,
    )
    def test_arguments(self, arguments, fault):
        for method in ("fit", "transform", "fit_transform"):
            with pytest.raises(ValueError, match=fault):
                getattr(ImageReader(**arguments), method)([COLORS])


@pytest.fixture(scope="module")
def labelled(tmp_path_factory):
    """Paths of bright and dark pictures of different sizes."""
    folder, rng = tmp_path_factory.mktemp("pictures"), np.random.RandomState(0)
    paths, y = [], []
    for k in range(24):
        side = rng.randint(20, 60, 2)
        pixels = rng.randint(0, 128, (*side, 3)) + 127 * (k % 2)
        paths.append(str(folder / f"{k}.png"))
        Image.fromarray(pixels.astype(np.uint8)).save(paths[-1])
        y.append(["dark", "bright"][k % 2])
    return paths, y


class TestEstimator:
    def test_check_estimator_leaves_it_alone(self):
        """scikit-learn has no checks for what takes neither arrays nor text to count words in."""
        with pytest.warns(SkipTestWarning, match="ImageReader"):
            check_estimator(ImageReader())

    def test_the_argument_with_the_name_of_a_method(self):
        reader = ImageReader(fit="pad")
        assert reader.get_params()["fit"] == "pad"
        assert reader.fit([COLORS]) is reader
        assert clone(reader).get_params() == reader.get_params()
        assert reader.set_params(fit="stretch", size=7).get_params()["fit"] == "stretch"
        assert repr(reader) == "ImageReader(fit='stretch', size=7)"
        with pytest.raises(ValueError, match="Invalid parameter 'fits'"):
            reader.set_params(fit="crop", fits="crop")
        assert reader.get_params()["fit"] == "stretch"
        assert pickle.loads(pickle.dumps(reader)).get_params() == reader.get_params()

    def test_frames_behind_it(self, labelled):
        paths, _ = labelled
        model = make_pipeline(ImageReader(4), Flatten()).set_output(transform="pandas")
        assert isinstance(model.fit_transform(paths), pd.DataFrame)
        assert isinstance(model[0].transform(paths), np.ndarray)
        with config_context(transform_output="pandas"):
            assert isinstance(ImageReader(4).fit_transform(paths), np.ndarray)

    def test_in_pipelines_and_searches(self, labelled):
        paths, y = labelled
        model = make_pipeline(ImageReader(size=(16, 16)), SoftmaxClassifier(random_state=0))
        model.fit(paths, y)
        assert model.score(paths, y) == 1
        assert list(model.predict([paths[0], Path(paths[1]).read_bytes()])) == ["dark", "bright"]
        search = GridSearchCV(model, {"imagereader__size": [8, (16, 16)]}, cv=3).fit(paths, y)
        assert search.best_score_ > 0.9
        assert (cross_val_predict(model, paths, y, cv=3) == y).mean() > 0.9

    def test_processes(self, labelled):
        paths, y = labelled
        model = make_pipeline(ImageReader(16), HOG(), SoftmaxClassifier(random_state=0))
        alone = cross_val_predict(model, paths, y, cv=2, method="decision_function")
        with parallel_config(backend="loky", n_jobs=2):
            shared = cross_val_predict(model, paths, y, cv=2, method="decision_function")
        assert np.array_equal(alone, shared)

    @pytest.mark.parametrize("n_jobs", [1, 2, 5, -1, None])
    def test_threads_change_nothing(self, labelled, n_jobs):
        paths, _ = labelled
        images = ImageReader(16, n_jobs=n_jobs).fit_transform(paths)
        assert np.array_equal(images, np.stack([read(path, 16) for path in paths]))

    def test_a_saved_pipeline_in_another_process_and_folder(self, labelled, tmp_path):
        paths, y = labelled
        model = make_pipeline(ImageReader((16, 24), fit="pad"), HOG(), SoftmaxClassifier())
        model.fit(paths, y)
        joblib.dump(model, tmp_path / "model.joblib")
        program = (
            "import joblib, sys; model = joblib.load(sys.argv[1]); "
            "sys.stdout.write(model.decision_function(sys.argv[2:]).tobytes().hex())"
        )
        (tmp_path / "elsewhere").mkdir()
        command = [sys.executable, "-c", program, str(tmp_path / "model.joblib"), *paths]
        there = subprocess.check_output(command, cwd=tmp_path / "elsewhere", text=True)
        assert there == model.decision_function(paths).tobytes().hex()

    def test_skops(self, labelled):
        paths, y = labelled
        model = make_pipeline(ImageReader((16, 24), fit="pad"), HOG(), SoftmaxClassifier())
        model.fit(paths, y)
        content = skops.io.dumps(model)
        untrusted = skops.io.get_untrusted_types(data=content)
        assert all(name.startswith("sk231n.") for name in untrusted)
        loaded = skops.io.loads(content, trusted=untrusted)
        assert loaded[0].get_params() == model[0].get_params()
        assert np.array_equal(loaded.decision_function(paths), model.decision_function(paths))

    def test_callbacks_hear_of_the_progress(self, labelled):
        paths, _ = labelled

        class Recorder:
            def __init__(self):
                self.calls = []

            def setup(self, estimator, context):
                self.calls.append("setup")

            def on_fit_task_begin(self, estimator, context):
                self.calls.append(f"begin {context.task_name}")

            def on_fit_task_end(self, estimator, context):
                self.calls.append(f"end {context.task_name}")

            def teardown(self, estimator, context):
                self.calls.append("teardown")

        recorder = Recorder()
        reader = ImageReader(8).set_callbacks(recorder)
        images = reader.fit_transform(paths * 11)  # 264 pictures, in steps of 128
        assert len(images) == 264
        steps = ["begin pictures", "end pictures"] * 3
        assert recorder.calls == ["setup", "begin fit", *steps, "end fit", "teardown"]
        recorder.calls.clear()
        with pytest.raises(TypeError, match=r"X\[0\]"):
            reader.fit_transform([None])
        assert recorder.calls[-1] == "teardown"

    def test_a_progress_bar_in_a_pipeline(self, labelled):
        from sklearn.callback import ProgressBar

        paths, y = labelled
        model = make_pipeline(ImageReader(8), SoftmaxClassifier(max_iter=2, random_state=0))
        assert model.set_callbacks(ProgressBar(max_propagation_depth=None)).fit(paths, y)
