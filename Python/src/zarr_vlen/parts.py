"""Planned parts: an array whose size is known, which processes fill that need not know of each other."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import zarr
from zarr.core.buffer import default_buffer_prototype
from zarr.storage import StorePath

from zarr_vlen.arguments import LARGEST, whole
from zarr_vlen.arrays import Array, open
from zarr_vlen.failures import checked
from zarr_vlen.threads import interruptible
from zarr_vlen.urls import StorageOptions, URLStore

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

__all__ = ["PartPlan"]


class PartPlan:
    """An array that many processes fill in parts, such as the tasks of a job array.

    Each process makes the same plan, writes its part to `array`, and marks it as done. Parts have no chunk
    and no shard in common, so that a part can be written again, also by two processes at a time. In the store
    the array has no rows until `finish`: readers find all of it or nothing.

    Parameters
    ----------
    store : URL, path or URLStore
        Where the array is: files or a bucket.
    part_count : int
        The number of parts.
    shape : tuple of int
        The shape of the array.
    dtype : str, ObjectType or numpy.dtype
        The data type.
    path : str, optional
        The path in the store. The default is the root.
    storage_options : StorageOptions, optional
        How a store is reached that has a URL.
    **options
        What else `zarr.create_array` takes, such as `chunks`, `shards` and `compressors`.

    Raises
    ------
    ValueError
        If there is another array, with what differs, or there are no parts.
    OSError
        If the store fails.

    Examples
    --------
    >>> for part in range(3):  # Each in a process of its own.
    ...     plan = PartPlan("planned.zarr", 3, shape=(10,), dtype="string", chunks=(2,))
    ...     region = plan.region(part)
    ...     if region is not None:
    ...         plan.array[region] = f"from part {part}"
    ...     plan.mark_done(part)
    >>> plan.missing()
    []
    >>> plan.finish()[9]
    'from part 2'
    """

    def __init__(
        self,
        store: str | Path | URLStore,
        part_count: int,
        *,
        shape: tuple[int, ...],
        dtype: Any,
        path: str = "",
        storage_options: StorageOptions | None = None,
        **options: Any,
    ) -> None:
        from zarr_vlen import _native

        part_count = whole("part_count", part_count, least=1, most=2**31 - 1)
        model = zarr.create_array({}, shape=shape, dtype=dtype, **options).async_array
        document = model.metadata.to_buffer_dict(default_buffer_prototype())["zarr.json"].to_bytes()
        if not isinstance(store, str | os.PathLike | URLStore):
            raise TypeError(f"store is a URL, a path or a URLStore, found a {type(store).__name__}")
        if not isinstance(store, URLStore):
            store = URLStore(str(store), storage_options=storage_options, read_only=False)
        self._monitor = _native.Monitor()
        self._plan = self._call(_native.Plan, store.engine_store, path, document, part_count)
        self.part_count = part_count
        """The number of parts."""
        self.array = Array(
            type(model)(metadata=model.metadata, store_path=StorePath(store, path), config=model.config)
        )
        """The array as it will be, to be written."""

    @property
    def is_finished(self) -> bool:
        """Whether the array was found finished, so that writing again has no effect."""
        return self._plan.is_finished

    def region(self, part: int) -> tuple[slice, ...] | None:
        """Return the region of a part.

        Parameters
        ----------
        part : int
            The number of the part, from 0 on.

        Returns
        -------
        tuple of slice, or None
            The region, or None if there are fewer chunks than parts and none is left for this one.

        Raises
        ------
        ValueError
            If there is no such part.
        """
        part = whole("part", part, least=-LARGEST)
        ranges = checked(self._plan.region, part, self.array.ndim)
        return tuple(slice(*range) for range in ranges) if all(a < b for a, b in ranges) else None

    def mark_done(self, part: int) -> None:
        """Say that a part is stored.

        Parameters
        ----------
        part : int
            The number of the part, from 0 on.

        Raises
        ------
        ValueError
            If there is no such part.
        OSError
            If the store fails.
        """
        self._call(self._plan.mark_done, whole("part", part, least=-LARGEST))

    def missing(self) -> list[int]:
        """Return the numbers of the parts that are not marked as done.

        Raises
        ------
        OSError
            If the store fails.
        """
        return self._call(self._plan.missing)

    def finish(self) -> Array:
        """Give the array its shape, once all parts are marked as done.

        It can be called again, and by several processes at a time.

        Returns
        -------
        Array
            The array.

        Raises
        ------
        FileNotFoundError
            If parts are missing, with their numbers, which are counted from 1 on here.
        OSError
            If the store fails.
        """
        self._call(self._plan.finish)
        place = self.array.store_path
        array: Array = open(place.store, path=place.path, mode="r+")
        return array

    def _call[T](self, call: Callable[..., T], *arguments: Any) -> T:
        result: T = interruptible(self._monitor, checked, call, *arguments, self._monitor)
        return result
