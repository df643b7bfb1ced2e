"""Pictures of all formats, damaged: images, or an error that names the picture; never much memory.

The peak of the memory is that of the process, so that it says more in soak.py than in the suite.
"""

import io
import re
import struct
import tempfile
import time
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from fuzzing import fuzz, warned_at_the_caller
from hypothesis import strategies as st
from PIL import Image, features

from sk231n import ImageReader
from sk231n.datasets import load_images
from sk231n.photographs._inventory import inventory

WIDTH, HEIGHT = 53, 41
MOST_MEMORY = 200 * 2**20
MOST_SECONDS = 20
GOOD = np.full((9, 7, 3), 200, np.uint8)


def peak_memory():
    """Bytes that the process has held at most; 0 where the system does not tell."""
    try:
        import resource
    except ImportError:
        return 0
    return 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


@cache
def colors():
    """A smooth image with some noise."""
    y, x, channel = np.ogrid[:HEIGHT, :WIDTH, :3]
    noise = np.random.RandomState(0).randint(0, 30, (HEIGHT, WIDTH, 3))
    return Image.fromarray((x + 3 * y + 20 * channel + noise).astype(np.uint8))


def in_mode(mode):
    """The image in one of Pillow's modes."""
    grey = np.asarray(colors().convert("L"))
    if mode == "I;16":
        return Image.fromarray(grey.astype(np.uint16) * 257)
    if mode == "I":
        return Image.fromarray(grey.astype(np.int32) * 257)
    if mode == "F":
        return Image.fromarray(grey.astype(np.float32) / 255)
    return colors().convert(mode)


def film():
    """Options for two more frames, made anew: saving leaves options behind in an image."""
    frames = [Image.new("L", (WIDTH, HEIGHT), shade) for shade in (90, 200)]
    return {"save_all": True, "append_images": frames, "duration": 100}


def recipes():
    """Name of a format, mode and options of each kind of file."""
    exif = Image.Exif()
    exif[0x0112], exif[0x010E] = 6, "a description"
    for mode in ("1", "L", "LA", "P", "RGB", "RGBA", "I;16"):
        yield "PNG", mode, {}
    yield "PNG", "P", {"transparency": 3}
    yield "PNG", "RGB", {"transparency": (1, 2, 3), "exif": exif}
    yield "PNG", "RGB", film()
    for mode in ("L", "RGB", "CMYK"):
        for options in ({}, {"progressive": True}, {"exif": exif}):
            yield "JPEG", mode, options
    yield "JPEG", "RGB", {"subsampling": 0, "progressive": True}
    yield "MPO", "RGB", film()
    yield "GIF", "P", {}
    yield "GIF", "L", film() | {"transparency": 3}
    for mode in ("1", "L", "P", "RGB", "RGBA"):
        yield "BMP", mode, {}
    for mode in ("1", "L", "P", "LA", "RGB", "RGBA", "CMYK", "I;16", "I", "F"):
        yield "TIFF", mode, {"exif": exif}
        yield "TIFF", mode, {"compression": "tiff_lzw"}
    for compression in ("jpeg", "packbits", "tiff_adobe_deflate"):
        yield "TIFF", "RGB", {"compression": compression}
    yield "TIFF", "1", {"compression": "group4"}
    yield "TIFF", "RGB", film()
    for mode in ("1", "L", "RGB", "I;16", "F"):
        yield "PPM", mode, {}
    if features.check("webp"):
        yield "WEBP", "RGB", film()
    for kind, codec in (("WEBP", "webp"), ("AVIF", "avif")):
        if features.check(codec):
            yield kind, "RGB", {}
            yield kind, "RGBA", {"exif": exif}
    if features.check("jpg_2000"):
        for mode in ("L", "RGB", "RGBA", "I;16"):
            yield "JPEG2000", mode, {}


def tiled():
    """A TIFF of four tiles, without compression, which Pillow cannot write."""
    pixels, side = np.asarray(colors()), 32
    padded = np.zeros((2 * side, 2 * side, 3), np.uint8)
    padded[:HEIGHT, :WIDTH] = pixels
    tiles = [padded[y : y + side, x : x + side].tobytes() for y in (0, side) for x in (0, side)]
    after = 8 + 2 + 9 * 12 + 4  # where what does not fit into the table begins
    bits, offsets, counts, data = after, after + 6, after + 22, after + 38
    table = [
        (256, 4, 1, WIDTH), (257, 4, 1, HEIGHT), (258, 3, 3, bits), (262, 3, 1, 2), (277, 3, 1, 3),
        (322, 4, 1, side), (323, 4, 1, side), (324, 4, 4, offsets), (325, 4, 4, counts),
    ]  # fmt: skip
    content = b"II*\0" + struct.pack("<IH", 8, len(table))
    content += b"".join(struct.pack("<HHII", *entry) for entry in table) + bytes(4)
    content += struct.pack("<3H", 8, 8, 8)
    content += struct.pack("<4I", *(data + k * len(tiles[0]) for k in range(4)))
    return content + struct.pack("<4I", *map(len, tiles)) + b"".join(tiles)


