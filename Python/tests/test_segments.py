"""Segments, which many processes make for one array."""

import inspect
import json
import multiprocessing
import os
import pickle
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import zarr
from conftest import Server

import zarr_vlen
from zarr_vlen import SegmentWriter, commit, create_empty, gc


@pytest.fixture(params=["files", "bucket"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    """Return arguments that say where an array is."""
    if request.param == "files":
        return {"store": str(tmp_path / "a.zarr")}
    server: Server = request.getfixturevalue("server")
    return {"store": server.url("a.zarr"), "storage_options": server.options}


def segment(place: Any, *parts: Any, **options: Any) -> bytes:
    with SegmentWriter(**place, **options) as writer:
        for part in parts:
            writer.extend(part)
        return writer.finish()


def elements(place: Any) -> Any:
    return zarr_vlen.read(**place, as_="list")


def staged(place: Any) -> list[str]:
    """Return the names of what is stored beside the elements."""
    store = zarr_vlen.URLStore(place["store"], storage_options=place.get("storage_options"), read_only=True)
    return [key for key in store.engine_store.list("", True, None) if key.startswith(".zvlen/segments")]


def test_elements_come_in_the_order_of_the_messages(place: Any) -> None:
    assert create_empty(**place, dtype="string").shape == (0,)
    first = segment(place, ["a", "b"], (text for text in ["c"]))
    second = segment(place, pa.array(["d" * 1000, ""]))
    empty = segment(place)
    assert elements(place) == []
    assert commit(messages=[second, empty, first], **place) == range(5)
    assert elements(place) == ["d" * 1000, "", "a", "b", "c"]
    assert commit(messages=[segment(place, np.array(["e"], np.dtypes.StringDType()))], **place) == range(5, 6)
    assert elements(place)[4:] == ["c", "e"]
    assert staged(place) == []


def test_a_commit_that_is_repeated_is_there_once(place: Any) -> None:
    create_empty(**place, dtype="bytes")
    messages = [segment(place, [b"a"]), segment(place, [b"b"])]
    assert commit(messages=messages, **place) == range(2)
    later = [segment(place, [b"c"])]
    assert commit(messages=iter(later), **place) == range(2, 3)
    assert commit(messages=messages, **place) == range(2)
    assert commit(messages=[*later, *later], **place) == range(2, 3)
    assert commit(messages=[], **place) == range(3, 3)
    assert elements(place) == [b"a", b"b", b"c"]


def test_a_segment_that_is_gone_changes_nothing(place: Any) -> None:
    create_empty(**place, dtype="string")
    messages = [segment(place, ["a"]), segment(place, ["b"])]
    commit(messages=messages[:1], **place)
    with pytest.raises(FileNotFoundError, match="1 segments are not stored"):
        commit(messages=messages, **place)
    assert elements(place) == ["a"]
    with pytest.raises(ValueError, match="the message of a segment"):
        commit(messages=[b"{}"], **place)
    with pytest.raises(TypeError):
        commit(messages=["text"], **place)  # type: ignore[list-item]


def test_what_is_not_finished_is_removed(place: Any) -> None:
    create_empty(**place, dtype="string")
    with SegmentWriter(**place, chunk_bytes=1000) as writer:
        writer.extend(["a" * 500] * 100)
        assert writer.count == 100
    assert staged(place) == []
    with pytest.raises(ValueError, match="closed"):
        writer.extend(["b"])
    with pytest.raises(ZeroDivisionError), SegmentWriter(**place) as writer:
        writer.extend(str(1 // number) for number in (1, 0))
    message = segment(place, ["kept"])
    assert len(staged(place)) == 1
    assert commit(messages=[message], **place) == range(1)


def test_a_finished_segment_takes_no_more(place: Any) -> None:
    create_empty(**place, dtype="string")
    with SegmentWriter(**place) as writer:
        writer.extend(["a"])
        message = writer.finish()
        with pytest.raises(ValueError, match="finished"):
            writer.extend(["b"])
        with pytest.raises(ValueError, match="finished"):
            writer.finish()
    assert commit(messages=[message], **place) == range(1)


def test_objects_and_absent_elements(place: Any) -> None:
    create_empty(**place, dtype=zarr_vlen.optional("json"))
    values = [{"a": [1, 2]}, None, "text", 1.5]
    assert commit(messages=[segment(place, values)], **place) == range(4)
    assert elements(place) == values
    with pytest.raises(zarr_vlen.ElementError, match="1"), SegmentWriter(**place) as writer:
        writer.extend([1, object()])
    assert elements(place) == values


point = zarr_vlen.object_type(
    "example.segment-point",
    encode=lambda p: f"{p[0]},{p[1]}".encode(),
    decode=lambda data: tuple(map(int, data.split(b","))),
)


def test_objects_of_types_of_ones_own(place: Any) -> None:
    z = create_empty(**place, dtype=point, fill_value=(7, 8), attributes={"a": 1})
    values = [(1, 2), None, (3, 4)]
    assert commit(messages=[segment(place, values, iter([(5, 6)]))], **place) == range(4)
    assert elements(place) == [*values, (5, 6)]
    assert commit(messages=[segment(place, pa.array([b"9,9"]), pa.array([[1, 2]]))], **place) == range(4, 6)
    assert elements(place)[4:] == [(9, 9), (1, 2)]
    again = zarr_vlen.open(**place, mode="r")
    assert (again.metadata.dtype, again.fill_value, dict(again.attrs)) == (point, (7, 8), {"a": 1})
    assert again.metadata.fill_value == z.metadata.fill_value
    with pytest.raises(zarr_vlen.ElementError, match="element 1"), SegmentWriter(**place) as writer:
        writer.extend([(1, 2), 3])
    create_empty(**place, dtype=zarr_vlen.optional(point), overwrite=True)
    commit(messages=[segment(place, [None, (1, 2)])], **place)
    assert elements(place) == [None, (1, 2)]


def test_pickles_are_decoded_where_they_are_trusted(tmp_path: Path) -> None:
    place = {"store": str(tmp_path / "a.zarr")}
    create_empty(**place, dtype=zarr_vlen.pickled())
    values = [{1, 2}, None, range(3)]
    commit(messages=[segment(place, values)], **place)
    for read in (elements, lambda place: zarr_vlen.take(**place, indices=[0, 1, 2], as_="list")):
        with pytest.raises(zarr_vlen.UntrustedPickleError):
            read(place)
        with zarr_vlen.trust(place["store"]):
            assert read(place) == values
    assert elements({"store": zarr_vlen.open(**place, trust=True)}) == values


def test_columns_of_values(place: Any) -> None:
    create_empty(**place, dtype="json")
    structures = pa.array([{"a": [1, None]}, None])
    chunked = pa.chunked_array([[1.5], [2.0]])
    text = pa.array(['{"is": "text of JSON"}'])
    commit(messages=[segment(place, structures, chunked, text)], **place)
    assert elements(place) == [{"a": [1, None]}, None, 1.5, 2.0, {"is": "text of JSON"}]


def test_chunks_are_large_by_default(place: Any) -> None:
    from zarr_vlen import dask

    for function in (SegmentWriter, dask.to_zarr):
        assert inspect.signature(function).parameters["chunk_bytes"].default == 4 << 20
        assert "4 MiB" in inspect.getdoc(function).split("chunk_bytes : int")[1]  # type: ignore[union-attr]
    z = create_empty(**place, dtype="bytes", compressors=None)
    message = segment({"store": z}, [b"x" * (1 << 20)] * 9)
    counts = json.loads(message)["bytes"]
    assert len(counts) == 3
    assert 3 << 20 <= max(counts) <= 4 << 20


def test_what_is_left_is_found_and_removed(place: Any) -> None:
    create_empty(**place, dtype="string")
    before = datetime.now(UTC) - timedelta(seconds=2)
    messages = [segment(place, ["a"]), segment(place, ["b"] * 10), segment(place, ["kept"])]
    commit(messages=messages[2:], **place)
    assert gc(**place) == []
    found = gc(**place, older_than=timedelta(0))
    assert [left.kind for left in found] == ["segment", "segment", "commit"]
    names = {json.loads(message)["segment"]: sum(json.loads(message)["bytes"]) for message in messages[:2]}
    assert {left.name: left.byte_count for left in found[:2]} == names
    for left in found:
        assert left.beginning is not None
        assert before <= left.beginning <= datetime.now(UTC)
    assert len(staged(place)) == 2
    assert gc(**place, older_than=timedelta(0), force=True) == found
    assert staged(place) == []
    assert gc(**place, older_than=timedelta(0)) == []
    assert elements(place) == ["kept"]
    with pytest.raises(FileNotFoundError):
        commit(messages=messages, **place)
    with pytest.raises(ValueError, match="older_than"):
        gc(**place, older_than=timedelta(-1))
    with pytest.raises(FileNotFoundError):
        gc(place["store"] + "x", storage_options=place.get("storage_options"))


def test_what_was_sent_in_part_is_found_and_removed(server: Server) -> None:
    place: Any = {"store": server.url("a.zarr"), "storage_options": server.options}
    create_empty(**place, dtype="string")
    key = f"{server.prefix}/a.zarr/c/7"
    upload = server.client.create_multipart_upload(Bucket=server.bucket, Key=key)["UploadId"]
    server.client.upload_part(Bucket=server.bucket, Key=key, UploadId=upload, PartNumber=1, Body=b"x" * 10)
    assert gc(**place) == []
    (left,) = gc(**place, older_than=timedelta(0), force=True)
    assert (left.kind, left.name, left.byte_count) == ("upload", "c/7", 10)
    assert gc(**place, older_than=timedelta(0)) == []


def test_elements_of_another_kind_are_refused(tmp_path: Path) -> None:
    z = create_empty(tmp_path / "a.zarr", dtype="string")
    with SegmentWriter(z) as writer:
        with pytest.raises(zarr_vlen.ElementError, match="elements of text, found bytes"):
            writer.extend([b"a"])
        with pytest.raises(zarr_vlen.ElementError, match="absent"):
            writer.extend(["a", None])
    with pytest.raises(ValueError, match="chunk_bytes is"):
        SegmentWriter(z, chunk_bytes=0)


def test_zarr_python_reads_it(place: Any) -> None:
    create_empty(**place, dtype="string", compressors=None)
    commit(
        messages=[segment(place, [f"text {i}" for i in range(n)], chunk_bytes=500) for n in (7, 300, 1)],
        **place,
    )
    expected = [f"text {i}" for n in (7, 300, 1) for i in range(n)]
    z = zarr_vlen.open(**place, mode="r")
    assert len(z.write_chunk_sizes[0]) > 3
    assert z[:].tolist() == expected
    assert z[7] == "text 0"
    assert [element for batch in zarr_vlen.scan(**place, as_="list") for element in batch] == expected


def test_the_setting_of_zarr_python_is_not_needed(tmp_path: Path) -> None:
    create_empty(tmp_path / "a.zarr", dtype="string")
    program = f"""
import zarr_vlen
assert zarr_vlen.read({str(tmp_path / "a.zarr")!r}).shape == (0,)
with zarr_vlen.SegmentWriter({str(tmp_path / "a.zarr")!r}) as writer:
    writer.extend(["a"])
    zarr_vlen.commit({str(tmp_path / "a.zarr")!r}, [writer.finish()])
assert zarr_vlen.open({str(tmp_path / "a.zarr")!r})[0] == "a"
"""
    subprocess.run([sys.executable, "-c", program], check=True)


@pytest.mark.parametrize("layout", [{"chunks": (2,)}, {"chunks": (1,), "shards": (2,)}])
def test_chunks_of_one_length_take_whole_ones(place: Any, layout: Any) -> None:
    create_empty(**place, dtype="string", **layout)
    whole, half = segment(place, ["a", "b"]), segment(place, ["c"])
    with pytest.raises(ValueError, match="whole chunks"):
        commit(messages=[half, whole], **place)
    assert commit(messages=[whole, half], **place) == range(3)
    assert elements(place) == ["a", "b", "c"]


def test_arrays_that_take_no_segments(tmp_path: Path) -> None:
    plane = zarr.create_array(tmp_path / "plane", shape=(1, 1), dtype="string")
    with pytest.raises(ValueError, match="one dimension"):
        SegmentWriter(plane)
    old = zarr.create_array(tmp_path / "old", shape=(1,), dtype="string", zarr_format=2)
    with pytest.raises(ValueError, match="Zarr v3"):
        SegmentWriter(old)
    with pytest.raises(FileNotFoundError):
        SegmentWriter(tmp_path / "none")
    with pytest.raises(ValueError, match="bytes, text and objects"):
        create_empty(tmp_path / "numbers", dtype="int8")
    memory = create_empty({}, dtype="string")
    with pytest.raises(OSError, match="compare"):
        commit(memory, [segment({"store": memory}, ["a"])])


def _work(array: Any, number: int, messages: Any) -> None:
    # No more than a few chunks wait to be stored when the process is killed.
    with SegmentWriter(array, chunk_bytes=1000, memory_budget=1) as writer:
        writer.extend(f"{number} {i}" for i in range(100))
        if number % 4 == 3:
            writer.extend(["x" * 500] * 10)
            os.kill(os.getpid(), signal.SIGKILL)
        messages.put((number, writer.finish()))


def test_processes_that_are_killed_leave_nothing_in_the_array(place: Any) -> None:
    array = create_empty(**place, dtype="string")
    assert pickle.loads(pickle.dumps(array)).metadata == array.metadata
    context = multiprocessing.get_context("spawn")
    messages = context.Queue()
    workers = [context.Process(target=_work, args=(array, number, messages)) for number in range(4)]
    for worker in workers:
        worker.start()
    made = dict(messages.get() for _ in range(3))
    for worker in workers:
        worker.join()
    assert [worker.exitcode for worker in workers] == [0, 0, 0, -signal.SIGKILL]
    commit(array, [made[number] for number in sorted(made)])
    assert elements(place) == [f"{number} {i}" for number in range(3) for i in range(100)]
    if "storage_options" not in place:
        # What is left is found.
        tool = Path(sys.executable).with_name("zvlen")
        command = [tool, "gc", place["store"], "--older-than", "0s", "--force"]
        assert len(staged(place)) > 0
        subprocess.run(command, check=True, capture_output=True)
        assert staged(place) == []
        assert elements(place)[:1] == ["0 0"]


def test_messages_are_small(tmp_path: Path) -> None:
    z = create_empty(tmp_path / "a.zarr", dtype="string", compressors=None)
    message = segment({"store": z}, [f"{i:0100}" for i in range(10_000)], chunk_bytes=10_000)
    chunk_count = len(json.loads(message)["bytes"])
    assert chunk_count >= 100
    assert len(message) < 200 + 20 * chunk_count
