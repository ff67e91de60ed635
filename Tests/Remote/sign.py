#!/usr/bin/env python3
"""Signs requests with botocore, for the tests to compare with.

    sign.py CASES

The file has a request a line, in JSON. Prints the field `Authorization` of each.
"""

import datetime
import json
import pathlib
import sys

import botocore.auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials


class Signer(botocore.auth.S3SigV4Auth):
    digest = ""

    def payload(self, request):
        return self.digest


def sign(case: dict) -> str:
    now = datetime.datetime.fromtimestamp(case["seconds"], datetime.timezone.utc)
    botocore.auth.get_current_datetime = lambda *_, **__: now.replace(tzinfo=None)
    request = AWSRequest(method=case["method"], url=case["url"], headers=case["headers"])
    request.headers["X-Amz-Content-SHA256"] = case["payload"]
    signer = Signer(Credentials(case["access_key"], case["secret_key"], case.get("token")), "s3", case["region"])
    signer.digest = case["payload"]
    signer.add_auth(request)
    return request.headers["Authorization"]


def main() -> None:
    for line in pathlib.Path(sys.argv[1]).read_text().splitlines():
        print(sign(json.loads(line)))


if __name__ == "__main__":
    main()
