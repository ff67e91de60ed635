"""What stands in front of functions of zarr-python that have no extension point.

Zarr-python makes NumPy arrays of what is assigned, compares elements by `==`, and knows few data types with
objects. Lists are taken apart, and `False` is lost beside 0. The functions here change how arrays of objects
are read and written, and pass on everything else.
"""

from __future__ import annotations

import copy
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import fields, replace
from functools import wraps
from typing import Any

import numpy as np
import zarr
from zarr.codecs import VLenBytesCodec, VLenUTF8Codec
from zarr.dtype import VariableLengthBytes, VariableLengthUTF8

from zarr_vlen import _zarr
from zarr_vlen.codecs import Elements, Eliding, Writing, object_filters, serializer_of, version2_codec
from zarr_vlen.elements import ElementError, ObjectArray, arranged, element, from_values, nested, shape_of
from zarr_vlen.pickles import is_trusted
from zarr_vlen.types import (
    BYTES,
    IMMUTABLE,
    STRING,
    Fill,
    ObjectType,
    Optional,
    bytes_from_json,
    object_type_of,
)

type _Function = Callable[..., Any]
type _Coroutine = Callable[..., Awaitable[Any]]


def install() -> None:
    """Put the functions in front of those of zarr-python, once."""
    module = _zarr.array
    if _zarr.missing is not None or hasattr(module._set_selection, "__wrapped__"):
        return
    try:
        before: list[tuple[Any, str, Callable[[_Function], _Function]]] = [
            (module, "_set_selection", _set_selection),
            (module, "_get_selection", _get_selection),
            (module, "_append", _append),
            (module, "default_filters_v2", _default_filters_v2),
            (_zarr.api, "_like_args", _like_args),
            (module.Array, "set_coordinate_selection", _set_coordinate_selection),
            (VLenUTF8Codec, "evolve_from_array_spec", _evolve),
            (VLenBytesCodec, "evolve_from_array_spec", _evolve),
            (_zarr.V2Codec, "evolve_from_array_spec", _evolve_v2),
            (VariableLengthBytes, "to_json", _bytes_to_json),
            (VariableLengthBytes, "from_json_scalar", _bytes_from_json_scalar),
            (VariableLengthBytes, "_check_json_v3", _check_bytes),
            (VariableLengthBytes, "_check_json_v2", _check_bytes_v2),
        ]
        replacements = [
            (owner, name, wraps(getattr(owner, name))(make(getattr(owner, name))))
            for owner, name, make in before
        ]
    except AttributeError as error:
        _zarr.missing = str(error)
        return
    for owner, name, function in replacements:
        setattr(owner, name, function)


# Reading and writing


class _OneElement:
    """An indexer of one element that keeps all dimensions, so that NumPy does not unpack the element."""

    drop_axes: tuple[int, ...] = ()

    def __init__(self, indexer: Any, dimensions: int) -> None:
        self.indexer = indexer
        self.shape = (1,) * dimensions

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        for coordinates, selection, _, is_complete in self.indexer:
            places = tuple(slice(int(place), int(place) + 1) for place in selection)
            yield coordinates, places, (slice(0, 1),) * len(self.shape), is_complete


def _set_selection(original: _Coroutine) -> _Coroutine:
    async def set_selection(
        store_path: Any,
        metadata: Any,
        pipeline: Any,
        config: Any,
        chunk_grid: Any,
        indexer: Any,
        value: Any,
        **options: Any,
    ) -> None:
        kind = object_type_of(metadata.dtype)
        if kind is None:
            if _is_text(value, metadata, pipeline):
                metadata = with_type(metadata, STRING)
            await original(store_path, metadata, pipeline, config, chunk_grid, indexer, value, **options)
            return
        metadata, memory, kind = _stored(metadata, kind)
        values = memory.from_memory(arranged(value, indexer.shape))
        if indexer.shape == () and metadata.shape != ():
            indexer = _OneElement(indexer, len(metadata.shape))
            values = values.reshape(indexer.shape)
        if is_trusted(store_path):
            metadata, kind = _trusted(metadata, kind)
        metadata = changed(metadata, fill_value=Fill(kind, _fill_data(metadata, kind), stored=True))
        # Zarr-python must not compare elements to the fill value: the codec compares their encoded forms.
        settings = {field.name: getattr(config, field.name) for field in fields(config)}
        way = Writing if config.write_empty_chunks else Eliding
        config = way(**{**settings, "write_empty_chunks": True})
        try:
            await original(store_path, metadata, pipeline, config, chunk_grid, indexer, values, **options)
        except ElementError as error:
            _raise_located(error, kind, values, indexer, chunk_grid)
            raise

    return set_selection


