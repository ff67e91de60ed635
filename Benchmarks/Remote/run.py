#!/usr/bin/env python3
"""Measures arrays in a bucket of SeaweedFS on this machine, with a delay before it as a network has one.

    run.py REMOTE_BENCH [--json FILE] [--python PYTHON]

Beside it, in the same run, zarr-python reads the same chunks with obstore. With a Python that has zarr_vlen, as
`Python/test.sh` makes it, this reads them, too. `make remote-bench` builds what this needs.
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


class Servers:
    """SeaweedFS, and a program that delays what goes to it."""

    def __enter__(self) -> "Servers":
        self.processes = [subprocess.Popen(
            [sys.executable, root / "Tests/Remote/servers.py"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)]
        self.places = json.loads(self.processes[0].stdout.readline())
        self.folder = tempfile.TemporaryDirectory()
        program = pathlib.Path(self.folder.name) / "delay"
        subprocess.run(
            ["cc", "-O2", "-D_GNU_SOURCE", "-pthread", "-o", program, root / "Benchmarks/Remote/delay.c"], check=True)
        server = self.places["seaweedfs"].rsplit(":", 1)[1]
        self.urls = {}
        for delay in (0, DELAY):
            port = free_port()
            self.processes.append(subprocess.Popen([program, str(port), server, str(delay)]))
            self.urls[delay] = f"http://127.0.0.1:{port}"
        time.sleep(0.2)
        session = botocore.session.get_session()
        session.create_client(
            "s3", endpoint_url=self.places["seaweedfs"], region_name="us-east-1",
            aws_access_key_id=self.places["access_key"], aws_secret_access_key=self.places["secret_key"],
        ).create_bucket(Bucket=BUCKET)
        return self

    def __exit__(self, *_: object) -> None:
        for process in self.processes[1:]:
            process.kill()
        self.processes[0].stdin.close()
        self.processes[0].wait()
        self.folder.cleanup()


def ours(servers: Servers, program: str, what: str, concurrency: int, delay: int) -> float:
    environment = os.environ | {
        "AWS_ENDPOINT_URL": servers.urls[delay], "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": servers.places["access_key"], "AWS_SECRET_ACCESS_KEY": servers.places["secret_key"]}
    path = "prepared" if what != "append" else f"appended-{time.time_ns()}"
    output = subprocess.run(
        [program, what, f"s3://{BUCKET}/{path}", str(concurrency)], env=environment, check=True, capture_output=True,
        text=True).stdout
    return float(output) if output else 0.0


def theirs(servers: Servers, concurrency: int, delay: int, count: int) -> float:
    import obstore.store
    import zarr
    from zarr.storage import ObjectStore

    zarr.config.set({"async.concurrency": concurrency})
    store = obstore.store.S3Store(
        BUCKET, prefix="prepared/chunks", endpoint=servers.urls[delay], access_key_id=servers.places["access_key"],
        secret_access_key=servers.places["secret_key"], region="us-east-1", client_options={"allow_http": True},
        virtual_hosted_style_request=False)
    array = zarr.open_array(ObjectStore(store, read_only=True), mode="r")
    start = time.perf_counter()
    array[:count]
    return count / (time.perf_counter() - start)


def in_python(servers: Servers, python: pathlib.Path, way: str, delay: int, count: int) -> float:
    places = servers.places
    return float(subprocess.run(
        [python, root / "Benchmarks/Remote/in_python.py", way, servers.urls[delay], places["access_key"],
         places["secret_key"], BUCKET, "prepared/chunks", str(count)],
        check=True, capture_output=True, text=True).stdout)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program")
    parser.add_argument("--json", type=pathlib.Path)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--python", type=pathlib.Path)
    arguments = parser.parse_args()
    rows: dict[str, float] = {}
    with Servers() as servers:
        def median(name: str, unit: str, measure) -> None:
            rows[name] = statistics.median(measure() for _ in range(arguments.repeat))
            print(f"{name:<58} {rows[name]:10,.0f} {unit}", flush=True)

        ours(servers, arguments.program, "prepare", 64, 0)
        for concurrency in (64, 256):
            for delay in (0, DELAY):
                median(
                    f"chunks of 4 KB, {concurrency} in flight, {delay} ms", "requests/s",
                    lambda: ours(servers, arguments.program, "chunks", concurrency, delay))
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
    if arguments.json:
        arguments.json.write_text(json.dumps(rows, indent=2) + "\n")


if __name__ == "__main__":
    main()
