"""Bytes, text, absent elements, and types of the user."""

import copy
import json
import pickle
from dataclasses import dataclass
from typing import Any

import numcodecs
import numpy as np
import pytest
import zarr
import zarr.codecs
import zarr.storage
from zarr.core.buffer.cpu import Buffer
from zarr.dtype import VariableLengthBytes

import zarr_vlen
from zarr_vlen import ElementError, ObjectType, object_type, objects, optional

ENCODINGS: dict[str, dict[str, Any]] = {
    "plain": {},
    "chunks of one": {"chunks": (1,)},
    "sharded": {"chunks": (2,), "shards": (4,)},
    "no compressor": {"compressors": None},
}


@pytest.fixture(params=ENCODINGS)
def encoding(request: pytest.FixtureRequest) -> dict[str, Any]:
    return ENCODINGS[request.param]


def make(store: Any = None, **options: Any) -> zarr.Array[Any]:
    settings = {"shape": (5,), "chunks": (5,)} | options
    return zarr.create_array({} if store is None else store, **settings)


def document(z: zarr.Array[Any]) -> dict[str, Any]:
    return json.loads(z.store._store_dict["zarr.json"].to_bytes())


@pytest.mark.usefixtures("pipeline")
class TestBytes:
    VALUES = [b"a", b"", b"\0\xff\0", b"b" * 1000, b"c\0"]

    @pytest.mark.parametrize("dtype", ["bytes", "variable_length_bytes", VariableLengthBytes()])
    def test_portable_name_and_no_warning(self, dtype: Any) -> None:
        z = make(dtype=dtype)
        z.attrs["changed"] = True
        z.resize((6,))
        assert document(z)["data_type"] == "bytes"
        assert z.metadata.data_type == VariableLengthBytes()

    @pytest.mark.parametrize(
        "options", [*ENCODINGS.values(), {"zarr_format": 2}, {"zarr_format": 2, "chunks": (1,)}]
    )
    def test_elements(self, store: Any, options: dict[str, Any]) -> None:
        z = make(store, dtype="bytes", **options)
        for place, value in enumerate(self.VALUES[:4]):
            z[place] = value
        assert z[:].tolist() == [*self.VALUES[:4], b""]
        z[:] = self.VALUES
        assert zarr.open_array(store, mode="r")[:].tolist() == self.VALUES
        assert z[2].item() == b"\0\xff\0"
        z[1:3] = b"x"
        assert z[:4].tolist() == [b"a", b"x", b"x", b"b" * 1000]

    def test_forms_of_bytes(self) -> None:
        z = make(dtype="bytes")
        z[0] = bytearray(b"a\0")
        z[1] = memoryview(b"b\0")
        z[2] = np.bytes_(b"c")
        z[3:] = np.array([b"d", None], object)
        assert z[:].tolist() == [b"a\0", b"b\0", b"c", b"d", b""]
        assert {type(value) for value in z[:].tolist()} == {bytes}

    @pytest.mark.parametrize("value", ["text", 0, 1.5, [b"a"], False])
    def test_other_types_are_refused(self, value: Any) -> None:
        z = make(dtype="bytes", shape=(9,), chunks=(4,))
        with pytest.raises(ElementError, match=f"element 6: .*{type(value).__name__}"):
            z[6] = value
        with pytest.raises(TypeError):
            z[4:] = [b"", b"", value, b"", b""]

    @pytest.mark.parametrize("fill", [b"", b"q", b"q\0", b"\0"])
    @pytest.mark.parametrize("zarr_format", [2, 3])
    def test_fill_values_keep_zeros_at_the_end(self, fill: bytes, zarr_format: int) -> None:
        z = make(dtype="bytes", fill_value=fill, chunks=(2,), zarr_format=zarr_format)
        z[0] = b"a"
        assert z[:].tolist() == [b"a", fill, fill, fill, fill]
        z[2:4] = b"q"
        assert zarr.open_array(z.store, mode="r")[:].tolist() == [b"a", fill, b"q", b"q", fill]
        assert zarr.open_array(z.store, mode="r").fill_value == fill

    @pytest.mark.parametrize("name", ["bytes", "binary", {"name": "bytes", "configuration": {}}])
    @pytest.mark.parametrize(
        ("fill", "value"), [("", b""), ("AP8=", b"\0\xff"), ([], b""), ([0, 255], b"\0\xff")]
    )
    def test_metadata_of_other_libraries(self, name: Any, fill: Any, value: bytes) -> None:
        z = make(dtype="bytes")
        metadata = document(z) | {"data_type": name, "fill_value": fill}
        z.store._store_dict["zarr.json"] = Buffer.from_bytes(json.dumps(metadata).encode())
        assert zarr.open_array(z.store, mode="r")[:].tolist() == [value] * 5

    @pytest.mark.parametrize("fill", [0, None, ""])
    def test_fill_values_of_zarr_python_2(self, fill: Any) -> None:
        z = make(dtype="bytes", zarr_format=2)
        metadata = json.loads(z.store._store_dict[".zarray"].to_bytes()) | {"fill_value": fill}
        z.store._store_dict[".zarray"] = Buffer.from_bytes(json.dumps(metadata).encode())
        assert zarr.open_array(z.store, mode="r")[:].tolist() == [b""] * 5

    def test_chunks_in_order_f(self) -> None:
        z = make(dtype="bytes", shape=(2, 2), chunks=(2, 2), zarr_format=2, order="F", compressors=None)
        z[:] = [[b"a", b"b"], [b"c", b"d"]]
        assert z.store._store_dict["0.0"].to_bytes()[8::5] == b"acbd"
        z[0, 1] = b"e"
        assert z[:].tolist() == [[b"a", b"e"], [b"c", b"d"]]