@cache
def pictures():
    """Files of every kind, as bytes."""
    files = []
    for kind, mode, options in recipes():
        file = io.BytesIO()
        in_mode(mode).save(file, kind, **options)
        files.append(file.getvalue())
    plain = b"P3 2 2 255\n" + b" ".join(b"%d" % k for k in range(12))
    rest = b"P6 %d %d 99\n" % (WIDTH, HEIGHT) + np.asarray(colors()).tobytes()
    return [*files, plain, rest, tiled(), b"", b"\0", b"no picture"]


N_PICTURES = 73  # fewer where Pillow lacks a format
KINDS = ["truncate", "flip", "overwrite", "insert", "delete", "repeat", "side", "number", "noise"]
damage = st.lists(st.tuples(st.sampled_from(KINDS), st.integers(0, 2**32 - 1)), max_size=4)
SUFFIXES = [".png", ".jpg", ".gif", ".tif", ".webp", ".bmp", ".avif", ".jp2", ".eps", ".txt", ""]


def damaged(content, mutations):
    """The content after the mutations."""
    content = bytearray(content)
    for kind, seed in mutations:
        rng = np.random.default_rng(seed)
        # Half of the damage is done in the header.
        end = len(content) if rng.random() < 0.5 else min(200, len(content))
        at, length = int(rng.integers(end + 1)), int(rng.integers(1, 40))
        if kind == "truncate":
            del content[at:]
        elif kind == "flip" and at < len(content):
            content[at] ^= 1 << rng.integers(8)
        elif kind == "overwrite":
            content[at : at + length] = bytes([rng.choice([0, 1, 127, 128, 255])]) * length
        elif kind == "insert":
            content[at:at] = rng.bytes(length)
        elif kind == "delete":
            del content[at : at + length]
        elif kind == "repeat":
            content[at:at] = content[at : at + 20 * length] * int(rng.integers(1, 20))
        elif kind == "side":
            content = with_another_side(content, rng)
        elif kind == "number":
            number = int(rng.choice([0, 1, 7000, 65500, 2**31 - 1, 2**32 - 1]))
            content[at : at + 4] = struct.pack(rng.choice(["<I", ">I"]), number)
        elif kind == "noise":
            content = bytearray(rng.bytes(length))
    return bytes(content)


def with_another_side(content, rng):
    """The content, with another number where its header may say how wide or high it is."""
    side = int(rng.choice([WIDTH, HEIGHT]))
    another = int(rng.choice([1, 7000, 16000, 50_000, 65_500]))
    layout = str(rng.choice(["<H", ">H", "<I", ">I"]))
    return content.replace(struct.pack(layout, side), struct.pack(layout, another), 1)


def check_message(error, name):
    """The message is of a length to be read, and names the picture and what is wrong with it."""
    assert name in str(error), error
    assert "cannot be read as a picture: " in str(error), error
    assert len(str(error)) < 1000, error


@fuzz(
    120,
    which=st.integers(0, N_PICTURES - 1),
    mutations=damage,
    source=st.sampled_from(["bytes", "file", *SUFFIXES]),
    size=st.sampled_from([(32, 32), (1, 1), (3, 70)]),
    color=st.sampled_from(["rgb", "gray"]),
    fit=st.sampled_from(["crop", "pad", "stretch"]),
)
def test_damaged_pictures(which, mutations, source, size, color, fit):
    content = damaged(pictures()[which % len(pictures())], mutations)
    before, started = peak_memory(), time.monotonic()
    with tempfile.TemporaryDirectory() as folder, warned_at_the_caller():
        path = Path(folder, "a", f"picture{source}")
        path.parent.mkdir()
        path.write_bytes(content)
        picture, name = path, repr(str(path))
        if source == "bytes":
            picture, name = content, f"{len(content)} bytes"
        elif source == "file":
            picture, name = io.BytesIO(content), "a BytesIO"
        reader = ImageReader(size, color=color, fit=fit, n_jobs=1)
        shape = (*size, *([3] if color == "rgb" else []))
        try:
            image = reader.transform([picture])[0]
        except (TypeError, ValueError, OSError) as error:
            image = None
            check_message(error, f"X[0] ({name})")
        else:
            assert (image.shape, image.dtype) == (shape, np.uint8)
        stack = reader.set_params(on_error="skip").transform([picture, GOOD])
        assert stack.shape == (2, *shape)
        assert np.array_equal(stack[0], np.zeros(shape) if image is None else image)
        assert stack[1].any()
        check_folder(path, color, image is not None)
    assert peak_memory() - before < MOST_MEMORY
    assert time.monotonic() - started < MOST_SECONDS


