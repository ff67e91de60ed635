"""Whole arrays from and to Arrow, NumPy, pandas, polars and lists."""

import asyncio
import json
import pickle
import signal
import subprocess
import sys
import tempfile
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import obstore.store
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import zarr
from hypothesis import given, settings
from hypothesis import strategies as st

import zarr_vlen
from zarr_vlen import Appender, ElementError, optional, read, scan, write
from zarr_vlen.pipeline import ChunkError

TEXTS = ["a", "", "日本\0", "b" * 300, "c\n", "é" * 7, "d"] * 5
BLOBS = [b"a", b"", b"\0\xff", b"b" * 300, b"c\0", b"\n", b"d"] * 5


def some(values: list[Any]) -> list[Any]:
    return [None if index % 3 == 1 else value for index, value in enumerate(values)]


ARROW_TYPES = {
    "binary": (pa.binary(), BLOBS),
    "large_binary": (pa.large_binary(), BLOBS),
    "binary_view": (pa.binary_view(), BLOBS),
    "string": (pa.string(), TEXTS),
    "large_string": (pa.large_string(), TEXTS),
    "string_view": (pa.string_view(), TEXTS),
}


@pytest.fixture(params=ARROW_TYPES)
def arrow(request: pytest.FixtureRequest) -> tuple[Any, list[Any]]:
    return ARROW_TYPES[request.param]


def zvlen(*arguments: str | Path, text: bytes = b"") -> bytes:
    command = [Path(sys.executable).with_name("zvlen"), *map(str, arguments)]
    result = subprocess.run(command, input=text, capture_output=True, check=False)
    assert result.returncode == 0, result.stderr
    return result.stdout


class TestArrow:
    def test_comes_back(self, tmp_path: Path, arrow: tuple[Any, list[Any]]) -> None:
        kind, values = arrow
        z = write(tmp_path, pa.array(values, kind), chunks=(4,))
        assert z.metadata.data_type.to_json(3) == ("string" if isinstance(values[0], str) else "bytes")
        assert z[:].tolist() == values
        result = read(tmp_path, as_="arrow")
        assert result.type == (pa.large_string() if isinstance(values[0], str) else pa.large_binary())
        result.validate(full=True)
        assert result.to_pylist() == values

    def test_nulls_make_the_type_optional(self, tmp_path: Path, arrow: tuple[Any, list[Any]]) -> None:
        kind, values = arrow
        z = write(tmp_path, pa.array(some(values), kind), chunks=(4,))
        assert z[:].tolist() == some(values)
        result = read(tmp_path, as_="arrow")
        result.validate(full=True)
        assert result.to_pylist() == some(values)
        assert result.null_count == some(values).count(None)

    def test_slices_and_chunks(self, tmp_path: Path, arrow: tuple[Any, list[Any]]) -> None:
        kind, values = arrow
        whole = pa.array(some(values), kind)
        chunked = pa.chunked_array([whole[3:17], whole[:0], whole[17:18], whole[20:]])
        write(tmp_path, chunked, chunks=(4,))
        assert read(tmp_path, as_="list") == some(values)[3:18] + some(values)[20:]

    def test_nothing(self, tmp_path: Path, arrow: tuple[Any, list[Any]]) -> None:
        z = write(tmp_path, pa.array([], arrow[0]))
        assert z.shape == (0,)
        assert read(tmp_path, as_="arrow").to_pylist() == []
        assert list(scan(tmp_path)) == []

    def test_only_nulls(self, tmp_path: Path) -> None:
        write(tmp_path, pa.nulls(5))
        assert read(tmp_path, as_="arrow").to_pylist() == [None] * 5

    def test_dictionaries(self, tmp_path: Path) -> None:
        values = ["x", None, "y", "x", "x"]
        write(tmp_path, pa.array(values).dictionary_encode())
        assert read(tmp_path, as_="list") == values

    def test_columns_outlive_what_they_are_of(self, tmp_path: Path) -> None:
        write(tmp_path, BLOBS)
        results = [read(tmp_path, as_="arrow") for _ in range(3)]
        assert [result.to_pylist() for result in results] == [BLOBS] * 3

    def test_other_types_are_refused(self, tmp_path: Path) -> None:
        with pytest.raises(TypeError, match="binary or string types"):
            write(tmp_path, pa.array([1, 2]))
        with pytest.raises(TypeError, match="name a column"):
            write(tmp_path, pa.table({"a": ["x"]}))
        assert not list(tmp_path.iterdir())

    def test_without_pyarrow_a_column_is_returned(self, tmp_path: Path, monkeypatch: Any) -> None:
        write(tmp_path, some(TEXTS))
        monkeypatch.setitem(sys.modules, "pyarrow", None)
        column = read(tmp_path, as_="arrow")
        monkeypatch.undo()
        assert len(column) == len(TEXTS)
        assert column[0] == "a"
        assert column.null_count == some(TEXTS).count(None)
        assert pa.array(column).to_pylist() == some(TEXTS)
        with pytest.raises(IndexError):
            column[len(TEXTS)]


INPUTS = {
    "list": lambda values: values,
    "tuple": tuple,
    "iterator": iter,
    "generator": lambda values: (value for value in values),
    "objects": lambda values: np.array(values, object),
    "strided": lambda values: np.array([v for v in values for _ in "ab"], object)[::2],
    "series": lambda values: pd.Series(values, dtype=object),
    "index": lambda values: pd.Index(values, dtype=object),
    "categories": lambda values: pd.Series(values, dtype=object).astype("category"),
    "polars": pl.Series,
}
TEXT_INPUTS = {
    "StringDType": lambda values: np.array(values, np.dtypes.StringDType()),
    "series of str": lambda values: pd.Series(values, dtype="str"),
    "series of string[pyarrow]": lambda values: pd.Series(values, dtype="string[pyarrow]"),
    "series of string[python]": lambda values: pd.Series(values, dtype="string[python]"),
    "series of Arrow": lambda values: pd.Series(values, dtype=pd.ArrowDtype(pa.string())),
    "polars categories": lambda values: pl.Series(values, dtype=pl.Categorical),
}


