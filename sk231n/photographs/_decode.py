"""One picture of any kind, upright, in bytes of grey or of red, green and blue.

What a file claims is checked before memory is taken for it: a picture of 65,000 pixels on each side
fits into a few kilobytes. A decoder may need four bytes for each of `max_pixels`; then the picture
is converted a band of lines at a time. Pictures that are much larger than what is wanted of them
are reduced first: a JPEG while it is decoded, others by means over whole blocks of pixels.
"""

import math
import struct
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sk231n.photographs._sources import ONE_AT_A_TIME, as_file

# Formats that Pillow decodes by itself, without starting other programs.
_FORMATS = (
    "AVIF", "BMP", "GIF", "JPEG", "JPEG2000", "MPO", "PNG", "PPM", "TIFF", "WEBP",
)  # fmt: skip
_GAP = 8  # pictures are reduced to at least this many times the wanted size, then resampled
_BAND = 2**18  # pixels that are converted at a time
_FREE = 2**22  # bytes that a decoder may need in any case
_NUMBERS = {"I;16": 65535, "I;16L": 65535, "I;16B": 65535, "I;16N": 65535, "I": 65535, "F": 1}
_TRANSPARENT = {"RGBA", "RGBa", "LA", "La", "PA"}
_BYTES = {"1": 1, "L": 1, "P": 1, "I;16": 2, "I;16L": 2, "I;16B": 2, "I;16N": 2}  # of a pixel
FITS = ("crop", "pad", "stretch")
# Tags of TIFF.
_BITS_PER_SAMPLE, _ORIENTATION, _ROWS_PER_STRIP, _TILE_WIDTH, _TILE_LENGTH = 258, 274, 278, 322, 323


def require_pillow(caller: str) -> None:
    """Raise an ImportError that says what to install if Pillow is missing."""
    try:
        import PIL  # noqa: F401 (only whether it is there)
    except ImportError as error:
        raise ImportError(
            f"{caller} decodes pictures with Pillow, which is not installed: "
            'pip install "sk231n[images]"'
        ) from error


def decode(
    source: Any,
    size: tuple[int, int] | None,
    *,
    color: str,
    fit: str,
    max_pixels: int,
) -> NDArray[np.uint8]:
    """Read one picture.

    Parameters
    ----------
    source : str, path-like, bytes, file, array or Pillow's image
        Where the picture is.
    size : tuple of int or None
        Height and width of the result; None for those of the picture.
    color : {"rgb", "gray"}
        What the result holds.
    fit : {"crop", "pad", "stretch"}
        How a picture of other proportions is fitted.
    max_pixels : int
        Largest number of pixels of the picture.

    Returns
    -------
    ndarray of uint8 of shape (height, width, 3) or (height, width)
        The picture.
    """
    from PIL import Image

    if hasattr(source, "__array__") and not isinstance(source, str | bytes):
        source = _from_array(np.asarray(source))
    if isinstance(source, Image.Image):
        _check_size(source.size, max_pixels)
        with ONE_AT_A_TIME:  # it may be in the list twice, and may not be decoded yet
            source.load()
        return _finished(source, source.size, size, color, fit)
    with as_file(source) as file, Image.open(file, formats=_known_formats()) as image:
        _check_size(image.size, max_pixels)
        sides, n_pixels = None, math.prod(image.size)
        if size is not None and image.format in {"JPEG", "MPO"}:
            sides = _reduced_while_decoding(image, size, fit)
        _check_memory(image, n_pixels, max_pixels)
        image.load()
        return _finished(image, sides or image.size, size, color, fit)


def identify(source: Any, max_pixels: int) -> tuple[int, int, str, str]:
    """Decode a picture; return its width, its height, and Pillow's names of format and mode."""
    from PIL import Image

    with as_file(source) as file, Image.open(file, formats=_known_formats()) as image:
        _check_size(image.size, max_pixels)
        kind, sides = (image.format or "", image.mode), image.size
        drafted = image.draft(None, (1, 1))  # a JPEG is decoded in an eighth of its size
        _check_memory(image, math.prod(sides), max_pixels)
        image.load()
        width, height = sides if drafted else image.size
        return *_before_turning((height, width), _turn(image)), *kind


def _known_formats():
    """The formats that this Pillow knows; older ones lack some."""
    from PIL import Image

    Image.init()
    return [name for name in _FORMATS if name in Image.OPEN]


