"""HDF5 with elements of variable length, through h5py."""

import os

import h5py
import numpy
from peer import Peer


class HDF5(Peer):
    """Objects are NumPy arrays of bytes, the only layout. Uses one thread."""

    layouts = ("objects",)
    codecs = ("none",)
    note = "one thread"

    def __init__(self, workers):
        super().__init__(workers)
        self.version = f"h5py {h5py.__version__}, HDF5 {h5py.version.hdf5_version}"

    def reason(self, setting):
        return "HDF5 does not compress elements of variable length"

    def objects_input(self, blobs):
        array = numpy.empty(len(blobs), object)
        for index in range(len(blobs)):
            array[index] = blobs.data[blobs.offsets[index] : blobs.offsets[index + 1]]
        return array

    def write(self, directory, setting, data):
        with h5py.File(self.path(directory), "w", libver="latest") as file:
            file.create_dataset(
                "blobs",
                data=data,
                dtype=h5py.vlen_dtype(numpy.uint8),
                chunks=(min(setting.blobs_per_chunk, len(data)),),
                maxshape=(None,),
            )

    def append(self, directory, setting, data):
        with h5py.File(self.path(directory), "r+", libver="latest") as file:
            blobs = file["blobs"]
            first = blobs.shape[0]
            blobs.resize((first + len(data),))
            blobs[first:] = data

    def read(self, directory, setting, layout):
        with h5py.File(self.path(directory), "r") as file:
            return file["blobs"][:]

    def contents(self, result, layout):
        return numpy.fromiter(map(len, result), numpy.int64, len(result)), numpy.concatenate(result)

    def open(self, directory, setting):
        return h5py.File(self.path(directory), "r")

    def read_one(self, handle, index):
        return handle["blobs"][index]

    def close(self, handle):
        if isinstance(handle, h5py.File):
            handle.close()

    def path(self, directory):
        return os.path.join(directory, "blobs.h5")
