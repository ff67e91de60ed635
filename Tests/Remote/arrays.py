#!/usr/bin/env python3
"""Reads or writes an array of texts in a bucket with zarr-python and obstore.

    arrays.py read|write ENDPOINT ACCESS_KEY SECRET_KEY BUCKET PATH

Reading prints the elements, one a line. Writing stores those that the tests expect.
"""

import sys

import numpy
import obstore.store
import zarr
from zarr.storage import ObjectStore


def main() -> None:
    action, endpoint, access_key, secret_key, bucket, path = sys.argv[1:]
    store = ObjectStore(obstore.store.S3Store(
        bucket, prefix=path, endpoint=endpoint, access_key_id=access_key, secret_access_key=secret_key,
        region="us-east-1", client_options={"allow_http": True}, virtual_hosted_style_request=False))
    if action == "read":
        print("\n".join(zarr.open_array(store, mode="r")[:]))
    else:
        array = zarr.create_array(
            store, shape=(1000,), dtype=str, chunks=(50,), shards=(250,), fill_value="")
        array[:] = numpy.array([f"text {number} é" for number in range(1000)], dtype=object)


if __name__ == "__main__":
    main()