def _check_size(sides, max_pixels):
    n_pixels = math.prod(sides)
    if n_pixels > max_pixels:
        raise ValueError(
            f"it has {sides[0]} x {sides[1]} = {n_pixels} pixels, more than max_pixels={max_pixels}"
        )


def _check_memory(image, n_pixels, max_pixels):
    """Refuse a picture of so many pixels whose decoder needs more than four bytes for each allowed.

    The image may be smaller than the picture, if it is reduced while it is decoded.
    """
    n_bytes = _bytes_of_decoder(image, n_pixels)
    if n_bytes > 4 * max_pixels + _FREE:
        raise ValueError(
            f"decoding its {n_pixels} pixels takes {n_bytes} bytes in this kind of {image.format}, "
            f"more than the four for each of max_pixels={max_pixels}"
        )


def _bytes_of_decoder(image, n_pixels):
    """Bytes that Pillow takes to decode a picture, as measured; the result is among them."""
    n_bands, codec = len(image.getbands()), image.tile[0][0] if image.tile else None
    result = _BYTES.get(image.mode, 4) * math.prod(image.size)
    if image.format in {"WEBP", "AVIF"}:
        return 16 * n_pixels
    if image.format == "JPEG2000":
        return (4 + 5 * n_bands) * n_pixels + 10_000 * n_bands * _tiles_of_jpeg2000(image.fp)
    if image.format == "PPM" and codec != "raw":  # decoded by Python
        return 12 * n_pixels
    if image.info.get("progressive"):  # all coefficients of a JPEG, of two bytes each
        from PIL.JpegImagePlugin import get_sampling

        share = {1: 2 / 3, 2: 1 / 2}.get(get_sampling(image), 1)  # of colours that lie less densely
        return result + math.ceil(2 * n_bands * share * n_pixels)
    if image.format == "TIFF":
        copies = 1 if image.tag_v2.get(_ORIENTATION, 1) == 1 else 2  # Pillow turns it by itself
        return copies * result + (_bytes_of_piece(image) if codec == "libtiff" else 0)
    return result


