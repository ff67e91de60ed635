"""Formats with one file: a directory of files, one for each worker and write."""

import os

import numpy
import pyarrow
from peer import Peer, arrow_contents


class PartFiles(Peer):
    """One thread writes a file of such a format, so the blobs are divided among one file for each worker.

    A row group or batch has the blobs of a chunk. With shards it has about 1 MiB of blobs, because these formats are
    not made for such small chunks.
    """

    suffix = ""
    note = "as many files as workers, in parallel; groups of a chunk, or of 1 MiB where chunks are in shards"
    LEAST_GROUP_BYTES = 1 << 20

    def __init__(self, workers):
        super().__init__(workers)
        pyarrow.set_cpu_count(workers)

    def own_input(self, blobs):
        return blobs.arrow()

    def write(self, directory, setting, data):
        first = len(os.listdir(directory))
        size = -(-len(data) // self.workers)
        parts = [(first + i, data[i * size : (i + 1) * size]) for i in range(self.workers) if i * size < len(data)]
        self.in_parallel(lambda part: self.write_part(directory, setting, *part), parts)

    def append(self, directory, setting, data):
        self.write(directory, setting, data)

    def write_part(self, directory, setting, number, data):
        if isinstance(data, list):
            data = pyarrow.array(data, pyarrow.large_binary())
        self.write_file(os.path.join(directory, f"{number:06}.{self.suffix}"), setting, data)

    def read(self, directory, setting, layout):
        parts = self.in_parallel(self.read_file, self.paths(directory))
        array = pyarrow.chunked_array([piece for part in parts for piece in part.chunks], type=pyarrow.large_binary())
        return array if layout == "own" else array.to_pylist()

    def contents(self, result, layout):
        return arrow_contents(result) if layout == "own" else super().contents(result, layout)

    def paths(self, directory):
        return [os.path.join(directory, name) for name in sorted(os.listdir(directory))]

    def blobs_per_group(self, setting):
        smallest = -(-self.LEAST_GROUP_BYTES * setting.blobs_per_chunk // setting.chunk_bytes)
        return max(setting.blobs_per_chunk, smallest) if setting.blobs_per_shard else setting.blobs_per_chunk

    def take(self, handle, indices, layout):
        """Reads each group that has some of the blobs once, each file on a worker, and picks them."""
        places = numpy.asarray(indices)
        numbers = numpy.searchsorted(handle.ends, places, side="right")
        order = numpy.argsort(numbers, kind="stable")
        groups = numpy.split(order, numpy.flatnonzero(numpy.diff(numbers[order])) + 1)

        def read(groups):
            parts = []
            for group in groups:
                number = int(numbers[group[0]])
                first = handle.ends[number - 1] if number else 0
                parts.append(self.read_group(handle.pieces[number]).take(places[group] - first))
            return parts

        # One thread reads a file at a time: not all readers can be used by several.
        by_file = {}
        for group in groups:
            by_file.setdefault(id(handle.pieces[int(numbers[group[0]])][0]), []).append(group)
        parts = [part for some in self.in_parallel(read, list(by_file.values())) for part in some]
        # Back in the order that was asked for.
        back = numpy.empty_like(order)
        back[order] = numpy.arange(len(order))
        pieces = [piece for part in parts for piece in getattr(part, "chunks", [part])]
        blobs = pyarrow.chunked_array(pieces, type=pyarrow.large_binary()).take(back)
        return blobs if layout == "own" else blobs.to_pylist()

    def read_group(self, piece):
        """Returns the blobs of a piece as an array."""
        raise NotImplementedError

    def write_file(self, path, setting, array):
        raise NotImplementedError

    def read_file(self, path):
        """Returns a chunked array of the blobs of a file."""
        raise NotImplementedError