@pytest.mark.usefixtures("pipeline")
class TestStrings:
    @pytest.mark.parametrize(
        "values", [["a", "", "日本\0"], objects(["a", "", "日本\0"]), np.array(["a", "", "日本\0"], "T")]
    )
    def test_elements(self, store: Any, values: Any) -> None:
        z = make(store, shape=(3,), dtype="string")
        z[:] = values
        z[1] = "b"
        assert z[:].tolist() == ["a", "b", "日本\0"]
        assert z.dtype == np.dtypes.StringDType()


@pytest.mark.usefixtures("pipeline")
class TestOptional:
    CASES: dict[str, list[Any]] = {
        "bytes": [b"a", None, b"", None, b"\0"],
        "string": ["a", None, "", None, "日本"],
        "json": [{"a": [1]}, None, [], None, False],
    }

    @pytest.mark.parametrize("inner", CASES)
    def test_elements(self, store: Any, encoding: dict[str, Any], inner: str) -> None:
        z = make(store, dtype=optional(inner), **encoding)
        assert z[:].tolist() == [None] * 5
        values = self.CASES[inner]
        for place, value in enumerate(values):
            z[place] = value
        assert z[:].tolist() == values
        z[0] = None
        z[1] = values[4]
        assert zarr.open_array(store, mode="r")[:].tolist() == [None, values[4], *values[2:]]
        z[:] = None
        assert z[:].tolist() == [None] * 5
        assert z.nchunks_initialized == 0

    @pytest.mark.parametrize("inner", CASES)
    def test_fill_values(self, inner: str) -> None:
        values = self.CASES[inner]
        z = make(dtype=optional(inner), fill_value=values[4], chunks=(2,))
        assert zarr.open_array(z.store)[:].tolist() == [values[4]] * 5
        z[0] = None
        z[2:4] = [values[0], values[4]]
        assert zarr.open_array(z.store)[:].tolist() == [None, values[4], values[0], values[4], values[4]]
        z[:] = values[4]
        assert z.nchunks_initialized == 0
        z[:2] = None
        assert zarr.open_array(z.store)[:].tolist() == [None, None, *[values[4]] * 3]

    def test_metadata_and_bytes(self) -> None:
        z = make(dtype=optional("string"), compressors=None)
        z[:] = ["a", None, "bc", None, None]
        metadata = document(z)
        assert metadata["data_type"] == {
            "name": "zarrs.optional",
            "configuration": {"name": "string", "configuration": {}},
        }
        assert metadata["fill_value"] is None
        assert metadata["codecs"] == [
            {
                "name": "zarrs.optional",
                "configuration": {
                    "mask_codecs": [{"name": "packbits", "configuration": {}}],
                    "data_codecs": [{"name": "vlen-utf8", "configuration": {}}],
                },
            }
        ]
        data = bytes.fromhex("02000000 01000000 61 02000000 6263")
        assert z.store._store_dict["c/0"].to_bytes() == (
            (1).to_bytes(8, "little") + len(data).to_bytes(8, "little") + b"\x05" + data
        )

    def test_codecs_of_mask_and_data(self) -> None:
        gzip = {"name": "gzip", "configuration": {"level": 1}}
        codec = {
            "name": "optional",
            "configuration": {
                "mask_codecs": [{"name": "bytes"}, {"name": "crc32c"}],
                "data_codecs": [{"name": "vlen-bytes"}, gzip],
            },
        }
        z = make(dtype=optional("bytes"), shape=(2, 3), chunks=(2, 2), serializer=codec, compressors=None)
        z[:] = [[b"a", None, b""], [b"b" * 100, b"c", None]]
        again = zarr.open_array(z.store)
        assert again[:].tolist() == [[b"a", None, b""], [b"b" * 100, b"c", None]]
        assert again.metadata == z.metadata

    @pytest.mark.parametrize(
        "stored", [b"", b"\0" * 15, b"\1" + b"\0" * 17, b"\1" + b"\0" * 15 + b"\7", b"\xff" * 20]
    )
    def test_damaged_chunks(self, stored: bytes) -> None:
        z = make(dtype=optional("string"), compressors=None)
        z.store._store_dict["c/0"] = Buffer.from_bytes(stored)
        with pytest.raises(ValueError, match="chunk|truth"):
            z[:]

    @pytest.mark.parametrize("inner", ["int32", "zarrs.optional", np.dtype("f8")])
    def test_other_inner_types_are_refused(self, inner: Any) -> None:
        with pytest.raises((ValueError, TypeError)):
            optional(inner)

    def test_wrong_elements_are_refused(self) -> None:
        z = make(dtype=optional("string"))
        with pytest.raises(ElementError, match="element 3: .*bytes"):
            z[:] = ["a", None, None, b"b", None]
        with pytest.raises(ElementError, match="element 2: .*surrogate"):
            z[2] = "\ud800"

    @pytest.mark.parametrize("na_object", [None, float("nan")])
    def test_text_in_arrays_of_numpy(self, store: Any, encoding: dict[str, Any], na_object: Any) -> None:
        z = make(store, dtype=optional("string", na_object=na_object), **encoding)
        dtype = np.dtypes.StringDType(na_object=na_object)
        assert z.dtype == dtype
        z[:3] = np.array(["a", na_object, "日本"], dtype)
        z[4] = "b"
        found = z[:]
        assert found.dtype == dtype
        assert [value if isinstance(value, str) else None for value in found] == [
            "a",
            None,
            "日本",
            None,
            "b",
        ]
        assert z[0].item() == "a"
        assert zarr.open_array(store)[:].tolist() == ["a", None, "日本", None, "b"]
        opened = zarr_vlen.open(store, na_object=na_object)
        assert opened[:].dtype == dtype
        assert opened[4] == "b"
        assert not isinstance(opened[3], str)
        assert z[5:].tolist() == []
        z[5:] = []
        opened[4] = na_object
        assert zarr.open_array(store)[4].item() is None

    def test_only_text_has_an_na_object(self) -> None:
        with pytest.raises(ValueError, match="only text"):
            optional("json", na_object=None)

    def test_of_types_of_the_user(self) -> None:
        z = make(dtype=optional(POINTS))
        z[1] = (1, 2)
        assert zarr.open_array(z.store)[:].tolist() == [None, (1, 2), None, None, None]


