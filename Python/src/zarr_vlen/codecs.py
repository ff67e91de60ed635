"""Codecs of chunks whose elements are Python objects."""

from __future__ import annotations

import copyreg
import json
import struct
from dataclasses import dataclass, replace
from math import prod
from typing import TYPE_CHECKING, Any, Self, cast

import numcodecs
import numpy as np
from numcodecs.compat import ensure_bytes
from zarr.abc.codec import ArrayBytesCodec, BytesBytesCodec
from zarr.codecs import VLenBytesCodec, VLenUTF8Codec
from zarr.dtype import Bool
from zarr.registry import get_codec_class, get_ndbuffer_class

from zarr_vlen import _zarr
from zarr_vlen.elements import ElementError, ObjectArray, Stored, from_values
from zarr_vlen.json_values import JSON, parse_json
from zarr_vlen.pickles import Pickled, UntrustedPickleError
from zarr_vlen.types import MAXIMUM_LENGTH, Fill, ObjectType, Optional, object_type_of, short

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zarr.abc.codec import Codec
    from zarr.core.buffer import Buffer, NDBuffer

    from zarr_vlen._zarr import ArrayConfig, ArraySpec, V2Codec
else:
    ArrayConfig, V2Codec = _zarr.ArrayConfig, _zarr.V2Codec

__all__ = ["OptionalCodec"]


class Writing(ArrayConfig):
    """The configuration of chunks that are written.

    Elements that are not set stay in their encoded form, and zarr-python does not compare chunks with the
    fill value.
    """


class Eliding(Writing):
    """The configuration of chunks that are written, but not stored if all elements are the fill value."""


# How deep codecs are inside of others, as in the engine.
MAXIMUM_CODEC_DEPTH = 8

# Elements and their encoded forms

_wire_form = numcodecs.VLenBytes()


def _type_of(spec: ArraySpec) -> ObjectType:
    kind = object_type_of(spec.dtype)
    if kind is None:
        raise TypeError(f"the data type {spec.dtype} has no objects")
    return kind


def values_of(array: NDBuffer) -> list[Any]:
    """Return the elements of a chunk in C order."""
    values: list[Any] = array.as_numpy_array().ravel().tolist()
    if array.shape == ():
        # NumPy nests arrays of no dimensions that are assigned to one another.
        while isinstance(values[0], np.ndarray) and values[0].ndim == 0 and values[0].dtype.hasobject:
            values = [values[0][()]]
    return (
        [value.type.stored_of(value.data) if isinstance(value, Fill) else value for value in values]
        if any(isinstance(value, Fill) for value in values)
        else values
    )


def encoded_values(kind: ObjectType, values: list[Any]) -> list[bytes]:
    """Return the encoded forms of elements, some of which may have it."""
    if Stored not in set(map(type, values)):
        return kind.encode_elements(values)
    parts = iter(kind.encode_elements([value for value in values if type(value) is not Stored]))
    return [value.data if type(value) is Stored else next(parts) for value in values]


def chunk_of(kind: ObjectType, parts: Sequence[bytes], spec: ArraySpec) -> ObjectArray:
    """Return the elements of a chunk, or their encoded forms where they are only written back."""
    is_writing = isinstance(spec.config, Writing)
    values = map(kind.stored_of, parts) if is_writing else kind.decode_elements(parts)
    return from_values(values, len(parts)).reshape(spec.shape)


def _is_elided(kind: ObjectType, parts: Sequence[bytes], spec: ArraySpec) -> bool:
    """Whether a chunk is not stored, because all of its elements are the fill value."""
    if not isinstance(spec.config, Eliding):
        return False
    fill = fill_data(kind, spec)
    return all(data == fill for data in parts)


def fill_data(kind: ObjectType, spec: ArraySpec) -> bytes:
    """Return the fill value of a chunk in its encoded form."""
    return (kind.default_scalar() if spec.fill_value is None else kind.cast_scalar(spec.fill_value)).data


