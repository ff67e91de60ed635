"""Arrays of objects from dask, and for it: bags, arrays and columns of dataframes.

Any scheduler does, also that of `distributed`. A task that is repeated, since its worker died or stalled, is
in the array once.
"""

from __future__ import annotations

from functools import partial
from math import isnan
from typing import TYPE_CHECKING, Any, Literal
from uuid import uuid4

import dask
import dask.array as da
import dask.bag as db
import numpy as np
import zarr
from zarr.core.sync import sync

from zarr_vlen.bulk import kind_of, read
from zarr_vlen.segments import CHUNK_BYTES, Mode, Target, everywhere, ranges_of
from zarr_vlen.urls import store_of

if TYPE_CHECKING:
    from zarr_vlen.arrays import Array
    from zarr_vlen.urls import StorageOptions

__all__ = ["from_zarr", "to_zarr"]


def to_zarr(
    data: Any,
    store: Any,
    *,
    path: str = "",
    mode: Mode = "x",
    dtype: Any = None,
    chunk_bytes: int = CHUNK_BYTES,
    storage_options: StorageOptions | None = None,
    **options: Any,
) -> Array:
    """Compute a collection, and write its elements to an array.

    Each partition becomes a segment, see `zarr_vlen.SegmentWriter`, which this process commits when all are
    there: readers find all elements or none. That is why the collection is computed here, and not later. An
    array of dask with more dimensions, or with `chunks` among the options, is written in place, its chunks
    put together where zarr's would be divided.

    Parameters
    ----------
    data : dask.bag.Bag, dask.array.Array or dask.dataframe.Series
        The elements, in this order. The chunk sizes of an array need not be known, if it has one dimension.
    store : store, URL or path
        Where the array is, which all workers reach: a bucket, or files that they share.
    path : str, optional
        The path in the store. The default is the root.
    mode : {"x", "w", "a"}, optional
        Whether an array that is there is an error ("x"), replaced ("w") or appended to ("a").
    dtype : str or ObjectType, optional
        The data type of a new array. By default that of the collection, if it is of text. Give one of yours
        also where you append, so that workers know it.
    chunk_bytes : int, optional
        The most bytes of a chunk. The default is 4 MiB.
    storage_options : StorageOptions, optional
        How a store is reached that has a URL.
    **options
        What else `zarr.create_array` takes.

    Returns
    -------
    Array
        The array.

    Raises
    ------
    TypeError
        If the data type of a new array is not known.
    ValueError
        If the sizes of chunks have to be known and are not.
    zarr.errors.ContainsArrayError
        If there is an array, and the mode is "x".

    Notes
    -----
    If a task fails for good, an array that was made is removed, and one that was there stays as it was.
    ``zvlen gc`` removes what the segments leave.

    Examples
    --------
    >>> import dask.bag
    >>> z = to_zarr(dask.bag.from_sequence(["Ada", "Grace"]), "names.zarr", dtype="string", mode="w")
    >>> from_zarr("names.zarr").compute()
    ['Ada', 'Grace']
    """
    target = Target(everywhere(store), path, storage_options, chunk_bytes, dtype)
    if dtype is None:
        dtype = _usual_dtype(data)
    if isinstance(data, da.Array) and (data.ndim != 1 or options.get("chunks") is not None):
        return _write_in_place(data, target, mode, dtype, options)
    is_made = target.prepare(mode, dtype, **options)
    try:
        messages = dask.compute(*_written(data, target))
    except BaseException:
        if is_made:
            target.give_up()
        raise
    target.commit(messages)
    return target.open()


def _usual_dtype(data: Any) -> Any:
    kind = getattr(data, "dtype", None)
    is_text = isinstance(kind, np.dtype) and kind.kind in "UT"
    return "string" if is_text or str(kind) in ("string", "str") else None


def _written(data: Any, target: Target) -> list[Any]:
    """Return what computes the messages of the segments of a collection, in its order."""
    write = _Write(target)
    if isinstance(data, db.Bag):
        # Dask makes one task of this and of what makes the elements, which are written as they are made, and
        # neither kept nor sent to another worker.
        return list(data.map_partitions(write).to_delayed())
    if hasattr(data, "to_delayed") and getattr(data, "ndim", 1) == 1:
        return [dask.delayed(write, pure=False)(part) for part in data.to_delayed()]
    raise TypeError(f"a bag, an array or a column is needed, found a {type(data).__name__}")


