"""Chunks compressed by numcodecs, and by tools that write what numcodecs does not."""

import bz2
import gzip
import io
import lzma
import zlib
from unittest import mock

import numcodecs
import zstandard

SKIPPABLE_FRAME = bytes.fromhex("512a4d18") + (5).to_bytes(4, "little") + b"zarr\x00"


def compressed_chunks(raw):
    """Yields a name, the name of the raw chunk, the chain of codecs and the bytes of each compressed chunk.

    `raw` holds the raw chunks: `small` (less than a kilobyte), `medium` (several blocks of Blosc), `large`
    (several blocks of the other compressors), `random` (nothing to compress), `byte` (one byte) and `empty`
    (none).
    """
    chunks = [*zstd(), *lz4(), *gzip_(), *zlib_(), *bz2_(), *lzma_(), *blosc(), *checksums(), *others()]
    for name, raw_name, codecs, encode in chunks:
        with gzip_without_time():
            data = bytes(encode(raw[raw_name]))
        yield name, raw_name, codecs, data


def gzip_without_time():
    """Returns a context in which gzip stores no time, so that fixtures are always the same."""
    return mock.patch("time.time", return_value=0.0)


def zstd():
    def codec(level, checksum=False):
        return [{"name": "zstd", "configuration": {"level": level, "checksum": checksum}}]

    for level in [-5, 0, 1, 3, 19]:
        for raw_name in ["small", "large"]:
            yield f"zstd-{level}-{raw_name}", raw_name, codec(level), numcodecs.Zstd(level=level).encode
    yield "zstd-random", "random", codec(3), numcodecs.Zstd(level=3).encode
    yield "zstd-byte", "byte", codec(3), numcodecs.Zstd(level=3).encode
    yield "zstd-checksum-small", "small", codec(3, True), numcodecs.Zstd(level=3, checksum=True).encode
    yield "zstd-checksum-large", "large", codec(3, True), numcodecs.Zstd(level=3, checksum=True).encode
    yield "zstd-empty", "empty", codec(3), zstandard.ZstdCompressor(level=3).compress
    for checksum in [False, True]:
        for raw_name in ["small", "large", "empty"]:
            name = f"zstd-unknown-size-{raw_name}" + ("-checksum" if checksum else "")
            yield name, raw_name, codec(3, checksum), lambda data, checksum=checksum: streamed(data, checksum)
    # Flushing divides the last frame into several blocks.
    yield "zstd-unknown-size-flushed", "small", codec(3), lambda data: streamed(data, False, step=50)
    yield "zstd-frames", "large", codec(3), lambda data: b"".join(frames(data))
    yield "zstd-frames-small", "small", codec(3), lambda data: b"".join(frames(data))
    yield "zstd-skippable-first", "small", codec(3), lambda data: SKIPPABLE_FRAME + b"".join(frames(data))
    yield "zstd-skippable-between", "small", codec(3), lambda data: SKIPPABLE_FRAME.join(frames(data))
    yield "zstd-skippable-last", "small", codec(3), lambda data: b"".join(frames(data)) + SKIPPABLE_FRAME


def streamed(data, checksum, step=None):
    """Returns a frame without a content size."""
    parameters = zstandard.ZstdCompressionParameters.from_level(
        3, write_content_size=False, write_checksum=checksum
    )
    target = io.BytesIO()
    writer = zstandard.ZstdCompressor(compression_params=parameters).stream_writer(target, closefd=False)
    for start in range(0, len(data), step or max(1, len(data))):
        writer.write(data[start : start + (step or len(data))])
        if step:
            writer.flush(zstandard.FLUSH_BLOCK)
    writer.close()
    return target.getvalue()


def frames(data):
    """Returns frames of one chunk: with a content size, without, with a checksum, empty."""
    third = len(data) // 3
    return [
        numcodecs.Zstd(level=1).encode(data[:third]),
        streamed(data[third : 2 * third], False),
        zstandard.ZstdCompressor().compress(b""),
        numcodecs.Zstd(level=9, checksum=True).encode(data[2 * third :]),
    ]


def lz4():
    codec = [{"name": "numcodecs.lz4", "configuration": {"acceleration": 1}}]
    for raw_name in ["small", "large", "random", "byte"]:
        yield f"lz4-{raw_name}", raw_name, codec, numcodecs.LZ4().encode
    codec = [{"name": "numcodecs.lz4", "configuration": {"acceleration": 50}}]
    yield "lz4-acceleration-large", "large", codec, numcodecs.LZ4(acceleration=50).encode


