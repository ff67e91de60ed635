"""Stores by URL: buckets, web servers and archives, which the engine reads and writes itself."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Iterable, Mapping
from copy import copy
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict

from zarr.abc.store import OffsetByteRequest, RangeByteRequest, Store, SuffixByteRequest
from zarr.core.buffer import Buffer

from zarr_vlen.failures import checked, translated
from zarr_vlen.threads import away, interruptible

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Callable
    from types import TracebackType
    from typing import Self

    from zarr.abc.store import ByteRequest
    from zarr.core.buffer import BufferPrototype

    from zarr_vlen import _native

__all__ = ["StorageOptions", "URLStore"]


class StorageOptions(TypedDict, total=False):
    """How a store is reached that has a URL.

    Buckets are reached as the AWS tools do it, by their environment and configuration, where there is no
    option.

    Attributes
    ----------
    endpoint : str
        The address of a server that speaks the protocol of S3, such as ``"http://127.0.0.1:9000"``.
    region, profile : str
        Those of the AWS tools.
    access_key, secret_key, session_token : str
        What requests are signed with.
    anonymous : bool
        Whether requests are not signed, for buckets that everybody may read.
    addressing : {"path", "virtual_host"}
        Where the bucket is in addresses. By default what suits the server.
    uses_checksums : bool
        Whether CRC-32C checksums are sent and compared. By default with AWS.
    is_shared : bool
        Whether other processes may write there at the same time, as by default. A server that does not
        compare conditions is then not written to where that would lose changes.
    lease_duration : float
        How long a lock is good without being renewed, in seconds. The default is 30.
    headers : dict of str to str
        Fields of every request to a web server.
    missing_statuses : iterable of int
        What a web server answers where there is no value. The default is 404 and 410.
    certificate_file : str or path
        The certificates to trust in, in place of those of the system.
    request_concurrency : int
        How many requests are in flight at a time. The default is 64.
    attempt_limit : int
        How often a request is made, the first time included. The default is 10.
    time_limit : float
        For how many seconds a request is tried. The default is 180.
    """

    endpoint: str
    region: str
    profile: str
    access_key: str
    secret_key: str
    session_token: str
    anonymous: bool
    addressing: str
    uses_checksums: bool
    is_shared: bool
    lease_duration: float
    headers: Mapping[str, str]
    missing_statuses: Iterable[int]
    certificate_file: str | os.PathLike[str]
    request_concurrency: int
    attempt_limit: int
    time_limit: float


class URLStore(Store):
    """A store of zarr-python that has a URL, whose bytes the engine moves.

    Python's global lock is not held while they move, and as many requests are in flight as the options say.
    With `zarr_vlen.enable`, arrays of bytes, text and objects are read and written by the engine alone.

    Parameters
    ----------
    url : str
        The place of an array or a group: ``s3://bucket/prefix``, ``https://host/path``, which can only be
        read, ``URL|zip:path`` for an archive there, or a path.
    storage_options : StorageOptions, optional
        How it is reached.
    read_only : bool, optional
        Whether the store can only be read. By default web servers and archives can.

    Raises
    ------
    ValueError
        If it is no URL, or there is no such option.
    FileNotFoundError
        If there is no such archive or directory to be read.
    OSError
        If the store cannot be opened. Buckets and web servers are not asked before something is read.

    Notes
    -----
    What is written to an archive is there once the store is closed. Use a `with` statement; if it ends with
    an exception, the archive stays as it was. Stores can be pickled, with their options.

    Examples
    --------
    >>> import zarr
    >>> with URLStore("names.zip|zip:", read_only=False) as store:
    ...     z = zarr.create_array(store, shape=(2,), dtype="string")
    ...     z[:] = ["Ada", "Grace"]
    >>> zarr.open_array(URLStore("names.zip|zip:"))[1].item()
    'Grace'
    """

    def __init__(
        self, url: str, *, storage_options: StorageOptions | None = None, read_only: bool | None = None
    ) -> None:
        from zarr_vlen import _native

        if not isinstance(url, str):
            raise TypeError(f"url is a text such as 's3://bucket/prefix', found a {type(url).__name__}")
        if read_only is None:
            read_only = bool(_ONLY_READ.match(url)) or Path(url).is_file()
        super().__init__(read_only=read_only)
        self._url = url
        pairs = _pairs(storage_options or {})
        self._options: StorageOptions = {**(storage_options or {})}
        _find_certificates()
        self._is_writable = not read_only
        self._finishes = False
        monitor = _native.Monitor()
        self.engine_store: _native.Store = interruptible(
            monitor, checked, _native.Store, url, pairs, self._is_writable, monitor
        )
        self._finishes = self.engine_store.has_to_be_finished

    def __reduce__(self) -> tuple[Any, ...]:
        return _made, (self._url, self._options, self.read_only)

    def __eq__(self, value: object) -> bool:
        return (
            isinstance(value, URLStore)
            and (self._url, self._options) == (value._url, value._options)
            and self.read_only == value.read_only
        )

    def __str__(self) -> str:
        return self.engine_store.location

    def __repr__(self) -> str:
        return f"URLStore('{self}')"

    def with_read_only(self, read_only: bool = False) -> Self:
        if not read_only and not self._is_writable:
            return type(self)(self._url, storage_options=self._options, read_only=False)
        same = copy(self)
        same._read_only = read_only
        same._finishes = False
        return same

    def __copy__(self) -> Self:
        made = object.__new__(type(self))
        made.__dict__.update(self.__dict__)
        return made

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if exc_type is not None:
            self._finishes = False
        self.close()

    def close(self) -> None:
        """Close the store, and have an archive that was written take its place.

        Raises
        ------
        OSError
            If that fails, also since another writer has replaced the archive meanwhile.
        """
        if self._finishes:
            from zarr_vlen import _native

            monitor = _native.Monitor()
            interruptible(monitor, checked, self.engine_store.finish, monitor)
            self._finishes = False
        super().close()

    # Reading

    async def get(
        self, key: str, prototype: BufferPrototype, byte_range: ByteRequest | None = None
    ) -> Buffer | None:
        match byte_range:
            case None:
                first, count = 0, -1
            case RangeByteRequest(start, end):
                first, count = start, max(0, end - start)
            case OffsetByteRequest(offset):
                first, count = offset, -1
            case SuffixByteRequest(suffix):
                first, count = -1, suffix
            case _:
                raise ValueError(f"Unexpected byte_range, got {byte_range!r}")
        found = await _call(self.engine_store.get, key, first, count)
        return None if found is None else prototype.buffer.from_bytes(memoryview(found[1]))

    async def get_partial_values(
        self, prototype: BufferPrototype, key_ranges: Iterable[tuple[str, ByteRequest | None]]
    ) -> list[Buffer | None]:
        return await asyncio.gather(*(self.get(key, prototype, part) for key, part in key_ranges))

    async def _get_many(
        self, requests: Iterable[tuple[str, BufferPrototype, ByteRequest | None]]
    ) -> AsyncGenerator[tuple[str, Buffer | None], None]:
        async def one(
            key: str, prototype: BufferPrototype, part: ByteRequest | None
        ) -> tuple[str, Buffer | None]:
            return key, await self.get(key, prototype, part)

        for found in asyncio.as_completed([one(*request) for request in requests]):
            yield await found

    async def exists(self, key: str) -> bool:
        return await _call(self.engine_store.get, key, 0, 0) is not None

    async def getsize(self, key: str) -> int:
        found = await _call(self.engine_store.get, key, 0, 0)
        if found is None:
            raise FileNotFoundError(key)
        return found[0]

    # Writing

    @property
    def supports_writes(self) -> bool:
        return not self.read_only

    @property
    def supports_deletes(self) -> bool:
        return not self.read_only

    async def set(self, key: str, value: Buffer) -> None:
        await self._set(key, value, only_if_absent=False)

    async def set_if_not_exists(self, key: str, value: Buffer) -> None:
        await self._set(key, value, only_if_absent=True)

    async def _set(self, key: str, value: Buffer, *, only_if_absent: bool) -> None:
        self._check_writable()
        if not isinstance(value, Buffer):
            raise TypeError(f"a value is a Buffer, found {type(value).__name__}")
        await _call(self.engine_store.set, key, value.as_buffer_like(), only_if_absent)

    async def delete(self, key: str) -> None:
        self._check_writable()
        await _call(self.engine_store.delete, key)

    async def delete_dir(self, prefix: str) -> None:
        self._check_writable()
        await _call(self.engine_store.delete_all, prefix.rstrip("/"))

    # Listing

    @property
    def supports_listing(self) -> bool:
        return self.engine_store.is_listable

    async def list(self) -> AsyncIterator[str]:
        for key in await _call(self.engine_store.list, "", True):
            yield key

    async def list_prefix(self, prefix: str) -> AsyncIterator[str]:
        # The engine takes whole names.
        for key in await _call(self.engine_store.list, prefix.rpartition("/")[0], True):
            if key.startswith(prefix):
                yield key

    async def list_dir(self, prefix: str) -> AsyncIterator[str]:
        for name in await _call(self.engine_store.list, prefix.rstrip("/"), False):
            yield name

    async def is_empty(self, prefix: str) -> bool:
        return not await _call(self.engine_store.list, prefix.rstrip("/"), False)


async def _call[T](call: Callable[..., T], *arguments: Any) -> T:
    from zarr_vlen import _native

    try:
        return await away(call, *arguments)
    except _native.EngineError as failure:
        raise translated(failure) from None


def _made(url: str, options: StorageOptions, read_only: bool) -> URLStore:
    return URLStore(url, storage_options=options, read_only=read_only)


# URLs

_URL = re.compile(r"(?:s3|https?)://|zip::|zip://|.*\|(?:zip|zarr[23]):", re.IGNORECASE | re.DOTALL)
_ONLY_READ = re.compile(r"https?://|zip::|zip://|.*\|zip:", re.IGNORECASE | re.DOTALL)
_NO_URL = re.compile(r"(?:s3|https?):(?!//)", re.IGNORECASE)
_OTHER_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:(?://|:)")


def is_url(store: Any) -> bool:
    """Return whether it is a URL, and no path."""
    return isinstance(store, str) and bool(_URL.match(store) or _OTHER_URL.match(store))


def store_of(
    store: Any, storage_options: Mapping[str, Any] | None, *, read_only: bool | None
) -> tuple[Any, URLStore | None]:
    """Return what zarr-python takes for a store, and the store if it was made here.

    URLs that the engine does not know are zarr-python's, and so are paths but those of files.
    """
    if isinstance(store, str) and _NO_URL.match(store):
        raise ValueError(f"{store!r} is no URL, which has two slashes after the colon; './{store}' is a path")
    if isinstance(store, str | Path) and (
        (isinstance(store, str) and _URL.match(store)) or Path(store).is_file()
    ):
        options: Any = storage_options
        made = URLStore(os.fspath(store), storage_options=options, read_only=read_only)
        return made, made
    if storage_options is None:
        return store, None
    if isinstance(store, str) and _OTHER_URL.match(store):
        from zarr.storage import FsspecStore

        return FsspecStore.from_url(
            store, storage_options=dict(storage_options), read_only=bool(read_only)
        ), None
    raise TypeError(f"storage_options are for URLs, found {store!r}")


def _pairs(options: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """Return options as the engine takes them.

    Raises
    ------
    ValueError
        If there is no such option.
    TypeError
        If a value is none of this option.
    """
    if not isinstance(options, Mapping):
        raise TypeError(f"storage_options are a dictionary, found a {type(options).__name__}")
    pairs: list[tuple[str, str]] = []
    names = StorageOptions.__annotations__
    for name, value in options.items():
        if not isinstance(name, str):
            raise TypeError(f"a storage option has a name, found a {type(name).__name__}")
        if name not in names:
            from difflib import get_close_matches

            close = get_close_matches(name, names, 1)
            hint = f" Do you mean {close[0]!r}?" if close else ""
            known = ", ".join(sorted(names))
            raise ValueError(f"there is no storage option {name!r}.{hint} There are {known}")
        if name == "headers":
            if not isinstance(value, Mapping):
                raise TypeError(f"the storage option 'headers' cannot be a {type(value).__name__}")
            pairs += [("header", f"{field}: {text}") for field, text in value.items()]
        elif name == "missing_statuses":
            if isinstance(value, str) or not isinstance(value, Iterable):
                raise TypeError(f"the storage option {name!r} cannot be a {type(value).__name__}")
            pairs.append((name, ",".join(str(int(status)) for status in value)))
        elif isinstance(value, bool):
            pairs.append((name, str(value).lower()))
        elif isinstance(value, str | int | float | os.PathLike):
            pairs.append((name, os.fspath(value) if isinstance(value, os.PathLike) else str(value)))
        else:
            raise TypeError(f"the storage option {name!r} cannot be a {type(value).__name__}")
    return tuple(pairs)


@cache
def _find_certificates() -> None:
    """Tell the engine where certificates are, for systems that have none where it looks for them."""
    from zarr_vlen import _native

    try:
        import certifi
    except ImportError:
        import ssl

        file = ssl.get_default_verify_paths().cafile
    else:
        file = certifi.where()
    if file is not None:
        _native.set_fallback_certificates(file)
