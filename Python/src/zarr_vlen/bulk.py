"""Whole arrays at a time, from Python objects, NumPy, pandas and Arrow, and back."""

from __future__ import annotations

import atexit
import os
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Any, Literal
from weakref import WeakSet

import numpy as np
import zarr
from zarr.abc.store import Store
from zarr.core.sync import sync
from zarr.dtype import VariableLengthUTF8, parse_dtype
from zarr.storage import LocalStore

from zarr_vlen import _zarr
from zarr_vlen._hooks import with_type
from zarr_vlen.arguments import LARGEST, check_progress, choice, truth, whole
from zarr_vlen.arrays import Array
from zarr_vlen.elements import ElementError, each, from_values
from zarr_vlen.failures import STOPPED, UnknownError, checked, translated
from zarr_vlen.json_values import JSON
from zarr_vlen.pickles import Pickled, is_trusted
from zarr_vlen.stores import Calls
from zarr_vlen.threads import interruptible
from zarr_vlen.types import BYTES, STRING, ObjectType, Optional, object_type_of, optional
from zarr_vlen.urls import StorageOptions, URLStore, store_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from types import TracebackType
    from typing import Self

    from zarr_vlen._native import Appender as NativeAppender
    from zarr_vlen._native import Column, EngineArray, Reader, Source

__all__ = ["Appender", "read", "scan", "write"]

type Form = Literal["arrow", "numpy", "list"]
type Durability = Literal["atomic", "none", "durable"]

_DURABILITIES = {"atomic": 0, "none": 1, "durable": 2}

# About how many bytes a chunk has, and how many of an iterable are taken at a time.
_CHUNK_BYTE_COUNT = 1 << 20
_PART_SIZE = 4 << 20
# Some chunks for each core: with more, new memory costs more than waiting does.
_MEMORY_BUDGET = max(16, 4 * (os.cpu_count() or 1)) << 20


@dataclass(frozen=True)
class _Kind:
    """What the elements of an array are."""

    is_text: bool
    is_optional: bool
    # The type whose objects are made and taken by Python, or None.
    converter: ObjectType | None


def kind_of(dtype: Any) -> _Kind:
    """Return what the elements of a data type are.

    Raises
    ------
    ValueError
        If they have one size.
    """
    if isinstance(dtype, VariableLengthUTF8):
        return _Kind(is_text=True, is_optional=False, converter=None)
    kind = object_type_of(dtype)
    if kind is None:
        raise ValueError(f"arrays of bytes, text and objects are read and written in bulk, found {dtype}")
    inner = kind.inner if isinstance(kind, Optional) else kind
    is_text = inner == STRING or type(inner) is JSON
    return _Kind(is_text, inner is not kind, None if inner in (BYTES, STRING) else inner)


# Calls of the engine


class _Work:
    """Calls of the engine on an array, one after the other.

    Parameters
    ----------
    array : zarr.AsyncArray
        The array.
    durability : str, optional
        In a directory, what of a chunk survives.
    progress : object with update(n), optional
        Is told of elements that are done.
    cache : tuple, optional
        The most bytes of decoded chunks that are kept, and how many seconds they are relied on.

    Raises
    ------
    UnknownError
        If the engine does not know the data type or a codec.
    """

    def __init__(
        self,
        array: Any,
        durability: str = "atomic",
        progress: Any = None,
        cache: tuple[int, float] = (0, 0.0),
    ) -> None:
        from zarr_vlen import _native

        converter = kind_of(array.metadata.dtype).converter
        if isinstance(converter, Pickled) and array.metadata.zarr_format == 2:
            # Its filter makes one pickle of a chunk, which only Python decodes, if the writer is trusted.
            raise UnknownError(
                f"{array.store_path}: the filter 'pickle' of Zarr v2 is left to Python. If you trust its "
                "writer, see zarr_vlen.trust, then zarr_vlen.read and take read such an array, and you can "
                "write what they return to an array of Zarr v3"
            )
        if converter is not None and type(converter) is not JSON:
            if type(converter).fill_from_json is not ObjectType.fill_from_json:
                raise UnknownError(f"the engine does not know the fill values of {array.metadata.dtype}")
            # To the engine its elements are bytes.
            _native.register_data_type(converter._zarr_v3_name)
        self.monitor = _native.Monitor()
        self._progress = progress
        self._shown_count = 0
        self._calls: Calls | None = None
        place = array.store_path
        self.location = location_of(place.store, place.path)
        self._store = place.store
        if type(place.store) is LocalStore:
            directory = place.store.root
            arguments: tuple[Any, ...] = (directory, place.path, _DURABILITIES[durability], 0, *cache)
            self.array: EngineArray = self.run(_native.EngineArray, *arguments, shows_progress=False)
        elif isinstance(place.store, URLStore):
            arguments = (place.path, self.monitor, *cache)
            self.array = self.run(place.store.engine_store.array, *arguments, shows_progress=False)
            _at_work.add(self)
        else:
            calls = self._calls = Calls(place.store)
            arguments = (calls, str(place.store), calls.request_concurrency, place.path, *cache)
            self.array = self.run(_native.array_in, *arguments, shows_progress=False)
            _at_work.add(self)

    def run[T](self, call: Callable[..., T], *arguments: Any, shows_progress: bool = True) -> T:
        """Call the engine, which a key that the user presses stops."""
        show = self._show if shows_progress and self._progress is not None else None
        result: T = interruptible(self.monitor, self._call, call, *arguments, show=show)
        return result

    def following[T](self, progress: Any, call: Callable[..., T], *arguments: Any, is_short: bool) -> T:
        """Call the engine, and tell `progress` of it; on this thread if that is quick."""
        self._progress = progress
        self._shown_count = self.monitor.progress()[0]
        if is_short and progress is None and type(self._store) is LocalStore:
            return self._call(call, *arguments)
        return self.run(call, *arguments)

    def _show(self) -> None:
        # Also what was done between two calls.
        count = self.monitor.progress()[0]
        if count > self._shown_count:
            self._progress.update(count - self._shown_count)
            self._shown_count = count

    def _call[T](self, call: Callable[..., T], *arguments: Any) -> T:
        from zarr_vlen import _native

        try:
            return call(*arguments)
        except _native.EngineError as failure:
            kept = None if self._calls is None else self._calls.failure
            if failure.args[0] == STOPPED and kept is not None:
                # What a call of the store has raised.
                raise kept from None
            raise placed(translated(failure), self.location) from None


