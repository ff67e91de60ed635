"""Settings of new arrays, found by trying."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Literal

from zarr.dtype import parse_dtype

from zarr_vlen.arguments import choice
from zarr_vlen.bulk import kind_of, shape_of_rows, sources_of, usual_dtype
from zarr_vlen.failures import checked

if TYPE_CHECKING:
    from zarr_vlen._native import Source

__all__ = ["tune"]

type Goal = Literal["balanced", "read", "write", "size", "random"]
type StoreSpeed = Literal["drive", "network", "memory"]

_GOALS = {"read": 0, "write": 1, "size": 2, "random": 3, "balanced": 4}
_STORE_SPEEDS = {"drive": 0, "network": 1, "memory": 2}

# The bytes that are taken from a sample that need not end.
_MOST = 64 << 20


def tune(
    sample: Any, *, dtype: Any = None, goal: Goal = "balanced", store_speed: StoreSpeed = "drive"
) -> dict[str, Any]:
    """Find settings for an array of elements like these.

    The engine tries chunks of 16 KiB to 2 MiB, the small ones in shards, with compressors that zarr-python
    has: Zstandard at levels 1, 3 and 9, Blosc with LZ4, and none, each with a CRC-32C. It does so in memory,
    with up to 2 MiB from all over the sample, for about a second.

    Parameters
    ----------
    sample : array, sequence or iterable
        Elements like those that you will store, ideally some MiB, as for `write`. An array of NumPy of
        several dimensions gives settings for as many. At most 64 MiB of an iterable are taken.
    dtype : str or ObjectType, optional
        The data type. By default as for `write`.
    goal : {"balanced", "read", "write", "size", "random"}, optional
        What matters most: speed and size in balance, the fastest read of everything, the fastest write, the
        smallest result, or the fastest read of single elements.
    store_speed : {"drive", "network", "memory"}, optional
        How fast the store is: a solid-state drive (1 GB/s, and 0.1 ms for each request), a file server or an
        object store (100 MB/s and 20 ms), or one that costs no time.

    Returns
    -------
    dict
        `dtype`, `chunks`, `shards`, `compressors`, `filters` and `serializer`, as `zarr.create_array` takes
        them, and `write` and `Appender`. Codecs are as metadata has them.

    Raises
    ------
    ElementError
        If the data type does not have one of the elements, with its index.
    ValueError
        If there is no such goal or speed, or if elements of the data type have one size.

    Examples
    --------
    >>> settings = tune([f"line {number}" for number in range(10_000)], goal="size")
    >>> settings["dtype"], settings["compressors"][0]["name"]
    ('string', 'zstd')
    """
    from zarr_vlen import _native

    choice("goal", goal, _GOALS)
    choice("store_speed", store_speed, _STORE_SPEEDS)
    kind = None if dtype is None else kind_of(parse_dtype(dtype, zarr_format=3))
    sources: list[Source] = []
    taken = 0
    for source in sources_of(sample, kind):
        sources.append(source)
        taken += source.byte_count
        if taken > _MOST:
            break
    if dtype is None:
        dtype = usual_dtype(sources)
        kind = kind_of(parse_dtype(dtype, zarr_format=3))
    assert kind is not None
    text = checked(
        _native.tune,
        sources,
        kind.is_text,
        _GOALS[goal],
        _STORE_SPEEDS[store_speed],
        (0, *shape_of_rows(sample)),
    )
    return {"dtype": dtype, **_settings(json.loads(text)), "filters": None, "serializer": "auto"}


def _settings(metadata: dict[str, Any]) -> dict[str, Any]:
    """Return the chunks, shards and compressors of an array in Zarr v3."""
    chunks = tuple(metadata["chunk_grid"]["configuration"]["chunk_shape"])
    codecs = metadata["codecs"]
    shards = None
    if codecs[0]["name"] == "sharding_indexed":
        shards, inner = chunks, codecs[0]["configuration"]
        chunks, codecs = tuple(inner["chunk_shape"]), inner["codecs"]
    # The serializer comes first.
    return {"chunks": chunks, "shards": shards, "compressors": codecs[1:]}
