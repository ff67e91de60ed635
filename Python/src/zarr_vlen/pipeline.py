"""A codec pipeline that encodes and decodes elements of any size in native code."""

from __future__ import annotations

import asyncio
import json
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import wraps
from math import prod
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import zarr
from zarr.abc.codec import GetResult
from zarr.abc.store import _store_supports_sync_io
from zarr.core.buffer import cpu
from zarr.core.codec_pipeline import FusedCodecPipeline, _resolve_max_workers
from zarr.core.common import concurrent_map
from zarr.dtype import VariableLengthUTF8
from zarr.storage import LocalStore, StorePath

from zarr_vlen import _zarr
from zarr_vlen.codecs import Eliding, Writing, encoded_values, fill_data
from zarr_vlen.elements import from_values
from zarr_vlen.failures import INVALID_ARGUMENT, ChunkError, translated
from zarr_vlen.json_values import JSON
from zarr_vlen.selections import Room, Scattered
from zarr_vlen.threads import away
from zarr_vlen.types import BYTES, STRING, Bytes, Fill, ObjectType, Optional, String, object_type_of
from zarr_vlen.urls import URLStore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from zarr.abc.store import Store
    from zarr.core.buffer import NDBuffer

    from zarr_vlen._native import Monitor
    from zarr_vlen._zarr import ArraySpec

    type _Item = tuple[Any, ArraySpec, tuple[Any, ...], tuple[Any, ...], bool]

__all__ = ["ChunkError", "VlenCodecPipeline"]

# What elements are in memory, as the extension numbers it.
_AS_BYTES, _AS_STR, _AS_STRING_DTYPE, _AS_OPTIONAL_BYTES, _AS_OPTIONAL_STR, _AS_JSON, _AS_OPTIONAL_JSON = (
    range(7)
)

# Reads of more elements are done on another thread.
_LARGE = 4096

# The elements that are encoded in one call of the engine, about.
_AT_A_TIME = 1 << 20


class _Thread(threading.local):
    """What is known of a thread."""

    # Whether it may block until a call is done.
    is_caller = False
    # Whether it is one of those that do large reads.
    is_reader = False
    # What stops its calls of the engine.
    monitor: Monitor | None = None


_thread = _Thread()


@dataclass
class _Plan:
    """How chunks of one kind are encoded and decoded in native code."""

    codecs: Any
    kind: ObjectType | None
    # What elements are in memory; bytes if Python makes objects of them.
    way: int
    is_sharded: bool
    # The shape of the chunks in shards, or None.
    inner_shape: tuple[int, ...] | None

    @property
    def is_converted(self) -> bool:
        return self.way == _AS_BYTES and self.kind is not None and self.kind != BYTES

    def decode(self, data: bytes) -> Any:
        """Return the object of JSON text that is not common."""
        kind = self.kind.inner if isinstance(self.kind, Optional) else self.kind
        return kind.decode(data) if kind is not None else None


class _Plans:
    """How chunks of each specification are worked on, in this process."""

    def __init__(self) -> None:
        self._process = 0
        self._plans: dict[Any, _Plan | None] = {}

    def __reduce__(self) -> tuple[Any, ...]:
        return _Plans, ()

    def get(self, codecs: Sequence[Any], spec: ArraySpec) -> _Plan | None:
        """Return how chunks are worked on, or None for those left to zarr-python."""
        if self._process != os.getpid():
            # A forked process must not wait for locks that threads of its parent have held.
            self._plans, self._process = {}, os.getpid()
        try:
            return self._plans[spec]
        except KeyError:
            plan = self._plans[spec] = _plan_of(codecs, spec)
            return plan
        except TypeError:
            return _plan_of(codecs, spec)


