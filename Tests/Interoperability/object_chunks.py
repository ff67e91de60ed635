"""Chunks of objects as numcodecs stores them: json2, msgpack2 and categorize.

    object_chunks.py write FILE                    writes the chunks of the fixtures
    object_chunks.py write FILE --long             writes chunks that are too long for the fixtures
    object_chunks.py write FILE --random N SEED    writes N chunks of random values
    object_chunks.py check FILE                    decodes the chunks of a file, and compares the elements

A file is JSON Lines in ASCII, one chunk a line:

    name        a unique name
    codec       the configuration of the codec, with its id
    shape       the number of elements along each dimension
    elements    the JSON text of each element in C order
    encoded     the chunk that numcodecs stores, in hexadecimal
    decoded     the JSON text of each decoded element, without white space

Byte strings, which JSON lacks, are objects with the single member `__bytes__`, in base64.
"""

import argparse
import base64
import json
import random
import re
import sys

import numcodecs
import numcodecs.categorize
import numcodecs.json
import numcodecs.msgpacks
import numpy

TEXTS = [
    "", "a", "é", "日本", "😀", "\x00\x01\x1f\x7f\x80\x9f", "\b\t\n\f\r", "\"quotes\" \\ / '", "\u2028\u2029",
    "\ud7ff\ue000\uffff\U00010000\U0010ffff", "e\u0301", "x" * 31, "y" * 32, "z" * 255, "é" * 128,
]
INTEGERS = [
    0, 1, 31, 32, 127, 128, 255, 256, 65535, 65536, 2**31, 2**32 - 1, 2**32, 2**53 + 1, 2**63 - 1, 2**63,
    2**64 - 1, -1, -31, -32, -33, -127, -128, -129, -32768, -32769, -(2**31), -(2**31) - 1, -(2**63),
]
FLOATS = [
    0.0, -0.0, 1.0, 1.5, -2.75, 0.1, 1 / 3, 1e15, 9007199254740992.0, 1e16, 1.2e16, 12345678901234568.0,
    1.8014398509481984e16, 1e22, 1e-4, 1e-5, 1.5e-7, 123456.789, 5e-324, 2.2250738585072014e-308,
    1.7976931348623157e308, 1e100,
]
NONFINITE = [float("nan"), float("inf"), float("-inf")]
CONTAINERS = [
    [], {}, [[]], [{}], {"": {}}, [1, [2, [3, [4, None]]]], {"b": 1, "a": 2, "c": {"z": 0, "y": [1]}},
    {"\ue000": 1, "😀": 2, "é": 3, "e": 4, "E": 5, "": 6, "\x7f": 7, "a\"b": 8},
    {"k" * length: length for length in range(20)}, list(range(20)), {"nested": [{"x": [[{"y": None}]]}]},
]
EVERYTHING = [None, True, False, *TEXTS, *INTEGERS, *FLOATS, *CONTAINERS]


def deep(depth):
    value = None
    for level in range(depth):
        value = [value] if level % 2 else {"k": value}
    return value