def location_of(store: Any, path: str) -> str:
    """Return where an array is, for errors."""
    if isinstance(store, dict):
        return path or "the array in a dictionary"
    store = getattr(store, "root", store) if isinstance(store, LocalStore) else store
    return f"{store}/{path}" if path else f"{store}"


def placed[E: Exception](error: E, location: str) -> E | ElementError:
    """Return an error of an element with the location of its array."""
    if not isinstance(error, ElementError) or error.path is not None:
        return error
    reason = error.reason.removeprefix(f"{location}: ")
    found = ElementError(reason, index=error.index, path=location)
    found.__cause__ = error.__cause__
    return found


# What waits for stores on threads of its own, which must be done when the interpreter ends.
_at_work: WeakSet[_Work] = WeakSet()


@atexit.register
def _end_work() -> None:
    for work in list(_at_work):
        work.monitor.cancel()


def _opened(store: Any, path: str, mode: Any) -> Any:
    """Open an array, or take one that is open."""
    if isinstance(store, zarr.Array):
        return _trusted(store.async_array)
    if mode == "r" and isinstance(store, Store) and not store.read_only:
        # Not all stores have a form that can be read only, such as a zip that is being written.
        mode = "r+"
    return _trusted(_zarr.opened(zarr.open_array, store, path=path, mode=mode).async_array)


def _trusted(array: Any) -> Any:
    """Return the array as one that decodes its elements, if the caller trusts their writer."""
    kind = object_type_of(array.metadata.dtype)
    if kind is None or kind.trusted() is kind or not is_trusted(array.store_path):
        return array
    metadata = with_type(array.metadata, kind.trusted())
    return type(array)(metadata=metadata, store_path=array.store_path, config=array.config)


# Elements


def sources_of(data: Any, kind: _Kind | None) -> Iterator[Source]:
    """Return elements as the engine takes them."""
    from zarr_vlen import _native

    has_converter = kind is not None and kind.converter is not None
    if type(data).__module__.partition(".")[0] == "pandas":
        data = _of_pandas(data, as_objects=has_converter)
    if has_converter and (to_list := _list_of(data)) is not None:
        data = to_list()
    if isinstance(data, np.ndarray):
        if data.dtype.char == "T" and not has_converter:
            yield _native.source_of_strings(data.ravel())
            return
        if data.dtype.kind not in "OSUT" and not has_converter:
            raise TypeError(f"an array of bytes, text or objects is needed, found the data type {data.dtype}")
        if data.size == 0 and data.dtype.kind == "U" and not has_converter:
            yield _of_no_text()
            return
        data = data.ravel().tolist()
    if isinstance(data, list | tuple):
        yield _of_objects(data, kind, 0)
    elif hasattr(data, "__arrow_c_stream__"):
        stream = _native.Stream(data.__arrow_c_stream__())
        is_empty = True
        while (source := checked(next, stream, None)) is not None:
            is_empty = False
            yield source
        if is_empty and _is_text_stream(data):
            yield _of_no_text()
    elif hasattr(data, "__arrow_c_array__"):
        yield checked(_native.source_of_arrow, *data.__arrow_c_array__())
    elif isinstance(data, str | bytes | bytearray | memoryview):
        raise TypeError(
            f"a sequence of elements is needed, found one {type(data).__name__}; put it in a list"
        )
    elif not hasattr(data, "__iter__") and not hasattr(data, "__getitem__"):
        raise TypeError(f"a sequence of elements is needed, found a {type(data).__name__}")
    else:
        start = 0
        for part in _parts(data):
            yield _of_objects(part, kind, start)
            start += len(part)
        if start == 0:
            yield _of_objects([], kind, 0)


