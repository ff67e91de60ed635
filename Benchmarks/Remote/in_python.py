#!/usr/bin/env python3
"""Measures arrays in a bucket from Python, in an environment that has zarr_vlen.

    in_python.py obstore|pipeline|bulk ENDPOINT ACCESS_KEY SECRET_KEY BUCKET PATH COUNT

Reads the first elements of an array with a chunk for each, with 64 requests in flight: by zarr-python with obstore, by
zarr-python with the store and the pipeline of zarr_vlen, or by zarr_vlen.read. Prints the requests a second.
"""

import sys
import time

import zarr


def main() -> None:
    way, endpoint, access_key, secret_key, bucket, path, count = sys.argv[1:]
    rows = slice(int(count))
    zarr.config.set({"async.concurrency": 64})
    if way == "obstore":
        import obstore.store
        from zarr.storage import ObjectStore

        store = obstore.store.S3Store(
            bucket, prefix=path, endpoint=endpoint, access_key_id=access_key, secret_access_key=secret_key,
            region="us-east-1", client_options={"allow_http": True}, virtual_hosted_style_request=False)
        array = zarr.open_array(ObjectStore(store, read_only=True), mode="r")

        def read() -> None:
            array[rows]
    else:
        import zarr_vlen

        zarr_vlen.enable()
        store = zarr_vlen.URLStore(
            f"s3://{bucket}/{path}", read_only=True,
            storage_options={
                "endpoint": endpoint, "access_key": access_key, "secret_key": secret_key, "region": "us-east-1"})
        array = zarr.open_array(store, mode="r")

        def read() -> None:
            if way == "bulk":
                zarr_vlen.read(store, rows=rows)
            else:
                array[rows]

    # Connections are made before.
    read()
    start = time.perf_counter()
    read()
    print(int(count) / (time.perf_counter() - start))


if __name__ == "__main__":
    main()
