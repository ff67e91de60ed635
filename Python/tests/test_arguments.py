"""What callers give by mistake: errors are of Python's kinds, and name the argument."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zarr

import zarr_vlen
from zarr_vlen import (
    PartPlan,
    RandomBatches,
    Reader,
    SegmentWriter,
    commit,
    gc,
    read,
    scan,
    take,
    tune,
    write,
)

HUGE = 10**5000
NO_TRUTH = [None, 1, 0, "no", "", "false", [], np.arange(3), object()]
NO_NUMBERS = [None, 1.5, "x", b"x", [], {}, np.arange(3), object(), True, False, HUGE, 2**64]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    write(tmp_path / "a", ["a", "b", "c"])
    return tmp_path / "a"


@pytest.mark.parametrize("rows", [3, -1, 2**63, 1.5, True, "x", [], {}, (), np.arange(3), (0, 2)], ids=str)
@pytest.mark.parametrize("function", [read, scan])
def test_rows_are_a_slice(path: Path, function: Any, rows: Any) -> None:
    with pytest.raises(TypeError, match=r"rows are a slice such as slice\(10, 20\), found a .*take"):
        function(path, rows=rows)


def test_slices_that_are_no_rows(path: Path) -> None:
    for rows in (slice("a"), slice(1.5)):
        with pytest.raises(TypeError, match="rows begin and end with whole numbers"):
            read(path, rows=rows)
    for step in (2, -1, 0):
        with pytest.raises(ValueError, match="rows have no step"):
            read(path, rows=slice(None, None, step))
    with pytest.raises(TypeError, match="the step of rows is a whole number"):
        read(path, rows=slice(None, None, "x"))
    assert read(path, rows=slice(np.int64(1), 2**70, 1), as_="list") == ["b", "c"]
    assert read(path, rows=slice(5, 1), as_="list") == []


def calls(path: Path) -> dict[str, tuple[Callable[[Any], object], list[Any]]]:
    """Return calls that take an argument, by its name, and what it cannot be."""
    new = path.parent / "new"
    numbers = NO_NUMBERS
    return {
        "cache_bytes": (lambda v: Reader(path, cache_bytes=v), [*numbers, -1]),
        "check_seconds": (lambda v: Reader(path, check_seconds=v), [None, "x", [], True, -1, float("nan")]),
        "memory_budget": (lambda v: write(new, ["a"], overwrite=True, memory_budget=v), [*numbers, -1]),
        "chunk_bytes": (lambda v: SegmentWriter(path, chunk_bytes=v), [*numbers, -1, 0]),
        "batch_size": (lambda v: RandomBatches(path, v), [*numbers, -1, 0]),
        "seed": (lambda v: RandomBatches(path, 2, seed=v), NO_NUMBERS),
        "epoch": (lambda v: RandomBatches(path, 2, epoch=v), [*numbers, -1, 2**63]),
        "window_bytes": (lambda v: RandomBatches(path, 2, window_bytes=v), [*numbers, -1]),
        "part": (
            lambda v: RandomBatches(path, 2, part=v),
            [None, 1, "x", "xy", (1,), (0, 1, 2), (1, 1), (-1, 2), (0, 0), (0.5, 1), (True, 2), (0, 2**63)],
        ),
        "part_count": (
            lambda v: PartPlan(new, v, shape=(3,), dtype="string"),
            [None, 1.5, "x", True, 0, -1, HUGE],
        ),
        "timeout": (lambda v: commit(path, [], timeout=v), [None, "x", True, -1, float("nan")]),
        "messages": (lambda v: commit(path, v), [b"x", "x", [1], ["x"], [None]]),
        "older_than": (lambda v: gc(path, older_than=v), [None, 3, "x", timedelta(-1)]),
        "goal": (lambda v: tune(["a"], goal=v), [None, 3, "x", [], np.arange(3)]),
        "store_speed": (lambda v: tune(["a"], store_speed=v), [None, 3, "x", []]),
        "as_": (lambda v: read(path, as_=v), [None, 3, "x", [], np.arange(3)]),
        "mode": (lambda v: zarr_vlen.Appender(path, mode=v), [None, 3, "y", [], np.arange(3)]),
        "durability": (lambda v: zarr_vlen.Appender(path, durability=v), [None, 3, "y", [], np.arange(3)]),
        "progress": (lambda v: read(path, progress=v), [3, "x", [], {}, object(), dict]),
        "overwrite": (lambda v: write(new, ["a"], overwrite=v), NO_TRUTH),
        "trust": (lambda v: zarr_vlen.open(path, trust=v), NO_TRUTH),
        "raw": (lambda v: zarr_vlen.open(path, raw=v), NO_TRUTH),
        "force": (lambda v: gc(path, force=v), NO_TRUTH),
        "drop_last": (lambda v: RandomBatches(path, 2, drop_last=v), NO_TRUTH),
        "with_indices": (lambda v: RandomBatches(path, 2, with_indices=v), NO_TRUTH),
        "protocol": (lambda v: zarr_vlen.pickled(protocol=v), [*numbers, -1, 6]),
    }


@pytest.mark.parametrize("name", calls(Path()))
def test_errors_name_the_argument(path: Path, name: str) -> None:
    call, values = calls(path)[name]
    for value in values:
        with pytest.raises((TypeError, ValueError), match=name) as caught:
            call(value)
        # Not those of somewhere inside.
        assert not isinstance(caught.value, UnicodeError)
        assert len(str(caught.value)) < 250


@pytest.mark.parametrize("data", [None, 3, 1.5, {}.items, slice(3)], ids=range(5))
def test_data_are_elements(tmp_path: Path, data: Any) -> None:
    with pytest.raises(TypeError, match="a sequence of elements is needed, found a"):
        write(tmp_path / "a", data)
    assert not (tmp_path / "a").exists()


@pytest.mark.parametrize("indices", [None, 3, 1.5, "x", True, {}, slice(1), ["x"], [1.5], [[1]]], ids=str)
def test_indices_are_whole_numbers(path: Path, indices: Any) -> None:
    with pytest.raises(IndexError, match="indices are whole numbers in a list or an array"):
        take(path, indices)


def test_places_of_other_kinds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for value in (None, 3, {}, []):
        with pytest.raises(TypeError, match="store is a URL, a path or a URLStore"):
            PartPlan(value, 2, shape=(3,), dtype="json")  # type: ignore[arg-type]
        with pytest.raises(TypeError, match="url is a text"):
            zarr_vlen.URLStore(value)  # type: ignore[arg-type]
    for value in (None, 3, [], object()):
        with pytest.raises(TypeError, match="zarr_vlen.trust takes an array, a group, a store or a path"):
            zarr_vlen.trust(value).__enter__()
    options: Any
    for options in (3, "x", {3: 3}, {"headers": 3}, {"missing_statuses": "404"}, {"missing_statuses": 404}):
        with pytest.raises(TypeError, match="storage.option"):
            zarr_vlen.URLStore("s3://a/b", storage_options=options)
    assert list(tmp_path.iterdir()) == []


def test_types_of_two_functions() -> None:
    for function in (None, 3, "x"):
        with pytest.raises(TypeError, match="encode and decode are functions"):
            zarr_vlen.object_type("test.wrong", function, str)  # type: ignore[arg-type]
    for configuration in ({"a": {1}}, {"a": float("nan")}, {"a": HUGE}):
        with pytest.raises(ValueError, match="a configuration is what JSON has"):
            zarr_vlen.object_type("test.wrong", str, str, configuration)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="a configuration is a dictionary"):
        zarr_vlen.object_type("test.wrong", str, str, 3)  # type: ignore[arg-type]


def test_arrays_that_cannot_be_made_or_filled(tmp_path: Path) -> None:
    for dtype in ("i4", None):
        with pytest.raises((TypeError, ValueError)):
            zarr_vlen.create_empty(tmp_path / "a", dtype=dtype)
    assert not (tmp_path / "a").exists()
    zarr.create_array(tmp_path / "b", shape=(), dtype="json")
    with pytest.raises(ValueError, match="without dimensions"):
        zarr_vlen.Appender(tmp_path / "b")
    zarr_vlen.create_empty(tmp_path / "c", dtype="string")
    with SegmentWriter(tmp_path / "c") as writer:
        for elements in (["a", 3], iter(["a", 3])):
            with pytest.raises(zarr_vlen.ElementError, match=f"^{tmp_path}/c: element 1: "):
                writer.extend(elements)


def test_a_batch_of_everything(path: Path) -> None:
    """Numbers at the ends of what is allowed."""
    for batch_size, seed, epoch in ((2**63 - 1, 2**64 - 1, 2**63 - 1), (np.int8(3), -(2**63), np.uint64(0))):
        batches = RandomBatches(path, batch_size, seed=seed, epoch=epoch, window_bytes=2**63 - 1)
        assert sorted(element for batch in batches for element in batch) == ["a", "b", "c"]
        assert len(batches) == 1


def test_what_is_set_later_is_checked(path: Path) -> None:
    batches = RandomBatches(path, 2)
    batches.epoch = 2**63
    with pytest.raises(ValueError, match="epoch"):
        list(batches)
    batches.epoch, batches.batch_size = 1, 0
    with pytest.raises(ValueError, match="batch_size"):
        len(batches)
