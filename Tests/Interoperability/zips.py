"""Zip archives of zarr-python: the hierarchy of hierarchies.py, blobs and shards.

    zips.py write FILE [deflate]   writes an archive in place of what is there, and describes it
    zips.py read FILE...           describes archives, and checks what Python's zipfile makes of them

A description is a line of JSON: that of hierarchies.py, and `blobs`, the elements of the array `run/blobs` in base64.
"""

import base64
import json
import sys
import warnings
import zipfile

import numpy
import zarr
from hierarchies import describe, write
from zarr.storage import ZipStore

warnings.filterwarnings("ignore")

BLOBS = "run/blobs"


def write_archive(path, compression):
    with ZipStore(path, mode="w", compression=compression) as store:
        # Every change of a document is one more of the same name.
        write(store, 3)
        root = zarr.open_group(store)
        labels = root.create_array("run/shards", shape=(300,), chunks=(7,), shards=(70,), dtype="string")
        labels[:] = [f"label {number}" * (number % 5) for number in range(300)]
        blobs = root.create_array(BLOBS, shape=(5,), chunks=(2,), dtype=zarr.dtype.VariableLengthBytes())
        values = numpy.empty(5, dtype=object)
        values[:] = [b"", b"\x00\xff", b"x" * 1000, b"PK\x05\x06", b"PK\x01\x02"]
        blobs[:] = values
        zarr.consolidate_metadata(store)


def unwrapped(value):
    while isinstance(value, numpy.ndarray):
        value = value[()]
    return value


def describe_archive(path):
    with ZipStore(path, mode="r") as store:
        description = describe(store)
        blobs = zarr.open_array(store, path=BLOBS, mode="r")[...]
        encoded = [base64.b64encode(unwrapped(value)).decode("ascii") for value in numpy.asarray(blobs, dtype=object)]
    description["nodes"] = [node for node in description["nodes"] if node["path"] != BLOBS]
    return description | {"blobs": encoded}


def check_archive(path):
    with zipfile.ZipFile(path) as archive:
        damaged = archive.testzip()
        names = archive.namelist()
    if damaged or len(names) != len(set(names)):
        raise SystemExit(f"{path}: damaged {damaged}, {len(names)} names, {len(set(names))} of them different")


def main():
    command, *paths = sys.argv[1:]
    if command == "write":
        path, *options = paths
        write_archive(path, zipfile.ZIP_DEFLATED if options else zipfile.ZIP_STORED)
        paths = [path]
    else:
        for path in paths:
            check_archive(path)
    for path in paths:
        print(json.dumps(describe_archive(path)))


if __name__ == "__main__":
    main()