class TestInputs:
    @pytest.mark.parametrize("name", INPUTS)
    @pytest.mark.parametrize("values", [TEXTS, BLOBS], ids=["text", "bytes"])
    def test_are_written(self, tmp_path: Path, name: str, values: list[Any]) -> None:
        write(tmp_path, INPUTS[name](values), chunks=(4,))
        assert read(tmp_path, as_="list") == values

    @pytest.mark.parametrize("name", sorted(INPUTS.keys() - {"iterator", "generator"}))
    @pytest.mark.parametrize("values", [some(TEXTS), some(BLOBS)], ids=["text", "bytes"])
    def test_may_have_absent_elements(self, tmp_path: Path, name: str, values: list[Any]) -> None:
        write(tmp_path, INPUTS[name](values), chunks=(4,))
        assert read(tmp_path, as_="list") == values

    @pytest.mark.parametrize("name", TEXT_INPUTS)
    def test_of_text_are_written(self, tmp_path: Path, name: str) -> None:
        write(tmp_path, TEXT_INPUTS[name](TEXTS), chunks=(4,))
        assert read(tmp_path, as_="list") == TEXTS

    @pytest.mark.parametrize("name", sorted(TEXT_INPUTS.keys() - {"StringDType"}))
    def test_of_text_may_have_absent_elements(self, tmp_path: Path, name: str) -> None:
        write(tmp_path, TEXT_INPUTS[name](some(TEXTS)), chunks=(4,))
        assert read(tmp_path, as_="list") == some(TEXTS)

    def test_string_dtype_with_an_na_object(self, tmp_path: Path) -> None:
        values = np.array(some(TEXTS), np.dtypes.StringDType(na_object=None))
        write(tmp_path, values)
        assert read(tmp_path, as_="list") == some(TEXTS)

    def test_of_more_dimensions(self, tmp_path: Path) -> None:
        values = np.array(TEXTS, object).reshape(5, 7)
        z = write(tmp_path, values, dtype="string", chunks=(2, 3))
        assert z.shape == (5, 7)
        assert z[:].tolist() == values.tolist()
        assert read(tmp_path).tolist() == values.tolist()
        assert read(tmp_path, as_="list", rows=slice(1, 4)) == values[1:4].tolist()
        assert read(tmp_path, as_="arrow").to_pylist() == TEXTS
        assert [
            value for batch in scan(tmp_path, as_="list", rows=slice(2, None)) for value in batch
        ] == TEXTS[14:]

    def test_bytes_like_objects(self, tmp_path: Path) -> None:
        write(tmp_path, [bytearray(b"ab"), memoryview(b"c"), b"d"])
        assert read(tmp_path, as_="list") == [b"ab", b"c", b"d"]

    @pytest.mark.parametrize(
        ("values", "index"), [(["a", b"b"], 1), ([b"a", 1], 1), (["a", None, "\ud800"], 2)], ids=str
    )
    def test_with_a_wrong_element_leave_nothing(self, tmp_path: Path, values: list[Any], index: int) -> None:
        with pytest.raises(ElementError) as raised:
            write(tmp_path, values)
        assert raised.value.index == index
        assert not list(tmp_path.iterdir())

    def test_that_are_no_elements_are_refused(self, tmp_path: Path) -> None:
        for data in ("abc", b"abc"):
            with pytest.raises(TypeError, match="put it in a list"):
                write(tmp_path, data)
        with pytest.raises(TypeError, match="float64"):
            write(tmp_path, np.zeros(3))
        with pytest.raises(TypeError, match="column"):
            write(tmp_path, pd.DataFrame({"a": ["x"]}))
        with pytest.raises(ElementError, match="text"):
            write(tmp_path, ["a"], dtype="bytes")
        with pytest.raises(ElementError, match="bytes"):
            write(tmp_path, [b"a"], dtype="string")
        with pytest.raises(ElementError, match="optional"):
            write(tmp_path, ["a", None], dtype="string")

    def test_json(self, tmp_path: Path) -> None:
        values = [{"a": [1, None]}, "b", None, 1.5, [], "é"]
        z = write(tmp_path, values, dtype="json", chunks=(2,))
        assert z[:].tolist() == values
        assert read(tmp_path, as_="list") == values
        assert read(tmp_path, as_="arrow").to_pylist()[:2] == ['{"a":[1,null]}', '"b"']

    def test_optional_json(self, tmp_path: Path) -> None:
        values = [{"a": 1}, None, "b"]
        write(tmp_path, values, dtype=optional("json"), chunks=(2,))
        assert read(tmp_path, as_="list") == values


