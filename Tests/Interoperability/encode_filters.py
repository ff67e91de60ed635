"""Encodes numbers with the filters of numcodecs, as expectations for ours.

    encode_filters.py

prints JSON lines, each with a codec in the form of Zarr v3 metadata, the data type of the numbers, and in hexadecimal the
numbers, their encoded form, and its decoded form. All numbers are little-endian.
"""

import hashlib
import itertools
import json
import sys
import warnings

import numcodecs
import numpy

INTEGERS = ["i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8"]
FLOATS = ["f2", "f4", "f8"]


def pseudorandom(seed, dtype, count):
    """Returns `count` numbers with bits that depend only on the seed."""
    dtype = numpy.dtype(dtype)
    return numpy.frombuffer(hashlib.shake_128(seed.encode()).digest(count * dtype.itemsize), dtype)


def integers(dtype):
    """Returns extremes, small numbers and others, more than a block of the engine."""
    info = numpy.iinfo(dtype)
    special = [0, 1, 2, 3, 100, info.min, info.max, info.min + 1, info.max - 1, info.max // 2, info.min // 2]
    return numpy.concatenate([numpy.array(special, dtype), pseudorandom(dtype, dtype, 1100)])


def floats(dtype, limit=None):
    """Returns special floating-point numbers: ties, tiny, huge, infinite, not a number."""
    special = [0.0, -0.0, 0.5, 1.5, 2.5, -0.5, -1.5, -2.5, 0.1, -0.1, 1e-7, 127.5, 128.5, 255.5, 32767.5, 65504.0]
    if limit is None:
        special += [float("inf"), float("-inf"), float("nan"), 1e30, -1e30, 2.0**31, -(2.0**31) - 1, 2.0**63]
    spread = pseudorandom(dtype, "i2", 1100) / 64.0
    values = numpy.concatenate([special, spread]).astype(dtype)
    return values if limit is None else values[numpy.abs(values) < limit]


def numbers(dtype, limit=None):
    return integers(dtype) if dtype in INTEGERS else floats(dtype, limit)


def cases():
    """Yields the id of a codec, its configuration, and the numbers to encode."""
    for decoded, encoded in itertools.product(INTEGERS + FLOATS, INTEGERS + FLOATS + ["b1"]):
        # NumPy's result for numbers outside of u4 depends on their position in the array.
        limit = 100 if encoded == "u4" and decoded in FLOATS else None
        values = numpy.abs(numbers(decoded, limit)) if limit else numbers(decoded)
        configuration = {"encode_dtype": f"<{encoded}", "decode_dtype": f"<{decoded}"}
        yield "astype", configuration, values
    yield "astype", {"encode_dtype": "|u1", "decode_dtype": "|b1"}, integers("u1") > 100
    yield "astype", {"encode_dtype": "<f4", "decode_dtype": "|b1"}, integers("u1") > 100

    for decoded, encoded in itertools.product(INTEGERS, INTEGERS):
        if {decoded, encoded} <= {"u8", "i8"} and decoded != encoded:
            # numcodecs adds these up as f8, which is exact for small, growing numbers.
            values = numpy.sort(numpy.abs(pseudorandom("small", "i4", 1100)) // 1100).astype(decoded)
        elif "u8" in (decoded, encoded) and "i" in decoded + encoded:
            values = numpy.sort(integers("i1") & 127).astype(decoded)
        else:
            values = integers(decoded)
        yield "delta", {"dtype": f"<{decoded}", "astype": f"<{encoded}"}, values
    for decoded, encoded in itertools.product(FLOATS, FLOATS + ["i2", "i4", "i8"]):
        values = floats(decoded, 200)
        yield "delta", {"dtype": f"<{decoded}", "astype": f"<{encoded}"}, values
    for decoded, encoded in itertools.product(["i2", "i4", "i8"], FLOATS):
        yield "delta", {"dtype": f"<{decoded}", "astype": f"<{encoded}"}, integers("i1").astype(decoded)
    yield "delta", {"dtype": "float32"}, floats("f4", 1000)

    constants = [(1, 2), (1000.5, 10), (-3, 0.5), (0, 1), (0.1, 1000.0), (7, -2)]
    for decoded, (offset, scale) in itertools.product(INTEGERS + FLOATS, constants):
        for encoded in [decoded if decoded[0] != "u" else "i8", "i4", "i2", "f4"]:
            negative = isinstance(offset, int) and offset < 0 or isinstance(scale, int) and scale < 0
            too_large = isinstance(offset, int) and isinstance(scale, int) and max(offset, scale) > 100
            if decoded[0] == "u" and negative or decoded in ["i1", "u1"] and too_large:
                continue
            values = numbers(decoded, 1000)
            configuration = {"offset": offset, "scale": scale, "dtype": f"<{decoded}", "astype": f"<{encoded}"}
            yield "fixedscaleoffset", configuration, values

    for decoded, encoded in itertools.product(FLOATS, FLOATS):
        for digits in [-2, 0, 1, 2, 3, 5, 8, 12]:
            values = floats(decoded, 1000)
            yield "quantize", {"digits": digits, "dtype": f"<{decoded}", "astype": f"<{encoded}"}, values

    for decoded, bits in [("f2", 10), ("f4", 23), ("f8", 52)]:
        for kept in [0, 1, 2, bits // 2, bits - 1, bits]:
            values = numpy.concatenate([floats(decoded), pseudorandom("bits", decoded, 2000)])
            yield "bitround", {"keepbits": kept}, values

    for count in [1, 2, 7, 8, 9, 16, 1100]:
        yield "packbits", {}, pseudorandom("truth", "u1", count) > 127


def line(name, configuration, values):
    codec = numcodecs.get_codec({"id": name, **configuration})
    encoded = codec.encode(values)
    decoded = codec.decode(encoded.copy())
    if name == "bitround":
        decoded = decoded.view(values.dtype)
    return {
        "codec": {"name": f"numcodecs.{name}", "configuration": configuration},
        "data_type": values.dtype.name,
        "values": values.tobytes().hex(),
        "encoded": encoded.tobytes().hex(),
        "decoded": decoded.tobytes().hex(),
    }


def main():
    warnings.simplefilter("ignore")
    numpy.seterr(all="ignore")
    for name, configuration, values in cases():
        print(json.dumps(line(name, configuration, values)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
