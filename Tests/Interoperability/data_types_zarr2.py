"""Arrays of every data type by zarr-python 2."""

import os
import warnings

import numcodecs
import numpy
import zarr
from element_bytes import BYTES, TEXTS, VALUES, element_bytes, fill_value_bytes, json_bytes, numbers, objects

warnings.filterwarnings("ignore")

GRIDS = ["regular"]
NUMBERS = ["|b1", "|i1", "|u1", *(o + k for o in "<>" for k in "i2 i4 i8 u2 u4 u8 f2 f4 f8 c8 c16".split())]
OTHERS = ["|S5", "<U4", ">U4", "|V3", "<M8[ns]", ">M8[25s]", "<m8[D]", "<M8[us]"]
STRUCTURES = {
    "flat": [("x", "<f4"), ("y", "<i8"), ("flag", "|b1")],
    "flat-big": [("x", ">f4"), ("y", ">i8"), ("name", "|S3")],
    "nested": [("p", [("x", "<f4"), ("y", "<f4")]), ("t", "<M8[s]"), ("u", "<U2")],
    "part": [("values", "<i2", (2, 3)), ("n", "|u1")],
    "mixed": [("a", ">i4"), ("b", "<f8"), ("c", [("d", ">u2"), ("e", "<u2"), ("f", "|S2")]), ("g", ">U2")],
    "mixed-part": [("a", "<i4"), ("", "|V3"), ("b", [("c", ">f4"), ("d", "<c8", (2,))], (2, 2)), ("e", ">i2", (3,))],
}


