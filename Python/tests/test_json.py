"""JSON values as elements, through every way that zarr-python has to set and to get them."""

import asyncio
import copy
import datetime
import importlib
import json
import pickle
import sys
import tracemalloc
from pathlib import Path
from typing import Any

import numcodecs
import numpy as np
import pytest
import zarr
import zarr.codecs
import zarr.storage

import zarr_vlen
from zarr_vlen import ElementError, element, objects

VALUES = [42, "foo", ["bar", "baz", "qux"], {"a": 1, "b": 2.2}, None]
ENCODINGS = {
    "plain": {},
    "chunks of one": {"chunks": (1,)},
    "sharded": {"chunks": (1,), "shards": (5,)},
    "sharded, several": {"chunks": (2,), "shards": (4,)},
    "gzip": {"compressors": zarr.codecs.GzipCodec()},
    "blosc": {"compressors": zarr.codecs.BloscCodec()},
    "no compressor": {"compressors": None},
    "checksum": {"compressors": [zarr.codecs.ZstdCodec(), zarr.codecs.Crc32cCodec()]},
    "transpose": {"filters": [zarr.codecs.TransposeCodec(order=(0,))]},
    "compressed shards": {
        "chunks": (4,),
        "serializer": zarr.codecs.ShardingCodec(
            chunk_shape=(2,), codecs=[zarr.codecs.VLenUTF8Codec(), zarr.codecs.ZstdCodec()]
        ),
        "compressors": None,
    },
    "version 2": {"zarr_format": 2},
    "version 2, chunks of one": {"zarr_format": 2, "chunks": (1,)},
    "version 2, zlib": {"zarr_format": 2, "compressors": numcodecs.Zlib()},
    "version 2, order F": {"zarr_format": 2, "order": "F"},
}


def make(store: Any = None, **options: Any) -> zarr.Array[Any]:
    settings = {"shape": (5,), "chunks": (5,), "dtype": "json"} | options
    return zarr.create_array({} if store is None else store, **settings)


@pytest.fixture(params=ENCODINGS)
def encoding(request: pytest.FixtureRequest) -> dict[str, Any]:
    return ENCODINGS[request.param]


@pytest.mark.usefixtures("pipeline")
class TestEverywhere:
    def test_elements_set_one_by_one(self, store: Any, encoding: dict[str, Any]) -> None:
        z = make(store, **encoding)
        z[0] = 42
        z[1] = "foo"
        z[2] = ["bar", "baz", "qux"]
        z[3] = {"a": 1, "b": 2.2}
        assert z[:].tolist() == VALUES
        assert zarr.open_array(store, mode="r")[:].tolist() == VALUES

    def test_lists_are_elements(self, store: Any, encoding: dict[str, Any]) -> None:
        z = make(store, **encoding)
        for value in [[], [7], [[1, 2], [3, 4]], [[1], [2, 3]], [None], {}, {"a": []}]:
            z[2] = value
            assert z[2].item() == value
            z[4] = value
            assert z[:].tolist() == [None, None, value, None, value]
        z[:] = [[number] for number in range(5)]
        assert z[:].tolist() == [[0], [1], [2], [3], [4]]
        z[1:3] = element([1])
        assert z[:].tolist() == [[0], [1], [1], [3], [4]]
        z[:] = {"a": 1}
        assert z[:].tolist() == [{"a": 1}] * 5

    def test_resizing_and_appending(self, store: Any) -> None:
        z = make(store, chunks=(2,))
        z[:] = VALUES
        assert z.append([[9], {}]) == (7,)
        assert z[:].tolist() == [*VALUES, [9], {}]
        z.append(objects([["x"]]))
        z.resize((3,))
        z.resize((5,))
        # What resizing cuts off a chunk comes back, as in arrays of numbers.
        assert zarr.open_array(store, mode="r")[:].tolist() == [*VALUES[:3], VALUES[3], None]


