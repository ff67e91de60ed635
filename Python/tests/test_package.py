"""The package as a whole: how it is found, what it costs, and its examples."""

import doctest
import importlib
import os
import pkgutil
import re
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

import zarr_vlen


def python(code: str, *options: str) -> str:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    command = [sys.executable, *options, "-c", textwrap.dedent(code)]
    result = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert result.returncode == 0, result.stderr
    return result.stdout


def test_types_are_found_without_an_import() -> None:
    output = python(
        """
        import sys, zarr
        z = zarr.create_array({}, shape=(2,), dtype="json")
        z[0] = [1]
        print(z[:].tolist())
        b = zarr.create_array({}, shape=(2,), dtype="bytes")
        b[0] = b"a"
        print(b[0].item())
        """,
        "-W",
        "error",
    )
    assert output == "[[1], None]\nb'a'\n"


def test_other_arrays_work_where_zarr_python_lacks_something() -> None:
    output = python(
        """
        import zarr, zarr.core.array
        del zarr.core.array._append
        import zarr_vlen
        z = zarr.create_array({}, shape=(2,), dtype="i4")
        z[:] = [1, 2]
        print(zarr.open_array(z.store)[:].tolist())
        try:
            zarr.create_array({}, shape=(2,), dtype="json")
        except RuntimeError as error:
            print("_append" in str(error))
        """
    )
    assert output == "[1, 2]\nTrue\n"


def test_importing_leaves_what_is_not_used_for_later() -> None:
    # Importing may cost 20 ms, which the benchmark measures; these modules would double it.
    output = python(
        """
        import sys, zarr_vlen
        late = {f"zarr_vlen.{name}" for name in zarr_vlen._MODULES} | {"zarr_vlen._native"}
        print(*late & set(sys.modules))
        from zarr_vlen import *
        print(*late - set(sys.modules))
        print(set(zarr_vlen.__all__) <= set(dir(zarr_vlen)), open is zarr_vlen.open, tune is zarr_vlen.tune)
        try:
            zarr_vlen.nothing
        except AttributeError as error:
            print(error)
        """
    )
    assert output == "\nzarr_vlen._native\nTrue True True\nmodule 'zarr_vlen' has no attribute 'nothing'\n"


def test_public_names_are_those_of_the_modules() -> None:
    for module, names in zarr_vlen._MODULES.items():
        assert list(names) == sorted(importlib.import_module(f"zarr_vlen.{module}").__all__)
    assert [name for name in zarr_vlen.__all__ if not hasattr(zarr_vlen, name)] == []
    assert zarr_vlen.__all__ == sorted(set(zarr_vlen.__all__))


def test_importing_loads_no_more_than_zarr_python_does() -> None:
    output = python(
        """
        import sys, zarr
        before = set(sys.modules)
        import zarr_vlen
        print(*sorted({name.split(".")[0] for name in set(sys.modules) - before}))
        """
    )
    assert output.split() == ["zarr_vlen"]


# Those of Ray and Spark are tested with them, in Python/clusters.
MODULES = [
    f"zarr_vlen.{module.name}"
    for module in pkgutil.iter_modules(zarr_vlen.__path__)
    if module.name not in ("ray", "spark")
]


@pytest.mark.parametrize("name", ["zarr_vlen", *MODULES])
def test_examples_of_the_documentation(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert doctest.testmod(importlib.import_module(name)).failed == 0


def test_examples_of_the_readme(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    readme = Path(__file__).parents[1] / "README.md"
    # The fences would be part of what is expected.
    text = re.sub("^```.*$", "", readme.read_text(encoding="utf-8"), flags=re.MULTILINE)
    example = doctest.DocTestParser().get_doctest(text, {}, readme.name, str(readme), 0)
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
    result = runner.run(example)
    assert result.attempted > 30
    assert result.failed == 0


def test_the_package_is_the_installed_one() -> None:
    assert (Path(zarr_vlen.__file__).parent / "py.typed").exists()
