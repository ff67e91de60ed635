"""Arrays of every data type by zarrs, through its Python bindings (zarrista)."""

import json
import os
import random

import numpy
import zarrista
from element_bytes import BYTES, TEXTS
from zarrista.store import FilesystemStore

GRIDS = ["regular", "rectilinear"]
SHAPE, CHUNK_SHAPE = [5, 7], [2, 3]

# The types of fixed size, with a fill value, its bytes, and the bytes of an element.
SMALL = "int2 int4 uint2 uint4 float4_e2m1fn float6_e2m3fn float6_e3m2fn float8_e3m4 float8_e4m3 "
SMALL += "float8_e4m3b11fnuz float8_e4m3fnuz float8_e5m2 float8_e5m2fnuz float8_e8m0fnu"
PLAIN = {
    "bool": (True, "01"), "int8": (-1, "ff"), "uint8": (255, "ff"), "int16": (-2, "feff"), "uint16": (1, "0100"),
    "int32": (-2, "feffffff"), "uint32": (2**32 - 1, "ffffffff"), "int64": (-(2**63), "0000000000000080"),
    "uint64": (2**64 - 1, "ff" * 8), "float16": (1.5, "003e"), "bfloat16": ("0x7fc1", "c17f"),
    "float32": (0.1, "cdcccc3d"), "float64": ("NaN", "000000000000f87f"),
    "complex64": ([1.5, "-Infinity"], "0000c03f000080ff"), "complex128": ([0.0, -0.0], "00" * 15 + "80"),
    "complex_float32": ([1.5, 0], "0000c03f00000000"), "complex_bfloat16": (["NaN", 1.5], "c07fc03f"),
    "complex_float16": ([0, 1.5], "0000003e"), "complex_float8_e5m2": (["0x7c", "0x01"], "7c01"),
    "r8": ([7], "07"), "r24": ([1, 2, 255], "0102ff"),
    **{name: (-1, "ff") if name.startswith("i") else (1, "01") for name in SMALL.split()[:4]},
    **{name: ("0x01", "01") for name in SMALL.split()[4:]},
}
OBJECTS = {
    "datetime": ("numpy.datetime64", {"unit": "us", "scale_factor": 10}, "NaT", "0000000000000080"),
    "timedelta": ("numpy.timedelta64", {"unit": "D", "scale_factor": 1}, 5, "0500000000000000"),
    "utf32": ("fixed_length_utf32", {"length_bytes": 8}, "é", "e900000000000000"),
}


def metadata(data_type, fill_value, codecs):
    return {
        "zarr_format": 3, "node_type": "array", "shape": SHAPE, "data_type": data_type,
        "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": CHUNK_SHAPE}},
        "chunk_key_encoding": {"name": "default", "configuration": {"separator": "/"}},
        "fill_value": fill_value, "codecs": codecs, "attributes": {},
    }


def optional(inner):
    masks = [{"name": "packbits"}]
    return [{"name": "zarrs.optional", "configuration": {"mask_codecs": masks, "data_codecs": [inner]}}]


def write(directory):
    generator = random.Random(0)
    count = SHAPE[0] * SHAPE[1]
    types = [(name, name, *value) for name, value in PLAIN.items()]
    types += [(n, {"name": t, "configuration": c}, f, b) for n, (t, c, f, b) in OBJECTS.items()]
    for name, data_type, fill_value, fill_bytes in types:
        fill = bytes.fromhex(fill_bytes)
        for endian in ["little", "big"] if len(fill) > 1 and not name.startswith("r") else ["little"]:
            path = os.path.join(directory, f"{name}-{endian}.zarr")
            elements = [element(generator, name, len(fill)) for _ in range(count)]
            codecs = [{"name": "bytes", "configuration": {"endian": endian}}]
            array = created(path, metadata(data_type, fill_value, codecs))
            elements = elements[: count - 7] + [fill] * 7
            array.store_array_subset((slice(0, 4), slice(0, 7)), zarrista.ArrayBytes(b"".join(elements[: count - 7])))
            yield path, elements, fill
    yield from write_rectilinear(directory, generator)
    yield from write_variable(directory)
    yield from write_optional(directory, generator)


