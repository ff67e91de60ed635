"""Arrays of every data type by zarr-python 3, in both versions of the format."""

import importlib.metadata
import json
import os
import warnings

import numpy
import zarr
from element_bytes import BYTES, TEXTS, element_bytes, fill_value_bytes, numbers, objects

warnings.filterwarnings("ignore")

VERSION = tuple(map(int, importlib.metadata.version("zarr").split(".")[:2]))
GRIDS = ["regular"] if VERSION < (3, 2) else ["regular", "rectilinear"]
if "rectilinear" in GRIDS:
    zarr.config.set({"array.rectilinear_chunks": True})
TYPES = "|b1 |i1 |u1 <i2 >i2 <i4 <i8 <u2 <u4 <u8 <f2 <f4 >f8 <f8 <c8 <c16 |S5 <U4 >U4 |V3 <M8[ns] <M8[25s] <m8[D]"
STRUCTURES = {
    "flat": [("x", "<f4"), ("y", "<i8"), ("flag", "|b1")],
    "nested": [("p", [("x", "<f4"), ("y", "<f4")]), ("t", "<M8[s]"), ("u", "<U2")],
}


def cases():
    for code in TYPES.split():
        name = "type-" + code.translate(str.maketrans("<>|[]", "lbn--")).strip("-")
        yield name, numbers(code, [5, 7]), {"chunks": (2, 3)}
    for name, fields in STRUCTURES.items():
        # numcodecs cannot compress times.
        yield f"struct-{name}", numbers(numpy.dtype(fields), [11]), {"chunks": (4,), "compressors": None}
    strings = numpy.array(TEXTS, dtype=numpy.dtypes.StringDType())
    yield "string", strings, {"chunks": (5,), "dtype": "string"}
    yield "string-fill", strings, {"chunks": (5,), "dtype": "string", "fill_value": "n/a"}
    yield "bytes", objects(BYTES), {"chunks": (5,), "dtype": zarr.dtype.VariableLengthBytes()}
    yield "order-f", numbers("<i4", [5, 7]), {"chunks": (2, 3), "order": "F"}
    for name, code, fill_value in [
        ("nan", "<f4", numpy.nan), ("infinity", "<f8", -numpy.inf), ("tenth", "<f4", 0.1), ("large", "<u8", 2**64 - 1),
        ("complex", "<c8", complex(1.5, numpy.nan)), ("true", "|b1", True), ("text", "<U3", "日本"),
        ("bytes", "|S3", b"\xff\0z"), ("time", "<M8[s]", numpy.datetime64(5, "s")),
    ]:
        yield f"fill-{name}", numbers(code, [9]), {"chunks": (4,), "fill_value": fill_value}


def write(directory):
    for zarr_format in [2, 3]:
        for name, data, options in cases():
            if zarr_format == 3 and name == "order-f":
                continue
            if zarr_format == 2 and name == "struct-nested" and VERSION < (3, 2):
                continue  # It cannot read its own output.
            path = os.path.join(directory, f"v{zarr_format}-{name}.zarr")
            yield create(path, zarr_format, data, {"dtype": data.dtype, **options})
    for name, data, options in rectilinear_cases() if "rectilinear" in GRIDS else []:
        yield create(os.path.join(directory, f"{name}.zarr"), 3, data, {"dtype": data.dtype, **options})


def rectilinear_cases():
    strings = numpy.array(TEXTS, dtype=numpy.dtypes.StringDType())
    yield "rectilinear-string", strings, {"chunks": [[1, 2, 3, 6]], "dtype": "string"}
    yield "rectilinear-number", numbers("<i4", [5, 7]), {"chunks": [[1, 3, 1], [2, 2, 3]], "fill_value": 7}
    yield "rectilinear-shards", numbers(">f8", [6, 7]), {"chunks": (2, 1), "shards": [[2, 4], [3, 4]]}


def create(path, zarr_format, data, options):
    """Creates an array without its last chunk."""
    array = zarr.create_array(path, shape=data.shape, zarr_format=zarr_format, overwrite=True, **options)
    chunk = options["chunks"][0]
    if isinstance(chunk, list):
        chunk = chunk[0]
    end = (len(data) - 1) // chunk * chunk
    array[:end] = data[:end]
    elements, fill_value = read(path)
    if data.dtype.kind != "O":
        assert elements[: len(element_bytes(data[:end]))] == element_bytes(data[:end]), path
    return path, elements, fill_value


def read(path):
    array = zarr.open_array(path, mode="r")
    # Read one at a time, zarr-python returns bytes in arrays without dimensions.
    elements = element_bytes(array[...])
    fill_value = array.metadata.fill_value
    if fill_value is None:
        return elements, None
    if array.dtype.kind in "OT":
        return elements, fill_value if isinstance(fill_value, bytes) else fill_value.encode()
    return elements, fill_value_bytes(fill_value, array.dtype)


def stated(path):
    for name in ["zarr.json", ".zarray"]:
        if os.path.exists(os.path.join(path, name)):
            with open(os.path.join(path, name), encoding="utf-8") as file:
                return json.load(file)
    raise FileNotFoundError(path)