def check_folder(path, color, is_read):
    """The folder holds the picture in its own size, or nothing that can be read."""
    folder = path.parents[1]
    if is_read:
        [image] = load_images(folder, color=color, n_jobs=1, on_error="skip").images
        assert image.dtype == np.uint8
        assert image.shape[2:] == ((3,) if color == "rgb" else ())
    else:
        with pytest.raises((ValueError, TypeError, OSError), match=re.escape(repr(str(path)))):
            load_images(folder, color=color, n_jobs=1)
        with pytest.raises(ValueError, match=re.escape(repr(str(path)))):
            load_images(folder, color=color, n_jobs=1, on_error="skip")
    assert "1 file in 1 class\n" in inventory(str(folder))


def test_what_is_whole_is_read():
    assert len(pictures()) <= N_PICTURES
    assert len(ImageReader(n_jobs=1).transform(pictures()[:-3])) == len(pictures()) - 3


SIDE = 3000  # 9 million pixels, for which a decoder may need 36 MB and 4 MiB more
HUNGRY = {
    "WEBP": ("RGB", {"lossless": True, "quality": 0, "method": 0}),
    "AVIF": ("RGB", {"speed": 10}),
    "JPEG2000": ("RGB", {}),
    "JPEG": ("RGB", {"progressive": True, "subsampling": 0}),
    "TIFF": ("RGB", {"compression": "tiff_lzw", "strip_size": 2**30}),
    "TIFF on its side": ("RGB", {"exif": {0x0112: 6}}),
}


def saved(name, mode, **options):
    """A large black picture as bytes."""
    file = io.BytesIO()
    if "exif" in options:
        exif = Image.Exif()
        exif.update(options["exif"])
        options["exif"] = exif
    Image.new(mode, (SIDE, SIDE)).save(file, name.split()[0], **options)
    return file.getvalue()


@pytest.mark.parametrize("name", HUNGRY)
def test_decoders_that_need_more_memory_than_others(name):
    """They are refused before they take it, and `max_pixels` lets them through."""
    codec = {"WEBP": "webp", "AVIF": "avif", "JPEG2000": "jpg_2000"}.get(name)
    if codec and not features.check(codec):
        pytest.skip(f"this Pillow does not write {name}")
    mode, options = HUNGRY[name]
    source = saved(name, mode, **options)
    with pytest.raises(ValueError, match=f"takes .* bytes in this kind of {name.split()[0]}"):
        ImageReader(max_pixels=SIDE**2).transform([source])
    assert not ImageReader(max_pixels=6 * SIDE**2).transform([source]).any()


@pytest.mark.parametrize(
    ("name", "mode"),
    [("PNG", "RGBA"), ("PNG", "I;16"), ("TIFF", "CMYK"), ("TIFF", "F"), ("JPEG", "RGB")],
)
def test_decoders_that_need_no_more(name, mode):
    source = saved(name, mode)
    assert ImageReader(max_pixels=SIDE**2).transform([source]).shape == (1, 32, 32, 3)


@pytest.mark.skipif(not features.check("jpg_2000"), reason="this Pillow lacks JPEG2000")
def test_many_tiles():
    """A picture of 3,000 x 3,000 pixels in 62,500 tiles, of which each takes some kilobytes."""
    source = saved("JPEG2000", "L", tile_size=(SIDE, SIDE))
    sides = struct.pack(">2I", SIDE, SIDE)
    at = source.index(b"\xff\x4f\xff\x51") + 24
    assert source[at : at + 8] == sides
    source = source[:at] + struct.pack(">2I", 12, 12) + source[at + 8 :]
    with pytest.raises(ValueError, match=r"takes 706000000 bytes in this kind of JPEG2000"):
        ImageReader().transform([source])


def test_a_large_tile_of_a_small_picture():
    """A TIFF of 53 x 41 pixels whose one tile claims 13,000 x 13,000."""
    entries = [
        (256, 4, 1, WIDTH), (257, 4, 1, HEIGHT), (258, 3, 1, 8), (259, 3, 1, 8), (262, 3, 1, 1),
        (322, 4, 1, 13008), (323, 4, 1, 13008), (324, 4, 1, 8), (325, 4, 1, 8),
    ]  # fmt: skip
    content = b"II*\0" + struct.pack("<IH", 8, len(entries))
    content += b"".join(struct.pack("<HHII", *entry) for entry in entries) + bytes(4)
    with pytest.raises(ValueError, match=r"2173 pixels takes 338.* bytes in this kind of TIFF"):
        ImageReader().transform([content])
