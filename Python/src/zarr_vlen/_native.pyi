"""The extension: parts of stored values on one side, NumPy arrays on the other."""

from collections.abc import Buffer, Callable, Sequence
from typing import Any, final

type Part = tuple[
    # The value: the path of its file, its bytes, or None where there is none.
    str | Buffer | None,
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
        self, parts: Sequence[Part], array: Any, way: int, decode: Callable[[bytes], Any], /
    ) -> list[bool]:
        """Put elements into an array, and return which values are missing.

        NotImplemented stands for selections that are not supported; then nothing was read.
        """

    def write(self, parts: Sequence[Part], array: Any, way: int, /) -> list[bytes | None]:
        """Encode elements of an array, and return the values that are no files.

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
def array_in(calls: Any, location: str, request_concurrency: int, path: str, /) -> EngineArray:
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
    """Appends to an array."""

    def append(self, source: Source, /) -> None: ...
    def checkpoint(self) -> None: ...
    def count(self) -> int: ...
    def close(self) -> None: ...

@final
class EngineArray:
    """An array in a directory, or in a store."""

    def __new__(
        cls, directory: Any, path: str, durability: int = 0, thread_count: int = 0
    ) -> EngineArray: ...
    def read(
        self, ranges: tuple[tuple[int, int], ...] | None, is_text: bool, monitor: Monitor, /
    ) -> Column: ...
    def reader(self, first: int, count: int, is_text: bool, monitor: Monitor, /) -> Reader: ...
    def appender(self, memory_budget: int, monitor: Monitor, /) -> Appender: ...
