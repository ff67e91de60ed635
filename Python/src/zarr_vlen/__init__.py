"""Objects in Zarr arrays: JSON, bytes, text, absent elements, and types of your own, for zarr-python."""

import zarr

from zarr_vlen._hooks import install as _install
from zarr_vlen.arrays import Array, Group, array, open
from zarr_vlen.bulk import Appender, read, scan, write
from zarr_vlen.elements import ElementError, element, objects
from zarr_vlen.json_values import JSON
from zarr_vlen.parts import PartPlan
from zarr_vlen.pickles import Pickled, UntrustedPickleError, pickled, trust
from zarr_vlen.segments import AbandonedWork, SegmentWriter, commit, create_empty, gc
from zarr_vlen.taking import RandomBatches, Reader, take
from zarr_vlen.tuning import tune
from zarr_vlen.types import Fill, ObjectType, Optional, object_type, optional
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
