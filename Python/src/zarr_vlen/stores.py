"""Stores of zarr-python, as the engine calls them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import zarr
from zarr.abc.store import (
    OffsetByteRequest,
    RangeByteRequest,
    SuffixByteRequest,
    _store_supports_sync_io,
)
from zarr.core.buffer import default_buffer_prototype
from zarr.core.sync import sync
from zarr.storage import ZipStore

if TYPE_CHECKING:
    from zarr.abc.store import ByteRequest, Store
    from zarr.core.buffer import Buffer

__all__ = ["Calls"]


class Calls:
    """The four calls that the engine makes to a store, on threads of its own.

    Parameters
    ----------
    store : zarr.abc.store.Store
        The store.

    Attributes
    ----------
    failure : BaseException or None
        What a call has raised first. The engine hears only that a call has failed.
    request_concurrency : int
        How many calls may wait for the store at a time.
    """

    def __init__(self, store: Store) -> None:
        self._store: Any = store
        self._answers_at_once = _store_supports_sync_io(store)
        self._prototype = default_buffer_prototype()
        # Of values that are read in parts.
        self._sizes: dict[str, int] = {}
        self.failure: BaseException | None = None
        self.request_concurrency = (
            1 if self._answers_at_once else max(1, int(zarr.config.get("async.concurrency") or 64))
        )

    def read(self, key: str, first: int, count: int) -> tuple[int, Any] | None:
        """Return the size of a value, and `count` of its bytes, or None if there is none.

        The bytes are those from `first` on, or the last ones if that is -1; all that follow if `count` is -1.
        """
        try:
            if count == 0:
                size = self._size(key)
                return None if size is None else (size, b"")
            if first == 0 and count == -1:
                whole = self._get(key, None)
                return None if whole is None else (len(whole), whole.as_numpy_array())
            size = self._sizes.get(key)
            if size is None:
                size = self._size(key)
                if size is None:
                    return None
                self._sizes[key] = size
            if first < 0:
                request: ByteRequest = SuffixByteRequest(min(count, size))
            elif first >= size:
                return size, b""
            elif count < 0:
                request = OffsetByteRequest(first)
            else:
                request = RangeByteRequest(first, min(first + count, size))
            part = self._get(key, request)
            return None if part is None else (size, part.as_numpy_array())
        except BaseException as error:
            self._keep(error)
            raise

    def write(self, key: str, data: bytes) -> None:
        """Put a value in the place of the one that was there."""
        try:
            self._sizes.pop(key, None)
            value = self._prototype.buffer.from_bytes(data)
            if self._answers_at_once:
                self._store.set_sync(key, value)
            else:
                sync(self._store.set(key, value))
        except BaseException as error:
            self._keep(error)
            raise

    def remove(self, key: str) -> None:
        """Remove a value, if there is one."""
        try:
            self._sizes.pop(key, None)
            if self._answers_at_once:
                self._store.delete_sync(key)
            else:
                sync(self._store.delete(key))
        except FileNotFoundError:
            pass
        except BaseException as error:
            self._keep(error)
            raise

    def list(self, prefix: str) -> list[str]:
        """Return the keys that begin with the names of a prefix."""

        async def keys() -> list[str]:
            return [key async for key in self._store.list_prefix(f"{prefix}/" if prefix else "")]

        try:
            return sync(keys())
        except BaseException as error:
            self._keep(error)
            raise

    def _get(self, key: str, request: ByteRequest | None) -> Buffer | None:
        if self._answers_at_once:
            found: Buffer | None = self._store.get_sync(key, prototype=self._prototype, byte_range=request)
        else:
            found = sync(self._store.get(key, self._prototype, request))
        return found

    def _size(self, key: str) -> int | None:
        try:
            if type(self._store) is ZipStore:
                # Its `getsize` reads the value.
                with self._store._lock:
                    stored: int = self._store._zf.getinfo(key).file_size
                    return stored
            size: int = sync(self._store.getsize(key))
            return size
        except (FileNotFoundError, KeyError):
            return None

    def _keep(self, error: BaseException) -> None:
        if self.failure is None:
            self.failure = error
