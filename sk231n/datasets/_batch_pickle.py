"""The pickles of CIFAR-10, read without the :mod:`pickle` module.

A pickle is a program for a small stack machine, and Python's machine runs programs that call any
function or allocate any amount of memory. The machine below knows only the few instructions that
occur in a CIFAR-10 batch. It imports nothing, calls nothing but the stand-ins at the end of this
file, and limits its memory by the size of the file.
"""

from struct import unpack_from

# Instructions that are followed by a length and that many bytes: code and width of the length.
_STRINGS = {b"U": 1, b"T": 4, b"X": 4, b"\x8c": 1, b"C": 1, b"B": 4}
_INTEGERS = {b"K": "<B", b"M": "<H", b"J": "<i"}
_CONSTANTS = {b"N": None, b"\x88": True, b"\x89": False}
_TUPLES = {b"\x85": 1, b"\x86": 2, b"\x87": 3}
_PUTS = {b"q": "<B", b"r": "<I"}
_GETS = {b"h": "<B", b"j": "<I"}

# An image takes more than 3072 bytes and three or four instructions. A file with many more
# instructions is not a batch; it could fill the memory with small objects.
_BYTES_PER_INSTRUCTION = 256
_FREE_INSTRUCTIONS = 1000


def parse(content):
    """Read the value that a pickle holds.

    Parameters
    ----------
    content : bytes-like
        The whole file.

    Returns
    -------
    value : object
        Consists of None, bool, int, list, tuple, dict with bytes as keys, memoryview (the bytes
        of any kind of string, not copied) and the stand-ins below.

    Raises
    ------
    ValueError
        If the pickle is damaged or holds anything else.
    """
    try:
        return _run(memoryview(content))
    except LookupError as error:
        raise ValueError("is a damaged pickle: it refers to a value that is not there") from error