@dataclass(frozen=True)
class VlenCodecPipeline(FusedCodecPipeline):
    """Reads and writes arrays of bytes, text and objects in native code, and all others as zarr-python does.

    Set it with `zarr_vlen.enable()`, or with the environment variable `ZARR_CODEC_PIPELINE__PATH`. Chunks of
    one call are encoded and decoded on all cores, without Python's global lock; those of a LocalStore and of
    a URLStore are read and written there, too, the latter by many requests at a time. What the engine does
    not know, such as codecs of yours, is left to zarr-python.
    """

    takes_objects: ClassVar[bool] = True

    _plans: _Plans = field(default_factory=_Plans, repr=False, compare=False)

    async def read(
        self,
        batch_info: Iterable[Any],
        out: NDBuffer,
        drop_axes: tuple[int, ...] = (),
    ) -> tuple[GetResult, ...]:
        batch = list(batch_info)
        plan = self._native(batch, out)
        if plan is None:
            return await self._read_fused(batch, out, drop_axes)
        results = None
        if isinstance(batch[0][0], _zarr.InnerChunk):
            # Zarr-python has awaited what it needs of a shard.
            results = await _away(
                self._decode, plan, batch, [_bytes(item[0].get_sync()) for item in batch], out
            )
        elif type(store := batch[0][0].store) is URLStore:
            results = await away(_monitored, self._read_now, plan, batch, out)
        elif _has_sync(store):
            results = await _away(
                self._read_now, plan, batch, out, is_large=out.as_ndarray_like().size > _LARGE
            )
        elif not plan.is_sharded or all(item[4] for item in batch):
            buffers = await concurrent_map(
                [(item[0], item[1].prototype) for item in batch],
                lambda getter, prototype: getter.get(prototype),
                zarr.config.get("async.concurrency"),
            )
            results = await asyncio.to_thread(self._decode, plan, batch, list(map(_bytes, buffers)), out)
        return await self._read_fused(batch, out, drop_axes) if results is None else results

    async def _read_fused(
        self, batch: list[_Item], out: NDBuffer, drop_axes: tuple[int, ...]
    ) -> tuple[GetResult, ...]:
        if _thread.is_caller:
            return self.read_sync(batch, out, drop_axes, max_workers=_resolve_max_workers())
        return await FusedCodecPipeline.read(self, batch, out, drop_axes)

    async def write(
        self,
        batch_info: Iterable[Any],
        value: NDBuffer,
        drop_axes: tuple[int, ...] = (),
    ) -> None:
        batch = list(batch_info)
        plan = self._native(batch, value)
        if plan is None or isinstance(batch[0][0], _zarr.InnerChunk):
            await self._write_fused(batch, value, drop_axes)
            return
        store = batch[0][0].store
        rest: Sequence[_Item] = ()
        if type(store) is URLStore:
            rest = await away(_monitored, self._write_now, plan, batch, value)
        elif _has_sync(store):
            rest = await _away(self._write_now, plan, batch, value)
        else:
            buffers = await concurrent_map(
                [(None if item[4] else item[0], item[1].prototype) for item in batch],
                _get,
                zarr.config.get("async.concurrency"),
            )
            values = await asyncio.to_thread(self._encode, plan, batch, list(map(_bytes, buffers)), value)
            if values is None:
                rest = batch
            else:
                await concurrent_map(
                    [(item[0], item[1].prototype, data) for item, data in zip(batch, values, strict=True)],
                    _set,
                    zarr.config.get("async.concurrency"),
                )
        if rest:
            await self._write_fused(list(rest), value, drop_axes)

    async def _write_fused(self, batch: list[_Item], value: NDBuffer, drop_axes: tuple[int, ...]) -> None:
        if _thread.is_caller:
            self.write_sync(batch, value, drop_axes, max_workers=_resolve_max_workers())
        else:
            await FusedCodecPipeline.write(self, batch, value, drop_axes)

    def _native(self, batch: list[_Item], array: NDBuffer) -> _Plan | None:
        if not batch or not isinstance(array, cpu.NDBuffer):
            return None
        getter, spec = batch[0][0], batch[0][1]
        if not isinstance(getter, StorePath | _zarr.InnerChunk) or array.dtype.char not in "OT":
            return None
        return self._plans.get(self.codecs, spec)

    # Stores that the engine reads and writes, or that need not be awaited

    def _read_now(self, plan: _Plan, batch: list[_Item], out: NDBuffer) -> tuple[GetResult, ...] | None:
        return self._decode(plan, batch, _sources(batch, is_needed=lambda _: True), out)

    def _write_now(self, plan: _Plan, batch: list[_Item], value: NDBuffer) -> list[_Item]:
        """Write values, and return those that the engine does not take."""
        store = batch[0][0].store
        if type(store) is LocalStore:
            store._ensure_open_sync()
        is_placed = type(store) in (LocalStore, URLStore)
        if is_placed:
            store._check_writable()
        rest: list[_Item] = []
        # A few at a time, so that a key that the user presses is noticed.
        count = max(1, _AT_A_TIME // max(1, prod(batch[0][1].shape)))
        for start in range(0, len(batch), count):
            items = batch[start : start + count]
            sources = _sources(items, is_needed=lambda item: not item[4])
            values = self._encode(plan, items, sources, value)
            if values is None:
                if start == 0:
                    return batch
                # Elements differ in kind.
                rest += items
            elif not is_placed:
                for (setter, spec, *_), data in zip(items, values, strict=True):
                    if data is None:
                        setter.delete_sync()
                    else:
                        setter.set_sync(spec.prototype.buffer.from_bytes(data))
        return rest

    # The engine

    def _decode(
        self, plan: _Plan, batch: list[_Item], sources: list[Any], out: NDBuffer
    ) -> tuple[GetResult, ...] | None:
        array = out.as_ndarray_like()
        parts = [
            (source, spec.shape, chunk, places, False)
            for source, (_, spec, chunk, places, _) in zip(sources, batch, strict=True)
        ]
        missing = _read_parts(plan, batch, parts, array)
        if missing is None:
            missing = _read_scattered(plan, batch, sources, array)
        if missing is None:
            return None
        return tuple(GetResult(status="missing" if is_missing else "present") for is_missing in missing)

    def _encode(
        self, plan: _Plan, batch: list[_Item], sources: list[Any], value: NDBuffer
    ) -> list[bytes | None] | None:
        array = value.as_ndarray_like()
        parts = [
            (source, spec.shape, chunk, places, is_complete)
            for source, (_, spec, chunk, places, is_complete) in zip(sources, batch, strict=True)
        ]
        values = None if plan.is_converted else _call(plan.codecs.write, batch, parts, array, plan.way)
        if values is not None:
            return values  # type: ignore[no-any-return]
        data, way = (array, plan.way) if plan.kind is None else (_encoded(plan.kind, array), _AS_BYTES)
        if plan.kind is not None:
            values = _call(plan.codecs.write, batch, parts, data, way)
        return _write_scattered(plan, batch, sources, data, way) if values is None else values


def _read_parts(
    plan: _Plan, batch: list[_Item], parts: list[Any], array: Any, *, numbers: Sequence[int] | None = None
) -> list[bool] | None:
    """Put elements of boxes into an array, and return which values are missing.

    `numbers` says which of the batch a part is of, if there are several of one.
    """
    items = batch if numbers is None else [batch[number] for number in numbers]
    missing = _call(plan.codecs.read, items, parts, array, plan.way, plan.decode)
    if missing is None:
        return None
    for is_missing, (_, spec, *_), (_, _, _, places, _) in zip(missing, items, parts, strict=True):
        if is_missing:
            fill = spec.fill_value
            array[places] = spec.dtype.default_scalar() if fill is None else fill
        elif plan.is_converted and plan.kind is not None:
            _convert(plan.kind, spec, array, places)
    return missing  # type: ignore[no-any-return]


def _read_scattered(plan: _Plan, batch: list[_Item], sources: list[Any], array: Any) -> list[bool] | None:
    """Put elements that are no boxes into an array, by way of boxes that have them."""
    room, parts, numbers, pieces = Room(), [], [], []
    selections = []
    for number, (source, (_, spec, chunk, _, _)) in enumerate(zip(sources, batch, strict=True)):
        selected = Scattered.of(chunk, spec.shape)
        if selected is None or not spec.shape:
            return None
        selections.append(selected)
        for places, elements in selected.divided(spec.shape, plan.inner_shape):
            box = elements.box()
            first, target = room.add(box)
            parts.append((source, spec.shape, box, target, False))
            numbers.append(number)
            pieces.append((number, places, elements.within(box, first)))
    if not parts:
        return [False] * len(batch)
    boxes = room.make(array.dtype)
    found = _read_parts(plan, batch, parts, boxes, numbers=numbers)
    if found is None:
        return None
    results = [np.empty(selected.indices[0].size, array.dtype) for selected in selections]
    for number, places, within in pieces:
        results[number][places] = boxes[within]
    for (_, _, _, target, _), result in zip(batch, results, strict=True):
        array[target] = result.reshape(array[target].shape)
    missing = [False] * len(batch)
    for number, is_missing in zip(numbers, found, strict=True):
        missing[number] = is_missing
    return missing


def _write_scattered(
    plan: _Plan, batch: list[_Item], sources: list[Any], data: Any, way: int
) -> list[bytes | None] | None:
    """Encode elements that are no boxes, each with the others of a box that has them."""
    room, parts, changes = Room(), [], []
    for source, (_, spec, chunk, places, is_complete) in zip(sources, batch, strict=True):
        selected = Scattered.of(chunk, spec.shape)
        if selected is None or not spec.shape or not selected.indices[0].size:
            return None
        box = selected.box()
        first, target = room.add(box)
        parts.append((source, spec.shape, box, target, is_complete))
        changes.append((selected.within(box, first), places))
    boxes = room.make(data.dtype)
    missing = _call(plan.codecs.read, batch, parts, boxes, way, plan.decode)
    if missing is None:
        return None
    for is_missing, (_, _, _, target, _), (_, spec, *_) in zip(missing, parts, batch, strict=True):
        if is_missing:
            fill = _fill(spec, plan.kind)
            boxes[target] = fill.decode() if plan.kind is None else fill
    for within, places in changes:
        boxes[within] = data[()] if data.ndim == 0 else data[places].ravel()
    return _call(plan.codecs.write, batch, parts, boxes, way)  # type: ignore[no-any-return]


# Plans


def _plan_of(codecs: Sequence[Any], spec: ArraySpec) -> _Plan | None:
    kind = object_type_of(spec.dtype)
    if kind is None and not isinstance(spec.dtype, VariableLengthUTF8):
        return None
    try:
        document = _document(codecs, spec, kind)
    except (KeyError, TypeError, ValueError, NotImplementedError):
        return None
    from zarr_vlen import _native

    config = spec.config
    is_eliding = isinstance(config, Eliding) or not config.write_empty_chunks
    threads = zarr.config.get("codec_pipeline.max_workers", default=None) or 0
    try:
        made = _native.Codecs(json.dumps(document).encode(), len(spec.shape), not is_eliding, int(threads))
    except _native.EngineError:
        return None
    is_sharded = type(codecs[0]).__name__ == "ShardingCodec"
    inner_shape = tuple(codecs[0].chunk_shape) if is_sharded else None
    return _Plan(made, kind, _way(kind, spec), _is_sharded(codecs), inner_shape)


def _way(kind: ObjectType | None, spec: ArraySpec) -> int:
    if kind is None:
        return _AS_STR if spec.dtype.to_native_dtype() == np.dtype(object) else _AS_STRING_DTYPE
    if type(kind) is JSON:
        return _AS_JSON
    if type(kind) is String:
        return _AS_STR
    if type(kind) is Optional:
        ways = {Bytes: _AS_OPTIONAL_BYTES, String: _AS_OPTIONAL_STR, JSON: _AS_OPTIONAL_JSON}
        return ways.get(type(kind.inner), _AS_BYTES)
    return _AS_BYTES


def _is_sharded(codecs: Sequence[Any]) -> bool:
    return any(type(codec).__name__ == "ShardingCodec" for codec in codecs)


def _document(codecs: Sequence[Any], spec: ArraySpec, kind: ObjectType | None) -> dict[str, Any]:
    """Return the metadata of an array of such chunks, whose elements are bytes or text to the engine."""
    first = codecs[0]
    fill = _fill(spec, kind)
    shape = [max(1, length) for length in spec.shape]
    if len(codecs) == 1 and type(first).__name__ in ("V2Codec", "ObjectV2Codec"):
        filters = [codec.get_config() for codec in first.filters or ()]
        return {
            "zarr_format": 2,
            "shape": shape,
            "chunks": shape,
            "dtype": "|O",
            "fill_value": json.loads(fill)
            if filters[0]["id"] == "json2"
            else _fill_json(fill, is_text=filters[0]["id"] == "vlen-utf8"),
            "order": spec.order,
            "filters": filters,
            "compressor": None if first.compressor is None else first.compressor.get_config(),
        }
    chain = [codec.to_dict() for codec in codecs]
    serializer = _serializer(chain)
    if serializer["name"] == "zarrs.optional":
        inner = serializer["configuration"]["data_codecs"][0]["name"]
        data_type: Any = {
            "name": "zarrs.optional",
            "configuration": {"name": _NAMES[inner], "configuration": {}},
        }
        is_text = inner == "vlen-utf8"
        value: Any = [_fill_json(fill[1:], is_text=is_text)] if fill[0] else None
    else:
        data_type = _NAMES[serializer["name"]]
        value = _fill_json(fill, is_text=serializer["name"] == "vlen-utf8")
    return {
        "zarr_format": 3,
        "node_type": "array",
        "shape": shape,
        "data_type": data_type,
        "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": shape}},
        "chunk_key_encoding": {"name": "default"},
        "fill_value": value,
        "codecs": chain,
    }