def _joined(parts: Sequence[bytes]) -> bytes:
    """Return encoded elements in wire form: their number, and each with its length in front.

    Raises
    ------
    ElementError
        If an element has 2 GiB or more.
    """
    if parts and max(map(len, parts)) > MAXIMUM_LENGTH:
        index = next(index for index, data in enumerate(parts) if len(data) > MAXIMUM_LENGTH)
        raise ElementError(f"its {len(parts[index])} bytes are more than {MAXIMUM_LENGTH}", index=index)
    return bytes(_wire_form.encode(from_values(parts, len(parts))))


def _separated(data: Buffer, count: int) -> list[bytes]:
    """Return the encoded elements of a wire form.

    Raises
    ------
    ValueError
        If there are others than `count` elements, or if bytes are missing.
    """
    wire = data.as_numpy_array()
    found = int.from_bytes(wire[:4].tobytes(), "little")
    if len(wire) < 4 or found != count or (len(wire) - 4) // 4 < count:
        raise ValueError(
            f"a chunk of {count} elements has {len(wire)} bytes, which say that it has {found} elements"
        )
    parts: list[bytes] = _wire_form.decode(wire).tolist()
    return parts


# Zarr v3


class Elements(ArrayBytesCodec):
    """The wire form of objects, in place of zarr-python's codec of the same name."""

    def _encode_sync(self, chunk_array: NDBuffer, chunk_spec: ArraySpec) -> Buffer | None:
        kind = _type_of(chunk_spec)
        parts = encoded_values(kind, values_of(chunk_array))
        if _is_elided(kind, parts, chunk_spec):
            return None
        return chunk_spec.prototype.buffer.from_bytes(_joined(parts))

    def _decode_sync(self, chunk_bytes: Buffer, chunk_spec: ArraySpec) -> NDBuffer:
        parts = _separated(chunk_bytes, prod(chunk_spec.shape))
        values = chunk_of(_type_of(chunk_spec), parts, chunk_spec)
        return chunk_spec.prototype.nd_buffer.from_numpy_array(values)


class _TextElements(Elements, VLenUTF8Codec):
    pass


class _BytesElements(Elements, VLenBytesCodec):
    pass


# Other libraries look at the names of the classes.
_TextElements.__name__ = "VLenUTF8Codec"
_BytesElements.__name__ = "VLenBytesCodec"


def serializer_of(codec: VLenUTF8Codec | VLenBytesCodec, kind: ObjectType) -> ArrayBytesCodec:
    """Return the codec of objects that stands for one of zarr-python."""
    if isinstance(kind, Optional):
        inner = VLenUTF8Codec() if kind.inner.object_codec_id == "vlen-utf8" else VLenBytesCodec()
        return OptionalCodec(mask_codecs=(PackBits(),), data_codecs=(serializer_of(inner, kind.inner),))
    return _TextElements() if isinstance(codec, VLenUTF8Codec) else _BytesElements()


@dataclass(frozen=True)
class PackBits(ArrayBytesCodec):
    """Truth values as bits, the first in the lowest bit of the first byte."""

    is_fixed_size = True

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Self:
        configuration = data.get("configuration", {})
        if configuration not in ({}, {"padding_encoding": "none"}):
            raise ValueError(f"zarr_vlen has no packbits with these settings: {short(configuration)}")
        return cls()

    def to_dict(self) -> dict[str, Any]:
        return {"name": "packbits", "configuration": {}}

    def _encode_sync(self, chunk_array: NDBuffer, chunk_spec: ArraySpec) -> Buffer:
        bits = np.packbits(chunk_array.as_numpy_array().ravel(), bitorder="little")
        return chunk_spec.prototype.buffer.from_array_like(bits)

    def _decode_sync(self, chunk_bytes: Buffer, chunk_spec: ArraySpec) -> NDBuffer:
        count = prod(chunk_spec.shape)
        data = chunk_bytes.as_numpy_array()
        if len(data) != (count + 7) // 8:
            raise ValueError(f"{count} truth values have {(count + 7) // 8} bytes, found {len(data)}")
        bits = np.unpackbits(data.view(np.uint8), count=count, bitorder="little")
        return chunk_spec.prototype.nd_buffer.from_numpy_array(bits.view(bool).reshape(chunk_spec.shape))

    def compute_encoded_size(self, input_byte_length: int, chunk_spec: ArraySpec) -> int:
        return (input_byte_length + 7) // 8


