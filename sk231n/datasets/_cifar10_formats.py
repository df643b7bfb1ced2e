"""The content of the files of CIFAR-10: records of bytes, or pickled dictionaries.

Every function takes the content of one file and returns its data, or raises a ``ValueError`` that
says what is wrong with it. The caller adds the name of the file to the message.
"""

import numpy as np

from sk231n.datasets._batch_pickle import PickledArray, PickledLatin1, PickledUint8, parse

N_CLASSES = 10
N_PIXELS = 3 * 32 * 32


def read_binary_batch(content):
    """Pixels (n, 3072), plane by plane, and labels (n,) of one ``data_batch_*.bin``."""
    n_records, rest = divmod(len(content), 1 + N_PIXELS)
    if rest or not n_records:
        raise ValueError(
            f"has {len(content)} bytes; expected one or more records of {1 + N_PIXELS} bytes "
            "(a label and 3072 pixels). It is truncated or of another format"
        )
    records = np.frombuffer(content, np.uint8).reshape(n_records, 1 + N_PIXELS)
    labels = records[:, 0].astype(np.int64)
    _check_labels(labels)
    return records[:, 1:], labels


def read_binary_names(content):
    """Names of the classes in ``batches.meta.txt``, one per line."""
    if len(content) > 1000:
        raise ValueError(
            f"has {len(content)} bytes; expected {N_CLASSES} short names, one per line"
        )
    return _check_names(bytes(content).split(b"\n"))


def read_python_batch(content):
    """Pixels (n, 3072), plane by plane, and labels (n,) of one pickled ``data_batch_*``."""
    batch = _read_dict(content)
    pixels = _check_pixels(_get(batch, "data", PickledArray))
    labels = _get(batch, "labels", list)
    if len(labels) != len(pixels):
        raise ValueError(f"has {len(pixels)} images, but {len(labels)} labels")
    if set(map(type, labels)) != {int}:
        raise ValueError("has labels that are not integers")
    if max(map(abs, labels)) > 255:
        raise ValueError(f"has labels outside 0..{N_CLASSES - 1}")
    labels = np.array(labels, dtype=np.int64)
    _check_labels(labels)
    return pixels, labels


def read_python_names(content):
    """Names of the classes in the pickled ``batches.meta``."""
    names = _get(_read_dict(content), "label_names", list)
    if not all(isinstance(name, memoryview) for name in names):
        raise ValueError("has class names that are not strings")
    return _check_names([bytes(name[:100]) for name in names])


def _read_dict(content):
    value = parse(content)
    if not isinstance(value, dict):
        raise ValueError("is not a CIFAR-10 file: the pickle holds no dictionary")
    return value


def _get(batch, key, expected):
    value = batch.get(key.encode())
    if value is None:
        raise ValueError(f"lacks the entry {key!r}")
    if not isinstance(value, expected):
        raise ValueError(f"has an entry {key!r} of the wrong type")
    return value


def _check_pixels(array):
    """Turn the pickled state of a NumPy array into an array; refuse all but CIFAR-10 images."""
    match array.state:
        case (int(), (int(n), int(width)), PickledUint8(), int(fortran), pixels):
            pass
        case _:
            raise ValueError("has data that are not a matrix of uint8")
    if isinstance(n, bool) or isinstance(width, bool):  # bool is a subclass of int
        raise ValueError(f"has data of the shape ({n}, {width}); expected integers")
    if isinstance(pixels, PickledLatin1):
        pixels = pixels.decode()
    if not isinstance(pixels, memoryview):
        raise ValueError("has data that are not a matrix of uint8")
    if n < 1 or width != N_PIXELS or fortran:
        raise ValueError(
            f"has data of {n} x {width} values in {'Fortran' if fortran else 'C'} order; expected "
            f"rows of {N_PIXELS} values in C order"
        )
    if len(pixels) != n * N_PIXELS:
        raise ValueError(f"has data of {n} x {N_PIXELS} values, but {len(pixels)} bytes of them")
    return np.frombuffer(pixels, np.uint8).reshape(n, N_PIXELS)


def _check_labels(labels):
    wrong = np.flatnonzero((labels < 0) | (labels >= N_CLASSES))
    if len(wrong):
        raise ValueError(
            f"has the label {labels[wrong[0]]} in record {wrong[0]}; expected labels in "
            f"0..{N_CLASSES - 1}"
        )


def _check_names(lines):
    names = [line.strip().decode("utf-8") for line in lines if line.strip()]
    if len(names) != N_CLASSES or len(set(names)) != N_CLASSES:
        raise ValueError(
            f"has {len(names)} class names, {len(set(names))} of them different; expected "
            f"{N_CLASSES} different ones"
        )
    if not all(name.isprintable() and len(name) < 100 for name in names):
        raise ValueError("has class names that are not short printable strings")
    return names
