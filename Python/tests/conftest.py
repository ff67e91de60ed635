"""Stores, servers and pipelines that the tests run with."""

import itertools
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import obstore.store
import pytest
import servers
import zarr
import zarr.storage

PIPELINES = {
    "batched": "zarr.core.codec_pipeline.BatchedCodecPipeline",
    "fused": "zarr.core.codec_pipeline.FusedCodecPipeline",
    "native": "zarr_vlen.pipeline.VlenCodecPipeline",
}


@pytest.fixture(params=PIPELINES)
def pipeline(request: pytest.FixtureRequest) -> Iterator[str]:
    with zarr.config.set({"codec_pipeline.path": PIPELINES[request.param]}):
        yield request.param


_numbers = itertools.count()


def _remote() -> Any:
    return zarr.storage.FsspecStore.from_url(f"memory://zarr-vlen-{next(_numbers)}")


STORES: dict[str, Callable[[Path], Any]] = {
    "dict": lambda _: {},
    "path": lambda path: str(path / "path"),
    "fsspec": lambda _: _remote(),
    "object": lambda _: zarr.storage.ObjectStore(obstore.store.MemoryStore()),
}


# Servers

_REMOTE = Path(__file__).parents[2] / "Tests/Remote"


@dataclass(frozen=True)
class Server:
    """A place in a bucket of SeaweedFS, of its own for each test."""

    bucket: str
    prefix: str
    endpoint: str
    secure: str
    certificate: str
    access_key: str
    secret_key: str

    def url(self, path: str = "") -> str:
        return f"s3://{self.bucket}/{self.prefix}/{path}"

    @property
    def options(self) -> Any:
        return {"endpoint": self.endpoint, "access_key": self.access_key, "secret_key": self.secret_key}

    @property
    def client(self) -> Any:
        """The client of botocore, which does what AWS does."""
        return servers.client(self.endpoint)

    @property
    def environment(self) -> dict[str, str]:
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": self.secret_key,
        }

    def obstore(self, path: str = "") -> Any:
        """Return the store of zarr-python that others have for a bucket."""
        return zarr.storage.ObjectStore(
            obstore.store.S3Store(
                self.bucket,
                prefix=f"{self.prefix}/{path}",
                endpoint=self.endpoint,
                access_key_id=self.access_key,
                secret_access_key=self.secret_key,
                region="us-east-1",
                client_options={"allow_http": True},
                virtual_hosted_style_request=False,
            )
        )


@pytest.fixture(scope="session")
def _servers() -> Iterator[Any]:
    with servers.running("seaweedfs") as places:
        yield places


@pytest.fixture
def server(_servers: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Server:
    # Nothing is known but what the test says.
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    return Server(
        servers.BUCKET,
        f"test-{next(_numbers)}",
        _servers["seaweedfs"],
        _servers["secure"],
        _servers["certificate"],
        _servers["access_key"],
        _servers["secret_key"],
    )


@pytest.fixture
def web(tmp_path: Path) -> Iterator[Any]:
    """Return a directory, and the URL by which its files are served."""
    folder = tmp_path / "web"
    folder.mkdir()
    command = [sys.executable, str(_REMOTE / "serve.py"), str(folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        yield folder, f"http://127.0.0.1:{process.stdout.readline().strip()}"
        process.stdin.close()


@pytest.fixture(params=STORES)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    return STORES[request.param](tmp_path)
