"""Data types whose elements are Python objects."""

from __future__ import annotations

import base64
import dataclasses
import json
import re
import reprlib
from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

import numpy as np
from zarr.dtype import VariableLengthBytes, ZDType, data_type_registry
from zarr.errors import DataTypeValidationError

from zarr_vlen import _zarr
from zarr_vlen.elements import ElementError, ObjectArray, Stored, each, element

if TYPE_CHECKING:
    from zarr_vlen._zarr import HasObjectCodec
else:
    HasObjectCodec = _zarr.HasObjectCodec

__all__ = ["Fill", "ObjectType", "Optional", "object_type", "optional"]

# The wire form has lengths of 32 bits, and numcodecs reads and writes them with a sign.
MAXIMUM_LENGTH = 2**31 - 1

# How deep data types are inside of others, as in the engine.
MAXIMUM_DEPTH = 32


IMMUTABLE = (type(None), bool, int, float, complex, str, bytes)


class Fill:
    """A fill value: any element, in a form that zarr-python can hold.

    Zarr-python takes fill values apart, hashes them, and refuses None. `value` is the element itself.

    Parameters
    ----------
    type : ObjectType
        The type of the element.
    data : bytes
        The element in its encoded form.
    stored : bool, optional
        Whether NumPy arrays are filled with the encoded form.
    """

    __slots__ = ("data", "stored", "type")

    def __init__(self, type: ObjectType, data: bytes, *, stored: bool = False) -> None:
        self.type = type
        self.data = data
        self.stored = stored

    @property
    def value(self) -> Any:
        """A new copy of the element."""
        return self.type.value_of(self.data)

    @property
    def is_mutable(self) -> bool:
        """Whether a change of the element in one place would be seen in others."""
        return self.type.may_decode and not isinstance(self.value, IMMUTABLE)

    def __array__(self, dtype: object = None, copy: bool | None = None) -> ObjectArray:
        return element(self.type.stored_of(self.data) if self.stored else self.value)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Fill):
            return self.type == other.type and self.data == other.data
        try:
            return self.type.data_of(other) == self.data
        except ElementError:
            return False

    def __hash__(self) -> int:
        return hash((self.type, self.data))

    def __repr__(self) -> str:
        return f"Fill({self.data!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        return Fill, (self.type, self.data)


