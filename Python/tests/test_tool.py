"""The command ``zvlen`` that the package brings, and ``python -m zarr_vlen``."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import zarr

import zarr_vlen

COMMAND = Path(sys.executable).with_name("zvlen")
PACKAGE = Path(zarr_vlen.__file__).parent
LINES = b"".join(b"line %d\n" % number for number in range(5000))

WAYS: dict[str, list[Any]] = {"command": [COMMAND], "module": [sys.executable, "-m", "zarr_vlen"]}


@pytest.fixture(params=WAYS)
def tool(request: pytest.FixtureRequest) -> list[Any]:
    return WAYS[request.param]


def run(tool: list[Any], *arguments: Any, input: bytes = b"", **options: Any) -> Any:
    return subprocess.run([*tool, *arguments], input=input, capture_output=True, check=False, **options)


def test_keeps_lines(tool: list[Any], tmp_path: Path) -> None:
    path = tmp_path / "lines.zarr"
    assert run(tool, "import", "-", "-o", path, input=LINES).returncode == 0
    assert run(tool, "export", path, "-o", "-").stdout == LINES
    assert run(tool, "cat", path, "4999").stdout == b"line 4999"
    assert run(tool, "verify", path).stdout.startswith(b"ok")
    assert zarr.open_array(path)[17] == "line 17"


def test_has_the_exit_codes_of_the_tool(tool: list[Any], tmp_path: Path) -> None:
    version = run(tool, "--version")
    assert (version.returncode, version.stdout.strip(), version.stderr) == (0, b"0.1.0", b"")
    failed = run(tool, "info", tmp_path / "missing")
    assert failed.returncode == 1
    assert failed.stderr.startswith(b"zvlen: error: ")
    assert failed.stderr.count(b"\n") == 1
    wrong = run(tool, "cat", "--no-such-option")
    assert wrong.returncode == 64
    assert b"Usage: zvlen cat" in wrong.stderr


def test_a_reader_that_has_enough_is_no_error(tool: list[Any], tmp_path: Path) -> None:
    path = tmp_path / "lines.zarr"
    run(tool, "import", "-", "-o", path, input=LINES * 100)
    with subprocess.Popen([*tool, "dump", path], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline() == b'"line 0"\n'
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_and_nothing_is_left(
    tool: list[Any], tmp_path: Path, number: signal.Signals
) -> None:
    with subprocess.Popen(
        [*tool, "import", "-", "-o", tmp_path / "lines.zarr"], stdin=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdin is not None
        assert process.stderr is not None
        process.stdin.write(LINES)
        process.stdin.flush()
        deadline = time.monotonic() + 60
        while not any(tmp_path.iterdir()) and time.monotonic() < deadline:
            time.sleep(0.01)
        process.send_signal(number)
        assert process.stderr.read() == b""
        # Standard input is still open.
        assert process.wait(timeout=60) == 128 + number
    assert list(tmp_path.iterdir()) == []


def test_a_closed_stream_is_an_error(tool: list[Any], tmp_path: Path) -> None:
    path = tmp_path / "lines.zarr"
    run(tool, "import", "-", "-o", path, input=LINES)
    command = ["sh", "-c", '"$@" >&-', "sh", *tool, "dump", path]
    result = subprocess.run(command, capture_output=True, check=False)
    assert result.returncode == 1
    assert b"standard output is closed" in result.stderr


def test_arguments_need_not_be_text(tool: list[Any]) -> None:
    # The system may give any bytes; the tool takes paths as UTF-8, and says so of what is not.
    expected = run([COMMAND], "info", b"no-\xff-such")
    result = run(tool, "info", b"no-\xff-such")
    assert result.returncode == expected.returncode == 1
    assert result.stderr == expected.stderr
    assert "no-\ufffd-such".encode() in result.stderr


def test_python_is_not_started_for_the_command() -> None:
    assert COMMAND.read_bytes()[:4] == b"\x7fELF"
    assert run([COMMAND], "--version", env={"PYTHONHOME": "/nonexistent", "PATH": ""}).returncode == 0


def test_the_command_is_quick() -> None:
    # 50 ms are promised; a loaded machine may take longer, but needs no more of its processor.
    def seconds() -> float:
        before = os.times()
        assert run([COMMAND], "--version").returncode == 0
        after = os.times()
        return after.children_user + after.children_system - before.children_user - before.children_system

    assert min(seconds() for _ in range(5)) <= 0.05


class TestPlaces:
    """Where a command finds its library."""

    def test_beside_a_folder_of_packages(self, tmp_path: Path) -> None:
        # As pip install --target lays them out. The name of the folder looks like a pattern.
        folder = tmp_path / "[a-z]*?\\"
        (folder / "bin").mkdir(parents=True)
        shutil.copy(COMMAND, folder / "bin" / "zvlen")
        for part in PACKAGE.parent.glob("zarr_vlen*"):
            (folder / part.name).symlink_to(part)
        assert run([folder / "bin" / "zvlen"], "--version").stdout == b"0.1.0\n"

    def test_a_link_leads_to_it(self, tmp_path: Path) -> None:
        (tmp_path / "zvlen").symlink_to(COMMAND)
        assert run([tmp_path / "zvlen"], "--version").stdout == b"0.1.0\n"

    def test_without_a_package_it_says_so(self, tmp_path: Path) -> None:
        shutil.copy(COMMAND, tmp_path / "zvlen")
        result = run([tmp_path / "zvlen"], "--version")
        assert result.returncode == 1
        assert b"zvlen: error: " in result.stderr
        assert b"python -m zarr_vlen" in result.stderr
