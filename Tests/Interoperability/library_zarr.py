"""Writes and reads arrays with zarr-python."""

import json
import warnings

import numpy
import zarr
from number_cases import ZEROS, packed
from zarr.registry import get_codec_class

NAME = "zarr"
VERSION = f"zarr-python {zarr.__version__}"

# zarr-python warns about names that are not registered yet.
warnings.filterwarnings("ignore", category=UserWarning)
warnings.filterwarnings("ignore", category=FutureWarning)

ARRAY_TO_BYTES = {"bytes", "vlen-bytes", "vlen-utf8", "sharding_indexed"}


def write(path, case):
    """Creates the array of `case` at `path` in zarr-python's own form, and writes the regions of the case."""
    codecs = case.codecs
    serializer = next(index for index, codec in enumerate(codecs) if codec["name"] in ARRAY_TO_BYTES)
    array = zarr.create_array(
        path,
        shape=case.shape,
        chunks=case.chunk_shape,
        dtype=zarr.dtype.VariableLengthBytes() if case.data_type == "bytes" else case.data_type,
        fill_value=array_of([case.fill_value], [], case.data_type)[()],
        filters=[make_codec(codec) for codec in codecs[:serializer]],
        serializer=make_codec(codecs[serializer]),
        compressors=[make_codec(codec) for codec in codecs[serializer + 1 :]],
        chunk_key_encoding=case.chunk_key_encoding,
        dimension_names=case.dimension_names,
        attributes=case.attributes,
        overwrite=True,
    )
    values = array_of(case.elements, case.shape, case.data_type)
    for region in case.writes:
        selection = tuple(slice(start, stop) for start, stop in region)
        if not case.shape:
            array[...] = values
        elif all(start < stop for start, stop in region):
            array[selection] = values[selection]


def read(path):
    """Returns zarr-python's metadata document and the elements of the array at `path`."""
    array = zarr.open_array(path, mode="r")
    if array.dtype.kind in "biufc":
        values = numpy.asarray(array[...])
        return json.loads(stored_metadata(array)), packed(values, values.dtype)
    values = numpy.asarray(array[...], dtype=object)
    return json.loads(stored_metadata(array)), [unwrapped(value) for value in values.ravel(order="C")]


def stored_metadata(array):
    """Returns the text of the metadata as zarr-python would write it again."""
    from zarr.core.buffer import default_buffer_prototype

    return array.metadata.to_buffer_dict(default_buffer_prototype())["zarr.json"].to_bytes()


def make_codec(codec):
    return get_codec_class(codec["name"]).from_dict(codec)


def array_of(elements, shape, data_type):
    if data_type in ZEROS:
        return numpy.frombuffer(b"".join(elements), data_type).reshape(shape)
    if data_type == "string":
        return numpy.array(elements, dtype=numpy.dtypes.StringDType()).reshape(shape)
    values = numpy.empty(len(elements), dtype=object)
    values[:] = elements
    return values.reshape(shape)


def unwrapped(value):
    """Returns the element in `value`: zarr-python can wrap bytes in arrays without dimensions."""
    while isinstance(value, numpy.ndarray):
        value = value[()]
    return value