def _of_no_text() -> Source:
    """Return no elements, which are text: a list of none does not say what it has."""
    from zarr_vlen import _native

    return _native.source_of_strings(np.empty(0, np.dtypes.StringDType()))


def _is_text_stream(data: Any) -> bool:
    """Whether a stream of pyarrow that has no arrays is of text."""
    has_type = type(data).__module__.startswith("pyarrow") and hasattr(data, "type")
    return has_type and dtype_of_arrow(data.type) == "string"


def _list_of(data: Any) -> Callable[[], list[Any]] | None:
    """Return what makes a list of a column that has elements as they are, such as structures and numbers.

    Columns of text and bytes have elements as they are encoded.
    """
    library = type(data).__module__.partition(".")[0]
    if library == "pyarrow" and hasattr(data, "type"):
        return data.to_pylist if dtype_of_arrow(data.type) is None else None
    if library == "polars" and hasattr(data, "dtype"):
        return None if str(data.dtype).partition("(")[0] in _POLARS_TEXTS else data.to_list
    return None


_POLARS_TEXTS = ("String", "Binary", "Categorical", "Enum", "Null")


def dtype_of_arrow(type: Any) -> Literal["string", "bytes"] | None:
    """Return the data type for elements of a type of pyarrow, also of a dictionary; None if it has others."""
    from pyarrow import types

    type = type.value_type if types.is_dictionary(type) else type
    if types.is_string(type) or types.is_large_string(type) or types.is_string_view(type):
        return "string"
    return (
        "bytes"
        if types.is_binary(type) or types.is_large_binary(type) or types.is_binary_view(type)
        else None
    )


def _parts(elements: Iterable[Any]) -> Iterator[list[Any]]:
    """Divide elements into lists of some MiB."""
    part: list[Any] = []
    size = 0
    for element in elements:
        part.append(element)
        size += _size(element)
        if size >= _PART_SIZE:
            yield part
            part, size = [], 0
    if part:
        yield part


def _size(element: Any) -> int:
    """Return about how many bytes an element takes."""
    return 64 + (len(element) if isinstance(element, str | bytes | bytearray | memoryview) else 0)


def _of_objects(values: list[Any] | tuple[Any, ...], kind: _Kind | None, start: int) -> Source:
    from zarr_vlen import _native

    try:
        if kind is None or kind.converter is None:
            return checked(_native.source_of_objects, values)
        return _native.source_of_objects(_encoded(values, kind))
    except ElementError as error:
        if not isinstance(error.index, int):
            raise
        reason, value = error.reason, values[error.index]
        if kind is None and not isinstance(value, str | bytes | bytearray | memoryview | None):
            reason = f'{reason}, {type(value).__name__}; give a data type, such as dtype="json"'
        raise ElementError(reason, index=error.index + start) from None


def _encoded(values: Sequence[Any], kind: _Kind) -> list[bytes | None]:
    """Return elements of a type of Python as they are stored, None for those that are absent."""
    assert kind.converter is not None
    # Any type but JSON stores None as no bytes.
    encode = kind.converter.encode if type(kind.converter) is JSON else kind.converter.data_of
    is_optional = kind.is_optional
    return each(lambda value: None if value is None and is_optional else encode(value), values)


def _of_pandas(data: Any, *, as_objects: bool) -> Any:
    """Return the elements of a Series or an array of pandas, as Arrow or as objects."""
    if not hasattr(data, "dtype"):
        raise TypeError(f"one column is needed, found a {type(data).__name__}")
    values = getattr(data, "array", data)
    if (
        not as_objects
        and getattr(data.dtype, "storage", "pyarrow") == "pyarrow"
        and hasattr(values, "__arrow_array__")
    ):
        return values.__arrow_array__()
    elements = np.asarray(values.astype(object), dtype=object)
    absent = np.asarray(data.isna())
    if absent.any():
        elements = elements.copy()
        elements[absent] = None
    return elements


def shape_of_rows(data: Any) -> tuple[int, ...]:
    return tuple(data.shape[1:]) if isinstance(data, np.ndarray) else ()


def _check_source(source: Source, kind: _Kind) -> None:
    """Check that elements are of the kind that an array has.

    Raises
    ------
    ElementError
        If they are not.
    """
    # Bytes may be the encoded form of any element that Python makes; text is only that of JSON.
    may_be_encoded = kind.converter is not None and source.is_text is False
    if source.is_text not in (None, kind.is_text) and not may_be_encoded:
        found, expected = ("text", "bytes") if source.is_text else ("bytes", "text")
        raise ElementError(f"the array has elements of {expected}, found {found}")
    if source.absent_count and not kind.is_optional:
        raise ElementError(
            "there are absent elements, and the array has none; give dtype=zarr_vlen.optional(...)"
        )


