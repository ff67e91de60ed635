"""What every rival offers to the driver, and the blobs that it is given."""

from concurrent.futures import ThreadPoolExecutor

import numpy


class Unsupported(Exception):
    """Says why a rival cannot do a row; the reason goes into the table."""


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
    """How a row wants the blobs stored."""

    def __init__(self, fields):
        self.blobs_per_chunk = fields["blobs_per_chunk"]
        self.chunk_bytes = fields["chunk_bytes"]
        self.blobs_per_shard = fields.get("blobs_per_shard")
        self.codec = fields["codec"]
        self.level = fields["level"]


class Peer:
    """A rival. A subclass stores blobs in a directory that is empty before, and gets them back."""

    # From and to the form that suits the library best ("own"), and one object of Python for each blob ("objects").
    layouts = ("own", "objects")
    # The compressions that it has.
    codecs = ("none", "zstd", "lz4")
    version = ""
    # What a reader of the figures must know, if anything.
    note = ""

    def __init__(self, workers):
        self.workers = workers
        self.inputs = {}

    def load(self, blobs):
        self.blobs = blobs
        self.inputs = {}

    def checked_setting(self, job):
        setting = Setting(job["setting"])
        if setting.codec not in self.codecs:
            raise Unsupported(self.reason(setting))
        return setting

    def reason(self, setting):
        """Says why there is no such compression."""
        return f"has no {setting.codec}"

    def input(self, layout, first, end):
        """Returns some of the blobs in a layout; made once, as it is no part of what is measured."""
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
        """Returns the lengths of what `read` returned as an array, and its bytes in one piece."""
        return list_contents(result)

    def open(self, directory, setting):
        raise NotImplementedError

    def read_one(self, handle, index):
        """Returns the bytes of one blob."""
        raise NotImplementedError

    def close(self, handle):
        """Ends what `open` or `read` returned."""

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
