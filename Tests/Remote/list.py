#!/usr/bin/env python3
"""Lists the keys of a bucket below a prefix, a line each, without the prefix.

    list.py ENDPOINT ACCESS_KEY SECRET_KEY BUCKET PREFIX
"""

import sys

import botocore.session


def main() -> None:
    endpoint, access_key, secret_key, bucket, prefix = sys.argv[1:]
    client = botocore.session.get_session().create_client(
        "s3", endpoint_url=endpoint, region_name="us-east-1", aws_access_key_id=access_key,
        aws_secret_access_key=secret_key)
    for page in client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        for entry in page.get("Contents", []):
            print(entry["Key"][len(prefix):])


if __name__ == "__main__":
    main()
