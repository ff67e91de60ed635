"""The extension: parts of stored values on one side, NumPy arrays on the other."""

from collections.abc import Buffer, Callable, Sequence
from typing import Any, final

type Part = tuple[
    # The value: the path of its file, a store and its key there, its bytes, or None where there is none.
    str | tuple[Store, str] | Buffer | None,
    # Its shape.
    tuple[int, ...],
    # Its elements that are meant, and where these are in the array: numbers, and slices without steps.
    tuple[Any, ...],
    tuple[Any, ...],
    # Whether the rest of the value is replaced by the fill value.
    bool,
]

class EngineError(Exception):
    """A failure of the library: its code, that of the system, the number of the part or -1, and a message."""

    args: tuple[int, int, int, str]

@final
class Codecs:
    """How the values of an array are stored.

    Parameters
    ----------
    metadata : bytes
        The metadata of the array: its zarr.json, or its .zarray.
    rank : int
        The number of dimensions.
    writes_empty_chunks : bool, optional
        Whether values are stored whose elements all equal the fill value.
    thread_count : int, optional
        The most threads; 0 is for as many as there are cores.

    Raises
    ------
    EngineError
        If the metadata is not supported.
    """

    def __new__(
        cls, metadata: bytes, rank: int, writes_empty_chunks: bool = False, thread_count: int = 0
    ) -> Codecs: ...
    def read(
        self,
        parts: Sequence[Part],
        array: Any,
        way: int,
        decode: Callable[[bytes], Any],
        monitor: Monitor | None = None,
        /,
    ) -> list[bool]:
        """Put elements into an array, and return which values are missing.

        NotImplemented stands for selections that are not supported; then nothing was read.
        """

    def write(
        self, parts: Sequence[Part], array: Any, way: int, monitor: Monitor | None = None, /
    ) -> list[bytes | None]:
        """Encode elements of an array, and return the values that are in no file and no store.

        NotImplemented stands for selections and elements that are not supported; then nothing was written.
        """

@final
class Monitor:
    """Follows calls, and stops them."""

    def cancel(self) -> None: ...
    def progress(self) -> tuple[int, int, int]:
        """Return the elements that are done, their bytes, and those that they are stored as."""

@final
class Source:
    """Elements to be written, where they are."""

    is_text: bool | None
    byte_count: int
    absent_count: int
    def __len__(self) -> int: ...
    def tolist(self) -> list[Any]: ...

@final
class Stream:
    """The arrays of an Arrow stream."""

    def __new__(cls, capsule: object, /) -> Stream: ...
    def __iter__(self) -> Stream: ...
    def __next__(self) -> Source: ...

def source_of_objects(objects: Sequence[Any], /) -> Source: ...
def source_of_strings(array: Any, /) -> Source: ...
def source_of_arrow(schema: object, array: object, /) -> Source: ...
def register_data_type(name: str, /) -> None:
    """Have arrays opened that are of a data type of the caller."""

def array_in(
    calls: Any,
    location: str,
    request_concurrency: int,
    path: str,
    cache_byte_count: int = 0,
    cache_check_seconds: float = 0,
    /,
) -> EngineArray:
    """Open an array in a store, whose calls are those of `zarr_vlen.stores.Calls`."""

def tune(
    sources: list[Source], is_text: bool, goal: int, store_speed: int, shape: tuple[int, ...], /
) -> bytes:
    """Return the metadata of an array that suits such elements: its zarr.json."""

@final
class Column:
    """Elements that were read, as Arrow has them: `large_string` or `large_binary`."""

    is_text: bool
    null_count: int
    nbytes: int
    def __len__(self) -> int: ...
    def __getitem__(self, index: int, /) -> bytes | str | None: ...
    def tolist(self) -> list[Any]: ...
    def _fill(self, array: Any, is_string_dtype: bool, /) -> None: ...
    def __arrow_c_schema__(self) -> object: ...
    def __arrow_c_array__(self, requested_schema: object = None) -> tuple[object, object]: ...

@final
class Reader:
    """Reads batches one after the other."""

    def next(self) -> Column | None: ...
    def stream(self) -> object: ...
    def close(self) -> None: ...

