"""Lance, a columnar format for random reads."""

import os

import lance
import pyarrow
from peer import Peer, arrow_contents


class Lance(Peer):
    """Lays blobs out in blocks of a size that it chooses."""

    note = "blocks of a size that it chooses"

    def __init__(self, workers):
        super().__init__(workers)
        pyarrow.set_cpu_count(workers)
        self.version = f"pylance {lance.__version__}"

    def own_input(self, blobs):
        return blobs.arrow()

    def write(self, directory, setting, data):
        self.store(directory, setting, data, "create")

    def append(self, directory, setting, data):
        self.store(directory, setting, data, "append")

    def store(self, directory, setting, data, mode):
        if isinstance(data, list):
            data = pyarrow.array(data, pyarrow.large_binary())
        metadata = {"lance-encoding:compression": setting.codec}
        if setting.codec == "zstd":
            metadata["lance-encoding:compression-level"] = str(setting.level)
        schema = pyarrow.schema([pyarrow.field("blob", pyarrow.large_binary(), metadata=metadata)])
        table = pyarrow.Table.from_arrays([data], schema=schema)
        lance.write_dataset(table, self.path(directory), mode=mode, data_storage_version="2.1")

    def read(self, directory, setting, layout):
        blobs = lance.dataset(self.path(directory)).to_table()["blob"]
        return blobs if layout == "own" else blobs.to_pylist()

    def contents(self, result, layout):
        return arrow_contents(result) if layout == "own" else super().contents(result, layout)

    def open(self, directory, setting):
        return lance.dataset(self.path(directory))

    def read_one(self, handle, index):
        return handle.take([index])["blob"][0].as_py()

    def take(self, handle, indices, layout):
        blobs = handle.take(indices)["blob"]
        return blobs if layout == "own" else blobs.to_pylist()

    def path(self, directory):
        return os.path.join(directory, "blobs.lance")
