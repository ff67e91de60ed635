"""Arbitrary Python objects, which are only decoded where the caller trusts them."""

from __future__ import annotations

import pickle
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

from zarr.abc.store import Store
from zarr.errors import PickleCodecDisabledError

from zarr_vlen.arguments import truth, whole
from zarr_vlen.types import ObjectType, short

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["Pickled", "UntrustedPickleError", "pickled", "trust"]


class UntrustedPickleError(PickleCodecDisabledError):
    """Pickles that nobody has said to trust.

    Examples
    --------
    >>> import zarr
    >>> z = zarr.create_array({}, shape=(1,), dtype=pickled())
    >>> z[0] = {1, 2}
    >>> try:
    ...     z[0]
    ... except UntrustedPickleError as error:
    ...     print(str(error).partition(",")[0])
    These elements are pickles
    >>> with trust(z):
    ...     z[0].item()
    {1, 2}
    """


@dataclass(frozen=True, kw_only=True)
class Pickled(ObjectType):
    """Arbitrary Python objects, each of them as a pickle.

    Parameters
    ----------
    protocol : int, optional
        The protocol of pickle. It is in the metadata.
    trust : bool, optional
        Whether elements are decoded. It is never in the metadata.
    """

    _zarr_v3_name: ClassVar[str] = "zarr_vlen.pickle"
    protocol: int = 5
    # Part of what types compare, since zarr-python keeps what it has made for an equal type.
    trust: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        if type(self.protocol) is not int or self.protocol < 0:
            raise ValueError(f"a protocol of pickle is a number from 0 on, found {short(self.protocol)}")

    @classmethod
    def _settings(cls) -> list[str]:
        return ["protocol"]

    def encode(self, value: Any) -> bytes:
        return _pickler().dumps(value, protocol=self.protocol)  # type: ignore[no-any-return]

    def decode(self, data: bytes) -> Any:
        self.check_trust()
        return pickle.loads(data)

    def decode_elements(self, parts: Sequence[bytes]) -> list[Any]:
        if any(parts):
            self.check_trust()
        return super().decode_elements(parts)

    def check_trust(self) -> None:
        """Check that elements may be decoded.

        Raises
        ------
        UntrustedPickleError
            If nobody has said so.
        """
        if not self.trust:
            raise UntrustedPickleError(
                "These elements are pickles, and decoding a pickle runs whatever code its writer has put "
                "into it. If you know who wrote this array, decode it with zarr_vlen.open(…, trust=True), or "
                "within `with zarr_vlen.trust(store):`. zarr_vlen.open(…, raw=True) gives the bytes of each "
                "element, of Zarr v3, which the module pickletools can show without running them."
            )

    @property
    def may_decode(self) -> bool:
        return self.trust

    def trusted(self) -> Self:
        return replace(self, trust=True)

    @classmethod
    def _from_json_v2(cls, data: object) -> Self:
        if data == {"name": "|O", "object_codec_id": "pickle"}:
            return cls()
        return super()._from_json_v2(data)

    def to_json(self, zarr_format: Any) -> Any:
        return (
            {"name": "|O", "object_codec_id": "pickle"} if zarr_format == 2 else super().to_json(zarr_format)
        )


def _pickler() -> Any:
    """Return cloudpickle, which also takes functions and classes of a notebook, or else pickle."""
    try:
        import cloudpickle  # type: ignore[import-untyped, import-not-found, unused-ignore]
    except ImportError:
        return pickle
    return cloudpickle


def pickled(*, protocol: int = 5, trust: bool = False) -> Pickled:
    """Return the data type of arbitrary Python objects.

    Anybody can write such an array. Reading it is refused unless you say that you trust its writer: for this
    array with `trust`, when it is opened with `zarr_vlen.open(…, trust=True)`, or within `trust(store)`.

    Parameters
    ----------
    protocol : int, optional
        The protocol of pickle.
    trust : bool, optional
        Whether the array that is made with this type decodes its elements. The metadata does not keep it.

    Returns
    -------
    Pickled
        The data type, for `zarr.create_array(dtype=…)`. Cloudpickle encodes the elements if it is installed.

    Raises
    ------
    ValueError
        If pickle has no such protocol.
    """
    protocol = whole("protocol", protocol, most=pickle.HIGHEST_PROTOCOL)
    return Pickled(protocol=protocol, trust=truth("trust", trust))


_trusted: ContextVar[tuple[tuple[Any, str], ...]] = ContextVar("zarr_vlen_trusted", default=())


@contextmanager
def trust(store: Any) -> Iterator[None]:
    """Decode the pickles of a store within a `with` statement.

    Decoding a pickle runs whatever code its writer has put into it. The trust holds for this thread and the
    asynchronous tasks that it starts, not for other threads. They trust for themselves, or use an array that
    `zarr_vlen.open(…, trust=True)` has opened.

    Parameters
    ----------
    store : array, group, store or path
        What is trusted, with everything inside of it.

    Examples
    --------
    >>> import zarr
    >>> store = {}
    >>> z = zarr.create_array(store, shape=(1,), dtype=pickled())
    >>> z[0] = {1, 2}
    >>> with trust(z):
    ...     z[:].tolist()
    [{1, 2}]
    """
    token = _trusted.set((*_trusted.get(), _place_of(store)))
    try:
        yield
    finally:
        _trusted.reset(token)


def is_trusted(store_path: Any) -> bool:
    """Whether the caller trusts what is at a path of a store."""
    trusted = _trusted.get()
    if not trusted:
        return False
    store, path = _place_of(store_path)
    return any(
        _is_same(store, other) and (not prefix or path == prefix or path.startswith(f"{prefix}/"))
        for other, prefix in trusted
    )


def _is_same(store: Any, other: Any) -> bool:
    return store is other or (type(store) is type(other) and bool(store == other))


def _place_of(value: Any) -> tuple[Any, str]:
    """Return a store and a path in it; for files only the path."""
    path = ""
    if hasattr(value, "store_path"):
        value = value.store_path
    if hasattr(value, "store") and hasattr(value, "path"):
        value, path = value.store, value.path
    if isinstance(value, dict):
        return _Dictionary(value), path
    mapping = getattr(value, "_store_dict", None)
    if isinstance(mapping, dict):
        return _Dictionary(mapping), path
    root = value if isinstance(value, str | Path) else getattr(value, "root", None)
    if isinstance(root, Path) or (isinstance(root, str) and "://" not in root):
        return None, f"{Path(root, path).resolve()}"
    if isinstance(value, str):
        raise TypeError(
            f"zarr_vlen.trust takes an array, a group, a store or a path, found the URL {value!r}"
        )
    if not isinstance(value, Store):
        raise TypeError(
            f"zarr_vlen.trust takes an array, a group, a store or a path, found a {type(value).__name__}"
        )
    return value, path


class _Dictionary:
    """A dictionary that is a store, compared by its identity."""

    def __init__(self, mapping: dict[str, Any]) -> None:
        self.mapping = mapping

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Dictionary) and self.mapping is other.mapping

    def __hash__(self) -> int:
        return id(self.mapping)
