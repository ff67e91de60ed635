"""Arrays of objects from Ray Data, and for it: blocks of Arrow go in and come out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa
from ray.data import Datasink, Datasource, ReadTask
from ray.data.block import BlockAccessor, BlockMetadata

from zarr_vlen.bulk import dtype_of_arrow, kind_of, read
from zarr_vlen.segments import CHUNK_BYTES, Mode, Target, everywhere, ranges_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from zarr_vlen.arrays import Array
    from zarr_vlen.urls import StorageOptions

__all__ = ["ZarrDatasink", "ZarrDatasource"]


class ZarrDatasink(Datasink):
    """Writes a column of a dataset to an array.

    Each task makes a segment, see `zarr_vlen.SegmentWriter`, and this process commits them when all are
    there: readers find all elements or none. A task that is repeated is in the array once. If the job fails,
    an array that was made is removed, and one that was there stays as it was; ``zvlen gc`` removes what its
    segments leave.

    Parameters
    ----------
    store : URL or path
        Where the array is, which all workers reach: a bucket, or files that they share.
    path : str, optional
        The path in the store. The default is the root.
    column : str, optional
        The column with the elements. It need not be named if there is one only.
    mode : {"x", "w", "a"}, optional
        Whether an array that is there is an error ("x"), replaced ("w") or appended to ("a").
    dtype : str or ObjectType, optional
        The data type of a new array. By default "string" or "bytes", as the column is, where Ray knows that
        before it begins: not if the tasks that write also make the column. Arrays of JSON and of types of
        yours take a column of text or bytes as encoded elements, and any other as the elements themselves.
        Give a type of yours also where you append, so that workers know it.
    chunk_bytes : int, optional
        The most bytes of a chunk. The default is 4 MiB.
    storage_options : StorageOptions, optional
        How a store is reached that has a URL.
    **options
        What else `zarr.create_array` takes.

    Notes
    -----
    The elements of the tasks follow one another in the order of the dataset only if
    `DataContext.execution_options.preserve_order` is set.

    Examples
    --------
    >>> dataset.write_datasink(ZarrDatasink("s3://bucket/names.zarr", column="name"))  # doctest: +SKIP
    """

    def __init__(
        self,
        store: Any,
        *,
        path: str = "",
        column: str | None = None,
        mode: Mode = "x",
        dtype: Any = None,
        chunk_bytes: int = CHUNK_BYTES,
        storage_options: StorageOptions | None = None,
        **options: Any,
    ) -> None:
        self._target = Target(everywhere(store), path, storage_options, chunk_bytes, dtype)
        self._column = column
        self._mode = mode
        self._options = options
        self._has_begun = False
        self._is_made = False

    def on_write_start(self, schema: Any = None) -> None:
        dtype = self._target.dtype
        if dtype is None and isinstance(schema, pa.Schema):
            # It is that of what tasks are given, also if they make other elements of it before they write.
            name = schema.names[0] if self._column is None and len(schema.names) == 1 else self._column
            dtype = dtype_of_arrow(schema.field(name).type) if name in schema.names else None
        self._is_made = self._target.prepare(self._mode, dtype, **self._options)
        self._has_begun = True

    def write(self, blocks: Iterable[Any], ctx: Any) -> bytes:
        return self._target.write(map(self._elements, blocks))

    def _elements(self, block: Any) -> Any:
        table = BlockAccessor.for_block(block).to_arrow()
        # A block without rows may have no columns.
        return table.column(self._name(table.column_names)) if table.num_rows else []

    def _name(self, names: list[str]) -> str:
        """Return the name of the column."""
        if self._column is None and len(names) == 1:
            return names[0]
        if self._column not in names:
            raise ValueError(f"name the column: one of {', '.join(names)}")
        return self._column

    def on_write_complete(self, write_result: Any) -> None:
        if not self._has_begun:
            self.on_write_start()
        # What comes from here on may have happened, whether or not it fails.
        self._is_made = False
        self._target.commit(write_result.write_returns)

    def on_write_failed(self, error: Exception) -> None:
        if self._is_made:
            self._target.give_up()

    def get_name(self) -> str:
        return "Zarr"


class ZarrDatasource(Datasource):
    """Reads an array as a dataset of one column.

    JSON is its text there, and elements of types of yours are encoded. Blocks begin and end with chunks, or
    with shards, so that each is read once.

    Parameters
    ----------
    store : URL or path
        Where the array is.
    path : str, optional
        The path in the store. The default is the root.
    column : str, optional
        The name of the column.
    storage_options : StorageOptions, optional
        How a store is reached that has a URL.

    Raises
    ------
    FileNotFoundError
        If there is no array.
    ValueError
        If the array has elements of one size.

    Examples
    --------
    >>> dataset = ray.data.read_datasource(ZarrDatasource("s3://bucket/names.zarr"))  # doctest: +SKIP
    """

    def __init__(
        self,
        store: Any,
        *,
        path: str = "",
        column: str = "value",
        storage_options: StorageOptions | None = None,
    ) -> None:
        super().__init__()
        self._array = Target(everywhere(store), path, storage_options).reader()
        kind_of(self._array.metadata.dtype)
        self._column = column

    def estimate_inmemory_data_size(self) -> int | None:
        return None

    def get_read_tasks(
        self, parallelism: int, per_task_row_limit: int | None = None, data_context: Any = None
    ) -> list[Any]:
        row = self._array.size // self._array.shape[0] if self._array.shape and self._array.size else 1
        return [
            ReadTask(
                _reader(self._array, self._column, rows),
                BlockMetadata((rows[1] - rows[0]) * row, None, None, None),
                per_task_row_limit=per_task_row_limit,
            )
            for rows in ranges_of(self._array, parallelism)
        ]

    def get_name(self) -> str:
        return "Zarr"


def _reader(array: Array, column: str, rows: tuple[int, int]) -> Callable[[], Iterator[Any]]:
    # The array alone travels to the tasks.
    def blocks() -> Iterator[Any]:
        yield pa.table({column: read(array, rows=slice(*rows), as_="arrow")})

    return blocks
