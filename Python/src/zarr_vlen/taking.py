"""Many elements at random: lists of places, and batches in random order."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import zarr

from zarr_vlen.arguments import check_progress, seconds, truth, whole
from zarr_vlen.bulk import _check_form, _is_text, _of_column, _of_numpy, _opened, _Work, kind_of
from zarr_vlen.failures import UnknownError
from zarr_vlen.urls import StorageOptions, store_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zarr_vlen.bulk import Form, _Kind

__all__ = ["RandomBatches", "Reader", "take"]

# Reads of no more elements are short.
_SHORT = 1024


def take(
    store: Any,
    indices: Any,
    *,
    path: str = "",
    as_: Form = "numpy",
    progress: Any = None,
    storage_options: StorageOptions | None = None,
) -> Any:
    """Read the elements at some places, in the order in which you list them.

    However they are ordered, each chunk is fetched and decoded once, on all cores, and without Python's
    global lock. To take again and again from one array, open a `Reader`, which need not open the array each
    time and can keep decoded chunks.

    Parameters
    ----------
    store : store, URL, path or dict
        Where the array is.
    indices : sequence of int, ndarray, or tuple of these
        The indices; for an array of several dimensions a tuple with a list for each dimension, all of one
        length. A negative index counts from the end. An index may come more than once. An array of bool is a
        mask.
    path : str, optional
        The path in the store. The default is the root.
    as_ : {"numpy", "arrow", "list"}, optional
        What is returned, as for `read`, in one dimension.
    progress : object with update(n), optional
        Is told of elements that were read.
    storage_options : StorageOptions, optional
        How a store is reached that has a URL.

    Returns
    -------
    ndarray, pyarrow.Array or list
        The elements, one for each index.

    Raises
    ------
    FileNotFoundError, ChunkError
        As for `read`.
    IndexError
        If an index is outside of the array; it says which one.
    ValueError
        If the array has elements of one size.

    Examples
    --------
    >>> from zarr_vlen import write
    >>> z = write("names.zarr", ["Ada", "Grace", "Joan"], overwrite=True)
    >>> take("names.zarr", [2, 0, -1], as_="list")
    ['Joan', 'Ada', 'Joan']
    """
    with Reader(store, path=path, storage_options=storage_options) as reader:
        return reader.take(indices, as_=as_, progress=progress)


class Reader:
    """An array that is open, for many short reads at random.

    Parameters
    ----------
    store : store, URL, path or dict
        Where the array is.
    path : str, optional
        The path in the store. The default is the root.
    cache_bytes : int, optional
        The most memory for decoded chunks, which are kept for later reads. By default none are.
    check_seconds : float, optional
        How long what is kept of a stored value is relied on, without asking the store whether it was
        replaced. By default the store is asked at each read, once for each file. Arrays that do not change
        can be relied on for long.
    storage_options : StorageOptions, optional
        How a store is reached that has a URL.

    Raises
    ------
    FileNotFoundError
        If there is no array.
    ValueError
        If the array has elements of one size.

    Examples
    --------
    >>> from zarr_vlen import write
    >>> z = write("names.zarr", ["Ada", "Grace", "Joan"], overwrite=True)
    >>> with Reader("names.zarr", cache_bytes=1 << 30) as names:
    ...     names[1], names.take([2, 0], as_="list")
    ('Grace', ['Joan', 'Ada'])
    """

    def __init__(
        self,
        store: Any,
        *,
        path: str = "",
        cache_bytes: int = 0,
        check_seconds: float = 0.0,
        storage_options: StorageOptions | None = None,
    ) -> None:
        cache_bytes = whole("cache_bytes", cache_bytes)
        check_seconds = seconds("check_seconds", check_seconds)
        store, _ = store_of(store, storage_options, read_only=True)
        self._settings = (store, path, cache_bytes, check_seconds)
        self._is_closed = False
        self._array = _opened(store, path, "r")
        self._kind: _Kind = kind_of(self._array.metadata.dtype)
        self._work: _Work | None
        try:
            self._work = _Work(self._array, cache=(cache_bytes, check_seconds))
        except UnknownError:
            self._work = None

    def __enter__(self) -> Reader:
        self._check_open()
        return self

    def __exit__(self, *failure: object) -> None:
        self.close()

    def __reduce__(self) -> tuple[Any, ...]:
        # Another process opens it anew.
        store, path, cache_bytes, check_seconds = self._settings
        return _reader, (store, path, cache_bytes, check_seconds)

    def close(self) -> None:
        """Give back what is kept, and end reading. Does nothing the second time."""
        self._is_closed = True
        self._work = None

    def _check_open(self) -> None:
        if self._is_closed:
            raise ValueError("the reader is closed")

    @property
    def shape(self) -> tuple[int, ...]:
        """The number of elements along each dimension."""
        return tuple(self._array.shape)

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError("an array without dimensions has no length")
        return self.shape[0]

    def __getitem__(self, index: int | tuple[int, ...]) -> Any:
        """Return one element.

        Raises
        ------
        IndexError
            If there is no such element.
        ValueError
            If the reader is closed.
        """
        places = index if isinstance(index, tuple) else (index,)
        return self.take(tuple([place] for place in places), as_="list")[0]

    def __getitems__(self, indices: list[int]) -> list[Any]:
        """Return several elements at once, as a `DataLoader` of torch asks for a batch."""
        elements: list[Any] = self.take(indices, as_="list")
        return elements

    def take(self, indices: Any, *, as_: Form = "numpy", progress: Any = None) -> Any:
        """Read the elements at some places, as `zarr_vlen.take` does.

        Parameters
        ----------
        indices, as_, progress
            As for `zarr_vlen.take`.

        Returns
        -------
        ndarray, pyarrow.Array or list
            The elements, one for each index.

        Raises
        ------
        IndexError
            If an index is outside of the array; it says which one.
        ValueError
            If the reader is closed.
        """
        self._check_open()
        _check_form(as_)
        check_progress(progress)
        places = _places(indices, self.shape)
        if self._work is None:
            selection = tuple(places) if len(places) != 1 else places[0]
            values = zarr.Array(self._array).vindex[selection]
            return _of_numpy(np.asarray(values).reshape(places.shape[1]), self._kind, as_)
        work = self._work
        count = places.shape[1]
        column = work.following(
            progress,
            work.array.take,
            places,
            count,
            _is_text(self._kind, as_),
            work.monitor,
            is_short=count <= _SHORT,
        )
        return _of_column(
            column, self._kind, (len(column),), as_, work, lambda number: tuple(places[:, number])
        )


def _reader(store: Any, path: str, cache_bytes: int, check_seconds: float) -> Reader:
    return Reader(store, path=path, cache_bytes=cache_bytes, check_seconds=check_seconds)


def _places(indices: Any, shape: tuple[int, ...]) -> npt.NDArray[np.int64]:
    """Return a row of places for each dimension, all inside of an array."""
    if isinstance(indices, np.ndarray) and indices.dtype == bool:
        if indices.shape != shape:
            raise IndexError(f"a mask has the shape {indices.shape}, and the array {shape}")
        return np.asarray(np.nonzero(indices), np.int64).reshape(len(shape), -1)
    lists = indices if isinstance(indices, tuple) else (indices,)
    if len(lists) != len(shape):
        raise IndexError(f"there are indices for {len(lists)} of {len(shape)} dimensions")
    rows = []
    for number, (part, length) in enumerate(zip(lists, shape, strict=True)):
        row = np.asarray(part)
        if row.size == 0:
            row = row.astype(np.int64)
        if row.ndim != 1 or row.dtype.kind not in "iu":
            found = f"{row.dtype} of the shape {row.shape}" if row.ndim else f"a {type(part).__name__}"
            raise IndexError(f"indices are whole numbers in a list or an array, found {found}")
        wrong = (row < -length) | (row >= length)
        if wrong.any():
            position = int(np.flatnonzero(wrong)[0])
            raise IndexError(
                f"index {row[position]}, at position {position} of the list for dimension {number}, is "
                f"outside of {length} elements"
            )
        row = row.astype(np.int64)
        rows.append(np.where(row < 0, row + length, row))
    if any(row.size != rows[0].size for row in rows):
        raise IndexError(
            f"the lists for the dimensions have {', '.join(str(row.size) for row in rows)} indices"
        )
    return np.ascontiguousarray(np.stack(rows)) if rows else np.zeros((0, 1), np.int64)


class RandomBatches:
    """Batches of all elements in random order, each element once, at the rate of reading in order.

    Blocks of neighbouring chunks, of about 512 KiB, are put into a random order. A window has the blocks that
    follow each other in it, about `window_bytes` of them, and its elements are put into a random order: each
    batch is drawn from places all over the array, and any element may come first. But all elements of a block
    come within one window, so that neighbours are in one batch more often than by chance. If elements that
    are alike stand together, widen the window, or shuffle them once when you store them. A window of the
    whole array gives every order with the same probability.

    The order follows from the seed, the epoch, the part, the sizes and the array, and from nothing else.
    While you work on a window, the next one is read, without Python's global lock; two are in memory.

    Iterating begins the epoch anew. For a `DataLoader` of torch with several workers, wrap it in an
    `IterableDataset` whose `__iter__` makes one with `part=(worker.id, worker.num_workers)`; with several
    processes of training, count the workers of all of them.

    Parameters
    ----------
    store : store, URL, path or dict
        Where the array is.
    batch_size : int
        The number of elements of a batch.
    path : str, optional
        The path in the store. The default is the root.
    seed : int, optional
        What the order follows from.
    epoch : int, optional
        Which pass through the array it is. Each has another order. You can set it before you iterate.
    part : tuple of int, optional
        Which part of the elements is drawn, and into how many they are divided. Parts have no element in
        common, and are of one size, or one element more.
    window_bytes : int, optional
        About how many bytes of elements a batch is drawn from. The default is 64 MiB.
    drop_last : bool, optional
        Whether the last batch is left out if it has fewer elements.
    as_ : {"list", "numpy", "arrow"}, optional
        What a batch is, as for `read`.
    with_indices : bool, optional
        Whether each batch is a pair of the elements and their indices in the array, counted in C order.
    storage_options : StorageOptions, optional
        How a store is reached that has a URL.

    Raises
    ------
    FileNotFoundError, ChunkError
        As for `read`.
    ValueError
        If the array has elements of one size, or a codec that only Python knows.

    Examples
    --------
    >>> from zarr_vlen import write
    >>> z = write("names.zarr", ["Ada", "Grace", "Joan"], overwrite=True)
    >>> batches = RandomBatches("names.zarr", 2, seed=1)
    >>> sorted(name for batch in batches for name in batch)
    ['Ada', 'Grace', 'Joan']
    """

    def __init__(
        self,
        store: Any,
        batch_size: int,
        *,
        path: str = "",
        seed: int = 0,
        epoch: int = 0,
        part: tuple[int, int] = (0, 1),
        window_bytes: int = 64 << 20,
        drop_last: bool = False,
        as_: Form = "list",
        with_indices: bool = False,
        storage_options: StorageOptions | None = None,
    ) -> None:
        _check_form(as_)
        self._place = (store_of(store, storage_options, read_only=True)[0], path)
        self.batch_size = batch_size
        self.seed = seed
        self.epoch = epoch
        self.part = part
        self.window_bytes = window_bytes
        self.drop_last = drop_last
        self._as = as_
        self._with_indices = truth("with_indices", with_indices)
        self._check()

    def _check(self) -> None:
        """Check what may be set at any time, and make it numbers of Python."""
        self.batch_size = whole("batch_size", self.batch_size, least=1)
        # Also hashes, which have a sign or 64 bits.
        self.seed = whole("seed", self.seed, least=-(2**63), most=2**64 - 1)
        self.epoch = whole("epoch", self.epoch)
        self.window_bytes = whole("window_bytes", self.window_bytes)
        self.drop_last = truth("drop_last", self.drop_last)
        try:
            number, count = self.part
        except (TypeError, ValueError) as error:
            raise TypeError(f"part is a pair such as (0, 4), found {self.part!r:.50}") from error
        number, count = whole("part[0]", number), whole("part[1]", count, least=1)
        if number >= count:
            raise ValueError(f"part is a number and how many there are, such as (0, 4), found {self.part}")
        self.part = number, count

    def __len__(self) -> int:
        """Return the number of batches."""
        self._check()
        array = _opened(*self._place, "r")
        index, parts = self.part
        total: int = prod(array.shape)
        count = total // parts + (index < total % parts)
        return count // self.batch_size if self.drop_last else -(-count // self.batch_size)

    def __iter__(self) -> Iterator[Any]:
        self._check()
        array = _opened(*self._place, "r")
        kind = kind_of(array.metadata.dtype)
        work = _Work(array)
        sampler = work.run(
            work.array.sampler,
            self.batch_size,
            self.seed % (1 << 64),
            self.epoch,
            *self.part,
            max(1, self.window_bytes),
            self.drop_last,
            _is_text(kind, self._as),
            work.monitor,
        )
        while (drawn := work.run(sampler.next)) is not None:
            column, indices = drawn
            drawn_from = np.frombuffer(indices, np.int64)

            def place_of(number: int, drawn_from: Any = drawn_from) -> tuple[Any, ...]:
                return np.unravel_index(drawn_from[number], array.shape)

            batch = _of_column(column, kind, (len(column),), self._as, work, place_of)
            yield (batch, drawn_from) if self._with_indices else batch