@dataclass(frozen=True, kw_only=True)
class ObjectType(ZDType[Any, Any], HasObjectCodec):
    """A data type whose elements are Python objects, each of them stored as bytes.

    A subclass with a name is registered under it, and its fields are the configuration in the metadata.

    Notes
    -----
    None is the absence of an element. It is stored as no bytes, so that `encode` has to return one or more.

    Examples
    --------
    >>> @dataclass(frozen=True, kw_only=True)
    ... class Fraction(ObjectType, name="example.fraction"):
    ...     separator: str = "/"
    ...
    ...     def encode(self, value):
    ...         return f"{value[0]}{self.separator}{value[1]}".encode()
    ...
    ...     def decode(self, data):
    ...         return tuple(int(part) for part in data.decode().split(self.separator))
    >>> Fraction(separator=":").to_json(3)
    {'name': 'example.fraction', 'configuration': {'separator': ':'}}
    """

    dtype_cls = np.dtypes.ObjectDType
    _zarr_v3_name: ClassVar[str]
    object_codec_id: ClassVar[str] = "vlen-bytes"

    def __init_subclass__(cls, *, name: str | None = None, **options: Any) -> None:
        super().__init_subclass__(**options)
        if name is not None:
            cls._zarr_v3_name = name
        if "_zarr_v3_name" in cls.__dict__:
            data_type_registry.register(cls._zarr_v3_name, cls)

    def __post_init__(self) -> None:
        _zarr.require()

    # The element

    @abstractmethod
    def encode(self, value: Any) -> bytes:
        """Return the encoded form of an element that is not None.

        Raises
        ------
        ElementError
            If the type has no such element.
        """

    @abstractmethod
    def decode(self, data: bytes) -> Any:
        """Return the element of an encoded form of one or more bytes.

        Raises
        ------
        ElementError
            If the bytes are no element.
        """

    # Many elements

    def encode_elements(self, values: Sequence[Any]) -> list[bytes]:
        """Return the encoded forms of elements.

        Raises
        ------
        ElementError
            If the type has no such element. Its index is that in `values`.
        """
        parts: list[bytes] = []
        for index, value in enumerate(values):
            if value is None:
                parts.append(b"")
                continue
            try:
                data = self.encode(value)
            except Exception as error:
                reason = error.reason if isinstance(error, ElementError) else str(error)
                kind = type(value).__name__
                raise ElementError(f"{self} has no form for a {kind}: {reason}", index=index) from error
            if type(data) is not bytes or not data:
                raise ElementError(
                    f"{self} encoded a {type(value).__name__} as {data!r}, not as one or more bytes",
                    index=index,
                )
            parts.append(data)
        return parts

    def decode_elements(self, parts: Sequence[bytes]) -> list[Any]:
        """Return the elements of encoded forms.

        Raises
        ------
        ElementError
            If some bytes are no element. Its index is that in `parts`.
        """
        values: list[Any] = []
        for index, data in enumerate(parts):
            try:
                values.append(self.decode(data) if data else None)
            except ElementError as error:
                raise ElementError(error.reason, index=index) from error
            except Exception as error:
                raise ElementError(f"{self} cannot decode {len(data)} bytes: {error}", index=index) from error
        return values

    def data_of(self, value: Any) -> bytes:
        """Return the encoded form of any element, None too."""
        try:
            return self.encode_elements([value])[0]
        except ElementError as error:
            raise ElementError(error.reason) from error

    def value_of(self, data: bytes) -> Any:
        """Return the element of any encoded form."""
        return self.decode_elements([data])[0]

    def stored_of(self, data: bytes) -> object:
        """Return the encoded form as an element of a chunk that is written in part."""
        return Stored(data)

    @property
    def may_decode(self) -> bool:
        """Whether elements may be decoded."""
        return True

    def trusted(self) -> ObjectType:
        """Return the type that decodes elements whose writer the caller trusts."""
        return self

    def stored_type(self) -> ObjectType:
        """Return the type that chunks have, whose elements are in arrays of objects."""
        return self

    def to_memory(self, values: ObjectArray) -> np.ndarray[Any, Any]:
        """Return elements of chunks in the array that the caller gets."""
        return values

    def from_memory(self, values: ObjectArray) -> ObjectArray:
        """Return elements that the caller has set as chunks have them."""
        return values

    def __str__(self) -> str:
        return self._zarr_v3_name

    # What zarr-python asks for

    @classmethod
    def from_native_dtype(cls, dtype: np.dtype[Any]) -> Self:
        raise DataTypeValidationError(f"{dtype} does not say that its elements are {cls._zarr_v3_name}")

    def to_native_dtype(self) -> np.dtype[Any]:
        return np.dtype(object)

    def configuration(self) -> dict[str, Any]:
        """Return the configuration in the metadata: the fields of the type."""
        return {name: getattr(self, name) for name in self._settings()}

    @classmethod
    def _settings(cls) -> list[str]:
        return [field.name for field in dataclasses.fields(cls)]

    @classmethod
    def _from_json_v3(cls, data: object) -> Self:
        name, configuration = named(data)
        if name != cls._zarr_v3_name:
            raise DataTypeValidationError(f"{short(data)} is not {cls._zarr_v3_name!r}")
        return cls.from_configuration(configuration)

    @classmethod
    def from_configuration(cls, configuration: Mapping[str, Any]) -> Self:
        """Return the type with this configuration.

        Raises
        ------
        ValueError
            If the configuration does not fit.
        """
        if unknown := set(configuration) - set(cls._settings()):
            raise ValueError(f"the data type {cls._zarr_v3_name!r} has no setting {short(sorted(unknown))}")
        try:
            return cls(**configuration)
        except (TypeError, KeyError, AttributeError, OverflowError) as error:
            raise ValueError(
                f"the data type {cls._zarr_v3_name!r} has no settings {short(configuration)}: {error}"
            ) from error

    @classmethod
    def _from_json_v2(cls, _: object) -> Self:
        raise DataTypeValidationError(f"Zarr v2 has no data type {cls._zarr_v3_name!r}")

    def to_json(self, zarr_format: Literal[2, 3]) -> Any:
        if zarr_format == 2:
            raise ValueError(f"Zarr v2 has no data type {self._zarr_v3_name!r}; use zarr_format=3")
        configuration = self.configuration()
        if not configuration:
            return self._zarr_v3_name
        return {"name": self._zarr_v3_name, "configuration": configuration}

    def _check_scalar(self, data: object) -> bool:
        try:
            self.cast_scalar(data)
        except ElementError:
            return False
        return True

    def cast_scalar(self, data: object) -> Fill:
        if isinstance(data, Fill):
            return data if data.type == self and not data.stored else Fill(self, data.data)
        if isinstance(data, np.ndarray) and data.ndim == 0:
            data = data[()]
        return Fill(self, self.data_of(data))

    def default_scalar(self) -> Fill:
        return Fill(self, b"")

    def to_json_scalar(self, data: object, *, zarr_format: Literal[2, 3]) -> Any:
        return self.fill_to_json(self.cast_scalar(data).data)

    def from_json_scalar(self, data: Any, *, zarr_format: Literal[2, 3]) -> Fill:
        return Fill(self, self.fill_from_json(data))

    def fill_to_json(self, data: bytes) -> Any:
        """Return an encoded fill value as JSON: null, or base64."""
        return base64.standard_b64encode(data).decode("ascii") if data else None

    def fill_from_json(self, value: Any) -> bytes:
        """Return the encoded form of a fill value in the metadata."""
        return b"" if value is None else bytes_from_json(value)


