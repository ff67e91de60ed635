"""The native pipeline: what it does itself, what it leaves to zarr-python, and where it is used from."""

import concurrent.futures
import gc
import json
import multiprocessing
import os
import pickle
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numcodecs
import numpy as np
import pyarrow as pa
import pytest
import zarr
import zarr.codecs
import zarr.storage
from zarr.core.codec_pipeline import FusedCodecPipeline
from zarr.errors import ChunkNotFoundError

import zarr_vlen
from zarr_vlen import _native, object_type, objects, optional
from zarr_vlen.pipeline import ChunkError, VlenCodecPipeline

COUNT = 103


def some(make: Any) -> Any:
    return objects([make(index) for index in range(COUNT)])


KINDS: dict[str, tuple[Any, Any]] = {
    "bytes": ("bytes", some(lambda i: bytes([i]) * (i % 7))),
    "string": ("string", np.array(["é" * (i % 5) + "x" * (i % 31) for i in range(COUNT)], "T")),
    "json": ("json", some(lambda i: {"a": i, "b": [None, True, 'x\n"é', -1.5e-7, 2**70]})),
    "optional bytes": (optional("bytes"), some(lambda i: None if i % 3 else b"b" * i)),
    "optional string": (optional("string"), some(lambda i: None if i % 3 else "é" * i)),
    "optional json": (optional("json"), some(lambda i: None if i % 3 else [i])),
    "own type": (
        object_type("test.pipeline", lambda z: str(z).encode(), lambda d: complex(d.decode())),
        some(lambda i: None if i == 5 else complex(i, 1)),
    ),
}
LAYOUTS: dict[str, dict[str, Any]] = {
    "plain": {"chunks": (10,)},
    "sharded": {"chunks": (5,), "shards": (40,)},
    "one chunk": {"chunks": (COUNT,)},
    "checksum": {"chunks": (10,), "compressors": [zarr.codecs.ZstdCodec(), zarr.codecs.Crc32cCodec()]},
    "gzip": {"chunks": (10,), "compressors": zarr.codecs.GzipCodec()},
    "blosc": {"chunks": (10,), "compressors": zarr.codecs.BloscCodec()},
}


@pytest.fixture(autouse=True)
def native() -> Iterator[None]:
    with zarr.config.set({"codec_pipeline.path": "zarr_vlen.pipeline.VlenCodecPipeline"}):
        yield


