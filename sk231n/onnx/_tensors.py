"""What skl2onnx calls the types of tensors, in NumPy's words."""

from typing import Any, NamedTuple

import numpy as np

# Of the types that the library reads; skl2onnx has no outputs for others.
NAMES = {
    "bool": "BooleanTensorType",
    "uint8": "UInt8TensorType",
    "int8": "Int8TensorType",
    "int32": "Int32TensorType",
    "int64": "Int64TensorType",
    "float32": "FloatTensorType",
    "float64": "DoubleTensorType",
}


class Input(NamedTuple):
    """The data that an estimator gets.

    Parameters
    ----------
    name : str
        Name of the tensor.
    dtype : dtype
        Type of the numbers.
    shape : tuple of int
        Shape of one sample.
    """

    name: str
    dtype: Any
    shape: tuple


def tensor_type(dtype, shape):
    """Type of skl2onnx for any number of samples of a shape."""
    from skl2onnx.common import data_types

    name = NAMES[np.dtype(dtype).name] if np.dtype(dtype).kind in "buif" else "StringTensorType"
    return getattr(data_types, name)([None, *shape])


def as_input(variable):
    """The data behind a variable of skl2onnx."""
    from onnx.helper import tensor_dtype_to_np_dtype

    number = variable.type.to_onnx_type().tensor_type.elem_type
    shape = tuple(variable.type.shape[1:])
    return Input(variable.full_name, np.dtype(tensor_dtype_to_np_dtype(number)), shape)


def only_ours(initial_types):
    """Whether the first input of a model has a type that skl2onnx's own converters do not take."""
    return type(initial_types[0][1]).__name__ in [
        NAMES[name] for name in ("bool", "uint8", "int8", "int32")
    ]