@final
class Appender:
    """Appends to an array, or to a segment."""

    def append(self, source: Source, /) -> None: ...
    def checkpoint(self) -> None: ...
    def finish(self) -> bytes:
        """Store the segment, and return its message."""

    def count(self) -> int: ...
    def close(self) -> None: ...

@final
class Sampler:
    """Draws batches in random order."""

    def next(self) -> tuple[Column, bytes] | None: ...
    def __len__(self) -> int: ...

@final
class EngineArray:
    """An array in a directory, or in a store."""

    def __new__(
        cls,
        directory: Any,
        path: str,
        durability: int = 0,
        thread_count: int = 0,
        cache_byte_count: int = 0,
        cache_check_seconds: float = 0,
    ) -> EngineArray: ...
    def read(
        self, ranges: tuple[tuple[int, int], ...] | None, is_text: bool, monitor: Monitor, /
    ) -> Column: ...
    def take(self, indices: Buffer, count: int, is_text: bool, monitor: Monitor | None, /) -> Column: ...
    def sampler(
        self,
        batch_size: int,
        seed: int,
        epoch: int,
        part_index: int,
        part_count: int,
        window_byte_count: int,
        drops_last: bool,
        is_text: bool,
        monitor: Monitor,
        /,
    ) -> Sampler: ...
    def reader(self, first: int, count: int, is_text: bool, monitor: Monitor, /) -> Reader: ...
    def appender(self, memory_budget: int, monitor: Monitor, /) -> Appender: ...
    def segment(self, chunk_byte_count: int, memory_budget: int, monitor: Monitor, /) -> Appender: ...
    def commit(
        self, messages: tuple[bytes, ...], time_limit: float, monitor: Monitor | None, /
    ) -> tuple[int, int]:
        """Put segments into the array, and return the first of their rows, and how many they are."""

    def collect(self, age: float, removes: bool, monitor: Monitor | None, /) -> bytes:
        """Return what jobs have left beside the array, as JSON, and perhaps remove it."""

@final
class Value:
    """A value of a store, or a part of it."""

    def __len__(self) -> int: ...
    def __buffer__(self, flags: int, /) -> memoryview: ...

@final
class Store:
    """A store that has a URL.

    Options are names and values as text. Monitors stop calls.
    """

    location: str
    request_concurrency: int
    is_listable: bool
    has_to_be_finished: bool
    def __new__(
        cls, url: str, options: tuple[tuple[str, str], ...], is_writable: bool, monitor: Monitor | None, /
    ) -> Store: ...
    def get(self, key: str, first: int, count: int, monitor: Monitor | None, /) -> tuple[int, Value] | None:
        """Return the size of a value, and `count` of its bytes, or None if there is none.

        The bytes are those from `first` on, or the last ones if that is -1; all that follow if `count` is -1.
        """

    def set(self, key: str, data: Buffer, only_if_absent: bool, monitor: Monitor | None, /) -> None: ...
    def delete(self, key: str, monitor: Monitor | None, /) -> None: ...
    def delete_all(self, prefix: str, monitor: Monitor | None, /) -> None: ...
    def list(self, prefix: str, is_deep: bool, monitor: Monitor | None, /) -> list[str]:
        """Return the keys that begin with the names of a prefix, or the names directly below it."""

    def array(
        self,
        path: str,
        monitor: Monitor | None,
        cache_byte_count: int = 0,
        cache_check_seconds: float = 0,
        /,
    ) -> EngineArray: ...
    def finish(self, monitor: Monitor | None, /) -> None: ...

@final
class Plan:
    """An array that is filled in parts."""

    is_finished: bool
    def __new__(
        cls, store: Store, path: str, metadata: bytes, part_count: int, monitor: Monitor | None, /
    ) -> Plan: ...
    def region(self, part: int, rank: int, /) -> list[tuple[int, int]]:
        """Return the range of a part along each dimension; all are empty if it has no elements."""

    def mark_done(self, part: int, monitor: Monitor | None, /) -> None: ...
    def missing(self, monitor: Monitor | None, /) -> list[int]: ...
    def finish(self, monitor: Monitor | None, /) -> None: ...

def set_fallback_certificates(path: str, /) -> None:
    """Say which file has the certificates to trust in, where the system has none that is found."""
