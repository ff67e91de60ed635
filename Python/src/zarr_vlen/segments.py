"""Segments: elements that many processes store beside one array, until one of them puts them all into it."""

from __future__ import annotations

import json
import warnings
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import zarr
from zarr.core.sync import sync
from zarr.dtype import parse_dtype

from zarr_vlen import _zarr
from zarr_vlen.arguments import check_progress, choice, seconds, truth, whole
from zarr_vlen.arrays import Array
from zarr_vlen.bulk import _MEMORY_BUDGET, _check_source, _opened, _Work, kind_of, placed, sources_of
from zarr_vlen.elements import ElementError
from zarr_vlen.urls import StorageOptions, is_url, store_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import TracebackType
    from typing import Self

__all__ = ["AbandonedWork", "SegmentWriter", "commit", "create_empty", "gc"]

# What a chunk has by default, also in jobs of clusters.
CHUNK_BYTES = 4 << 20

# Whether an array that is there is an error ("x"), replaced ("w") or appended to ("a").
type Mode = Literal["a", "w", "x"]


def create_empty(
    store: Any,
    *,
    path: str = "",
    dtype: Any,
    storage_options: StorageOptions | None = None,
    **options: Any,
) -> Array:
    """Make an array of one dimension and no elements, which many processes can fill.

    Its chunks may differ in length, so that segments of any length follow one another: its grid is
    *rectilinear*, which zarr-python reads from 3.2 on if its setting `array.rectilinear_chunks` is true. This
    package sets it when it meets such an array.

    Parameters
    ----------
    store : store, URL, path or dict
        Where the array is: as in `zarr.create_array`, and as `URLStore` says, such as ``s3://bucket/prefix``.
    path : str, optional
        The path in the store. The default is the root.
    dtype : str or ObjectType
        The data type.
    storage_options : StorageOptions, optional
        How a store is reached that has a URL.
    **options
        What else `zarr.create_array` takes, such as `overwrite` and `compressors`. With `chunks`, all chunks
        have one length; segments then have to be whole chunks, or whole `shards`, but for the last of a
        commit.

    Returns
    -------
    Array
        The array.

    Raises
    ------
    zarr.errors.ContainsArrayError
        If there is an array, and no `overwrite`.

    Examples
    --------
    >>> create_empty("log.zarr", dtype="string", overwrite=True).shape
    (0,)
    """
    if dtype is None:
        raise TypeError('dtype is a data type, such as "string", found None')
    kind_of(parse_dtype(dtype, zarr_format=options.get("zarr_format") or 3))
    store, _ = store_of(store, storage_options, read_only=False)
    if options.get("chunks") is None:
        _zarr.allow_uneven_chunks()
        # There is a length though there is no chunk.
        options["chunks"] = [[1]]
    made = zarr.create_array(store, name=path or None, shape=(0,), dtype=dtype, **options)
    return Array(made.async_array)


class SegmentWriter:
    """Stores elements beside an array, encoded, for `commit` to put into it.

    Any number of writers, in any processes and on any machines, write for one array at a time, and none waits
    for another. A worker that is run again makes another segment, and only those whose messages are committed
    become a part of the array. So a worker may die, stall or run twice.

    Use it in a `with` statement: if `finish` was not called at its end, what is stored is removed. What a
    process leaves that was killed is found and removed by `gc`, or ``zvlen gc``.

    Parameters
    ----------
    store : store, URL, path or zarr.Array
        The array, or where it is: files or a bucket. It is of Zarr v3 and has one dimension. An array that is
        open can be pickled and sent to workers, which then need not open it.
    path : str, optional
        The path in the store. The default is the root.
    chunk_bytes : int, optional
        The most bytes of a chunk, in an array whose chunks differ in length. The default is 4 MiB: a commit
        asks the store twice for each chunk, which takes less than a twentieth of the time of encoding then.
    memory_budget : int, optional
        The bytes of full chunks that may wait to be stored, as for `write`.
    progress : object with update(n), optional
        Is told of elements that were stored.
    storage_options : StorageOptions, optional
        How a store is reached that has a URL.

    Raises
    ------
    FileNotFoundError
        If there is no array.
    ValueError
        If the array has more dimensions, or is of Zarr v2.

    Examples
    --------
    >>> z = create_empty("log.zarr", dtype="string", overwrite=True)
    >>> with SegmentWriter("log.zarr") as writer:
    ...     writer.extend(["started", "done"])
    ...     message = writer.finish()
    >>> commit("log.zarr", [message])
    range(0, 2)
    """

    def __init__(
        self,
        store: Any,
        *,
        path: str = "",
        chunk_bytes: int = CHUNK_BYTES,
        memory_budget: int = _MEMORY_BUDGET,
        progress: Any = None,
        storage_options: StorageOptions | None = None,
    ) -> None:
        chunk_bytes = whole("chunk_bytes", chunk_bytes, least=1)
        memory_budget = whole("memory_budget", memory_budget)
        check_progress(progress)
        array = _opened_to_write(store, path, storage_options)
        self._kind = kind_of(array.metadata.dtype)
        self._work = _Work(array, progress=progress)
        self._appender = self._work.run(
            self._work.array.segment, chunk_bytes, memory_budget, self._work.monitor, shows_progress=False
        )
        self._count = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        type: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def count(self) -> int:
        """The number of elements that were appended."""
        return self._count

    def extend(self, data: Any) -> None:
        """Append elements.

        Parameters
        ----------
        data : array, sequence or iterable
            The elements, as for `write`. An iterable is taken some MiB at a time.

        Raises
        ------
        ElementError
            If the data type does not have one of the elements. Those before it may have been appended.
        OSError
            If the store fails.
        """
        try:
            for source in sources_of(data, self._kind):
                _check_source(source, self._kind)
                self._work.run(self._appender.append, source)
                self._count += len(source)
        except ElementError as error:
            raise placed(error, self._work.location) from error.__cause__

    def finish(self) -> bytes:
        """Store what was appended, and return what the process that commits has to know.

        Returns
        -------
        bytes
            The message: some hundred bytes, and about ten for each chunk. Nothing can be appended any more.

        Raises
        ------
        OSError
            If the store fails. Nothing is lost then, and you can try again.
        """
        message: bytes = self._work.run(self._appender.finish)
        return message

    def close(self) -> None:
        """Remove what is stored, if the segment is not finished. Does nothing the second time."""
        self._work.run(self._appender.close, shows_progress=False)


