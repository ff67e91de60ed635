"""Parquet, through pyarrow."""

import pyarrow
import pyarrow.parquet
from part_files import PartFiles
from pieces import Pieces


class Parquet(PartFiles):
    suffix = "parquet"

    def __init__(self, workers):
        super().__init__(workers)
        self.version = f"pyarrow {pyarrow.__version__}"

    def write_file(self, path, setting, array):
        pyarrow.parquet.write_table(
            pyarrow.table({"blob": array}),
            path,
            row_group_size=self.blobs_per_group(setting),
            data_page_size=setting.chunk_bytes,
            compression=setting.codec,
            compression_level=setting.level if setting.codec == "zstd" else None,
            # Blobs do not repeat, and are not searched.
            use_dictionary=False,
            write_statistics=False,
        )

    def read_file(self, path):
        return pyarrow.parquet.ParquetFile(path, memory_map=True).read(use_threads=False)["blob"]

    def open(self, directory, setting):
        files = [pyarrow.parquet.ParquetFile(path, memory_map=True) for path in self.paths(directory)]
        return Pieces(
            ((file, group), file.metadata.row_group(group).num_rows)
            for file in files
            for group in range(file.metadata.num_row_groups)
        )

    def read_group(self, piece):
        file, group = piece
        return file.read_row_group(group, use_threads=False)["blob"]

    def read_one(self, handle, index):
        (file, group), place = handle.find(index)
        return file.read_row_group(group, use_threads=False)["blob"][place].as_py()
