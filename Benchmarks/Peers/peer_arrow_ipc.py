"""Arrow's own file format, through pyarrow."""

import bisect

import pyarrow
from part_files import PartFiles


class ArrowIPC(PartFiles):
    suffix = "arrow"

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
        batches, ends, end = [], [], 0
        for path in self.paths(directory):
            reader = self.reader(path)
            for batch in range(reader.num_record_batches):
                end += reader.get_batch(batch).num_rows
                batches.append((reader, batch))
                ends.append(end)
        return batches, ends

    def read_one(self, handle, index):
        batches, ends = handle
        position = bisect.bisect_right(ends, index)
        reader, batch = batches[position]
        first = ends[position - 1] if position else 0
        return reader.get_batch(batch).column(0)[index - first].as_py()

    def reader(self, path):
        options = pyarrow.ipc.IpcReadOptions(use_threads=False)
        return pyarrow.ipc.open_file(pyarrow.memory_map(path), options=options)
