"""Writes the fixtures, bytes of other libraries, and the manifest that describes them.

    regenerate.py            replaces the fixtures and the manifest
    regenerate.py --check    only checks that the fixtures match the manifest and decode to their elements

Needs the environment of Tests/Interoperability; see README.md.
"""

import argparse
import gzip
import hashlib
import importlib.metadata
import json
import os
import shutil
import sys

import numcodecs
import numpy
import zstandard

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "Interoperability"))

import corpus  # noqa: E402
import library_zarr  # noqa: E402
import library_zarrs  # noqa: E402
import object_chunks  # noqa: E402
from elements import first_difference, read_elements, write_elements  # noqa: E402

from compressed_chunks import compressed_chunks, gzip_without_time  # noqa: E402

LIBRARIES = {"zarr": library_zarr, "zarrs": library_zarrs}
WIRE_CODECS = {"bytes": numcodecs.VLenBytes(), "string": numcodecs.VLenUTF8()}

# The arrays of the shared corpus that each library writes here.
ARRAYS = {
    "zarr": [
        "bytes-1d",
        "bytes-2d",
        "bytes-absent-chunks",
        "bytes-fill",
        "bytes-no-elements-2d",
        "string-0d",
        "string-2d",
        "string-3d",
        "string-special",
        "string-fill-2d",
        "string-never-written",
        "keys-v2-dot-2d",
        "keys-v2-slash-1d",
        "keys-default-dot-2d",
        "dimension-names-null",
        "attributes-beyond-json",
        "transpose-2d",
        "codec-zstd-3-checksum",
        "codec-gzip-5",
        "codec-lz4",
        "codec-zlib",
        "codec-blosc-zstd-shuffle-4",
        "codec-zstd-crc32c",
        "codec-lzma-raw-delta",
        "codec-numcodecs-blosc",
        "codec-adler32-bz2-crc32",
        "shard-bytes-zstd",
        "shard-string-2d",
        "shard-string-partial",
    ],
    "zarrs": [
        "bytes-0d",
        "bytes-1d",
        "bytes-absent-chunks",
        "bytes-fill",
        "string-2d",
        "string-fill",
        "string-special",
        "keys-v2-dot-0d",
        "dimension-names",
        "attributes",
        "codec-zstd-3",
        "codec-blosc-lz4-noshuffle-1",
        "codec-gzip-crc32c-zstd",
        "transpose-3d",
        "vlen-bytes-draft",
        "vlen-string-gzip",
        "vlen-string-v2",
        "shard-bytes-2d",
        "shard-string-1d-start",
    ],
}


def write_file(path, data):
    path = os.path.join(HERE, path)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(data)


def read_file(path):
    with open(os.path.join(HERE, path), "rb") as file:
        return file.read()


def wire_inputs():
    """Yields a name, a data type and the elements of each chunk in wire form."""
    cases = {case.name: case for case in corpus.all_cases()}
    for data_type, empty, one in [("bytes", b"", b"q"), ("string", "", "q")]:
        yield f"{data_type}-no-elements", data_type, []
        yield f"{data_type}-one", data_type, [one]
        yield f"{data_type}-one-empty", data_type, [empty]
        yield f"{data_type}-all-empty", data_type, [empty] * 5
        yield f"{data_type}-special", data_type, cases[f"{data_type}-special"].elements
        yield f"{data_type}-many", data_type, cases[f"{data_type}-many"].elements[:500]
        yield f"{data_type}-long", data_type, [one * 20_000, empty, one * 3]
    yield "bytes-layout", "bytes", [b"a", b"", b"\x00\xff"]
    yield "string-layout", "string", ["a", "é", "", "日本"]


def write_wire():
    for name, data_type, elements in wire_inputs():
        values = numpy.empty(len(elements), dtype=object)
        values[:] = elements
        write_file(f"wire/{name}.wire", bytes(WIRE_CODECS[data_type].encode(values)))
        write_elements(os.path.join(HERE, f"wire/{name}.jsonl"), elements, data_type)
        yield {
            "name": f"wire-{name}",
            "kind": "wire",
            "path": f"wire/{name}.wire",
            "elements": f"wire/{name}.jsonl",
            "data_type": data_type,
            "count": len(elements),
        }


def write_chunks():
    raw = {
        "small": read_file("wire/bytes-special.wire"),
        "medium": wire_form(records(140)),
        "large": wire_form(records(1300)),
        "random": corpus.pseudorandom("random", 2000),
        "byte": b"Z",
        "empty": b"",
    }
    for name, data in raw.items():
        write_file(f"chunks/{name}.raw", data)
    for name, raw_name, codecs, data in compressed_chunks(raw):
        write_file(f"chunks/{name}.chunk", data)
        yield {
            "name": f"chunk-{name}",
            "kind": "chunk",
            "path": f"chunks/{name}.chunk",
            "decoded": f"chunks/{raw_name}.raw",
            "codecs": codecs,
        }


def records(count):
    """Returns elements of about 110 bytes that compress well, which keeps the fixtures small."""
    return [
        f"record {index:06d}: value {index * 37 % 1000:04d}, {'alpha beta gamma delta ' * 3}é".encode()
        + corpus.pseudorandom(f"record/{index % 20}", index % 20)
        for index in range(count)
    ]