class TestOutputs:
    def test_of_text_are_numpys(self, tmp_path: Path) -> None:
        write(tmp_path, TEXTS)
        result = read(tmp_path)
        assert result.dtype == np.dtypes.StringDType()
        assert result.tolist() == TEXTS

    def test_of_bytes_and_optional_text_are_objects(self, tmp_path: Path) -> None:
        write(tmp_path / "bytes", BLOBS)
        write(tmp_path / "text", some(TEXTS))
        assert read(tmp_path / "bytes").tolist() == BLOBS
        assert read(tmp_path / "text").tolist() == some(TEXTS)

    @pytest.mark.parametrize("as_", ["numpy", "list", "arrow"])
    def test_of_what_zarr_python_writes(self, tmp_path: Path, as_: Any) -> None:
        z = zarr.create_array(tmp_path, shape=(36,), dtype="string", chunks=(4,), shards=(12,))
        z[:35] = np.array(TEXTS, np.dtypes.StringDType())
        result = read(tmp_path, as_=as_)
        assert (result.to_pylist() if as_ == "arrow" else list(result)) == [*TEXTS, ""]

    def test_of_zarr_2(self, tmp_path: Path) -> None:
        z = write(tmp_path, TEXTS, zarr_format=2, chunks=(4,))
        assert z.metadata.zarr_format == 2
        assert read(tmp_path, as_="list") == TEXTS

    def test_rows(self, tmp_path: Path) -> None:
        write(tmp_path, TEXTS, chunks=(4,))
        for rows in (slice(3, 9), slice(None, 0), slice(-5, None), slice(30, 99), slice(9, 3)):
            assert read(tmp_path, rows=rows, as_="list") == TEXTS[rows]
        with pytest.raises(ValueError, match="step"):
            read(tmp_path, rows=slice(None, None, 2))

    def test_go_to_zvlen(self, tmp_path: Path) -> None:
        write(tmp_path / "a", pa.array(some(BLOBS)), chunks=(4,))
        zvlen("verify", tmp_path / "a")
        dumped = [json.loads(line) for line in zvlen("dump", tmp_path / "a").splitlines()]
        assert [line is None for line in dumped] == [value is None for value in some(BLOBS)]
        write(tmp_path / "b", BLOBS, chunks=(4,))
        assert [zvlen("cat", tmp_path / "b", str(place)) for place in range(4)] == BLOBS[:4]

    def test_come_from_zvlen(self, tmp_path: Path) -> None:
        lines = [str(number) * (number % 7) for number in range(1000)]
        text = "".join(f"{line}\n" for line in lines).encode()
        options = ("--type", "string", "--chunk-count", "64")
        zvlen("import", "-", "-o", tmp_path / "a", *options, text=text)
        assert read(tmp_path / "a", as_="arrow").to_pylist() == lines
        with Appender(tmp_path / "a") as appender:
            appender.extend(pa.array(["last"]))
        assert zvlen("export", tmp_path / "a", "-o", "-").decode().splitlines() == [*lines, "last"]

    def test_of_damaged_chunks_are_errors(self, tmp_path: Path) -> None:
        write(tmp_path, TEXTS, chunks=(4,))
        path = tmp_path / "c" / "3"
        path.write_bytes(path.read_bytes()[:-5])
        with pytest.raises(ChunkError, match="c/3"):
            read(tmp_path)
        batches = scan(tmp_path, as_="list")
        before = []
        with pytest.raises(ChunkError, match="c/3"):
            before.extend(value for batch in batches for value in batch)
        assert before == TEXTS[:12]

    def test_of_text_that_is_none_are_errors(self, tmp_path: Path) -> None:
        z = zarr.create_array(tmp_path, shape=(2,), dtype="bytes", compressors=None)
        z[:] = np.array([b"a\xe9", b"\xa9b"], object)
        document = tmp_path / "zarr.json"
        text = document.read_text().replace('"bytes"', '"string"').replace("vlen-bytes", "vlen-utf8")
        document.write_text(text)
        for as_ in ("arrow", "numpy", "list"):
            with pytest.raises(ChunkError, match=f"{tmp_path}/c/0 .*element 0 .*UTF-8"):
                read(tmp_path, as_=as_)
        with pytest.raises(ChunkError, match="c/0 .*element 1 .*UTF-8"):
            read(tmp_path, rows=slice(1, 2))
        with pytest.raises(ChunkError, match="c/0 .*UTF-8"):
            list(scan(tmp_path))

    def test_that_there_are_not_are_errors(self, tmp_path: Path) -> None:
        with pytest.raises(FileNotFoundError):
            read(tmp_path / "nothing")
        zarr.create_array(tmp_path / "numbers", shape=(2,), dtype="f8")
        with pytest.raises(ValueError, match="in bulk"):
            read(tmp_path / "numbers")
        write(tmp_path / "a", ["a"])
        with pytest.raises(ValueError, match="as_"):
            read(tmp_path / "a", as_="pandas")


class TestStores:
    @pytest.mark.parametrize("values", [TEXTS, BLOBS, some(TEXTS)], ids=["text", "bytes", "optional"])
    def test_hold_the_same(self, store: Any, values: list[Any]) -> None:
        z = write(store, pa.array(values), path="a/b", chunks=(4,), attributes={"x": 1})
        assert z.attrs["x"] == 1
        assert z[:].tolist() == values
        assert read(store, path="a/b", as_="list") == values
        assert read(store, path="a/b", as_="arrow").to_pylist() == values
        assert read(store, path="a/b").tolist() == values
        assert read(store, path="a/b", rows=slice(5, 9), as_="list") == values[5:9]
        batches = list(scan(store, path="a/b"))
        assert [value for batch in batches for value in batch.to_pylist()] == values

    def test_are_not_replaced_unless_told(self, store: Any) -> None:
        write(store, ["a"])
        with pytest.raises(zarr.errors.ContainsArrayError):
            write(store, ["b"])
        assert read(store, as_="list") == ["a"]
        write(store, ["b", "c"], overwrite=True)
        assert read(store, as_="list") == ["b", "c"]

    def test_hold_rows_in_shards(self, store: Any) -> None:
        write(store, TEXTS, chunks=(2,), shards=(8,))
        assert read(store, as_="list") == TEXTS

    def test_hold_objects(self, store: Any) -> None:
        point = zarr_vlen.object_type(
            "example.bulk-point",
            encode=lambda p: f"{p[0]},{p[1]}".encode(),
            decode=lambda data: tuple(map(int, data.split(b","))),
        )
        values = [(1, 2), (3, 4), (5, 6)]
        write(store, values, dtype=point, chunks=(2,))
        assert read(store, as_="list") == values
        assert read(store, as_="arrow").to_pylist() == [b"1,2", b"3,4", b"5,6"]
        assert list(scan(store, as_="list")) == [values]
        assert zarr_vlen.take(store, [2, 0], as_="list") == [(5, 6), (1, 2)]
        batches = zarr_vlen.RandomBatches(store, 2)
        assert sorted(value for batch in batches for value in batch) == values
        with Appender(store) as appender:
            appender.extend([None, (7, 8)])
        assert read(store, as_="list") == [*values, None, (7, 8)]


