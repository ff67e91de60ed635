#!/usr/bin/env python3
"""Reads or writes an array of texts in a bucket with zarrs.

    buckets.py read|write ENDPOINT ACCESS_KEY SECRET_KEY BUCKET PATH

Reading prints the elements, one a line. Writing stores those that the tests expect.
"""

import asyncio
import os
import sys

import library_zarrs
import zarrista
from obstore.store import S3Store

METADATA = {
    "zarr_format": 3, "node_type": "array", "shape": [1000], "data_type": "string", "fill_value": "",
    "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": [250]}},
    "chunk_key_encoding": {"name": "default", "configuration": {"separator": "/"}},
    "codecs": [{"name": "sharding_indexed", "configuration": {
        "chunk_shape": [50], "index_location": "end",
        "codecs": [{"name": "vlen-utf8"}, {"name": "zstd", "configuration": {"level": 1, "checksum": False}}],
        "index_codecs": [{"name": "bytes", "configuration": {"endian": "little"}}, {"name": "crc32c"}]}}],
}


async def read(store):
    array = await zarrista.AsyncArray.open(store, "/")
    print("\n".join((await array.retrieve_array_subset(...)).to_numpy()))


async def write(store):
    array = zarrista.AsyncArray.from_metadata(METADATA, store, "/")
    await array.store_metadata()
    await array.store_array_subset(..., library_zarrs.packed([f"text {number} é" for number in range(1000)]))


def main():
    action, endpoint, access_key, secret_key, bucket, path = sys.argv[1:]
    store = S3Store(
        bucket, prefix=path, endpoint=endpoint, access_key_id=access_key, secret_access_key=secret_key,
        region="us-east-1", client_options={"allow_http": True}, virtual_hosted_style_request=False)
    asyncio.run(read(store) if action == "read" else write(store))
    # The end of the interpreter crashes in one of twenty runs, while threads of the libraries still use it.
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
