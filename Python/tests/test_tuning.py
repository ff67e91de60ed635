"""Settings that are found by trying."""

import itertools
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import zarr

import zarr_vlen
from zarr_vlen import ElementError, optional

LINES = [f"line {number} of a log, with words that repeat" for number in range(20_000)]
KEYS = {"dtype", "chunks", "shards", "compressors", "filters", "serializer"}
SAMPLES: dict[str, Any] = {
    "list": LINES,
    "bytes": [line.encode() for line in LINES],
    "optional": [None, *LINES],
    "strings": np.array(LINES, np.dtypes.StringDType()),
    "objects": np.array(LINES, object),
    "pandas": pd.Series(LINES, dtype="string[pyarrow]"),
    "arrow": pa.array(LINES),
    "chunked": pa.chunked_array([LINES[:5000], LINES[5000:]], pa.large_string()),
    "view": pa.array(LINES, pa.string_view()),
}


@pytest.mark.parametrize("name", SAMPLES)
def test_arrays_have_the_settings(name: str, tmp_path: Path) -> None:
    sample = SAMPLES[name]
    elements = sample.to_pylist() if hasattr(sample, "to_pylist") else list(sample)
    settings = zarr_vlen.tune(sample)
    assert set(settings) == KEYS
    z = zarr.create_array(tmp_path / "a", shape=(len(elements),), **settings)
    z[:] = zarr_vlen.objects(elements)
    assert z.chunks == settings["chunks"]
    assert z.shards == settings["shards"]
    path = "zarr.core.codec_pipeline.BatchedCodecPipeline"
    with zarr.config.set({"codec_pipeline.path": path}):
        assert zarr.open_array(tmp_path / "a")[:].tolist() == elements
    zarr_vlen.write(tmp_path / "b", sample, **settings)
    assert zarr_vlen.read(tmp_path / "b", as_="list") == elements


@pytest.mark.parametrize("store_speed", ["drive", "network", "memory"])
@pytest.mark.parametrize("goal", ["balanced", "read", "write", "size", "random"])
def test_goals(goal: Any, store_speed: Any) -> None:
    settings = zarr_vlen.tune(LINES, goal=goal, store_speed=store_speed)
    if goal == "size":
        assert settings["compressors"][0]["name"] == "zstd"
        assert settings["compressors"][0]["configuration"]["level"] > 1
    if goal == "random" and store_speed != "network":
        # A large chunk takes longer to decode than a small one.
        assert settings["chunks"][0] < 10_000
    z = zarr.create_array({}, shape=(10,), **settings)
    z[3] = "three"
    assert z[3] == "three"


def test_types() -> None:
    records = [{"id": number, "tags": ["x"] * (number % 5)} for number in range(5000)]
    settings = zarr_vlen.tune(records, dtype="json", goal="size")
    z = zarr.create_array({}, shape=(len(records),), **settings)
    z[:] = zarr_vlen.objects(records)
    assert z[:].tolist() == records
    settings = zarr_vlen.tune(records, dtype=optional("json"))
    assert zarr.create_array({}, shape=(1,), **settings)[:].tolist() == [None]
    point = zarr_vlen.object_type(
        "test.tuned", encode=lambda value: str(value).encode(), decode=lambda data: int(data)
    )
    settings = zarr_vlen.tune(range(10_000), dtype=point)
    z = zarr.create_array({}, shape=(1,), **settings)
    z[0] = 7
    assert z[0] == 7


def test_several_dimensions() -> None:
    sample = np.array(LINES, object).reshape(100, 200)
    settings = zarr_vlen.tune(sample)
    z = zarr.create_array({}, shape=sample.shape, **settings)
    assert z.chunks[1] <= 200
    z[...] = sample
    assert (z[...] == sample).all()


def test_settings_are_as_in_metadata() -> None:
    settings = zarr_vlen.tune(LINES)
    assert json.loads(json.dumps(settings))["compressors"] == settings["compressors"]


def test_few_elements_and_none() -> None:
    for sample in ([], ["a"], [b""], [None], iter(["a", "b"]), pa.array([], pa.string())):
        settings = zarr_vlen.tune(sample)
        assert zarr.create_array({}, shape=(3,), **settings).chunks[0] > 0


def test_elements_that_do_not_end() -> None:
    assert zarr_vlen.tune(itertools.repeat(b"x" * 100_000))["dtype"] == "bytes"


def test_errors() -> None:
    with pytest.raises(ValueError, match="goal is"):
        zarr_vlen.tune(LINES, goal="speed")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="store_speed is"):
        zarr_vlen.tune(LINES, store_speed="tape")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="read and written in bulk"):
        zarr_vlen.tune(LINES, dtype="int32")
    with pytest.raises(ElementError, match="element 1: "):
        zarr_vlen.tune(["a", {"b": 1}])
    with pytest.raises(ElementError, match="element 2: "):
        zarr_vlen.tune([1, 2, {3}], dtype="json")
    with pytest.raises(TypeError):
        zarr_vlen.tune(pa.table({"a": [1]})["a"])
