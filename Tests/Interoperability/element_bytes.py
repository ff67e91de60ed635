"""The bytes of elements in the form of this project."""

import base64
import json

import numpy


def element_bytes(array):
    """Returns the bytes of each element of a NumPy array in C order."""
    array = numpy.asarray(array)
    if array.dtype.kind in "OT":
        return [object_bytes(value) for value in array.ravel(order="C")]
    array = numpy.ascontiguousarray(array.astype(array.dtype.newbyteorder("<")))
    data = array.tobytes()
    size = array.dtype.itemsize
    return [data[start : start + size] for start in range(0, len(data), size)]


def object_bytes(value):
    while isinstance(value, numpy.ndarray) and value.dtype == object and value.ndim == 0:
        value = value[()]  # zarr-python 3 can wrap bytes in an array without dimensions.
    if value is None:
        return b""  # zarr-python 2's value for an undefined fill value.
    if isinstance(value, bytes):
        return value
    if isinstance(value, str):
        return value.encode()
    if isinstance(value, numpy.ndarray):
        return value.astype(value.dtype.newbyteorder("<")).tobytes()
    raise TypeError(f"{value!r} is no object of these arrays")


def json_bytes(array):
    """Returns the text of each JSON value of a NumPy array of objects."""
    values = numpy.asarray(array, dtype=object).ravel(order="C")
    return [json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode() for value in values]


def numbers(code, shape, seed=0):
    """Returns an array of a NumPy type with any patterns of bits, but no unusual NaN."""
    dtype = numpy.dtype(code)
    count = int(numpy.prod(shape))
    if dtype.kind in "O":
        raise TypeError("objects are made by hand")
    generator = numpy.random.default_rng(seed)
    if dtype.kind == "b":
        return generator.integers(0, 2, shape).astype(dtype)
    if dtype.kind == "U":
        letters = list("abzé日😀\x01")
        texts = ["".join(generator.choice(letters, generator.integers(0, dtype.itemsize // 4 + 1)))]
        texts += ["".join(generator.choice(letters, i % (dtype.itemsize // 4 + 1))) for i in range(1, count)]
        return numpy.array(texts, dtype=dtype).reshape(shape)
    if dtype.kind == "S":
        parts = [generator.bytes(i % (dtype.itemsize + 1)).rstrip(b"\0") for i in range(count)]
        return numpy.array(parts, dtype=dtype).reshape(shape)
    data = numpy.frombuffer(generator.bytes(count * dtype.itemsize), dtype=dtype).copy().reshape(shape)
    if dtype.kind in "fc":
        data[~numpy.isfinite(data)] = 0
        special = [numpy.nan, numpy.inf, -numpy.inf, -0.0, 0.1, 5e-324]
        for index, value in enumerate(special[:count]):
            data.flat[index] = value
    if dtype.names:
        for name in dtype.names:
            data[name] = numbers(dtype[name].base, data[name].shape, seed + 1)
    return data


def objects(values, shape=None):
    """Returns an array of objects that NumPy does not take apart."""
    array = numpy.empty(len(values), dtype=object)
    for index, value in enumerate(values):
        array[index] = value
    return array.reshape(shape or [len(values)])


TEXTS = ["a", "é", "", "日本\0x", "0", "null", "\u2028", "tail", "x" * 300, "", "😀", "end"]
BYTES = [text.encode() + bytes([index]) if index % 3 else b"" for index, text in enumerate(TEXTS)]
VALUES = [
    {"a": [1, 2.5, None], "b": "é"}, None, 0, "text", [], {"nested": [[[]]]}, True, -1, 1e300, "", {}, [[1], [2]],
]


def fill_value_bytes(value, dtype):
    """Returns the bytes of a fill value that NumPy can hold."""
    return element_bytes(numpy.array([value], dtype=dtype))[0]


def base64_text(data):
    return base64.b64encode(data).decode("ascii")
