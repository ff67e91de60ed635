"""Arrays by URL: in buckets, on web servers and in archives."""

import asyncio
import copy
import http.server
import json
import os
import pickle
import signal
import socket
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import zarr
import zarr.errors
import zarr.storage
from conftest import PIPELINES, Server
from zarr.abc.store import OffsetByteRequest, RangeByteRequest, SuffixByteRequest
from zarr.core.buffer import default_buffer_prototype
from zarr.core.sync import sync

import zarr_vlen
from zarr_vlen import URLStore

TEXTS = [f"text {number} é" for number in range(2000)]
STRINGS = np.array(TEXTS, np.dtypes.StringDType())


def zvlen(server: Server, *arguments: str, text: str = "") -> str:
    command = [Path(sys.executable).with_name("zvlen"), *arguments]
    result = subprocess.run(
        command, input=text, capture_output=True, text=True, check=False, env=os.environ | server.environment
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


@pytest.fixture
def native() -> Iterator[None]:
    with zarr.config.set({"codec_pipeline.path": PIPELINES["native"]}):
        yield


@pytest.fixture
def nobody() -> str:
    """Return an address where nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}"


@pytest.fixture
def silence() -> Iterator[str]:
    """Return an address where somebody listens, and says nothing."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(64)
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"


@pytest.fixture
def store(request: pytest.FixtureRequest, server: Server) -> URLStore:
    return URLStore(server.url("a.zarr"), storage_options=server.options)


class TestWholeArrays:
    """`write`, `read`, `scan`, `Appender`."""

    @pytest.mark.parametrize("layout", [{}, {"chunks": (10,)}, {"chunks": (10,), "shards": (500,)}])
    @pytest.mark.parametrize(
        "data",
        [
            TEXTS,
            [text.encode() for text in TEXTS],
            pa.array([None if number % 7 == 0 else text for number, text in enumerate(TEXTS)]),
        ],
        ids=["text", "bytes", "nulls"],
    )
    def test_come_back_from_a_bucket(self, server: Server, layout: Any, data: Any) -> None:
        url, options = server.url("deep/er/a.zarr"), server.options
        z = zarr_vlen.write(url, data, storage_options=options, **layout)
        expected = data.to_pylist() if isinstance(data, pa.Array) else data
        assert z.shape == (2000,)
        assert zarr_vlen.read(url, as_="list", storage_options=options) == expected
        assert zarr_vlen.read(url, rows=slice(3, 30), as_="list", storage_options=options) == expected[3:30]
        batches = zarr_vlen.scan(url, storage_options=options)
        assert [value for batch in batches for value in batch.to_pylist()] == expected

    def test_grow_in_a_bucket(self, server: Server) -> None:
        url, options = server.url("log"), server.options
        with zarr_vlen.Appender(url, dtype="string", chunks=(100,), storage_options=options) as log:
            log.extend(TEXTS[:150])
            log.checkpoint()
            assert zarr_vlen.read(url, as_="list", storage_options=options) == TEXTS[:150]
            log.extend(TEXTS[150:300])
        with zarr_vlen.Appender(url, mode="r+", storage_options=options) as log:
            log.extend(TEXTS[300:])
        assert zarr_vlen.read(url, as_="list", storage_options=options) == TEXTS

    def test_are_found_by_the_environment(self, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
        for name, value in server.environment.items():
            monkeypatch.setenv(name, value)
        zarr_vlen.write(server.url("a"), TEXTS)
        assert zarr_vlen.read(server.url("a"), as_="list") == TEXTS
        assert zarr_vlen.open(server.url("a"))[17] == TEXTS[17]

    def test_are_removed_if_writing_fails(self, server: Server) -> None:
        def elements() -> Iterator[str]:
            yield from TEXTS
            raise RuntimeError("no more")

        with pytest.raises(RuntimeError, match="no more"):
            zarr_vlen.write(server.url("a"), elements(), dtype="string", storage_options=server.options)
        assert sync(URLStore(server.url(), storage_options=server.options).is_empty(""))

    def test_of_own_types(self, server: Server) -> None:
        kind = zarr_vlen.object_type("test.urls", encode=lambda n: str(n).encode(), decode=int)
        zarr_vlen.write(server.url("a"), list(range(300)), dtype=kind, storage_options=server.options)
        found = zarr_vlen.read(server.url("a"), as_="list", storage_options=server.options)
        assert found == list(range(300))

    def test_make_progress(self, server: Server) -> None:
        class Bar:
            count = 0

            def update(self, count: int) -> None:
                self.count += count

        bar = Bar()
        zarr_vlen.write(server.url("a"), TEXTS, progress=bar, storage_options=server.options)
        assert bar.count == len(TEXTS)

    def test_are_taken_at_random(self, server: Server) -> None:
        url, options = server.url("a"), server.options
        zarr_vlen.write(url, TEXTS, chunks=(50,), shards=(500,), storage_options=options)
        found = zarr_vlen.take(url, [1999, 3, 3, 700], as_="list", storage_options=options)
        assert found == [TEXTS[1999], TEXTS[3], TEXTS[3], TEXTS[700]]
        with zarr_vlen.Reader(url, cache_bytes=1 << 20, storage_options=options) as reader:
            assert pickle.loads(pickle.dumps(reader))[7] == TEXTS[7]
            assert [reader[5], reader[5]] == [TEXTS[5]] * 2
        batches = zarr_vlen.RandomBatches(url, 300, seed=1, storage_options=options)
        assert sorted(text for batch in batches for text in batch) == sorted(TEXTS)

    def test_are_replaced_only_if_asked(self, server: Server) -> None:
        options = server.options
        zarr_vlen.write(server.url("a"), TEXTS, storage_options=options)
        with pytest.raises(zarr.errors.ContainsArrayError):
            zarr_vlen.write(server.url("a"), TEXTS[:3], storage_options=options)
        zarr_vlen.write(server.url("a"), TEXTS[:3], overwrite=True, storage_options=options)
        assert zarr_vlen.read(server.url("a"), as_="list", storage_options=options) == TEXTS[:3]


class TestOtherPrograms:
    @pytest.mark.parametrize("shards", [None, (500,)])
    def test_read_what_is_written_here(self, server: Server, shards: Any) -> None:
        zarr_vlen.write(server.url("a"), TEXTS, chunks=(50,), shards=shards, storage_options=server.options)
        assert zvlen(server, "verify", server.url("a")).startswith("ok")
        assert zvlen(server, "export", server.url("a"), "-o", "-").splitlines() == TEXTS
        assert zarr.open_array(server.obstore("a"), mode="r")[:].tolist() == TEXTS

    @pytest.mark.parametrize("shards", [None, (500,)])
    @pytest.mark.usefixtures("native")
    def test_write_what_is_read_here(self, server: Server, shards: Any) -> None:
        theirs = zarr.create_array(server.obstore("a"), data=STRINGS, chunks=(50,), shards=shards)
        assert theirs.shape == (2000,)
        zvlen(server, "import", "-", "-o", server.url("b"), text="\n".join(TEXTS) + "\n")
        for name in "ab":
            url, options = server.url(name), server.options
            assert zarr_vlen.read(url, as_="list", storage_options=options) == TEXTS
            assert zarr_vlen.open(url, storage_options=options)[:].tolist() == TEXTS


class TestArrays:
    """What zarr-python does with a store."""

    @pytest.mark.parametrize("shards", [None, (100,)])
    @pytest.mark.parametrize(
        ("dtype", "values"),
        [
            ("string", TEXTS[:300]),
            ("bytes", [text.encode() for text in TEXTS[:300]]),
            ("json", [{"n": number, "t": [text]} for number, text in enumerate(TEXTS[:300])]),
            (zarr_vlen.optional("string"), [None if n % 3 else TEXTS[n] for n in range(300)]),
            ("float64", [number / 3 for number in range(300)]),
        ],
        ids=["string", "bytes", "json", "optional", "float64"],
    )
    def test_have_all_selections(
        self, store: URLStore, pipeline: str, dtype: Any, values: list[Any], shards: Any
    ) -> None:
        z = zarr.create_array(store, name="group/a", shape=(300,), chunks=(10,), shards=shards, dtype=dtype)
        array = (
            zarr_vlen.objects(values)
            if not isinstance(dtype, str) or dtype != "float64"
            else np.array(values)
        )
        if dtype == "string":
            array = np.array(values, np.dtypes.StringDType())
        z[:] = array
        assert z[:].tolist() == values
        assert z[3:250:7].tolist() == values[3:250:7]
        assert z.oindex[[5, 77, 299]].tolist() == [values[5], values[77], values[299]]
        z[4:6] = array[[6, 7]]
        z[299] = array[0] if dtype != "json" else zarr_vlen.element(values[0])
        expected = [*values[:4], values[6], values[7], *values[6:299], values[0]]
        reopened = zarr_vlen.open(store, path="group/a", mode="r+")
        assert reopened[:].tolist() == expected
        assert reopened[5] == values[7]
        reopened.resize((305,))
        assert reopened[290:].tolist()[:10] == expected[290:]
        reopened.append(array[:2])
        assert reopened[305:].tolist() == values[:2]

    @pytest.mark.usefixtures("native")
    def test_missing_chunks_have_the_fill_value(self, store: URLStore) -> None:
        z = zarr.create_array(store, shape=(40,), chunks=(10,), dtype="string", fill_value="none")
        z[12:15] = ["a", "b", "c"]
        assert z[9:17].tolist() == ["none"] * 3 + ["a", "b", "c"] + ["none"] * 2
        assert sync(_keys(store)) == {"zarr.json", "c/1"}
        z[10:20] = "none"
        assert sync(_keys(store)) == {"zarr.json"}

    @pytest.mark.usefixtures("native")
    def test_elements_of_several_kinds_are_left_to_zarr_python(self, store: URLStore) -> None:
        z = zarr.create_array(store, shape=(4,), chunks=(2,), dtype="bytes")
        z[:] = zarr_vlen.objects([b"a", bytearray(b"b"), memoryview(b"c"), b"d"])
        assert z[:].tolist() == [b"a", b"b", b"c", b"d"]

    @pytest.mark.filterwarnings("ignore:Consolidated metadata")
    def test_are_in_groups(self, store: URLStore) -> None:
        group = zarr.create_group(store)
        for name in ("a", "b/c"):
            group.create_array(name, data=np.arange(5))
        zarr.consolidate_metadata(store)
        opened = zarr_vlen.open(store, mode="r")
        assert sorted(name for name, _ in opened.members(max_depth=None)) == ["a", "b", "b/c"]
        assert opened["b/c"][4] == 4
        del zarr.open_group(store, mode="r+", use_consolidated=False)["b"]
        assert sync(_keys(store)) == {"zarr.json", "a/zarr.json", "a/c/0"}

    @pytest.mark.usefixtures("native")
    def test_are_used_by_many_threads(self, store: URLStore) -> None:
        z = zarr.create_array(store, shape=(160,), chunks=(10,), dtype="string")
        with ThreadPoolExecutor(16) as threads:
            list(threads.map(lambda n: z.__setitem__(slice(10 * n, 10 * n + 10), TEXTS[n]), range(16)))
            parts = list(threads.map(lambda n: set(z[10 * n : 10 * n + 10].tolist()), range(16)))
        assert parts == [{text} for text in TEXTS[:16]]

    @pytest.mark.usefixtures("native")
    def test_are_used_after_a_fork(self, store: URLStore) -> None:
        z = zarr.create_array(store, data=STRINGS, chunks=(20,))
        assert z[:].tolist() == TEXTS
        child = os.fork()
        if child == 0:
            signal.alarm(60)
            ok = z[:].tolist() == TEXTS
            z[7] = "child"
            ok = ok and zarr_vlen.read(store, rows=slice(7, 9), as_="list") == ["child", TEXTS[8]]
            os._exit(0 if ok else 1)
        assert os.waitpid(child, 0)[1] == 0
        assert z[7].item() == "child"

    @pytest.mark.usefixtures("native")
    def test_many_requests_are_in_flight(self, slow_web: Any) -> None:
        folder, url, most = slow_web
        for name, shards in (("chunks", None), ("shards", (20,))):
            zarr_vlen.write(folder / name, TEXTS[:1000], chunks=(10,), shards=shards)
            z = zarr_vlen.open(f"{url}/{name}")
            most.clear()
            assert z[:].tolist() == TEXTS[:1000]
            assert max(most) > 25
            most.clear()
            assert zarr_vlen.read(f"{url}/{name}", as_="list") == TEXTS[:1000]
            assert max(most) > 25


@pytest.fixture
def slow_web(tmp_path: Path) -> Iterator[Any]:
    """Return a directory, the URL by which its files are served slowly, and how many were at a time."""
    folder = tmp_path / "slow"
    folder.mkdir()
    most: list[int] = []
    lock = threading.Lock()
    under_way = 0

    class Handler(http.server.SimpleHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def __init__(self, *arguments: Any) -> None:
            super().__init__(*arguments, directory=str(folder))

        def do_GET(self) -> None:
            nonlocal under_way
            with lock:
                under_way += 1
                most.append(under_way)
            time.sleep(0.05)
            super().do_GET()
            with lock:
                under_way -= 1

        def log_message(self, *arguments: Any) -> None:
            pass

    class Server(http.server.ThreadingHTTPServer):
        request_queue_size = 128

    with Server(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield folder, f"http://127.0.0.1:{server.server_port}", most
        server.shutdown()


async def _keys(store: URLStore) -> set[str]:
    return {key async for key in store.list()}


class TestWebServers:
    def test_have_arrays(self, web: Any, pipeline: str) -> None:
        folder, url = web
        z = zarr.create_array(folder / "é a", data=STRINGS, chunks=(50,), shards=(500,))
        z[0] = "changed"
        opened = zarr_vlen.open(f"{url}/%C3%A9%20a")
        assert opened.read_only
        assert opened[:3].tolist() == ["changed", *TEXTS[1:3]]
        assert zarr_vlen.read(f"{url}/%C3%A9%20a", as_="list") == ["changed", *TEXTS[1:]]
        assert [len(batch) for batch in zarr_vlen.scan(f"{url}/%C3%A9%20a")] == [2000]

    def test_are_only_read(self, web: Any) -> None:
        folder, url = web
        zarr_vlen.write(folder / "a", TEXTS)
        with pytest.raises(ValueError, match="read-only"):
            zarr_vlen.open(f"{url}/a")[0] = "x"
        with pytest.raises(OSError, match="cannot be written"):
            zarr_vlen.open(f"{url}/a", mode="r+")
        with pytest.raises(OSError, match="cannot be written"):
            zarr_vlen.write(f"{url}/b", TEXTS)
        store = URLStore(url)
        assert (store.supports_writes, store.supports_deletes, store.supports_listing) == (False,) * 3

    @pytest.mark.filterwarnings("ignore:Consolidated metadata")
    def test_need_consolidated_metadata_for_groups(self, web: Any) -> None:
        folder, url = web
        zarr.create_group(folder / "g").create_array("a", data=np.arange(3))
        with pytest.raises(ValueError, match=r"list|consolidate"):
            list(zarr_vlen.open(f"{url}/g").members())
        zarr.consolidate_metadata(folder / "g")
        assert [name for name, _ in zarr_vlen.open(f"{url}/g").members()] == ["a"]

    def test_get_fields_with_each_request(self, tmp_path: Path) -> None:
        seen = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                seen.append(self.headers["X-Token"])
                self.send_error(403)

            def log_message(self, *arguments: Any) -> None:
                pass

        with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            url = f"http://127.0.0.1:{server.server_port}"
            options: Any = {"headers": {"X-Token": "s3cr3t"}}
            with pytest.raises(PermissionError) as caught:
                zarr_vlen.read(url, storage_options=options)
            assert "s3cr3t" not in str(caught.value)
            with pytest.raises(FileNotFoundError):
                zarr_vlen.read(url, storage_options={**options, "missing_statuses": [403, 404]})
            server.shutdown()
        assert set(seen) == {"s3cr3t"}


class TestArchives:
    @pytest.mark.parametrize("shards", [None, (500,)])
    def test_are_written_and_read(self, tmp_path: Path, shards: Any) -> None:
        url = f"{tmp_path}/a.zip|zip:in/it"
        z = zarr_vlen.write(url, TEXTS, chunks=(50,), shards=shards)
        assert z[:3].tolist() == TEXTS[:3]
        assert zarr_vlen.read(url, as_="list") == TEXTS
        assert zarr_vlen.read(f"zip://in/it::{tmp_path}/a.zip", as_="list") == TEXTS
        assert zarr_vlen.read(tmp_path / "a.zip", path="in/it", as_="list") == TEXTS
        with zarr.storage.ZipStore(tmp_path / "a.zip", mode="r") as theirs:
            assert zarr.open_array(theirs, path="in/it", mode="r")[:].tolist() == TEXTS

    def test_are_in_buckets(self, server: Server) -> None:
        url, options = server.url("deep/a.zip|zip:"), server.options
        with zarr_vlen.Appender(url, path="t", dtype="string", storage_options=options) as log:
            log.extend(TEXTS)
        with zarr_vlen.Appender(url, path="u", dtype="string", storage_options=options) as log:
            log.extend(TEXTS[:5])
        assert zarr_vlen.read(url, path="t", as_="list", storage_options=options) == TEXTS
        assert zarr_vlen.open(url, path="u", storage_options=options)[4] == TEXTS[4]
        assert sync(_keys(URLStore(server.url(), storage_options=options))) == {"deep/a.zip"}

    def test_are_on_web_servers(self, web: Any) -> None:
        folder, url = web
        zarr_vlen.write(f"{folder}/a.zip|zip:", TEXTS)
        opened = zarr_vlen.open(f"{url}/a.zip|zip:")
        assert opened[1999] == TEXTS[1999]
        assert sync(_keys(opened.store)) == {"zarr.json", "c/0"}

    def test_of_zarr_python_are_read(self, tmp_path: Path) -> None:
        with zarr.storage.ZipStore(tmp_path / "a.zip", mode="w") as theirs:
            zarr.create_group(theirs).create_array("t", data=STRINGS, chunks=(100,))
        opened = zarr_vlen.open(tmp_path / "a.zip")
        assert opened["t"][:].tolist() == TEXTS
        assert opened.store.read_only

    def test_take_their_place_when_they_are_closed(self, tmp_path: Path) -> None:
        url = f"{tmp_path}/a.zip|zip:"
        with URLStore(url, read_only=False) as store:
            zarr.create_array(store, name="a", data=np.arange(3))
            assert not (tmp_path / "a.zip").exists()
            assert zarr.open_array(store.with_read_only(True), path="a")[2] == 2
        with suppress(RuntimeError), URLStore(url, read_only=False) as store:
            zarr.create_array(store, name="b", data=np.arange(4))
            raise RuntimeError
        del store
        with URLStore(url, read_only=False) as store:
            zarr.create_array(store, name="c", data=np.arange(5))
            with pytest.raises(OSError, match="locked"):
                URLStore(url, read_only=False)
        with zipfile.ZipFile(tmp_path / "a.zip") as archive:
            assert sorted(archive.namelist()) == ["a/c/0", "a/zarr.json", "c/c/0", "c/zarr.json", "zarr.json"]
        with pytest.raises(OSError, match="cannot be written"):
            sync(store.set("x", _buffer(b"")))

    def test_are_not_begun_for_nothing(self, tmp_path: Path) -> None:
        with pytest.raises(FileNotFoundError):
            zarr_vlen.open(f"{tmp_path}/none.zip|zip:")
        with suppress(RuntimeError), zarr_vlen.Appender(f"{tmp_path}/a.zip|zip:", dtype="string") as log:
            log.append("x")
            raise RuntimeError
        assert not (tmp_path / "a.zip").exists()


def _buffer(data: bytes) -> Any:
    return default_buffer_prototype().buffer.from_bytes(data)


class TestTheStore:
    def test_has_values(self, store: URLStore) -> None:
        prototype = default_buffer_prototype()

        async def use() -> None:
            await store.set("a/b", _buffer(b"0123456789"))
            await store.set("a/é/c", _buffer(b""))
            await store.set_if_not_exists("a/b", _buffer(b"other"))
            await store.set_if_not_exists("ab", _buffer(b"first"))
            requests = [None, RangeByteRequest(2, 5), OffsetByteRequest(7), SuffixByteRequest(2)]
            parts = await store.get_partial_values(prototype, [("a/b", request) for request in requests])
            found = [part.to_bytes() for part in parts if part is not None]
            assert found == [b"0123456789", b"234", b"789", b"89"]
            assert await store.get("missing", prototype) is None
            assert await store.exists("a/b")
            assert not await store.exists("a")
            assert await store.getsize("a/b") == 10
            with pytest.raises(FileNotFoundError):
                await store.getsize("missing")
            assert await store.getsize_prefix("a") == 10
            assert await _keys(store) == {"a/b", "a/é/c", "ab"}
            assert {key async for key in store.list_prefix("a/")} == {"a/b", "a/é/c"}
            assert {key async for key in store.list_prefix("a")} == {"a/b", "a/é/c", "ab"}
            assert {key async for key in store.list_dir("")} == {"a", "ab"}
            assert {key async for key in store.list_dir("a")} == {"b", "é"}
            assert not await store.is_empty("a")
            assert await store.is_empty("b")
            await store.delete("a/b")
            await store.delete("a/b")
            await store.delete_dir("a")
            assert await _keys(store) == {"ab"}
            await store.clear()
            assert await _keys(store) == set()

        sync(use())

    def test_one_of_many_writers_is_the_first(self, server: Server) -> None:
        async def use() -> bytes:
            stores = [URLStore(server.url("a"), storage_options=server.options) for _ in range(8)]
            await asyncio.gather(
                *(s.set_if_not_exists("k", _buffer(b"%d" % n)) for n, s in enumerate(stores))
            )
            found = {(await s.get("k", default_buffer_prototype())).to_bytes() for s in stores}  # type: ignore[union-attr]
            assert len(found) == 1
            return found.pop()

        assert int(sync(use())) in range(8)

    def test_is_pickled_and_copied_without_showing_secrets(self, server: Server, store: URLStore) -> None:
        zarr_vlen.write(store, TEXTS)
        for same in (pickle.loads(pickle.dumps(store)), copy.copy(store), copy.deepcopy(store)):
            assert same == store
            assert zarr_vlen.read(same, as_="list") == TEXTS
        z = pickle.loads(pickle.dumps(zarr_vlen.open(store)))
        assert z[5] == TEXTS[5]
        assert store != URLStore(server.url("b"), storage_options=server.options)
        assert store != store.with_read_only(True)
        shown = f"{store} {store!r} {z!r} {z.store_path!r}"
        assert server.url("a.zarr") in shown
        assert server.secret_key not in shown

    def test_can_be_read_only(self, store: URLStore) -> None:
        only_read = store.with_read_only(True)
        with pytest.raises(ValueError, match="read-only"):
            sync(only_read.set("a", _buffer(b"")))
        sync(only_read.with_read_only(False).set("a", _buffer(b"x")))
        assert sync(only_read.exists("a"))

    def test_knows_its_options(self) -> None:
        with pytest.raises(
            ValueError, match=r"no storage option 'endpoint_url'. Do you mean 'endpoint'\?.*region"
        ):
            zarr_vlen.read("s3://a/b", storage_options={"endpoint_url": "x"})  # type: ignore[typeddict-unknown-key]
        with pytest.raises(ValueError, match="no storage option 'é'"):
            URLStore("s3://a/b", storage_options={"é": 1})  # type: ignore[typeddict-unknown-key]
        with pytest.raises(ValueError, match="attempt_limit"):
            URLStore("s3://a/b", storage_options={"attempt_limit": 0})
        with pytest.raises(ValueError, match="is_shared"):
            URLStore("s3://a/b", storage_options={"is_shared": "perhaps"})  # type: ignore[typeddict-item]
        with pytest.raises(TypeError, match="cannot be a list"):
            URLStore("s3://a/b", storage_options={"region": ["x"]})  # type: ignore[typeddict-item]
        with pytest.raises(ValueError, match="belong together"):
            URLStore("s3://a/b", storage_options={"access_key": "x"})
        with pytest.raises(TypeError, match="for URLs"):
            zarr_vlen.read("path", storage_options={"region": "x"})

    def test_takes_urls_only(self) -> None:
        with pytest.raises(ValueError, match="gopher"):
            URLStore("gopher://a/b")
        with pytest.raises(ValueError, match="gopher"):
            zarr_vlen.read("gopher://a/b")
        with pytest.raises(ValueError, match="bucket"):
            zarr_vlen.read("s3:///b")
        with pytest.raises(ValueError, match="environment") as caught:
            zarr_vlen.read("s3://user:pass@bucket/b")
        assert "pass@" not in str(caught.value)

    def test_leaves_other_urls_to_zarr_python(self) -> None:
        zarr_vlen.write("memory://urls/a", TEXTS)
        assert zarr_vlen.read("memory://urls/a", as_="list") == TEXTS


class TestFailures:
    def test_have_types(self, server: Server, nobody: str) -> None:
        options = server.options
        with pytest.raises(FileNotFoundError):
            zarr_vlen.read(server.url("missing"), storage_options=options)
        with pytest.raises(FileNotFoundError, match="no-such-bucket"):
            zarr_vlen.write("s3://no-such-bucket/a", TEXTS, storage_options=options)
        with pytest.raises(PermissionError) as caught:
            zarr_vlen.read(server.url("a"), storage_options={**options, "secret_key": "a wrong one"})
        assert "a wrong one" not in str(caught.value)
        with pytest.raises(ConnectionError):
            zarr_vlen.read(
                server.url("a"), storage_options={**options, "endpoint": nobody, "attempt_limit": 2}
            )
        with pytest.raises(ConnectionError):
            zarr_vlen.read(f"{nobody}/a", storage_options={"attempt_limit": 2})

    @pytest.mark.usefixtures("native")
    def test_of_a_server_that_goes_away(self, web: Any) -> None:
        folder, _ = web
        zarr_vlen.write(folder / "a", TEXTS, chunks=(100,))
        with http.server.ThreadingHTTPServer(
            ("127.0.0.1", 0), lambda *a: http.server.SimpleHTTPRequestHandler(*a, directory=str(folder))
        ) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            options: Any = {"attempt_limit": 3, "time_limit": 5}
            z = zarr_vlen.open(f"http://127.0.0.1:{server.server_port}/a", storage_options=options)
            server.shutdown()
        with pytest.raises(ConnectionError):
            z[:]
        with pytest.raises(ConnectionError):
            zarr_vlen.read(z.store)

    @pytest.mark.usefixtures("native")
    def test_of_damaged_chunks_name_them(self, server: Server, store: URLStore) -> None:
        z = zarr_vlen.write(store, TEXTS, chunks=(1000,))
        sync(store.set("c/1", _buffer(b"damaged")))
        assert z[999] == TEXTS[999]
        with pytest.raises(zarr_vlen.pipeline.ChunkError, match="a.zarr/c/1"):
            z[:]
        with pytest.raises(zarr_vlen.pipeline.ChunkError, match="c/1"):
            zarr_vlen.read(store)

    def test_are_retried_by_the_engine(self, web: Any) -> None:
        folder, _ = web
        zarr_vlen.write(folder / "a", TEXTS, chunks=(100,))
        refused: set[str] = set()

        class Handler(http.server.SimpleHTTPRequestHandler):
            def do_GET(self) -> None:
                if self.path in refused:
                    super().do_GET()
                else:
                    refused.add(self.path)
                    self.send_error(500)

            def log_message(self, *arguments: Any) -> None:
                pass

        with http.server.ThreadingHTTPServer(
            ("127.0.0.1", 0), lambda *a: Handler(*a, directory=str(folder))
        ) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            assert zarr_vlen.read(f"http://127.0.0.1:{server.server_port}/a", as_="list") == TEXTS
            server.shutdown()
        assert {f"/a/c/{number}" for number in range(20)} < refused


class TestKeysAndEnds:
    """What stops calls that wait for a server."""

    CODE = """
import sys, zarr, zarr_vlen, numpy as np
zarr_vlen.enable()
what, url, endpoint = sys.argv[1:]
store = zarr_vlen.URLStore(url, storage_options={"endpoint": endpoint, "anonymous": True})
grid = {"name": "regular", "configuration": {"chunk_shape": [3]}}
meta = {"zarr_format": 3, "node_type": "array", "shape": [9], "data_type": "string", "chunk_grid": grid,
    "chunk_key_encoding": {"name": "default"}, "fill_value": "", "codecs": [{"name": "vlen-utf8"}]}
print("ready", flush=True)
if what == "read":
    zarr_vlen.read(store)
elif what == "write":
    zarr_vlen.write(store, ["a"])
elif what == "open":
    zarr_vlen.URLStore(endpoint + "/a.zip|zip:")
elif what == "slice":
    array = zarr.AsyncArray(metadata=meta, store_path=zarr.storage.StorePath(store, ""))
    zarr.Array(array)[:]
elif what == "leave":
    import threading
    threading.Thread(target=lambda: zarr_vlen.read(store), daemon=True).start()
    import time
    time.sleep(0.5)
"""

    def start(self, what: str, endpoint: str) -> Any:
        command = [sys.executable, "-c", self.CODE, what, "s3://bucket/a", endpoint]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        return process

    @pytest.mark.parametrize("what", ["read", "write", "open", "slice"])
    def test_a_key_stops_them(self, silence: str, what: str) -> None:
        process = self.start(what, silence)
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        start = time.monotonic()
        _, errors = process.communicate(timeout=30)
        assert "KeyboardInterrupt" in errors.splitlines(), errors
        # With the end of the interpreter. The servers are waited for for 30 s otherwise.
        assert time.monotonic() - start < 10

    def test_the_end_of_the_process_stops_them(self, silence: str) -> None:
        process = self.start("leave", silence)
        _, errors = process.communicate(timeout=15)
        assert process.returncode == 0, errors

    async def test_a_cancelled_coroutine_stops_them(self, silence: str) -> None:
        store = URLStore("s3://bucket/a", storage_options={"endpoint": silence, "anonymous": True})
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(store.exists("a"), 0.2)


class TestTLS:
    def test_needs_a_certificate_that_is_trusted(
        self, server: Server, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        options: Any = {**server.options, "endpoint": server.secure}
        with pytest.raises(ConnectionError, match=r"(?i)certificate"):
            zarr_vlen.write(server.url("a"), TEXTS, storage_options=options)
        trusted = {**options, "certificate_file": Path(server.certificate)}
        zarr_vlen.write(server.url("a"), TEXTS, storage_options=trusted)
        assert zarr_vlen.read(server.url("a"), as_="list", storage_options=trusted) == TEXTS
        monkeypatch.setenv("SSL_CERT_FILE", server.certificate)
        code = (
            "import json, sys, zarr_vlen\n"
            "print(len(zarr_vlen.read(sys.argv[1], storage_options=json.loads(sys.argv[2]))))"
        )
        command = [sys.executable, "-c", code, server.url("a"), json.dumps(options)]
        result = subprocess.run(command, capture_output=True, check=True)
        assert result.stdout == b"2000\n"
