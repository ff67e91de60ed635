"""Writes and reads arrays with zarrs, through its Python bindings (zarrista)."""

import importlib.metadata
import os

import numpy
import zarrista
from number_cases import ZEROS
from zarrista.store import FilesystemStore

NAME = "zarrs"
VERSION = f"zarrs (zarrista {importlib.metadata.version('zarrista')})"


def write(path, case):
    """Creates the array of `case` at `path` in zarrs' own form, and writes the regions of the case."""
    os.makedirs(path, exist_ok=True)
    metadata = case.metadata()
    if case.data_type == "bytes":
        metadata["fill_value"] = list(case.fill_value)  # In zarrs' own form; it would keep base64 unchanged.
    array = zarrista.Array.from_metadata(metadata, FilesystemStore(path), "/")
    array.store_metadata()
    values = numpy.empty(len(case.elements), dtype=object)
    values[:] = case.elements
    values = values.reshape(case.shape)
    for region in case.writes:
        if any(start >= stop for start, stop in region):
            continue
        selection = tuple(slice(start, stop) for start, stop in region)
        part = (values[selection] if region else values).ravel(order="C")
        is_number = case.data_type in ZEROS
        data = zarrista.ArrayBytes(b"".join(part)) if is_number else packed(part)
        array.store_array_subset(selection if region else ..., data)


def read(path):
    """Returns zarrs' metadata document and the elements of the array at `path`."""
    array = zarrista.Array.open(FilesystemStore(path), "/")
    values = array.retrieve_array_subset(...).to_numpy()
    if values.dtype.kind in "biufc":
        return array.metadata, [value.tobytes() for value in values.ravel(order="C")]
    return array.metadata, values.ravel(order="C").tolist()


def packed(elements):
    """Returns the elements in zarrs' form: their contiguous bytes and the offsets."""
    parts = [element.encode() if isinstance(element, str) else element for element in elements]
    offsets = [0]
    for part in parts:
        offsets.append(offsets[-1] + len(part))
    return zarrista.ArrayBytes(b"".join(parts), offsets=offsets)