@settings(deadline=None, max_examples=60)
@given(data=st.data(), element=st.sampled_from([st.text(max_size=40), st.binary(max_size=40)]))
def test_any_elements_come_back(data: st.DataObject, element: Any) -> None:
    values = data.draw(st.lists(st.none() | element, max_size=40))
    kind = pa.large_string() if any(isinstance(value, str) for value in values) else pa.large_binary()
    chunk = data.draw(st.integers(1, 9))
    shards = data.draw(st.sampled_from([None, (3 * chunk,)]))
    first = data.draw(st.integers(0, len(values)))
    name = "string" if kind == pa.large_string() else "bytes"
    with tempfile.TemporaryDirectory() as folder:
        with Appender(folder, dtype=optional(name), chunks=(chunk,), shards=shards) as appender:
            appender.extend(pa.array(values[:first], kind))
            appender.checkpoint()
            appender.extend(values[first:])
        assert read(folder, as_="arrow").equals(pa.array(values, kind))
        rows = slice(*sorted((data.draw(st.integers(0, 40)), data.draw(st.integers(0, 40)))))
        assert read(folder, as_="list", rows=rows) == values[rows]
        assert pa.chunked_array(scan(folder, rows=rows), kind).to_pylist() == values[rows]


class Watched(zarr.storage.WrapperStore[Any]):
    """A store that is awaited, and sees what is asked of it."""

    def __init__(self, store: Any) -> None:
        super().__init__(store)
        self.requests: list[Any] = []
        self.waiting = self.most_waiting = 0
        self.failure: Exception | None = None

    # It has to be awaited.
    _supports_sync_io = False

    def _with_store(self, store: Any) -> Any:
        return self

    async def get(self, key: str, prototype: Any, byte_range: Any = None) -> Any:
        self.waiting += 1
        self.most_waiting = max(self.waiting, self.most_waiting)
        await asyncio.sleep(0.002)
        self.waiting -= 1
        if self.failure is not None and "/c/" in key:
            raise self.failure
        self.requests.append((key, byte_range))
        return await super().get(key, prototype, byte_range)

    async def getsize(self, key: str) -> int:
        return int(await self._store.getsize(key))

    async def set(self, key: str, value: Any) -> None:
        if self.failure is not None and "/c/" in key:
            raise self.failure
        await super().set(key, value)


class TestStoresOfOthers:
    def make(self, **options: Any) -> Watched:
        store = Watched(zarr.storage.MemoryStore())
        write(store, TEXTS, path="a", **options)
        store.requests.clear()
        return store

    def test_have_many_requests_at_a_time(self) -> None:
        store = self.make(chunks=(1,))
        store.most_waiting = 0
        assert read(store, path="a", as_="list") == TEXTS
        assert store.most_waiting > 3
        store.most_waiting = 0
        assert [value for batch in scan(store, path="a", as_="list") for value in batch] == TEXTS
        assert store.most_waiting > 3

    @pytest.mark.parametrize("index_location", ["start", "end"])
    def test_are_asked_for_parts_of_shards(self, index_location: Any) -> None:
        shards = {"shape": (32,), "index_location": index_location}
        store = self.make(chunks=(2,), shards=shards, compressors=None)
        whole = len(store._store._store_dict["a/c/0"])
        assert read(store, path="a", rows=slice(8, 10), as_="list") == TEXTS[8:10]
        parts = [part for key, part in store.requests if "/c/" in key]
        assert all(part is not None for part in parts)
        ends = (zarr.abc.store.RangeByteRequest, zarr.abc.store.SuffixByteRequest)
        assert {type(part) for part in parts} <= set(ends)
        sizes = [getattr(part, "suffix", None) or part.end - part.start for part in parts]
        assert sum(sizes) < whole

    def test_errors_are_those_of_the_store(self) -> None:
        store = self.make(chunks=(4,))
        store.failure = ConnectionError("the line is dead")
        with pytest.raises(ConnectionError, match="the line is dead"):
            read(store, path="a")
        with pytest.raises(ConnectionError, match="the line is dead"):
            list(scan(store, path="a"))
        with pytest.raises(ConnectionError, match="the line is dead"):
            write(store, TEXTS, path="b", chunks=(4,))
        store.failure = None
        assert read(store, path="a", as_="list") == TEXTS
        assert not any(key.startswith("b/") for key in store._store._store_dict)

    def test_that_cannot_be_written_stay_as_they_are(self) -> None:
        store = self.make(chunks=(4,))
        with pytest.raises(ValueError, match="read-only"):
            Appender(store._store.with_read_only(True), path="a", mode="r+").extend(["more"])
        assert read(store, path="a", as_="list") == TEXTS

    def test_damage_has_the_chunk(self) -> None:
        store = self.make(chunks=(4,), compressors=None)
        data = store._store._store_dict["a/c/2"].to_bytes()
        buffer = zarr.core.buffer.default_buffer_prototype().buffer
        store._store._store_dict["a/c/2"] = buffer.from_bytes(data[:-1])
        with pytest.raises(ChunkError, match="a/c/2"):
            read(store, path="a")
        store._store._store_dict["a/c/2"] = buffer.from_bytes(data[:-1] + b"\xff")
        with pytest.raises(ChunkError, match=r"a/c/2 .*element 11 .*UTF-8"):
            read(store, path="a")

    def test_zip(self, tmp_path: Path) -> None:
        with zarr.storage.ZipStore(tmp_path / "a.zip", mode="w") as archive:
            # The shape is stored twice, at first and at last.
            with pytest.warns(UserWarning, match="Duplicate name"):
                write(archive, TEXTS, path="a", chunks=(2,), shards=(8,))
            assert read(archive, path="a", as_="list") == TEXTS
        with zarr.storage.ZipStore(tmp_path / "a.zip", mode="r") as archive:
            assert read(archive, path="a", rows=slice(3, 9), as_="list") == TEXTS[3:9]
            assert pa.chunked_array(scan(archive, path="a")).to_pylist() == TEXTS

    def test_codecs_that_the_engine_does_not_know(self, store: Any) -> None:
        class Other(zarr.codecs.GzipCodec):
            @classmethod
            def from_dict(cls, data: Any) -> Any:
                return cls()

            def to_dict(self) -> Any:
                return {"name": "test.other", "configuration": {}}

        zarr.registry.register_codec("test.other", Other)
        write(store, TEXTS, chunks=(4,), compressors=[Other()])
        assert read(store, as_="list") == TEXTS
        assert [value for batch in scan(store, as_="list") for value in batch] == TEXTS

    def test_a_program_that_forks(self) -> None:
        code = """
            import os, zarr, zarr_vlen
            store = zarr.storage.FsspecStore.from_url("memory://a")
            elements = [f"element {number}" for number in range(20_000)]
            zarr_vlen.write(store, elements, chunks=(500,))
            batches = zarr_vlen.scan(store, as_="list")
            first = next(batches)
            child = os.fork()
            if child == 0:
                assert zarr_vlen.read(store, as_="list") == elements
                zarr_vlen.write({}, elements, chunks=(500,))
                assert sum(map(len, zarr_vlen.scan(store))) == len(elements)
                os._exit(7)
            assert os.waitpid(child, 0)[1] == 7 << 8
            assert len(first) + sum(map(len, batches)) == len(elements)
            """
        command = [sys.executable, "-W", "ignore::DeprecationWarning", "-c", textwrap.dedent(code)]
        result = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
        assert result.returncode == 0, result.stderr

    def test_the_program_ends_while_batches_are_read(self) -> None:
        code = """
            import zarr, zarr_vlen
            store = zarr.storage.FsspecStore.from_url("memory://a")
            zarr_vlen.write(store, ["x" * 10_000] * 5000, chunks=(10,))
            batches = zarr_vlen.scan(store)
            next(batches)
            other = zarr_vlen.scan(store).__arrow_c_stream__()
            print("done")
            """
        command = [sys.executable, "-c", textwrap.dedent(code)]
        result = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert result.stdout == "done\n"
        assert result.returncode == 0, result.stderr


