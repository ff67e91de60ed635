"""Arrow's own file format, through pyarrow."""

import pyarrow
from part_files import PartFiles
from pieces import Pieces


class ArrowIPC(PartFiles):
    suffix = "arrow"
    note = f"{PartFiles.note}; what is not compressed is read as a view of the mapped file"

    def __init__(self, workers):
        super().__init__(workers)
        self.version = f"pyarrow {pyarrow.__version__}"

    def write_file(self, path, setting, array):
        codec = None
        if setting.codec == "zstd":
            codec = pyarrow.Codec("zstd", compression_level=setting.level)
        elif setting.codec == "lz4":
            codec = pyarrow.Codec("lz4")
        table = pyarrow.table({"blob": array})
        options = pyarrow.ipc.IpcWriteOptions(compression=codec, use_threads=False)
        with pyarrow.ipc.new_file(path, table.schema, options=options) as writer:
            writer.write_table(table, max_chunksize=self.blobs_per_group(setting))

    def read_file(self, path):
        return self.reader(path).read_all()["blob"]

    def open(self, directory, setting):
        readers = [self.reader(path) for path in self.paths(directory)]
        return Pieces(
            ((reader, batch), reader.get_batch(batch).num_rows)
            for reader in readers
            for batch in range(reader.num_record_batches)
        )

    def read_group(self, piece):
        reader, batch = piece
        return reader.get_batch(batch).column(0)

    def read_one(self, handle, index):
        (reader, batch), place = handle.find(index)
        return reader.get_batch(batch).column(0)[place].as_py()

    def reader(self, path):
        options = pyarrow.ipc.IpcReadOptions(use_threads=False)
        return pyarrow.ipc.open_file(pyarrow.memory_map(path), options=options)