@dataclass(frozen=True)
class OptionalCodec(ArrayBytesCodec):
    """A mask that says which elements are there, and those elements.

    `u64 mask size | u64 data size | mask | data`, with codecs of their own for mask and data. The data are
    the elements that are there, in one dimension. Where there are none, they are no bytes.

    Parameters
    ----------
    mask_codecs, data_codecs : tuple of Codec
        A codec that makes bytes of elements, and codecs between bytes.
    """

    mask_codecs: tuple[Codec, ...]
    data_codecs: tuple[Codec, ...]

    def __post_init__(self) -> None:
        if self._depth > MAXIMUM_CODEC_DEPTH:
            raise ValueError(f"codecs are nested more than {MAXIMUM_CODEC_DEPTH} deep")

    @property
    def _depth(self) -> int:
        inner = (*self.mask_codecs, *self.data_codecs)
        return 1 + max([codec._depth for codec in inner if isinstance(codec, OptionalCodec)], default=1)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Self:
        configuration = data.get("configuration", {})
        if not isinstance(configuration, dict) or set(configuration) != {"mask_codecs", "data_codecs"}:
            raise ValueError(
                f"the codec {data['name']!r} has mask_codecs and data_codecs, found {short(configuration)}"
            )
        chains: dict[str, tuple[Codec, ...]] = {}
        for name, codecs in configuration.items():
            if not isinstance(codecs, list | tuple):
                raise ValueError(f"{name} are a list of codecs, found {short(codecs)}")
            chains[name] = tuple(map(_codec_of, codecs))
        for name, codecs in chains.items():
            if not isinstance(codecs[0] if codecs else None, ArrayBytesCodec) or not all(
                isinstance(codec, BytesBytesCodec) for codec in codecs[1:]
            ):
                raise ValueError(
                    f"{name} are a codec that makes bytes of elements, and codecs between bytes; "
                    f"found {short(configuration[name])}"
                )
        return cls(**chains)

    def to_dict(self) -> dict[str, Any]:
        return {
            "name": "zarrs.optional",
            "configuration": {
                "mask_codecs": [codec.to_dict() for codec in self.mask_codecs],
                "data_codecs": [codec.to_dict() for codec in self.data_codecs],
            },
        }

    def evolve_from_array_spec(self, array_spec: ArraySpec) -> Self:
        mask, data = self._specs(array_spec, (1,))
        return replace(
            self,
            mask_codecs=tuple(codec.evolve_from_array_spec(mask) for codec in self.mask_codecs),
            data_codecs=tuple(codec.evolve_from_array_spec(data) for codec in self.data_codecs),
        )

    def _specs(self, spec: ArraySpec, shape: tuple[int, ...]) -> tuple[ArraySpec, ArraySpec]:
        """Return what the codecs of mask and data work on."""
        kind = _type_of(spec)
        if not isinstance(kind, Optional):
            raise TypeError(f"the codec zarrs.optional is for the data type zarrs.optional, found {kind}")
        config = ArrayConfig.from_dict({"write_empty_chunks": True, "order": "C"})
        mask = replace(spec, dtype=Bool(), fill_value=np.False_, config=config)
        settings = Writing if isinstance(spec.config, Writing) else ArrayConfig
        inner = settings.from_dict({"write_empty_chunks": True, "order": "C"})
        return mask, replace(
            spec, shape=shape, dtype=kind.inner, fill_value=kind.inner.default_scalar(), config=inner
        )

    def _encode_sync(self, chunk_array: NDBuffer, chunk_spec: ArraySpec) -> Buffer | None:
        values = values_of(chunk_array)
        there = np.fromiter((value is not None for value in values), bool, len(values)).reshape(
            chunk_spec.shape
        )
        present = [value for value in values if value is not None]
        if isinstance(chunk_spec.config, Eliding) and self._is_all_fill(values, present, chunk_spec):
            return None
        mask_spec, data_spec = self._specs(chunk_spec, (len(present),))
        arrays = chunk_spec.prototype.nd_buffer
        mask = _encoded(self.mask_codecs, arrays.from_numpy_array(there), mask_spec)
        data = b""
        if present:
            elements = arrays.from_numpy_array(from_values(present, len(present)))
            data = _encoded(self.data_codecs, elements, data_spec)
        return chunk_spec.prototype.buffer.from_bytes(struct.pack("<QQ", len(mask), len(data)) + mask + data)

    @staticmethod
    def _is_all_fill(values: list[Any], present: list[Any], spec: ArraySpec) -> bool:
        kind = _type_of(spec)
        fill = kind.cast_scalar(spec.fill_value).data
        if not fill[0] or not present:
            return not fill[0] and not present
        inner = kind.inner if isinstance(kind, Optional) else kind
        return len(present) == len(values) and all(data == fill[1:] for data in encoded_values(inner, values))

    def _decode_sync(self, chunk_bytes: Buffer, chunk_spec: ArraySpec) -> NDBuffer:
        stored = chunk_bytes.to_bytes()
        mask_size, data_size = struct.unpack("<QQ", stored[:16]) if len(stored) >= 16 else (0, -1)
        if len(stored) != 16 + mask_size + data_size:
            raise ValueError(
                f"a chunk of optional elements says that it has other sizes than {len(stored)} bytes"
            )
        buffers = chunk_spec.prototype.buffer
        mask_spec, _ = self._specs(chunk_spec, (1,))
        mask = _decoded(self.mask_codecs, buffers.from_bytes(stored[16 : 16 + mask_size]), mask_spec)
        there = mask.as_numpy_array().ravel()
        count = int(np.count_nonzero(there))
        values = np.full(there.shape, None, object)
        if count:
            _, data_spec = self._specs(chunk_spec, (count,))
            data = _decoded(self.data_codecs, buffers.from_bytes(stored[16 + mask_size :]), data_spec)
            values[there] = data.as_numpy_array()
        return chunk_spec.prototype.nd_buffer.from_numpy_array(values.reshape(chunk_spec.shape))

    async def _encode_single(self, chunk_array: NDBuffer, chunk_spec: ArraySpec) -> Buffer | None:
        return self._encode_sync(chunk_array, chunk_spec)

    async def _decode_single(self, chunk_bytes: Buffer, chunk_spec: ArraySpec) -> NDBuffer:
        return self._decode_sync(chunk_bytes, chunk_spec)

    def compute_encoded_size(self, input_byte_length: int, chunk_spec: ArraySpec) -> int:
        raise NotImplementedError("the size of elements that may be absent is not known")


