"""The places that the tests write to."""

import itertools
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from records import Place

_ROOT = Path(__file__).parents[2]
_numbers = itertools.count()


@pytest.fixture(scope="session")
def _bucket() -> Iterator[Any]:
    command = [str(_ROOT / ".venv-remote/bin/python"), str(_ROOT / "Tests/Remote/servers.py")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        places = json.loads(process.stdout.readline())
        client = botocore.session.get_session().create_client(
            "s3",
            endpoint_url=places["seaweedfs"],
            region_name="us-east-1",
            aws_access_key_id=places["access_key"],
            aws_secret_access_key=places["secret_key"],
        )
        client.create_bucket(Bucket="tests")
        yield {
            "endpoint": places["seaweedfs"],
            "access_key": places["access_key"],
            "secret_key": places["secret_key"],
        }
        process.stdin.close()


@pytest.fixture(params=["files", "bucket"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    if request.param == "files":
        return Place(str(tmp_path / "a.zarr"))
    return Place(f"s3://tests/test-{next(_numbers)}/a.zarr", request.getfixturevalue("_bucket"))
