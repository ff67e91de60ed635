"""Failures of the engine, as Python's exceptions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zarr_vlen.elements import ElementError

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from zarr_vlen._native import EngineError

# The codes that the library gives them.
INVALID_ARGUMENT, UNSUPPORTED, DAMAGED, INVALID_ELEMENT, SYSTEM = 1, 3, 4, 5, 6
STOPPED, NOT_FOUND, UNAVAILABLE = 8, 9, 10

# What the engine says of a chunk that it has encoded and does not store, and of none that it reads.
_TOO_DENSE = "the chunk would decode"


class ChunkError(ValueError):
    """A stored chunk that is damaged, or beyond the limits of what is decoded.

    Parameters
    ----------
    path : str
        Where the chunk is.
    reason : str
        What is wrong with it.
    verb : {"read", "stored"}, optional
        What cannot be done with it.
    """

    def __init__(self, path: str, reason: str, verb: str = "read") -> None:
        super().__init__(f"the chunk {path} cannot be {verb}: {reason}")
        self.path = path
        self.reason = reason
        self.verb = verb

    def __reduce__(self) -> tuple[Any, ...]:
        return ChunkError, (self.path, self.reason, self.verb)


ChunkError.__module__ = "zarr_vlen.pipeline"


class UnknownError(ValueError):
    """The engine does not know a data type or a codec."""


def checked[T](call: Callable[..., T], *arguments: Any) -> T:
    """Call the engine, and raise its failures as Python's.

    Raises
    ------
    ElementError, ChunkError, OSError, ValueError
        What the engine says.
    """
    from zarr_vlen import _native

    try:
        return call(*arguments)
    except _native.EngineError as failure:
        raise translated(failure) from None


def translated(failure: EngineError, path: str | None = None) -> Exception:
    """Return what stands for a failure, which is about a chunk if there is a path."""
    code, system_code, index, message = failure.args
    if code == SYSTEM:
        return OSError(system_code, message) if path is None else OSError(system_code, message, path)
    if code == UNAVAILABLE:
        return ConnectionError(message)
    if code == STOPPED:
        return InterruptedError(message)
    if code == NOT_FOUND:
        return FileNotFoundError(message)
    if code == UNSUPPORTED and path is None:
        return UnknownError(message)
    if code == INVALID_ELEMENT:
        if path is not None:
            return ElementError(f"{path}: {message}")
        return ElementError(message, index=index if index >= 0 else None)
    if path is not None and _TOO_DENSE in message:
        reason = f"{message}. It would not be read again: make chunks smaller, or inner chunks of shards"
        return ChunkError(path, reason, "stored")
    if path is not None:
        return ChunkError(path, message)
    if code == DAMAGED:
        path, _, reason = message.partition(": ")
        return ChunkError(path, reason)
    return ValueError(message)