class TestScan:
    def test_takes_constant_memory(self, tmp_path: Path) -> None:
        text = "x" * 1000
        write(tmp_path, (text for _ in range(60_000)), dtype="string")
        batches = list(map(len, scan(tmp_path)))
        assert sum(batches) == 60_000
        assert max(batches) <= 20_000

    def test_may_end_early(self, tmp_path: Path) -> None:
        write(tmp_path, TEXTS, chunks=(1,))
        for _ in scan(tmp_path):
            break
        batches = scan(tmp_path, as_="list")
        assert isinstance(batches, Iterator)
        next(batches)
        del batches

    def test_is_an_arrow_stream(self, tmp_path: Path) -> None:
        write(tmp_path / "a", some(TEXTS), chunks=(4,))
        assert pa.chunked_array(scan(tmp_path / "a")).to_pylist() == some(TEXTS)
        write(tmp_path / "b", scan(tmp_path / "a"), dtype=optional("string"))
        assert read(tmp_path / "b", as_="list") == some(TEXTS)
        used = scan(tmp_path / "a")
        pa.chunked_array(used)
        with pytest.raises(ValueError, match="closed"):
            next(used)

    def test_streams_tell_of_damage(self, tmp_path: Path) -> None:
        write(tmp_path, TEXTS, chunks=(4,))
        path = tmp_path / "c" / "3"
        path.write_bytes(path.read_bytes()[:-5])
        with pytest.raises(OSError, match="c/3"):
            pa.chunked_array(scan(tmp_path))

    def test_forms(self, tmp_path: Path) -> None:
        write(tmp_path, some(TEXTS), chunks=(4,))
        for as_ in ("list", "numpy"):
            batches = list(scan(tmp_path, as_=as_))
            assert [value for batch in batches for value in batch] == some(TEXTS)


class Progress:
    def __init__(self) -> None:
        self.count = 0

    def update(self, count: int) -> None:
        self.count += count


class TestAppender:
    def test_goes_on_where_another_ended(self, store: Any) -> None:
        with Appender(store, dtype="string", chunks=(4,)) as appender:
            for text in TEXTS[:6]:
                appender.append(text)
            assert appender.count == 6
        with Appender(store, mode="r+") as appender:
            appender.extend(pa.array(TEXTS[6:]))
            appender.append("last")
        assert appender.array[:].tolist() == [*TEXTS, "last"]
        assert read(store, as_="list") == [*TEXTS, "last"]

    def test_elements_are_there_after_a_checkpoint(self, store: Any) -> None:
        appender = Appender(store, chunks=(4,))
        appender.extend(TEXTS[:6])
        appender.checkpoint()
        assert read(store, as_="list") == TEXTS[:6]
        appender.append(TEXTS[6])
        appender.checkpoint()
        assert read(store, as_="list") == TEXTS[:7]
        appender.close()
        appender.close()
        with pytest.raises(ValueError, match="closed"):
            appender.append("x")

    def test_an_exception_leaves_the_last_checkpoint(self, store: Any) -> None:
        def fail() -> None:
            with Appender(store, dtype="string", chunks=(4,)) as appender:
                appender.extend(TEXTS[:6])
                appender.checkpoint()
                appender.extend(TEXTS[6:])
                raise KeyError

        with pytest.raises(KeyError):
            fail()
        assert read(store, as_="list") == TEXTS[:6]
        with Appender(store) as appender:
            appender.extend(TEXTS[6:])
        assert read(store, as_="list") == TEXTS

    def test_the_first_elements_say_how_many_make_a_chunk(self, tmp_path: Path) -> None:
        with Appender(tmp_path) as appender:
            appender.extend([b"small"])
            with pytest.raises(ValueError, match="no array"):
                _ = appender.array
            appender.extend([b"x" * 10_000] * 500)
            assert appender.count == 501
        assert 50 < appender.array.chunks[0] < 200

    def test_modes(self, tmp_path: Path) -> None:
        with pytest.raises(FileNotFoundError):
            Appender(tmp_path / "a", mode="r+")
        with Appender(tmp_path / "a", mode="x", dtype="bytes"):
            pass
        assert read(tmp_path / "a").shape == (0,)
        with pytest.raises(zarr.errors.ContainsArrayError), Appender(tmp_path / "a", mode="x") as appender:
            appender.extend([b"x"])
        with Appender(tmp_path / "a", mode="w") as appender:
            appender.extend(["x"])
        assert read(tmp_path / "a", as_="list") == ["x"]
        with pytest.raises(ValueError, match="mode"):
            Appender(tmp_path / "a", mode="r")  # type: ignore[arg-type]

    def test_a_failed_element_can_be_left_out(self, store: Any) -> None:
        with Appender(store, dtype="string", chunks=(4,)) as appender:
            appender.extend(["a"])
            with pytest.raises(ElementError):
                appender.extend(["b", 1])
            appender.extend(["c"])
        assert read(store, as_="list") == ["a", "c"]

    def test_rows_of_several_dimensions_are_whole(self, store: Any) -> None:
        zarr.create_array(store, shape=(0, 3), dtype="string", chunks=(2, 2))
        with Appender(store) as appender:
            appender.extend(np.array(TEXTS[:6], object).reshape(2, 3))
        assert read(store, as_="list") == [TEXTS[:3], TEXTS[3:6]]
        with pytest.raises(ValueError, match="elements"), Appender(store) as appender:
            appender.extend(["a"])
        assert read(store, as_="list") == [TEXTS[:3], TEXTS[3:6]]

    @pytest.mark.parametrize("durability", ["none", "atomic", "durable"])
    def test_durability(self, tmp_path: Path, durability: Any) -> None:
        with Appender(tmp_path, durability=durability, memory_budget=1 << 20) as appender:
            appender.extend(TEXTS)
        assert read(tmp_path, as_="list") == TEXTS


