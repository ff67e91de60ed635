"""The interface of every rival, and its blobs."""

from concurrent.futures import ThreadPoolExecutor

import numpy


class Unsupported(Exception):
    """The reason why a rival cannot do a row, for the table."""


class Blobs:
    """Blobs in one buffer with offsets."""

    def __init__(self, data, offsets):
        self.data = data
        self.offsets = offsets

    @staticmethod
    def from_files(data, offsets):
        return Blobs(numpy.fromfile(data, numpy.uint8), numpy.fromfile(offsets, "<i8"))

    def __len__(self):
        return len(self.offsets) - 1

    def part(self, first, end):
        """Returns the blobs from `first` to before `end`."""
        start, stop = self.offsets[first], self.offsets[end]
        return Blobs(self.data[start:stop], self.offsets[first : end + 1] - start)

    def objects(self):
        """Returns a `bytes` for each blob."""
        data, offsets = self.data.tobytes(), self.offsets.tolist()
        return [data[start:end] for start, end in zip(offsets, offsets[1:])]

    def arrow(self):
        """Returns the blobs as an Arrow array that shares their memory."""
        import pyarrow

        buffers = [None, pyarrow.py_buffer(self.offsets), pyarrow.py_buffer(self.data)]
        return pyarrow.Array.from_buffers(pyarrow.large_binary(), len(self), buffers)


class Setting:
    """How a row stores the blobs."""

    def __init__(self, fields):
        self.blobs_per_chunk = fields["blobs_per_chunk"]
        self.chunk_bytes = fields["chunk_bytes"]
        self.blobs_per_shard = fields.get("blobs_per_shard")
        self.codec = fields["codec"]
        self.level = fields["level"]


class Peer:
    """A rival. A subclass stores blobs in an empty directory, and reads them back."""

    # The form that suits the library best ("own"), and one Python object for each blob ("objects").
    layouts = ("own", "objects")
    # The supported compressions.
    codecs = ("none", "zstd", "lz4")
    version = ""
    # What you must know about the figures, if anything.
    note = ""

    def __init__(self, workers):
        self.workers = workers
        self.inputs = {}
        self.opened = {}

    def load(self, blobs):
        self.blobs = blobs
        self.inputs = {}
        # What is open from take to take.
        self.opened = {}

    def checked_setting(self, job):
        setting = Setting(job["setting"])
        if setting.codec not in self.codecs:
            raise Unsupported(self.reason(setting))
        return setting

    def reason(self, setting):
        """Returns why the compression is missing."""
        return f"has no {setting.codec}"

    def input(self, layout, first, end):
        """Returns some of the blobs in a layout, made once: this is not measured."""
        key = (layout, first, end)
        if key not in self.inputs:
            part = self.blobs.part(first, end)
            self.inputs[key] = self.own_input(part) if layout == "own" else self.objects_input(part)
        return self.inputs[key]

    def own_input(self, blobs):
        raise NotImplementedError

    def objects_input(self, blobs):
        return blobs.objects()

    def write(self, directory, setting, data):
        raise NotImplementedError

    def append(self, directory, setting, data):
        raise NotImplementedError

    def read(self, directory, setting, layout):
        """Returns all blobs in a layout."""
        raise NotImplementedError

    def contents(self, result, layout):
        """Returns the lengths in a result of `read` as an array, and its bytes in one buffer."""
        return list_contents(result)

    def open(self, directory, setting):
        raise NotImplementedError

    def read_one(self, handle, index):
        """Returns the bytes of one blob."""
        raise NotImplementedError

    def take(self, handle, indices, layout):
        """Returns the blobs at some indices, in their order, in a layout."""
        raise Unsupported("reads no list of places at once")

    def take_contents(self, result, layout):
        """Returns the lengths in a result of `take` as an array, and its bytes in one buffer."""
        return self.contents(result, layout)

    def close(self, handle):
        """Closes a result of `open` or `read`."""

    def in_parallel(self, body, items):
        """Calls `body` for every item with as many threads as there are workers, and returns the results in order."""
        if self.workers == 1:
            return [body(item) for item in items]
        with ThreadPoolExecutor(self.workers) as pool:
            return list(pool.map(body, items))


def list_contents(blobs):
    """Returns the lengths of a sequence of `bytes` and their bytes in one piece."""
    return numpy.fromiter(map(len, blobs), numpy.int64, len(blobs)), b"".join(blobs)


def arrow_contents(chunked):
    """Returns the lengths of an Arrow array, in one or several pieces, and its bytes in one piece."""
    import pyarrow
    import pyarrow.compute

    pieces = chunked.chunks if isinstance(chunked, pyarrow.ChunkedArray) else [chunked]
    pieces = [piece.cast(pyarrow.large_binary()) for piece in pieces if len(piece)]
    lengths, parts = [], []
    for piece in pieces:
        offsets = numpy.frombuffer(piece.buffers()[1], "<i8")[piece.offset : piece.offset + len(piece) + 1]
        lengths.append(numpy.diff(offsets))
        data = piece.buffers()[2]
        parts.append(memoryview(data)[offsets[0] : offsets[-1]] if data is not None else b"")
    return numpy.concatenate(lengths) if lengths else numpy.zeros(0, numpy.int64), b"".join(parts)
