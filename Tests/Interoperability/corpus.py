"""The arrays that every library writes and every library reads, and the file that describes them.

    corpus.py DIRECTORY

writes `DIRECTORY/cases.json` and `DIRECTORY/<case>.jsonl`, but no arrays: a library writes them from these files. They are
the same on every machine.
"""

import argparse
import dataclasses
import hashlib
import importlib.metadata
import itertools
import json
import math
import os
import sys

from elements import element_to_json, write_elements
from number_cases import ZEROS, fill_value_to_json, number_cases

SERIALIZERS = {"bytes": {"name": "vlen-bytes"}, "string": {"name": "vlen-utf8"}}
EMPTY = {"bytes": b"", "string": "", **ZEROS}

LIBRARIES = ["zarr", "zarrs"]


def unsupported_codecs(library, operation):
    """Returns the names of the codecs that the installed version of a library cannot "write" or "read"."""
    if library == "zarrs":
        names = "zstd gzip blosc lz4 zlib bz2 lzma crc32 crc32c adler32 fletcher32 jenkins_lookup3"
        return {f"numcodecs.{name}" for name in names.split()}
    unsupported = {"zarrs.vlen", "zarrs.vlen_v2"}
    try:
        version = tuple(map(int, importlib.metadata.version("zarr").split(".")[:2]))
    except importlib.metadata.PackageNotFoundError:
        return unsupported
    # Earlier versions write variable-length elements in the wrong order after a transposition.
    return unsupported | {"transpose"} if version < (3, 3) and operation == "write" else unsupported


