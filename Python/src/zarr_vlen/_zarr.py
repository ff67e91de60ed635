"""The private names of zarr-python that this package uses.

Where a later version of zarr-python lacks one of them, arrays of other types work as ever, and those of this
package say what is missing. An import that fails would break every `zarr.open`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import zarr

if TYPE_CHECKING:
    from collections.abc import Callable

    from zarr.api import asynchronous as api
    from zarr.codecs._v2 import V2Codec
    from zarr.codecs.sharding import _ShardingByteGetter as InnerChunk
    from zarr.core import array
    from zarr.core.array_spec import ArrayConfig, ArraySpec
    from zarr.core.dtype.common import HasObjectCodec
    from zarr.core.indexing import CoordinateIndexer
    from zarr.core.metadata.v3 import RectilinearChunksDisabledError

    missing: str | None
else:
    try:
        from zarr.api import asynchronous as api
        from zarr.codecs._v2 import V2Codec
        from zarr.codecs.sharding import _ShardingByteGetter as InnerChunk
        from zarr.core import array
        from zarr.core.array_spec import ArrayConfig, ArraySpec
        from zarr.core.dtype.common import HasObjectCodec
        from zarr.core.indexing import CoordinateIndexer
        from zarr.core.metadata.v3 import RectilinearChunksDisabledError

        missing = None
    except ImportError as error:
        missing = str(error)
        api = array = None
        V2Codec = ArrayConfig = ArraySpec = HasObjectCodec = CoordinateIndexer = InnerChunk = type(
            "Missing", (), {}
        )
        RectilinearChunksDisabledError = type("Missing", (Exception,), {})

__all__ = [
    "ArrayConfig",
    "ArraySpec",
    "CoordinateIndexer",
    "HasObjectCodec",
    "InnerChunk",
    "V2Codec",
    "allow_uneven_chunks",
    "api",
    "array",
    "opened",
    "require",
]


def allow_uneven_chunks() -> None:
    """Have zarr-python take arrays whose chunks differ in length."""
    zarr.config.set({"array.rectilinear_chunks": True})


def opened(open: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
    """Open a node, whose chunks may differ in length."""
    try:
        return open(*arguments, **options)
    except RectilinearChunksDisabledError:
        allow_uneven_chunks()
        return open(*arguments, **options)


def require() -> None:
    """Check that this version of zarr-python has what the package needs.

    Raises
    ------
    RuntimeError
        With what is missing.
    """
    if missing is not None:
        raise RuntimeError(
            f"zarr_vlen does not work with zarr-python {zarr.__version__}: {missing}. "
            "Install the newest zarr-vlen, or zarr 3.4."
        )