def gzip_():
    def codec(level):
        return [{"name": "gzip", "configuration": {"level": level}}]

    for level in [0, 1, 5, 9]:
        for raw_name in ["small", "large"] if level else ["small"]:
            yield f"gzip-{level}-{raw_name}", raw_name, codec(level), numcodecs.GZip(level=level).encode
    yield "gzip-random", "random", codec(5), numcodecs.GZip(level=5).encode
    yield "gzip-byte", "byte", codec(5), numcodecs.GZip(level=5).encode
    yield "gzip-empty", "empty", codec(5), lambda data: gzip.compress(data, mtime=0)
    yield (
        "gzip-members",
        "large",
        codec(5),
        lambda data: b"".join(
            gzip.compress(part, mtime=0) for part in [data[:1000], b"", data[1000:70_000], data[70_000:]]
        ),
    )
    yield "gzip-header-fields", "small", codec(5), gzip_with_header_fields


def gzip_with_header_fields(data):
    """Returns a member with each optional field of the header: extra field, name, comment and checksum."""
    flags = 0x02 | 0x04 | 0x08 | 0x10
    header = bytes([0x1F, 0x8B, 8, flags, 0, 0, 0, 0, 0, 255])
    header += (6).to_bytes(2, "little") + b"AB\x02\x00xy" + b"name\x00" + b"comment\x00"
    header += (zlib.crc32(header) & 0xFFFF).to_bytes(2, "little")
    compressor = zlib.compressobj(9, zlib.DEFLATED, -15)
    trailer = zlib.crc32(data).to_bytes(4, "little") + len(data).to_bytes(4, "little")
    return header + compressor.compress(data) + compressor.flush() + trailer


def zlib_():
    for level, raw_name in [
        (0, "small"),
        (1, "small"),
        (1, "large"),
        (9, "large"),
        (1, "random"),
        (1, "byte"),
    ]:
        codec = [{"name": "numcodecs.zlib", "configuration": {"level": level}}]
        yield f"zlib-{level}-{raw_name}", raw_name, codec, numcodecs.Zlib(level=level).encode


def bz2_():
    for level, raw_name in [(1, "small"), (1, "large"), (9, "large"), (5, "random"), (1, "byte"), (1, "empty")]:
        codec = [{"name": "numcodecs.bz2", "configuration": {"level": level}}]
        # numcodecs cannot encode empty input.
        encode = numcodecs.BZ2(level=level).encode if raw_name != "empty" else bz2.compress
        yield f"bz2-{level}-{raw_name}", raw_name, codec, encode
    codec = [{"name": "numcodecs.bz2", "configuration": {"level": 1}}]
    parts = lambda data: [data[:1000], b"", data[1000:70_000], data[70_000:]]  # noqa: E731
    yield "bz2-streams", "large", codec, lambda data: b"".join(map(bz2.compress, parts(data)))


def lzma_():
    def make(name, raw_name, **settings):
        codec = {"name": "numcodecs.lzma", "configuration": settings}
        return f"lzma-{name}-{raw_name}", raw_name, [codec], numcodecs.LZMA(**settings).encode

    for raw_name in ["small", "large", "random", "byte"]:
        yield make("xz", raw_name)
        yield make("alone", raw_name, format=lzma.FORMAT_ALONE)
    for check in [lzma.CHECK_NONE, lzma.CHECK_CRC32, lzma.CHECK_CRC64, lzma.CHECK_SHA256]:
        yield make(f"check-{check}", "small", check=check)
    yield make("preset-0", "large", preset=0)
    yield make("preset-9-extreme", "large", preset=9 | lzma.PRESET_EXTREME)
    small = {"dict_size": 1 << 16, "lc": 1, "lp": 2, "pb": 0, "nice_len": 64}
    for name, filters in [
        ("lzma2", [{"id": lzma.FILTER_LZMA2}]),
        ("lzma1", [{"id": lzma.FILTER_LZMA1, "preset": 1}]),
        ("options", [{"id": lzma.FILTER_LZMA2, "mode": lzma.MODE_FAST, "mf": lzma.MF_HC3, "depth": 9, **small}]),
        ("delta", [{"id": lzma.FILTER_DELTA, "dist": 5}, {"id": lzma.FILTER_LZMA2, "preset": 3}]),
        ("x86", [{"id": lzma.FILTER_X86}, {"id": lzma.FILTER_LZMA1, **small}]),
    ]:
        for raw_name in ["small", "large"]:
            yield make(f"raw-{name}", raw_name, format=lzma.FORMAT_RAW, filters=filters)
    codec = [{"name": "numcodecs.lzma", "configuration": {}}]
    streams = lambda data: lzma.compress(data[:50_000]) + lzma.compress(data[50_000:])  # noqa: E731
    yield "lzma-xz-streams", "large", codec, streams
    yield "lzma-xz-empty", "empty", codec, lzma.compress