def _is_text(value: Any, metadata: Any, pipeline: Any) -> bool:
    """Whether a value need not be made an array of NumPy's StringDType, since the pipeline takes objects."""
    return (
        getattr(pipeline, "takes_objects", False)
        and isinstance(metadata.dtype, VariableLengthUTF8)
        and isinstance(value, np.ndarray)
        and value.dtype == np.dtype(object)
        and set(map(type, value.ravel().tolist())) == {str}
    )


def _raise_located(
    error: ElementError, kind: ObjectType, values: ObjectArray, indexer: Any, chunk_grid: Any
) -> None:
    """Raise the error of the first element that cannot be stored, with its index in the array."""
    for place, value in enumerate(values.ravel().tolist()):
        try:
            kind.data_of(value)
        except ElementError as found:
            index = _index_of(place if values.shape else 0, indexer, chunk_grid)
            raise ElementError(found.reason, index=index[0] if len(index) == 1 else index) from error


def _decoded(kind: ObjectType, parts: ObjectArray, indexer: Any, chunk_grid: Any) -> ObjectArray:
    """Return elements of a selection that are encoded; an error has the index in the array."""
    inner = kind.inner if isinstance(kind, Optional) else kind
    values: list[Any] = []
    for place, data in enumerate(parts.ravel().tolist()):
        try:
            values.append(None if data is None else inner.value_of(data))
        except ElementError as error:
            index = _index_of(place, indexer, chunk_grid)
            at = index[0] if len(index) == 1 else index
            raise ElementError(error.reason, index=at) from error.__cause__
    return from_values(values, len(values)).reshape(parts.shape)


def _index_of(place: int, indexer: Any, chunk_grid: Any) -> tuple[int, ...]:
    """Return the index in the array of an element of a selection, given its place in C order.

    Takes no memory for chunks, which may have any number of elements.
    """
    is_flat = isinstance(indexer, _zarr.CoordinateIndexer)
    target = [place] if is_flat else list(map(int, np.unravel_index(place, indexer.shape)))
    for coordinates, chunk_selection, out_selection, _ in indexer:
        parts = out_selection if isinstance(out_selection, tuple) else (out_selection,)
        found = [
            position
            for part, number in zip(parts, target, strict=True)
            if (position := _position(part, number)) is not None
        ]
        if len(found) < len(target):
            continue
        chunk = chunk_grid[coordinates]
        positions = iter(found)
        index: list[int] = []
        for axis, (part, length, where) in enumerate(
            zip(chunk_selection, chunk.codec_shape, chunk.slices, strict=True)
        ):
            if is_flat:
                position = found[0]
            elif isinstance(part, int | np.integer) or axis in indexer.drop_axes:
                position = 0
            else:
                position = next(positions)
            places = range(length)[part] if isinstance(part, slice) else np.ravel(part)
            index.append(int(where.start + places[position]))
        return tuple(index)
    return (place,)


def _position(part: Any, number: int) -> int | None:
    """Return the position of a number among those that a selection of one dimension has."""
    if isinstance(part, slice):
        return number - part.start if part.start <= number < part.stop else None
    hits = np.flatnonzero(np.ravel(part) == number)
    return int(hits[0]) if hits.size else None