@pytest.mark.usefixtures("pipeline")
class TestValues:
    @pytest.mark.parametrize(
        ("value", "stored"),
        [
            ((1, "a"), [1, "a"]),
            (np.array([1, 2]), [1, 2]),
            (np.array([[1.5], [2]]), [[1.5], [2.0]]),
            (np.float32(1.5), 1.5),
            (np.array(3), 3),
            (np.bool_(True), True),
            (np.str_("a"), "a"),
            (2**70, 2**70),
            (-(2**64), -(2**64)),
            ([2**64 - 1, 2**63, -(2**63)], [2**64 - 1, 2**63, -(2**63)]),
            (0.1 + 0.2, 0.1 + 0.2),
            (5e-324, 5e-324),
            (1.7976931348623157e308, 1.7976931348623157e308),
            ('a\0\u2028\U0001f600\\"', 'a\0\u2028\U0001f600\\"'),
            ({"": {"": []}}, {"": {"": []}}),
            (True, True),
        ],
    )
    def test_they_keep_what_they_are(self, value: Any, stored: Any) -> None:
        z = make()
        z[2] = value
        found = z[2].item()
        assert repr(found) == repr(stored)

    def test_negative_zero_and_the_types_of_numbers(self) -> None:
        z = make()
        z[:] = [-0.0, 0, False, 1.0, 1]
        assert repr(z[:].tolist()) == "[-0.0, 0, False, 1.0, 1]"

    @pytest.mark.parametrize(
        ("value", "type_name"),
        [
            (float("nan"), "float"),
            (float("-inf"), "float"),
            (np.float64("nan"), "float"),
            ({1, 2}, "set"),
            (b"x", "bytes"),
            (np.bytes_(b"x"), "bytes_"),
            (datetime.date(2026, 1, 1), "date"),
            (np.datetime64("2026-01-01"), "datetime64"),
            ("\ud800", "str"),
            ({"\ud800": 1}, "str"),
            ({1: 2}, "int"),
            ({None: 2}, "NoneType"),
            (1j, "complex"),
            (object(), "object"),
            (np.array(["2026"], "M8[Y]"), "date"),
        ],
    )
    @pytest.mark.parametrize("wrap", [lambda v: v, lambda v: [v], lambda v: {"a": [0, v]}])
    def test_what_json_does_not_have_is_refused(self, value: Any, type_name: str, wrap: Any) -> None:
        z = make(shape=(2, 3), chunks=(1, 2))
        z[1, 2] = 7
        with pytest.raises(ElementError, match=type_name) as caught:
            z[1, 2] = wrap(value)
        assert caught.value.index == (1, 2)
        assert z[1, 2].item() == 7
        with pytest.raises(ElementError) as caught:
            z[:, 1:] = [[1, 2], [3, wrap(value)]]
        assert caught.value.index == (1, 2)
        with pytest.raises(ElementError, match="element 3"):
            make().vindex[[1, 3]] = objects([1, wrap(value)])

    def test_nesting_without_end_is_refused(self) -> None:
        value: list[Any] = []
        value.append(value)
        with pytest.raises(ElementError, match="deep"):
            make()[0] = value

    def test_nesting_of_hundreds_is_kept(self) -> None:
        value: list[Any] = []
        for _ in range(300):
            value = [value]
        z = make()
        z[0] = value
        assert z[0].item() == value


