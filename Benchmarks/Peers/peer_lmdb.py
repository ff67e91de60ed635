"""LMDB, a tree of keys and values in one mapped file."""

import lmdb
from peer import Peer


class LMDB(Peer):
    """A key is the number of a blob. Its own layout is views into the map. No chunks, and one writing thread."""

    codecs = ("none",)
    note = "one thread, no chunks; what is read lies in the mapped file"
    MAP_BYTES = 1 << 36

    def __init__(self, workers):
        super().__init__(workers)
        self.version = f"lmdb {lmdb.__version__}, LMDB {'.'.join(map(str, lmdb.version()))}"

    def reason(self, setting):
        return "LMDB does not compress"

    def own_input(self, blobs):
        view = memoryview(blobs.data)
        offsets = blobs.offsets.tolist()
        return [view[start:end] for start, end in zip(offsets, offsets[1:])]

    def write(self, directory, setting, data):
        with self.environment(directory) as environment:
            self.put(environment, 0, data)

    def append(self, directory, setting, data):
        with self.environment(directory) as environment:
            self.put(environment, environment.stat()["entries"], data)

    def put(self, environment, first, data):
        items = ((number.to_bytes(8, "big"), blob) for number, blob in enumerate(data, first))
        with environment.begin(write=True) as transaction:
            transaction.cursor().putmulti(items, append=True)

    def read(self, directory, setting, layout):
        environment = self.environment(directory)
        transaction = environment.begin(buffers=layout == "own")
        blobs = [value for _, value in transaction.cursor().iternext()]
        return environment, transaction, blobs

    def contents(self, result, layout):
        return super().contents(result[2], layout)

    def open(self, directory, setting):
        environment = self.environment(directory)
        return environment, environment.begin(buffers=True), None

    def read_one(self, handle, index):
        return handle[1].get(index.to_bytes(8, "big"))

    def close(self, handle):
        environment, transaction, blobs = handle
        if blobs is not None:
            blobs.clear()
        transaction.abort()
        environment.close()

    def environment(self, directory):
        return lmdb.open(directory, map_size=self.MAP_BYTES, sync=False, metasync=False, lock=False)