def _encode_point(point: tuple[int, int]) -> bytes:
    return f"{point[0]},{point[1]}".encode()


def _decode_point(data: bytes) -> tuple[int, ...]:
    return tuple(map(int, data.split(b",")))


POINTS = object_type("zarr_vlen.tests.point", _encode_point, _decode_point, {"unit": "m"})


@dataclass(frozen=True, kw_only=True)
class Words(ObjectType, name="zarr_vlen.tests.words"):
    separator: str = " "

    def encode(self, value: Any) -> bytes:
        return self.separator.join(value).encode()

    def decode(self, data: bytes) -> Any:
        return data.decode().split(self.separator)


@pytest.mark.usefixtures("pipeline")
class TestObjectTypes:
    def test_functions(self, store: Any, encoding: dict[str, Any]) -> None:
        z = make(store, dtype=POINTS, **encoding)
        z[0] = (1, 2)
        z[2:4] = [(3, 4), None]
        again = zarr.open_array(store)
        assert again[:].tolist() == [(1, 2), None, (3, 4), None, None]
        assert again.metadata.data_type == POINTS
        for metadata in (copy.deepcopy(again.metadata), pickle.loads(pickle.dumps(again.metadata))):
            assert metadata.data_type == POINTS
            assert metadata == z.metadata

    def test_metadata(self) -> None:
        z = make(dtype=POINTS, fill_value=(7, 8))
        assert document(z)["data_type"] == {"name": "zarr_vlen.tests.point", "configuration": {"unit": "m"}}
        assert document(z)["fill_value"] == "Nyw4"
        assert document(z)["codecs"][0]["name"] == "vlen-bytes"
        assert zarr.open_array(z.store)[:].tolist() == [(7, 8)] * 5

    def test_classes_with_settings(self) -> None:
        z = make(dtype=Words(separator="-"))
        z[1] = ["a", "b"]
        z[2:4] = [["c"], ["d", "e"]]
        assert document(z)["data_type"] == {
            "name": "zarr_vlen.tests.words",
            "configuration": {"separator": "-"},
        }
        again = zarr.open_array(z.store)
        assert again[:].tolist() == [None, ["a", "b"], ["c"], ["d", "e"], None]
        assert again.metadata.data_type == Words(separator="-")
        assert make(dtype=Words()).metadata.data_type == Words(separator=" ")

    def test_other_configurations_are_refused(self) -> None:
        z = make(dtype=POINTS)
        for name, configuration in (
            ("zarr_vlen.tests.point", {"unit": "km"}),
            ("zarr_vlen.tests.words", {"x": 1}),
        ):
            metadata = document(z) | {"data_type": {"name": name, "configuration": configuration}}
            with pytest.raises(ValueError, match="configuration|setting"):
                zarr.open_array({"zarr.json": Buffer.from_bytes(json.dumps(metadata).encode())})

    def test_errors_of_the_functions(self) -> None:
        z = make(dtype=POINTS, chunks=(2,))
        with pytest.raises(ElementError, match="element 3: .*str") as caught:
            z[2:4] = [(1, 2), "a"]
        assert isinstance(caught.value.__cause__, ElementError)
        broken = object_type("zarr_vlen.tests.broken", lambda value: value, lambda data: 1 / 0)
        z = make(dtype=broken)
        for value in ("text", b""):
            with pytest.raises(ElementError, match="bytes"):
                z[0] = value
        z[0] = b"a"
        with pytest.raises(ElementError, match="element 0: .*division"):
            z[:]

    @pytest.mark.parametrize("name", ["", "Upper", "a b", "1a", "é"])
    def test_names(self, name: str) -> None:
        with pytest.raises(ValueError, match="name"):
            object_type(name, _encode_point, _decode_point)

    def test_there_is_no_version_2(self) -> None:
        for dtype in (POINTS, optional("json")):
            with pytest.raises(ValueError, match="Zarr v2"):
                make(dtype=dtype, zarr_format=2)


