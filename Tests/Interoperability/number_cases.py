"""The shared arrays of numbers: every type in both byte orders, and the codecs that work on numbers.

An element is the bytes of a number, least significant first.
"""

import hashlib

import numpy

TYPES = ["bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"]
TYPES += ["float16", "float32", "float64", "complex64", "complex128"]
ZEROS = {data_type: bytes(numpy.dtype(data_type).itemsize) for data_type in TYPES}


def packed(values, data_type):
    """Returns each of `values` as the bytes of a number."""
    values = numpy.asarray(values, numpy.dtype(data_type).newbyteorder("<")).ravel()
    return [value.tobytes() for value in values]


def any_numbers(data_type, seed, count):
    """Returns numbers with random bits."""
    item = numpy.dtype(data_type).itemsize
    values = hashlib.shake_128(seed.encode()).digest(count * item)
    if data_type == "bool":
        values = bytes(value & 1 for value in values)
    return [values[start : start + item] for start in range(0, len(values), item)]


def codec(name, **settings):
    return {"name": name, "configuration": settings}


def store(data_type, byte_order="little"):
    """Returns the codec that stores numbers."""
    return codec("bytes", **({} if numpy.dtype(data_type).itemsize == 1 else {"endian": byte_order}))


def type_cases(make_case):
    """Cases for every type, byte order and fill value."""
    zstd = codec("zstd", level=1, checksum=False)
    for data_type in TYPES:
        for byte_order in ["little", "big"]:
            name = f"number-{data_type}-{byte_order}"
            codecs = [store(data_type, byte_order), zstd] if byte_order == "big" else [store(data_type)]
            elements = any_numbers(data_type, name, 35)
            yield make_case(name, data_type, [5, 7], [2, 3], elements=elements, codecs=codecs)
        kind = numpy.dtype(data_type).kind
        fill_value = {"b": True, "i": -7, "u": 200, "f": float("nan"), "c": complex(1.5, float("-inf"))}[kind]
        options = {"fill_value": packed([fill_value], data_type)[0], "writes": [[(2, 5)], [(9, 13)]]}
        elements = any_numbers(data_type, data_type, 20)
        codecs = [store(data_type, "big")]
        options |= {"elements": elements, "codecs": codecs}
        yield make_case(f"number-{data_type}-fill", data_type, [20], [4], **options)
    for data_type, shape, chunk_shape in [("float64", [], []), ("int16", [0], [4]), ("uint8", [3], [100])]:
        elements = packed(range(1, 1 + int(numpy.prod(shape))), data_type)
        name = f"number-{'x'.join(map(str, shape)) or '0d'}"
        yield make_case(name, data_type, shape, chunk_shape, elements=elements, codecs=[store(data_type)])


def layout_cases(make_case):
    """Cases for the codecs that move numbers."""
    gzip = codec("gzip", level=1)
    for data_type, shape, chunk_shape, order in [
        ("uint8", [5, 7], [2, 3], [1, 0]),
        ("int16", [5, 7], [4, 7], [1, 0]),
        ("float32", [40, 50], [40, 50], [1, 0]),
        ("float64", [3, 4, 5], [2, 3, 4], [2, 0, 1]),
        ("complex128", [3, 4, 5], [2, 3, 4], [0, 2, 1]),
        ("int32", [3, 2, 4, 3], [2, 2, 3, 2], [3, 1, 0, 2]),
        ("int64", [3, 4, 5], [2, 3, 4], [0, 1, 2]),
    ]:
        name = f"transpose-{data_type}"
        elements = any_numbers(data_type, name, int(numpy.prod(shape)))
        codecs = [codec("transpose", order=order), store(data_type, "big"), gzip]
        yield make_case(name, data_type, shape, chunk_shape, elements=elements, codecs=codecs)
    transpose = codec("transpose", order=[1, 0])
    for name, codecs in [
        ("reshape-flat", [codec("reshape", shape=[-1])]),
        ("reshape-axes", [codec("reshape", shape=[[0, 1], [2]])]),
        ("reshape-transpose", [codec("reshape", shape=[[0], -1]), transpose]),
        ("reshape-sizes", [codec("reshape", shape=[[0], 2, 2, 2]), codec("transpose", order=[3, 2, 1, 0])]),
        ("reshape-squeeze", [codec("reshape", shape=[1, -1, 1, 4]), codec("zarrs.squeeze"), transpose]),
    ]:
        elements = any_numbers("int16", name, 9 * 4 * 4)
        options = {"elements": elements, "codecs": [*codecs, store("int16")], **only("zarrs")}
        yield make_case(name, "int16", [9, 4, 4], [6, 2, 4], **options)


