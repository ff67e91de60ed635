"""Vortex, a columnar format whose compression is a choice of light encodings, or Zstandard."""

import importlib.metadata
import os

import pyarrow
import vortex
from peer import Peer, arrow_contents
from pieces import Pieces


class Vortex(Peer):
    """Each write makes a file in the directory, with blocks of a size that it chooses."""

    codecs = ("zstd",)
    note = (
        "Zstandard at the level, and in the blocks, of its compact writer; what it leaves uncompressed is read as a "
        "view of the mapped file"
    )

    def __init__(self, workers):
        super().__init__(workers)
        pyarrow.set_cpu_count(workers)
        self.version = f"vortex-data {importlib.metadata.version('vortex-data')}"

    def reason(self, setting):
        return "Vortex always compresses" if setting.codec == "none" else "Vortex has no LZ4"

    def own_input(self, blobs):
        return blobs.arrow()

    def write(self, directory, setting, data):
        if isinstance(data, list):
            data = pyarrow.array(data, pyarrow.large_binary())
        table = vortex.array(pyarrow.table({"blob": data}))
        path = os.path.join(directory, f"{len(os.listdir(directory)):06}.vortex")
        vortex.io.VortexWriteOptions.compact().write(table, path)

    def append(self, directory, setting, data):
        self.write(directory, setting, data)

    def read(self, directory, setting, layout):
        tables = [file.scan().read_all().to_arrow_table() for file in self.files(directory)]
        blobs = pyarrow.concat_tables(tables)["blob"]
        return blobs if layout == "own" else blobs.to_pylist()

    def contents(self, result, layout):
        return arrow_contents(result) if layout == "own" else super().contents(result, layout)

    def open(self, directory, setting):
        return Pieces((file, len(file)) for file in self.files(directory))

    def read_one(self, handle, index):
        file, place = handle.find(index)
        return file.scan(indices=vortex.array([place])).read_all().to_arrow_table()["blob"][0].as_py()

    def files(self, directory):
        names = sorted(os.listdir(directory))
        return [vortex.open(os.path.join(directory, name), memory_map=True) for name in names]