@pytest.mark.usefixtures("pipeline")
class TestSelections:
    def test_orthogonal(self) -> None:
        z = make(shape=(4, 3), chunks=(3, 2))
        z.oindex[[0, 3], [1, 2]] = [[["x"], {"y": 1}], [[], [7]]]
        assert z.oindex[[0, 3], [1, 2]].tolist() == [[["x"], {"y": 1}], [[], [7]]]
        z.oindex[2, 1] = [1, 2]
        assert z.oindex[2, 1].item() == [1, 2]
        z.oindex[1, [0, 2]] = [[5], None]
        assert z[1].tolist() == [[5], None, None]

    def test_coordinates_and_masks(self) -> None:
        z = make(chunks=(2,))
        z.vindex[[1, 3]] = [["x"], ["y"]]
        assert z.vindex[[1, 3]].tolist() == [["x"], ["y"]]
        z.vindex[[3, 1]] = objects([["x"], {"y": 1}])
        assert z[:].tolist() == [None, {"y": 1}, None, ["x"], None]
        z.vindex[2] = [7]
        assert z.vindex[2].tolist() == [[7]]
        mask = np.array([True, False, True, False, False])
        z[mask] = [5, ["q"]]
        assert z[mask].tolist() == [5, ["q"]]
        assert z[[0, 1]].tolist() == [5, {"y": 1}]
        z.vindex[[0, 1]] = {"a": 1}
        assert z[:2].tolist() == [{"a": 1}] * 2

    def test_blocks(self) -> None:
        z = make(chunks=(2,))
        z.blocks[1] = [[1], {"b": 2}]
        assert z.blocks[1].tolist() == [[1], {"b": 2}]

    def test_steps_and_ellipses(self) -> None:
        z = make()
        z[::2] = [[0], [2], [4]]
        z[...] = z[...]
        assert z[..., ::2].tolist() == [[0], [2], [4]]

    def test_two_dimensions(self) -> None:
        for options in (
            {},
            {"filters": [zarr.codecs.TransposeCodec(order=(1, 0))]},
            {"shards": (4, 6)},
            {"config": {"order": "F"}},
            {"zarr_format": 2, "order": "F"},
        ):
            z = make(shape=(3, 4), chunks=(2, 3), **options)
            z[0, 0] = [1, 2]
            z[2, 3] = {"k": [1]}
            z[1] = [1, [2], "3", None]
            assert z[:].tolist() == [
                [[1, 2], None, None, None],
                [1, [2], "3", None],
                [None, None, None, {"k": [1]}],
            ]

    @pytest.mark.parametrize("options", [{}, {"zarr_format": 2}, {"shards": ()}])
    def test_no_dimensions(self, options: dict[str, Any]) -> None:
        z = make(shape=(), chunks=(), **options)
        assert z[()].item() is None
        for value in ([1, 2], {"a": 1}, [], 7, None):
            z[()] = value
            assert z[()].item() == value
            assert z[...].item() == value

    def test_no_elements(self) -> None:
        z = make(shape=(0,), chunks=(1,))
        z[:] = []
        assert z[:].tolist() == []
        z.append([[]])
        assert z[:].tolist() == [[]]

    def test_other_shapes_are_refused(self) -> None:
        z = make()
        for value in ([1, 2], [[1, 2]], objects([1]), np.zeros((5, 2)), range(4)):
            with pytest.raises(ValueError, match="region of shape"):
                z[:] = value
        with pytest.raises(ValueError, match="element"):
            z[0:2] = [[1, 2]]

    def test_arrays_of_numbers_and_ranges(self) -> None:
        z = make()
        z[:] = np.arange(5)
        z[:2] = range(2)
        assert repr(z[:].tolist()) == "[0, 1, 2, 3, 4]"

    def test_asynchronous(self) -> None:
        z = make()

        async def run() -> Any:
            await z.async_array.setitem(slice(0, 2), [[1], [2]])
            return await z.async_array.getitem(slice(0, 3))

        assert asyncio.run(run()).tolist() == [[1], [2], None]