def usual_dtype(sources: list[Source]) -> Any:
    """Return the data type of elements for which none was given."""
    is_text = next((source.is_text for source in sources if source.is_text is not None), False)
    name = "string" if is_text else "bytes"
    return optional(name) if any(source.absent_count for source in sources) else name


# Writing


def write(
    store: Any,
    data: Any,
    *,
    path: str = "",
    dtype: Any = None,
    chunks: Any = None,
    durability: Durability = "atomic",
    memory_budget: int = _MEMORY_BUDGET,
    progress: Any = None,
    storage_options: StorageOptions | None = None,
    **options: Any,
) -> Array:
    """Make an array, and write all of its elements.

    Arrow's memory, `bytes` and ASCII text are read where they are, and no Python object is made. The engine
    encodes chunks on all cores, without Python's global lock; it writes files of a directory and what has a
    URL itself, and hands the bytes of chunks to other stores. Arrays with codecs that the engine does not
    know are written through the pipeline that is configured, see `zarr_vlen.enable`. The shape is stored
    last: if writing fails or is interrupted, the array that was made has no rows, and is removed.

    Parameters
    ----------
    store : store, URL, path or dict
        Where the array is: as in `zarr.create_array`, and as `URLStore` says, such as ``s3://bucket/prefix``.
    data : array, sequence or iterable
        The elements: whatever has `__arrow_c_stream__` or `__arrow_c_array__` with Arrow's binary or string
        types, such as arrays of pyarrow and Series of polars; arrays of NumPy of any number of dimensions;
        Series of pandas; lists and iterables of bytes, str and None. Nulls need an optional data type.
    path : str, optional
        The path in the store. The default is the root.
    dtype : str or ObjectType, optional
        The data type. By default "string" or "bytes", and the optional type of either if an element is None
        or null.
    chunks : tuple of int, optional
        The shape of chunks. By default they have about 1 MiB.
    durability : {"atomic", "none", "durable"}, optional
        In a directory, what of a chunk survives if its writer is killed ("atomic": the old or the new one) or
        the machine crashes ("durable").
    memory_budget : int, optional
        The bytes of full chunks that may wait to be stored. The default is 4 MiB for each core, and at least
        16 MiB.
    progress : object with update(n), optional
        Is told of elements that were stored, such as `tqdm.tqdm(total=len(data))`.
    storage_options : StorageOptions, optional
        How a store is reached that has a URL.
    **options
        What else `zarr.create_array` takes, such as `shards`, `compressors`, `overwrite`.

    Returns
    -------
    Array
        The array, of shape ``(n,)``, or that of an array of NumPy.

    Raises
    ------
    ElementError
        If the data type does not have one of the elements, with its index.
    zarr.errors.ContainsArrayError
        If there is an array, and no `overwrite`.
    OSError
        If the store fails.

    Examples
    --------
    >>> z = write("names.zarr", ["Ada", "Grace"], overwrite=True)
    >>> z[1]
    'Grace'
    """
    if isinstance(data, np.ndarray) and data.ndim == 0:
        raise ValueError("an array of one dimension or more is needed")
    appender = Appender(
        store,
        path=path,
        mode="w" if truth("overwrite", options.pop("overwrite", False)) else "x",
        dtype=dtype,
        chunks=chunks,
        durability=durability,
        memory_budget=memory_budget,
        progress=progress,
        storage_options=storage_options,
        **options,
    )
    try:
        with appender:
            appender._extend(data, is_all=hasattr(data, "__len__"))
    except BaseException:
        appender._remove()
        raise
    array = appender.array
    if isinstance(data, np.ndarray) and array.shape != data.shape:
        # Rows without elements are not counted by these.
        array.resize(data.shape)
    return array