def named(data: object) -> tuple[str | None, Mapping[str, Any]]:
    """Return the name and the configuration of a data type in the metadata; None if it is not one."""
    if isinstance(data, str):
        return data, {}
    if isinstance(data, Mapping) and set(data) <= {"name", "configuration"}:
        name, configuration = data.get("name"), data.get("configuration", {})
        if isinstance(name, str) and isinstance(configuration, Mapping):
            return name, configuration
    return None, {}


def bytes_from_json(value: object) -> bytes:
    """Return a fill value of bytes: base64, or a list of numbers as zarrs writes it.

    Raises
    ------
    ElementError
        If the value is neither.
    """
    try:
        if isinstance(value, str):
            return base64.b64decode(value, validate=True)
        if isinstance(value, list):
            return bytes(value)
    except (ValueError, TypeError):
        pass
    raise ElementError(
        f"a fill value of bytes is base64 or a list of numbers from 0 to 255, found {short(value)}"
    )


def short(value: object) -> str:
    """Return what is in metadata, which may be of any size and depth, for a message."""
    try:
        return reprlib.repr(value)
    except ValueError:
        # A number of very many digits.
        return f"a {type(value).__name__}"


# Bytes and text


class Bytes(ObjectType):
    """The elements of zarr-python's `VariableLengthBytes`."""

    def encode(self, value: Any) -> bytes:
        if isinstance(value, bytes | bytearray | memoryview):
            return bytes(value)
        raise ElementError(f"the data type bytes takes bytes, found a {type(value).__name__}")

    def decode(self, data: bytes) -> bytes:
        return data

    def encode_elements(self, values: Sequence[Any]) -> list[bytes]:
        # None is what NumPy leaves in new arrays; zarr-python stores it as no bytes, too.
        parts: list[bytes] = []
        for index, value in enumerate(values):
            if type(value) is bytes:
                parts.append(value)
            elif value is None:
                parts.append(b"")
            else:
                try:
                    parts.append(self.encode(value))
                except ElementError as error:
                    raise ElementError(error.reason, index=index) from None
        return parts

    def decode_elements(self, parts: Sequence[bytes]) -> list[Any]:
        return list(parts)

    def stored_of(self, data: bytes) -> object:
        return data

    def __str__(self) -> str:
        return "bytes"

    def to_json(self, zarr_format: Literal[2, 3]) -> Any:
        return "bytes"

    def fill_to_json(self, data: bytes) -> Any:
        return base64.standard_b64encode(data).decode("ascii")


