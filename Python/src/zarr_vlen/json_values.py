"""JSON values as elements."""

from __future__ import annotations

import json
import math
import sys
from itertools import chain
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

import msgspec.json
import numpy as np
from zarr.errors import DataTypeValidationError

from zarr_vlen.elements import ElementError, each
from zarr_vlen.types import Fill, ObjectType, short

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["JSON"]

_JSON_TYPES = frozenset((dict, list, str, int, float, bool, type(None)))
_JSON_DEPTH = 500

_encode_json = msgspec.json.Encoder().encode
_decode_json = msgspec.json.Decoder().decode


class JSON(ObjectType):
    """JSON values: dict, list, str, int, float, bool and None, nested in any way.

    Its name is `json`. Each element is stored as its text in UTF-8. What JSON cannot hold is refused: NaN and
    infinities, keys that are no str, sets, bytes, dates, text with lone surrogates. Tuples and NumPy arrays
    become lists, NumPy scalars become numbers. Elements that are not set are None, or the fill value.
    """

    _zarr_v3_name: ClassVar[str] = "json"
    object_codec_id: ClassVar[str] = "vlen-utf8"

    def encode(self, value: Any) -> bytes:
        plain = _plain(value, "", 0)
        try:
            return _encode_json(plain)
        except UnicodeEncodeError as error:
            raise ElementError(f"a str with a lone surrogate is no JSON value: {error}") from error
        except ValueError as error:
            raise _too_long(error) from error

    def decode(self, data: bytes) -> Any:
        if not data:
            return None
        try:
            return _decode_json(data)
        except (msgspec.DecodeError, RecursionError, ValueError):
            # Other writers store NaN and lone surrogates, which the fast parser refuses.
            return parse_json(data)

    def encode_elements(self, values: Sequence[Any]) -> list[bytes]:
        if _is_plain(values):
            try:
                return list(map(_encode_json, values))
            except (ValueError, RecursionError):
                pass
        return each(self.encode, values)

    def decode_elements(self, parts: Sequence[bytes]) -> list[Any]:
        try:
            return list(map(_decode_json, parts))
        except (msgspec.DecodeError, RecursionError, ValueError):
            pass
        return each(self.decode, parts)

    @classmethod
    def _from_json_v2(cls, data: object) -> Self:
        if data == "json" or data == {"name": "|O", "object_codec_id": "json2"}:
            return cls()
        raise DataTypeValidationError(f"{short(data)} is not '|O' with the object codec json2")

    def to_json(self, zarr_format: Literal[2, 3]) -> Any:
        return "json" if zarr_format == 3 else {"name": "|O", "object_codec_id": "json2"}

    def default_scalar(self) -> Fill:
        return Fill(self, b"null")

    def fill_to_json(self, data: bytes) -> Any:
        return self.decode(data)

    def fill_from_json(self, value: Any) -> bytes:
        # The metadata may hold NaN, from other writers; as a fill value it stays what it is.
        try:
            text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        except RecursionError as error:
            raise ElementError("the fill value is nested too deeply") from error
        except ValueError as error:
            raise _too_long(error) from error
        return text.encode("utf-8", "surrogatepass")


def parse_json(text: bytes | str) -> Any:
    """Return the value of JSON text, which may hold NaN, infinities and lone surrogates.

    Raises
    ------
    ElementError
        If the text is no JSON.
    """
    try:
        return json.loads(text)
    except (json.JSONDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ElementError(f"the bytes are no JSON text: {error}") from error
    except ValueError as error:
        raise _too_long(error) from error


def _too_long(error: ValueError) -> ElementError:
    """Return what stands for CPython's error about a whole number."""
    if "digits" not in str(error):
        return ElementError(f"this is no JSON value: {error}")
    return ElementError(
        f"it has a whole number of more than {sys.get_int_max_str_digits()} digits, which Python neither "
        "writes nor reads unless you call sys.set_int_max_str_digits(…) with a larger number"
    )


def _is_plain(values: Sequence[Any]) -> bool:
    """Whether the elements are JSON values as they are, without NaN and infinities.

    Goes through all elements depth by depth, so that the loops run in C.
    """
    level: Sequence[Any] = values
    for _ in range(_JSON_DEPTH):
        types = set(map(type, level))
        if not types <= _JSON_TYPES:
            return False
        if float in types and not all(math.isfinite(value) for value in level if type(value) is float):
            return False
        following: list[Any] = []
        if dict in types:
            dicts = [value for value in level if type(value) is dict]
            if not set(map(type, chain.from_iterable(dicts))) <= {str}:
                return False
            following.extend(chain.from_iterable(value.values() for value in dicts))
        if list in types:
            following.extend(chain.from_iterable(value for value in level if type(value) is list))
        if not following:
            return True
        level = following
    return False


def _plain(value: Any, path: str, depth: int) -> Any:
    """Return an element with the types that JSON has.

    Raises
    ------
    ElementError
        If JSON has no such value. The reason says where in the element.
    """
    kind = type(value)
    if value is None or kind in (str, int, bool):
        return value
    if isinstance(value, np.generic):
        number = value.item()
        if type(number) in (str, int, bool, float):
            return _plain(number, path, depth)
    elif isinstance(value, float):
        if math.isfinite(value):
            return float(value)
        raise ElementError(f"JSON has no {value!r}, found a float{_at(path)}")
    elif depth >= _JSON_DEPTH:
        raise ElementError(f"the value is nested more than {_JSON_DEPTH} deep, or in itself")
    elif isinstance(value, dict):
        result = {}
        for key, item in value.items():
            if not isinstance(key, str):
                raise ElementError(f"JSON has no key of type {type(key).__name__}, found {key!r}{_at(path)}")
            result[str(key)] = _plain(item, f"{path}.{key}", depth + 1)
        return result
    elif isinstance(value, list | tuple):
        return [_plain(item, f"{path}[{index}]", depth + 1) for index, item in enumerate(value)]
    elif isinstance(value, np.ndarray):
        return _plain(value.tolist(), path, depth)
    elif isinstance(value, Fill):
        return value.value
    elif isinstance(value, int):
        return int(value)
    elif isinstance(value, str):
        return str.__str__(value)
    raise ElementError(f"JSON has no value of type {kind.__name__}{_at(path)}")


def _at(path: str) -> str:
    return f" at {path}" if path else ""
