"""Nodes of an ONNX graph, written as a formula is: each call adds one and names its result."""

import numpy as np


class Graph:
    """The part of a graph that stands for one estimator; a tensor is known by its name.

    ``graph("Add", x, y)`` adds a node and returns the name of what it computes. An input that is no
    name is an array, which the model keeps.
    """

    def __init__(self, scope, container):
        self._scope, self._container = scope, container  # the names in use, and the nodes so far

    def __call__(self, operator, *inputs, n_outputs=1, **attributes):
        """Add a node; return the name of its output, or a list of names for several outputs."""
        inputs = [value if isinstance(value, str) else self._constant(value) for value in inputs]
        outputs = [self._scope.get_unique_variable_name(operator) for _ in range(n_outputs)]
        self._add(operator, inputs, outputs, **attributes)
        return outputs[0] if n_outputs == 1 else outputs

    def cast(self, x, dtype, given=None):
        """Convert to a type, unless that is the one given."""
        from onnx.helper import np_dtype_to_tensor_dtype

        to = np_dtype_to_tensor_dtype(np.dtype(dtype))
        return x if dtype == given else self("Cast", x, to=to)

    def reshape(self, x, *shape):
        """Give the shape; -1 is what is left over, and 0 an axis that stays as it is."""
        return self("Reshape", x, np.array(shape, np.int64))

    def slice(self, x, start, stop, *, axis, step=1):
        """Cut along an axis."""
        return self("Slice", x, *(np.array([n], np.int64) for n in (start, stop, axis, step)))

    def filled(self, value, like, *shape):
        """Make a tensor of one value, with as many samples as another, each of a shape."""
        from onnx.numpy_helper import from_array

        whole = self("Concat", self("Shape", like, start=0, end=1), np.array(shape), axis=0)
        return self("ConstantOfShape", whole, value=from_array(np.array([value])))

    def give(self, x, variable):
        """Hand over a result under the name that skl2onnx has for it."""
        self._add("Identity", [x], [variable.full_name])

    def _add(self, operator, inputs, outputs, **attributes):
        name = self._scope.get_unique_operator_name(operator)
        self._container.add_node(operator, inputs, outputs, name=name, **attributes)

    def _constant(self, array):
        from onnx.numpy_helper import from_array

        array, name = np.asarray(array), self._scope.get_unique_variable_name("constant")
        tensor = from_array(array)
        text = [str(s).encode() for s in array.flat] if array.dtype.kind in "OU" else None
        self._container.add_initializer(name, tensor.data_type, array.shape, text or tensor)
        return name