@pytest.mark.usefixtures("pipeline")
class TestFillValues:
    @pytest.mark.parametrize("zarr_format", [2, 3])
    @pytest.mark.parametrize("fill", [None, 0, False, "", "x", {}, [], [1, 2], {"a": [1]}, 1.5, 2**70])
    def test_any_value(self, fill: Any, zarr_format: int) -> None:
        store: dict[str, Any] = {}
        z = make(store, fill_value=fill, zarr_format=zarr_format, chunks=(2,))
        assert repr(z[:].tolist()) == repr([fill] * 5)
        document = json.loads(store["zarr.json" if zarr_format == 3 else ".zarray"].to_bytes())
        assert repr(document["fill_value"]) == repr(fill)
        z[0] = 9
        again = zarr.open_array(store, mode="r")
        assert repr(again[:].tolist()) == repr([9, fill, fill, fill, fill])
        assert again.fill_value == fill

    def test_elements_are_not_shared(self) -> None:
        z = make(fill_value=[], chunks=(5,))
        first = z[:].tolist()
        first[0].append(1)
        assert first == [[1], [], [], [], []]
        assert z[:].tolist() == [[]] * 5

    @pytest.mark.parametrize("options", [{}, {"shards": (4,), "chunks": (2,)}, {"zarr_format": 2}])
    def test_chunks_of_the_fill_value_are_not_stored(self, store: Any, options: dict[str, Any]) -> None:
        z = make(store, fill_value=0, **options)
        z[:] = False
        assert repr(z[:].tolist()) == "[False, False, False, False, False]"
        assert z.nchunks_initialized > 0
        z[:] = 0
        assert z.nchunks_initialized == 0
        assert repr(z[:].tolist()) == "[0, 0, 0, 0, 0]"

    def test_chunks_of_the_fill_value_are_stored_if_asked(self) -> None:
        z = make(config={"write_empty_chunks": True}, chunks=(2,))
        z[:] = None
        assert z.nchunks_initialized == 3

    def test_missing_chunks_are_errors_if_asked(self) -> None:
        z = make(config={"read_missing_chunks": False}, chunks=(2,))
        z[:2] = [1, 2]
        assert z[:2].tolist() == [1, 2]
        with pytest.raises(zarr.errors.ChunkNotFoundError):
            z[3]

    def test_lists_beside_another_fill_value(self) -> None:
        z = make(fill_value="x")
        z[0] = [1, 2]
        z[1] = [3, 4]
        assert z[:].tolist() == [[1, 2], [3, 4], "x", "x", "x"]


@pytest.mark.usefixtures("pipeline")
class TestHierarchies:
    def test_metadata(self) -> None:
        store: dict[str, Any] = {}
        make(store, dimension_names=["x"])
        document = json.loads(store["zarr.json"].to_bytes())
        assert document["data_type"] == "json"
        assert document["fill_value"] is None
        assert [codec["name"] for codec in document["codecs"]] == ["vlen-utf8", "zstd"]

    @pytest.mark.filterwarnings("ignore:Consolidated metadata is currently not part")
    def test_groups_and_consolidated_metadata(self, store: Any) -> None:
        group = zarr.create_group(store)
        a = group.create_array("a/b", shape=(5,), chunks=(2,), dtype="json", fill_value=[1])
        a[:] = VALUES
        assert zarr.open_group(store, mode="r")["a/b"][:].tolist() == VALUES
        zarr.consolidate_metadata(store)
        again = zarr.open_consolidated(store)["a/b"]
        assert again[:].tolist() == VALUES
        assert again.fill_value == [1]

    def test_copies(self, tmp_path: Path) -> None:
        z = make(tmp_path / "a", chunks=(2,))
        z[:] = VALUES
        assert copy.deepcopy(z)[:].tolist() == VALUES
        assert copy.copy(z)[:].tolist() == VALUES
        assert pickle.loads(pickle.dumps(z))[:].tolist() == VALUES
        assert zarr.from_array({}, data=z)[:].tolist() == VALUES
        assert zarr.from_array({}, data=z, chunks=(3,), zarr_format=3)[:].tolist() == VALUES
        for like in (zarr.empty_like(z), zarr.full_like(z, fill_value=[7]), zarr.zeros_like(z)):
            like[0] = [1]
            assert like[0].item() == [1]
        assert z.metadata == zarr.open_array(tmp_path / "a").metadata
        assert hash(z.metadata) == hash(zarr.open_array(tmp_path / "a").metadata)
        assert np.asarray(z).tolist() == VALUES
        assert "json" in str(z.info).lower()

    def test_ways_to_create(self) -> None:
        for z in (
            zarr.open_array({}, mode="a", shape=(2,), dtype="json"),
            zarr.create(shape=(2,), store={}, dtype="json"),
            zarr.create(shape=(2,), store={}, dtype="json", zarr_format=2, chunks=(2,)),
            zarr.full((2,), store={}, fill_value=None, dtype="json"),
            zarr.create_array(
                {}, shape=(2,), dtype=zarr_vlen.JSON(), zarr_format=2, filters=[numcodecs.JSON()]
            ),
            zarr.create_array({}, shape=(2,), dtype={"name": "json", "configuration": {}}),
        ):
            z[0] = [1]
            assert z[:].tolist() == [[1], None]
        assert zarr.full((2,), store={}, fill_value=[1], dtype="json")[:].tolist() == [[1], [1]]

    def test_zip(self, tmp_path: Path) -> None:
        path = tmp_path / "a.zip"
        with zarr.storage.ZipStore(path, mode="w") as store:
            z = make(store, chunks=(2,))
            z[:] = VALUES
        with zarr.storage.ZipStore(path, mode="r") as store:
            assert zarr.open_array(store, mode="r")[:].tolist() == VALUES