ran: list[str] = []


class Harmful:
    def __reduce__(self) -> Any:
        return ran.append, ("harm",)


@pytest.mark.usefixtures("pipeline")
class TestPickles:
    VALUES = [{1, 2}, 1j, (None, b"\0"), np.float32(1.5), None]

    def test_writing_is_free_and_reading_is_not(self, store: Any, encoding: dict[str, Any]) -> None:
        ran.clear()
        z = make(store, dtype=zarr_vlen.pickled(), **encoding)
        assert z[:].tolist() == [None] * 5
        for place, value in enumerate(self.VALUES):
            z[place] = value
        z[1] = Harmful()
        z.append(objects([Harmful()]))
        z.resize((5,))
        for opened in (
            z,
            zarr.open_array(store),
            zarr_vlen.open(store),
            zarr.from_array({}, data=z, write_data=False),
        ):
            if opened.store_path == z.store_path:
                with pytest.raises(zarr_vlen.UntrustedPickleError, match="runs whatever code"):
                    opened[:]
                with pytest.raises(zarr_vlen.UntrustedPickleError):
                    opened[1]
        assert ran == []
        z[1] = self.VALUES[1]
        with zarr_vlen.trust(store):
            assert zarr.open_array(store)[:].tolist() == self.VALUES
        for _ in range(2):
            with pytest.raises(zarr_vlen.UntrustedPickleError):
                z[:]
            with zarr_vlen.trust(z):
                assert z[:].tolist() == self.VALUES
        trusted = zarr_vlen.open(store, trust=True)
        assert trusted[:].tolist() == self.VALUES
        assert trusted[0] == {1, 2}

    def test_trust_of_other_places_does_not_count(self, tmp_path: Any) -> None:
        z = make(tmp_path / "a" / "b", dtype=zarr_vlen.pickled())
        z[0] = {1}
        for place in (tmp_path / "c", tmp_path / "a" / "bb", {}, zarr.storage.MemoryStore()):
            with zarr_vlen.trust(place), pytest.raises(zarr_vlen.UntrustedPickleError):
                z[:]
        for place in (tmp_path / "a", str(tmp_path), z, zarr.open_array(tmp_path / "a" / "b"), z.store):
            with zarr_vlen.trust(place):
                assert z[0].item() == {1}

    def test_groups(self) -> None:
        store = zarr.storage.MemoryStore()
        group = zarr.create_group(store)
        for name in ("a/x", "b/x"):
            group.create_array(name, shape=(1,), dtype=zarr_vlen.pickled())[0] = {1}
        with zarr_vlen.trust(group["a"]):
            assert group["a/x"][0].item() == {1}
            with pytest.raises(zarr_vlen.UntrustedPickleError):
                group["b/x"][0]
        assert zarr_vlen.open(store, trust=True)["a"]["x"][0] == {1}

    def test_created_with_trust(self) -> None:
        z = make(dtype=zarr_vlen.pickled(trust=True))
        z[:] = self.VALUES
        assert z[:].tolist() == self.VALUES
        assert document(z)["data_type"] == {"name": "zarr_vlen.pickle", "configuration": {"protocol": 5}}

    @pytest.mark.parametrize("protocol", ["5", -1, True, None])
    def test_protocols_in_metadata(self, protocol: Any) -> None:
        z = make(dtype=zarr_vlen.pickled())
        configuration = {"protocol": protocol}
        metadata = document(z) | {"data_type": {"name": "zarr_vlen.pickle", "configuration": configuration}}
        with pytest.raises(ValueError, match="protocol"):
            zarr.open_array({"zarr.json": Buffer.from_bytes(json.dumps(metadata).encode())})

    @pytest.mark.parametrize("configuration", [{"trust": True}, {"protocol": 5, "trust": True}])
    def test_metadata_cannot_switch_trust_on(self, configuration: dict[str, Any]) -> None:
        z = make(dtype=zarr_vlen.pickled())
        metadata = document(z) | {"data_type": {"name": "zarr_vlen.pickle", "configuration": configuration}}
        with pytest.raises(ValueError, match="trust"):
            zarr.open_array({"zarr.json": Buffer.from_bytes(json.dumps(metadata).encode())})

    def test_fill_values_do_not_run(self) -> None:
        ran.clear()
        z = make(dtype=zarr_vlen.pickled())
        metadata = document(z) | {
            "fill_value": zarr_vlen.pickled()
            .cast_scalar(Harmful())
            .type.fill_to_json(pickle.dumps(Harmful()))
        }
        z.store._store_dict["zarr.json"] = Buffer.from_bytes(json.dumps(metadata).encode())
        opened = zarr.open_array(z.store)
        repr(opened.fill_value), str(opened.info), opened.metadata == z.metadata
        opened[0] = 1
        with pytest.raises(zarr_vlen.UntrustedPickleError):
            opened[1]
        assert ran == []

    def test_raw_bytes(self) -> None:
        z = make(dtype=zarr_vlen.pickled(), shape=(2,))
        z[0] = "text"
        raw = zarr_vlen.open(z.store, raw=True)
        assert pickle.loads(raw[0]) == "text"
        assert raw[1] == b""
        with pytest.raises(ValueError, match="read"):
            raw[0] = b""

    def test_elements_that_are_one_object_stay_beside_a_fill_value(self) -> None:
        z = make(dtype=zarr_vlen.pickled(trust=True), fill_value=dict)
        z[:3] = objects([int, int, len])
        found = z[:].tolist()
        assert found == [int, int, len, dict, dict]

    def test_arrays_are_elements(self) -> None:
        z = make(dtype=zarr_vlen.pickled(trust=True))
        z[0] = np.arange(3)
        assert z[0].item().tolist() == [0, 1, 2]

    def test_what_cannot_be_pickled_is_refused(self) -> None:
        with pytest.raises(ElementError, match="element 2: .*generator"):
            make(dtype=zarr_vlen.pickled())[2] = (number for number in range(3))

    def test_version_2(self) -> None:
        ran.clear()
        z = make(dtype=zarr_vlen.pickled(), zarr_format=2, chunks=(5,))
        z[:] = [*self.VALUES[:4], Harmful()]
        opened = zarr.open_array(z.store)
        with pytest.raises(zarr_vlen.UntrustedPickleError):
            opened[:]
        with pytest.raises(zarr_vlen.UntrustedPickleError):
            opened[0] = 1
        assert ran == []
        z[:] = self.VALUES
        with zarr_vlen.trust(z.store):
            opened[4] = [7]
            assert opened[:].tolist() == [*self.VALUES[:4], [7]]
        assert (
            numcodecs.Pickle.codec_id
            == json.loads(z.store._store_dict[".zarray"].to_bytes())["filters"][0]["id"]
        )