class TestCalls:
    def test_tell_how_far_they_are(self, store: Any) -> None:
        progress = Progress()
        write(store, TEXTS, chunks=(4,), progress=progress)
        assert progress.count == len(TEXTS)
        progress = Progress()
        read(store, progress=progress)
        assert progress.count in (0, len(TEXTS))

    def test_of_several_threads(self, tmp_path: Path) -> None:
        write(tmp_path, TEXTS, chunks=(2,))
        results: list[Any] = []
        threads = [
            threading.Thread(target=lambda: results.append(read(tmp_path, as_="list"))) for _ in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert results == [TEXTS] * 8

    def test_are_interrupted_and_leave_what_was_checkpointed(self, tmp_path: Path) -> None:
        program = f"""
import zarr_vlen
appender = zarr_vlen.Appender({str(tmp_path / "a")!r}, dtype="bytes", chunks=(4,))
appender.extend([b"first"])
appender.checkpoint()
print("ready", flush=True)
element = bytes(range(256)) * 4000
with appender:
    while True:
        appender.extend([element] * 50)
"""
        process = subprocess.Popen(
            [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=20)
        assert b"KeyboardInterrupt" in errors
        assert read(tmp_path / "a", as_="list") == [b"first"]


@pytest.mark.parametrize(
    "make",
    [list, lambda texts: np.array(texts, "T"), lambda texts: np.array(texts, object), pd.Series],
    ids=["list", "StringDType", "objects", "pandas"],
)
def test_text_is_an_element_of_any_type(tmp_path: Path, make: Callable[[list[str]], Any]) -> None:
    texts = ["1", "null", "x"]
    for dtype in ("json", zarr_vlen.pickled(), zarr_vlen.optional("json")):
        zarr_vlen.write(tmp_path / "a", make(texts), dtype=dtype, overwrite=True)
        assert zarr_vlen.open(tmp_path / "a", trust=True)[:].tolist() == texts


def test_a_column_of_text_holds_no_pickles(tmp_path: Path) -> None:
    with pytest.raises(ElementError, match="found text"):
        zarr_vlen.write(tmp_path / "a", pa.array(["cos\nsystem\n(S'true'\ntR."]), dtype=zarr_vlen.pickled())


def test_an_appender_leaves_out_only_what_it_cannot_store(tmp_path: Path) -> None:
    appender = zarr_vlen.Appender(tmp_path / "a", mode="w", dtype="string")
    for value in ("a", 3, "b"):
        appender.append(value)
    with pytest.raises(ElementError):
        appender.checkpoint()
    appender.append("c")
    appender.close()
    assert zarr_vlen.read(tmp_path / "a", as_="list") == ["a", "b", "c"]


def test_no_elements_take_the_place_of_some(tmp_path: Path) -> None:
    zarr_vlen.write(tmp_path / "a", ["x"])
    zarr_vlen.write(tmp_path / "a", iter([]), overwrite=True)
    assert zarr_vlen.read(tmp_path / "a", as_="list") == []


@pytest.mark.parametrize("shape", [(3, 0), (0, 0), (2, 0, 3)])
def test_rows_may_be_empty(tmp_path: Path, shape: tuple[int, ...]) -> None:
    zarr_vlen.write(tmp_path / "a", np.empty(shape, "T"))
    assert zarr_vlen.open(tmp_path / "a").shape == shape


@pytest.mark.parametrize("wrap", [lambda array: array, lambda array: pa.chunked_array([array])])
def test_elements_outside_of_a_dictionary_are_an_error(tmp_path: Path, wrap: Callable[[Any], Any]) -> None:
    places = pa.array([0, 5], pa.int32())
    array = pa.DictionaryArray.from_arrays(places, pa.array(["a"]), safe=False)
    with pytest.raises(ElementError, match="outside of its Arrow array"):
        zarr_vlen.write(tmp_path / "a", wrap(array))


def test_rows_of_an_appender_have_one_shape(tmp_path: Path) -> None:
    rows = np.array([["a", "b"], ["c", "d"]])
    wide = np.array([["a", "b", "c"], ["d", "e", "f"]])
    with zarr_vlen.Appender(tmp_path / "a", mode="w") as appender:
        appender.extend(rows)
        with pytest.raises(ValueError, match="rows of the shape"):
            appender.extend(wide)
        appender.checkpoint()
        with pytest.raises(ValueError, match="rows of the shape"):
            appender.extend(wide)
        appender.extend(rows)
    assert zarr_vlen.open(tmp_path / "a")[:].tolist() == [*rows.tolist(), *rows.tolist()]
    with zarr_vlen.Appender(tmp_path / "a") as appender, pytest.raises(ValueError, match="rows of the shape"):
        appender.extend(wide)


class TestErrorsOfElements:
    """They say which array, and which of its elements."""

    @pytest.mark.parametrize("name", ["path", "dict", "store", "object"])
    def test_of_writing(self, tmp_path: Path, name: str) -> None:
        stores: dict[str, tuple[Any, str]] = {
            "path": (tmp_path / "a", f"{tmp_path}/a/sub"),
            "dict": ({}, "sub"),
            "store": (zarr.storage.LocalStore(tmp_path / "a"), f"{tmp_path}/a/sub"),
            "object": (zarr.storage.ObjectStore(obstore.store.MemoryStore()), "object_store"),
        }
        store, found = stores[name]
        call: Any
        for call in (
            lambda: write(store, ["a", 1], path="sub"),
            lambda: write(store, [[], {"a": {2}}], path="sub", dtype="json"),
            lambda: write(store, iter(["a", 1]), path="sub"),
        ):
            with pytest.raises(ElementError, match="element 1: ") as caught:
                call()
            assert found in str(caught.value.path)
            assert str(caught.value) == f"{caught.value.path}: element 1: {caught.value.reason}"
            assert caught.value.index == 1

    def test_of_appending(self, tmp_path: Path) -> None:
        log = Appender(tmp_path / "a")
        log.append("a")
        log.append(3)
        with pytest.raises(ElementError, match=f"^{tmp_path}/a: element 1: "):
            log.checkpoint()
        for element, reason in (
            (b"a", "the array has elements of text, found bytes"),
            (None, "there are absent"),
        ):
            with Appender(tmp_path / "a", dtype="string") as log:
                with pytest.raises(ElementError, match=f"^{tmp_path}/a: {reason}"):
                    log.extend([element])
                log.extend(["good"])
        assert read(tmp_path / "a", as_="list") == ["good", "good"]
        with Appender(tmp_path / "c") as log:
            log.extend([None, "good"])
            with pytest.raises(
                ElementError, match=f"^{tmp_path}/c: the elements before are text, found bytes"
            ):
                log.extend([b"bad"])
            log.extend(["good"])
        assert read(tmp_path / "c", as_="list") == [None, "good", "good"]
        with pytest.raises(ElementError, match=f"^{tmp_path}/b: a chunk has places for 300 elements"):
            write(tmp_path / "b", [bytes(1 << 20)] * 300, chunks=(300,))

    def test_can_be_pickled(self) -> None:
        error = pickle.loads(pickle.dumps(ElementError("wrong", index=(1, 2), path="a")))
        assert (error.reason, error.index, error.path) == ("wrong", (1, 2), "a")
        assert str(error) == "a: element (1, 2): wrong"

    def test_of_reading(self, tmp_path: Path) -> None:
        """The index is that in the array, whatever was read, and wherever absent elements are."""

        def decode(data: bytes) -> Any:
            if data == b"bad":
                raise ValueError("no such thing")
            return data

        kind = zarr_vlen.object_type("test.fragile", lambda value: value, decode)
        for dtype in (kind, optional(kind)):
            shape = (10, 3)
            z = zarr.create_array(tmp_path / "a", shape=shape, chunks=(2, 3), dtype=dtype, overwrite=True)
            z[...] = zarr_vlen.objects([None, b"x"] * 15, shape)
            z[7, 1] = b"bad"
            for call in (
                lambda: read(tmp_path / "a"),
                lambda: read(tmp_path / "a", rows=slice(5, 9)),
                lambda: list(scan(tmp_path / "a", rows=slice(3, 9), as_="list")),
                lambda: zarr_vlen.take(tmp_path / "a", ([0, 7, 3], [1, 1, 1])),
                lambda: list(zarr_vlen.RandomBatches(tmp_path / "a", 4)),
            ):
                with pytest.raises(ElementError, match="no such thing") as caught:
                    call()
                assert (caught.value.index, caught.value.path) == ((7, 1), f"{tmp_path}/a")


class TestNothing:
    """What has no elements has a type all the same."""

    @pytest.mark.parametrize(
        "dtype", ["string", "bytes", "json", optional("string"), optional("json")], ids=str
    )
    @pytest.mark.parametrize("values", [[], ["a", None, "b"]], ids=["empty", "some"])
    def test_copies_have_the_same_data_type(self, tmp_path: Path, dtype: Any, values: list[Any]) -> None:
        if dtype == "bytes":
            values = [b"x" for _ in values]
        elif dtype == "string":
            values = ["x" for _ in values]
        z = write(tmp_path / "a", values, dtype=dtype)
        copy = write(tmp_path / "b", scan(tmp_path / "a"))
        assert copy.metadata.data_type.to_json(3) == z.metadata.data_type.to_json(3)
        assert read(tmp_path / "b", as_="list") == values
        with Appender(tmp_path / "c") as appender:
            appender.extend(scan(tmp_path / "a"))
            appender.extend(scan(tmp_path / "a"))
        assert read(tmp_path / "c", as_="list") == values * 2
        other = write(
            tmp_path / "d", scan(tmp_path / "a"), dtype="bytes" if dtype == "bytes" else optional("string")
        )
        assert other.shape == (len(values),)

    def test_a_copy_after_other_elements_has_their_type(self, tmp_path: Path) -> None:
        write(tmp_path / "a", [1, [2]], dtype="json")
        with Appender(tmp_path / "b") as appender:
            appender.append("first")
            appender.extend(scan(tmp_path / "a"))
        assert read(tmp_path / "b", as_="list") == ["first", "1", "[2]"]

    @pytest.mark.parametrize(
        ("data", "name"),
        [
            (pa.chunked_array([], pa.string()), "string"),
            (pa.chunked_array([], pa.dictionary(pa.int8(), pa.large_string())), "string"),
            (pa.chunked_array([], pa.binary()), "bytes"),
            (pa.array([], pa.string_view()), "string"),
            (np.array([], "U3"), "string"),
            (np.array([], "S3"), "bytes"),
            (np.array([], np.dtypes.StringDType()), "string"),
            (pd.Series([], dtype="str"), "string"),
            (pl.Series([], dtype=pl.String), "string"),
        ],
        ids=range(9),
    )
    def test_of_columns(self, data: Any, name: str) -> None:
        z = write({}, data)
        assert (z.shape, z.metadata.data_type.to_json(3)) == ((0,), name)


class TestReplacing:
    """Mode "w" of an appender."""

    @pytest.mark.parametrize("options", [{}, {"dtype": "string"}], ids=["any", "string"])
    def test_leaves_an_empty_array(self, tmp_path: Path, options: Any) -> None:
        write(tmp_path / "a", ["old"])
        with Appender(tmp_path / "a", mode="w", **options) as log:
            assert log.count == 0
        assert zarr.open_array(tmp_path / "a").shape == (0,)
        Appender(tmp_path / "b", mode="w", **options).close()
        assert zarr.open_array(tmp_path / "b").shape == (0,)

    def test_does_not_begin_before_something_is_stored(self, tmp_path: Path) -> None:
        write(tmp_path / "a", ["old"])
        for elements in ([], ["new"], [1]):
            with suppress(ZeroDivisionError, ElementError), Appender(tmp_path / "a", mode="w") as log:
                log.extend(elements)
                1 / 0
            assert read(tmp_path / "a", as_="list") == ["old"]

    def test_keeps_what_a_checkpoint_has_stored(self, tmp_path: Path) -> None:
        write(tmp_path / "a", ["old"])
        with suppress(ZeroDivisionError), Appender(tmp_path / "a", mode="w") as log:
            log.append("new")
            log.checkpoint()
            log.append("lost")
            1 / 0
        assert read(tmp_path / "a", as_="list") == ["new"]

    @pytest.mark.parametrize("mode", ["a", "x"])
    def test_other_modes_need_a_type_for_an_empty_array(self, tmp_path: Path, mode: Any) -> None:
        Appender(tmp_path / "a", mode=mode).close()
        with pytest.raises(FileNotFoundError):
            zarr.open_array(tmp_path / "a")
        with Appender(tmp_path / "b", mode=mode, dtype="json"):
            pass
        assert zarr.open_array(tmp_path / "b").shape == (0,)


def test_pickles_of_version_2_in_bulk(tmp_path: Path) -> None:
    values = [{1, 2}, None, "x"]
    z = zarr.create_array(tmp_path / "a", shape=(3,), dtype=zarr_vlen.pickled(), zarr_format=2)
    z[:] = zarr_vlen.objects(values)
    for call in (
        lambda: read(tmp_path / "a", as_="list"),
        lambda: [element for batch in scan(tmp_path / "a", as_="list") for element in batch],
        lambda: zarr_vlen.take(tmp_path / "a", [0, 1, 2], as_="list"),
    ):
        with pytest.raises(zarr_vlen.UntrustedPickleError, match="zarr_vlen.trust"):
            call()
        with zarr_vlen.trust(tmp_path / "a"):
            assert call() == values
    # What is in the chunk already has to be decoded.
    log = Appender(tmp_path / "a")
    log.append({3})
    with pytest.raises(zarr_vlen.UntrustedPickleError, match="zarr_vlen.trust"):
        log.close()
    assert zarr.open_array(tmp_path / "a").shape == (3,)
    with zarr_vlen.trust(tmp_path / "a"), Appender(tmp_path / "a") as log:
        log.append({3})
    assert zarr_vlen.open(tmp_path / "a", trust=True)[3] == {3}
    with pytest.raises(ValueError, match="zarr_vlen.read and take read such an array"):
        list(zarr_vlen.RandomBatches(tmp_path / "a", 2))


class TestColumnsOfValues:
    """Numbers and structures of other libraries, in arrays of JSON."""

    @pytest.mark.parametrize(
        "values", [[1, 2, None], [{"a": [1]}, None], [[1], [2, 3]], [1.5, -0.0], [True]], ids=str
    )
    def test_of_arrow_and_polars(self, tmp_path: Path, values: list[Any]) -> None:
        for data in (pa.array(values), pa.chunked_array([pa.array(values)]), pl.Series(values)):
            for dtype in ("json", optional("json")):
                write(tmp_path / "a", data, dtype=dtype, overwrite=True)
                assert read(tmp_path / "a", as_="list") == values

    @pytest.mark.parametrize("type", [pl.String, pl.Categorical])
    def test_text_of_polars_is_encoded(self, tmp_path: Path, type: Any) -> None:
        write(tmp_path / "a", pl.Series(['{"a":1}', None], dtype=type), dtype=optional("json"))
        assert read(tmp_path / "a", as_="list") == [{"a": 1}, None]

    @pytest.mark.parametrize(
        "data", [np.arange(6).reshape(2, 3), np.array([1.5, 2]), np.array([True])], ids=str
    )
    def test_of_numpy(self, tmp_path: Path, data: Any) -> None:
        write(tmp_path / "a", data, dtype="json")
        assert read(tmp_path / "a", as_="list") == data.tolist()
        with pytest.raises(TypeError, match="an array of bytes, text or objects is needed"):
            write(tmp_path / "b", data)

    def test_without_a_data_type(self, tmp_path: Path) -> None:
        for data in ([None, 1], pd.Series([None, 1], dtype=object), iter([None, 1])):
            with pytest.raises(
                ElementError, match='element 1: .*, int; give a data type, such as dtype="json"'
            ):
                write(tmp_path / "a", data)