class TestOthers:
    """What other writers store, or somebody who means harm."""

    def chunk(self, *texts: bytes, count: int | None = None) -> Any:
        store: dict[str, Any] = {}
        z = make(store, shape=(len(texts),), chunks=(len(texts),), compressors=None)
        z[:] = 1
        wire = (len(texts) if count is None else count).to_bytes(4, "little")
        for text in texts:
            wire += len(text).to_bytes(4, "little") + text
        store["c/0"] = zarr.core.buffer.cpu.Buffer.from_bytes(wire)
        return z

    def test_texts_that_only_python_reads(self) -> None:
        values = self.chunk(b"NaN", b'"\\ud800"', b" 1 ", b"", b"1e5", b'{"a":1,"a":2}')[:].tolist()
        assert np.isnan(values[0])
        assert values[1:] == ["\ud800", 1, None, 100000.0, {"a": 2}]

    def test_elements_that_are_not_set_stay_as_they_are(self) -> None:
        z = self.chunk(b"NaN", b"[1,  2]", b"1.50", b"7")
        z[3] = 8
        wire = z.store._store_dict["c/0"].to_bytes()
        assert wire.endswith(b"NaN\7\0\0\0[1,  2]\4\0\0\0001.50\1\0\0\0008")

    @pytest.mark.parametrize("text", [b"{", b"1,2", b"\xff", b"'a'", b"[" * 100000])
    def test_texts_that_are_no_json(self, text: bytes) -> None:
        with pytest.raises(ElementError, match="element 1"):
            self.chunk(b"1", text)[:]

    @pytest.mark.parametrize("count", [0, 1, 3, 2**32 - 1])
    def test_other_numbers_of_elements(self, count: int) -> None:
        with pytest.raises(ValueError, match="elements"):
            self.chunk(b"1", b"2", count=count)[:]

    @pytest.mark.parametrize("cut", range(1, 14))
    def test_chunks_that_are_cut(self, cut: int) -> None:
        z = self.chunk(b"1", b"2")
        wire = z.store._store_dict["c/0"].to_bytes()
        z.store._store_dict["c/0"] = zarr.core.buffer.cpu.Buffer.from_bytes(wire[:-cut])
        with pytest.raises(ValueError, match="chunk|elements|corrupt|buffer"):
            z[:]

    @pytest.mark.parametrize(
        "text",
        [
            b"",
            b"7",
            b"[]",
            b'["|O",[2]]',
            b'[1,"|O",[2]]',
            b'[1,2,3,"|O",[2]]',
            b'[1,2,"|O",[3]]',
            b'[1,2,"|O"]',
        ],
    )
    def test_chunks_of_version_2_that_hold_something_else(self, text: bytes) -> None:
        store: dict[str, Any] = {}
        z = make(store, shape=(2,), chunks=(2,), zarr_format=2, compressors=None)
        store["0"] = zarr.core.buffer.cpu.Buffer.from_bytes(text)
        with pytest.raises(ValueError, match="chunk|JSON"):
            z[:]

    def test_version_2_as_numcodecs_writes_it(self) -> None:
        store: dict[str, Any] = {}
        z = make(store, shape=(2, 2), chunks=(2, 2), zarr_format=2, compressors=None, order="F")
        z[:] = [[1, [2]], [{"b": 1, "a": 2}, None]]
        assert store["0.0"].to_bytes() == b'[[1,[2]],[{"a":2,"b":1},null],"|O",[2,2]]'
        store["0.0"] = zarr.core.buffer.cpu.Buffer.from_bytes(b'[1,NaN,3,[4],"|O",[2,2]]')
        z[0, 0] = "new"
        assert store["0.0"].to_bytes() == b'[["new",NaN],[3,[4]],"|O",[2,2]]'

    def test_a_pickle_after_json_never_runs(self) -> None:
        store: dict[str, Any] = {}
        z = make(store, zarr_format=2, filters=[numcodecs.JSON(), numcodecs.Pickle()], compressors=None)
        store["0"] = zarr.core.buffer.cpu.Buffer.from_bytes(pickle.dumps(b'[1,1,1,1,1,"|O",[5]]'))
        with pytest.raises(zarr_vlen.UntrustedPickleError):
            z[:]
        with zarr_vlen.trust(z), pytest.raises(zarr_vlen.UntrustedPickleError):
            z[:]


