"""Arrays go from here to zvlen and zarrs, and back."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zarr
import zarr.codecs
import zarrista
from zarr.core.buffer.cpu import Buffer
from zarrista.store import FilesystemStore

import zarr_vlen
from zarr_vlen import objects, optional

ARRAYS: dict[str, tuple[Any, list[Any]]] = {
    "json": ("json", [42, "foo", ["bar", [], {"a": 2**70}], {"a": 1.5, "é": None}, None, False, -0.0]),
    "bytes": ("bytes", [b"a", b"", b"\0\xff", b"b" * 300, b"c\0", b"\n", b"d"]),
    "string": ("string", ["a", "", "日本\0", "b" * 300, "c\n", '\\"', "d"]),
    "optional bytes": (optional("bytes"), [b"a", None, b"", b"\0", None, b"b" * 300, None]),
    "optional string": (optional("string"), ["a", None, "", "日本", None, "b" * 300, None]),
    "optional json": (optional("json"), [{"a": [1]}, None, [], False, 0, "", 1.5]),
}
LAYOUTS: dict[str, dict[str, Any]] = {
    "chunks": {"chunks": (3,)},
    "shards": {"chunks": (2,), "shards": (4,)},
    "plain": {"chunks": (7,), "compressors": None},
    "checked": {"chunks": (1,), "compressors": [zarr.codecs.GzipCodec(), zarr.codecs.Crc32cCodec()]},
}


def zvlen(*arguments: str | Path, text: str = "") -> bytes:
    command = [Path(sys.executable).with_name("zvlen"), *map(str, arguments)]
    result = subprocess.run(command, input=text.encode(), capture_output=True, check=False)
    assert result.returncode == 0, result.stderr
    return result.stdout


@pytest.fixture(params=LAYOUTS)
def layout(request: pytest.FixtureRequest) -> dict[str, Any]:
    return LAYOUTS[request.param]


def write(path: Path, name: str, layout: dict[str, Any]) -> list[Any]:
    dtype, values = ARRAYS[name]
    z = zarr.create_array(path, shape=(len(values) + 1,), dtype=dtype, **layout)
    z[: len(values)] = objects(values)
    return z[:].tolist()


@pytest.mark.parametrize("name", ARRAYS)
class TestZvlen:
    def test_reads_what_is_written_here(self, tmp_path: Path, name: str, layout: dict[str, Any]) -> None:
        values = write(tmp_path / "a", name, layout)
        zvlen("verify", tmp_path / "a")
        for place, value in enumerate(values):
            found = zvlen("cat", tmp_path / "a", str(place))
            if name.startswith("optional"):
                # A byte in front says whether the element is there.
                assert found[0] == (value is not None)
                found = found[1:]
            if name.endswith("json") and found:
                assert repr(json.loads(found)) == repr(value)
            else:
                assert found == (value.encode() if isinstance(value, str) else value or b"")
        lines = [json.loads(line) for line in zvlen("dump", tmp_path / "a").splitlines()]
        assert len(lines) == len(values)
        if name.startswith("optional"):
            assert [line is None for line in lines] == [value is None for value in values]

    def test_copies_are_read_here(self, tmp_path: Path, name: str, layout: dict[str, Any]) -> None:
        values = write(tmp_path / "a", name, layout)
        for place, options in enumerate(
            (["--chunk-count", "2"], ["--chunk-count", "4", "--codec", "gzip:5"])
        ):
            copied = tmp_path / f"b{place}"
            zvlen("copy", tmp_path / "a", copied, *options)
            z = zarr.open_array(copied)
            assert repr(z[:].tolist()) == repr(values)
            z[1] = values[0]
            zvlen("verify", copied)
            assert repr(zarr.open_array(copied)[:2].tolist()) == repr([values[0]] * 2)


def test_imported_lines_are_read_here(tmp_path: Path) -> None:
    records = [{"id": number, "tags": ["x"] * (number % 3)} for number in range(1000)]
    text = "".join(json.dumps(record) + "\n" for record in records)
    zvlen("import", "-", "-o", tmp_path / "a", "--type", "json", "--chunk-count", "64", text=text)
    z = zarr_vlen.open(tmp_path / "a")
    assert z[:].tolist() == records
    assert z[7] == records[7]


def packed(values: list[Any]) -> zarrista.ArrayBytes:
    parts = [value.encode() if isinstance(value, str) else value or b"" for value in values]
    offsets = np.cumsum([0, *map(len, parts)]).tolist()
    mask = bytes(value is not None for value in values)
    return zarrista.ArrayBytes(b"".join(parts), offsets=offsets, **({} if all(mask) else {"mask": mask}))


class TestZarrs:
    @pytest.mark.parametrize("name", ["bytes", "string"])
    def test_reads_what_is_written_here(self, tmp_path: Path, name: str, layout: dict[str, Any]) -> None:
        values = write(tmp_path / "a", name, layout)
        array = zarrista.Array.open(FilesystemStore(str(tmp_path / "a")), "/")
        assert array.retrieve_array_subset(...).to_numpy().tolist() == values

    @pytest.mark.parametrize("name", ["optional bytes", "optional string"])
    @pytest.mark.parametrize("layout", [LAYOUTS[name] for name in ("chunks", "plain", "checked")])
    def test_decodes_optional_elements(self, tmp_path: Path, name: str, layout: dict[str, Any]) -> None:
        # The bindings do not hand out optional elements of any size.
        values = write(tmp_path / "a", name, layout)
        array = zarrista.Array.open(FilesystemStore(str(tmp_path / "a")), "/")
        assert tuple(array.retrieve_array_subset(...).shape) == (len(values),)

    @pytest.mark.parametrize("name", ["bytes", "string"])
    def test_reads_what_was_committed(self, tmp_path: Path, name: str) -> None:
        # Chunks of any lengths, beside a field of the metadata that nobody has to understand.
        dtype, values = ARRAYS[name]
        zarr_vlen.create_empty(tmp_path / "a", dtype=dtype)
        messages = []
        for part in (values[:3], values[3:4], values[4:]):
            with zarr_vlen.SegmentWriter(tmp_path / "a", chunk_bytes=8) as writer:
                writer.extend(part)
                messages.append(writer.finish())
        zarr_vlen.commit(tmp_path / "a", messages)
        document = json.loads((tmp_path / "a/zarr.json").read_bytes())
        assert document["zarr_vlen"]["epoch"] == 1
        assert document["chunk_grid"]["name"] == "rectilinear"
        array = zarrista.Array.open(FilesystemStore(str(tmp_path / "a")), "/")
        assert array.retrieve_array_subset(...).to_numpy().tolist() == values

    @pytest.mark.parametrize("name", ["bytes", "string", "optional bytes", "optional string"])
    def test_what_it_writes_is_read_here(self, tmp_path: Path, name: str) -> None:
        dtype, values = ARRAYS[name]
        z = zarr.create_array({}, shape=(7,), chunks=(3,), dtype=dtype)
        metadata = json.loads(z.store._store_dict["zarr.json"].to_bytes())
        for codec in metadata["codecs"]:
            if codec["name"] == "zstd":
                codec["configuration"] = {"level": 1, "checksum": False}
        if name == "bytes":
            metadata["fill_value"] = list(b"f")
        (tmp_path / "a").mkdir()
        array = zarrista.Array.from_metadata(metadata, FilesystemStore(str(tmp_path / "a")), "/")
        array.store_metadata()
        array.store_array_subset((slice(0, 7),), packed(values))
        assert zarr.open_array(tmp_path / "a")[:].tolist() == values


def test_version_2_as_zarr_python_2_writes_it() -> None:
    # Bytes that zarr 2.18.7 has written for ["ab", {"a": 1}], with the fill value 0 of the third element.
    document = {
        "zarr_format": 2,
        "shape": [3],
        "chunks": [4],
        "dtype": "|O",
        "compressor": None,
        "fill_value": 0,
        "order": "C",
        "filters": [{"id": "json2", "allow_nan": True, "sort_keys": True}],
    }
    store = {
        ".zarray": Buffer.from_bytes(json.dumps(document).encode()),
        "0": Buffer.from_bytes(b'["ab",{"a":1},0,0,"|O",[4]]'),
    }
    assert zarr.open_array(store)[:].tolist() == ["ab", {"a": 1}, 0]
