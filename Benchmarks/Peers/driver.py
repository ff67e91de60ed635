"""Runs the jobs of one rival: reads a job as JSON from each line of standard input, and answers with a line.

    driver.py NAME WORKERS

The first line of output has the version, layouts and note. A job and its answer are objects with the fields below. Seconds
are those of a clock that all processes share, so that the caller can sample the memory of this process between `start` and
`end`.

    {"job": "load", "bytes": PATH, "offsets": PATH}               → {}
    {"job": "write", "directory": …, "setting": …, "layout": …,   → {"seconds": …, "processor_seconds": …,
     "count": …}                                                      "start": …, "end": …, "peak_bytes": …}
    {"job": "append", …, "first": …}                              → as write
    {"job": "read", …, "verify": …}                               → as write, and {"lengths_crc": …, "bytes_crc": …}
    {"job": "random", …, "indices": […]}                          → {"latencies": […], "lengths_crc": …, …}
    {"job": "take", …, "indices": […], "warm": …} → as read; what is warm was opened and read before, and is read in parts
                                                     of `"batch"` blobs if there is one

`"memory": true` releases freed memory first and measures the peak. The answer is `{"unsupported": REASON}` if a rival
cannot do a job, and `{"error": MESSAGE}` if it failed.
"""

import ctypes
import gc
import importlib
import json
import os
import sys
import time
import traceback
import zlib

PEERS = {
    "zarr-python": ("peer_zarr_python", "ZarrPython"),
    "zarr-python fused": ("peer_zarr_python", "ZarrPythonFused"),
    "zarrs": ("peer_zarrs", "Zarrs"),
    "zarrs-python": ("peer_zarr_python", "ZarrsPython"),
    "Parquet": ("peer_parquet", "Parquet"),
    "Arrow IPC": ("peer_arrow_ipc", "ArrowIPC"),
    "HDF5": ("peer_hdf5", "HDF5"),
    "LMDB": ("peer_lmdb", "LMDB"),
    "Lance": ("peer_lance", "Lance"),
    "Vortex": ("peer_vortex", "Vortex"),
}


def main():
    name, workers = sys.argv[1], int(sys.argv[2])
    answers = keep_standard_output()
    limit_threads(workers)
    try:
        module, kind = PEERS[name]
        peer = getattr(importlib.import_module(module), kind)(workers)
    except ImportError as error:
        answer(answers, {"unsupported": f"not installed: {last_line(error)}"})
        return
    except Exception as error:
        answer(answers, {"unsupported": last_line(error)})
        return
    answer(answers, {"version": peer.version, "layouts": list(peer.layouts), "note": peer.note})
    for line in sys.stdin:
        answer(answers, result_of(peer, json.loads(line)))


def keep_standard_output():
    """Returns standard output, and redirects what libraries print to standard error."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    return answers


def limit_threads(workers):
    """Limits this process to one core for each worker, and the libraries' pools before they start."""
    for variable in ("RAYON_NUM_THREADS", "TOKIO_WORKER_THREADS", "LANCE_CPU_THREADS", "OMP_NUM_THREADS"):
        os.environ[variable] = str(workers)
    cores = sorted(os.sched_getaffinity(0))
    if workers < len(cores):
        os.sched_setaffinity(0, cores[:workers])


def answer(stream, fields):
    stream.write(json.dumps(fields) + "\n")
    stream.flush()


def result_of(peer, job):
    from peer import Unsupported

    try:
        return JOBS[job["job"]](peer, job)
    except Unsupported as reason:
        return {"unsupported": str(reason)}
    except Exception as error:
        traceback.print_exc()
        return {"error": last_line(error)}


def last_line(error):
    """Returns the message of an error, in one short line for a table."""
    words = " ".join(f"{type(error).__name__}: {error}".split())
    return words if len(words) <= 160 else words[:157] + "…"


def load(peer, job):
    from peer import Blobs

    peer.load(Blobs.from_files(job["bytes"], job["offsets"]))
    return {}


def write(peer, job):
    setting = peer.checked_setting(job)
    data = peer.input(job["layout"], 0, job["count"])
    os.makedirs(job["directory"])
    return timed(job, lambda: peer.write(job["directory"], setting, data))[0]


def append(peer, job):
    setting = peer.checked_setting(job)
    data = peer.input(job["layout"], job["first"], len(peer.blobs))
    return timed(job, lambda: peer.append(job["directory"], setting, data))[0]


def read(peer, job):
    setting = peer.checked_setting(job)
    times, result = timed(job, lambda: peer.read(job["directory"], setting, job["layout"]))
    if job["verify"]:
        times.update(sums(*peer.contents(result, job["layout"])))
    peer.close(result)
    return times


def random(peer, job):
    setting = peer.checked_setting(job)
    handle = peer.open(job["directory"], setting)
    seconds, elements = [], []
    for index in job["indices"]:
        start = time.perf_counter()
        element = peer.read_one(handle, index)
        seconds.append(time.perf_counter() - start)
        elements.append(bytes(element))
    peer.close(handle)
    from peer import list_contents

    return {"latencies": seconds, **sums(*list_contents(elements))}


def take(peer, job):
    setting = peer.checked_setting(job)
    directory, indices, layout = job["directory"], job["indices"], job["layout"]
    if job["warm"]:
        if directory not in peer.opened:
            peer.opened[directory] = peer.open(directory, setting)
            peer.take(peer.opened[directory], indices, layout)
        handle = peer.opened[directory]
        size = job.get("batch") or len(indices)
        parts = [indices[start : start + size] for start in range(0, len(indices), size)]
        times, results = timed(job, lambda: [peer.take(handle, part, layout) for part in parts])
    else:
        times, result = timed(job, lambda: peer.take(peer.open(directory, setting), indices, layout))
        results = [result]
    import numpy

    contents = [peer.take_contents(result, layout) for result in results]
    times.update(sums(numpy.concatenate([lengths for lengths, _ in contents]), b"".join(data for _, data in contents)))
    return times


JOBS = {"load": load, "write": write, "append": append, "read": read, "random": random, "take": take}


def sums(lengths, data):
    """Returns the CRC-32 of all bytes and of their lengths as `<i8`."""
    return {"lengths_crc": zlib.crc32(lengths.astype("<i8")), "bytes_crc": zlib.crc32(data), "count": len(lengths)}


def timed(job, body):
    """Runs `body` and returns its times and its result."""
    measures_memory = job.get("memory", False)
    before = 0
    if measures_memory:
        release_memory()
        before = reset_peak()
    start, processor_start = time.monotonic(), time.process_time()
    result = body()
    end, processor_end = time.monotonic(), time.process_time()
    times = {
        "seconds": end - start, "processor_seconds": processor_end - processor_start, "start": start, "end": end,
    }  # fmt: skip
    if measures_memory:
        times["peak_bytes"] = max(0, status("VmHWM") - before)
    return times, result


def release_memory():
    """Releases the memory that allocators keep, so that new memory is counted."""
    gc.collect()
    if "pyarrow" in sys.modules:
        sys.modules["pyarrow"].default_memory_pool().release_unused()
    ctypes.CDLL(None).malloc_trim(0)


def reset_peak():
    """Restarts the kernel's count of the peak, and returns the resident memory in bytes."""
    with open("/proc/self/clear_refs", "w") as file:
        file.write("5")
    return status("VmRSS")


def status(key):
    with open("/proc/self/status") as file:
        for line in file:
            if line.startswith(key + ":"):
                return int(line.split()[1]) * 1024
    return 0


if __name__ == "__main__":
    main()
