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