def commit(
    store: Any,
    messages: Iterable[bytes],
    *,
    path: str = "",
    timeout: float = 60,
    storage_options: StorageOptions | None = None,
) -> range:
    """Put segments at the end of an array, in the order of their messages.

    Nothing is encoded again: a bucket copies the chunks itself, and files get another name. Readers find all
    elements or none. You can repeat the call with the same messages, after an error or a crash, in any
    process, and in two at a time: the segments are in the array once.

    Let the process commit that has the list of messages for good. A task that another one repeats must not do
    it, since the messages that the repetition has may be those of other segments.

    Parameters
    ----------
    store : store, URL, path or zarr.Array
        The array, or where it is: files or a bucket.
    messages : iterable of bytes
        What `SegmentWriter.finish` returned. One that is there twice counts once.
    path : str, optional
        The path in the store. The default is the root.
    timeout : float, optional
        How long to wait for others who append, in seconds.
    storage_options : StorageOptions, optional
        How a store is reached that has a URL.

    Returns
    -------
    range
        The indices of the elements. An array that is open already has its old shape: open it again.

    Raises
    ------
    FileNotFoundError
        If there is no array, or a segment is not stored any more. Nothing has changed then.
    ValueError
        If a message is not one, or a segment is not made of whole chunks where it has to be.
    OSError
        If the store fails, or cannot compare what it replaces.

    Examples
    --------
    >>> z = create_empty("log.zarr", dtype="string", overwrite=True)
    >>> commit("log.zarr", [])
    range(0, 0)
    """
    timeout = seconds("timeout", timeout)
    if isinstance(messages, bytes | str):
        raise TypeError("messages are a list of what SegmentWriter.finish returned, found one of them")
    messages = tuple(messages)
    if strangers := {type(message).__name__ for message in messages if not isinstance(message, bytes)}:
        raise TypeError(
            f"messages are the bytes that SegmentWriter.finish returned, found {', '.join(sorted(strangers))}"
        )
    work = _Work(_opened_to_write(store, path, storage_options))
    first, count = work.run(work.array.commit, messages, timeout, work.monitor, shows_progress=False)
    return range(first, first + count)


@dataclass(frozen=True)
class AbandonedWork:
    """What a job has left beside an array that will not become a part of it."""

    kind: Literal["segment", "commit", "parts", "upload"]
    """Elements that no commit has taken, the record of a commit, the marks of parts, or a large value of
    which a bucket has only some."""
    name: str
    """Its name among those of its kind; of an upload, the key that it is for."""
    byte_count: int
    """The bytes that are stored."""
    beginning: datetime | None
    """When it was begun, by the clock of the worker, or None if that is not known."""


