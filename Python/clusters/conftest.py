"""The places that the tests write to."""

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import servers
from records import Place

_ROOT = Path(__file__).parents[2]
_numbers = itertools.count()


@pytest.fixture(scope="session")
def _bucket() -> Iterator[Any]:
    with servers.running("seaweedfs", python=str(_ROOT / ".venv-remote/bin/python")) as places:
        yield {
            "endpoint": places["seaweedfs"],
            "access_key": places["access_key"],
            "secret_key": places["secret_key"],
        }


@pytest.fixture(params=["files", "bucket"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    if request.param == "files":
        return Place(str(tmp_path / "a.zarr"))
    return Place(f"s3://{servers.BUCKET}/test-{next(_numbers)}/a.zarr", request.getfixturevalue("_bucket"))
