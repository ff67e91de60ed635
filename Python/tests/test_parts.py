"""Arrays that processes fill in parts whose lengths are known."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import zarr_vlen
from zarr_vlen import PartPlan

if TYPE_CHECKING:
    from conftest import Server


@pytest.fixture(params=["files", "bucket"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    if request.param == "files":
        return {"store": str(tmp_path / "a.zarr")}
    server: Server = request.getfixturevalue("server")
    return {"store": server.url("a.zarr"), "storage_options": server.options}


def planned(place: Any, part_count: int, **options: Any) -> PartPlan:
    return PartPlan(
        **place, part_count=part_count, **{"shape": (10,), "dtype": "string", "chunks": (2,)} | options
    )


def fill(plan: PartPlan, part: int) -> None:
    region = plan.region(part)
    if region is not None:
        plan.array[region] = f"part {part}"
    plan.mark_done(part)


def test_parts_are_there_when_all_are(place: Any) -> None:
    for part in (2, 0, 2):
        fill(planned(place, 3), part)
    plan = planned(place, 3)
    assert plan.missing() == [1]
    assert not plan.is_finished
    with pytest.raises(FileNotFoundError, match="1 parts are not there yet: 2"):
        plan.finish()
    assert zarr_vlen.read(**place).shape == (0,)
    fill(plan, 1)
    z = plan.finish()
    assert z.shape == (10,)
    regions = [plan.region(part) for part in range(3)]
    assert all(region is not None and region[0].start % 2 == 0 for region in regions)
    assert [z[region].tolist() for region in regions] == [
        [f"part {part}"] * (region[0].stop - region[0].start) for part, region in enumerate(regions)
    ]


def test_a_worker_that_comes_late_changes_nothing(place: Any) -> None:
    late = planned(place, 2)
    for part in range(2):
        fill(planned(place, 2), part)
    planned(place, 2).finish()
    before = zarr_vlen.read(**place, as_="list")
    fill(late, 1)
    late.finish()
    again = planned(place, 2)
    assert again.is_finished
    assert again.missing() == []
    assert zarr_vlen.read(**place, as_="list") == before


def test_more_parts_than_chunks(place: Any) -> None:
    plan = planned(place, 8)
    assert [plan.region(part) is None for part in range(8)] == [False] * 5 + [True] * 3
    for part in range(8):
        fill(plan, part)
    assert "" not in plan.finish()[:].tolist()


def test_planes_and_objects(place: Any) -> None:
    options = {"shape": (4, 6), "dtype": "json", "chunks": (1, 2), "shards": (2, 2)}
    plan = planned(place, 5, **options)
    for part in range(5):
        region = plan.region(part)
        if region is not None:
            plan.array[region] = zarr_vlen.element({"part": part})
        plan.mark_done(part)
    assert {value["part"] for value in plan.finish()[:].ravel().tolist()} == set(range(5))


def test_another_plan_is_an_error(tmp_path: Path) -> None:
    place = {"store": str(tmp_path / "a.zarr")}
    planned(place, 2)
    with pytest.raises(ValueError, match="2 parts, and not with 10 in 3"):
        planned(place, 3)
    with pytest.raises(ValueError, match="chunk_grid"):
        planned(place, 2, chunks=(5,))
    with pytest.raises(ValueError, match="found 0"):
        planned(place, 0)
    for part in (-1, 2):
        with pytest.raises(ValueError, match="no part"):
            planned(place, 2).region(part)
        with pytest.raises(ValueError, match="no part"):
            planned(place, 2).mark_done(part)
