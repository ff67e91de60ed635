"""Writes tables as Arrow IPC for `zvlen import --column`: write_arrow.py DIRECTORY

The column `x` comes after columns of all layouts, so that its place among the buffers has to be counted. Each file has
the name of its type and form. `x` has the same values in all of them, in three batches:
"", "süß", null, "a\nb", "", null, "0" … "9".
"""

import sys
from pathlib import Path

import pyarrow as pa

VALUES = ["", "süß", None, "a\nb", "", None, *map(str, range(10))]
SPLITS = [(0, 2), (2, 2), (2, 9), (9, 16)]

directory = Path(sys.argv[1])


def others(count: int) -> dict[str, pa.Array]:
    """Columns with as many kinds of buffers as there are."""
    numbers = pa.array(range(count), pa.int32())
    lists = pa.array([[1, None], None] * count, pa.list_(pa.int8()))[:count]
    return {
        "null": pa.nulls(count),
        "number": numbers,
        "bool": pa.array([True, None] * count, pa.bool_())[:count],
        "list": lists,
        "large_list": lists.cast(pa.large_list(pa.int8())),
        "fixed_list": pa.array([[1, 2]] * count, pa.list_(pa.int64(), 2)),
        "struct": pa.array([{"x": "inner", "y": 1.5}] * count, pa.struct([("x", pa.string()), ("y", pa.float64())])),
        "map": pa.array([[("k", 1)]] * count, pa.map_(pa.string(), pa.int8())),
        "dictionary": pa.DictionaryArray.from_arrays(pa.array([0, 1] * count, pa.int8())[:count], ["a", "b"]),
        "view": pa.array(["a string that is not short", "b"] * count, pa.string_view())[:count],
        "sparse": pa.UnionArray.from_sparse(pa.array([0] * count, pa.int8()), [numbers]),
        "dense": pa.UnionArray.from_dense(
            pa.array([0] * count, pa.int8()), pa.array(range(count), pa.int32()), [numbers]
        ),
        "runs": pa.RunEndEncodedArray.from_arrays(
            pa.array([count] if count else [], pa.int32()), pa.array([7] if count else [], pa.int64())
        ),
        "time": pa.array(range(count), pa.timestamp("s")),
        "fixed": pa.array([b"abc"] * count, pa.binary(3)),
        "decimal": pa.array([1] * count, pa.decimal128(9)),
        "binary": pa.array([b"x"] * count, pa.binary()),
    }


def write(name: str, x_type: pa.DataType, values: list, *, form: str, wide: bool = True, **options: object) -> None:
    """Writes `values` as a column `x`, sliced so that offsets do not begin at 0."""
    if pa.types.is_binary(x_type) or pa.types.is_large_binary(x_type):
        values = [value if value is None else value.encode() for value in values]
    x = pa.array(values, x_type)
    batches = []
    for start, end in SPLITS:
        columns = others(end - start) if wide else {}
        batches.append(pa.record_batch({**columns, "x": x[start:end], "after": pa.nulls(end - start)}))
    new = pa.ipc.new_file if form == "file" else pa.ipc.new_stream
    with new(directory / f"{name}.{form}", batches[0].schema, options=pa.ipc.IpcWriteOptions(**options)) as out:
        for batch in batches:
            out.write_batch(batch)


full = [value or "" for value in VALUES]
for form in ["stream", "file"]:
    for x_type in [pa.string(), pa.large_string(), pa.binary(), pa.large_binary()]:
        write(str(x_type), x_type, VALUES, form=form)
        write(f"full-{x_type}", x_type, full, form=form)
write("narrow", pa.string(), full, form="stream", wide=False)
write("zstd", pa.string(), full, form="stream", wide=False, compression="zstd")
write("view", pa.string_view(), full, form="stream", wide=False)
write("number", pa.int64(), list(range(16)), form="stream", wide=False)
write("dictionary", pa.dictionary(pa.int8(), pa.string()), full, form="stream", wide=False)
write("json", pa.json_(pa.string()), [f'{{"a": {i}}}' for i in range(16)], form="stream", wide=False)
