"""zarrs, in Rust, through zarrista, its thinnest binding to Python."""

import importlib.metadata

import numpy
import zarrista
from peer import Peer, arrow_contents, list_contents
from zarrista.store import FilesystemStore


class Zarrs(Peer):
    """Its own layout is Arrow: bytes and offsets in, the C data interface out."""

    codecs = ("none", "zstd")
    note = "through zarrista; its own layout is prepared before the clock starts"

    def __init__(self, workers):
        super().__init__(workers)
        self.version = f"zarrs (zarrista {importlib.metadata.version('zarrista')})"

    def reason(self, setting):
        return "zarrs has no LZ4 by itself"

    def own_input(self, blobs):
        return len(blobs), zarrista.ArrayBytes(blobs.data.tobytes(), offsets=blobs.offsets.tolist())

    def write(self, directory, setting, data):
        count, data = self.arrow_layout(data)
        array = zarrista.Array.from_metadata(metadata(count, setting), FilesystemStore(directory), "/")
        array.store_metadata()
        array.store_array_subset(..., data)

    def append(self, directory, setting, data):
        count, data = self.arrow_layout(data)
        array = zarrista.Array.open(FilesystemStore(directory), "/")
        first = array.shape[0]
        array = array.with_shape([first + count])
        array.store_metadata()
        array.store_array_subset(slice(first, first + count), data)

    def arrow_layout(self, data):
        if not isinstance(data, list):
            return data
        offsets = numpy.zeros(len(data) + 1, numpy.int64)
        numpy.cumsum(numpy.fromiter(map(len, data), numpy.int64, len(data)), out=offsets[1:])
        return len(data), zarrista.ArrayBytes(b"".join(data), offsets=offsets.tolist())

    def read(self, directory, setting, layout):
        tensor = zarrista.Array.open(FilesystemStore(directory), "/").retrieve_array_subset(...)
        return tensor if layout == "own" else tensor.to_numpy()

    def contents(self, result, layout):
        if layout == "objects":
            return list_contents(result.tolist())
        import pyarrow

        return arrow_contents(pyarrow.array(result))

    def open(self, directory, setting):
        array = zarrista.Array.open(FilesystemStore(directory), "/")
        return array, array.shard_cache() if setting.blobs_per_shard else None, setting.blobs_per_chunk

    def read_one(self, handle, index):
        array, shard_cache, blobs_per_chunk = handle
        if shard_cache is None:
            return array.retrieve_array_subset(index).to_numpy()[0]
        chunk, element = divmod(index, blobs_per_chunk)
        return array.retrieve_subchunk([chunk], shard_cache=shard_cache).to_numpy()[element]

    def take(self, handle, indices, layout):
        """Reads each chunk that has some of the blobs once, on all workers, and picks them."""
        array, shard_cache, blobs_per_chunk = handle
        order = numpy.argsort(indices, kind="stable")
        places = numpy.asarray(indices)[order]
        groups = numpy.split(order, numpy.flatnonzero(numpy.diff(places // blobs_per_chunk)) + 1)
        result = [None] * len(indices)

        def read(group):
            chunk = int(indices[group[0]]) // blobs_per_chunk
            if shard_cache is None:
                blobs = array.retrieve_chunk([chunk]).to_numpy()
            else:
                blobs = array.retrieve_subchunk([chunk], shard_cache=shard_cache).to_numpy()
            for place in group.tolist():
                result[place] = blobs[indices[place] - chunk * blobs_per_chunk]

        self.in_parallel(read, groups)
        return result

    def take_contents(self, result, layout):
        return list_contents(result)


def metadata(count, setting):
    codecs = [{"name": "vlen-bytes"}]
    if setting.codec == "zstd":
        codecs.append({"name": "zstd", "configuration": {"level": setting.level, "checksum": False}})
    chunk = setting.blobs_per_chunk
    if setting.blobs_per_shard:
        configuration = {
            "chunk_shape": [chunk],
            "codecs": codecs,
            "index_codecs": [{"name": "bytes", "configuration": {"endian": "little"}}, {"name": "crc32c"}],
        }
        codecs = [{"name": "sharding_indexed", "configuration": configuration}]
        chunk = setting.blobs_per_shard
    return {
        "zarr_format": 3,
        "node_type": "array",
        "shape": [count],
        "data_type": "bytes",
        "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": [chunk]}},
        "chunk_key_encoding": {"name": "default", "configuration": {"separator": "/"}},
        "fill_value": [],
        "codecs": codecs,
    }
