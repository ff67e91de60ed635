"""Objects in Zarr arrays: JSON, bytes, text, absent elements, and types of your own, for zarr-python."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

import zarr

from zarr_vlen._hooks import install as _install
from zarr_vlen.elements import ElementError, element, objects
from zarr_vlen.json_values import JSON
from zarr_vlen.pickles import Pickled, UntrustedPickleError, pickled, trust
from zarr_vlen.types import Fill, ObjectType, Optional, object_type, optional

if TYPE_CHECKING:
    from zarr_vlen.arrays import Array, Group, array, open
    from zarr_vlen.bulk import Appender, read, scan, write
    from zarr_vlen.parts import PartPlan
    from zarr_vlen.segments import AbandonedWork, SegmentWriter, commit, create_empty, gc
    from zarr_vlen.taking import RandomBatches, Reader, take
    from zarr_vlen.tuning import tune
    from zarr_vlen.urls import StorageOptions, URLStore

__all__ = [
    "JSON",
    "AbandonedWork",
    "Appender",
    "Array",
    "ElementError",
    "Fill",
    "Group",
    "ObjectType",
    "Optional",
    "PartPlan",
    "Pickled",
    "RandomBatches",
    "Reader",
    "SegmentWriter",
    "StorageOptions",
    "URLStore",
    "UntrustedPickleError",
    "array",
    "commit",
    "create_empty",
    "element",
    "enable",
    "gc",
    "object_type",
    "objects",
    "open",
    "optional",
    "pickled",
    "read",
    "scan",
    "take",
    "trust",
    "tune",
    "write",
]

# The modules whose names are loaded on first use, which halves what importing the package costs.
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

_install()


def __getattr__(name: str) -> Any:
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_MODULE_OF[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


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
