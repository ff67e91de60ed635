"""`zarr_vlen.ray` with workers that are processes."""

import json
import os
from collections.abc import Iterator
from typing import Any

import psutil
import pytest
import ray
from records import COUNT, PART_COUNT, Killer, Place, records

import zarr_vlen
from zarr_vlen.ray import ZarrDatasink, ZarrDatasource


@pytest.fixture(scope="module", autouse=True)
def workers() -> Iterator[None]:
    # Otherwise it writes a token into the home directory.
    os.environ["RAY_AUTH_MODE"] = "disabled"
    for attempts in (2, 1, 0):
        try:
            ray.init(num_cpus=2, include_dashboard=False, object_store_memory=256 << 20, log_to_driver=False)
            break
        except Exception:
            # It gives itself 30 seconds, which a machine that is busy may not give it.
            ray.shutdown()
            if attempts == 0:
                raise
    context = ray.data.DataContext.get_current()
    context.execution_options.preserve_order = True
    context.enable_progress_bars = False
    yield
    ray.shutdown()


def of_parts(batch: Any) -> Any:
    return {"text": [text for part in batch["id"] for text in records(int(part))]}


def busy_processes() -> list[int]:
    """Return the workers that run a task."""
    found = []
    for process in psutil.process_iter(["pid", "cmdline"]):
        command = " ".join(process.info["cmdline"] or [])
        if command.startswith("ray::") and not command.startswith("ray::IDLE") and "Write" in command:
            found.append(process.info["pid"])
    return found


def test_a_worker_is_killed(place: Place) -> None:
    data = ray.data.range(PART_COUNT, override_num_blocks=PART_COUNT).map_batches(of_parts, batch_size=1)
    with Killer(place, busy_processes) as killer:
        data.write_datasink(ZarrDatasink(**place.arguments, dtype="string"))
    assert killer.killed is not None
    place.check()
    read = ray.data.read_datasource(ZarrDatasource(**place.arguments, column="text"), override_num_blocks=4)
    assert read.count() == COUNT
    assert read.schema().names == ["text"]
    assert read.take(1) == [{"text": next(records(0))}]


def test_datasets_grow_arrays(place: Place) -> None:
    data = ray.data.from_items([{"n": number, "text": f"{number}"} for number in range(100)])
    with pytest.raises(Exception, match="data type"):
        data.write_datasink(ZarrDatasink(**place.arguments))
    with pytest.raises(Exception, match="name the column"):
        data.write_datasink(ZarrDatasink(**place.arguments, dtype="string"))
    data.write_datasink(ZarrDatasink(**place.arguments, column="text"))
    data.write_datasink(ZarrDatasink(**place.arguments, column="text", mode="a"))
    assert zarr_vlen.read(**place.arguments, as_="list") == [f"{number}" for number in range(100)] * 2


def of_point(point: Any) -> bytes:
    return f"{point[0]},{point[1]}".encode()


def point_of(data: bytes) -> Any:
    return tuple(map(int, data.split(b",")))


def test_columns_of_objects(place: Place) -> None:
    objects = [{"n": number, "tags": ["a"] * (number % 3)} for number in range(100)]
    data = ray.data.from_items([{"value": value} for value in objects], override_num_blocks=4)
    with pytest.raises(Exception, match="data type"):
        data.write_datasink(ZarrDatasink(**place.arguments))
    data.write_datasink(ZarrDatasink(**place.arguments, dtype="json"))
    assert zarr_vlen.read(**place.arguments, as_="list") == objects
    texts = ray.data.read_datasource(ZarrDatasource(**place.arguments)).take(1)
    assert json.loads(texts[0]["value"]) == objects[0]
    point = zarr_vlen.object_type("example.ray-point", of_point, point_of)
    points = [(number, -number) for number in range(100)]
    data = ray.data.from_items([{"value": list(value)} for value in points], override_num_blocks=4)
    data.write_datasink(ZarrDatasink(**place.arguments, dtype=point, mode="w"))
    assert zarr_vlen.read(**place.arguments, as_="list") == points


def fail(batch: Any) -> Any:
    raise RuntimeError(f"on the way, in {os.getpid()}")


def test_a_job_that_fails_leaves_the_array_as_it_was(place: Place) -> None:
    good = ray.data.from_items([{"text": f"{number}"} for number in range(10)])
    good.write_datasink(ZarrDatasink(**place.arguments))
    with pytest.raises(Exception, match="on the way"):
        good.map_batches(fail).write_datasink(ZarrDatasink(**place.arguments, mode="a"))
    assert zarr_vlen.read(**place.arguments, as_="list") == [f"{number}" for number in range(10)]