_NAMES = {"vlen-utf8": "string", "vlen-bytes": "bytes"}


def _serializer(chain: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the codec that makes bytes of elements, also within shards."""
    for codec in chain:
        if codec["name"] == "sharding_indexed":
            return _serializer(codec["configuration"]["codecs"])
        if codec["name"] in ("vlen-utf8", "vlen-bytes", "zarrs.optional"):
            return codec
    raise ValueError("no codec makes bytes of elements of any size")


def _fill(spec: ArraySpec, kind: ObjectType | None) -> bytes:
    if kind is not None:
        return fill_data(kind, spec)
    return ("" if spec.fill_value is None else str(spec.fill_value)).encode()


def _fill_json(data: bytes, *, is_text: bool) -> Any:
    return STRING.fill_to_json(data) if is_text else BYTES.fill_to_json(data)


# Elements


def _convert(kind: ObjectType, spec: ArraySpec, array: Any, places: Any) -> None:
    """Make elements of the bytes that the engine has put into an array."""
    data = array[places]
    parts = data.ravel().tolist()
    is_writing = isinstance(spec.config, Writing)
    values = list(map(kind.stored_of, parts)) if is_writing else kind.decode_elements(parts)
    array[places] = from_values(values, len(values)).reshape(data.shape)


def _encoded(kind: ObjectType, array: Any) -> Any:
    """Return elements as bytes."""
    values = array.ravel().tolist()
    if array.ndim == 0:
        while isinstance(values[0], np.ndarray) and values[0].ndim == 0 and values[0].dtype.hasobject:
            values = [values[0][()]]
    values = [value.type.stored_of(value.data) if isinstance(value, Fill) else value for value in values]
    parts = encoded_values(kind, values)
    return from_values(parts, len(parts)).reshape(array.shape)


def _call(function: Any, batch: list[_Item], *arguments: Any) -> Any:
    """Call the engine; None is for selections that it does not take."""
    from zarr_vlen import _native

    try:
        result = function(*arguments, _thread.monitor)
    except _native.EngineError as failure:
        code, _, part, _ = failure.args
        if code == INVALID_ARGUMENT:
            # Such as a path with a name that is nothing but dots.
            return None
        getter = batch[part if 0 <= part < len(batch) else 0][0]
        inner = isinstance(getter, _zarr.InnerChunk)
        path = f"{getter.chunk_coords} of a shard" if inner else str(getter)
        raise translated(failure, path) from None
    except UnicodeEncodeError:
        # A path that is no text.
        return None
    return None if result is NotImplemented else result


# Stores


def _monitored[T](function: Callable[..., T], *arguments: Any) -> T:
    """Call a function whose calls of the engine are stopped by a monitor, the last argument."""
    *arguments_of_function, _thread.monitor = arguments
    try:
        return function(*arguments_of_function)
    finally:
        _thread.monitor = None


def _has_sync(store: Store) -> bool:
    return bool(_store_supports_sync_io(store))


async def _away(function: Any, *arguments: Any, is_large: bool = False) -> Any:
    """Call a function that blocks, on another thread if this one may not be blocked."""
    if not _thread.is_caller:
        return await asyncio.to_thread(function, *arguments)
    if not is_large or _thread.is_reader:
        return function(*arguments)
    return _readers.submit(function, *arguments)


class _Readers:
    """Threads that do large reads.

    The C library gives memory of the main thread back to the system as soon as objects are freed, and to get
    it again takes longer than to fill it.
    """

    def __init__(self) -> None:
        self._process = 0
        self._pool: ThreadPoolExecutor | None = None

    def submit(self, function: Any, *arguments: Any) -> Any:
        """Call a function on one of the threads, and wait for it."""
        pool = self._pool
        if pool is None or self._process != os.getpid():
            # A forked process has none of the threads.
            pool = self._pool = ThreadPoolExecutor(32, "zarr_vlen")
            self._process = os.getpid()
        return pool.submit(_read, function, arguments).result()


_readers = _Readers()


def _read(function: Any, arguments: Any) -> Any:
    # Elements that are read themselves read other arrays perhaps.
    _thread.is_reader = True
    return function(*arguments)


def sync_here(original: Any) -> Any:
    """Return a function that runs the calls of an array on the thread of the caller, if they need not wait.

    Zarr-python hands each call to a thread of its own, and that hands it to another one, which takes longer
    than to store an element.
    """

    def sync(coroutine: Any, *arguments: Any, **options: Any) -> Any:
        if getattr(coroutine, "__name__", "") not in ("_get_selection", "_set_selection"):
            return original(coroutine, *arguments, **options)
        array = coroutine.cr_frame.f_locals.get("self")
        pipeline = getattr(array, "codec_pipeline", None)
        if (
            not isinstance(pipeline, VlenCodecPipeline)
            or pipeline.sync_transform is None
            or getattr(array.metadata, "_stored_document", None) is not None
            or not _has_sync(array.store_path.store)
        ):
            return original(coroutine, *arguments, **options)
        before, _thread.is_caller = _thread.is_caller, True
        try:
            coroutine.send(None)
        except StopIteration as done:
            return done.value
        finally:
            _thread.is_caller = before
            coroutine.close()
        raise RuntimeError("a call of a store that need not wait has waited")

    return sync


def _sources(batch: list[_Item], is_needed: Any) -> list[Any]:
    """Return where the values are: paths of files, keys in a store of the engine, or their bytes."""
    store = batch[0][0].store
    if type(store) is URLStore:
        return [(store.engine_store, item[0].path) for item in batch]
    if type(store) is LocalStore:
        root = os.path.abspath(store.root).rstrip("/")  # noqa: PTH100 - links are followed when files are opened
        return [f"{root}/{item[0].path}" for item in batch]
    return [
        _bytes(item[0].get_sync(prototype=item[1].prototype)) if is_needed(item) else None for item in batch
    ]


def _bytes(buffer: Any) -> Any:
    return None if buffer is None else buffer.as_numpy_array()


async def _get(getter: Any, prototype: Any) -> Any:
    return None if getter is None else await getter.get(prototype=prototype)


async def _set(setter: Any, prototype: Any, data: bytes | None) -> None:
    if data is None:
        await setter.delete()
    else:
        await setter.set(prototype.buffer.from_bytes(data))


def _install() -> None:
    module: Any = _zarr.array
    if module is not None and not hasattr(module.sync, "__wrapped__"):
        module.sync = wraps(module.sync)(sync_here(module.sync))


_install()