class String(ObjectType):
    """Text in arrays of objects, for elements that may be absent."""

    object_codec_id: ClassVar[str] = "vlen-utf8"

    def encode(self, value: Any) -> bytes:
        if not isinstance(value, str):
            raise ElementError(f"the data type string takes str, found a {type(value).__name__}")
        try:
            return value.encode()
        except UnicodeEncodeError as error:
            raise ElementError(f"a str with a lone surrogate is no text: {error}") from error

    def decode(self, data: bytes) -> str:
        return data.decode()

    def encode_elements(self, values: Sequence[Any]) -> list[bytes]:
        return each(self.encode, values)

    def decode_elements(self, parts: Sequence[bytes]) -> list[Any]:
        try:
            return [data.decode() for data in parts]
        except UnicodeDecodeError as error:
            index = next(index for index, data in enumerate(parts) if not _is_utf8(data))
            raise ElementError(f"the bytes are no UTF-8: {error}", index=index) from error

    def __str__(self) -> str:
        return "string"

    def to_json(self, zarr_format: Literal[2, 3]) -> Any:
        return "string"

    def fill_to_json(self, data: bytes) -> Any:
        return data.decode()

    def fill_from_json(self, value: Any) -> bytes:
        if not isinstance(value, str):
            raise ElementError(f"a fill value of text is a string, found {short(value)}")
        return self.encode(value)


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


# They are not registered under these names, which are those of zarr-python's types.
Bytes._zarr_v3_name, String._zarr_v3_name = "bytes", "string"

BYTES = Bytes()
STRING = String()


def object_type_of(dtype: object) -> ObjectType | None:
    """Return the type of the objects of a data type of zarr-python, or None if it has others."""
    if isinstance(dtype, ObjectType):
        return dtype
    return BYTES if isinstance(dtype, VariableLengthBytes) else None


# Absence


class _Absent:
    """Says that no value was given. There is one, also after copying and in other processes."""

    def __reduce__(self) -> str:
        return "ABSENT"

    def __repr__(self) -> str:
        return "ABSENT"


ABSENT: Any = _Absent()


