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


def encoded(values: list, x_type: pa.DataType) -> list:
    """The values as `x_type` has them."""
    if pa.types.is_dictionary(x_type):
        x_type = x_type.value_type
    if pa.types.is_binary(x_type) or pa.types.is_large_binary(x_type):
        return [value if value is None else value.encode() for value in values]
    return values


def write(
    name: str, x_type: pa.DataType, values: list | pa.Array, *, form: str, wide: bool = True, **options: object
) -> None:
    """Writes `values` as a column `x`, sliced so that offsets do not begin at 0."""
    x = values if isinstance(values, pa.Array) else pa.array(encoded(values, x_type), x_type)
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
# Messages as they were before Arrow 0.15, without a mark in front.
for form in ["stream", "file"]:
    write("old", pa.string(), VALUES, form=form, use_legacy_format=True)
write("narrow", pa.string(), full, form="stream", wide=False)
write("view", pa.string_view(), full, form="stream", wide=False)
write("number", pa.int64(), list(range(16)), form="stream", wide=False)
write("json", pa.json_(pa.string()), [f'{{"a": {i}}}' for i in range(16)], form="stream", wide=False)

# Compressed; pyarrow stores what does not shrink as it is.
long = [value and value * 1000 for value in VALUES]
for form in ["stream", "file"]:
    for compression in ["zstd", "lz4"]:
        write(compression, pa.string(), VALUES, form=form, compression=compression)
        write(f"long-{compression}", pa.large_binary(), long, form=form, compression=compression)
        write(f"dictionary-{compression}", pa.dictionary(pa.int16(), pa.string()), long, form=form,
              compression=compression)

# Dictionaries, also with a null in them.
for form in ["stream", "file"]:
    for index in [pa.int8(), pa.uint8(), pa.int16(), pa.uint16(), pa.int32(), pa.uint32(), pa.int64(), pa.uint64()]:
        write(f"dictionary-{index}", pa.dictionary(index, pa.string()), VALUES, form=form)
    for values in [pa.large_string(), pa.binary(), pa.large_binary()]:
        write(f"dictionary-{values}", pa.dictionary(pa.int32(), values), VALUES, form=form)
    distinct = sorted({value or "" for value in VALUES})
    places = pa.array([len(distinct) if value is None else distinct.index(value) for value in VALUES], pa.int8())
    with_null = pa.DictionaryArray.from_arrays(places, pa.array([*distinct, None]))
    write("dictionary-null", with_null.type, with_null, form=form)

# A stream can replace a dictionary, or add to it.
words = [pa.array(part, pa.dictionary(pa.int8(), pa.string())) for part in (["a", "b"], ["b", "c", "a"])]
grown = [
    pa.DictionaryArray.from_arrays(pa.array(part, pa.int8()), dictionary)
    for part, dictionary in (([0, 1], ["a", "b"]), ([1, 2], ["a", "b", "c"]))
]
for name, arrays, deltas in (("replaced", words, False), ("delta", grown, True)):
    schema = pa.schema([("x", arrays[0].type)])
    options = pa.ipc.IpcWriteOptions(emit_dictionary_deltas=deltas)
    with pa.ipc.new_stream(directory / f"{name}.stream", schema, options=options) as out:
        for array in arrays:
            out.write_batch(pa.record_batch([array], schema=schema))

# No batch, and no element.
for form in ["stream", "file"]:
    for name, x_type in (("none", pa.string()), ("none-dictionary", pa.dictionary(pa.int8(), pa.string()))):
        new = pa.ipc.new_file if form == "file" else pa.ipc.new_stream
        schema = pa.schema([("x", x_type)])
        with new(directory / f"{name}.{form}", schema):
            pass
        with new(directory / f"empty-{name}.{form}", schema) as out:
            out.write_batch(pa.record_batch([pa.array([], x_type)], schema=schema))