@dataclasses.dataclass(frozen=True)
class Case:
    """One array: its metadata, the values of its elements, and the regions that are written."""

    name: str
    data_type: str
    shape: tuple
    chunk_shape: tuple
    elements: list
    fill_value: object
    codecs: list
    chunk_key_encoding: dict
    dimension_names: list | None
    attributes: dict
    writes: list
    writers: list
    readers: list

    @property
    def expected(self):
        """The elements that a reader finds, in C order: outside of the written regions, the fill value."""
        return [
            element if self.is_written(index) else self.fill_value
            for index, element in zip(itertools.product(*map(range, self.shape)), self.elements)
        ]

    def is_written(self, index):
        return any(
            all(start <= i < stop for i, (start, stop) in zip(index, region)) for region in self.writes
        )

    def stored_chunk_keys(self):
        """The keys of the chunks with at least one element that is not the fill value, sorted."""
        keys = set()
        for index, element in zip(itertools.product(*map(range, self.shape)), self.expected):
            if element != self.fill_value:
                keys.add(self.chunk_key([i // extent for i, extent in zip(index, self.chunk_shape)]))
        return sorted(keys)

    def chunk_key(self, chunk):
        separator = self.chunk_key_encoding["configuration"]["separator"]
        if self.chunk_key_encoding["name"] == "default":
            return separator.join(["c", *map(str, chunk)])
        return separator.join(map(str, chunk)) if chunk else "0"

    def metadata(self):
        """The content of `zarr.json`, in a form that both libraries accept."""
        fill_value = fill_value_to_json if self.data_type in ZEROS else element_to_json
        document = {
            "zarr_format": 3,
            "node_type": "array",
            "shape": list(self.shape),
            "data_type": self.data_type,
            "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": list(self.chunk_shape)}},
            "chunk_key_encoding": self.chunk_key_encoding,
            "fill_value": fill_value(self.fill_value, self.data_type),
            "codecs": self.codecs,
            "attributes": self.attributes,
        }
        if self.dimension_names is not None:
            document["dimension_names"] = self.dimension_names
        return document

    def description(self):
        """The entry of this case in `cases.json`."""
        return {
            "name": self.name,
            "array": f"{self.name}.zarr",
            "elements": f"{self.name}.jsonl",
            "data_type": self.data_type,
            "shape": list(self.shape),
            "chunk_shape": list(self.chunk_shape),
            "fill_value": element_to_json(self.fill_value, self.data_type),
            "codecs": self.codecs,
            "chunk_key_encoding": self.chunk_key_encoding,
            "dimension_names": self.dimension_names,
            # Text, because strict JSON parsers refuse some of it: NaN, Infinity, 100-bit integers.
            "attributes_json": json.dumps(self.attributes),
            "writes": [[list(range_) for range_ in region] for region in self.writes],
            "stored_chunk_keys": self.stored_chunk_keys(),
            "writers": self.writers,
            "readers": self.readers,
        }


def pseudorandom(seed, count):
    """Returns `count` bytes that depend only on the seed."""
    return hashlib.shake_128(seed.encode()).digest(count)


def mixed_elements(data_type, seed, count):
    """Returns elements of 0 to 40 bytes or characters, the latter of one to four UTF-8 bytes."""
    alphabet = 'abz \n"\\\0\x7féßЖ\u2028日本\ufeff😀🧬'
    elements = []
    for index in range(count):
        length, *values = pseudorandom(f"{seed}/{index}", 41)
        values = values[: max(0, length % 48 - 7)]
        if data_type == "bytes":
            elements.append(bytes(values))
        else:
            elements.append("".join(alphabet[value % len(alphabet)] for value in values))
    return elements


def compressible_elements(data_type, seed, count):
    """Returns compressible elements: words of a small vocabulary."""
    words = ["alpha", "beta", "gamma", "delta", "epsilon", "ζῆτα", "éta", "日本語", "😀"]
    elements = []
    for index in range(count):
        length, *values = pseudorandom(f"{seed}/{index}", 33)
        text = " ".join(words[value % len(words)] for value in values[: length % 33])
        elements.append(text.encode() if data_type == "bytes" else text)
    return elements


def make_case(name, data_type, shape, chunk_shape, **options):
    """Returns a case. The defaults are the simplest: all elements written, no compression."""
    count = math.prod(shape)
    elements = options.get("elements")
    if elements is None:
        elements = mixed_elements(data_type, name, count)
    assert len(elements) == count, name
    codecs = options.get("codecs", [SERIALIZERS.get(data_type), *options.get("compressors", [])])
    names = {codec["name"] for codec in codecs}
    writers = options.get("writers", LIBRARIES)
    readers = options.get("readers", LIBRARIES)
    return Case(
        name=name,
        data_type=data_type,
        shape=tuple(shape),
        chunk_shape=tuple(chunk_shape),
        elements=elements,
        fill_value=options.get("fill_value", EMPTY[data_type]),
        codecs=codecs,
        chunk_key_encoding={
            "name": options.get("key_encoding", "default"),
            "configuration": {"separator": options.get("separator", "/")},
        },
        dimension_names=options.get("dimension_names"),
        attributes=options.get("attributes", {}),
        writes=options.get("writes", [[(0, extent) for extent in shape]]),
        writers=[library for library in writers if not names & unsupported_codecs(library, "write")],
        readers=[library for library in readers if not names & unsupported_codecs(library, "read")],
    )


def shape_cases(data_type):
    """Cases for shapes and chunk grids: edges, no dimensions, no elements, one element."""
    for name, shape, chunk_shape in [
        ("0d", [], []),
        ("1d", [10], [4]),
        ("2d", [5, 7], [2, 3]),
        ("3d", [3, 4, 5], [2, 2, 2]),
        ("one-element", [1], [1]),
        ("chunk-beyond-array", [3], [100]),
        ("chunk-of-one", [6], [1]),
        ("no-elements-1d", [0], [4]),
        ("no-elements-2d", [3, 0], [2, 2]),
        ("many", [10_000], [1024]),
    ]:
        options = {}
        if math.prod(shape) == 1:
            options["elements"] = ["zarr" if data_type == "string" else b"zarr"]
        if data_type == "bytes" and not shape:
            options["writers"] = ["zarrs"]  # zarr-python cannot set the one element of such an array.
        yield make_case(f"{data_type}-{name}", data_type, shape, chunk_shape, **options)


def element_cases(data_type):
    """Cases for elements: empty, long, with NULs, with every length of UTF-8 sequence."""
    texts = ["\0", "a\0b", "\0\0\0", "tail\0", "", "0", "null", "nan", " ", "\r\n", "\u0085\u2028\u2029"]
    texts += ["é", "e\u0301", "日本", "\uffff", "\U00010000", "😀", "👩\u200d🔬", "\U0010ffff", "\ufeffbom"]
    special = texts if data_type == "string" else [text.encode() for text in texts]
    if data_type == "bytes":
        special += [b"\xff", b"\x80\xbf", b"\xed\xa0\x80", bytes(range(256)), b"\x00" * 300]
    yield make_case(f"{data_type}-special", data_type, [len(special)], [7], elements=special)

    long = [pseudorandom(f"long/{index}", 100_000) for index in range(2)]
    long = [long[0], b"", b"x" * 100_000, b"short", long[1], bytes(100_001)]
    if data_type == "string":
        long = [element.decode("latin-1") for element in long]
    yield make_case(f"{data_type}-long", data_type, [6], [2], elements=long)

    empty = EMPTY[data_type]
    yield make_case(f"{data_type}-all-empty", data_type, [9], [4], elements=[empty] * 9)
    one = mixed_elements(data_type, "almost", 1)[0] or ("one" if data_type == "string" else b"one")
    yield make_case(
        f"{data_type}-almost-all-empty", data_type, [12], [4], elements=[empty] * 6 + [one] + [empty] * 5
    )


def fill_cases(data_type):
    """Cases for fill values and absent chunks."""
    # zarr-python mangles a fill value that ends with NUL.
    fill_value = "n/a é😀" if data_type == "string" else b"\x00fill\xff\xfe"
    parts = [[(4, 8)], [(13, 15)]]
    yield make_case(f"{data_type}-absent-chunks", data_type, [20], [4], writes=parts)
    yield make_case(f"{data_type}-fill", data_type, [20], [4], writes=parts, fill_value=fill_value)
    yield make_case(f"{data_type}-fill-edge", data_type, [6], [4], fill_value=fill_value)
    yield make_case(
        f"{data_type}-all-fill", data_type, [6], [4], fill_value=fill_value, elements=[fill_value] * 6
    )
    yield make_case(f"{data_type}-never-written", data_type, [6], [4], fill_value=fill_value, writes=[])
    empty = EMPTY[data_type]
    # zarrs takes empty elements of an edge chunk for the fill value.
    options = {"fill_value": fill_value, "elements": [empty] * 6, "writers": ["zarr"]}
    yield make_case(f"{data_type}-empty-over-fill", data_type, [6], [4], **options)
    region = [[(1, 4), (2, 5)], [(4, 6), (3, 7)]]
    yield make_case(f"{data_type}-fill-2d", data_type, [6, 7], [2, 3], fill_value=fill_value, writes=region)
    fill_0d = [fill_value]
    yield make_case(
        f"{data_type}-fill-0d", data_type, [], [], fill_value=fill_value, elements=fill_0d, writes=[]
    )


def metadata_cases():
    """Cases for metadata that does not affect the elements."""
    for key_encoding, separator, name in [
        ("v2", ".", "v2-dot"),
        ("v2", "/", "v2-slash"),
        ("default", ".", "default-dot"),
    ]:
        keys = {"key_encoding": key_encoding, "separator": separator}
        yield make_case(f"keys-{name}-1d", "bytes", [10], [4], **keys)
        yield make_case(f"keys-{name}-2d", "string", [5, 7], [2, 3], **keys)
        yield make_case(f"keys-{name}-0d", "string", [], [], elements=["scalar"], **keys)
    yield make_case("dimension-names", "string", [2, 3], [2, 2], dimension_names=["time", "é x"])
    yield make_case("dimension-names-null", "bytes", [2, 3, 2], [2, 2, 2], dimension_names=["z", None, None])
    attributes = {
        "text": "é😀\0",
        "list": [1, 2.5, None, True, {"nested": []}],
        "float": 1e300,
        "int64": -(2**63),
        "uint64": 2**64 - 1,
        "empty": {},
    }
    yield make_case("attributes", "string", [3], [2], attributes=attributes)
    # zarrs stores attributes in a type without NaN and without integers beyond 64 bits.
    lenient = {"nan": math.nan, "infinity": math.inf, "minus": -math.inf, "big": 10**30}
    yield make_case(
        "attributes-beyond-json", "string", [3], [2], attributes=lenient, writers=["zarr"], readers=["zarr"]
    )


def codec_cases():
    """Cases for each bytes-to-bytes codec and its settings, and for chains of them.

    There are no edge chunks: zarrs panics on a part of a Blosc chunk whose size is not a multiple of the type size.
    """
    chains = {
        f"zstd-{level}{'-checksum' if checksum else ''}": [zstd(level, checksum)]
        for level in [0, 1, 3, 19, -5]
        for checksum in [False, True]
    }
    chains |= {
        f"gzip-{level}": [{"name": "gzip", "configuration": {"level": level}}] for level in [0, 1, 5, 9]
    }
    for compressor in ["lz4", "lz4hc", "zlib", "zstd", "blosclz"]:
        for shuffle in ["noshuffle", "shuffle", "bitshuffle"]:
            for type_size in [1, 4]:
                chains[f"blosc-{compressor}-{shuffle}-{type_size}"] = [
                    blosc(compressor, 5, shuffle, type_size)
                ]
    chains["blosc-stored"] = [blosc("lz4", 0, "noshuffle", 1)]
    chains["blosc-blocks"] = [blosc("zstd", 5, "shuffle", 4, 512)]
    crc32c = {"name": "crc32c"}
    chains["crc32c"] = [crc32c]
    chains["zstd-crc32c"] = [zstd(3, False), crc32c]
    chains["crc32c-zstd"] = [crc32c, zstd(3, False)]
    chains["gzip-crc32c-zstd"] = [{"name": "gzip", "configuration": {"level": 1}}, crc32c, zstd(1, True)]
    chains["lz4"] = [{"name": "numcodecs.lz4", "configuration": {}}]
    chains["lz4-acceleration"] = [{"name": "numcodecs.lz4", "configuration": {"acceleration": 10}}]
    chains["zlib"] = [{"name": "numcodecs.zlib", "configuration": {}}]
    chains["zlib-9"] = [{"name": "numcodecs.zlib", "configuration": {"level": 9}}]
    chains["lz4-crc32c"] = [{"name": "numcodecs.lz4", "configuration": {}}, crc32c]
    chains |= numcodecs_chains()
    for index, (name, compressors) in enumerate(chains.items()):
        data_type = ["bytes", "string"][index % 2]
        elements = compressible_elements(data_type, name, 48)
        yield make_case(f"codec-{name}", data_type, [48], [16], elements=elements, compressors=compressors)


    # Chunks that cannot be compressed are stored in another way.
    elements = [pseudorandom(f"random/{index}", [200_000, 0, 70_000, 131_072][index]) for index in range(4)]
    for name, compressors in {"zstd": [zstd(1, False)], "zstd-crc32c": [zstd(1, False), crc32c]}.items():
        yield make_case(
            f"incompressible-{name}", "bytes", [4], [2], elements=elements, compressors=compressors
        )

    # numcodecs shuffles only whole items, so chunks need a multiple of four bytes.
    elements = [pseudorandom(f"shuffle/{index}", index % 5 * 4) for index in range(48)]
    for name, compressors in {
        "shuffle": [numcodecs("shuffle", elementsize=4)],
        "shuffle-zlib": [numcodecs("shuffle", elementsize=2), numcodecs("zlib")],
    }.items():
        yield make_case(f"codec-{name}", "bytes", [48], [16], elements=elements, compressors=compressors)


def numcodecs_chains():
    """Returns chains of the codecs that zarr-python takes from numcodecs, each with a name."""
    delta = [{"id": 3, "dist": 2}, {"id": 0x21, "preset": 1}]
    lzma1 = [{"id": 0x4000000000000001, "dict_size": 65536, "lc": 2, "lp": 1, "pb": 0, "mode": 1}]
    chains = {
        "numcodecs-zstd": [numcodecs("zstd")],
        "numcodecs-zstd-9-checksum": [numcodecs("zstd", level=9, checksum=True)],
        "numcodecs-gzip": [numcodecs("gzip")],
        "numcodecs-gzip-9": [numcodecs("gzip", level=9)],
        "numcodecs-blosc": [numcodecs("blosc")],
        "bz2": [numcodecs("bz2")],
        "bz2-9": [numcodecs("bz2", level=9)],
        "lzma": [numcodecs("lzma")],
        "lzma-xz-crc32": [numcodecs("lzma", format=1, check=1, preset=3, filters=None)],
        "lzma-alone": [numcodecs("lzma", format=2, check=-1, preset=1)],
        "lzma-raw-delta": [numcodecs("lzma", format=3, filters=delta)],
        "lzma-raw-lzma1": [numcodecs("lzma", format=3, filters=lzma1)],
        "fletcher32": [numcodecs("fletcher32")],
        "jenkins": [numcodecs("jenkins_lookup3")],
        "jenkins-seed": [numcodecs("jenkins_lookup3", initval=2**32 - 5)],
        "adler32-bz2-crc32": [numcodecs("adler32"), numcodecs("bz2"), numcodecs("crc32")],
    }
    for shuffle in [-1, 0, 1, 2]:
        settings = {"cname": "zstd", "clevel": 3, "shuffle": shuffle, "blocksize": 0}
        chains[f"numcodecs-blosc-{shuffle}"] = [numcodecs("blosc", **settings)]
    for name in ["crc32", "crc32c", "adler32"]:
        chains[f"numcodecs-{name}"] = [numcodecs(name)]
        for location in ["start", "end"]:
            chains[f"numcodecs-{name}-{location}"] = [numcodecs(name, location=location)]
    return chains


def numcodecs(name, **settings):
    return {"name": f"numcodecs.{name}", "configuration": settings}


def transpose_cases():
    """Cases for elements in an order other than C.

    There are no edge chunks: zarrs cannot decode a part of a transposed chunk of variable-length elements.
    """
    for name, data_type, shape, chunk_shape, order in [
        ("2d", "string", [4, 6], [2, 3], [1, 0]),
        ("2d-zstd", "bytes", [4, 6], [2, 3], [1, 0]),
        ("3d", "bytes", [4, 6, 4], [2, 3, 4], [2, 0, 1]),
    ]:
        codecs = [{"name": "transpose", "configuration": {"order": order}}, SERIALIZERS[data_type]]
        codecs += [zstd(1, False)] if name.endswith("zstd") else []
        yield make_case(f"transpose-{name}", data_type, shape, chunk_shape, codecs=codecs)


def vlen_cases():
    """Cases for codecs of variable-length elements that only zarrs has."""
    plain, little = {"name": "bytes"}, {"name": "bytes", "configuration": {"endian": "little"}}
    big = {"name": "bytes", "configuration": {"endian": "big"}}
    gzip, crc32c = {"name": "gzip", "configuration": {"level": 1}}, {"name": "crc32c"}
    for data_type in ["bytes", "string"]:
        for name, shape, chunk_shape, codecs in [
            ("end", [40], [16], [vlen([plain], [little], "uint32", "end")]),
            ("start", [40], [16], [vlen([plain], [little], "uint64", "start")]),
            ("draft", [40], [16], [vlen([plain], [little], "uint64")]),
            ("big", [5, 7], [2, 3], [vlen([plain], [big], "uint32", "end")]),
            ("gzip", [40], [16], [vlen([plain, gzip], [little, gzip, crc32c], "uint32", "start")]),
            ("zstd-after", [40], [16], [vlen([plain, crc32c], [little], "uint64", "end"), zstd(1, True)]),
            ("v2", [40], [16], [{"name": "zarrs.vlen_v2", "configuration": {}}]),
            ("v2-zstd", [5, 7], [2, 3], [{"name": "zarrs.vlen_v2", "configuration": {}}, zstd(1, False)]),
        ]:
            yield make_case(f"vlen-{data_type}-{name}", data_type, shape, chunk_shape, codecs=codecs)
        codecs = [vlen([plain, gzip], [little], "uint32", "end")]
        empty = [EMPTY[data_type]] * 16 + mixed_elements(data_type, "vlen", 16)
        fill_value = "n/a" if data_type == "string" else b"\xfffill"
        options = {"codecs": codecs, "elements": empty, "fill_value": fill_value}
        yield make_case(f"vlen-{data_type}-empty", data_type, [32], [16], **options)


def shard_cases():
    """Cases for shards: index at either end, several codecs, missing inner chunks and shards."""
    for data_type in ["bytes", "string"]:
        serializer = SERIALIZERS[data_type]
        plain, compressed = [serializer], [serializer, zstd(3, False)]
        fill_value = "n/a" if data_type == "string" else b"\xfffill"
        for name, shape, chunk_shape, inner, codecs, location, options in [
            ("1d", [50], [16], [4], plain, "end", {}),
            ("1d-start", [50], [16], [4], plain, "start", {}),
            ("zstd", [50], [16], [4], compressed, "end", {}),
            ("zstd-start", [50], [16], [4], compressed, "start", {}),
            ("crc32c", [50], [16], [4], [*plain, {"name": "crc32c"}], "end", {}),
            ("2d", [9, 10], [4, 6], [2, 3], compressed, "end", {}),
            ("one-inner-chunk", [7], [4], [4], plain, "end", {}),
            ("partial", [64], [16], [4], compressed, "end", {"writes": [[(5, 7)], [(40, 52)]]}),
            ("fill", [60], [16], [4], plain, "end", {"writes": [[(9, 25)]], "fill_value": fill_value}),
        ]:
            chain = [shards(inner, codecs, location)]
            yield make_case(
                f"shard-{data_type}-{name}", data_type, shape, chunk_shape, codecs=chain, **options
            )


def vlen(data_codecs, index_codecs, index_data_type, index_location=None):
    configuration = {"data_codecs": data_codecs, "index_codecs": index_codecs}
    configuration["index_data_type"] = index_data_type
    if index_location is not None:
        configuration["index_location"] = index_location
    return {"name": "zarrs.vlen", "configuration": configuration}


def zstd(level, has_checksum):
    return {"name": "zstd", "configuration": {"level": level, "checksum": has_checksum}}


def blosc(compressor, level, shuffle, type_size, block_size=0):
    configuration = {"cname": compressor, "clevel": level, "shuffle": shuffle}
    return {
        "name": "blosc",
        "configuration": {**configuration, "typesize": type_size, "blocksize": block_size},
    }


def shards(inner_chunk_shape, codecs, index_location):
    index_codecs = [{"name": "bytes", "configuration": {"endian": "little"}}, {"name": "crc32c"}]
    configuration = {"chunk_shape": inner_chunk_shape, "codecs": codecs, "index_codecs": index_codecs}
    return {"name": "sharding_indexed", "configuration": {**configuration, "index_location": index_location}}


def all_cases():
    """Returns every case in a fixed order, with unique names."""
    cases = []
    for data_type in ["bytes", "string"]:
        cases += [*shape_cases(data_type), *element_cases(data_type), *fill_cases(data_type)]
    cases += [*metadata_cases(), *codec_cases(), *transpose_cases(), *vlen_cases(), *shard_cases()]
    cases += number_cases(make_case)
    assert len({case.name for case in cases}) == len(cases)
    return cases


def write_corpus(directory, cases, **heading):
    """Writes `cases.json` and the elements of each case below `directory`."""
    os.makedirs(directory, exist_ok=True)
    for case in cases:
        write_elements(os.path.join(directory, f"{case.name}.jsonl"), case.expected, case.data_type)
    document = {**heading, "cases": [case.description() for case in cases]}
    with open(os.path.join(directory, "cases.json"), "w", encoding="ascii", newline="\n") as file:
        json.dump(document, file, indent=1, allow_nan=False)
        file.write("\n")


def main():
    parser = argparse.ArgumentParser(
        description="Writes the description and the elements of the shared arrays."
    )
    parser.add_argument("directory", metavar="DIRECTORY")
    parser.add_argument(
        "--library", choices=["zarr", "zarrs"], help="only the cases that this library can read"
    )
    arguments = parser.parse_args()
    cases = [case for case in all_cases() if arguments.library in [None, *case.readers]]
    write_corpus(arguments.directory, cases, library=None)
    return 0


if __name__ == "__main__":
    sys.exit(main())