@dataclass(frozen=True, kw_only=True)
class Optional(ObjectType):
    """Elements of another type that may be absent: None, or an element.

    Its name is `zarrs.optional`, which zarrs and zarr-vlen read. A chunk is stored as a mask and the elements
    that are there.

    Parameters
    ----------
    inner : ObjectType, optional
        The type of the elements that are there. Text by default.
    na_object : object, optional
        What stands for an absent element in arrays of NumPy's StringDType. By default arrays have objects,
        and None. The metadata does not keep it.
    """

    _zarr_v3_name: ClassVar[str] = "zarrs.optional"
    object_codec_id: ClassVar[str] = "vlen-utf8"
    inner: ObjectType = STRING
    na_object: Any = ABSENT

    def __post_init__(self) -> None:
        super().__post_init__()
        inner, depth = self.inner, 2
        while isinstance(inner, Optional):
            inner, depth = inner.inner, depth + 1
        if depth > MAXIMUM_DEPTH:
            raise ValueError(f"data types are nested at most {MAXIMUM_DEPTH} deep, found {depth}")
        if self.na_object is not ABSENT and self.inner != STRING:
            raise ValueError(f"only text has an na_object, not {self.inner}")

    def to_native_dtype(self) -> np.dtype[Any]:
        if self.na_object is ABSENT:
            return super().to_native_dtype()
        return np.dtypes.StringDType(na_object=self.na_object)

    def stored_type(self) -> ObjectType:
        return self if self.na_object is ABSENT else Optional(inner=self.inner)

    def to_memory(self, values: ObjectArray) -> np.ndarray[Any, Any]:
        if self.na_object is ABSENT:
            return values
        texts = np.empty(values.shape, self.to_native_dtype())
        absent = _mask(values, lambda value: value is None)
        texts[...] = np.where(absent, "", values)
        texts[absent] = self.na_object
        return texts

    def from_memory(self, values: ObjectArray) -> ObjectArray:
        if self.na_object is ABSENT:
            return values
        changed = values.copy()
        # NaN is not equal to itself.
        changed[_mask(values, lambda value: value is self.na_object or value != value)] = None
        return changed

    def encode(self, value: Any) -> bytes:
        return b"\1" + self.inner.data_of(value)

    def decode(self, data: bytes) -> Any:
        return self.inner.value_of(data[1:]) if data[0] else None

    def encode_elements(self, values: Sequence[Any]) -> list[bytes]:
        parts = iter(self.inner.encode_elements([value for value in values if value is not None]))
        return [b"\0" if value is None else b"\1" + next(parts) for value in values]

    def stored_of(self, data: bytes) -> object:
        return self.inner.stored_of(data[1:]) if data[0] else None

    @property
    def may_decode(self) -> bool:
        return self.inner.may_decode

    def trusted(self) -> ObjectType:
        inner = self.inner.trusted()
        return self if inner is self.inner else replace(self, inner=inner)

    @classmethod
    def _from_json_v3(cls, data: object) -> Self:
        name, configuration = named(data)
        if name not in ("zarrs.optional", "optional"):
            raise DataTypeValidationError(f"{short(data)} is not 'zarrs.optional'")
        inner, settings = named(configuration)
        if inner is None:
            raise ValueError(f"the data type {name!r} has no inner data type: {short(data)}")
        level: object = data
        for _ in range(MAXIMUM_DEPTH):
            name, level = named(level)
            if name not in ("zarrs.optional", "optional"):
                break
        else:
            raise ValueError(f"data types are nested more than {MAXIMUM_DEPTH} deep")
        return cls(inner=inner_type({"name": inner, "configuration": settings} if settings else inner))

    def to_json(self, zarr_format: Literal[2, 3]) -> Any:
        if zarr_format == 2:
            return super().to_json(zarr_format)
        name, configuration = named(self.inner.to_json(3))
        # zarrs requires both, even without settings.
        return {"name": self._zarr_v3_name, "configuration": {"name": name, "configuration": configuration}}

    def __str__(self) -> str:
        return f"optional {self.inner}"

    def default_scalar(self) -> Fill:
        return Fill(self, b"\0")

    def fill_to_json(self, data: bytes) -> Any:
        return [self.inner.fill_to_json(data[1:])] if data[0] else None

    def fill_from_json(self, value: Any) -> bytes:
        if value is None:
            return b"\0"
        if isinstance(value, list) and len(value) == 1:
            return b"\1" + self.inner.fill_from_json(value[0])
        raise ElementError(f"a fill value of {self} is null or a list of one value, found {short(value)}")


