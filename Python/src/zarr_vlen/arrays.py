"""Arrays and groups whose single elements are the objects themselves."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import zarr
from zarr.dtype import VariableLengthBytes

from zarr_vlen import _zarr
from zarr_vlen._hooks import changed, with_type
from zarr_vlen.arguments import truth
from zarr_vlen.elements import objects
from zarr_vlen.types import ABSENT, STRING, Optional, object_type_of, optional
from zarr_vlen.urls import StorageOptions, store_of

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable

__all__ = ["Array", "Group", "array", "open"]


class Array(zarr.Array[Any]):
    """An array whose `z[i]` is the element itself, not an array of no dimensions."""

    def __getitem__(self, selection: Any) -> Any:
        """Return elements.

        Parameters
        ----------
        selection : int, slice, array or tuple of them
            As in `zarr.Array`.

        Returns
        -------
        object or ndarray
            The element if the selection is one, and an array of the selection's shape otherwise.

        Raises
        ------
        IndexError
            If there is no such element.
        """
        return _item(super().__getitem__(selection))


def _item(result: Any) -> Any:
    return result[()] if isinstance(result, np.ndarray) and result.ndim == 0 else result


class Group(zarr.Group):
    """A group whose arrays are `Array`."""

    def _open(self, node: Any) -> Any:
        return _opened(node, self.__dict__.get("_way", _Way()))

    def __getitem__(self, path: str) -> Any:
        return self._open(super().__getitem__(path))

    def get(self, path: str, default: Any = None) -> Any:
        try:
            return self[path]
        except KeyError:
            return default

    def members(self, max_depth: int | None = 0, **options: Any) -> tuple[tuple[str, Any], ...]:
        return tuple((name, self._open(node)) for name, node in super().members(max_depth, **options))

    def arrays(self) -> Generator[tuple[str, Any], None]:
        for name, node in super().arrays():
            yield name, self._open(node)

    def array_values(self) -> Generator[Any, None]:
        for _, node in self.arrays():
            yield node

    def groups(self) -> Generator[tuple[str, zarr.Group], None]:
        for name, node in super().groups():
            yield name, self._open(node)

    def group_values(self) -> Generator[zarr.Group, None]:
        for _, node in self.groups():
            yield node

    def create_array(self, *arguments: Any, **options: Any) -> Any:
        return self._open(super().create_array(*arguments, **options))

    def create_group(self, name: str, **options: Any) -> Any:
        return self._open(super().create_group(name, **options))

    def require_group(self, name: str, **options: Any) -> Any:
        return self._open(super().require_group(name, **options))


def open(
    store: Any,
    *,
    mode: Any = None,
    trust: bool = False,
    raw: bool = False,
    na_object: Any = ABSENT,
    storage_options: StorageOptions | None = None,
    **options: Any,
) -> Any:
    """Open an array or a group, or make one.

    Parameters
    ----------
    store : store, URL, path or dict
        As in `zarr.open`, and as `URLStore` says, such as ``s3://bucket/prefix``. To write to an archive,
        make a `URLStore` yourself, which you can close.
    mode : {"r", "r+", "a", "w", "w-"}, optional
        As in `zarr.open`.
    trust : bool, optional
        Whether pickles are decoded. Decoding a pickle runs whatever code its writer has put into it.
    raw : bool, optional
        Whether elements are their encoded forms, as bytes. The array can then be read only.
    na_object : object, optional
        What stands for an absent element of optional text. Such arrays then have NumPy's StringDType.
    storage_options : StorageOptions, optional
        How a store is reached that has a URL.
    **options
        What else `zarr.open` takes.

    Returns
    -------
    Array or Group
        The node. A group's arrays are opened the same way.

    Raises
    ------
    FileNotFoundError
        If there is no such node, and the mode does not make one.

    Examples
    --------
    >>> store = {}
    >>> z = zarr.create_array(store, shape=(2,), dtype="json")
    >>> z[0] = {"a": [1, 2]}
    >>> open(store)[0]
    {'a': [1, 2]}
    """
    way = _Way(truth("trust", trust), truth("raw", raw), na_object)
    if mode is not None:
        options["mode"] = mode
    store, _ = store_of(store, storage_options, read_only=None if mode is None else mode == "r")
    return _opened(_zarr.opened(zarr.open, store, **options), way)


@dataclass(frozen=True)
class _Way:
    """How the arrays of a group are opened."""

    trust: bool = False
    raw: bool = False
    na_object: Any = ABSENT


def _opened(node: Any, way: _Way) -> Any:
    if isinstance(node, zarr.Group):
        group = Group(node._async_group)
        object.__setattr__(group, "_way", way)
        return group
    array = node.async_array
    kind = object_type_of(array.metadata.dtype)
    if kind is None or way == _Way():
        return Array(array)
    if way.raw:
        if array.metadata.zarr_format == 2 or isinstance(kind, Optional):
            raise ValueError(
                f"zarr_vlen.open(raw=True) takes Zarr v3 and no optional type, found {kind} "
                f"in {array.store_path}"
            )
        fill = kind.cast_scalar(array.metadata.fill_value).data
        metadata = changed(with_type(array.metadata, cast("Any", VariableLengthBytes())), fill_value=fill)
        path = type(array.store_path)(array.store_path.store.with_read_only(True), array.store_path.path)
    else:
        if way.trust:
            kind = kind.trusted()
        if way.na_object is not ABSENT and isinstance(kind, Optional) and kind.inner == STRING:
            kind = replace(kind, na_object=way.na_object)
        metadata, path = with_type(array.metadata, kind), array.store_path
    return Array(type(array)(metadata=metadata, store_path=path, config=array.config))


def array(
    data: Iterable[object],
    *,
    dtype: Any = None,
    shape: tuple[int, ...] | None = None,
    store: Any = None,
    storage_options: StorageOptions | None = None,
    **options: Any,
) -> Array:
    """Make an array of objects, and write them.

    Parameters
    ----------
    data : iterable of object, or ndarray of object
        The elements. A list is a list of elements, whatever they are.
    dtype : str or ObjectType, optional
        The data type. By default "string" if all elements are str, "bytes" if all are bytes, the optional
        type of either if some are None, and "json" otherwise.
    shape : tuple of int, optional
        The shape. By default that of `data`, or one dimension.
    store : store, URL, path or dict, optional
        Where the array is. By default in memory.
    storage_options : StorageOptions, optional
        How a store is reached that has a URL.
    **options
        What else `zarr.create_array` takes.

    Returns
    -------
    Array
        The array.

    Raises
    ------
    ElementError
        If the data type does not have one of the elements.

    Examples
    --------
    >>> z = array([[1, 2], {"a": 3}, None])
    >>> z[0]
    [1, 2]
    >>> array(["a", "b"]).metadata.data_type.to_json(3)
    'string'
    """
    values = data if isinstance(data, np.ndarray) else objects(data)
    if shape is not None:
        values = values.reshape(shape)
    if dtype is None:
        dtype = _type_for(values)
    store, made = store_of({} if store is None else store, storage_options, read_only=False)
    result = zarr.create_array(store, shape=values.shape, dtype=dtype, **options)
    if values.size:
        result[...] = values
    if made is not None:
        made.close()
    return Array(result.async_array)


def _type_for(values: Any) -> Any:
    types = set(map(type, values.ravel().tolist()))
    for kind, name in ((str, "string"), (bytes, "bytes")):
        if types and types <= {kind, type(None)} and kind in types:
            return optional(name) if type(None) in types else name
    return "json"
