"""Objects in Zarr arrays: JSON, bytes, text, absent elements, and types of your own, for zarr-python."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

import zarr

from zarr_vlen import elements, json_values, pickles, types
from zarr_vlen._hooks import install as _install
from zarr_vlen.elements import *
from zarr_vlen.json_values import *
from zarr_vlen.pickles import *
from zarr_vlen.types import *

# The public names of modules that are loaded on first use, which halves what importing the package costs.
_MODULES = {
    "arrays": ("Array", "Group", "array", "open"),
    "bulk": ("Appender", "read", "scan", "write"),
    "parts": ("PartPlan",),
    "segments": ("AbandonedWork", "SegmentWriter", "commit", "create_empty", "gc"),
    "taking": ("RandomBatches", "Reader", "take"),
    "tuning": ("tune",),
    "urls": ("StorageOptions", "URLStore"),
}
_MODULE_OF = {name: module for module, names in _MODULES.items() for name in names}

if TYPE_CHECKING:
    from zarr_vlen.arrays import *
    from zarr_vlen.bulk import *
    from zarr_vlen.parts import *
    from zarr_vlen.segments import *
    from zarr_vlen.taking import *
    from zarr_vlen.tuning import *
    from zarr_vlen.urls import *
else:
    _EARLY = (elements, json_values, pickles, types)
    __all__ = sorted({"enable", *_MODULE_OF, *(name for module in _EARLY for name in module.__all__)})

    def __getattr__(name: str) -> Any:
        if name not in _MODULE_OF:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = getattr(import_module(f"{__name__}.{_MODULE_OF[name]}"), name)
        globals()[name] = value
        return value

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})


_install()


def enable() -> None:
    """Use the native pipeline for all arrays that are opened or made from now on.

    The environment variable `ZARR_CODEC_PIPELINE__PATH=zarr_vlen.pipeline.VlenCodecPipeline` does the same
    without a change of code.

    Raises
    ------
    RuntimeError
        If this version of zarr-python is not supported.
    """
    from zarr_vlen import _zarr

    _zarr.require()
    zarr.config.set({"codec_pipeline.path": "zarr_vlen.pipeline.VlenCodecPipeline"})