def _codec_of(data: object) -> Codec:
    """Return a codec inside of another one.

    Raises
    ------
    ValueError
        If there is none of this name and these settings.
    """
    name = data if isinstance(data, str) else data.get("name") if isinstance(data, dict) else None
    if not isinstance(name, str):
        raise ValueError(f"a codec has a name, found {short(data)}")
    document = {"name": name} if isinstance(data, str) else data
    try:
        codec = PackBits if name == "packbits" else get_codec_class(name)
        made: Codec = codec.from_dict(cast("Any", document))
    except RecursionError as error:
        raise ValueError(f"codecs are nested more than {MAXIMUM_CODEC_DEPTH} deep") from error
    except (TypeError, KeyError, AttributeError, OverflowError) as error:
        raise ValueError(f"the codec {short(name)} cannot be {short(document)}: {error}") from error
    return made


def _encoded(codecs: tuple[Any, ...], array: NDBuffer, spec: ArraySpec) -> bytes:
    """Return elements in the form that a chain of codecs gives them."""
    data: Any = array
    for codec in codecs:
        data = codec._encode_sync(data, spec)
    return bytes(data.to_bytes())


def _decoded(codecs: tuple[Any, ...], data: Any, spec: ArraySpec) -> NDBuffer:
    """Return the elements that a chain of codecs has encoded."""
    for codec in reversed(codecs):
        data = codec._decode_sync(data, spec)
    return data  # type: ignore[no-any-return]