@pytest.fixture
def strict(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is left to zarr-python."""

    def refuse(*_: Any, **__: Any) -> Any:
        raise AssertionError("a call was left to zarr-python")

    for name in ("read_sync", "write_sync", "read", "write"):
        monkeypatch.setattr(FusedCodecPipeline, name, refuse)


@pytest.mark.parametrize("store", ["fsspec", "object"], indirect=True)
@pytest.mark.parametrize("kind", KINDS)
def test_parts_of_shards_of_awaited_stores(store: Any, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Zarr-python awaits the index and what is needed of a shard, and the engine decodes that."""
    dtype, values = KINDS[kind]
    z = zarr.create_array(store, shape=(COUNT,), dtype=dtype, **LAYOUTS["sharded"])
    z[:52] = values[:52]
    expected = fused(store)

    def refuse(*_: Any, **__: Any) -> Any:
        raise AssertionError("inner chunks were left to zarr-python")

    monkeypatch.setattr(FusedCodecPipeline, "read_sync", refuse)
    requests: list[Any] = []
    get = type(z.store).get

    async def counted(self: Any, key: str, prototype: Any, byte_range: Any = None) -> Any:
        requests.append(byte_range)
        return await get(self, key, prototype, byte_range)

    monkeypatch.setattr(type(z.store), "get", counted)
    assert z[13:17].tolist() == expected[13:17]
    assert len(requests) == 2
    assert None not in requests
    places = [102, 3, 44, 60, 3]
    assert z.oindex[places].tolist() == [expected[place] for place in places]
    assert z[43:66:2].tolist() == expected[43:66:2]
    assert z[2] == expected[2]


def fused(store: Any, **options: Any) -> Any:
    with zarr.config.set({"codec_pipeline.path": "zarr.core.codec_pipeline.FusedCodecPipeline"}):
        return zarr.open_array(store, **options)[...].tolist()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("layout", LAYOUTS)
class TestNative:
    @pytest.mark.usefixtures("strict")
    def test_elements_come_back(self, store: Any, kind: str, layout: str) -> None:
        dtype, values = KINDS[kind]
        z = zarr.create_array(store, shape=(COUNT,), dtype=dtype, **LAYOUTS[layout])
        z[:] = values
        assert z[:].tolist() == values.tolist()

    def test_zarr_python_reads_and_writes_the_same(self, store: Any, kind: str, layout: str) -> None:
        dtype, values = KINDS[kind]
        z = zarr.create_array(store, shape=(COUNT,), dtype=dtype, **LAYOUTS[layout])
        z[:] = values
        expected = values.copy()
        z[13:27] = values[3:17]
        expected[13:27] = values[3:17]
        z[95:] = values[:8]
        expected[95:] = values[:8]
        z[50] = values[1]
        expected[50] = values[1]
        assert fused(store) == expected.tolist()
        assert z[:].tolist() == expected.tolist()
        assert z[7:98].tolist() == expected[7:98].tolist()
        assert z[50] == expected[50]
        with zarr.config.set({"codec_pipeline.path": "zarr.core.codec_pipeline.FusedCodecPipeline"}):
            zarr.open_array(store)[20:90] = values[:70]
        expected[20:90] = values[:70]
        assert zarr.open_array(store)[:].tolist() == expected.tolist()

    def test_any_selection(self, store: Any, kind: str, layout: str) -> None:
        dtype, values = KINDS[kind]
        z = zarr.create_array(store, shape=(COUNT,), dtype=dtype, **LAYOUTS[layout])
        z[:] = values
        places = [3, 99, 4, 41]
        assert z.oindex[places].tolist() == values[places].tolist()
        assert z.vindex[places].tolist() == values[places].tolist()
        assert z[1:100:7].tolist() == values[1:100:7].tolist()
        expected = values.copy()
        z.oindex[places] = values[:4]
        expected[places] = values[:4]
        z.vindex[places] = values[4:8]
        expected[places] = values[4:8]
        z[2:60:9] = values[: len(range(2, 60, 9))]
        expected[2:60:9] = values[: len(range(2, 60, 9))]
        assert z[:].tolist() == expected.tolist()


@pytest.mark.usefixtures("strict")
class TestWithoutZarrPython:
    @pytest.mark.parametrize(
        "codec", [numcodecs.Zlib(), numcodecs.Zstd(), numcodecs.LZ4(), numcodecs.Blosc(), None]
    )
    @pytest.mark.parametrize("kind", ["bytes", "string", "json"])
    @pytest.mark.parametrize("order", ["C", "F"])
    def test_version_2(self, tmp_path: Path, kind: str, codec: Any, order: Any) -> None:
        dtype, values = KINDS[kind]
        values = values[:60].reshape(6, 10)
        z = zarr.create_array(
            tmp_path / "a",
            shape=(6, 10),
            chunks=(4, 3),
            dtype=dtype,
            zarr_format=2,
            compressors=codec,
            order=order,
        )
        z[...] = values
        z[1:3, 2:8] = values[:2, :6]
        expected = values.copy()
        expected[1:3, 2:8] = values[:2, :6]
        assert z[...].tolist() == expected.tolist()
        assert zarr.open_array(tmp_path / "a", mode="r")[2:5, 1:].tolist() == expected[2:5, 1:].tolist()

    @pytest.mark.parametrize("kind", KINDS)
    def test_several_dimensions(self, tmp_path: Path, kind: str) -> None:
        dtype, values = KINDS[kind]
        values = values[:60].reshape(3, 4, 5)
        for name, options in {
            "plain": {"chunks": (2, 3, 2)},
            "sharded": {"chunks": (1, 2, 2), "shards": (2, 4, 4)},
        }.items():
            z = zarr.create_array(tmp_path / name, shape=values.shape, dtype=dtype, **options)
            z[...] = values
            assert z[...].tolist() == values.tolist()
            assert z[1, 1:3].tolist() == values[1, 1:3].tolist()
            assert z[:, 2, ::1].tolist() == values[:, 2].tolist()
            z[2, 3] = values[0, 0]
            assert (
                z[1:, 2:].tolist()
                == np.concatenate([values[1:2, 2:], np.stack([[values[2, 2], values[0, 0]]])]).tolist()
            )

    def test_a_value_for_a_whole_region(self, tmp_path: Path) -> None:
        z = zarr.create_array(tmp_path / "a", shape=(7, 5), chunks=(3, 2), dtype="string")
        z[1:6] = "x"
        assert z[...].tolist() == [[""] * 5] + [["x"] * 5] * 5 + [[""] * 5]

    def test_arrays_of_objects_are_text(self, tmp_path: Path) -> None:
        z = zarr.create_array(tmp_path / "a", shape=(4,), chunks=(2,), dtype="string")
        z[:] = np.array(["a", "é", "", "d" * 100], object)
        assert z[:].tolist() == ["a", "é", "", "d" * 100]
        assert z[:].dtype == np.dtypes.StringDType()

    def test_no_dimensions(self, tmp_path: Path) -> None:
        z = zarr.create_array(tmp_path / "a", shape=(), dtype="bytes")
        z[...] = b"abc"
        assert z[()].item() == b"abc"

    def test_fill_values(self, tmp_path: Path) -> None:
        z = zarr.create_array(tmp_path / "a", shape=(6,), chunks=(2,), dtype="string", fill_value="é")
        z[2:4] = np.array(["é", "é"], "T")
        assert z[:].tolist() == ["é"] * 6
        assert not (tmp_path / "a" / "c").exists() or not any((tmp_path / "a" / "c").iterdir())

    def test_chunks_of_the_fill_value_are_removed(self, tmp_path: Path) -> None:
        for options in ({}, {"shards": (4,)}):
            z = zarr.create_array(
                tmp_path / "a", shape=(4,), chunks=(2,), dtype="bytes", overwrite=True, **options
            )
            z[:] = b"x"
            z[:] = b""
            assert sorted(path.name for path in (tmp_path / "a").rglob("*") if path.is_file()) == [
                "zarr.json"
            ]

    def test_empty_chunks_can_be_written(self, tmp_path: Path) -> None:
        z = zarr.create_array(
            tmp_path / "a", shape=(4,), chunks=(2,), dtype="bytes", config={"write_empty_chunks": True}
        )
        z[:] = b""
        assert sum(path.is_file() for path in (tmp_path / "a" / "c").rglob("*")) == 2

    def test_no_temporary_files_stay(self, tmp_path: Path) -> None:
        z = zarr.create_array(tmp_path / "a", shape=(100,), chunks=(1,), dtype="bytes")
        z[:] = b"x"
        assert {path.name for path in (tmp_path / "a").rglob("*") if path.is_file()} == {
            "zarr.json",
            *map(str, range(100)),
        }


def test_missing_chunks_are_reported(tmp_path: Path) -> None:
    z = zarr.create_array(
        tmp_path / "a", shape=(6,), chunks=(2,), dtype="bytes", config={"read_missing_chunks": False}
    )
    z[:2] = b"x"
    assert z[:2].tolist() == [b"x", b"x"]
    with pytest.raises(ChunkNotFoundError, match="2 chunk"):
        z[:]


def test_other_arrays_are_as_ever(store: Any) -> None:
    z = zarr.create_array(store, shape=(100, 100), chunks=(30, 30), dtype="float64")
    values = np.random.default_rng(1).random((100, 100))
    z[...] = values
    z[3:50, 7] = 1
    values[3:50, 7] = 1
    assert (z[...] == values).all()
    assert (zarr.open_array(store)[::7, 3:] == values[::7, 3:]).all()


class TestParts:
    """Parts of shards that are read, and nothing else."""

    def test_only_the_inner_chunks_that_are_needed_are_read(self, tmp_path: Path) -> None:
        z = zarr.create_array(tmp_path / "a", shape=(1000,), chunks=(10,), shards=(1000,), dtype="bytes")
        z[:] = some_bytes = objects([bytes([i % 256]) * 50 for i in range(1000)])
        path = tmp_path / "a" / "c" / "0"
        stored = bytearray(path.read_bytes())
        index = np.frombuffer(stored[-1604:-4], "<u8").reshape(100, 2)
        # What belongs to other elements is damaged.
        for number, (offset, size) in enumerate(index.tolist()):
            if number != 50:
                stored[offset : offset + size] = b"\xff" * size
        path.write_bytes(stored)
        assert z[500:510].tolist() == some_bytes[500:510].tolist()
        with pytest.raises(ChunkError, match="inner chunk 49"):
            z[499:510]

    def test_inner_chunks_that_are_not_written_stay_as_they_are(self, tmp_path: Path) -> None:
        z = zarr.create_array(
            tmp_path / "a", shape=(100,), chunks=(10,), shards=(100,), dtype="bytes", compressors=None
        )
        z[:] = b"before"
        z[40:50] = b"after!"
        assert z[:].tolist() == [b"before"] * 40 + [b"after!"] * 10 + [b"before"] * 50


class TestDamage:
    @pytest.fixture
    def path(self, tmp_path: Path) -> Path:
        z = zarr.create_array(tmp_path / "a", shape=(20,), chunks=(10,), dtype="string")
        z[:] = np.array(["x" * i for i in range(20)], "T")
        return tmp_path / "a"

    @pytest.mark.parametrize("content", [b"", b"x", b"\x28\xb5\x2f\xfd" + b"\0" * 40, os.urandom(1000)])
    def test_damaged_chunks_are_errors_with_the_path(self, path: Path, content: bytes) -> None:
        (path / "c" / "1").write_bytes(content)
        z = zarr.open_array(path)
        assert z[:10].tolist() == ["x" * i for i in range(10)]
        with pytest.raises(ChunkError) as caught:
            z[:]
        assert str(path / "c" / "1") in str(caught.value)
        assert isinstance(caught.value, ValueError)
        assert pickle.loads(pickle.dumps(caught.value)).path == caught.value.path

    def test_a_claim_of_much_memory_takes_none(self, tmp_path: Path) -> None:
        z = zarr.create_array(tmp_path / "a", shape=(3,), dtype="bytes", compressors=None)
        z[:] = b"x"
        (tmp_path / "a" / "c" / "0").write_bytes(b"\3\0\0\0" + b"\xff\xff\xff\x7f" * 3)
        with pytest.raises(ChunkError):
            z[:]

    def test_text_that_is_no_text(self, tmp_path: Path) -> None:
        z = zarr.create_array(tmp_path / "a", shape=(2,), dtype="string", compressors=None)
        z[:] = "ab"
        (tmp_path / "a" / "c" / "0").write_bytes(b"\2\0\0\0" + b"\2\0\0\0\xff\xfe" * 2)
        with pytest.raises(ChunkError, match="a/c/0 .*UTF-8"):
            z[:]

    @pytest.mark.parametrize("name", ["string", "optional"])
    def test_objects_that_are_no_text(self, name: str) -> None:
        # Zarr-python's own type has arrays of StringDType, and ours of objects.
        dtype = zarr_vlen.types.String() if name == "string" else zarr_vlen.optional("string")
        stored: dict[str, Any] = {}
        z = zarr.create_array(stored, name="a", shape=(2,), dtype=dtype, compressors=None)
        z[:] = "ab"
        data = stored["a/c/0"].to_bytes()
        stored["a/c/0"] = zarr.core.buffer.cpu.Buffer.from_bytes(data[:-1] + b"\xff")
        with pytest.raises(ChunkError, match="a/c/0 .*UTF-8"):
            z[:]

    def test_errors_of_the_system(self, tmp_path: Path) -> None:
        z = zarr.create_array(tmp_path / "a", shape=(2,), dtype="bytes")
        (tmp_path / "a" / "c").write_bytes(b"")
        with pytest.raises((NotADirectoryError, FileExistsError)):
            z[:] = b"x"

    def test_a_store_that_may_not_be_written(self, path: Path) -> None:
        with pytest.raises(ValueError, match="read-only"):
            zarr.open_array(path, mode="r")[:] = "x"


class TestJSON:
    @pytest.mark.parametrize(
        "text",
        [
            "1e400",
            "-",
            "01",
            "1.",
            ".5",
            "1e",
            "[1,]",
            "{",
            '{"a"}',
            '{"a":}',
            '"',
            '"\\x"',
            '"\\u12"',
            "nul",
            "1 2",
            "[1",
            '"\t"',
        ],
    )
    def test_text_that_is_no_json(self, tmp_path: Path, text: str) -> None:
        z = self._stored(tmp_path, text)
        if text == "1e400":
            assert z[0].item() == float("inf")
        else:
            with pytest.raises(ValueError, match="JSON"):
                z[0]

    @pytest.mark.parametrize(
        "text",
        [
            " [ 1 , 2 ] ",
            '{"a" : {"b":[]} , "a":2}',
            '"\\ud83d\\ude00\\n\\u00e9\\/"',
            "1E5",
            "-0",
            "-0.0",
            "0.1",
            "123456789012345678901234567890",
            "1.7976931348623157e308",
            "5e-324",
            "2.2250738585072014e-308",
            "9007199254740993",
            "0.30000000000000004",
            "1e22",
            "1e23",
            "123456789.123456789",
            "NaN",
            "[" * 50 + "]" * 50,
            '"' + "é" * 100 + '"',
            '{"' + "k" * 100 + '":1}',
            "3.14159265358979323846264338327950288",
        ],
    )
    def test_values_are_those_of_the_standard_library(self, tmp_path: Path, text: str) -> None:
        assert repr(self._stored(tmp_path, text)[0].item()) == repr(json.loads(text))

    @staticmethod
    def _stored(path: Path, text: str) -> Any:
        z = zarr.create_array(path / "a", shape=(1,), dtype="json", compressors=None)
        data = text.encode()
        chunk = path / "a" / "c" / "0"
        chunk.parent.mkdir()
        chunk.write_bytes(b"\1\0\0\0" + len(data).to_bytes(4, "little") + data)
        return z

    def test_numbers_keep_their_value(self, tmp_path: Path) -> None:
        generator = np.random.default_rng(2)
        bits = generator.integers(0, 2**64, 20_000, dtype=np.uint64).view(np.float64)
        rounded = [round(value, places) for places in range(12) for value in generator.random(500).tolist()]
        numbers = [
            *bits[np.isfinite(bits)].tolist(),
            *rounded,
            1e15,
            1e16,
            1e-4,
            1e-5,
            0.1 + 0.2,
            -0.0,
            2.5e-8,
        ]
        numbers += [2**63, -(2**63), 2**64, 10**30, -1, 0, True]
        z = zarr.create_array(tmp_path / "a", shape=(len(numbers),), dtype="json")
        z[:] = numbers
        assert repr(z[:].tolist()) == repr(numbers)


class TestThreadsAndProcesses:
    def _filled(self, path: Path) -> Any:
        z = zarr.create_array(path / "a", shape=(4000,), chunks=(100,), dtype="json")
        z[:] = [{"i": i} for i in range(4000)]
        return z

    def test_many_threads(self, tmp_path: Path) -> None:
        z = self._filled(tmp_path)

        def work(number: int) -> bool:
            start = number * 100 % 4000
            z[start : start + 100] = [{"i": i} for i in range(start, start + 100)]
            return z[:].tolist() == [{"i": i} for i in range(4000)]

        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            assert all(pool.map(work, range(80)))

    @pytest.mark.parametrize("method", ["fork", "forkserver", "spawn"])
    # Python warns that a process with threads forks.
    @pytest.mark.filterwarnings("ignore::DeprecationWarning")
    def test_processes(self, tmp_path: Path, method: str) -> None:
        z = self._filled(tmp_path)
        assert z[5].item() == {"i": 5}
        stop = threading.Event()

        def read() -> None:
            while not stop.is_set():
                z[:1000]

        threads = [threading.Thread(target=read) for _ in range(2)]
        for thread in threads:
            thread.start()
        try:
            context = multiprocessing.get_context(method)
            for _ in range(3 if method == "fork" else 1):
                with concurrent.futures.ProcessPoolExecutor(2, mp_context=context) as pool:
                    futures = [pool.submit(_child, z, start) for start in (0, 1000, 2000, 3000)]
                    found = [future.result(timeout=60) for future in futures]
                assert found == [[{"i": i} for i in range(s, s + 1000)] for s in (0, 1000, 2000, 3000)]
        finally:
            stop.set()
            for thread in threads:
                thread.join()

    def test_arrays_are_pickled_with_their_pipeline(self, tmp_path: Path) -> None:
        z = self._filled(tmp_path)
        with zarr.config.set({"codec_pipeline.path": "zarr.core.codec_pipeline.BatchedCodecPipeline"}):
            other = pickle.loads(pickle.dumps(z))
        assert isinstance(other.async_array.codec_pipeline, VlenCodecPipeline)
        assert other[:10].tolist() == z[:10].tolist()

    def test_a_call_within_a_loop(self, tmp_path: Path) -> None:
        import asyncio

        z = self._filled(tmp_path)

        async def read() -> Any:
            found = await asyncio.gather(*(z.async_array.getitem(slice(i, i + 10)) for i in range(20)))
            return [part.tolist() for part in found], z[:3].tolist()

        found, three = asyncio.run(read())
        assert found == [[{"i": i} for i in range(s, s + 10)] for s in range(20)]
        assert three == [{"i": 0}, {"i": 1}, {"i": 2}]


def _child(z: Any, start: int) -> Any:
    z[start : start + 100] = z[start : start + 100]
    return z[start : start + 1000].tolist()


class TestReferences:
    def test_elements_are_freed(self, tmp_path: Path) -> None:
        z = zarr.create_array(tmp_path / "a", shape=(50,), chunks=(10,), dtype="bytes")
        values = objects([b"value %d" % i * 3 for i in range(50)])
        counts = [sys.getrefcount(value) for value in values]
        for _ in range(20):
            z[:] = values
            out = z[:]
        assert [sys.getrefcount(value) for value in values] == counts
        others = objects([b"other %d" % i for i in range(50)])
        assert {sys.getrefcount(value) for value in out.tolist()} == {
            sys.getrefcount(value) for value in others.tolist()
        }

    def test_errors_in_the_middle_leave_references_right(self, tmp_path: Path) -> None:
        z = zarr.create_array(tmp_path / "a", shape=(50,), chunks=(10,), dtype="bytes")
        values = objects([b"value %d" % i * 3 for i in range(49)] + [None])
        values[49] = 5
        counts = [sys.getrefcount(value) for value in values[:49]]
        for _ in range(5):
            with pytest.raises(zarr_vlen.ElementError, match="element 49"):
                z[:] = values
        assert [sys.getrefcount(value) for value in values[:49]] == counts

    def test_memory_does_not_grow(self, tmp_path: Path) -> None:
        z = zarr.create_array(tmp_path / "a", shape=(200,), chunks=(50,), shards=(100,), dtype="json")

        def work(rounds: int) -> int:
            for _ in range(rounds):
                z[:] = [{"key": i, "text": "x" * 100} for i in range(200)]
                z[:]
                with pytest.raises(zarr_vlen.ElementError):
                    z[:] = [{"key": {1}}] * 200
            gc.collect()
            return int(Path("/proc/self/statm").read_text().split()[1])

        work(20)
        before = work(20)
        assert work(200) < before + 2000


def resident() -> int:
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1])


