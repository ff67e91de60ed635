"""`zarr_vlen.spark` with executors that are processes."""

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psutil
import pyarrow as pa
import pytest
from pyspark.sql import SparkSession
from records import COUNT, PART_COUNT, Killer, Place, records

import zarr_vlen
from zarr_vlen.spark import register


@contextmanager
def session(master: str) -> Iterator[Any]:
    os.environ["PYSPARK_PYTHON"] = os.environ["PYSPARK_DRIVER_PYTHON"] = sys.executable
    spark = (
        SparkSession.builder.master(master)
        .config("spark.ui.enabled", "false")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.executorEnv.PYTHONPATH", os.environ["PYTHONPATH"])
        .config("spark.executorEnv.PYSPARK_PYTHON", sys.executable)
        .getOrCreate()
    )
    spark.sparkContext.setLogLevel("ERROR")
    register(spark)
    try:
        yield spark
    finally:
        spark.stop()


def of_parts(batches: Iterator[Any]) -> Iterator[Any]:
    for batch in batches:
        for part in batch.column(0).to_pylist():
            yield pa.RecordBatch.from_pydict({"text": pa.array(records(part), pa.string())})


def options(place: Place) -> Any:
    return {**(place.storage_options or {})}


def executors() -> list[int]:
    return [
        process.info["pid"]
        for process in psutil.process_iter(["pid", "cmdline"])
        if "org.apache.spark.executor.CoarseGrainedExecutorBackend" in (process.info["cmdline"] or [])
        and psutil.Process() in process.parents()
    ]


def test_an_executor_is_killed(place: Place) -> None:
    with session("local-cluster[2,1,1024]") as spark:
        frame = spark.range(0, PART_COUNT, 1, PART_COUNT).mapInArrow(of_parts, "text string")
        with Killer(place, executors) as killer:
            frame.write.format("zarr_vlen").options(**options(place)).mode("append").save(place.store)
        assert killer.killed is not None
        place.check()
        read = spark.read.format("zarr_vlen").options(**options(place)).load(place.store)
        assert read.count() == COUNT
        assert read.first()[0] == next(records(0))


@pytest.fixture(scope="module")
def spark() -> Iterator[Any]:
    with session("local[2]") as spark:
        yield spark


def test_frames_grow_arrays(place: Place, spark: Any) -> None:
    texts = [f"text {number}" for number in range(100)]
    frame = spark.createDataFrame([(number, text) for number, text in enumerate(texts)], "n int, text string")

    def write(mode: str, **more: str) -> None:
        frame.write.format("zarr_vlen").options(**options(place), **more).mode(mode).save(place.store)

    with pytest.raises(Exception, match="option column"):
        write("append")
    write("append", column="text")
    write("append", column="text")
    assert sorted(zarr_vlen.read(**place.arguments, as_="list")) == sorted(texts * 2)
    write("overwrite", column="text")
    assert sorted(zarr_vlen.read(**place.arguments, as_="list")) == sorted(texts)
    read = spark.read.format("zarr_vlen").options(**options(place), column="text").load(place.store)
    assert read.columns == ["text"]
    assert sorted(row.text for row in read.collect()) == sorted(texts)


def test_bytes_and_nulls(place: Place, spark: Any) -> None:
    values = [b"a", None, b"\xff"]
    frame = spark.createDataFrame([(value,) for value in values], "value binary").coalesce(1)
    frame.write.format("zarr_vlen").options(**options(place), optional="true").mode("append").save(
        place.store
    )
    assert zarr_vlen.read(**place.arguments, as_="list") == values
    read = spark.read.format("zarr_vlen").options(**options(place)).load(place.store)
    assert [row.value for row in read.collect()] == [None if v is None else bytearray(v) for v in values]


def test_columns_of_structures(place: Place, spark: Any) -> None:
    frame = spark.createDataFrame(
        [((1, ["a"]),), ((2, []),)], "value struct<n:int,tags:array<string>>"
    ).coalesce(1)

    def write(**more: str) -> None:
        writer = frame.write.format("zarr_vlen").options(**options(place), **more)
        writer.mode("overwrite").save(place.store)

    write(dtype="json")
    assert zarr_vlen.read(**place.arguments, as_="list") == [{"n": 1, "tags": ["a"]}, {"n": 2, "tags": []}]
    read = spark.read.format("zarr_vlen").options(**options(place)).load(place.store)
    assert [json.loads(row.value) for row in read.collect()] == zarr_vlen.read(**place.arguments, as_="list")
    register(spark, zarr_vlen.object_type("example.spark-number", of_number, number_of))
    write(dtype="example.spark-number")
    assert zarr_vlen.read(**place.arguments, as_="list") == [1, 2]


def of_number(value: Any) -> bytes:
    return str(value["n"]).encode()


def number_of(data: bytes) -> int:
    return int(data)


def fail(batches: Iterator[Any]) -> Iterator[Any]:
    yield from batches
    raise RuntimeError("on the way")


def test_a_job_that_fails_leaves_the_array_as_it_was(place: Place, spark: Any) -> None:
    good = spark.createDataFrame([("a",), ("b",)], "text string").coalesce(1)
    bad = good.mapInArrow(fail, "text string")

    def write(frame: Any) -> None:
        frame.write.format("zarr_vlen").options(**options(place)).mode("append").save(place.store)

    with pytest.raises(Exception, match="on the way"):
        write(bad)
    with pytest.raises(FileNotFoundError):
        zarr_vlen.open(**place.arguments, mode="r")
    write(good)
    with pytest.raises(Exception, match="on the way"):
        write(bad)
    assert zarr_vlen.read(**place.arguments, as_="list") == ["a", "b"]
