"""Arrays that somebody has made to do harm: errors have types, memory is bounded, and nothing is run."""

import copy
import gzip
import json
import pickle
import random
import subprocess
import sys
import textwrap
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import google_crc32c
import numcodecs
import pytest
import zarr
import zarr.codecs

import zarr_vlen
from zarr_vlen import objects, optional, pickled, read, scan
from zarr_vlen.pipeline import ChunkError

TYPED = (ValueError, OSError)
KINDS: dict[str, tuple[Any, list[Any]]] = {
    "bytes": ("bytes", [b"abc", b"", b"\0" * 40] * 4),
    "string": ("string", ["abc", "", "日本語" * 5] * 4),
    "json": ("json", [{"a": [1, 2.5, None]}, "text", []] * 4),
    "optional": (optional("string"), ["abc", None, ""] * 4),
}
LAYOUTS: dict[str, dict[str, Any]] = {
    "plain": {"chunks": (6,), "compressors": None},
    "zstd": {"chunks": (6,), "compressors": [zarr.codecs.ZstdCodec()]},
    "blosc": {"chunks": (6,), "compressors": [zarr.codecs.BloscCodec(cname="lz4")]},
    "shards": {"chunks": (2,), "shards": (6,), "compressors": None},
    "gzip in shards": {"chunks": (3,), "shards": (12,), "compressors": [zarr.codecs.GzipCodec()]},
}


@pytest.fixture(autouse=True)
def native() -> Iterator[None]:
    with zarr.config.set({"codec_pipeline.path": "zarr_vlen.pipeline.VlenCodecPipeline"}):
        yield


def calls(path: Path) -> list[Callable[[], object]]:
    """Return what a program does with an array, each call on a new one."""
    return [*calls_for_objects(path), lambda: list(scan(path))]


def calls_for_objects(path: Path) -> list[Callable[[], object]]:
    """Return those of the calls that make objects of the elements."""

    def change(z: Any) -> None:
        z[1] = z[0]

    return [
        lambda: zarr.open_array(path)[:],
        lambda: zarr.open_array(path)[3],
        lambda: zarr.open_array(path)[2:9:3],
        lambda: zarr.open_array(path).oindex[[1, 7]],
        lambda: zarr_vlen.open(path)[0],
        lambda: read(path),
        lambda: read(path, as_="list"),
        lambda: list(scan(path, as_="list")),
        lambda: change(zarr.open_array(path)),
    ]


def damaged(data: bytes, chance: random.Random) -> bytes:
    """Return bytes that are changed, cut, doubled or replaced by large numbers."""
    changed = bytearray(data)
    for _ in range(chance.randint(1, 4)):
        place = chance.randrange(len(changed) + 1)
        match chance.randrange(5):
            case 0 if changed:
                changed[place % len(changed)] ^= 1 << chance.randrange(8)
            case 1:
                del changed[place:]
            case 2:
                changed[place:place] = changed[:place]
            case 3:
                changed[place : place + 4] = b"\xff\xff\xff\x7f"
            case _:
                changed[place : place + 8] = (2**63 - chance.randrange(3)).to_bytes(8, "little")
    return bytes(changed)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("kind", KINDS)
def test_damaged_values(tmp_path: Path, kind: str, layout: str) -> None:
    dtype, values = KINDS[kind]
    zarr.create_array(tmp_path / "a", shape=(12,), dtype=dtype, **LAYOUTS[layout])[:] = objects(values)
    stored = {path: path.read_bytes() for path in (tmp_path / "a" / "c").iterdir()}
    seed = random.randrange(2**32)
    print(f"the seed is {seed}")
    chance = random.Random(seed)
    for _ in range(10):
        for path, data in stored.items():
            path.write_bytes(damaged(data, chance))
        for call in calls(tmp_path / "a"):
            try:
                call()
            except TYPED:
                continue


