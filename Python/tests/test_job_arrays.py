"""The scripts for job arrays that the documentation has, run as they are by several processes."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from conftest import Server

import zarr_vlen

PAGE = Path(__file__).parents[2] / "Sources/Zarr/Zarr.docc/Clusters.md"
RECORDS = [f'{{"id": {number}, "name": "event {number * 7919 % 1000}"}}' for number in range(6000)]


def scripts() -> dict[str, str]:
    """Return the scripts by the variable that tells a task its number."""
    blocks = re.findall(r"^```\w*\n(.*?)^```$", PAGE.read_text(), re.DOTALL | re.MULTILINE)
    found = {}
    for block in blocks:
        for variable in ("SLURM_ARRAY_TASK_ID", "AWS_BATCH_JOB_ARRAY_INDEX"):
            if variable in block and "import" in block:
                found[variable] = block
    return found


@pytest.fixture
def surroundings(server: Server, tmp_path: Path) -> Iterator[Any]:
    """Return the environment of a task, with the bucket that the scripts name."""
    client = server.client
    client.create_bucket(Bucket="bucket")
    (tmp_path / "events.jsonl").write_text("".join(f"{record}\n" for record in RECORDS))
    yield {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "AWS_ENDPOINT_URL": server.endpoint,
        "AWS_ACCESS_KEY_ID": server.access_key,
        "AWS_SECRET_ACCESS_KEY": server.secret_key,
        "AWS_REGION": "us-east-1",
        "DATA": str(tmp_path),
    }
    for key in client.list_objects_v2(Bucket="bucket").get("Contents", []):
        client.delete_object(Bucket="bucket", Key=key["Key"])
    client.delete_bucket(Bucket="bucket")


@pytest.mark.parametrize(
    ("variable", "first"), [("SLURM_ARRAY_TASK_ID", 1), ("AWS_BATCH_JOB_ARRAY_INDEX", 0)]
)
def test_tasks_fill_an_array(
    surroundings: Any, server: Server, tmp_path: Path, variable: str, first: int
) -> None:
    script = tmp_path / "job.sh"
    script.write_text(scripts()[variable])
    count = int(re.findall(r"/(\d+)", script.read_text())[-1])

    def start(number: int) -> Any:
        environment = {**surroundings, variable: str(first + number)}
        return subprocess.Popen(
            ["sh", script], cwd=tmp_path, env=environment, stderr=subprocess.PIPE, start_new_session=True
        )

    def run(number: int) -> None:
        with start(number) as task:
            _, errors = task.communicate(timeout=300)
        assert task.returncode == 0, errors

    # Some are killed on the way, and their scheduler starts them again.
    for number in (0, 5):
        with start(number) as task:
            time.sleep(0.2)
            os.killpg(task.pid, signal.SIGKILL)
            task.wait()
    url = "s3://bucket/events.zarr"
    with ThreadPoolExecutor(4) as pool:
        # One runs twice at a time.
        list(pool.map(run, [3, 3, *range(count - 1)]))
        assert zarr_vlen.read(url, storage_options=server.options).shape == (0,)
        run(count - 1)
    assert zarr_vlen.read(url, storage_options=server.options, as_="list") == RECORDS
    # Another time, after the array is there.
    run(2)
    assert zarr_vlen.read(url, storage_options=server.options, as_="list") == RECORDS