def _get_selection(original: _Coroutine) -> _Coroutine:
    async def get_selection(
        store_path: Any,
        metadata: Any,
        pipeline: Any,
        config: Any,
        chunk_grid: Any,
        indexer: Any,
        *,
        prototype: Any,
        out: Any = None,
        **options: Any,
    ) -> Any:
        async def read(metadata: Any, out: Any) -> Any:
            return await original(
                store_path,
                metadata,
                pipeline,
                config,
                chunk_grid,
                indexer,
                prototype=prototype,
                out=out,
                **options,
            )

        kind = object_type_of(metadata.dtype)
        if kind is None:
            return await read(metadata, out)
        metadata, memory, kind = _stored(metadata, kind)
        if is_trusted(store_path):
            metadata, kind = _trusted(metadata, kind)
        fill = Fill(kind, _fill_data(metadata, kind))
        metadata = changed(metadata, fill_value=fill)
        is_one = indexer.shape == () and metadata.shape != ()
        if is_one:
            indexer = _OneElement(indexer, len(metadata.shape))
        if out is None:
            order = metadata.order if metadata.zarr_format == 2 else config.order
            out = prototype.nd_buffer.empty(shape=indexer.shape, dtype=np.dtype(object), order=order)
        elif is_one:
            out = type(out)(out.as_ndarray_like().reshape(indexer.shape))

        try:
            await read(metadata, out)
        except ElementError as error:
            if metadata.zarr_format == 2:
                raise
            # Which one is it? Chunks are decoded whole, also for elements that are not asked for.
            encoded = replace(kind, inner=BYTES) if isinstance(kind, Optional) else BYTES
            parts = prototype.nd_buffer.empty(shape=indexer.shape, dtype=np.dtype(object), order="C")
            try:
                await read(changed(with_type(metadata, encoded), fill_value=Fill(encoded, fill.data)), parts)
            except (ValueError, OSError):
                raise error from error.__cause__
            out.as_ndarray_like()[...] = _decoded(kind, parts.as_ndarray_like(), indexer, chunk_grid)
        array: ObjectArray = out.as_ndarray_like()
        if array.ndim == 0 or fill.is_mutable or _has_filled_shards(metadata):
            _own_fills(array, fill)
        return memory.to_memory(array.reshape(()) if is_one else array)

    return get_selection


def _own_fills(array: ObjectArray, fill: Fill) -> None:
    """Give each place that has the fill value an element of its own, and unwrap what NumPy has wrapped."""
    kind = fill.type
    if array.ndim == 0:
        value = array[()]
        while isinstance(value, np.ndarray) and value.ndim == 0 and value.dtype.hasobject:
            value = value[()]
        array[...] = element(fill.value if isinstance(value, Fill) else value)
        return
    seen: set[int] = set()
    for place, value in enumerate(array.ravel().tolist()):
        is_shared = id(value) in seen and not isinstance(value, IMMUTABLE)
        if isinstance(value, Fill) or (is_shared and kind.data_of(value) == fill.data):
            array[np.unravel_index(place, array.shape)] = fill.value
        seen.add(id(value))


def _has_filled_shards(metadata: Any) -> bool:
    """Whether zarr-python fills shards with the fill value as it is: those inside of other codecs."""
    if metadata.zarr_format == 2:
        return False
    names = [type(codec).__name__ for codec in metadata.codecs]
    if "ShardingCodec" not in names:
        return False
    inner = metadata.codecs[names.index("ShardingCodec")].codecs
    return len(names) > 1 or any(type(codec).__name__ == "ShardingCodec" for codec in inner)


def _fill_data(metadata: Any, kind: ObjectType) -> bytes:
    """Return the fill value of an array in its encoded form."""
    value = metadata.fill_value
    return (kind.default_scalar() if value is None else kind.cast_scalar(value)).data


def _stored(metadata: Any, kind: ObjectType) -> tuple[Any, ObjectType, ObjectType]:
    """Return the metadata with the type that chunks have, the type of the caller, and that of chunks."""
    stored = kind.stored_type()
    return (metadata if stored is kind else with_type(metadata, stored)), kind, stored