@pytest.mark.filterwarnings("ignore::zarr.errors.ZarrUserWarning")
@pytest.mark.parametrize("kind", KINDS)
def test_damaged_metadata(tmp_path: Path, kind: str) -> None:
    dtype, values = KINDS[kind]
    options = LAYOUTS["gzip in shards"]
    zarr.create_array(tmp_path / "a", shape=(12,), dtype=dtype, **options)[:] = objects(values)
    document = tmp_path / "a" / "zarr.json"
    text = document.read_text()
    for number in (-1, 0, 2**31, 2**63 - 1, 2**63, 2**64, 10**40, 1.5, None, "x", [], {}):
        for path in (
            ["shape", 0],
            ["chunk_grid", "configuration", "chunk_shape", 0],
            ["codecs", 0, "configuration", "chunk_shape", 0],
            ["codecs", 0, "configuration", "index_codecs"],
            ["fill_value"],
            ["data_type"],
        ):
            changed = json.loads(text)
            place = changed
            for name in path[:-1]:
                place = place[name]
            place[path[-1]] = number
            document.write_text(json.dumps(changed))
            for call in (
                lambda: zarr.open_array(tmp_path / "a")[0:3],
                lambda: read(tmp_path / "a", rows=slice(3)),
            ):
                try:
                    call()
                except (*TYPED, TypeError, KeyError, AttributeError, IndexError):
                    # Those of zarr-python for metadata that is none.
                    continue


def chunk(path: Path, data: bytes, **options: Any) -> None:
    """Make an array of one chunk that has these bytes."""
    z = zarr.create_array(path, shape=(3,), dtype="bytes", overwrite=True, **options)
    z[:] = b"x"
    (path / "c" / "0").write_bytes(data)


def bounded(code: str, path: Path, mebibytes: int = 400) -> str:
    """Run a program that may take so much memory beyond what it has at first."""
    program = f"""
        import resource, sys
        from pathlib import Path
        import numpy, zarr, zarr_vlen, pyarrow
        from zarr_vlen import _native
        from zarr_vlen.pipeline import ChunkError
        zarr_vlen.enable()
        path = Path(sys.argv[1])
        z = zarr.create_array(path.parent / "warm", shape=(3,), dtype="bytes", overwrite=True)
        z[:] = b"x"
        zarr_vlen.read(path.parent / "warm")
        size = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        # Threads that are started have stacks and arenas of their own.
        limit = size + ({mebibytes} << 20)
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
        """
    command = [sys.executable, "-c", textwrap.dedent(program) + textwrap.dedent(code), str(path)]
    result = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert result.returncode == 0, result.stderr
    return result.stdout


READ_ALL = """
for folder in sorted(path.iterdir()):
    calls = (
        lambda: zarr.open_array(folder)[:],
        lambda: zarr.open_array(folder)[::2],
        lambda: zarr_vlen.read(folder),
        lambda: list(zarr_vlen.scan(folder)),
    )
    for call in calls:
        try:
            print(call())
        except ChunkError as error:
            print(f"{folder.name}/c/0" in str(error))
"""


# What takes the place of each member of a document, as JSON.
WRONG = (
    *("null", "true", "-1", "0.5", "1e400", str(2**63), "1" + "0" * 5000, '""', '"x"', "[]", "{}"),
    *("[{}]", "[null]", '{"name": null}', '{"name": "json", "configuration": null}', '{"a": 1}'),
    "[" * 900 + "]" * 900,
    "[" * 10_000 + "]" * 10_000,
)


@dataclass(frozen=True, kw_only=True)
class Words(zarr_vlen.ObjectType, name="test.words"):
    separator: str = " "

    def encode(self, value: Any) -> bytes:
        return self.separator.join(value).encode()

    def decode(self, data: bytes) -> Any:
        return data.decode().split(self.separator)


DOCUMENTS: dict[str, tuple[Any, dict[str, Any]]] = {
    "bytes": ("bytes", {}),
    "string": ("string", {}),
    "json": ("json", {"fill_value": {"a": 1}}),
    "optional bytes": (optional("bytes"), {}),
    "optional string": (optional("string"), {"fill_value": "x"}),
    "optional json in shards": (optional("json"), {"chunks": (1,), "shards": (2,)}),
    "twice optional": (optional(optional("string")), {}),
    "pickled": (pickled(), {}),
    "optional pickled": (optional(pickled()), {}),
    "class": (Words(separator="-"), {}),
    "functions": (zarr_vlen.object_type("test.hostile", repr, str, {"a": [1]}), {}),
    "json of version 2": ("json", {"zarr_format": 2}),
    "bytes of version 2": ("bytes", {"zarr_format": 2}),
    "string of version 2": ("string", {"zarr_format": 2}),
    "pickled of version 2": (pickled(), {"zarr_format": 2}),
}