def cases():
    """Yields for each case its name, its data, and how to create the array."""
    for code in NUMBERS + OTHERS:
        name = "type-" + code.translate(str.maketrans("<>|[]", "lbn--")).strip("-")
        # zarr-python 2 cannot make a fill value of such bytes.
        options = {"fill_value": None} if "V" in code else {}
        yield name, numbers(code, [5, 7]), {"chunks": (2, 3), **options}
    for name, fields in STRUCTURES.items():
        # zarr-python 2 cannot make a fill value of fields that are arrays.
        options = {"fill_value": None} if name.endswith("part") else {}
        yield f"struct-{name}", numbers(numpy.dtype(fields), [11]), {"chunks": (4,), **options}
    array = objects([numpy.array(range(i), dtype="<i4") for i in range(5)] * 2)
    for name, data, codec in [
        ("utf8", objects(TEXTS), numcodecs.VLenUTF8()),
        ("bytes", objects(BYTES), numcodecs.VLenBytes()),
        ("array", array, numcodecs.VLenArray("<i4")),
        ("array-big", objects([a.astype(">i4") for a in array]), numcodecs.VLenArray(">i4")),
        ("json", objects(VALUES), numcodecs.JSON()),
        ("msgpack", objects(VALUES), numcodecs.MsgPack()),
        ("categorize", objects(["b", "a", "", "é"] * 3), numcodecs.Categorize(["a", "b", "é"], dtype=object)),
    ]:
        fill = None if name in ["json", "msgpack"] else 0 if name.startswith("array") else ""
        yield f"object-{name}", data, {"chunks": (4,), "object_codec": codec, "fill_value": fill}
        if name in ["utf8", "bytes"]:
            options = {"chunks": (5,), "object_codec": codec}
            yield f"object-{name}-fill-zero", data, options
            yield f"object-{name}-fill-null", data, {**options, "fill_value": None}
    square = objects(TEXTS, [3, 4])
    for name, data, options in [
        ("number", numbers("<i4", [5, 7]), {}),
        ("cube", numbers(">f8", [3, 4, 5]), {"chunks": (2, 2, 2)}),
        ("utf8", square, {"object_codec": numcodecs.VLenUTF8(), "fill_value": "fill"}),
        # zarr-python 2 misreads its own chunks unless they are square and symmetric.
        ("json", objects(VALUES[:4] * 3, [3, 4]), {"object_codec": numcodecs.JSON(), "fill_value": None}),
    ]:
        yield f"order-f-{name}", data, {"chunks": (2, 3), "order": "F", **options}
    for name, codec in {
        "none": None, "zlib": numcodecs.Zlib(9), "gzip": numcodecs.GZip(1), "bz2": numcodecs.BZ2(),
        "lzma": numcodecs.LZMA(), "lz4": numcodecs.LZ4(), "zstd": numcodecs.Zstd(3),
        "blosc": numcodecs.Blosc(), "blosc-bit": numcodecs.Blosc("zstd", 3, numcodecs.Blosc.BITSHUFFLE),
        "blosc-auto": numcodecs.Blosc("lz4hc", 9, numcodecs.Blosc.AUTOSHUFFLE),
        "blosc-none": numcodecs.Blosc("zlib", 1, numcodecs.Blosc.NOSHUFFLE),
    }.items():
        yield f"compressor-{name}", numpy.arange(1000, dtype="<i4"), {"chunks": (300,), "compressor": codec}
    ramp = numpy.arange(1000, dtype="<i4")
    waves = numpy.round(numpy.sin(numpy.arange(1000)), 2)
    for name, data, filters in [
        ("delta", ramp, [numcodecs.Delta("<i4", "<i2")]),
        ("delta-big", ramp.astype(">i4"), [numcodecs.Delta(">i4")]),
        ("scale", waves, [numcodecs.FixedScaleOffset(0, 100, "<f8", ">i2")]),
        ("quantize", waves, [numcodecs.Quantize(3, "<f8")]),
        ("astype", ramp, [numcodecs.AsType("<i2", "<i4")]),
        ("packbits", (ramp % 3 == 0), [numcodecs.PackBits()]),
        ("shuffle", ramp, [numcodecs.Shuffle(4)]),
        ("delta-shuffle", ramp, [numcodecs.Delta("<i4"), numcodecs.Shuffle(4)]),
        ("crc32", ramp, [numcodecs.CRC32(), numcodecs.Adler32()]),
        ("fletcher32", ramp, [numcodecs.Fletcher32()]),
        ("empty", ramp, []),
    ]:
        yield f"filter-{name}", data, {"chunks": (300,), "filters": filters}
    yield "utf8-zlib-filter", objects(TEXTS), {
        "chunks": (5,), "object_codec": numcodecs.VLenUTF8(), "filters": [numcodecs.Zlib(1)], "compressor": None,
    }
    yield "separator", numbers("<i2", [5, 7]), {"chunks": (2, 3), "dimension_separator": "/"}
    yield "scalar", numbers("<f4", []), {"chunks": ()}
    yield "no-elements", numbers("<f4", [0, 3]), {"chunks": (2, 2)}
    yield "fill-nan", numpy.array([1, numpy.nan, 2, 0] * 3), {"chunks": (4,), "fill_value": numpy.nan}
    yield "fill-null", numpy.zeros(9), {"chunks": (4,), "fill_value": None}
    yield "fill-complex", numpy.zeros(9, ">c8"), {"chunks": (4,), "fill_value": complex(1.5, -2)}
    yield "fill-text", numpy.full(9, "é", "<U3"), {"chunks": (4,), "fill_value": "日本"}
    yield "fill-bytes", numpy.full(9, b"x", "|S3"), {"chunks": (4,), "fill_value": b"\xff\0z"}
    yield "fill-time", numpy.full(9, 5, "<M8[s]"), {"chunks": (4,), "fill_value": numpy.datetime64("NaT")}
    fields = numpy.dtype(STRUCTURES["flat-big"])
    fill = numpy.array((1.5, -2, b"ab"), dtype=fields)[()]
    yield "fill-struct", numpy.zeros(9, fields), {"chunks": (4,), "fill_value": fill}


def write(directory):
    for name, data, options in cases():
        path = os.path.join(directory, f"{name}.zarr")
        array = zarr.open_array(path, mode="w", shape=data.shape, dtype=data.dtype, **options)
        if data.size:
            array[...] = data if data.shape else data[()]
        array.attrs["name"] = name
        elements, fill_value = read(path)
        if name == "order-f-json":
            elements = json_bytes(data)
        yield path, elements, fill_value


def read(path):
    array = zarr.open_array(path, mode="r")
    ids = [codec.codec_id for codec in array.filters or []]
    is_json = "json2" in ids or "msgpack2" in ids
    elements = (json_bytes if is_json else element_bytes)(array[...])
    if array.fill_value is None or array.dtype == object:
        return elements, None
    return elements, fill_value_bytes(array.fill_value, array.dtype)
