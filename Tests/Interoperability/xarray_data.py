"""Writes a data set with xarray, or says what xarray finds in copies of it.

    xarray_data.py write PATH FORMAT
    xarray_data.py read PATH...

`read` prints a line of JSON for each data set: for each variable its dimensions, values with null for missing ones,
attributes, and what says which elements are missing and what numbers mean.
"""

import json
import sys
import warnings

import numpy as np
import xarray as xr

warnings.filterwarnings("ignore")

MEANING = ["_FillValue", "scale_factor", "add_offset", "dtype"]


def data_set() -> xr.Dataset:
    return xr.Dataset(
        {
            "counts": ("time", np.array([3.0, np.nan, 0.0, -5.0]), {"units": "1"}),
            "heights": (("time", "place"), np.array([[1.5, np.nan], [2.5, -3.25], [0.0, 7.0], [np.nan, 1.0]])),
            "plain": ("time", np.array([0, 1, 2, 0], dtype="int32")),
            "ratios": ("place", np.array([np.nan, 0.25], dtype="float32")),
            "total": ((), np.float64(np.nan)),
            "answer": ((), np.int64(42)),
        },
        coords={"time": np.arange(4), "place": np.array([10.0, 20.0])},
        attrs={"title": "copied"},
    )


ENCODING = {
    "counts": {"dtype": "int16", "_FillValue": np.int16(-1)},
    "heights": {"dtype": "int32", "_FillValue": np.int32(-9999), "scale_factor": 0.25, "add_offset": 5.0},
    "ratios": {"_FillValue": np.float32(-1)},
    "total": {"_FillValue": -9999.0},
}


def plain(value):
    """A value as JSON has it."""
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and np.isnan(value):
        return None
    return value if isinstance(value, (int, float, str)) or value is None else str(value)


def description(path: str) -> dict:
    with xr.open_zarr(path) as found:
        return {
            "attributes": found.attrs,
            "variables": {
                str(name): {
                    "dimensions": list(variable.dims),
                    "values": plain(variable.values),
                    "attributes": {key: plain(value) for key, value in variable.attrs.items()},
                    "meaning": {key: plain(variable.encoding.get(key)) for key in MEANING},
                }
                for name, variable in sorted(found.variables.items())
            },
        }


def main() -> None:
    command, *arguments = sys.argv[1:]
    if command == "write":
        path, zarr_format = arguments
        data_set().to_zarr(path, encoding=ENCODING, zarr_format=int(zarr_format), consolidated=True)
    else:
        for path in arguments:
            print(json.dumps(description(path), sort_keys=True))


main()
