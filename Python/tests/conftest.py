"""Stores and pipelines that the tests run with."""

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import obstore.store
import pytest
import zarr
import zarr.storage

PIPELINES = {
    "batched": "zarr.core.codec_pipeline.BatchedCodecPipeline",
    "fused": "zarr.core.codec_pipeline.FusedCodecPipeline",
    "native": "zarr_vlen.pipeline.VlenCodecPipeline",
}


@pytest.fixture(params=PIPELINES)
def pipeline(request: pytest.FixtureRequest) -> Iterator[str]:
    with zarr.config.set({"codec_pipeline.path": PIPELINES[request.param]}):
        yield request.param


_numbers = itertools.count()


def _remote() -> Any:
    return zarr.storage.FsspecStore.from_url(f"memory://zarr-vlen-{next(_numbers)}")


STORES: dict[str, Callable[[Path], Any]] = {
    "dict": lambda _: {},
    "path": lambda path: str(path / "path"),
    "fsspec": lambda _: _remote(),
    "object": lambda _: zarr.storage.ObjectStore(obstore.store.MemoryStore()),
}


@pytest.fixture(params=STORES)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    return STORES[request.param](tmp_path)
