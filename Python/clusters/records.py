"""The records that the tests write, and what they have in common."""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

import zarr_vlen

COUNT = int(os.environ.get("ZARR_VLEN_CLUSTER_RECORDS", "100000"))
PART_COUNT = 40


def record(number: int) -> str:
    """Return a record of 130 bytes."""
    digest = number * 0x9E3779B97F4A7C15 % (1 << 64)
    return (
        f'{{"id": {number:09d}, "user": "user-{digest % 5000:05d}", "path": "/items/{digest >> 20:012d}", '
        f'"status": {200 + digest % 3 * 100}, "bytes": {digest % 100000:05d}, "agent": "none"}}'
    ).ljust(130)[:130]


def records(part: int) -> Iterator[str]:
    """Make the records of a part, slowly enough for a process to be killed meanwhile."""
    time.sleep(0.2)
    return map(record, range(part * COUNT // PART_COUNT, (part + 1) * COUNT // PART_COUNT))


@dataclass
class Place:
    """Where an array is."""

    store: str
    storage_options: Any = None

    @property
    def arguments(self) -> Any:
        return {"store": self.store, "storage_options": self.storage_options}

    def segments(self) -> set[str]:
        """Return the names of the segments that are stored beside the array."""
        store = zarr_vlen.URLStore(self.store, storage_options=self.storage_options, read_only=True)
        keys = store.engine_store.list(".zvlen/segments", True, None)
        return {key.split("/")[2] for key in keys if key.startswith(".zvlen/segments/")}

    def check(self, start: int = 0) -> None:
        """Check that all records are there, once, in their order."""
        number = 0
        for batch in zarr_vlen.scan(**self.arguments):
            expected = [record(i % COUNT) for i in range(start + number, start + number + len(batch))]
            assert batch.equals(pa.array(expected, batch.type)), f"records from {number} on differ"
            number += len(batch)
        assert number == COUNT


class Killer(threading.Thread):
    """Kills a process of a cluster once some segments are there, and before the commit."""

    def __init__(self, place: Place, processes: Callable[[], list[int]]) -> None:
        super().__init__(daemon=True)
        self._place = place
        self._processes = processes
        self._is_done = threading.Event()
        self.killed: int | None = None

    def __enter__(self) -> "Killer":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_done.set()
        self.join()

    def run(self) -> None:
        while not self._is_done.wait(0.05):
            try:
                count = len(self._place.segments())
            except OSError:
                continue
            # By now workers are in the middle of others.
            if count >= 4 and (processes := self._processes()):
                os.kill(processes[0], signal.SIGKILL)
                self.killed = processes[0]
                return