def test_a_hundred_thousand_calls() -> None:
    """Calls of each function of the extension that work, and calls that fail, leave nothing behind."""
    z = zarr.create_array({}, shape=(3,), dtype="bytes", compressors=None)
    document = z.store._store_dict["zarr.json"].to_bytes()
    codecs = _native.Codecs(document, 1)
    elements = objects([b"a", b"bb", b"c" * 100])
    place = (slice(0, 3),)
    (stored,) = codecs.write([(None, (3,), place, place, True)], elements, 0)
    wrong = stored[:-1]
    arrow = pa.array(["a", None, "b" * 100])
    strings = np.array(["a", "b" * 100], np.dtypes.StringDType())
    counts = [sys.getrefcount(value) for value in elements]

    def fails(function: Any, *arguments: Any) -> None:
        try:
            function(*arguments)
        except (_native.EngineError, ValueError, TypeError):
            return
        raise AssertionError("it did not fail")

    def work(rounds: int) -> None:
        out = np.empty(3, object)
        for _ in range(rounds):
            codecs.write([(None, (3,), place, place, True)], elements, 0)
            codecs.read([(stored, (3,), place, place, False)], out, 0, bytes)
            fails(codecs.read, [(wrong, (3,), place, place, False)], out, 0, bytes)
            fails(codecs.write, [(None, (3,), place, place, True)], [b"a"], 0)
            len(_native.source_of_objects(["a", "b", None]).tolist())
            fails(_native.source_of_objects, ["a", b"b"])
            fails(_native.source_of_objects, [5])
            _native.source_of_strings(strings)
            _native.source_of_arrow(*arrow.__arrow_c_array__())
            for source in _native.Stream(pa.chunked_array([arrow]).__arrow_c_stream__()):
                source.tolist()
        out[:] = None

    work(500)
    before = resident()
    work(10_000)
    assert resident() < before + 1000
    assert [sys.getrefcount(value) for value in elements] == counts