def corpus():
    """Yields a name, a configuration, a shape and the elements of each chunk of the fixtures."""
    json2 = numcodecs.json.JSON
    more = [*NONFINITE, 2**64, 10**30, -(10**30)]
    yield "json2", json2(), [len(EVERYTHING) + len(more)], EVERYTHING + more
    yield "json2-unicode", json2(ensure_ascii=False), [len(EVERYTHING)], EVERYTHING
    yield "json2-unsorted", json2(sort_keys=False), [len(CONTAINERS)], CONTAINERS
    yield "json2-spaces", json2(separators=(", ", " : ")), [len(CONTAINERS)], CONTAINERS
    for name, indent in [("0", 0), ("2", 2), ("tab", "\t")]:
        yield f"json2-indent-{name}", json2(indent=indent), [len(CONTAINERS)], CONTAINERS
        yield f"json2-indent-{name}-2d", json2(indent=indent, ensure_ascii=False), [2, 3], [1, [], {}, [2], "é", None]
    yield "json2-surrogates", json2(), [3], ["\ud800", {"\udc00": 1, "\uffff": 2, "\U00010000": 3}, "a\udfff\ud800b"]
    yield "json2-deep", json2(), [2], [deep(100), deep(99)]
    for codec in [json2(), numcodecs.msgpacks.MsgPack()]:
        name = codec.codec_id
        yield f"{name}-2d", codec, [2, 3], ["a", "b", "c", "d", "e", "f"]
        yield f"{name}-3d", codec, [2, 1, 2], [None, 0, [], {"a": [1]}]
        yield f"{name}-ones", codec, [1, 1, 1], [[]]
        yield f"{name}-lists", codec, [2, 2], [[1, 2], [3], [[4]], []]
        yield f"{name}-rows-of-one", codec, [3, 1], [[1], [[2]], 3]
        yield f"{name}-one", codec, [1], [{"only": "one"}]
        yield f"{name}-like-the-end", codec, [2], ["|O", [2]]
    for index, value in enumerate([None, "q", [1, 2], {"a": []}]):
        yield f"json2-0d-{index}", json2(), [], [value]
    msgpack = numcodecs.msgpacks.MsgPack
    bins = [b"", b"x", bytes(range(256)), {"a": [1, 2.5, True, "é", b"x"]}]
    yield "msgpack2", msgpack(), [len(EVERYTHING + NONFINITE)], EVERYTHING + NONFINITE
    yield "msgpack2-bytes", msgpack(), [len(bins)], bins
    yield "msgpack2-many", msgpack(), [40], list(range(40))
    yield "msgpack2-single", msgpack(use_single_float=True), [4], [1.5, -0.0, 1e10, {"x": 0.25}]
    yield "msgpack2-old", msgpack(use_bin_type=False), [len(TEXTS)], TEXTS
    yield "msgpack2-raw", msgpack(raw=True), [3], ["a", b"\xff", {"k": "é"}]
    yield "msgpack2-deep", msgpack(), [1], [deep(100)]
    categorize = numcodecs.categorize.Categorize
    words = ["ab", "c", "", "é日本", "no label", "ab"]
    for dtype in ["object", "U8"]:
        for astype in ["u1", "<u2", ">u2", "<i4", ">u8", "i1"]:
            name = f"categorize-{dtype}-{astype.replace('<', 'little-').replace('>', 'big-')}"
            yield name, categorize(["ab", "c", "é日本"], dtype=dtype, astype=astype), [2, 3], words
    yield "categorize-twice", categorize(["a", "b", "a"], dtype=object), [3], ["a", "b", "x"]
    yield "categorize-none", categorize([], dtype=object), [2], ["a", ""]


def long_chunks():
    """Yields chunks like `corpus` that are too long for the fixtures."""
    text = ["w" * 70000, "日" * 30000, {"k" * 66000: ["v" * 300]}]
    yield "json2-long", numcodecs.json.JSON(), [3], text
    yield "json2-many", numcodecs.json.JSON(), [100, 200], list(range(20000))
    counts = [[None] * 66000, {f"{key:x}": None for key in range(66000)}, b"\xff" * 70000]
    yield "msgpack2-long", numcodecs.msgpacks.MsgPack(), [6], [*text, *counts]
    yield "msgpack2-many", numcodecs.msgpacks.MsgPack(), [66000], list(range(66000))


def by_chance(count, seed):
    """Yields chunks like `corpus` with random values."""
    generator = random.Random(seed)
    for index in range(count):
        shape = [generator.randint(1, 4) for _ in range(generator.randint(1, 3))]
        values = [value_by_chance(generator, 4) for _ in range(int(numpy.prod(shape)))]
        flags = {name: generator.random() < 0.5 for name in ["ensure_ascii", "sort_keys"]}
        codec = (
            numcodecs.json.JSON(indent=generator.choice([None, None, 1, "\t"]), **flags)
            if generator.random() < 0.6
            else numcodecs.msgpacks.MsgPack()
        )
        yield f"random-{index}", codec, shape, values


def value_by_chance(generator, depth):
    kind = generator.randint(0, 9 if depth > 0 else 6)
    if kind <= 2:
        return generator.choice(EVERYTHING[:3])
    if kind == 3:
        return generator.randint(-(2 ** generator.randint(0, 63)), 2 ** generator.randint(0, 63))
    if kind == 4:
        return generator.choice([-1, 1]) * generator.random() * 10 ** generator.randint(-300, 300)
    if kind <= 6:
        return text_by_chance(generator)
    if kind == 7:
        return [value_by_chance(generator, depth - 1) for _ in range(generator.randint(0, 4))]
    return {text_by_chance(generator): value_by_chance(generator, depth - 1) for _ in range(generator.randint(0, 5))}