def element(generator, name, byte_count):
    if name == "bool":
        return bytes([generator.randrange(2)])
    if name in SMALL:
        return bytes([generator.randrange(2 if "2" in name[:5] else 8)])
    if name == "utf32":
        return "".join(generator.choice("a\0日😀") for _ in range(byte_count // 4)).encode("utf-32-le")
    return generator.randbytes(byte_count)


def write_variable(directory):
    for name, codec, values, fill_value, fill in [
        ("string", "vlen-utf8", [text.encode() for text in TEXTS], "n/a", b"n/a"),
        ("bytes", "vlen-bytes", BYTES, [1, 2], b"\1\2"),
    ]:
        path = os.path.join(directory, f"{name}.zarr")
        array = created(path, metadata(name, fill_value, [{"name": codec}]))
        elements = (values * 3)[:28]
        array.store_array_subset((slice(0, 4), slice(0, 7)), packed(elements))
        yield path, elements + [fill] * 7, fill


def write_rectilinear(directory, generator):
    little = {"name": "bytes", "configuration": {"endian": "little"}}
    index_codecs = [little, {"name": "crc32c"}]
    shards = {"chunk_shape": [2, 1], "codecs": [little], "index_codecs": index_codecs, "index_location": "end"}
    elements = [generator.randbytes(4) for _ in range(28)]
    for name, lengths, codec in [
        ("lengths", [[1, 3, 1], [[2, 3], 1]], little), ("mixed", [2, [4, 3]], little), ("longer", [[4, 4], [9]], little),
        ("shards", [[2, 4], [3, 4]], {"name": "sharding_indexed", "configuration": shards}),
    ]:
        path = os.path.join(directory, f"rectilinear-{name}.zarr")
        document = metadata("int32", 7, [codec])
        document["chunk_grid"] = {"name": "rectilinear", "configuration": {"kind": "inline", "chunk_shapes": lengths}}
        array = created(path, document)
        array.store_array_subset((slice(0, 4), slice(0, 7)), zarrista.ArrayBytes(b"".join(elements)))
        yield path, elements + [b"\7\0\0\0"] * 7, b"\7\0\0\0"


def write_optional(directory, generator):
    little = {"name": "bytes", "configuration": {"endian": "little"}}
    inner = {"name": "int16", "configuration": {}}
    for name, fill_value, fill in [("null", None, b"\0\0\0"), ("five", [5], b"\1\5\0")]:
        path = os.path.join(directory, f"optional-{name}.zarr")
        data_type = {"name": "zarrs.optional", "configuration": inner}
        array = created(path, metadata(data_type, fill_value, optional(little)))
        mask = [generator.randrange(2) for _ in range(28)]
        values = [generator.randbytes(2) for _ in range(28)]
        data = zarrista.ArrayBytes(b"".join(values), mask=bytes(mask))
        array.store_array_subset((slice(0, 4), slice(0, 7)), data)
        elements = [b"\1" + value if is_there else b"\0\0\0" for is_there, value in zip(mask, values)]
        yield path, elements + [fill] * 7, fill


def created(path, document):
    os.makedirs(path, exist_ok=True)
    array = zarrista.Array.from_metadata(document, FilesystemStore(path), "/")
    array.store_metadata()
    return array


def packed(elements):
    offsets = [0]
    for each in elements:
        offsets.append(offsets[-1] + len(each))
    return zarrista.ArrayBytes(b"".join(elements), offsets=offsets)


def read(path):
    array = zarrista.Array.open(FilesystemStore(path), "/")
    tensor = array.retrieve_array_subset(...)
    if isinstance(tensor, zarrista.VariableLengthTensor):
        values = tensor.to_numpy().ravel(order="C").tolist()
        return [value.encode() if isinstance(value, str) else value for value in values], None
    mask = None
    if isinstance(tensor, zarrista.OptionalFixedLengthTensor):
        mask, tensor = bytes(tensor.mask.buffer()), tensor.data
    data = bytes(tensor.buffer())
    count = int(numpy.prod(array.shape))
    size = len(data) // count
    elements = [data[start : start + size] for start in range(0, len(data), size)]
    if mask is not None:
        elements = [b"\1" + each if is_there else bytes(size + 1) for is_there, each in zip(mask, elements)]
    return elements, None


def stated(path):
    with open(os.path.join(path, "zarr.json"), encoding="utf-8") as file:
        return json.load(file)
