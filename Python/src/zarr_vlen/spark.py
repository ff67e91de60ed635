"""Arrays of objects from Spark, and for it: a data source whose batches are Arrow's.

>>> register(spark)  # doctest: +SKIP
>>> spark.read.format("zarr_vlen").load("s3://bucket/names.zarr")  # doctest: +SKIP
>>> frame.write.format("zarr_vlen").mode("append").save("s3://bucket/names.zarr")  # doctest: +SKIP
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from pyspark.sql.datasource import (
    DataSource,
    DataSourceArrowWriter,
    DataSourceReader,
    InputPartition,
    WriterCommitMessage,
)
from pyspark.sql.types import BinaryType, StringType, StructField, StructType
from zarr.dtype import parse_dtype

from zarr_vlen.bulk import kind_of, scan
from zarr_vlen.segments import CHUNK_BYTES, Target, everywhere, ranges_of
from zarr_vlen.types import optional
from zarr_vlen.urls import StorageOptions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zarr_vlen.arrays import Array
    from zarr_vlen.types import ObjectType

__all__ = ["ZarrDataSource", "register"]


def register(spark: Any, *types: ObjectType) -> None:
    """Have a session know the format "zarr_vlen".

    Parameters
    ----------
    spark : pyspark.sql.SparkSession
        The session, whose executors have this package too.
    *types : ObjectType
        Your own types that arrays have. Spark's processes get to know them so.
    """
    source: type = ZarrDataSource
    if types:
        # A class that no module has is pickled with what it holds. A type registers where it is unpickled.
        source = type("_SourceWithTypes", (ZarrDataSource,), {"types": types})
    spark.dataSource.register(source)


class ZarrDataSource(DataSource):
    """Reads and writes an array as a column of text or bytes.

    Each task writes a segment, see `zarr_vlen.SegmentWriter`, and the driver commits them when all are there:
    readers find all elements or none. A task that is repeated, or runs twice at a time, is in the array once.
    If a job fails, an array that it has made is removed, and one that was there stays as it was; ``zvlen gc``
    removes what its segments leave. The mode "overwrite" removes the old array when the job begins.

    Notes
    -----
    The options of readers and writers, besides the path:

    array
        The path in the store.
    column
        The name of the column. A frame that has one only need not name it. The default is "value".
    dtype
        The data type of a new array: "string", "bytes", "json", or the name of a type of yours that
        `register` was given. By default "string" for text, and "bytes". Arrays of JSON and of types of yours
        take a column of text or binary as encoded elements, and any other, such as structures, as the
        elements themselves.
    optional
        "true" for a new array that has nulls.
    chunk_bytes
        The most bytes of a chunk. The default is 4 MiB.
    partitions
        About how many partitions there are. By default one for each shard, or for 16 chunks.
    endpoint, region, …
        Those of `zarr_vlen.StorageOptions`, as text.
    """

    @classmethod
    def name(cls) -> str:
        return "zarr_vlen"

    def schema(self) -> Any:
        kind = kind_of(self._target().reader().metadata.dtype)
        type = StringType() if kind.is_text else BinaryType()
        # Batches of Arrow do not say that there are no nulls.
        return StructType([StructField(self.options.get("column") or "value", type, nullable=True)])

    def reader(self, schema: Any) -> Any:
        partitions = self.options.get("partitions")
        return _Reader(
            self._target().reader(), schema.fieldNames()[0], None if partitions is None else int(partitions)
        )

    def writer(self, schema: Any, overwrite: bool) -> Any:
        names = schema.fieldNames()
        column = self.options.get("column") or names[0]
        if column not in names or (len(names) > 1 and not self.options.get("column")):
            raise ValueError(f"the option column has to name one of {', '.join(names)}")
        target = self._target()
        dtype = target.dtype
        if dtype is None:
            dtype = "bytes" if isinstance(schema[column].dataType, BinaryType) else "string"
        if (self.options.get("optional") or "").lower() == "true":
            dtype = optional(dtype)
        return _Writer(target, names.index(column), target.prepare("w" if overwrite else "a", dtype))

    def _target(self) -> Target:
        path = self.options.get("path")
        if not path:
            raise ValueError("there is no path: name the array in load() or save()")
        # The names of Spark's options have no case.
        names = {name.lower(): name for name in StorageOptions.__annotations__}
        dtype = self.options.get("dtype")
        known: Any = {names[name]: value for name, value in self.options.items() if name in names}
        return Target(
            everywhere(path),
            self.options.get("array") or "",
            known or None,
            int(self.options.get("chunk_bytes") or CHUNK_BYTES),
            dtype and parse_dtype(dtype, zarr_format=3),
        )


@dataclass
class _Rows(InputPartition):
    first: int
    last: int


class _Reader(DataSourceReader):
    def __init__(self, array: Array, column: str, partition_count: int | None) -> None:
        self._array = array
        self._column = column
        self._partition_count = partition_count

    def partitions(self) -> list[Any]:
        return [_Rows(*rows) for rows in ranges_of(self._array, self._partition_count)] or [_Rows(0, 0)]

    def read(self, partition: Any) -> Iterator[Any]:
        # Spark has no large types here.
        type = pa.string() if kind_of(self._array.metadata.dtype).is_text else pa.binary()
        for elements in scan(self._array, rows=slice(partition.first, partition.last)):
            yield pa.RecordBatch.from_arrays([elements.cast(type)], names=[self._column])


@dataclass
class _Message(WriterCommitMessage):
    segment: bytes


class _Writer(DataSourceArrowWriter):
    def __init__(self, target: Target, column: int, is_made: bool) -> None:
        self._target = target
        self._column = column
        self._is_made = is_made

    def write(self, iterator: Iterator[Any]) -> Any:
        return _Message(self._target.write(batch.column(self._column) for batch in iterator))

    def commit(self, messages: list[Any]) -> None:
        self._target.commit(message.segment for message in messages if message is not None)

    def abort(self, messages: list[Any]) -> None:
        if self._is_made:
            self._target.give_up()