def gc(
    store: Any,
    *,
    older_than: timedelta = timedelta(days=1),
    force: bool = False,
    path: str = "",
    storage_options: StorageOptions | None = None,
) -> list[AbandonedWork]:
    """Find what jobs have left beside an array, and remove it if you say so.

    Workers that died, and segments that were never committed, take space. What a running job has stored looks
    the same: name an age that no job reaches. A commit that is under way meanwhile takes its segments or
    fails as a whole. After the record of a commit is removed, a commit that is repeated fails, and changes
    nothing.

    In a bucket that you open by its URL, it also finds chunks and shards of 16 MiB and more of which only
    parts were sent. They are paid for, and no listing shows them.

    Parameters
    ----------
    store : store, URL, path or zarr.Array
        The array, or where it is: files or a bucket.
    older_than : datetime.timedelta, optional
        How long ago the work has to have begun. The default is a day.
    force : bool, optional
        Whether what is found is removed.
    path : str, optional
        The path in the store. The default is the root.
    storage_options : StorageOptions, optional
        How a store is reached that has a URL.

    Returns
    -------
    list of AbandonedWork
        What was found.

    Raises
    ------
    FileNotFoundError
        If there is no array.
    OSError
        If the store fails.

    Warns
    -----
    RuntimeWarning
        If the server does not list what was sent in part, or not for you.

    Examples
    --------
    >>> z = create_empty("log.zarr", dtype="string", overwrite=True)
    >>> with SegmentWriter("log.zarr") as writer:
    ...     writer.extend(["nobody commits this"])
    ...     message = writer.finish()
    >>> [left.kind for left in gc("log.zarr", older_than=timedelta(0), force=True)]
    ['segment']
    >>> gc("log.zarr", older_than=timedelta(0))
    []
    """
    if not isinstance(older_than, timedelta):
        kind = type(older_than).__name__
        raise TypeError(f"older_than is a datetime.timedelta, such as timedelta(days=1), found a {kind}")
    age, removes = seconds("older_than", older_than.total_seconds()), truth("force", force)
    work = _Work(_opened_to_write(store, path, storage_options))
    found = json.loads(work.run(work.array.collect, age, removes, work.monitor, shows_progress=False))
    for left in found:
        if "problem" in left:
            reason = f"what was sent in part is not looked for: {left['problem']}"
            warnings.warn(reason, RuntimeWarning, stacklevel=2)
    return [
        AbandonedWork(
            left["kind"],
            left["name"],
            left["byte_count"],
            datetime.fromtimestamp(left["beginning"], UTC) if "beginning" in left else None,
        )
        for left in found
        if "problem" not in left
    ]


def _opened_to_write(store: Any, path: str, storage_options: StorageOptions | None) -> Any:
    store, _ = store_of(store, storage_options, read_only=False)
    return _opened(store, path, "r+")


# Jobs of clusters


@dataclass(frozen=True)
class Target:
    """Where a job puts its elements, as its tasks know it."""

    store: Any
    path: str
    storage_options: StorageOptions | None
    chunk_bytes: int = CHUNK_BYTES
    # Comes along, so that workers know a type of the caller's.
    dtype: Any = None

    def write(self, parts: Iterable[Any]) -> bytes:
        """Make a segment of some columns or lists, and return its message."""
        with SegmentWriter(
            self.store, path=self.path, chunk_bytes=self.chunk_bytes, storage_options=self.storage_options
        ) as writer:
            for part in parts:
                writer.extend(part)
            return writer.finish()

    def commit(self, messages: Iterable[bytes]) -> range:
        return commit(self.store, messages, path=self.path, storage_options=self.storage_options)

    def open(self) -> Array:
        return Array(_opened_to_write(self.store, self.path, self.storage_options))

    def reader(self) -> Array:
        store, _ = store_of(self.store, self.storage_options, read_only=True)
        return Array(_opened(store, self.path, "r"))

    def prepare(self, mode: Mode, dtype: Any, **options: Any) -> bool:
        """Make the array, and return whether it was not there or was replaced."""
        choice("mode", mode, ("a", "w", "x"))
        if mode == "a":
            with suppress(FileNotFoundError):
                self.open()
                return False
        if dtype is None:
            raise TypeError(
                'the data type is not known before the elements are; give one, such as dtype="json"'
            )
        create_empty(
            self.store,
            path=self.path,
            dtype=dtype,
            storage_options=self.storage_options,
            overwrite=mode == "w",
            **options,
        )
        return True

    def give_up(self) -> None:
        """Remove the array that a job has made, unless it has elements."""
        with suppress(FileNotFoundError):
            array = self.open()
            if array.shape == (0,):
                sync(array.store_path.delete_dir())


def everywhere(store: Any) -> Any:
    """Return where a store is, for processes with other working directories."""
    if isinstance(store, str | Path) and not is_url(store):
        return str(Path(store).absolute())
    return store


def ranges_of(array: Array, part_count: int | None) -> list[tuple[int, int]]:
    """Divide the rows of an array along its chunks or shards, into about as many parts as are asked for.

    The default is a part for each shard, or for 16 chunks.
    """
    sizes = array.write_chunk_sizes[0] if array.shape else ()
    if part_count is None:
        is_sharded = array.write_chunk_sizes != array.read_chunk_sizes
        least = len(sizes) if is_sharded else (len(sizes) + 15) // 16
    else:
        least = part_count
    part_count = max(1, min(least, len(sizes)))
    ends = [0]
    for size in sizes:
        ends.append(ends[-1] + size)
    bounds = [ends[number * len(sizes) // part_count] for number in range(part_count + 1)]
    return [(first, last) for first, last in pairwise(bounds) if first < last]
