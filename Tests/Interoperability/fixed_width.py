"""Text and bytes of a fixed width, as zarr-python writes them and reads copies of them.

write DIRECTORY     writes an array of each kind, in Zarr v2 and v3, named as u2 and u3
read PATH           prints the elements of an array as JSON, bytes as a list of their values
"""

import json
import sys
import warnings

import numpy
import zarr

warnings.filterwarnings("ignore")

SHAPE = (2, 3)

# In S and U, NumPy takes zeros at the end for padding; others are a part of the element.
ARRAYS = {
    "u": numpy.array(["", "a", "ab\0c", "Zürich", "😀", "12"], dtype="<U6"),
    "s": numpy.array([b"", b"a", b"ab\0c", b"\"x\"", b"123456", b"12"], dtype="S6"),
    "j": numpy.array(["null", "1", "[1, 2]", '"ü"', "true", "{}"], dtype="<U6"),
    "v": numpy.array([b"", b"a", b"ab\0c", b"xyz", b"123456", b"12"], dtype="V6"),
    "l": numpy.array([b"", b"a", b"caf\xe9", b"x", b"y", b"z"], dtype="S6"),
    "n": numpy.array([1.5, float("nan"), 2, 3, 4, 5]),
}


def write(directory):
    for name, values in ARRAYS.items():
        for version in (2, 3):
            array = zarr.create_array(
                f"{directory}/{name}{version}",
                shape=SHAPE,
                chunks=(2, 2),
                dtype=values.dtype,
                zarr_format=version,
                attributes={"of": name},
            )
            array[...] = values.reshape(SHAPE)


def plain(value):
    if isinstance(value, (bytes, numpy.void)):
        return list(bytes(value))
    return str(value)


def read(path):
    print(json.dumps([plain(value) for value in zarr.open_array(path, mode="r")[...].ravel()]))


{"write": write, "read": read}[sys.argv[1]](sys.argv[2])