def test_enabling(monkeypatch: pytest.MonkeyPatch) -> None:
    with zarr.config.set({"codec_pipeline.path": "zarr.core.codec_pipeline.BatchedCodecPipeline"}):
        zarr_vlen.enable()
        z = zarr.create_array({}, shape=(3,), dtype="bytes")
        assert isinstance(z.async_array.codec_pipeline, VlenCodecPipeline)


def test_time_passes_without_the_lock_of_the_interpreter(tmp_path: Path) -> None:
    """Another thread runs while elements are compressed."""
    z = zarr.create_array(
        tmp_path / "a",
        shape=(200,),
        chunks=(200,),
        dtype="bytes",
        compressors=zarr.codecs.ZstdCodec(level=19),
    )
    ticks = []
    stop = threading.Event()

    def tick() -> None:
        while not stop.is_set():
            ticks.append(time.monotonic())
            time.sleep(0.001)

    thread = threading.Thread(target=tick)
    thread.start()
    z[:] = objects([os.urandom(20_000) for _ in range(200)])
    stop.set()
    thread.join()
    assert len(ticks) > 5


def test_a_chunk_that_would_not_be_read_again(tmp_path: Path) -> None:
    """Above 256 MiB, a chunk may decode to a thousand times what is stored."""
    options: Any = {"shape": (300,), "dtype": "bytes", "compressors": [zarr.codecs.ZstdCodec(level=1)]}
    with zarr.config.set({"codec_pipeline.path": "zarr_vlen.pipeline.VlenCodecPipeline"}):
        z = zarr.create_array(tmp_path / "a", chunks=(300,), **options)
        with pytest.raises(ChunkError, match="a/c/0 cannot be stored: .* make chunks smaller") as caught:
            z[:] = bytes(1 << 20)
        assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)
        assert z[0].item() == b""
        z = zarr.create_array(tmp_path / "b", chunks=(30,), **options)
        z[:] = bytes(1 << 20)
        assert z[299].item() == bytes(1 << 20)
