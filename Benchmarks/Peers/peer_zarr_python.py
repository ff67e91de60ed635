"""zarr-python 3: with its usual pipeline, with its fused one, and with the one of zarrs-python."""

import importlib.metadata
import warnings

import numpy
import zarr
from peer import Peer, Unsupported, list_contents

# zarr-python warns of names that are not registered yet.
warnings.filterwarnings("ignore")


class ZarrPython(Peer):
    """A NumPy array of objects is the only layout."""

    layouts = ("objects",)
    pipeline = None

    def __init__(self, workers):
        super().__init__(workers)
        self.version = f"zarr-python {zarr.__version__}"
        zarr.config.set({"threading.max_workers": workers})
        if self.pipeline:
            zarr.config.set({"codec_pipeline.path": self.pipeline, "codec_pipeline.max_workers": workers})

    def objects_input(self, blobs):
        array = numpy.empty(len(blobs), object)
        array[:] = blobs.objects()
        return array

    def write(self, directory, setting, data):
        array = zarr.create_array(
            directory,
            shape=data.shape,
            chunks=(setting.blobs_per_chunk,),
            shards=(setting.blobs_per_shard,) if setting.blobs_per_shard else None,
            dtype=zarr.dtype.VariableLengthBytes(),
            compressors=compressors(setting),
        )
        array[:] = data

    def append(self, directory, setting, data):
        zarr.open_array(directory, mode="r+").append(data)

    def read(self, directory, setting, layout):
        return zarr.open_array(directory, mode="r")[:]

    def contents(self, result, layout):
        return list_contents(result.tolist())

    def open(self, directory, setting):
        return zarr.open_array(directory, mode="r")

    def take(self, handle, indices, layout):
        return handle.oindex[numpy.asarray(indices)]

    def read_one(self, handle, index):
        element = handle[index]
        # One element may be wrapped in arrays without dimensions.
        while isinstance(element, numpy.ndarray):
            element = element[()]
        return element


def compressors(setting):
    if setting.codec == "none":
        return None
    if setting.codec == "zstd":
        return zarr.codecs.ZstdCodec(level=setting.level)
    from zarr.codecs.numcodecs import LZ4

    return LZ4(acceleration=setting.level)


class ZarrPythonFused(ZarrPython):
    pipeline = "zarr.core.codec_pipeline.FusedCodecPipeline"
    note = "the same library with `codec_pipeline.path` set to its fused pipeline"

    def __init__(self, workers):
        if not hasattr(zarr.core.codec_pipeline, "FusedCodecPipeline"):
            raise Unsupported(f"zarr-python {zarr.__version__} has no fused pipeline; 3.3 has, with Python 3.12")
        super().__init__(workers)


class ZarrsPython(ZarrPython):
    """zarrs in zarr-python's pipeline."""

    pipeline = "zarrs.ZarrsCodecPipeline"
    note = "hands elements of variable length back to zarr-python's usual pipeline"

    def __init__(self, workers):
        import zarrs  # noqa: F401  Registers the pipeline.

        super().__init__(workers)
        zarr.config.set({"threading.num_workers": workers})
        self.version = f"zarrs-python {importlib.metadata.version('zarrs')} in zarr-python {zarr.__version__}"
