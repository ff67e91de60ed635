"""Arrays of optional elements, which only zarrs has, through zarrista.

    optional_arrays.py write DIRECTORY          writes DIRECTORY/<name>.zarr and DIRECTORY/<name>.jsonl
    optional_arrays.py read DIRECTORY NAME...   compares DIRECTORY/<name>.zarr with DIRECTORY/<name>.jsonl

The first prints one line of JSON for each array: its name, its shape, whether its chunks have the same bytes from any
writer, and whether zarrs can read it, which it cannot if it wrote shards. The elements are JSON Lines in C order: null,
or base64. The second prints a line for each array, and differences on standard error. zarrista cannot return elements of
any size yet, so these arrays are only decoded.
"""

import argparse
import base64
import json
import math
import os
import struct
import sys

import zarrista
from corpus import pseudorandom
from zarrista.store import FilesystemStore

LITTLE = {"name": "bytes", "configuration": {"endian": "little"}}
BIG = {"name": "bytes", "configuration": {"endian": "big"}}
PLAIN, PACKED = {"name": "bytes"}, {"name": "packbits"}
CRC32C = {"name": "crc32c"}
GZIP = {"name": "gzip", "configuration": {"level": 1}}
UTF8, BYTES = {"name": "vlen-utf8"}, {"name": "vlen-bytes"}
VLEN = {
    "name": "zarrs.vlen",
    "configuration": {
        "data_codecs": [PLAIN],
        "index_codecs": [LITTLE],
        "index_data_type": "uint32",
        "index_location": "end",
    },
}
COMPRESSORS = ["gzip", "zstd"]


def optional(mask_codecs, data_codecs):
    return {
        "name": "zarrs.optional",
        "configuration": {"mask_codecs": mask_codecs, "data_codecs": data_codecs},
    }


def shards(chunk_shape, codecs):
    configuration = {"chunk_shape": chunk_shape, "codecs": codecs, "index_codecs": [LITTLE, CRC32C]}
    return {"name": "sharding_indexed", "configuration": {**configuration, "index_location": "end"}}


# Name, inner data type, the bytes of an element or None for any, shape, chunk shape, fill value, codecs.
CASES = [
    ("uint8", "uint8", 1, [8], [8], None, [optional([PACKED], [PLAIN])]),
    ("int16", "int16", 2, [24], [8], [5], [optional([PACKED], [LITTLE])]),
    ("int16-big", "int16", 2, [24], [8], None, [optional([PLAIN], [BIG, CRC32C])]),
    ("float64-gzip", "float64", 8, [30], [10], None, [optional([PACKED, GZIP], [LITTLE, GZIP])]),
    ("int32-2d", "int32", 4, [6, 8], [3, 4], [-1], [optional([PACKED], [LITTLE]), CRC32C]),
    ("int32-shards", "int32", 4, [8, 8], [8, 4], None, [shards([4, 2], [optional([PACKED], [LITTLE])])]),
    ("string", "string", None, [24], [8], None, [optional([PACKED], [UTF8])]),
    ("string-fill", "string", None, [24], [8], ["n/a"], [optional([PLAIN], [UTF8]), CRC32C]),
    ("string-vlen", "string", None, [24], [8], [""], [optional([PACKED], [VLEN])]),
    ("string-2d-gzip", "string", None, [6, 8], [3, 4], None, [optional([PACKED], [UTF8, GZIP])]),
    ("bytes", "bytes", None, [24], [8], None, [optional([PACKED, CRC32C], [BYTES])]),
]


def elements_of(name, byte_count, shape):
    """Returns eight present elements, then eight absent ones."""
    elements = []
    for index in range(math.prod(shape)):
        values = pseudorandom(f"optional/{name}/{index}", 20)
        is_there = index < 8 or index >= 16 and values[0] % 3 > 0
        length = values[1] % 18 if byte_count is None else byte_count
        # Letters, which are text, and not NaN as numbers.
        element = bytes(97 + value % 26 for value in values[2 : 2 + length])
        elements.append(element if is_there else None)
    return elements


def write(directory):
    for name, data_type, byte_count, shape, chunk_shape, fill_value, codecs in CASES:
        elements = elements_of(name, byte_count, shape)
        metadata = {
            "zarr_format": 3,
            "node_type": "array",
            "shape": shape,
            "data_type": {
                "name": "zarrs.optional",
                "configuration": {"name": data_type, "configuration": {}},
            },
            "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": chunk_shape}},
            "chunk_key_encoding": {"name": "default", "configuration": {"separator": "/"}},
            "fill_value": fill_value,
            "codecs": codecs,
        }
        path = os.path.join(directory, f"{name}.zarr")
        os.makedirs(path)
        array = zarrista.Array.from_metadata(metadata, FilesystemStore(path), "/")
        array.store_metadata()
        mask = bytes(element is not None for element in elements)
        parts = [bytes(byte_count or 0) if element is None else element for element in elements]
        offsets = None
        if byte_count is None:
            offsets = [0]
            for part in parts:
                offsets.append(offsets[-1] + len(part))
        array.store_array_subset(..., zarrista.ArrayBytes(b"".join(parts), offsets=offsets, mask=mask))
        with open(os.path.join(directory, f"{name}.jsonl"), "w", encoding="ascii") as file:
            for element in elements:
                text = None if element is None else base64.b64encode(element).decode("ascii")
                file.write(json.dumps(text) + "\n")
        text = json.dumps(codecs)
        is_sharded = "sharding_indexed" in text
        is_exact = not is_sharded and not any(f'"{compressor}"' in text for compressor in COMPRESSORS)
        description = {"name": name, "shape": shape, "is_exact": is_exact, "is_readable": not is_sharded}
        print(json.dumps(description))


def read(directory, names):
    status = 0
    sizes = {name: byte_count for name, _, byte_count, *_ in CASES}
    for name in names:
        with open(os.path.join(directory, f"{name}.jsonl"), encoding="ascii") as file:
            expected = [json.loads(line) for line in file]
        tensor = zarrista.Array.open(
            FilesystemStore(os.path.join(directory, f"{name}.zarr")), "/"
        ).retrieve_array_subset(...)
        count = sizes[name]
        if count is not None:
            mask, data = tensor.mask.to_numpy().ravel().tolist(), bytes(tensor.data.buffer())
            parts = struct.unpack(f"{count}s" * len(mask), data)
            found = [base64.b64encode(part).decode() if there else None for there, part in zip(mask, parts)]
            if found != expected:
                print(f"{name}: zarrs: expected {expected}, found {found}", file=sys.stderr)
                status = 1
        elif math.prod(tensor.shape) != len(expected):
            print(f"{name}: zarrs: a shape of {tensor.shape}", file=sys.stderr)
            status = 1
        print(json.dumps({"name": name}))
    return status


def main():
    parser = argparse.ArgumentParser(description="Writes or reads arrays of elements that may be absent.")
    parser.add_argument("task", choices=["write", "read"])
    parser.add_argument("directory", metavar="DIRECTORY")
    parser.add_argument("names", metavar="NAME", nargs="*")
    arguments = parser.parse_args()
    if arguments.task == "read":
        return read(arguments.directory, arguments.names)
    write(arguments.directory)
    return 0


if __name__ == "__main__":
    sys.exit(main())
