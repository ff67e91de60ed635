"""Collections of dask to arrays and back, without a cluster; Python/clusters tests those."""

from pathlib import Path
from typing import Any

import dask
import dask.array as da
import numpy as np
import pandas as pd
import pytest
import zarr
from dask.callbacks import Callback

import zarr_vlen
from zarr_vlen.dask import from_zarr, to_zarr

db = pytest.importorskip("dask.bag")
dd = pytest.importorskip("dask.dataframe")

TEXTS = [f"text {number}" * (number % 7) for number in range(1000)]


@pytest.fixture(params=["threads", "synchronous"], autouse=True)
def scheduler(request: pytest.FixtureRequest) -> Any:
    with dask.config.set(scheduler=request.param):
        yield


@pytest.fixture
def url(tmp_path: Path) -> str:
    return str(tmp_path / "a.zarr")


def test_bags(url: str) -> None:
    z = to_zarr(db.from_sequence(TEXTS, npartitions=7), url, dtype="string", chunk_bytes=1000)
    assert z[:].tolist() == TEXTS
    bag = from_zarr(url)
    assert bag.npartitions > 1
    assert bag.compute() == TEXTS
    assert from_zarr(url, npartitions=3).npartitions == 3
    objects = [{"n": number, "text": text} for number, text in enumerate(TEXTS)]
    z = to_zarr(db.from_sequence(objects, npartitions=5), url, dtype="json", mode="w")
    assert z[3] == objects[3]
    assert from_zarr(url).compute() == objects


def test_bags_grow_arrays(url: str) -> None:
    bag = db.from_sequence(TEXTS[:10], npartitions=2)
    with pytest.raises(TypeError, match="data type"):
        to_zarr(bag, url)
    assert to_zarr(bag, url, mode="a", dtype="string").shape == (10,)
    assert to_zarr(bag, url, mode="a").shape == (20,)
    with pytest.raises(zarr.errors.ContainsArrayError):
        to_zarr(bag, url, dtype="string")
    with pytest.raises(ValueError, match="mode"):
        to_zarr(bag, url, mode="r", dtype="string")  # type: ignore[arg-type]
    assert from_zarr(url).compute() == TEXTS[:10] * 2


def test_elements_of_bags_are_written_by_the_tasks_that_make_them(url: str) -> None:
    results = []

    class Results(Callback):  # type: ignore[misc]
        def _posttask(self, key: Any, result: Any, *_: Any) -> None:
            results.append(result)

    bag = db.from_sequence(range(4), npartitions=4).map(lambda first: TEXTS[first::4]).flatten()
    with Results():
        z = to_zarr(bag, url, dtype="string")
    assert z[:].tolist() == [text for first in range(4) for text in TEXTS[first::4]]
    assert {type(result) for result in results} == {bytes}


def test_nothing(url: str) -> None:
    bag = db.from_sequence(["a"], npartitions=1).filter(lambda text: text > "a")
    assert to_zarr(bag, url, dtype="string").shape == (0,)
    assert from_zarr(url).compute() == []
    assert from_zarr(url, as_="array").compute().tolist() == []
    assert len(from_zarr(url, as_="dataframe").compute()) == 0
    with pytest.raises(FileNotFoundError):
        from_zarr(url + "x")


@pytest.mark.parametrize("dtype", [np.dtypes.StringDType(), object])
def test_arrays_of_known_and_unknown_chunks(url: str, dtype: Any) -> None:
    values = np.array(TEXTS, dtype)
    array = da.from_array(values, chunks=300)
    assert to_zarr(array, url, dtype="string", chunk_bytes=1000)[:].tolist() == TEXTS
    unknown = array[da.from_array(np.arange(1000) % 3 == 0, chunks=300)]
    assert np.isnan(unknown.shape[0])
    expected = [text for number, text in enumerate(TEXTS) if number % 3 == 0]
    assert to_zarr(unknown, url, dtype="string", mode="w")[:].tolist() == expected
    read = from_zarr(url, as_="array")
    assert read.shape == (len(expected),)
    assert read.dtype == np.dtypes.StringDType()
    assert read.compute().tolist() == expected
    with pytest.raises(ValueError, match="sizes of chunks"):
        to_zarr(unknown, url, dtype="string", chunks=(10,), mode="w")