def _run(view):
    position, stack, marks, memo = 0, [], [], {}

    def take(length):
        nonlocal position
        start, position = position, position + length
        if position > len(view):
            raise ValueError("ends in the middle of a value: the pickle is truncated")
        return view[start:position]

    def number(fmt):
        return unpack_from(fmt, take(_SIZES[fmt]))[0]

    def line():
        start = position
        while take(1) != b"\n":
            if position - start > 100:
                raise ValueError("is a damaged pickle: it holds a name without an end")
        return view[start : position - 1]

    def pop_to_mark():
        start = marks.pop()
        values = stack[start:]
        del stack[start:]
        return values

    for _ in range(_FREE_INSTRUCTIONS + len(view) // _BYTES_PER_INSTRUCTION):
        code = bytes(take(1))
        if code in _INTEGERS:
            stack.append(number(_INTEGERS[code]))
        elif code in _STRINGS:
            stack.append(take(int.from_bytes(take(_STRINGS[code]), "little")))
        elif code in _PUTS:
            memo[number(_PUTS[code])] = stack[-1]
        elif code == b"\x94":  # MEMOIZE
            memo[len(memo)] = stack[-1]
        elif code in _GETS:
            stack.append(memo[number(_GETS[code])])
        elif code in _CONSTANTS:
            stack.append(_CONSTANTS[code])
        elif code == b"\x8a":  # LONG1
            stack.append(int.from_bytes(take(number("<B")), "little", signed=True))
        elif code == b"(":
            marks.append(len(stack))
        elif code == b"}":
            stack.append({})
        elif code == b"]":
            stack.append([])
        elif code == b"t":
            stack.append(tuple(pop_to_mark()))
        elif code in _TUPLES:
            stack.append(tuple([stack.pop() for _ in range(_TUPLES[code])][::-1]))
        elif code in (b"a", b"e"):
            values = [stack.pop()] if code == b"a" else pop_to_mark()
            _expect(stack[-1], list).extend(values)
        elif code in (b"s", b"u"):
            values = [stack.pop(), stack.pop()][::-1] if code == b"s" else pop_to_mark()
            for key, value in zip(values[::2], values[1::2], strict=True):
                _expect(stack[-1], dict)[bytes(_expect(key, memoryview)[:100])] = value
        elif code == b"c":  # GLOBAL
            stack.append(_stand_in(line(), line()))
        elif code == b"\x93":  # STACK_GLOBAL
            name, module = stack.pop(), stack.pop()
            stack.append(_stand_in(_expect(module, memoryview), _expect(name, memoryview)))
        elif code == b"R":  # REDUCE: call
            arguments, function = stack.pop(), stack.pop()
            stack.append(_call(function, _expect(arguments, tuple)))
        elif code == b"b":  # BUILD: set the state
            state = stack.pop()
            _expect(stack[-1], PickledArray, PickledUint8).state = state
        elif code == b"\x80":  # PROTO
            take(1)
        elif code == b"\x95":  # FRAME
            take(8)
        elif code == b".":
            return stack.pop()
        else:
            raise ValueError(f"holds the pickle instruction {code!r}, which no CIFAR-10 batch uses")
    raise ValueError("is not a CIFAR-10 batch: far too many values for its size")


_SIZES = {"<B": 1, "<H": 2, "<i": 4, "<I": 4}


def _expect(value, *types):
    if type(value) not in types:
        raise ValueError(
            f"is not a CIFAR-10 batch: it holds a {type(value).__name__} in place of a "
            f"{types[0].__name__}"
        )
    return value


class PickledArray:
    """Stands for a NumPy array; ``state`` is the state that NumPy would restore it from."""

    state = None


class PickledUint8:
    """Stands for the data type uint8, the only one that is accepted."""

    state = None


class PickledLatin1:
    """Stands for a long string of bytes that was pickled as text.

    It is decoded only when needed, since a pickle may refer to the same text a thousand times.
    """

    def __init__(self, text):
        self.text = text

    def decode(self):
        """Return the bytes that the text stands for."""
        return memoryview(str(self.text, "utf-8").encode("latin1"))


def _reconstruct(array_type, shape, code):
    return PickledArray()


def _dtype(name, align, copy):
    if bytes(_expect(name, memoryview)[:20]) not in (b"u1", b"|u1", b"uint8"):
        raise ValueError("holds an array of another type than uint8")
    return PickledUint8()


def _encode(text, encoding):
    # Python 3 writes bytes this way into a pickle for Python 2.
    if bytes(_expect(encoding, memoryview)[:20]) not in (b"latin1", b"latin-1"):
        raise ValueError("holds bytes in an encoding other than latin1")
    value = PickledLatin1(_expect(text, memoryview))
    return value if len(text) > 100 else value.decode()


# The names that a batch may refer to, and their stand-ins: no code of NumPy or Python is called.
_STAND_INS = {
    (b"numpy.core.multiarray", b"_reconstruct"): _reconstruct,
    (b"numpy._core.multiarray", b"_reconstruct"): _reconstruct,
    (b"numpy", b"ndarray"): PickledArray,
    (b"numpy", b"dtype"): _dtype,
    (b"_codecs", b"encode"): _encode,
}
_ARGUMENTS = {_reconstruct: 3, _dtype: 3, _encode: 2}


def _stand_in(module, name):
    module, name = bytes(module[:100]), bytes(name[:100])
    if (module, name) not in _STAND_INS:
        asked = f"{module.decode('latin1')}.{name.decode('latin1')}"
        raise ValueError(f"asks for {asked!r}, which no CIFAR-10 batch holds; nothing was run")
    return _STAND_INS[module, name]


def _call(function, arguments):
    # The only callables on the stack are the stand-ins, which are hashable.
    if not callable(function) or _ARGUMENTS.get(function) != len(arguments):
        raise ValueError("is not a CIFAR-10 batch: it calls something as no batch does")
    return function(*arguments)
