"""Libraries that store in Zarr, in programs that do not know this package.

Each program runs with the environment variable that sets the pipeline, and does not import the package.
"""

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

PIPELINE = "zarr_vlen.pipeline.VlenCodecPipeline"

BEFORE = f"""
import sys, warnings
from pathlib import Path
import numpy as np, zarr
assert zarr.config.get("codec_pipeline.path") == "{PIPELINE}"
warnings.filterwarnings("error", message=".*data type.*does not have a Zarr V3 specification")
folder = Path(sys.argv[1])
"""


def run(folder: Path, code: str) -> str:
    program = BEFORE + textwrap.dedent(code)
    environment = {**os.environ, "ZARR_CODEC_PIPELINE__PATH": PIPELINE}
    command = [sys.executable, "-c", program, str(folder)]
    result = subprocess.run(
        command, capture_output=True, text=True, env=environment, cwd=folder, timeout=300, check=False
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


def test_pipefunc_resumes_a_sweep(tmp_path: Path) -> None:
    output = run(
        tmp_path,
        """
        from pipefunc import Pipeline, pipefunc
        from pipefunc.map import load_outputs

        calls = []

        @pipefunc(output_name="y", mapspec="x[i] -> y[i]")
        def record(x):
            calls.append(x)
            if x == 3 and not (folder / "mended").exists():
                raise RuntimeError("broken")
            return {"value": 2 * x, "tags": ["a"] * x}

        @pipefunc(output_name="total")
        def total(y):
            return sum(item["value"] for item in y)

        pipeline = Pipeline([record, total])
        options = {"run_folder": folder / "run", "storage": "zarr_file_array", "parallel": False}
        try:
            pipeline.map({"x": list(range(6))}, **options)
        except RuntimeError:
            print(calls)
        (folder / "mended").touch()
        calls.clear()
        results = pipeline.map({"x": list(range(6))}, resume=True, **options)
        print(calls, results["total"].output)
        print([item["value"] for item in load_outputs("y", run_folder=folder / "run")])
        """,
    )
    assert output.splitlines()[-3:] == ["[0, 1, 2, 3]", "[3, 4, 5] 30", "[0, 2, 4, 6, 8, 10]"]


def test_pipefunc_in_processes(tmp_path: Path) -> None:
    output = run(
        tmp_path,
        """
        from pipefunc import Pipeline, pipefunc
        from pipefunc.map import load_outputs

        @pipefunc(output_name="y", mapspec="a[i], b[j] -> y[i, j]")
        def record(a, b):
            return {"sum": a + b, "text": "é" * a}

        pipeline = Pipeline([record])
        pipeline.map(
            {"a": [1, 2, 3], "b": [10, 20]},
            run_folder=folder / "run",
            storage="zarr_file_array",
            parallel=True,
            show_progress=False,
        )
        print([item["sum"] for item in load_outputs("y", run_folder=folder / "run").ravel()])
        """,
    )
    assert output.strip() == "[11, 21, 12, 22, 13, 23]"


@pytest.mark.parametrize("zarr_format", [2, 3])
def test_anndata(tmp_path: Path, zarr_format: int) -> None:
    run(
        tmp_path,
        f"""
        import anndata as ad, pandas as pd
        ad.settings.zarr_write_format = {zarr_format}
        ad.settings.allow_write_nullable_strings = True
        names = [f"cell {{number}}" for number in range(500)]
        obs = pd.DataFrame(
            {{
                "text": pd.array(["a", "日本", ""] * 166 + ["a", "b"], dtype=object).astype(str),
                "kind": pd.Categorical(["x", "y", "x", "z", None] * 100),
                "maybe": pd.array([1, None, 3, 4, 5] * 100, dtype="Int64"),
                "flag": pd.array([True, None, False, True, True] * 100, dtype="boolean"),
                "nullable": pd.array(["a", None, "b", "", "c"] * 100, dtype="string"),
            }},
            index=names,
        )
        var = pd.DataFrame(index=[f"gene {{number}}" for number in range(7)])
        adata = ad.AnnData(np.arange(3500.0).reshape(500, 7), obs=obs, var=var)
        adata.uns["words"] = np.array(["some", "words", "日本"], dtype=object)
        adata.uns["word"] = "alone"
        adata.write_zarr(folder / "a.zarr", chunks=(100, 7))
        found = ad.read_zarr(folder / "a.zarr")
        assert list(found.obs.index) == names
        assert list(found.var.index) == list(var.index)
        for name in obs:
            expected, column = obs[name], found.obs[name]
            assert column.isna().tolist() == expected.isna().tolist(), name
            assert column.dropna().tolist() == expected.dropna().tolist(), name
        assert found.obs["kind"].cat.categories.tolist() == ["x", "y", "z"]
        assert (found.X == adata.X).all()
        assert list(found.uns["words"]) == ["some", "words", "日本"]
        assert found.uns["word"] == "alone"
        assert zarr.open_group(folder / "a.zarr").metadata.zarr_format == {zarr_format}
        """,
    )


@pytest.mark.parametrize("zarr_format", [2, 3])
def test_xarray(tmp_path: Path, zarr_format: int) -> None:
    run(
        tmp_path,
        f"""
        import xarray as xr

        # What xarray reads from Zarr v2 it does not take for the same type when it appends.
        text = np.dtypes.StringDType() if {zarr_format} == 3 else object

        def dataset(first, last):
            places = [f"place {{number}} é" for number in range(first, last)]
            return xr.Dataset(
                {{
                    "value": (("place", "step"), np.arange(3.0 * (last - first)).reshape(-1, 3)),
                    "remark": ("place", np.array([name * 2 for name in places], text)),
                    "object": ("place", np.array([name[::-1] for name in places], dtype=object)),
                }},
                coords={{"place": np.array(places, dtype=object), "step": [1, 2, 3]}},
            )

        def read():
            return xr.open_zarr(folder / "a.zarr", consolidated=False).load()

        whole = dataset(0, 30)
        options = {{"consolidated": False}}
        whole.isel(place=slice(0, 10)).to_zarr(folder / "a.zarr", zarr_format={zarr_format}, **options)
        whole.isel(place=slice(10, 30)).to_zarr(folder / "a.zarr", append_dim="place", **options)

        def same(found, expected):
            assert found["place"].values.tolist() == expected["place"].values.tolist()
            for name in ("value", "remark", "object"):
                assert found[name].values.tolist() == expected[name].values.tolist(), name

        same(read(), whole)
        changed = whole.copy(deep=True)
        changed["remark"][5:10] = ["changed é"] * 5
        part = changed.isel(place=slice(5, 10)).drop_vars(["step", "place"])
        part.to_zarr(folder / "a.zarr", region={{"place": slice(5, 10)}}, **options)
        same(read(), changed)
        assert read().sel(place="place 7 é")["remark"].item() == "changed é"
        assert read().sel(place="place 17 é")["remark"].item() == "place 17 éplace 17 é"
        """,
    )


def test_hdmf_zarr(tmp_path: Path) -> None:
    run(
        tmp_path,
        """
        from datetime import UTC, datetime
        from hdmf_zarr.nwb import NWBZarrIO
        from pynwb import NWBFile, TimeSeries

        file = NWBFile("a session é", "id", datetime(2026, 8, 1, tzinfo=UTC), keywords=["one", "two", "日本"])
        series = TimeSeries(name="s", data=np.arange(10.0), unit="m", rate=1.0)
        file.add_acquisition(series)
        file.add_trial_column("remark", "text of each trial")
        file.add_trial_column("tags", "ragged text", index=True)
        for number in range(20):
            file.add_trial(
                start_time=float(number),
                stop_time=number + 0.5,
                remark=f"trial {number} é",
                tags=["x"] * (number % 3),
                timeseries=[series],
            )
        with NWBZarrIO(str(folder / "a.nwb.zarr"), mode="w") as io:
            io.write(file)
        with NWBZarrIO(str(folder / "a.nwb.zarr"), mode="r") as io:
            found = io.read()
            assert found.session_description == "a session é"
            assert list(found.keywords[:]) == ["one", "two", "日本"]
            trials = found.trials.to_dataframe()
            assert trials["remark"].tolist() == [f"trial {number} é" for number in range(20)]
            assert [list(tags) for tags in trials["tags"]] == [["x"] * (number % 3) for number in range(20)]
            # References to other objects are text in Zarr.
            assert trials["timeseries"].iloc[3][0].timeseries.name == "s"
        """,
    )


def test_dask_arrays(tmp_path: Path) -> None:
    run(
        tmp_path,
        """
        import dask.array as da

        numbers = da.arange(1000, chunks=100).astype("f8")
        numbers.to_zarr(folder / "numbers.zarr")
        assert da.from_zarr(folder / "numbers.zarr").sum().compute() == 499500

        texts = da.arange(1000, chunks=100).map_blocks(
            lambda block: np.array([f"text {number}" for number in block], dtype=object), dtype=object
        )
        for name, dtype in (("json", "json"), ("string", "string"), ("bytes", "bytes")):
            elements = texts if dtype != "bytes" else texts.map_blocks(
                lambda block: np.array([text.encode() for text in block], dtype=object), dtype=object
            )
            z = zarr.create_array(folder / f"{name}.zarr", shape=(1000,), chunks=(50,), dtype=dtype)
            elements.store(z, lock=False)
            found = da.from_zarr(folder / f"{name}.zarr")
            assert found.compute().tolist() == elements.compute().tolist()
            assert found[17:23].compute().tolist() == elements[17:23].compute().tolist()
        found = da.from_zarr(folder / "json.zarr").compute(scheduler="processes", num_workers=2)
        assert found.tolist() == texts.compute().tolist()
        """,
    )


def test_dask_bags(tmp_path: Path) -> None:
    run(
        tmp_path,
        """
        import dask, dask.bag as db

        bag = db.from_sequence(range(1000), npartitions=7)
        odd = bag.map(lambda number: {"id": number, "odd": number % 2}).filter(lambda record: record["odd"])
        # Each partition is a region; without whole chunks, two could write to one.
        chunk = 16
        parts = odd.to_delayed()
        counts = dask.compute(*[dask.delayed(len)(part) for part in parts])
        places = np.cumsum([0, *(-(-count // chunk) * chunk for count in counts)]).tolist()
        z = zarr.create_array(folder / "a.zarr", shape=(places[-1],), chunks=(chunk,), dtype="json")

        def write(records, place):
            for offset, record in enumerate(records):
                z[place + offset] = record

        dask.compute(*[dask.delayed(write)(part, place) for part, place in zip(parts, places)])

        def read(first, last):
            elements = zarr.open_array(folder / "a.zarr")[first:last].tolist()
            return [record for record in elements if record is not None]

        assert read(0, None) == [{"id": number, "odd": 1} for number in range(1, 1000, 2)]
        back = db.from_delayed([dask.delayed(read)(*ends) for ends in zip(places, places[1:])])
        assert back.pluck("id").sum().compute(scheduler="threads") == sum(range(1, 1000, 2))
        """,
    )