# Zarr v2

# Numcodecs keeps a parser that cannot be pickled, and with it an array.
copyreg.pickle(numcodecs.JSON, lambda codec: (numcodecs.get_codec, (codec.get_config(),)))


def object_filters(kind: ObjectType) -> tuple[Any, ...]:
    """Return the filters of new arrays of Zarr v2.

    Raises
    ------
    ValueError
        If Zarr v2 has no such arrays.
    """
    if isinstance(kind, JSON):
        return (numcodecs.JSON(),)
    if isinstance(kind, Pickled):
        return (numcodecs.Pickle(protocol=kind.protocol),)
    kind.to_json(2)
    raise ValueError(f"Zarr v2 has no data type {kind}")


def version2_codec(codec: V2Codec) -> V2Codec:
    """Return the codec of objects in Zarr v2 that stands for one of zarr-python."""
    return ObjectV2Codec(filters=codec.filters, compressor=codec.compressor)


class ObjectV2Codec(V2Codec):
    """The filters and the compressor of Zarr v2, the first filter being that of objects."""

    def _codecs(self) -> tuple[Any, list[Any]]:
        """Return the codec of objects, and those that follow it.

        Raises
        ------
        ValueError
            If there is no codec of objects.
        """
        codecs: list[Any] = [*(self.filters or ())]
        if self.compressor is not None:
            codecs.append(self.compressor)
        if not codecs:
            raise ValueError("an array of objects in Zarr v2 has a filter that makes bytes of them")
        first, *others = codecs
        if any(codec.codec_id == "pickle" for codec in others):
            raise UntrustedPickleError(
                "A filter 'pickle' that follows another one makes any code run that is in the array; "
                "it is never decoded."
            )
        return first, others

    def _encode_sync(self, chunk_array: NDBuffer, chunk_spec: ArraySpec) -> Buffer | None:
        kind = _type_of(chunk_spec)
        objects, others = self._codecs()
        values = values_of(chunk_array)
        parts = encoded_values(kind, values)
        if _is_elided(kind, parts, chunk_spec):
            return None
        shape = chunk_spec.shape
        if isinstance(objects, numcodecs.JSON):
            _check_format(objects)
            nested = [json.loads(data) for data in parts]
            items = from_values(nested, len(nested)).reshape(shape or (1,)).tolist()
            text = objects._encoder.encode([*items, "|O", list(shape)])
            data: Any = text.encode(_encoding_of(objects))
        elif isinstance(objects, numcodecs.Pickle):
            array = from_values(
                (kind.value_of(value.data) if type(value) is Stored else value for value in values),
                len(values),
            )
            data = objects.encode(np.asarray(array.reshape(shape), order=chunk_spec.order))
        else:
            order = np.arange(len(parts)).reshape(shape).ravel(order=chunk_spec.order)
            data = _joined([parts[place] for place in order])
        for codec in others:
            data = codec.encode(data)
        return chunk_spec.prototype.buffer.from_bytes(ensure_bytes(data))

    def _decode_sync(self, chunk_bytes: Buffer, chunk_spec: ArraySpec) -> NDBuffer:
        kind = _type_of(chunk_spec)
        objects, others = self._codecs()
        data: Any = chunk_bytes.as_array_like()
        for codec in reversed(others):
            data = codec.decode(data)
        if isinstance(objects, numcodecs.JSON):
            text = ensure_bytes(data).decode(_encoding_of(objects))
            values = _json_elements(text, chunk_spec.shape)
            if isinstance(chunk_spec.config, Writing):
                # What others have stored is written back, even if it is NaN.
                texts = (Stored(json.dumps(value).encode()) for value in values.ravel().tolist())
                values = from_values(texts, values.size).reshape(chunk_spec.shape)
        elif isinstance(objects, numcodecs.Pickle):
            values = _pickled_elements(kind, ensure_bytes(data), chunk_spec.shape)
        else:
            wire = chunk_spec.prototype.buffer.from_bytes(ensure_bytes(data))
            flat = chunk_of(kind, _separated(wire, prod(chunk_spec.shape)), chunk_spec)
            values = flat.reshape(-1).reshape(chunk_spec.shape, order=chunk_spec.order)
        return get_ndbuffer_class().from_numpy_array(values)