class _Write:
    """Writes a partition as a segment of its own, also if another one has the same elements."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._id = uuid4().hex
        # Dask names tasks after it.
        self.__name__ = "write-segment"

    def __call__(self, part: Any) -> bytes:
        return self._target.write([part])

    def __dask_tokenize__(self) -> str:
        return self._id


def _write_in_place(data: Any, target: Target, mode: Mode, dtype: Any, options: dict[str, Any]) -> Array:
    if mode == "a":
        raise ValueError("an array that is written in place cannot be appended to")
    if any(isnan(size) for size in data.shape):
        raise ValueError("the sizes of chunks have to be known here: call compute_chunk_sizes()")
    if dtype is None:
        raise TypeError('the data type of the elements is not known; give one, such as dtype="json"')
    store, _ = store_of(target.store, target.storage_options, read_only=False)
    chunks = options.pop("chunks", None) or tuple(max(1, *sizes) for sizes in data.chunks)
    made = zarr.create_array(
        store,
        name=target.path or None,
        shape=data.shape,
        chunks=chunks,
        dtype=dtype,
        overwrite=mode == "w",
        **options,
    )
    try:
        unit = made.shards or made.chunks
        data = data.rechunk(
            tuple(_whole(sizes, length) for sizes, length in zip(data.chunks, unit, strict=True))
        )
        # No two tasks write one chunk, and one that is repeated writes the same again.
        da.store(data, made, lock=False)
    except BaseException:
        sync(made.store_path.delete_dir())
        raise
    return target.open()


def _whole(sizes: tuple[int, ...], unit: int) -> tuple[int, ...]:
    """Put chunks together until each is a multiple of a length, but the last."""
    whole: list[int] = []
    size = 0
    for more in sizes:
        size += more
        if size >= unit:
            whole.append(size - size % unit)
            size %= unit
    return (*whole, size) if size or not whole else tuple(whole)


def from_zarr(
    store: Any,
    *,
    path: str = "",
    as_: Literal["bag", "array", "dataframe"] = "bag",
    npartitions: int | None = None,
    column: str = "value",
    storage_options: StorageOptions | None = None,
) -> Any:
    """Read an array as a collection.

    Partitions begin and end with chunks, or with shards, so that each is read once.

    Parameters
    ----------
    store : store, URL or path
        Where the array is.
    path : str, optional
        The path in the store. The default is the root.
    as_ : {"bag", "array", "dataframe"}, optional
        What is returned. In dataframes, dask makes text of objects unless its setting
        `dataframe.convert-string` is False.
    npartitions : int, optional
        About how many partitions there are. By default one for each shard, or for 16 chunks.
    column : str, optional
        The name of the column of a dataframe.
    storage_options : StorageOptions, optional
        How a store is reached that has a URL.

    Returns
    -------
    dask.bag.Bag, dask.array.Array or dask.dataframe.DataFrame
        The elements. An array is of StringDType for text, of objects otherwise, and has the dimensions of
        the one that is stored; the others have the elements in C order.

    Raises
    ------
    FileNotFoundError
        If there is no array.
    ValueError
        If the array has elements of one size.
    """
    array = Target(everywhere(store), path, storage_options).reader()
    kind = kind_of(array.metadata.dtype)
    ranges = ranges_of(array, npartitions) or [(0, 0)]
    if as_ == "bag":
        return db.from_delayed([dask.delayed(partial(_read_list, array))(*rows) for rows in ranges])
    if as_ == "array":
        is_strings = kind.is_text and not kind.is_optional and kind.converter is None
        meta = np.empty((0,) * array.ndim, np.dtypes.StringDType() if is_strings else object)
        part = dask.delayed(partial(_read_array, array))
        if not array.shape:
            return da.from_delayed(part(None, None), (), meta=meta)
        row_shape = array.shape[1:]
        return da.concatenate(
            [
                da.from_delayed(part(first, last), (last - first, *row_shape), meta=meta)
                for first, last in ranges
            ]
        )
    if as_ == "dataframe":
        import dask.dataframe as dd

        # With from_map, dask looks for a name of the array in its parts, and not all of them have one.
        make = dask.delayed(partial(_read_frame, array, column))
        return dd.from_delayed([make(rows) for rows in ranges], meta=_read_frame(array, column, (0, 0)))
    raise ValueError(f'as_ is "bag", "array" or "dataframe", found {as_!r}')


def _read_list(array: Array, first: int, last: int) -> list[Any]:
    if array.ndim == 1:
        return list(read(array, rows=slice(first, last), as_="list"))
    # Nested lists do not tell where an element that is a list begins.
    return list(_read_array(array, first, last).ravel().tolist())


def _read_array(array: Array, first: int | None, last: int | None) -> Any:
    return read(array) if first is None else read(array, rows=slice(first, last))


def _read_frame(array: Array, column: str, rows: tuple[int, int]) -> Any:
    import pandas as pd

    kind = kind_of(array.metadata.dtype)
    if kind.converter is None:
        elements = read(array, rows=slice(*rows), as_="arrow").to_pandas()
    else:
        elements = pd.Series(_read_array(array, *rows).ravel(), dtype=object)
    return elements.to_frame(column)