def places(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Return where members and items of a document are."""
    yield at
    if isinstance(value, dict | list):
        for key, member in value.items() if isinstance(value, dict) else enumerate(value):
            yield from places(member, (*at, key))


def replaced(document: Any, at: tuple[Any, ...], text: str) -> str:
    """Return a document with something else at one place."""
    if not at:
        return text
    changed = copy.deepcopy(document)
    place = changed
    for key in at[:-1]:
        place = place[key]
    place[at[-1]] = "@"
    return json.dumps(changed).replace('"@"', text)


def is_ours(error: BaseException) -> bool:
    """Whether it was raised by this package, and not by zarr-python, which reads the document first."""
    last = traceback.extract_tb(error.__traceback__)[-1].filename
    return Path(last).parent.name == "zarr_vlen"


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", DOCUMENTS)
def test_metadata_with_anything_in_it(tmp_path: Path, pipeline: str, kind: str) -> None:
    """The package raises no TypeError, and nothing worse, for what somebody else has written."""
    dtype, options = DOCUMENTS[kind]
    path = tmp_path / "a"
    zarr.create_array(path, shape=(3,), dtype=dtype, **{"chunks": (2,)} | options)
    file = path / (".zarray" if options.get("zarr_format") == 2 else "zarr.json")
    document = json.loads(file.read_text())
    seed = random.randrange(2**32)
    print(f"the seed is {seed}")
    every = [(at, text) for at in places(document) for text in WRONG]
    ours = [
        (at, text) for at, text in every if at and at[0] in ("data_type", "fill_value", "codecs", "filters")
    ]
    for at, text in random.Random(seed).sample(ours, 12) + random.Random(seed).sample(every, 4):
        file.write_text(replaced(document, at, text))
        calls: list[Callable[[], object]] = [
            lambda: zarr.open_array(path, mode="r")[:2],
            lambda: zarr_vlen.open(path, mode="r")[0],
            lambda: read(path, rows=slice(2)),
            lambda: zarr.open_array(path, mode="r+").__setitem__(1, None),
            lambda: zarr_vlen.Appender(path, mode="r+").close(),
        ]
        for call in calls:
            try:
                call()
            except TYPED:
                continue
            except Exception as error:
                if is_ours(error) or isinstance(error, MemoryError):
                    raise AssertionError(f"{at} was {text[:100]}") from error


class TestDepth:
    """Metadata may be nested as deeply as a parser takes it."""

    def test_of_optional_types(self, tmp_path: Path) -> None:
        dtype = optional("string")
        for _ in range(6):
            z = zarr.create_array(tmp_path / "a", shape=(3,), dtype=dtype, overwrite=True)
            z[0] = "a"
            assert zarr.open_array(tmp_path / "a")[:].tolist() == ["a", None, None]
            dtype = optional(dtype)
        for _ in range(24):
            dtype = optional(dtype)
        with pytest.raises(ValueError, match="at most 32 deep"):
            optional(dtype)
        with pytest.raises(ValueError, match="codecs are nested more than 8 deep"):
            zarr.create_array(tmp_path / "b", shape=(3,), dtype=dtype)
        document = json.loads((tmp_path / "a" / "zarr.json").read_text())
        for depth in (32, 100, 300):
            inner: Any = {"name": "string", "configuration": {}}
            for _ in range(depth):
                inner = {"name": "zarrs.optional", "configuration": inner}
            document["data_type"] = inner
            (tmp_path / "a" / "zarr.json").write_text(json.dumps(document))
            for call in (zarr.open_array, zarr_vlen.open, read):
                with pytest.raises(ValueError, match="data types are nested more than 32 deep"):
                    call(tmp_path / "a")

    def test_of_optional_codecs(self, tmp_path: Path) -> None:
        zarr.create_array(tmp_path / "a", shape=(3,), dtype=optional("string"))
        document = json.loads((tmp_path / "a" / "zarr.json").read_text())
        codec = document["codecs"][0]
        for depth in (7, 100, 200):
            inner = codec
            for _ in range(depth):
                settings = codec["configuration"] | {"data_codecs": [inner]}
                inner = {"name": "zarrs.optional", "configuration": settings}
            document["codecs"][0] = inner
            (tmp_path / "a" / "zarr.json").write_text(json.dumps(document))
            with pytest.raises(ValueError, match="codecs are nested more than 8 deep"):
                zarr.open_array(tmp_path / "a")

    def test_of_fill_values(self, tmp_path: Path) -> None:
        zarr.create_array(tmp_path / "a", shape=(3,), dtype="json", fill_value=["mark"])
        document = (tmp_path / "a" / "zarr.json").read_text()
        deep = document.replace('"mark"', "[" * 600 + "]" * 600)
        (tmp_path / "a" / "zarr.json").write_text(deep)
        assert str(zarr_vlen.open(tmp_path / "a")[0]) == "[" * 601 + "]" * 601


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("indent", value) for value in (10**9, 2**64, 65, "  x", "x" * 10, " " * 65, 1.5, [], {})),
        *(("separators", value) for value in ([",", "x"], ["", ":"], [" " * 100 + ",", ":"])),
        ("separators", [1, ":"]),
        *(("encoding", value) for value in ("rot13", "nothing", "hex", "", 3, [], None)),
    ],
)
def test_settings_of_json_in_version_2(tmp_path: Path, pipeline: str, name: str, value: Any) -> None:
    """A filter that would write anything, or very much of it, is not used for writing."""
    z = zarr.create_array(tmp_path / "a", shape=(3,), dtype="json", zarr_format=2)
    z[:] = objects([[1], {"a": "b"}, None])
    file = tmp_path / "a" / ".zarray"
    document = json.loads(file.read_text())
    document["filters"][0][name] = value
    file.write_text(json.dumps(document))
    stored = (tmp_path / "a" / "0").read_bytes()
    with pytest.raises(ValueError, match="the filter json2 has the "):
        zarr.open_array(tmp_path / "a")[1] = 2
    assert (tmp_path / "a" / "0").read_bytes() == stored


@pytest.mark.parametrize("indent", [None, 0, -1, True, 4, 64, " \t", ""])
def test_settings_of_json_that_are_harmless(tmp_path: Path, pipeline: str, indent: Any) -> None:
    filters = [numcodecs.JSON(indent=indent, separators=(" , ", ": "), encoding="utf-16")]
    z = zarr.create_array(tmp_path / "a", shape=(3,), dtype="json", zarr_format=2, filters=filters)
    z[:2] = objects([[1], {"a": "日本"}])
    assert zarr.open_array(tmp_path / "a")[:].tolist() == [[1], {"a": "日本"}, None]


class TestBombs:
    @pytest.mark.parametrize("codec", ["zstd", "gzip"])
    def test_of_compressors(self, tmp_path: Path, codec: str) -> None:
        """Some KiB would become 16 GiB."""
        part = bytes(16 << 20)
        codecs = {"zstd": zarr.codecs.ZstdCodec(), "gzip": zarr.codecs.GzipCodec()}
        frame = numcodecs.Zstd().encode(part) if codec == "zstd" else gzip.compress(part)
        chunk(tmp_path / "all" / "a", frame * 1024, compressors=[codecs[codec]])
        assert bounded(READ_ALL, tmp_path / "all", 5000).split() == ["True"] * 4

    def test_of_lengths(self, tmp_path: Path) -> None:
        for number, data in enumerate(
            (
                b"\xff\xff\xff\xff",
                b"\3\0\0\0" + b"\xff\xff\xff\x7f" * 3,
                b"\3\0\0\0" + b"\xff\xff\xff\xff" * 3,
                b"",
            )
        ):
            chunk(tmp_path / "all" / str(number), data, compressors=None)
        assert bounded(READ_ALL, tmp_path / "all").split() == ["True"] * 16

    def test_of_shards(self, tmp_path: Path) -> None:
        """Each place of the index says that its chunk has 2 EiB."""
        claims = ((0, 2**61), (2**61, 8), (2**64 - 2, 2), (2**63, 2**63))
        for number, (offset, length) in enumerate(claims):
            z = zarr.create_array(
                tmp_path / "all" / str(number),
                shape=(3,),
                chunks=(1,),
                shards=(3,),
                dtype="bytes",
                compressors=None,
            )
            z[:] = b"x"
            index = (offset.to_bytes(8, "little") + length.to_bytes(8, "little")) * 3
            index += google_crc32c.value(index).to_bytes(4, "little")
            data = b"\1\0\0\0\1\0\0\0x" * 3 + index
            (tmp_path / "all" / str(number) / "c" / "0").write_bytes(data)
        assert bounded(READ_ALL, tmp_path / "all").split() == ["True"] * 16

    def test_of_shapes(self, tmp_path: Path) -> None:
        """Metadata may claim any size; what is not stored takes no memory until it is asked for."""
        z = zarr.create_array(tmp_path / "a", shape=(3,), chunks=(3,), dtype="bytes")
        z[:] = b"x"
        document = tmp_path / "a" / "zarr.json"
        document.write_text(document.read_text().replace("3\n", f"{2**62}\n"))
        assert zarr.open_array(tmp_path / "a").shape == (2**62,)
        output = bounded(
            """
            for call in (lambda: zarr.open_array(path)[0], lambda: zarr_vlen.read(path, rows=slice(0, 3))):
                try:
                    print(call())
                except (ValueError, OSError) as error:
                    print("typed")
            """,
            tmp_path / "a",
        )
        assert len(output.splitlines()) == 2


class TestJSON:
    @pytest.mark.parametrize(
        "text",
        [
            b"[" * 1_000_000,
            b'{"a":' * 100_000,
            b"[" * 5000 + b"]" * 5000,
            b"9" * 100_000,
            b"\xff",
        ],
        ids=["brackets", "braces", "closed", "digits", "bytes"],
    )
    def test_of_which_nothing_can_be_made(self, tmp_path: Path, text: bytes) -> None:
        z = zarr.create_array(tmp_path / "a", shape=(1,), dtype="bytes", compressors=None)
        z[0] = text
        document = tmp_path / "a" / "zarr.json"
        changed = document.read_text().replace('"bytes"', '"json"').replace("vlen-bytes", "vlen-utf8")
        document.write_text(changed.replace('"fill_value": ""', '"fill_value": null'))
        for call in (
            lambda: zarr.open_array(tmp_path / "a")[:],
            lambda: zarr.open_array(tmp_path / "a")[0],
            lambda: read(tmp_path / "a"),
        ):
            with pytest.raises(TYPED):
                call()


class Harmful:
    """An object whose pickle writes a file."""

    def __init__(self, path: str) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return open, (self.path, "w")


class TestPickles:
    def test_are_never_run(self, tmp_path: Path) -> None:
        mark = tmp_path / "mark"
        harm = pickle.dumps(Harmful(str(mark)))
        z = zarr.create_array(tmp_path / "a", shape=(12,), chunks=(6,), dtype=pickled())
        z[0] = "x"
        chunk(tmp_path / "b", b"", compressors=None)
        raw = zarr.create_array(tmp_path / "c", shape=(12,), chunks=(6,), dtype="bytes")
        raw[:] = objects([harm] * 12)
        for path in (tmp_path / "c" / "c").iterdir():
            target = tmp_path / "a" / "c" / path.name
            target.write_bytes(path.read_bytes())
        for call in calls_for_objects(tmp_path / "a"):
            with pytest.raises(TYPED):
                call()
        assert not mark.exists()
        # The raw bytes can be looked at, and are what Arrow gets.
        assert zarr_vlen.open(tmp_path / "a", raw=True)[3] == harm
        assert [value for batch in scan(tmp_path / "a") for value in batch.to_pylist()] == [harm] * 12
        assert not mark.exists()

    @pytest.mark.parametrize("filters", [["pickle"], ["vlen-bytes", "pickle"], ["json2", "pickle"]])
    def test_of_version_2_are_never_run(self, tmp_path: Path, filters: list[str]) -> None:
        mark = tmp_path / "mark"
        harm = pickle.dumps(Harmful(str(mark)))
        (tmp_path / "a").mkdir()
        document = {
            "zarr_format": 2,
            "shape": [12],
            "chunks": [6],
            "dtype": "|O",
            "fill_value": None,
            "order": "C",
            "filters": [{"id": name} for name in filters],
            "compressor": None,
        }
        (tmp_path / "a" / ".zarray").write_text(json.dumps(document))
        for number in range(2):
            (tmp_path / "a" / str(number)).write_bytes(harm)
        for call in calls_for_objects(tmp_path / "a"):
            with pytest.raises((*TYPED, TypeError)):
                call()
        assert not mark.exists()


def test_errors_are_those_of_chunks(tmp_path: Path) -> None:
    assert issubclass(ChunkError, ValueError)
    assert issubclass(zarr_vlen.ElementError, ValueError)
    chunk(tmp_path / "a", b"\3\0\0\0", compressors=None)
    for call in calls_for_objects(tmp_path / "a")[5:8]:
        with pytest.raises(ChunkError, match="a/c/0"):
            call()