def _tiles_of_jpeg2000(file):
    """Number of its tiles, which may be as small as a pixel; all are described before the first."""
    position = file.tell()
    file.seek(0)
    head = file.read(2**16)
    file.seek(position)
    start = head.find(b"\xff\x4f\xff\x51") + 8  # two markers, a length, capabilities
    right, bottom, _, _, width, height, left, top = struct.unpack(">8I", head[start : start + 32])
    return -(-(right - left) // width) * -(-(bottom - top) // height)


def _bytes_of_piece(image):
    """Bytes of a strip or a tile of a TIFF, which is decoded as a whole."""
    tags = image.tag_v2
    width, height = tags.get(_TILE_WIDTH), tags.get(_TILE_LENGTH)
    if width is None or height is None:
        width, height = image.width, min(tags.get(_ROWS_PER_STRIP, image.height), image.height)
    return (1 + sum(tags.get(_BITS_PER_SAMPLE, (8,))) // 8) * width * height


def _finished(image, sides, size, color, fit):
    """Array of the wanted size from an image; its picture is `sides` wide and high, in pixels."""
    turn = _turn(image)
    if size is None:
        image = _in_bands(image, lambda band: _opaque(_plain(band)))
    else:
        image = _resized(image, sides, _before_turning(size, turn), fit)
    if turn is not None:
        image = image.transpose(turn)
    return np.array(_opaque(image).convert("RGB" if color == "rgb" else "L"))


def _turn(image):
    """How an image has to be turned to stand upright, as its EXIF data say; None for not at all."""
    from PIL import ExifTags, Image

    try:
        orientation = image.getexif().get(ExifTags.Base.Orientation)
    except Exception:  # damaged EXIF data: viewers show such a picture as it lies
        return None
    return {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_270,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_90,
    }.get(orientation)


def _before_turning(size, turn):
    """Width and height that an image must have to be of this height and width after turning."""
    from PIL import Image

    height, width = size
    sideways = {
        Image.Transpose.TRANSPOSE,
        Image.Transpose.TRANSVERSE,
        Image.Transpose.ROTATE_90,
        Image.Transpose.ROTATE_270,
    }
    return (height, width) if turn in sideways else (width, height)


def _reduced_while_decoding(image, size, fit):
    """Let the JPEG decoder compute fewer pixels; return width and height in these.

    They need not be whole: a picture of 9 pixels is 4.5 pixels wide in an image of 5.
    """
    box, shown = _fitted(image.size, _before_turning(size, _turn(image)), fit)
    factor = _factor(box, shown)
    if factor < 2:
        return image.size
    drafted = image.draft(None, tuple(math.ceil(side / factor) for side in image.size))
    return image.size if drafted is None else drafted[1][2:]


def _factor(box, shown):
    """How many times smaller a picture can get before it is resampled."""
    return min((box[2] - box[0]) / shown[0], (box[3] - box[1]) / shown[1]) / _GAP


def _fitted(size, wanted, fit):
    """The part of a picture that is shown, and at which size; all as (width, height)."""
    ratios = [side / to for side, to in zip(size, wanted, strict=True)]
    if fit == "pad":
        shown = [max(1, round(side / max(ratios))) for side in size]
        return (0, 0, *size), tuple(min(pair) for pair in zip(shown, wanted, strict=True))
    if fit == "stretch":
        return (0, 0, *size), wanted
    cut = [min(side, to * min(ratios)) for side, to in zip(size, wanted, strict=True)]
    left, top = ((side - part) / 2 for side, part in zip(size, cut, strict=True))
    return (left, top, left + cut[0], top + cut[1]), wanted


def _resized(image, sides, wanted, fit):
    from PIL import Image

    box, shown = _fitted(sides, wanted, fit)
    factor = max(1, int(_factor(box, shown)))
    image = _in_bands(image, lambda band: _plain(band).reduce(factor), factor)
    box = tuple(side / factor for side in box)
    image = image.resize(shown, Image.Resampling.LANCZOS, _within(box, image.size))
    if shown != wanted:
        left, top = ((to - side) // 2 for to, side in zip(wanted, shown, strict=True))
        padded = Image.new(image.mode, wanted, "black")
        padded.paste(image, (left, top))
        return padded
    return image


def _within(box, size):
    """The box, which rounding may have moved out of the image by a hair."""
    left, top, right, bottom = box
    return max(left, 0), max(top, 0), min(right, size[0]), min(bottom, size[1])


def _in_bands(image, convert, factor=1):
    """Convert some lines at a time, to an image `factor` times smaller, so that memory is small."""
    from PIL import Image

    if factor == 1 and image.mode in {"L", "RGB"} and "transparency" not in image.info:
        return image
    n_lines = max(1, _BAND // image.width // factor) * factor
    whole = None
    for top in range(0, image.height, n_lines):
        bottom = min(top + n_lines, image.height)
        band = convert(image.crop((0, top, image.width, bottom)))
        if whole is None:
            whole = Image.new(band.mode, (band.width, -(-image.height // factor)))
        whole.paste(band, (0, top // factor))
    return whole


def _plain(image):
    """The image in bytes of grey or of colours, with transparency if it has any."""
    if image.mode in _NUMBERS:
        return _from_numbers(np.asarray(image), _NUMBERS[image.mode])
    if image.mode in _TRANSPARENT or "transparency" in image.info:
        return image.convert("RGBA")
    if image.mode in {"L", "RGB"}:
        return image
    return image.convert("L" if image.mode == "1" else "RGB")


def _opaque(image):
    """The image over white, where it is transparent."""
    from PIL import Image

    if image.mode != "RGBA":
        return image
    return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)


def _from_numbers(values, largest):
    """Image of bytes from numbers of which `largest` is white."""
    from PIL import Image

    if not np.isfinite(values).all() or values.min() < 0 or values.max() > largest:
        raise ValueError(
            f"its values lie between {values.min():.6g} and {values.max():.6g}; expected numbers "
            f"from 0 to {largest}"
        )
    return Image.fromarray(np.rint(values * (255 / largest)).astype(np.uint8))


def _from_array(array):
    """Pillow's image of an array of shape (h, w) or (h, w, c)."""
    from PIL import Image

    if array.ndim == 3 and array.shape[2] == 1:
        array = array[:, :, 0]
    if array.ndim not in (2, 3) or array.shape[2:] not in {(), (3,), (4,)} or not array.size:
        raise ValueError(
            f"an image has the shape (h, w), (h, w, 3) or (h, w, 4), and this array {array.shape}"
        )
    if array.dtype.kind not in "buif":
        raise ValueError(f"an image holds numbers, and this array {array.dtype}")
    if array.dtype.kind == "f":
        return _from_numbers(array.astype(np.float64), 1)
    if array.dtype == bool:
        return _from_numbers(array.astype(np.uint8), 1)
    if array.dtype == np.uint8:
        return Image.fromarray(np.ascontiguousarray(array))
    return _from_numbers(array.astype(np.float64), 65535 if array.dtype == np.uint16 else 255)