def _trusted(metadata: Any, kind: ObjectType) -> tuple[Any, ObjectType]:
    trusted = kind.trusted()
    return (metadata, kind) if trusted is kind else (with_type(metadata, trusted), trusted)


def with_type(metadata: Any, kind: ObjectType) -> Any:
    """Return the metadata with another data type."""
    return changed(metadata, **{"data_type" if metadata.zarr_format == 3 else "dtype": kind})


def changed(metadata: Any, **values: Any) -> Any:
    """Return the metadata with other values, which need not be those of a document."""
    changed = copy.copy(metadata)
    for name, value in values.items():
        object.__setattr__(changed, name, value)
    return changed


def _append(original: _Coroutine) -> _Coroutine:
    async def append(array: Any, data: Any, axis: int = 0) -> Any:
        if object_type_of(array.metadata.dtype) is not None and isinstance(data, list | tuple):
            data = nested(data, shape_of(data, len(array.metadata.shape)))
        return await original(array, data, axis)

    return append


def _set_coordinate_selection(original: _Function) -> _Function:
    def set_coordinate_selection(self: Any, selection: Any, value: Any, **options: Any) -> None:
        if object_type_of(self.metadata.dtype) is not None:
            places = selection if isinstance(selection, tuple) else (selection,)
            is_one = all(isinstance(place, int | np.integer) for place in places)
            indexer = _zarr.CoordinateIndexer(selection, self.shape, self._chunk_grid)
            value = arranged(value, () if is_one else indexer.sel_shape)
        original(self, selection, value, **options)

    return set_coordinate_selection


# Codecs


def _evolve(original: _Function) -> _Function:
    def evolve_from_array_spec(self: Any, array_spec: Any) -> Any:
        kind = object_type_of(array_spec.dtype)
        if kind is not None:
            return serializer_of(self, kind)
        if isinstance(self, Elements):
            raise TypeError(
                f"the serializer of an array of objects was given for the data type {array_spec.dtype}, "
                "which would store other elements; leave out the serializer, or give the data type"
            )
        return original(self, array_spec)

    return evolve_from_array_spec


def _evolve_v2(original: _Function) -> _Function:
    def evolve_from_array_spec(self: Any, array_spec: Any) -> Any:
        kind = object_type_of(array_spec.dtype)
        return original(self, array_spec) if kind is None else version2_codec(self)

    return evolve_from_array_spec


def _like_args(original: _Function) -> _Function:
    def like_args(array: Any, zarr_format: Any) -> Any:
        arguments = original(array, zarr_format)
        if (
            isinstance(array, zarr.Array | zarr.AsyncArray)
            and object_type_of(array.metadata.dtype) is not None
        ):
            arguments["dtype"] = array.metadata.dtype
        return arguments

    return like_args


def _default_filters_v2(original: _Function) -> _Function:
    def default_filters_v2(dtype: Any) -> Any:
        return object_filters(dtype) if isinstance(dtype, ObjectType) else original(dtype)

    return default_filters_v2


# Bytes


def _bytes_to_json(original: _Function) -> _Function:
    def to_json(self: VariableLengthBytes, zarr_format: int) -> Any:
        # The registered name, which every library reads, and for which there is no warning.
        return "bytes" if zarr_format == 3 else original(self, zarr_format)

    return to_json


def _bytes_from_json_scalar(_: _Function) -> _Function:
    def from_json_scalar(_: VariableLengthBytes, data: Any, *, zarr_format: int) -> bytes:
        # zarr-python 2 wrote 0 where nobody had chosen a fill value; zarrs writes lists of numbers.
        return b"" if data == 0 and zarr_format == 2 else bytes_from_json(data)

    return from_json_scalar


def _check_bytes(_: _Function) -> _Function:
    names = ("bytes", "variable_length_bytes", "binary")

    def check_json_v3(data: object) -> bool:
        return data in names or data in [{"name": name, "configuration": {}} for name in names]

    return check_json_v3


def _check_bytes_v2(original: _Function) -> _Function:
    def check_json_v2(data: object) -> bool:
        return data == "bytes" or bool(original(data))

    return check_json_v2