@pytest.mark.usefixtures("pipeline")
class TestOpening:
    def test_elements_are_the_objects(self, store: Any) -> None:
        group = zarr.create_group(store)
        group.create_array("json", shape=(2,), dtype="json")[0] = {"a": [1]}
        group.create_array("bytes", shape=(2, 2), dtype="bytes")[0, 1] = b"b"
        group.create_array("more/string", shape=(2,), dtype="string")[0] = "c"
        group.create_array("numbers", shape=(2,), dtype="i4")[0] = 7
        group.create_array("none", shape=(), dtype="json")[()] = [1]
        opened = zarr_vlen.open(store)
        assert opened["json"][0] == {"a": [1]}
        assert opened["json"][1] is None
        assert opened["bytes"][0, 1] == b"b"
        assert opened["bytes"][0].tolist() == [b"", b"b"]
        assert opened["more"]["string"][0] == "c"
        assert opened["more/string"][0] == "c"
        assert opened["numbers"][0] == 7
        assert opened["none"][()] == [1]
        assert dict(opened.arrays())["json"][0] == {"a": [1]}
        assert {type(array) for array in opened.array_values()} == {zarr_vlen.Array}
        assert {name: type(node).__name__ for name, node in opened.members()}["more"] == "Group"
        assert dict(opened.groups())["more"]["string"][0] == "c"
        assert opened.get("absent", 1) == 1
        assert opened.create_array("new", shape=(1,), dtype="json")[0] is None
        assert list(opened["json"]) == [{"a": [1]}, None]

    def test_zarr_python_has_arrays_of_no_dimensions(self) -> None:
        z = make(dtype="json")
        assert isinstance(z[0], np.ndarray)
        assert z[0].shape == ()

    @pytest.mark.parametrize(
        ("data", "name"),
        [
            (["a", "b"], "string"),
            ([b"a", b"b"], "bytes"),
            ([[1, 2], [3, 4]], "json"),
            ([1, None], "json"),
            ([None, None], "json"),
            ([], "json"),
            (["a", None], "optional string"),
            ([b"a", None], "optional bytes"),
            (["a", b"b".decode(), 1], "json"),
        ],
    )
    def test_arrays_of_data(self, data: list[Any], name: str) -> None:
        z = zarr_vlen.array(data)
        dtype = z.metadata.data_type
        assert str(dtype if isinstance(dtype, ObjectType) else dtype.to_json(3)) == name
        assert z[:].tolist() == data
        assert [z[place] for place in range(len(data))] == data

    def test_arrays_of_a_shape(self, store: Any) -> None:
        z = zarr_vlen.array([[1], [2], [3], [4]], shape=(2, 2), store=store, chunks=(1, 2))
        assert zarr_vlen.open(store)[1, 0] == [3]
        assert z.chunks == (1, 2)


