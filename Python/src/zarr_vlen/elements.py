"""Elements in NumPy arrays of objects, none of them taken apart or broadcast."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["ElementError", "element", "objects"]

type ObjectArray = npt.NDArray[np.object_]


class ElementError(ValueError, TypeError):
    """An element that a data type cannot store, or cannot read.

    Parameters
    ----------
    reason : str
        What is wrong, with the type that was found.
    index : int or tuple of int, optional
        Where the element is: in the array, or in the elements that were given.
    path : str, optional
        Where the array is.

    Attributes
    ----------
    reason : str
        What is wrong.
    index : int or tuple of int or None
        Where the element is.
    path : str or None
        Where the array is, if an array was read or written whole.
    """

    def __init__(
        self, reason: str, *, index: int | tuple[int, ...] | None = None, path: str | None = None
    ) -> None:
        message = reason if index is None else f"element {index}: {reason}"
        super().__init__(message if path is None else f"{path}: {message}")
        self.reason = reason
        self.index = index
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return _element_error, (self.reason, self.index, self.path)


def _element_error(reason: str, index: int | tuple[int, ...] | None, path: str | None) -> ElementError:
    return ElementError(reason, index=index, path=path)


def each[T, R](convert: Callable[[T], R], values: Iterable[T]) -> list[R]:
    """Convert elements one by one; an error has the index of its element."""
    converted: list[R] = []
    for index, value in enumerate(values):
        try:
            converted.append(convert(value))
        except ElementError as error:
            raise ElementError(error.reason, index=index) from error
    return converted


def from_values(values: Iterable[object], count: int) -> ObjectArray:
    """Return the values as an array of one dimension, each value an element."""
    return np.fromiter(values, object, count)


def element(value: object) -> ObjectArray:
    """Mark a value as one element.

    Zarr-python takes a list for a list of elements. Use this where you mean a list that is one element, for
    instance one that fills a region.

    Parameters
    ----------
    value : object
        The element.

    Returns
    -------
    ndarray of object, shape ()
        The element in an array of no dimensions.

    Examples
    --------
    >>> element([1, 2]).shape
    ()
    """
    return from_values((value,), 1).reshape(())


def objects(values: Iterable[object], shape: Sequence[int] | None = None) -> ObjectArray:
    """Return an array of objects, none of them taken apart.

    Parameters
    ----------
    values : iterable of object
        The elements in C order.
    shape : sequence of int, optional
        The shape of the array. One dimension by default.

    Returns
    -------
    ndarray of object, shape `shape` or (len(values),)
        The elements.

    Raises
    ------
    ValueError
        If the shape has another number of elements.

    Examples
    --------
    >>> objects([[1, 2], [3, 4]]).shape
    (2,)
    """
    values = list(values)
    array = from_values(values, len(values))
    return array if shape is None else array.reshape(tuple(shape))


def nested(values: Sequence[object], shape: tuple[int, ...]) -> ObjectArray:
    """Return the elements in lists that are nested as deeply as the shape has dimensions.

    Raises
    ------
    ValueError
        If a list has another length than its dimension.
    """
    level: Sequence[Any] = [values]
    for axis, length in enumerate(shape):
        for items in level:
            if not isinstance(items, list | tuple) or len(items) != length:
                found = f"{len(items)}" if isinstance(items, list | tuple) else f"a {type(items).__name__}"
                raise ValueError(
                    f"a region of shape {shape} takes lists of {length} in dimension {axis}, found {found}; "
                    "zarr_vlen.element(value) is one value for all elements"
                )
        level = list(chain.from_iterable(level))
    return from_values(level, len(level)).reshape(shape)


def shape_of(values: object, dimensions: int) -> tuple[int, ...]:
    """Return the lengths of lists that are nested `dimensions` deep, by the first list of each depth."""
    shape: list[int] = []
    for _ in range(dimensions):
        if not isinstance(values, list | tuple):
            raise ValueError(f"lists nested {dimensions} deep are needed, found a {type(values).__name__}")
        shape.append(len(values))
        if not values:
            break
        values = values[0]
    return tuple(shape) + (0,) * (dimensions - len(shape))


def arranged(value: object, shape: tuple[int, ...]) -> ObjectArray:
    """Return what is assigned to a region as an array of elements.

    Parameters
    ----------
    value : object
        An array of the region's shape; lists nested as deeply as the region has dimensions; or one element. A
        region of no dimensions takes any value as its element.
    shape : tuple of int
        The shape of the region.

    Returns
    -------
    ndarray of object, shape `shape` or ()
        The elements, or one that fills the region.

    Raises
    ------
    ValueError
        If the value has another shape.
    """
    if isinstance(value, np.ndarray) and value.ndim == 0:
        return value if value.dtype.hasobject else element(value[()])
    if shape == () or isinstance(value, str | bytes | bytearray | memoryview | Mapping | np.generic):
        return element(value)
    if isinstance(value, list | tuple):
        return nested(value, shape)
    if isinstance(value, np.ndarray) or hasattr(value, "__array__"):
        array = np.asarray(value)
        if array.shape != shape:
            raise ValueError(
                f"a region of shape {shape} takes elements of that shape, found {array.shape}; "
                "zarr_vlen.objects(values, shape) makes an array of elements that are arrays"
            )
        return array.astype(object, copy=False)
    if isinstance(value, range):
        return nested(list(value), shape)
    return element(value)


class Stored:
    """An element in its encoded form.

    Where part of a chunk is written, the rest of it stays as it is stored.
    """

    __slots__ = ("data",)

    def __init__(self, data: bytes) -> None:
        self.data = data
