"""Prints what pyarrow finds in a stream of Arrow: the types of its columns, and the columns as JSON."""

import base64
import json
import math
import sys

import pyarrow as pa


def plain(value: object) -> object:
    """Return a value that JSON can have."""
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value if value is None or isinstance(value, (bool, int, float, str)) else str(value)


with pa.ipc.open_stream(sys.argv[1]) as reader:
    table = reader.read_all()
table.validate(full=True)
print(
    json.dumps(
        {
            "types": {name: str(kind) for name, kind in zip(table.schema.names, table.schema.types, strict=True)},
            "columns": {
                name: [plain(value) for value in table[name].to_pylist()] for name in table.schema.names
            },
        }
    )
)