SELECTIONS: dict[str, tuple[str, Any]] = {
    "all": ("basic", (slice(None), slice(None))),
    "one": ("basic", (3, 4)),
    "row": ("basic", (-1, slice(None))),
    "steps": ("basic", (slice(1, None, 3), slice(2, 7, 2))),
    "newest": ("basic", (slice(4, None), 0)),
    "lists": ("oindex", ([5, 0, 3], [6, 2])),
    "list and slice": ("oindex", ([5, 0], slice(1, 6))),
    "list and number": ("oindex", ([5, 0, 1], 4)),
    "masks": ("oindex", (np.arange(7) % 2 == 1, np.arange(8) > 5)),
    "places": ("vindex", ([6, 0, 3, 3], [7, 1, 0, 5])),
    "places in two dimensions": ("vindex", ([[6, 0], [3, 2]], [[7, 1], [0, 5]])),
    "mask": ("vindex", np.arange(56).reshape(7, 8) % 5 == 2),
    "blocks": ("blocks", (slice(1, 3), 1)),
}


def chosen(name: str) -> Any:
    """Return the numbers of the elements of a selection, in C order of the array."""
    way, selection = SELECTIONS[name]
    numbers = np.arange(56).reshape(7, 8)
    if way == "blocks":
        return numbers[2:6, 3:6]
    if way == "oindex":
        rows, columns = selection
        return numbers[rows][:, columns]
    return numbers[selection]


@pytest.mark.parametrize("name", SELECTIONS)
def test_errors_have_the_index_in_the_array(pipeline: str, name: str) -> None:
    way, selection = SELECTIONS[name]
    z = zarr.create_array({}, shape=(7, 8), chunks=(2, 3), dtype="json")
    target = z if way == "basic" else getattr(z, way)
    numbers = chosen(name)
    for place in range(numbers.size):
        values = np.full(numbers.shape, None, object)
        values.reshape(-1)[place] = {1, 2}
        with pytest.raises(ElementError, match="set") as caught:
            target[selection] = values if numbers.shape else element(values[()])
        first = tuple(map(int, np.unravel_index(numbers.ravel()[place], (7, 8))))
        assert caught.value.index == first
    assert set(z[:].ravel().tolist()) == {None}


