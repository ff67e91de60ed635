"""Objects in Zarr arrays: JSON, bytes, text, absent elements, and types of your own, for zarr-python."""

from zarr_vlen._hooks import install as _install
from zarr_vlen.arrays import Array, Group, array, open
from zarr_vlen.elements import ElementError, element, objects
from zarr_vlen.json_values import JSON
from zarr_vlen.pickles import Pickled, UntrustedPickleError, pickled, trust
from zarr_vlen.types import Fill, ObjectType, Optional, object_type, optional

__all__ = [
    "JSON",
    "Array",
    "ElementError",
    "Fill",
    "Group",
    "ObjectType",
    "Optional",
    "Pickled",
    "UntrustedPickleError",
    "array",
    "element",
    "object_type",
    "objects",
    "open",
    "optional",
    "pickled",
    "trust",
]

_install()
