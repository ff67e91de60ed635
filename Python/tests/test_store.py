"""What zarr-python asks of every store."""

from typing import Any

import pytest
from conftest import Server
from zarr.core.buffer import Buffer, cpu, default_buffer_prototype
from zarr.testing.store import StoreTests

from zarr_vlen import URLStore


class TestBucket(StoreTests[URLStore, cpu.Buffer]):
    """The tests of zarr-python, which look at the bucket with obstore."""

    store_cls = URLStore
    buffer_cls = cpu.Buffer

    # They are of stores that need not be awaited, and would be skipped.
    test_get_sync = test_get_sync_missing = test_get_sync_byte_range_parity = None
    test_set_sync = test_delete_sync = test_delete_sync_missing = None
    test_sync_async_set_get_parity = test_delete_sync_visible_to_async_get = None

    @pytest.fixture
    def store_kwargs(self, server: Server) -> dict[str, Any]:
        self.server = server
        return {"url": server.url("a"), "storage_options": server.options, "read_only": False}

    async def set(self, store: URLStore, key: str, value: Buffer) -> None:
        await self.server.obstore("a").set(key, value)

    async def get(self, store: URLStore, key: str) -> Any:
        return await self.server.obstore("a").get(key, default_buffer_prototype())

    def test_store_repr(self, store: URLStore) -> None:
        assert repr(store) == f"URLStore('{self.server.url('a')}')"

    def test_store_supports_writes(self, store: URLStore) -> None:
        assert store.supports_writes
        assert store.supports_deletes

    def test_store_supports_listing(self, store: URLStore) -> None:
        assert store.supports_listing