def _mask(values: ObjectArray, condition: Callable[[Any], bool]) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Return where a condition holds."""
    return np.fromiter(map(condition, values.ravel().tolist()), bool, values.size).reshape(values.shape)


def inner_type(dtype: object) -> ObjectType:
    """Return the type of objects that `dtype` names.

    Raises
    ------
    ValueError
        If there is none.
    """
    if isinstance(dtype, str | type):
        if dtype in ("bytes", "variable_length_bytes", "binary", bytes):
            return BYTES
        if dtype in ("string", "str", str):
            return STRING
    if isinstance(dtype, str | Mapping):
        dtype = data_type_registry.match_json(dtype, zarr_format=3)
    if (found := object_type_of(dtype)) is None:
        raise ValueError(
            f"zarr_vlen has no optional {dtype}; the inner type is bytes, string, json, or an object type"
        )
    return found


def optional(dtype: Any, *, na_object: Any = ABSENT) -> Optional:
    """Return the data type of elements that may be absent.

    Parameters
    ----------
    dtype : str or ObjectType
        "bytes", "string", "json", or a type of objects.
    na_object : object, optional
        For text: what stands for an absent element. Arrays then have NumPy's StringDType, not objects. The
        metadata does not keep it; give it to `zarr_vlen.open`, too.

    Returns
    -------
    Optional
        The data type, for `zarr.create_array(dtype=…)`. Its elements are None or those of `dtype`.

    Raises
    ------
    ValueError
        If elements of `dtype` cannot be absent.

    Examples
    --------
    >>> import zarr
    >>> z = zarr.create_array({}, shape=(3,), dtype=optional("string"))
    >>> z[:2] = ["", "a"]
    >>> z[:].tolist()
    ['', 'a', None]
    """
    return Optional(inner=inner_type(dtype), na_object=na_object)


# Types of the user


class _FunctionType(ObjectType):
    """A data type of two functions."""

    _functions: ClassVar[tuple[Callable[[Any], bytes], Callable[[bytes], Any]]]
    _configuration: ClassVar[Mapping[str, Any]]

    def encode(self, value: Any) -> bytes:
        return self._functions[0](value)

    def decode(self, data: bytes) -> Any:
        return self._functions[1](data)

    def configuration(self) -> dict[str, Any]:
        return dict(self._configuration)

    @classmethod
    def from_configuration(cls, configuration: Mapping[str, Any]) -> Self:
        if dict(configuration) != dict(cls._configuration):
            raise ValueError(
                f"the data type {cls._zarr_v3_name!r} has the configuration {dict(cls._configuration)} here, "
                f"found {short(dict(configuration))}"
            )
        return cls()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _FunctionType) and self.to_json(3) == other.to_json(3)

    def __hash__(self) -> int:
        return hash(self._zarr_v3_name)

    def __reduce__(self) -> tuple[Any, ...]:
        return object_type, (self._zarr_v3_name, *self._functions, dict(self._configuration))


def object_type(
    name: str,
    encode: Callable[[Any], bytes],
    decode: Callable[[bytes], Any],
    configuration: Mapping[str, Any] | None = None,
) -> ObjectType:
    """Make a data type of two functions, and register it.

    An array of this type opens wherever the type has been made, also in other processes. Subclass
    `ObjectType` for a type with settings.

    Parameters
    ----------
    name : str
        The name in the metadata: lower-case letters, digits, `-`, `_` and `.`. Begin with the name of your
        project.
    encode : callable
        Returns the bytes of an element, one or more. None does not come here: it is the absence of an
        element.
    decode : callable
        Returns the element of these bytes.
    configuration : mapping, optional
        What is in the metadata beside the name. An array with another configuration is not opened.

    Returns
    -------
    ObjectType
        The data type, for `zarr.create_array(dtype=…)`.

    Raises
    ------
    ValueError
        If the name is none, or that of a data type that was not made by this function, or if JSON has no such
        configuration.

    Examples
    --------
    >>> import zarr
    >>> numbers = object_type("example.complex", lambda z: str(z).encode(), lambda d: complex(d.decode()))
    >>> z = zarr.create_array({}, shape=(2,), dtype=numbers)
    >>> z[0] = 1 + 2j
    >>> z[:].tolist()
    [(1+2j), None]
    """
    if not isinstance(name, str) or not re.fullmatch(r"[a-z][a-z0-9-_.]+", name):
        raise ValueError(
            f"a data type's name is lower-case letters, digits, '-', '_' and '.', found {name!r}"
        )
    taken = data_type_registry.contents.get(name)
    if name == "bytes" or (taken is not None and not issubclass(taken, _FunctionType)):
        raise ValueError(f"there is a data type {name!r} already; take a name of your own, such as my.{name}")
    if not callable(encode) or not callable(decode):
        raise TypeError("encode and decode are functions")
    try:
        json.dumps(configuration, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"a configuration is what JSON has, found {short(configuration)}: {error}"
        ) from error
    if not isinstance(configuration, Mapping | None):
        raise TypeError(f"a configuration is a dictionary, found {short(configuration)}")
    functions = (encode, decode)
    cls = type(
        "FunctionType",
        (_FunctionType,),
        {"_functions": functions, "_configuration": dict(configuration or {})},
        name=name,
    )
    made: ObjectType = cls()
    return made
