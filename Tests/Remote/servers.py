#!/usr/bin/env python3
"""Runs the servers that tests need, on loopback, until standard input ends.

    servers.py [seaweedfs] [rclone]

Without names it runs both. Prints one line of JSON when all of them answer:

    seaweedfs   the address of SeaweedFS, which checks signatures and compares conditions
    secure      its address with TLS
    certificate the file with the certificate of that
    rclone      the address of rclone's S3, which ignores conditions
    access_key, secret_key  the keys of both

Both have the bucket shared-bucket.

The parent holds the other end of standard input. However it ends, the servers end too, and their files are removed.
Programs in Python call `running` and `client`.
"""

import contextlib
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

programs = pathlib.Path(sys.executable).parent
ACCESS_KEY, SECRET_KEY, BUCKET = "testkey", "testsecret", "shared-bucket"


def free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def wait_for(url: str, process: subprocess.Popen, log: pathlib.Path) -> None:
    for _ in range(1200):
        if process.poll() is not None:
            sys.exit(f"{process.args[0]} ended:\n{log.read_text()[-4000:]}")
        try:
            urllib.request.urlopen(url, timeout=2)
            return
        except urllib.error.HTTPError as answer:
            # Without a signature no server has more to say.
            if answer.code < 500:
                return
        except OSError:
            pass
        time.sleep(0.05)
    sys.exit(f"{process.args[0]} does not answer:\n{log.read_text()[-4000:]}")


def start_seaweedfs(base: pathlib.Path) -> tuple[subprocess.Popen, dict, pathlib.Path]:
    certificate, key, config = base / "certificate.pem", base / "key.pem", base / "s3.json"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
         "-subj", "/CN=zarr-vlen tests", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate],
        check=True, capture_output=True)
    config.write_text(json.dumps({"identities": [{
        "name": "test", "credentials": [{"accessKey": ACCESS_KEY, "secretKey": SECRET_KEY}],
        "actions": ["Admin", "Read", "List", "Tagging", "Write"]}]}))
    (base / "data").mkdir()
    names = ["master.port", "master.port.grpc", "volume.port", "volume.port.grpc", "filer.port", "filer.port.grpc",
             "s3.port", "s3.port.https", "s3.port.grpc"]
    ports = dict(zip(names, free_ports(len(names))))
    log = base / "seaweedfs.log"
    process = subprocess.Popen(
        [programs / "weed", "server", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", f"-dir={base}/data",
         "-master.telemetry=false", "-master.volumeSizeLimitMB=64", "-volume.max=64", "-filer", "-s3",
         f"-s3.config={config}", f"-s3.cert.file={certificate}", f"-s3.key.file={key}", "-s3.port.iceberg=0",
         "-s3.port.lance=0"] + [f"-{name}={port}" for name, port in ports.items()],
        cwd=base, stdin=subprocess.DEVNULL, stdout=log.open("w"), stderr=subprocess.STDOUT)
    return process, {
        "seaweedfs": f"http://127.0.0.1:{ports['s3.port']}", "secure": f"https://127.0.0.1:{ports['s3.port.https']}",
        "certificate": str(certificate)}, log


def start_rclone(base: pathlib.Path) -> tuple[subprocess.Popen, dict, pathlib.Path]:
    (base / "rclone" / BUCKET).mkdir(parents=True)
    port, log = free_ports(1)[0], base / "rclone.log"
    process = subprocess.Popen(
        [programs / "rclone", "serve", "s3", str(base / "rclone"), "--addr", f"127.0.0.1:{port}", "--auth-key",
         f"{ACCESS_KEY},{SECRET_KEY}", "--config", str(base / "rclone.conf"), "--vfs-cache-mode", "off"],
        stdin=subprocess.DEVNULL, stdout=log.open("w"), stderr=subprocess.STDOUT)
    return process, {"rclone": f"http://127.0.0.1:{port}"}, log


def client(endpoint: str) -> Any:
    """Return botocore's client for a server."""
    import botocore.session

    return botocore.session.get_session().create_client(
        "s3", endpoint_url=endpoint, region_name="us-east-1", aws_access_key_id=ACCESS_KEY,
        aws_secret_access_key=SECRET_KEY)


@contextlib.contextmanager
def running(*names: str, python: str = sys.executable) -> Iterator[dict[str, str]]:
    """Run servers as long as a `with` statement, and return what is printed of them."""
    command = [python, "-B", __file__, *names]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        yield json.loads(process.stdout.readline())


def main() -> None:
    base = pathlib.Path(tempfile.mkdtemp(prefix="zarr-vlen-servers-"))
    started = []

    def stop(*_: object) -> None:
        for process in started:
            process.kill()
        shutil.rmtree(base, ignore_errors=True)
        os._exit(0)

    # A parent that is gone before the servers are there is noticed, too.
    threading.Thread(target=lambda: stop(sys.stdin.buffer.read()), daemon=True).start()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, stop)
    try:
        places = {"access_key": ACCESS_KEY, "secret_key": SECRET_KEY}
        logs = []
        known = {"seaweedfs": start_seaweedfs, "rclone": start_rclone}
        for start in [known[name] for name in sys.argv[1:] or known]:
            process, place, log = start(base)
            started.append(process)
            logs.append((process, place, log))
            places |= place
        for process, place, log in logs:
            wait_for(next(iter(place.values())), process, log)
        if "seaweedfs" in places:
            client(places["seaweedfs"]).create_bucket(Bucket=BUCKET)
        print(json.dumps(places), flush=True)
    except BaseException as error:
        print(error, file=sys.stderr, flush=True)
        stop()
    threading.Event().wait()


if __name__ == "__main__":
    main()