class Appender:
    """Writes a stream of elements to the end of an array, along its first dimension.

    Elements are part of the array once `checkpoint` or `close` has returned, also if the process is killed
    then. A `with` block closes the appender. If it ends with an exception, such as KeyboardInterrupt, the
    array stays as it was at the last checkpoint, and a new appender goes on from there.

    Parameters
    ----------
    store : store, URL, path or dict
        Where the array is. An archive is there once the appender is closed.
    path : str, optional
        The path in the store. The default is the root.
    mode : {"a", "r+", "w", "x"}, optional
        Whether an array that is there is appended to ("a", "r+"), replaced ("w") or an error ("x"), and
        whether one is made if there is none (all but "r+").
    dtype, chunks, durability, memory_budget, progress, storage_options, **options
        As for `write`. What describes a new array is not looked at if there is one. The array is made when
        there are elements of 1 MiB, or at the first checkpoint, and closing is one: with mode "w" it is there
        then and empty, also if nothing was appended. If the `with` block ends with an exception before, an
        array that should have been replaced is still there.

    Raises
    ------
    FileNotFoundError
        If there is no array, and the mode is "r+".
    ValueError
        If the array has elements of one size.

    Examples
    --------
    >>> with Appender("log.zarr", mode="w", dtype="string") as log:
    ...     log.append("started")
    ...     log.extend(["running", "done"])
    >>> log.count
    3
    """

    def __init__(
        self,
        store: Any,
        *,
        path: str = "",
        mode: Literal["a", "r+", "w", "x"] = "a",
        dtype: Any = None,
        chunks: Any = None,
        durability: Durability = "atomic",
        memory_budget: int = _MEMORY_BUDGET,
        progress: Any = None,
        storage_options: StorageOptions | None = None,
        **options: Any,
    ) -> None:
        choice("mode", mode, ("a", "r+", "w", "x"))
        choice("durability", durability, _DURABILITIES)
        memory_budget = whole("memory_budget", memory_budget)
        check_progress(progress)
        store, self._own_store = store_of(store, storage_options, read_only=False)
        self._place = (store, path)
        self._options = {**options, "dtype": dtype, "chunks": chunks, "overwrite": mode == "w"}
        self._durability = durability
        self._memory_budget = memory_budget
        self._progress = progress
        self._row_shape: tuple[int, ...] = ()
        self._pending: list[Any] = []
        self._pending_size = 0
        self._array: Any = None
        self._sink: Any = None
        self._sample: list[Source] = []
        self._kind: _Kind | None = None
        self._count = 0
        self._is_made = self._is_closed = False
        if mode in ("a", "r+"):
            try:
                self._begin(_opened(store, path, "r+"))
            except FileNotFoundError:
                if mode == "r+":
                    raise
        if self._array is None and dtype is not None:
            self._set_dtype(dtype)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        type: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            if type is None:
                self.checkpoint()
        finally:
            self._end()
        if type is None and self._own_store is not None:
            self._own_store.close()

    @property
    def array(self) -> Array:
        """The array, as it was at the last checkpoint.

        Raises
        ------
        ValueError
            If there is none yet.
        """
        if self._array is None:
            raise ValueError("there is no array before the first elements")
        return Array(_opened(self._array.store_path.store, self._array.store_path.path, "r+"))

    @property
    def count(self) -> int:
        """The number of elements that were appended."""
        return self._count + sum(map(len, self._sample)) + len(self._pending)

    def append(self, element: Any) -> None:
        """Append an element.

        Parameters
        ----------
        element : bytes, str, None or object
            The element.

        Raises
        ------
        ElementError
            If the data type does not have an element among the last ones.
        """
        self._check_open()
        self._pending.append(element)
        self._pending_size += _size(element)
        if self._pending_size >= _PART_SIZE:
            self._flush()

    def extend(self, data: Any) -> None:
        """Append elements.

        Parameters
        ----------
        data : array, sequence or iterable
            The elements, as for `write`. An array of several dimensions has whole rows.

        Raises
        ------
        ElementError
            If the data type does not have one of the elements. Those before it may have been appended.
        ValueError
            If the rows of an array of several dimensions are not those of the array.
        """
        self._flush()
        self._extend(data, is_all=False)

    def _set_rows(self, shape: tuple[int, ...]) -> None:
        """Let rows have a shape, which is that of the array if there is one."""
        if self._array is not None:
            rows = tuple(self._array.shape[1:])
        elif self._sample:
            rows = self._row_shape
        else:
            rows = self._row_shape = shape
        if shape != rows:
            raise ValueError(f"the array has rows of the shape {rows}, found rows of the shape {shape}")

    def checkpoint(self) -> None:
        """Store what was appended, and then give the array the shape that covers it.

        Raises
        ------
        OSError
            If the store fails. Nothing is lost then, and you can try again.
        """
        self._flush()
        if self._sink is None and not self._sample and self._kind is None and not self._options["overwrite"]:
            return
        try:
            sink = self._sink or self._make()
            sink.checkpoint()
        except ElementError as error:
            raise placed(error, location_of(*self._place)) from error.__cause__

    def close(self) -> None:
        """Store what was appended, and end appending. Does nothing the second time."""
        if not self._is_closed:
            self.__exit__(None, None, None)

    def _check_open(self) -> None:
        if self._is_closed:
            raise ValueError("the appender is closed")

    def _flush(self) -> None:
        self._check_open()
        pending, self._pending, self._pending_size = self._pending, [], 0
        if not pending:
            return
        try:
            self._extend(pending, is_all=False)
        except ElementError as error:
            if isinstance(error.index, int) and error.index < len(pending):
                # Only what cannot be stored is left out.
                del pending[error.index]
                self._pending, self._pending_size = pending, sum(map(_size, pending))
            raise

    def _extend(self, data: Any, *, is_all: bool) -> None:
        self._check_open()
        if isinstance(data, np.ndarray) and data.ndim > 1:
            self._set_rows(shape_of_rows(data))
        if isinstance(data, _Batches) and self._kind is None and not self._sample:
            # What is copied keeps its type.
            self._set_dtype(data.dtype)
        try:
            for source in sources_of(data, self._kind):
                if self._sink is not None:
                    self._add(source)
                    continue
                # The first elements say how many make a chunk.
                self._check_sample(source)
                self._sample.append(source)
                if not is_all and sum(source.byte_count for source in self._sample) >= _CHUNK_BYTE_COUNT:
                    self._make()
            if is_all and self._sink is None:
                self._make(is_all=True)
        except ElementError as error:
            raise placed(error, location_of(*self._place)) from error.__cause__

    def _check_sample(self, source: Source) -> None:
        """Check elements before there is an array, so that those that cannot be stored spoil no others."""
        if self._kind is not None:
            _check_source(source, self._kind)
            return
        is_text = next((part.is_text for part in self._sample if part.is_text is not None), source.is_text)
        if source.is_text not in (None, is_text):
            found, expected = ("text", "bytes") if source.is_text else ("bytes", "text")
            raise ElementError(f"the elements before are {expected}, found {found}")

    def _set_dtype(self, dtype: Any) -> None:
        """Say which data type the array has that will be made."""
        self._options["dtype"] = dtype
        self._kind = kind_of(parse_dtype(dtype, zarr_format=self._options.get("zarr_format") or 3))

    def _add(self, source: Source) -> None:
        assert self._kind is not None
        _check_source(source, self._kind)
        try:
            self._sink.append(source)
        finally:
            self._count = self._sink.count()

    def _make(self, *, is_all: bool = False) -> Any:
        """Make the array, of no rows, append the first elements, and return what appends."""
        sources, self._sample = self._sample, []
        store, path = self._place
        options = dict(self._options)
        count, byte_count = sum(map(len, sources)), sum(source.byte_count for source in sources)
        if options["dtype"] is None:
            options["dtype"] = usual_dtype(sources)
        if options["chunks"] is None:
            mean = byte_count / count + 4 if count else 1024
            length = int(min(max(1, _CHUNK_BYTE_COUNT // mean // max(1, prod(self._row_shape))), 2**31 - 1))
            if is_all and options.get("shards") is None:
                length = max(1, min(length, count // max(1, prod(self._row_shape))))
            options["chunks"] = (length, *(max(1, side) for side in self._row_shape))
        made = zarr.create_array(store, name=path or None, shape=(0, *self._row_shape), **options)
        self._is_made = True
        self._begin(made.async_array)
        for source in sources:
            self._add(source)
        return self._sink

    def _begin(self, array: Any) -> None:
        if not array.shape:
            raise ValueError("an array without dimensions cannot be appended to")
        self._array = array
        self._kind = kind_of(array.metadata.dtype)
        try:
            self._sink = _EngineSink(array, self._durability, self._memory_budget, self._progress)
        except UnknownError:
            self._sink = _PipelineSink(array, self._memory_budget, self._progress)

    def _end(self) -> None:
        self._is_closed = True
        if self._sink is not None:
            self._sink.close()

    def _remove(self) -> None:
        """Remove the array that was made, whose elements could not be written."""
        if self._is_made:
            sync(self._array.store_path.delete_dir())


class _EngineSink:
    """Appends to an array of which the engine knows everything."""

    def __init__(self, array: Any, durability: str, memory_budget: int, progress: Any) -> None:
        self._work = _Work(array, durability, progress)
        self._appender: NativeAppender = self._work.run(
            self._work.array.appender, memory_budget, self._work.monitor, shows_progress=False
        )

    def append(self, source: Source) -> None:
        self._work.run(self._appender.append, source)

    def count(self) -> int:
        return self._appender.count()

    def checkpoint(self) -> None:
        self._work.run(self._appender.checkpoint)

    def close(self) -> None:
        self._appender.close()


class _PipelineSink:
    """Appends to an array of objects that Python makes, some rows of chunks at a time."""

    def __init__(self, array: Any, memory_budget: int, progress: Any) -> None:
        self._array = zarr.Array(array)
        self._type = object_type_of(array.metadata.dtype)
        self._kind = kind_of(array.metadata.dtype)
        self._memory_budget = memory_budget
        self._progress = progress
        self._elements: list[Any] = []
        self._byte_count = 0
        self._count = 0

    def append(self, source: Source) -> None:
        elements = source.tolist()
        if self._kind.converter is not None and self._type is not None:
            elements = [self._stored(element) for element in elements]
        self._elements += elements
        self._count += len(elements)
        self._byte_count += source.byte_count
        if self._byte_count > self._memory_budget:
            self._write(is_all=False)

    def count(self) -> int:
        return self._count

    def checkpoint(self) -> None:
        self._write(is_all=True)

    def close(self) -> None:
        self._elements = []

    def _stored(self, data: Any) -> Any:
        """Return an encoded element in a form that arrays take."""
        assert self._type is not None
        if data is None:
            return None
        data = data.encode() if isinstance(data, str) else data
        return self._type.stored_of(b"\1" + data if self._kind.is_optional else data)

    def _write(self, *, is_all: bool) -> None:
        start, *row_shape = self._array.shape
        row = prod(row_shape)
        count, rest = divmod(len(self._elements), row) if row else (0, 0)
        if is_all and rest:
            raise ValueError(f"the last row has {rest} of {row} elements")
        if not is_all:
            length = (self._array.shards or self._array.chunks)[0]
            count = max(0, (start + count) // length * length - start)
        if count == 0:
            return
        values = from_values(self._elements[: count * row], count * row).reshape(count, *row_shape)
        # Elements come first, so that an error leaves the array as it was.
        array, shape = self._array.async_array, (start + count, *row_shape)
        metadata = array.metadata.update_shape(shape)
        grown = type(array)(metadata=metadata, store_path=array.store_path, config=array.config)
        zarr.Array(grown)[start : start + count] = values
        self._array.resize(shape)
        # About what the rest has of it.
        self._byte_count -= self._byte_count * count * row // len(self._elements)
        del self._elements[: count * row]
        if self._progress is not None:
            self._progress.update(count * row)


# Reading


def read(
    store: Any,
    *,
    path: str = "",
    rows: slice | None = None,
    as_: Form = "numpy",
    progress: Any = None,
    storage_options: StorageOptions | None = None,
) -> Any:
    """Read an array, or rows of it.

    The engine decodes chunks on all cores, without Python's global lock, and makes Arrow's buffers without
    Python objects. It reads files of a directory and what has a URL itself, and other stores hand it the
    bytes of chunks, many at a time. Arrays with codecs that the engine does not know are read through the
    pipeline that is configured, see `zarr_vlen.enable`.

    Parameters
    ----------
    store : store, URL, path, dict or zarr.Array
        Where the array is, or the array.
    path : str, optional
        The path in the store. The default is the root.
    rows : slice, optional
        The indices along the first dimension, without a step. The default is all.
    as_ : {"numpy", "arrow", "list"}, optional
        What is returned. JSON is its text in Arrow, and objects otherwise.
    progress : object with update(n), optional
        Is told of elements that were read.
    storage_options : StorageOptions, optional
        How a store is reached that has a URL.

    Returns
    -------
    ndarray, pyarrow.Array or list
        "numpy" is an array of the shape of the rows: of StringDType for text, of objects otherwise. "list"
        has the same elements. "arrow" has them in C order, in one dimension, as `large_string` or
        `large_binary`, those of types of yours encoded; without pyarrow, an object with
        `__arrow_c_array__`, which polars takes.

    Raises
    ------
    FileNotFoundError
        If there is no array.
    ChunkError
        If a chunk is damaged.
    ValueError
        If the array has elements of one size.

    Examples
    --------
    >>> z = write("names.zarr", ["Ada", "Grace"], overwrite=True)
    >>> read("names.zarr", as_="list")
    ['Ada', 'Grace']
    """
    _check_form(as_)
    check_progress(progress)
    store, _ = store_of(store, storage_options, read_only=True)
    array = _opened(store, path, "r")
    kind, ranges = kind_of(array.metadata.dtype), _ranges(array, rows)
    shape = tuple(last - first for first, last in ranges)
    try:
        work = _Work(array, progress=progress)
    except UnknownError:
        return _of_numpy(_slice(array, *ranges[0]) if ranges else zarr.Array(array)[...], kind, as_)
    column = work.run(work.array.read, ranges, _is_text(kind, as_), work.monitor)

    def place_of(number: int) -> tuple[int, ...]:
        inside = np.unravel_index(number, shape)
        return tuple(first + int(offset) for (first, _), offset in zip(ranges, inside, strict=True))

    return _of_column(column, kind, shape, as_, work, place_of)


def scan(
    store: Any,
    *,
    path: str = "",
    rows: slice | None = None,
    as_: Form = "arrow",
    progress: Any = None,
    storage_options: StorageOptions | None = None,
) -> Iterator[Any]:
    """Read an array of any size in batches, in constant memory.

    The next batch is read while you work on one.

    Parameters
    ----------
    store, path, rows, as_, progress, storage_options
        As for `read`.

    Returns
    -------
    iterator of pyarrow.Array, ndarray or list
        Elements in C order, each batch in one dimension: about 8 MiB, and at least a chunk. The iterator has
        `__arrow_c_stream__`, so that others, and `write`, take it for a column. `write` and `Appender` give a
        new array the same data type, if you name no other one.

    Raises
    ------
    FileNotFoundError, ChunkError, ValueError
        As for `read`. The batches before a damaged chunk come first.

    Examples
    --------
    >>> z = write("names.zarr", ["Ada", "Grace"], overwrite=True)
    >>> [batch for batch in scan("names.zarr", as_="list")]
    [['Ada', 'Grace']]
    """
    _check_form(as_)
    check_progress(progress)
    store, _ = store_of(store, storage_options, read_only=True)
    array = _opened(store, path, "r")
    kind, ranges = kind_of(array.metadata.dtype), _ranges(array, rows)
    if not ranges:
        return iter([read(store, path=path, as_=as_)])
    try:
        work = _Work(array, progress=progress)
    except UnknownError:
        return _slices(array, kind, *ranges[0], as_, progress)
    return _Batches(work, array, kind, ranges, as_)


class _Batches:
    """The batches of an array of which the engine knows everything, which are also an Arrow stream."""

    def __init__(self, work: _Work, array: Any, kind: _Kind, ranges: Any, as_: Form) -> None:
        row = prod(last - first for first, last in ranges[1:])
        first, last = ranges[0]
        self.dtype = array.metadata.dtype
        """The data type of the array."""
        self._shape, self._next = array.shape, first * row
        self._work, self._kind, self._as = work, kind, as_
        self._reader: Reader = work.run(
            work.array.reader,
            first * row,
            (last - first) * row,
            _is_text(kind, as_),
            work.monitor,
            shows_progress=False,
        )

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Any:
        column = self._work.run(self._reader.next)
        if column is None:
            raise StopIteration
        first = self._next
        self._next += len(column)
        return _of_column(
            column,
            self._kind,
            (len(column),),
            self._as,
            self._work,
            lambda number: np.unravel_index(first + number, self._shape),
        )

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self._reader.stream()


def _slices(array: Any, kind: _Kind, first: int, last: int, as_: Form, progress: Any) -> Iterator[Any]:
    z = zarr.Array(array)
    length = (z.shards or z.chunks)[0]
    while first < last:
        end = min(last, (first // length + 1) * length)
        values = _slice(array, first, end)
        yield _of_numpy(values.ravel(), kind, as_)
        if progress is not None:
            progress.update(values.size)
        first = end


def _slice(array: Any, first: int, last: int) -> Any:
    return zarr.Array(array)[first:last]


def _ranges(array: Any, rows: slice | None) -> tuple[tuple[int, int], ...]:
    shape = array.shape
    if rows is None:
        return tuple((0, length) for length in shape)
    if not isinstance(rows, slice):
        raise TypeError(
            f"rows are a slice such as slice(10, 20), found a {type(rows).__name__}; zarr_vlen.take reads "
            "elements at places"
        )
    if not shape:
        raise ValueError("an array without dimensions has no rows")
    if rows.step is not None and whole("the step of rows", rows.step, least=-LARGEST) != 1:
        raise ValueError(f"rows have no step, found {rows}")
    try:
        first, last, _ = rows.indices(shape[0])
    except TypeError as error:
        raise TypeError(f"rows begin and end with whole numbers, found {rows}") from error
    return ((first, max(first, last)), *((0, length) for length in shape[1:]))


def _check_form(as_: Form) -> None:
    choice("as_", as_, ("arrow", "numpy", "list"))


def _is_text(kind: _Kind, as_: Form) -> bool:
    """Whether the engine's column is of text; objects are made of bytes."""
    return kind.is_text and (kind.converter is None or as_ == "arrow")


def _of_column(
    column: Column,
    kind: _Kind,
    shape: tuple[int, ...],
    as_: Form,
    work: _Work,
    place_of: Callable[[int], tuple[Any, ...]],
) -> Any:
    """Return elements in the form that the caller wants.

    `place_of` says which index in the array an element of the column has, for errors.
    """
    if as_ == "arrow":
        try:
            import pyarrow as pa
        except ImportError:
            return column
        return pa.array(column)
    if kind.converter is not None:
        parts = column.tolist()
        places = [place for place, part in enumerate(parts) if part is not None]
        try:
            objects = iter(kind.converter.decode_elements([parts[place] for place in places]))
        except ElementError as error:
            number = error.index if isinstance(error.index, int) else 0
            index = tuple(map(int, place_of(places[number])))
            at = index[0] if len(index) == 1 else index
            raise ElementError(error.reason, index=at, path=work.location) from error.__cause__
        values = from_values((None if part is None else next(objects) for part in parts), len(parts))
    elif as_ == "list" and len(shape) == 1:
        return column.tolist()
    else:
        is_string_dtype = kind.is_text and not kind.is_optional and as_ == "numpy"
        values = np.empty(len(column), np.dtypes.StringDType() if is_string_dtype else object)
        column._fill(values, is_string_dtype)
    values = values.reshape(shape)
    return values.tolist() if as_ == "list" else values


def _of_numpy(values: Any, kind: _Kind, as_: Form) -> Any:
    if as_ == "numpy":
        return values
    if as_ == "list":
        return values.tolist()
    import pyarrow as pa

    elements = values.ravel().tolist()
    if kind.converter is not None:
        elements = _encoded(elements, kind)
    is_encoded = kind.converter is not None
    made = pa.array(elements, pa.large_string() if kind.is_text and not is_encoded else pa.large_binary())
    return made.cast(pa.large_string()) if kind.is_text and is_encoded else made
