"""The private names of zarr-python that this package uses.

Where a later version of zarr-python lacks one of them, arrays of other types work as ever, and those of this
package say what is missing. An import that fails would break every `zarr.open`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import zarr

if TYPE_CHECKING:
    from zarr.api import asynchronous as api
    from zarr.codecs._v2 import V2Codec
    from zarr.codecs.sharding import _ShardingByteGetter as InnerChunk
    from zarr.core import array
    from zarr.core.array_spec import ArrayConfig, ArraySpec
    from zarr.core.dtype.common import HasObjectCodec
    from zarr.core.indexing import CoordinateIndexer

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

        missing = None
    except ImportError as error:
        missing = str(error)
        api = array = None
        V2Codec = ArrayConfig = ArraySpec = HasObjectCodec = CoordinateIndexer = InnerChunk = type(
            "Missing", (), {}
        )

__all__ = [
    "ArrayConfig",
    "ArraySpec",
    "CoordinateIndexer",
    "HasObjectCodec",
    "InnerChunk",
    "V2Codec",
    "api",
    "array",
    "require",
]


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