@pytest.mark.parametrize("name", SELECTIONS)
def test_errors_of_reading_have_the_index_in_the_array(pipeline: str, name: str) -> None:
    def decode(data: bytes) -> Any:
        raise ValueError("no such thing")

    way, selection = SELECTIONS[name]
    places = {tuple(map(int, np.unravel_index(number, (7, 8)))) for number in chosen(name).ravel()}
    kind = zarr_vlen.object_type("test.broken", lambda value: value, decode)
    for dtype, bad in ((kind, (3, 4)), (zarr_vlen.optional(kind), (6, 7)), (kind, (5, 0)), (kind, (4, 3))):
        z = zarr.create_array({}, shape=(7, 8), chunks=(2, 3), dtype=dtype)
        z[bad] = b"x"
        source = z if way == "basic" else getattr(z, way)
        found, error = None, None
        try:
            found = source[selection]
        except ElementError as raised:
            error = raised
        if bad in places:
            assert error is not None
            assert error.index == bad
            assert "no such thing" in error.reason
        else:
            # Others of its chunk can be read.
            assert error is None
            assert set(np.ravel(found).tolist()) == {None}


@pytest.mark.parametrize("selection", [slice(None), 7, slice(5, None, 3)], ids=str)
def test_errors_take_no_memory_for_a_chunk(selection: Any) -> None:
    z = zarr.create_array({}, shape=(10**12,), chunks=(10**11,), dtype="json")
    _hooks = importlib.import_module("zarr_vlen._hooks")
    indexer = zarr.core.indexing.BasicIndexer(selection, z.shape, z._chunk_grid)
    tracemalloc.start()
    try:
        index = _hooks._index_of(0, indexer, z._chunk_grid)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert index == ({"7": 7, "slice(5, None, 3)": 5}.get(str(selection), 0),)
    assert peak < 1 << 20


class TestNumbersOfManyDigits:
    """CPython writes and reads no more than 4300, unless somebody says so."""

    def test_when_writing(self, pipeline: str, tmp_path: Path) -> None:
        for zarr_format in (2, 3):
            z = zarr.create_array({}, shape=(3, 2), dtype="json", zarr_format=zarr_format)
            for value in (10**5000, {"a": [1, -(10**5000)]}):
                with pytest.raises(ElementError, match="sys.set_int_max_str_digits") as caught:
                    z[2, 1] = value
                assert caught.value.index == (2, 1)
                with pytest.raises(ElementError, match="sys.set_int_max_str_digits") as caught:
                    z[1] = [1, value]
                assert caught.value.index == (1, 1)
            assert set(z[:].ravel().tolist()) == {None}
        with pytest.raises(ElementError, match="sys.set_int_max_str_digits"):
            zarr.create_array({}, shape=(3,), dtype="json", fill_value=10**5000)
        with pytest.raises(ElementError, match="element 1: .*sys.set_int_max_str_digits"):
            zarr_vlen.write(tmp_path / "a", [1, 10**5000], dtype="json")

    def test_when_reading(self, pipeline: str, tmp_path: Path) -> None:
        for dtype in ("json", zarr_vlen.optional("json")):
            z = zarr.create_array(tmp_path / "a", shape=(8,), chunks=(2,), dtype=dtype, overwrite=True)
            before = sys.get_int_max_str_digits()
            sys.set_int_max_str_digits(6000)
            try:
                z[5] = 10**5000
                z[4] = 1
                assert z[5] == 10**5000
            finally:
                sys.set_int_max_str_digits(before)
            for get in (lambda z: z[5], lambda z: z[:], lambda z: z.oindex[[0, 5]], zarr_vlen.read):
                with pytest.raises(ElementError, match="element 5: .*sys.set_int_max_str_digits"):
                    get(z)
            assert z[4].item() == 1


def test_arrays_of_version_2_can_be_copied_and_pickled(pipeline: str) -> None:
    z = make(zarr_format=2, filters=[numcodecs.JSON(indent=1)])
    z[:] = VALUES
    for other in (pickle.loads(pickle.dumps(z)), copy.copy(z), copy.deepcopy(z)):
        assert other[:].tolist() == VALUES
        assert other.metadata == z.metadata