def text_by_chance(generator):
    ranges = [(0, 0x20), (0x20, 0x7F), (0x20, 0x7F), (0x80, 0x800), (0x800, 0xD800), (0xE000, 0x11000)]
    return "".join(chr(generator.randrange(*generator.choice(ranges))) for _ in range(generator.randint(0, 12)))


def array_of(codec, shape, elements):
    if isinstance(codec, numcodecs.categorize.Categorize):
        return numpy.array(elements, dtype=codec.dtype).reshape(shape)
    array = numpy.empty(len(elements), dtype=object)
    for index, element in enumerate(elements):
        array[index] = element
    return array.reshape(shape)


def text_of(value, **options):
    """Returns the JSON text of a value in UTF-8, with escapes for what UTF-8 lacks."""
    text = json.dumps(value, ensure_ascii=False, default=bytes_to_json, **options)
    return re.sub("[\ud800-\udfff]", lambda match: f"\\u{ord(match[0]):04x}", text)


def bytes_to_json(value):
    return {"__bytes__": base64.b64encode(value).decode("ascii")}


def texts_of(codec, array, **options):
    values = [array[index] for index in numpy.ndindex(array.shape)]
    if isinstance(codec, numcodecs.categorize.Categorize):
        return [str(value) for value in values]
    if getattr(codec, "raw", False):
        values = [decoded_as_text(value) for value in values]
    return [text_of(value, **options) for value in values]


def decoded_as_text(value):
    """Returns a value with byte strings as text where they are text."""
    if isinstance(value, bytes):
        try:
            return value.decode()
        except UnicodeDecodeError:
            return value
    if isinstance(value, dict):
        return {decoded_as_text(key): decoded_as_text(item) for key, item in value.items()}
    return value


def decode(codec, shape, encoded):
    if isinstance(codec, numcodecs.categorize.Categorize):
        return codec.decode(encoded).reshape(shape)
    # numcodecs cannot make arrays of lists that look like rows.
    if isinstance(codec, numcodecs.json.JSON):
        items = json.loads(encoded.decode("utf-8"))
    else:
        import msgpack

        items = msgpack.unpackb(encoded, raw=codec.raw)
    array = numpy.empty(shape, dtype=object)
    for index in numpy.ndindex(array.shape):
        item = items
        for position in index or (0,):
            item = item[position]
        array[index] = item
    return array


def write(path, chunks):
    with open(path, "w", encoding="ascii", newline="\n") as file:
        for name, codec, shape, elements in chunks:
            array = array_of(codec, shape, elements)
            encoded = codec.encode(array)
            encoded = encoded.tobytes() if isinstance(encoded, numpy.ndarray) else bytes(encoded)
            line = {
                "name": name,
                "codec": codec.get_config(),
                "shape": shape,
                "elements": texts_of(codec, array),
                "encoded": encoded.hex(),
                "decoded": texts_of(codec, decode(codec, shape, encoded), separators=(",", ":")),
            }
            file.write(json.dumps(line) + "\n")


def check(path):
    """Yields a message for each chunk that numcodecs decodes to other elements."""
    with open(path, encoding="utf-8") as file:
        for line in file:
            chunk = json.loads(line)
            codec = numcodecs.get_codec(chunk["codec"])
            encoded = bytes.fromhex(chunk["encoded"])
            if "lists" not in chunk["name"] and "rows" not in chunk["name"]:
                codec.decode(encoded)
            found = texts_of(codec, decode(codec, chunk["shape"], encoded), separators=(",", ":"))
            if found != chunk["decoded"]:
                yield f"{chunk['name']}: expected {str(chunk['decoded'])[:200]}, found {str(found)[:200]}"


def main():
    parser = argparse.ArgumentParser(description="Writes and checks chunks of objects.")
    parser.add_argument("action", choices=["write", "check"])
    parser.add_argument("file")
    parser.add_argument("--long", action="store_true")
    parser.add_argument("--random", nargs=2, type=int, metavar=("COUNT", "SEED"))
    arguments = parser.parse_args()
    if arguments.action == "write":
        chunks = by_chance(*arguments.random) if arguments.random else long_chunks() if arguments.long else corpus()
        write(arguments.file, chunks)
        return 0
    found = list(check(arguments.file))
    for problem in found:
        print(problem, file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