def test_types_within_others_have_names_and_are_not_registered() -> None:
    for name in ("string", "bytes"):
        inner = optional(name).inner
        assert inner._zarr_v3_name == str(inner) == name
        assert zarr.dtype.data_type_registry.get("string") is zarr.dtype.VariableLengthUTF8


@pytest.mark.parametrize(
    "kind", [zarr_vlen.optional("json"), zarr_vlen.optional("bytes"), zarr_vlen.Optional()]
)
def test_copies_of_optional_types_are_equal(kind: zarr_vlen.ObjectType) -> None:
    array = zarr.create_array({}, shape=(2,), dtype=kind)
    value = "text" if kind == zarr_vlen.Optional() else b"a" if "bytes" in str(kind) else 1
    array[0] = value
    for copied in (pickle.loads(pickle.dumps(kind)), copy.deepcopy(kind)):
        assert copied == kind
    for other in (pickle.loads(pickle.dumps(array)), copy.deepcopy(array)):
        assert other[:].tolist() == [value, None]


@pytest.mark.parametrize("name", ["json", "int32", "bytes", "string", "zarrs.optional", None, 3, "A"])
def test_own_types_take_no_name_of_others(name: Any) -> None:
    with pytest.raises(ValueError, match="name"):
        zarr_vlen.object_type(name, lambda value: value, lambda data: data)
    assert zarr.create_array({}, shape=(1,), dtype="int32").dtype == "int32"