def blosc():
    shuffles = {"noshuffle": 0, "shuffle": 1, "bitshuffle": 2}

    def make(raw_name, compressor, shuffle, type_size, level=5, block_size=0):
        names = {"cname": compressor, "clevel": level, "shuffle": shuffle}
        codec = {"name": "blosc", "configuration": {**names, "typesize": type_size, "blocksize": block_size}}
        name = f"blosc-{compressor}-{shuffle}-{type_size}-{raw_name}"
        name += f"-blocks-{block_size}" if block_size else ""
        name += "" if level == 5 else f"-level-{level}"
        encoder = numcodecs.Blosc(compressor, level, shuffles[shuffle], block_size, typesize=type_size)
        return name, raw_name, [codec], encoder.encode

    for compressor in ["lz4", "lz4hc", "zlib", "zstd", "blosclz"]:
        for shuffle in shuffles:
            for type_size in [1, 4]:
                yield make("small", compressor, shuffle, type_size)
        yield make("medium", compressor, "shuffle", 4)
        yield make("medium", compressor, "bitshuffle", 1, block_size=4096)
    for type_size in [2, 3, 8, 16, 17, 255]:
        yield make("medium", "zstd", "shuffle", type_size, block_size=4096)
        yield make("medium", "zstd", "bitshuffle", type_size, block_size=4096)
    for level in [0, 1, 9]:
        yield make("small", "lz4", "shuffle", 4, level=level)
    yield make("random", "lz4", "shuffle", 4)
    yield make("byte", "lz4", "noshuffle", 1)


def checksums():
    crc32c = {"name": "crc32c"}
    append = numcodecs.CRC32C(location="end").encode
    for raw_name in ["small", "medium", "byte", "empty"]:
        if raw_name == "empty":
            yield "crc32c-empty", raw_name, [crc32c], lambda data: bytes(4)
        else:
            yield f"crc32c-{raw_name}", raw_name, [crc32c], append
    zstd_3 = {"name": "zstd", "configuration": {"level": 3, "checksum": False}}
    encode = numcodecs.Zstd(level=3).encode
    yield "zstd-crc32c-small", "small", [zstd_3, crc32c], lambda data: append(encode(data))
    yield "crc32c-zstd-small", "small", [crc32c, zstd_3], lambda data: encode(append(data))
    for raw_name in ["small", "medium", "byte"]:
        for name, codec in [
            ("crc32", numcodecs.CRC32()),
            ("crc32-end", numcodecs.CRC32(location="end")),
            ("crc32c-start", numcodecs.CRC32C(location="start")),
            ("adler32", numcodecs.Adler32()),
            ("adler32-end", numcodecs.Adler32(location="end")),
            ("fletcher32", numcodecs.Fletcher32()),
            ("jenkins-lookup3", numcodecs.JenkinsLookup3()),
            ("jenkins-lookup3-seed", numcodecs.JenkinsLookup3(initval=0xDEADBEEF)),
        ]:
            settings = {
                key: getattr(codec, key)
                for key in ["location", "initval"]
                if hasattr(codec, key) and not (key == "location" and hasattr(codec, "initval"))
            }
            described = {"name": f"numcodecs.{codec.codec_id}", "configuration": settings}
            yield f"{name}-{raw_name}", raw_name, [described], codec.encode


def others():
    base64 = {"name": "numcodecs.base64", "configuration": {}}
    for raw_name in ["small", "medium", "byte", "random"]:
        yield f"base64-{raw_name}", raw_name, [base64], numcodecs.Base64().encode
    for size in [1, 2, 4, 8, 16]:
        shuffle = {"name": "numcodecs.shuffle", "configuration": {"elementsize": size}}
        yield f"shuffle-{size}-random", "random", [shuffle], numcodecs.Shuffle(elementsize=size).encode
