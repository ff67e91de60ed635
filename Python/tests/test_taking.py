"""Many elements at random, and batches in random order."""

import pickle
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import zarr
from hypothesis import given
from hypothesis import strategies as st

import zarr_vlen
from zarr_vlen import RandomBatches, Reader, optional, take, write
from zarr_vlen.pipeline import ChunkError

TEXTS = [f"text {index * 7919}" + "x" * (index % 40) for index in range(1000)]


@pytest.fixture
def place(tmp_path: Path) -> Path:
    write(tmp_path / "texts", TEXTS, chunks=(10,), shards=(100,))
    return tmp_path / "texts"


class TestTake:
    @given(st.lists(st.integers(-1000, 999), max_size=300))
    def test_has_the_order_asked_for(self, indices: list[int]) -> None:
        store = TestTake.store
        assert take(store, indices, as_="list") == [TEXTS[index] for index in indices]

    store: Any = {}

    @classmethod
    def setup_class(cls) -> None:
        write(cls.store, TEXTS, chunks=(10,), shards=(100,))

    def test_forms(self, place: Path) -> None:
        indices = np.array([999, 3, 3, 500], np.uint16)
        expected = [TEXTS[index] for index in indices]
        assert take(place, indices, as_="list") == expected
        assert take(place, indices).tolist() == expected
        assert take(place, indices).dtype == np.dtypes.StringDType()
        assert take(place, indices, as_="arrow").equals(pa.array(expected, pa.large_string()))
        assert take(place, [], as_="list") == []
        mask = np.zeros(1000, bool)
        mask[[5, 7]] = True
        assert take(place, mask, as_="list") == [TEXTS[5], TEXTS[7]]

    def test_objects(self, tmp_path: Path) -> None:
        values = [{"a": index} if index % 3 else None for index in range(100)]
        write(tmp_path / "json", values, dtype=optional("json"), chunks=(7,))
        assert take(tmp_path / "json", [99, 0, -2], as_="list") == [values[99], values[0], values[98]]

    def test_dimensions(self, tmp_path: Path) -> None:
        values = np.array(TEXTS, object).reshape(50, 20)
        write(tmp_path / "grid", values, dtype="string", chunks=(7, 6))
        rows, columns = np.array([49, 0, -1]), np.array([0, 19, -20])
        assert take(tmp_path / "grid", (rows, columns)).tolist() == values[rows, columns].tolist()
        mask = np.array([[(row + column) % 7 == 0 for column in range(20)] for row in range(50)])
        assert take(tmp_path / "grid", mask).tolist() == values[mask].tolist()

    @pytest.mark.parametrize("index", [1000, -1001, 2**40])
    def test_names_the_index(self, place: Path, index: int) -> None:
        with pytest.raises(IndexError, match=f"index {index}, at position 2 .* 1000 elements"):
            take(place, [0, 1, index])

    @pytest.mark.parametrize(
        "indices", [1.5, [1.5], [[1]], ([1], [2]), "a", np.zeros(3, bool)], ids=lambda value: repr(value)
    )
    def test_refuses(self, place: Path, indices: Any) -> None:
        with pytest.raises((IndexError, ValueError, TypeError)):
            take(place, indices)

    def test_damage(self, place: Path) -> None:
        shard = bytearray((place / "c/3").read_bytes())
        shard[8] ^= 0xFF
        (place / "c/3").write_bytes(shard)
        with pytest.raises(ChunkError, match="c/3"):
            take(place, [5, 300])
        assert take(place, [5, 400], as_="list") == [TEXTS[5], TEXTS[400]]


class TestReader:
    @pytest.mark.parametrize("cache_bytes", [0, 1 << 20])
    def test_reads_again_and_again(self, place: Path, cache_bytes: int) -> None:
        with Reader(place, cache_bytes=cache_bytes) as reader:
            assert len(reader) == 1000
            for _ in range(3):
                assert reader[17] == TEXTS[17]
                assert reader[-1] == TEXTS[-1]
                assert reader.__getitems__([3, 999]) == [TEXTS[3], TEXTS[999]]
            with pytest.raises(IndexError):
                reader[1000]

    def test_sees_what_is_replaced(self, place: Path) -> None:
        with Reader(place, cache_bytes=1 << 20) as reader:
            assert reader[250] == TEXTS[250]
            zarr.open_array(place, mode="r+")[250] = "new"
            assert reader[250] == "new"

    def test_goes_to_another_process(self, place: Path) -> None:
        copy = pickle.loads(pickle.dumps(Reader(place, cache_bytes=1 << 20)))
        assert copy[5] == TEXTS[5]


class TestRandomBatches:
    def test_each_element_once(self, place: Path) -> None:
        batches = RandomBatches(place, 64, seed=1, window_bytes=8000)
        found = list(batches)
        assert len(batches) == len(found) == 16
        assert [len(batch) for batch in found] == [64] * 15 + [40]
        assert sorted(chain(*found)) == sorted(TEXTS)
        assert list(chain(*found)) != TEXTS
        assert list(batches) == found
        batches.epoch = 1
        assert list(batches) != found

    def test_indices(self, place: Path) -> None:
        for batch, indices in RandomBatches(place, 64, as_="numpy", with_indices=True):
            assert batch.tolist() == [TEXTS[index] for index in indices]

    def test_parts(self, place: Path) -> None:
        parts = [RandomBatches(place, 10, seed=3, part=(number, 3)) for number in range(3)]
        found = [list(chain(*part)) for part in parts]
        assert sorted(map(len, found)) == [333, 333, 334]
        assert sorted(chain(*found)) == sorted(TEXTS)
        assert [len(list(part)) for part in parts] == [len(part) for part in parts]

    def test_stops_early(self, place: Path) -> None:
        for _ in range(5):
            iterator = iter(RandomBatches(place, 10, window_bytes=2000))
            next(iterator)
            del iterator

    def test_refuses(self, place: Path) -> None:
        for options in ({"batch_size": 0}, {"batch_size": 1, "part": (3, 3)}):
            with pytest.raises(ValueError, match="batch|part"):
                RandomBatches(place, **options)

    def test_drop_last(self, place: Path) -> None:
        batches = RandomBatches(place, 300, drop_last=True)
        assert [len(batch) for batch in batches] == [300] * 3
        assert len(batches) == 3


def test_is_public() -> None:
    assert {"take", "Reader", "RandomBatches"} <= set(zarr_vlen.__all__)


@pytest.mark.parametrize("length", [2**34, 2**62, 2**63 - 1])
def test_an_array_of_more_chunks_than_there_is_memory_for_is_an_error(tmp_path: Path, length: int) -> None:
    zarr.create_array(tmp_path / "a", shape=(length, 1), chunks=(2, 1), dtype="string")
    batches = zarr_vlen.RandomBatches(tmp_path / "a", 2)
    assert len(batches) == -(-length // 2)
    with pytest.raises(ValueError, match="limit"):
        next(iter(batches))


def test_a_closed_reader(tmp_path: Path) -> None:
    write(tmp_path / "a", ["a", "b"])
    with Reader(tmp_path / "a") as reader:
        assert reader[1] == "b"
    for call in (
        lambda: reader[0],
        lambda: reader.take([0]),
        lambda: reader.__getitems__([0]),
        reader.__enter__,
    ):
        with pytest.raises(ValueError, match="the reader is closed"):
            call()
    reader.close()
    assert (len(reader), reader.shape) == (2, (2,))
    assert pickle.loads(pickle.dumps(reader))[0] == "a"