def wire_form(elements):
    values = numpy.empty(len(elements), dtype=object)
    values[:] = elements
    return bytes(WIRE_CODECS["bytes"].encode(values))


def write_objects():
    os.makedirs(os.path.join(HERE, "objects"), exist_ok=True)
    object_chunks.write(os.path.join(HERE, "objects/chunks.jsonl"), object_chunks.corpus())
    yield {"name": "objects", "kind": "objects", "path": "objects/chunks.jsonl"}


def write_arrays():
    cases = {case.name: case for case in corpus.all_cases()}
    for library_name, names in ARRAYS.items():
        library = LIBRARIES[library_name]
        for name in names:
            case = cases[name]
            path = f"arrays/{library_name}/{name}.zarr"
            os.makedirs(os.path.join(HERE, f"arrays/{library_name}"), exist_ok=True)
            with gzip_without_time():
                library.write(os.path.join(HERE, path), case)
            elements = f"arrays/{library_name}/{name}.jsonl"
            write_elements(os.path.join(HERE, elements), case.expected, case.data_type)
            description = case.description()
            for key in ["name", "array", "elements", "writes", "writers", "readers"]:
                del description[key]
            yield {
                "name": f"array-{library_name}-{name}",
                "kind": "array",
                "path": path,
                "elements": elements,
                "written_by": library_name,
                **description,
            }


def regenerate():
    for directory in ["wire", "chunks", "objects", "arrays"]:
        shutil.rmtree(os.path.join(HERE, directory), ignore_errors=True)
    fixtures = [*write_wire(), *write_chunks(), *write_objects(), *write_arrays()]
    packages = ["msgpack", "numcodecs", "zarr", "zarrista", "zstandard"]
    manifest = {
        "generated_with": {name: importlib.metadata.version(name) for name in packages},
        "fixtures": fixtures,
        "sha256": {path: hashlib.sha256(read_file(path)).hexdigest() for path in all_files()},
    }
    text = json.dumps(manifest, indent=1, allow_nan=False) + "\n"
    write_file("manifest.json", text.encode("ascii"))


def all_files():
    """Returns the paths of all fixture files, sorted."""
    paths = []
    for top in ["wire", "chunks", "objects", "arrays"]:
        for directory, _, names in os.walk(os.path.join(HERE, top)):
            paths += [os.path.relpath(os.path.join(directory, name), HERE) for name in names]
    return sorted(paths)


def problems():
    """Yields a message for each fixture that does not match the manifest."""
    manifest = json.loads(read_file("manifest.json"))
    for path in sorted({*manifest["sha256"], *all_files()}):
        if path not in manifest["sha256"]:
            yield f"{path}: is not in the manifest"
        elif not os.path.exists(os.path.join(HERE, path)):
            yield f"{path}: is missing"
        elif hashlib.sha256(read_file(path)).hexdigest() != manifest["sha256"][path]:
            yield f"{path}: has changed"
    for fixture in manifest["fixtures"]:
        if fixture["kind"] == "objects":
            yield from object_chunks.check(os.path.join(HERE, fixture["path"]))
            continue
        if fixture["kind"] == "chunk":
            found = read_file(fixture["path"])
            for codec in reversed(fixture["codecs"]):
                found = decoded(codec, found)
            difference = (
                None if found == read_file(fixture["decoded"]) else "does not decode to what it should"
            )
        else:
            if fixture["kind"] == "wire":
                values = WIRE_CODECS[fixture["data_type"]].decode(read_file(fixture["path"]))
                found = values.tolist()
            else:
                found = LIBRARIES[fixture["written_by"]].read(os.path.join(HERE, fixture["path"]))[1]
            expected = read_elements(os.path.join(HERE, fixture["elements"]), fixture["data_type"])
            difference = first_difference(expected, found)
        if difference:
            yield f"{fixture['path']}: {difference}"


def decoded(codec, data):
    """Returns `data` decoded by a program other than the one that made the chunk, if there is one."""
    match codec["name"]:
        case "zstd":
            reader = zstandard.ZstdDecompressor().stream_reader(data, read_across_frames=True)
            return reader.read()
        case "gzip":
            return gzip.decompress(data)
        case "crc32c":
            return bytes(numcodecs.CRC32C(location="end").decode(data)) if len(data) > 4 else b""
        case "blosc":
            return bytes(numcodecs.Blosc().decode(data))
        case name:
            # numcodecs refuses settings that decoding does not need.
            settings = dict(codec["configuration"])
            if name == "numcodecs.lzma" and settings.get("format") != 3:
                settings.pop("filters", None)
            return bytes(numcodecs.get_codec({"id": name.removeprefix("numcodecs."), **settings}).decode(data))


def main():
    parser = argparse.ArgumentParser(description="Writes the fixtures that other libraries make.")
    parser.add_argument("--check", action="store_true", help="only check the fixtures that are there")
    arguments = parser.parse_args()
    if not arguments.check:
        regenerate()
    found = list(problems())
    for problem in found:
        print(problem, file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