# The most spaces at which the filter `json2` may begin a line, or put around a comma.
_MOST_SPACES = 64


def _check_format(codec: numcodecs.JSON) -> None:
    """Check the settings of a filter `json2`, which could have it write anything, and in any size.

    Raises
    ------
    ValueError
        If it would not write JSON, or would write much more than that.
    """
    settings = codec.get_config()
    indent, separators = settings["indent"], settings["separators"]
    is_number = indent is None or (isinstance(indent, int) and indent <= _MOST_SPACES)
    texts = [*separators, "" if is_number else indent]
    if not all(isinstance(text, str) and len(text) <= _MOST_SPACES for text in texts) or [
        text.strip(" \t\n\r") for text in texts
    ] != [",", ":", ""]:
        raise ValueError(
            f"the filter json2 has the indent {short(indent)} and the separators {short(separators)}, which "
            f"are not at most {_MOST_SPACES} spaces around a comma and a colon"
        )


def _encoding_of(codec: numcodecs.JSON) -> str:
    """Return the encoding of the text of a filter `json2`.

    Raises
    ------
    ValueError
        If Python has no such encoding.
    """
    encoding = codec._text_encoding
    try:
        "".encode(encoding)
    except (TypeError, LookupError, ValueError) as error:
        raise ValueError(f"the filter json2 has the encoding {short(encoding)}, which is none") from error
    return str(encoding)


def _json_elements(text: str, shape: tuple[int, ...]) -> ObjectArray:
    """Return the elements of a chunk that the filter `json2` has encoded.

    Raises
    ------
    ValueError
        If the chunk has other elements than the metadata says.
    """
    items = parse_json(text)
    if not isinstance(items, list) or len(items) < 2 or items[-1] != list(shape):
        raise ValueError(f"a chunk of shape {shape} holds another JSON value: {text[:100]!r}")
    level = items[:-2]
    depth = max(len(shape) - 1, 0)
    # zarrita.js does not nest the elements of more than one dimension.
    if depth and len(level) == prod(shape) != shape[0]:
        depth = 0
    for _ in range(depth):
        level = [item for part in level for item in (part if isinstance(part, list) else [part])]
    if len(level) != prod(shape):
        raise ValueError(f"a chunk of shape {shape} has {len(level)} elements")
    return from_values(level, len(level)).reshape(shape)


def _pickled_elements(kind: ObjectType, data: bytes, shape: tuple[int, ...]) -> ObjectArray:
    """Return the elements of a chunk that the filter `pickle` has encoded.

    Raises
    ------
    UntrustedPickleError
        If nobody has said that its writer is trusted.
    """
    import pickle

    if not isinstance(kind, Pickled):
        raise UntrustedPickleError(f"The filter 'pickle' is not decoded for the data type {kind}.")
    kind.check_trust()
    values = pickle.loads(data)
    if not isinstance(values, np.ndarray) or values.shape != shape:
        raise ValueError(f"a chunk of shape {shape} holds the pickle of a {type(values).__name__}")
    return values.astype(object, copy=False)