def bit_cases(make_case):
    """Cases for the codecs that work on the bits of numbers: those of zarrs, and those of numcodecs."""
    truth = any_numbers("bool", "packbits", 35)
    for padding in ["none", "first_byte", "last_byte"]:
        codecs = [codec("packbits", padding_encoding=padding)]
        options = {"elements": truth, "codecs": codecs, **only("zarrs")}
        yield make_case(f"packbits-bool-{padding}", "bool", [5, 7], [2, 3], **options)
    # zarrs extends signs only to the end of the byte, and misplaces the bits of edge chunks.
    steps = numpy.arange(32)
    for name, data_type, values, first, last in [
        ("uint8", "uint8", steps, 0, 4),
        ("int8", "int8", steps - 16, 0, 4),
        ("int16", "int16", steps * 9 - 99, 0, 9),
        ("uint16", "uint16", steps * 129, 0, 11),
        ("int64", "int64", steps * 20, 2, 11),
        ("float32", "float32", steps / 4, 16, 31),
        ("complex64", "complex64", steps * (1 - 2j), 12, 31),
        ("whole", "int16", steps * 20 - 300, 0, 15),
    ]:
        codecs = [codec("packbits", first_bit=first, last_bit=last)]
        options = {"elements": packed(values, data_type), "codecs": codecs, **only("zarrs")}
        yield make_case(f"packbits-{name}", data_type, [32], [8], **options)
    for data_type, values in [
        ("float32", steps / 4), ("float64", steps * -8.0), ("int32", steps), ("uint8", steps // 4 * 32),
        ("complex64", steps * (1 - 2j)),
    ]:
        elements = packed(values, data_type)
        codecs = [codec("bitround", keepbits=5), store(data_type, "big")]
        options = {"elements": elements, "codecs": codecs, **only("zarrs")}
        yield make_case(f"bitround-{data_type}", data_type, [32], [10], **options)


def numcodecs_cases(make_case):
    """Cases for the filters of numcodecs that compute with numbers.

    Stored numbers are little-endian or of one byte: zarr-python before 3.4 misreads others.
    """
    steps = numpy.arange(60).reshape(5, 12)
    scale = codec("numcodecs.fixedscaleoffset", offset=10, scale=4, dtype="<f8", astype="<i2")
    part = [[(1, 2), (0, 9)]]
    for name, data_type, values, filters, options in [
        ("delta", "int32", steps * 3, [codec("numcodecs.delta", dtype="<i4", astype="<i2")], {}),
        ("delta-same", "uint64", steps[::-1], [codec("numcodecs.delta", dtype="<u8")], {}),
        ("delta-float", "float32", steps / 4, [codec("numcodecs.delta", dtype="<f4", astype="<f8")], {}),
        ("delta-name", "int16", steps, [codec("numcodecs.delta", dtype="int16")], {}),
        ("astype", "float64", steps / 8, [astype("<f8", "<f4")], {}),
        ("astype-integer", "int64", steps, [astype("<i8", "|u1")], {"stored": "uint8"}),
        ("scale", "float64", steps / 4, [scale], {"libraries": ["zarr", "zarrs"]}),
        ("scale-delta", "float64", steps / 4, [scale, codec("numcodecs.delta", dtype="<i2")], {}),
        ("scale-fill", "float64", steps / 4, [scale], {"fill_value": packed(2.5, "float64")[0], "writes": part}),
        ("quantize", "float32", steps / 16, [codec("numcodecs.quantize", digits=2, dtype="<f4")], {}),
        ("bitround", "float16", steps / 4, [codec("numcodecs.bitround", keepbits=6)], {}),
        ("packbits", "bool", steps % 3 == 0, [codec("numcodecs.packbits")], {"stored": "uint8"}),
    ]:
        libraries = options.pop("libraries", ["zarr"])
        codecs = [*filters, store(options.pop("stored", "int16")), codec("gzip", level=1)]
        options |= {"elements": packed(values, data_type), "codecs": codecs}
        yield make_case(f"filter-{name}", data_type, [5, 12], [2, 5], **options, **only(*libraries))


def astype(decoded, encoded):
    return codec("numcodecs.astype", encode_dtype=encoded, decode_dtype=decoded)


def shard_cases(make_case):
    """Cases for shards of numbers."""
    inner = [codec("transpose", order=[1, 0]), store("float32", "big"), codec("zstd", level=1, checksum=False)]
    index = [codec("bytes", endian="little"), {"name": "crc32c"}]
    settings = {"codecs": inner, "index_codecs": index, "index_location": "end"}
    shards = codec("sharding_indexed", chunk_shape=[2, 3], **settings)
    elements = any_numbers("float32", "shard", 90)
    yield make_case("shard-float32", "float32", [9, 10], [4, 6], elements=elements, codecs=[shards])


def only(*libraries):
    return {"writers": list(libraries), "readers": list(libraries)}


def number_cases(make_case):
    """Returns every case."""
    groups = [type_cases, layout_cases, bit_cases, numcodecs_cases, shard_cases]
    return [case for group in groups for case in group(make_case)]


def fill_value_to_json(element, data_type):
    """Returns the fill value of an array of numbers in the form of metadata."""
    value = numpy.frombuffer(element, numpy.dtype(data_type).newbyteorder("<"))[0].item()
    if isinstance(value, complex):
        return [part_to_json(value.real), part_to_json(value.imag)]
    return part_to_json(value)


def part_to_json(value):
    names = {float("inf"): "Infinity", float("-inf"): "-Infinity"}
    return "NaN" if value != value else names.get(value, value)


def fill_value_from_json(value, data_type):
    """Returns the bytes of the fill value of an array of numbers in metadata."""
    parts = value if isinstance(value, list) else [value]
    parts = [float(part) if isinstance(part, str) else part for part in parts]
    return packed([complex(*parts) if len(parts) == 2 else parts[0]], data_type)[0]