def test_arrays_in_place(url: str) -> None:
    values = np.array(TEXTS, np.dtypes.StringDType()).reshape(20, 50)
    array = da.from_array(values, chunks=((3, 9, 8), (50,)))
    z = to_zarr(array, url, chunks=(2, 10), shards=(4, 20))
    assert (z.chunks, z.shards) == ((2, 10), (4, 20))
    assert (z[:] == values).all()
    back = from_zarr(url, as_="array")
    assert back.numblocks == (5, 1)
    assert (back.compute() == values).all()
    assert from_zarr(url).compute() == TEXTS
    line = to_zarr(da.from_array(values.ravel(), chunks=7), url, mode="w", chunks=(100,))
    assert (line.chunks, line[:].tolist()) == ((100,), TEXTS)
    objects = zarr_vlen.objects([[number] for number in range(12)]).reshape(3, 4)
    z = to_zarr(da.from_array(objects, chunks=(2, 2)), url, mode="w", dtype="json")
    assert z[2, 3] == [11]
    assert from_zarr(url, as_="array").compute()[1, 1] == [5]
    assert from_zarr(url).compute() == [[number] for number in range(12)]
    with pytest.raises(ValueError, match="appended"):
        to_zarr(array, url, mode="a")


def test_columns(url: str) -> None:
    frame = dd.from_pandas(pd.DataFrame({"text": TEXTS, "n": range(1000)}), npartitions=4)
    to_zarr(frame["text"], url)
    read = from_zarr(url, as_="dataframe", column="text", npartitions=2)
    assert list(read.columns) == ["text"]
    assert read.text.str.len().sum().compute() == sum(map(len, TEXTS))
    assert read.compute()["text"].tolist() == TEXTS
    some = frame["text"].where(frame["n"] % 2 == 0)
    to_zarr(some, url, dtype=zarr_vlen.optional("string"), mode="w")
    assert from_zarr(url).compute()[:3] == [TEXTS[0], None, TEXTS[2]]
    assert from_zarr(url, as_="dataframe").isna().sum().compute()["value"] == 500
    with pytest.raises(TypeError, match="column"):
        to_zarr(frame, url, dtype="string", mode="a")
    with dask.config.set({"dataframe.convert-string": False}):
        objects = dd.from_pandas(pd.Series([{"a": 1}, [2]], dtype=object).to_frame("o"), npartitions=1)
        to_zarr(objects["o"], url, dtype="json", mode="w")
        assert from_zarr(url, as_="dataframe").compute()["value"].tolist() == [{"a": 1}, [2]]


def _fail(part: Any) -> Any:
    raise RuntimeError("on the way")


def test_a_job_that_fails_leaves_the_array_as_it_was(url: str) -> None:
    good = db.from_sequence(TEXTS[:10], npartitions=2)
    bad = db.concat([good, good.map_partitions(_fail)])
    with pytest.raises(RuntimeError, match="on the way"):
        to_zarr(bad, url, dtype="string")
    with pytest.raises(FileNotFoundError):
        zarr_vlen.open(url, mode="r")
    to_zarr(good, url, dtype="string")
    with pytest.raises(RuntimeError, match="on the way"):
        to_zarr(bad, url, mode="a")
    assert from_zarr(url).compute() == TEXTS[:10]


def test_dask_writes_our_types_itself(url: str) -> None:
    objects = zarr_vlen.objects([{"n": number} for number in range(10)])
    array = da.from_array(objects, chunks=5)
    z = zarr.create_array(url, shape=(10,), chunks=(5,), dtype="json")
    da.store(array, z, lock=False)
    assert z[7:8].tolist() == [{"n": 7}]
    array.to_zarr(url + "-other", component="there", dtype="json")
    assert from_zarr(url + "-other", path="there").compute() == objects.tolist()
