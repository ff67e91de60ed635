#!/usr/bin/env python3
"""Measures arrays in a bucket of SeaweedFS on this machine, with a delay before it as a network has one.

    run.py REMOTE_BENCH [--json FILE] [--python PYTHON]

Beside it, in the same run, zarr-python reads the same chunks with obstore, and the same chunks are read from nginx, which
takes little time itself. With a Python that has zarr_vlen, as `Python/test.sh` makes it, this reads them, too. All programs
share the processors of this machine. Each row has the figure, the processor's time for each request in the program itself
and in the servers, and the most memory of the program. `make remote-bench` builds what this needs.
"""

import argparse
import json
import os
import pathlib
import socket
import statistics
import subprocess
import sys
import tempfile
import time

import botocore.session

root = pathlib.Path(__file__).resolve().parent.parent.parent
BUCKET = "bench"
DELAY = 30


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def is_below(process: str, ancestors: set[int]) -> bool:
    """Whether a process is one of some, or was started by one."""
    number = int(process)
    while number > 1:
        if number in ancestors:
            return True
        number = int(pathlib.Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[1])
    return False


class Servers:
    """SeaweedFS, and a program that delays what goes to it."""

    def __enter__(self) -> "Servers":
        self.processes = [subprocess.Popen(
            [sys.executable, root / "Tests/Remote/servers.py"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)]
        self.places = json.loads(self.processes[0].stdout.readline())
        self.folder = tempfile.TemporaryDirectory()
        self.files = pathlib.Path(self.folder.name) / "files"
        self.files.mkdir()
        self.processes.append(subprocess.Popen(
            ["sh", root / "Tests/Remote/nginx.sh", self.files], stdin=subprocess.PIPE, stdout=subprocess.PIPE))
        nginx = self.processes[1].stdout.readline().decode().strip()
        program = pathlib.Path(self.folder.name) / "delay"
        subprocess.run(
            ["cc", "-O2", "-D_GNU_SOURCE", "-pthread", "-o", program, root / "Benchmarks/Remote/delay.c"], check=True)
        self.urls = {}
        for server, server_port in (("seaweedfs", self.places["seaweedfs"].rsplit(":", 1)[1]), ("nginx", nginx)):
            for delay in (0, DELAY):
                port = free_port()
                self.processes.append(subprocess.Popen([program, str(port), server_port, str(delay)]))
                self.urls[server, delay] = f"http://127.0.0.1:{port}"
        time.sleep(0.2)
        session = botocore.session.get_session()
        session.create_client(
            "s3", endpoint_url=self.places["seaweedfs"], region_name="us-east-1",
            aws_access_key_id=self.places["access_key"], aws_secret_access_key=self.places["secret_key"],
        ).create_bucket(Bucket=BUCKET)
        return self

    def seconds(self) -> float:
        """The processor's time of all servers and of the programs that delay, so far."""
        ticks = 0
        for path in pathlib.Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = path.read_text().rpartition(")")[2].split()
                if is_below(path.parent.name, {process.pid for process in self.processes}):
                    ticks += int(fields[11]) + int(fields[12])
            except OSError:
                pass
        return ticks / os.sysconf("SC_CLK_TCK")

    def __exit__(self, *_: object) -> None:
        for process in self.processes[2:]:
            process.kill()
        for process in self.processes[:2]:
            process.stdin.close()
            process.wait()
        self.folder.cleanup()


def ours(servers: Servers, program: str, what: str, concurrency: int, delay: int, server: str = "seaweedfs") -> list[float]:
    environment = os.environ | {
        "AWS_ENDPOINT_URL": servers.urls["seaweedfs", delay], "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": servers.places["access_key"], "AWS_SECRET_ACCESS_KEY": servers.places["secret_key"]}
    path = "prepared" if what != "append" else f"appended-{time.time_ns()}"
    url = f"s3://{BUCKET}/{path}"
    if server == "nginx":
        url = str(servers.files) if what == "prepare" else servers.urls[server, delay]
    before = servers.seconds()
    output = subprocess.run(
        [program, what, url, str(concurrency)], env=environment, check=True, capture_output=True, text=True).stdout
    figures = [float(figure) for figure in output.split()]
    requests = {"chunks": 4000, "some": 400}.get(what)
    if requests:
        figures.append((servers.seconds() - before) / requests * 1e6)
    return figures


def theirs(servers: Servers, concurrency: int, delay: int, count: int) -> list[float]:
    import obstore.store
    import zarr
    from zarr.storage import ObjectStore

    zarr.config.set({"async.concurrency": concurrency})
    store = obstore.store.S3Store(
        BUCKET, prefix="prepared/chunks", endpoint=servers.urls["seaweedfs", delay], access_key_id=servers.places["access_key"],
        secret_access_key=servers.places["secret_key"], region="us-east-1", client_options={"allow_http": True},
        virtual_hosted_style_request=False)
    array = zarr.open_array(ObjectStore(store, read_only=True), mode="r")
    start = time.perf_counter()
    array[:count]
    return [count / (time.perf_counter() - start)]


def in_python(servers: Servers, python: pathlib.Path, way: str, delay: int, count: int) -> list[float]:
    places = servers.places
    return [float(subprocess.run(
        [python, root / "Benchmarks/Remote/in_python.py", way, servers.urls["seaweedfs", delay], places["access_key"],
         places["secret_key"], BUCKET, "prepared/chunks", str(count)],
        check=True, capture_output=True, text=True).stdout)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program")
    parser.add_argument("--json", type=pathlib.Path)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--python", type=pathlib.Path)
    arguments = parser.parse_args()
    rows: dict[str, dict[str, float]] = {}
    with Servers() as servers:
        def median(name: str, unit: str, measure) -> None:
            runs = [measure() for _ in range(arguments.repeat)]
            names = [unit, "µs/request", "MiB", "µs/request of servers"]
            rows[name] = {label: statistics.median(run) for label, run in zip(names, zip(*runs))}
            text = "   ".join(f"{value:,.0f} {label}" for label, value in rows[name].items())
            print(f"{name:<58} {text}", flush=True)

        for server in ("seaweedfs", "nginx"):
            ours(servers, arguments.program, "prepare", 64, 0, server)
            for concurrency in (64, 256):
                for delay in (0, DELAY):
                    median(
                        f"chunks of 4 KB, {server}, {concurrency} in flight, {delay} ms", "requests/s",
                        lambda: ours(servers, arguments.program, "chunks", concurrency, delay, server))
        median(f"400 chunks, zarr-python with obstore, 64 in flight, {DELAY} ms", "requests/s",
               lambda: theirs(servers, 64, DELAY, 400))
        median(f"400 chunks, 64 in flight, {DELAY} ms", "requests/s",
               lambda: ours(servers, arguments.program, "some", 64, DELAY))
        if arguments.python and arguments.python.exists():
            for way, name in (
                    ("obstore", "zarr-python 3.4 with obstore"), ("pipeline", "zarr-python with zarr_vlen's store and pipeline"),
                    ("bulk", "zarr_vlen.read")):
                median(f"2000 chunks, {name}, {DELAY} ms", "requests/s",
                       lambda: in_python(servers, arguments.python, way, DELAY, 2000))
        for what in ("shards", "append"):
            for delay in (0, DELAY):
                median(f"{what} of 16 MiB, {delay} ms", "MB/s",
                       lambda: ours(servers, arguments.program, what, 64, delay))
        for delay in (0, DELAY):
            median(f"shards of 16 MiB, nginx, {delay} ms", "MB/s",
                   lambda: ours(servers, arguments.program, "shards", 64, delay, "nginx"))
    if arguments.json:
        arguments.json.write_text(json.dumps(rows, indent=2) + "\n")


if __name__ == "__main__":
    main()
