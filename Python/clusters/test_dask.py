"""`zarr_vlen.dask` with workers that are processes."""

import os
from typing import Any

import dask.array as da
import dask.bag as db
import numpy as np
import pytest
from distributed import Client, LocalCluster
from records import COUNT, PART_COUNT, Killer, Place, records

import zarr_vlen
from zarr_vlen.dask import from_zarr, to_zarr


def cluster(worker_count: int) -> Any:
    return LocalCluster(
        n_workers=worker_count, threads_per_worker=1, dashboard_address=None, memory_limit="2GiB"
    )


def all_records() -> Any:
    return db.from_sequence(range(PART_COUNT), npartitions=PART_COUNT).map(records).flatten()


@pytest.mark.parametrize("worker_count", [2, 8])
def test_a_worker_is_killed(place: Place, worker_count: int) -> None:
    with cluster(worker_count) as workers, Client(workers) as client:
        with Killer(place, lambda: list(client.run(os.getpid).values())) as killer:
            z = to_zarr(all_records(), **place.arguments, dtype="string")
        assert killer.killed is not None
        assert z.shape == (COUNT,)
        place.check()
        assert from_zarr(**place.arguments).map(len).sum().compute() == 130 * COUNT


def test_collections_of_workers(place: Place) -> None:
    with cluster(2) as workers, Client(workers):
        texts = [f"text {number}" for number in range(1000)]
        array = da.from_array(np.array(texts, object), chunks=100)
        unknown = array[da.from_array(np.arange(1000) % 2 == 0, chunks=100)]
        assert to_zarr(unknown, **place.arguments, dtype="string").shape == (500,)
        assert from_zarr(**place.arguments, as_="array").compute().tolist() == texts[::2]
        assert to_zarr(array, **place.arguments, dtype="string", chunks=(100,), mode="w").shape == (1000,)
        frame = from_zarr(**place.arguments, as_="dataframe", column="text")
        assert frame.text.compute().tolist() == texts
        objects = [{"n": number} for number in range(100)]
        bag = db.from_sequence(objects, npartitions=5)
        to_zarr(bag, **place.arguments, dtype="json", mode="w")
        to_zarr(bag, **place.arguments, mode="a")
        assert from_zarr(**place.arguments).compute() == objects * 2
        assert zarr_vlen.read(**place.arguments, as_="list") == objects * 2
        sets = [frozenset(range(number)) for number in range(10)]
        pickled = zarr_vlen.pickled()
        to_zarr(db.from_sequence(sets, npartitions=5), **place.arguments, dtype=pickled, mode="w")
        trusted = zarr_vlen.open(**place.arguments, trust=True)
        assert from_zarr(trusted).compute() == sets
