"""Elements of stored values that are no boxes: steps, lists of places, and masks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["Room", "Scattered"]

type _Numbers = npt.NDArray[np.intp]


@dataclass(frozen=True)
class Scattered:
    """Elements of a value, in any order.

    Parameters
    ----------
    indices : tuple of ndarray
        For each dimension, the index of each element.
    shape : tuple of int
        The shape of the selection.
    """

    indices: tuple[_Numbers, ...]
    shape: tuple[int, ...]

    @classmethod
    def of(cls, selection: Sequence[Any], shape: tuple[int, ...]) -> Scattered | None:
        """Return the elements that zarr-python selects of a chunk, or None for a kind that it has not."""
        if len(selection) != len(shape):
            return None
        numbers: list[_Numbers] = []
        for part, length in zip(selection, shape, strict=True):
            if isinstance(part, slice):
                numbers.append(np.arange(*part.indices(length)))
            elif isinstance(part, int | np.integer):
                numbers.append(np.asarray(part))
            elif isinstance(part, np.ndarray) and part.dtype.kind in "iu":
                numbers.append(part.astype(np.intp, copy=False))
            else:
                return None
        if not any(isinstance(part, np.ndarray) and part.ndim for part in selection):
            # Each slice is a dimension of its own.
            result = tuple(part.size for part in numbers if part.ndim)
            numbers = list(np.ix_(*map(np.atleast_1d, numbers)))
        elif any(isinstance(part, slice) for part in selection):
            return None
        else:
            result = np.broadcast_shapes(*(part.shape for part in numbers))
        if any(
            part.size and (part.min() < 0 or part.max() >= n) for part, n in zip(numbers, shape, strict=True)
        ):
            return None
        return cls(tuple(part.ravel() for part in np.broadcast_arrays(*numbers)), result)

    def box(self) -> tuple[slice, ...]:
        """Return the smallest box that has all elements, of which there is one or more."""
        return tuple(slice(int(part.min()), int(part.max()) + 1) for part in self.indices)

    def within(self, box: tuple[slice, ...], place: int) -> tuple[_Numbers, ...]:
        """Return where the elements are in an array that has a box from row `place` on."""
        first, *others = (part - edge.start for part, edge in zip(self.indices, box, strict=True))
        return (first + place, *others)

    def divided(
        self, shape: tuple[int, ...], cell: tuple[int, ...] | None
    ) -> Iterator[tuple[_Numbers, Scattered]]:
        """Divide the elements into those of each cell of a grid.

        Yields
        ------
        places : ndarray
            Which of the elements are in the cell.
        elements : Scattered
            These elements.
        """
        count = self.indices[0].size
        if cell is None or count == 0:
            if count:
                yield np.arange(count), self
            return
        cells = tuple(part // length for part, length in zip(self.indices, cell, strict=True))
        counts = tuple(-(-length // side) for length, side in zip(shape, cell, strict=True))
        numbers = np.ravel_multi_index(cells, counts)
        order = np.argsort(numbers, kind="stable")
        edges = np.flatnonzero(np.diff(numbers[order])) + 1
        for places in np.split(order, edges):
            yield places, Scattered(tuple(part[places] for part in self.indices), (places.size,))


class Room:
    """Places for boxes in one array, one below the other."""

    def __init__(self) -> None:
        self._boxes: list[tuple[slice, ...]] = []
        self._count = 0

    def add(self, box: tuple[slice, ...]) -> tuple[int, tuple[slice, ...]]:
        """Return the first row of a box, and its places."""
        lengths = [edge.stop - edge.start for edge in box]
        first = self._count
        self._count += lengths[0]
        self._boxes.append(box)
        return first, (slice(first, self._count), *(slice(0, length) for length in lengths[1:]))

    def make(self, dtype: np.dtype[Any]) -> npt.NDArray[Any]:
        """Return an array that has room for all boxes."""
        sides = [[edge.stop - edge.start for edge in box[1:]] for box in self._boxes]
        return np.empty((self._count, *map(max, zip(*sides, strict=True))), dtype)
