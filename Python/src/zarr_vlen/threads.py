"""Calls of the engine on other threads, which a key or the end of the process stops."""

from __future__ import annotations

import asyncio
import atexit
import os
import threading
from contextlib import suppress
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from zarr_vlen._native import Monitor

__all__ = ["away", "interruptible"]

# The most calls of coroutines that are made at a time; a server is sent as many requests as its store says.
_MOST = 256


def interruptible[T](
    monitor: Monitor,
    call: Callable[..., T],
    *arguments: Any,
    show: Callable[[], None] | None = None,
) -> T:
    """Call the engine, on another thread if this one hears of keys that the user presses.

    Parameters
    ----------
    monitor : Monitor
        What stops the call.
    call : callable
        The call, which ends soon when it is stopped.
    *arguments
        Its arguments.
    show : callable, optional
        Is called while the call goes on, and when it is done.
    """
    if show is None and threading.current_thread() is not threading.main_thread():
        return call(*arguments)
    results: list[T] = []
    failures: list[BaseException] = []
    begun, stopped, done = threading.Event(), threading.Event(), threading.Event()

    def work() -> None:
        begun.set()
        try:
            if not stopped.is_set():
                results.append(call(*arguments))
        except BaseException as failure:
            failures.append(failure)
        finally:
            done.set()

    try:
        threading.Thread(target=work, daemon=True).start()
        while not done.wait(0.05):
            if show is not None:
                show()
    except BaseException:
        monitor.cancel()
        stopped.set()
        if begun.is_set():
            done.wait()
        raise
    if failures:
        raise failures[0]
    if show is not None:
        show()
    return results[0]


async def away[T](call: Callable[..., T], *arguments: Any) -> T:
    """Call the engine while other coroutines go on.

    The call gets a monitor after its arguments, and is stopped when the coroutine is cancelled.
    """
    from zarr_vlen import _native

    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()
    monitor = _native.Monitor()

    def settle(result: Any, failure: BaseException | None) -> None:
        _under_way.discard(monitor)
        if future.cancelled():
            return
        if failure is None:
            future.set_result(result)
        else:
            future.set_exception(failure)

    def work() -> None:
        result, failure = None, None
        try:
            result = call(*arguments, monitor)
        except BaseException as error:
            failure = error
        # The loop may be closed by now.
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(settle, result, failure)

    _under_way.add(monitor)
    _threads.submit(work)
    try:
        return await future
    except asyncio.CancelledError:
        monitor.cancel()
        raise


class _Threads:
    """Threads that nobody waits for when the process ends, unlike those of `concurrent.futures`."""

    def __init__(self) -> None:
        self._calls: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._lock = threading.Lock()
        self._count = self._idle_count = 0

    def submit(self, work: Callable[[], None]) -> None:
        self._calls.put(work)
        with self._lock:
            if self._idle_count:
                self._idle_count -= 1
                return
            if self._count == _MOST:
                return
            self._count += 1
        threading.Thread(target=self._run, name="zarr_vlen", daemon=True).start()

    def _run(self) -> None:
        while True:
            self._calls.get()()
            with self._lock:
                self._idle_count += 1


_threads = _Threads()
_under_way: set[Monitor] = set()


def _begin_anew() -> None:
    """Forget the threads of the parent in a forked process."""
    global _threads
    _threads = _Threads()
    _under_way.clear()


os.register_at_fork(after_in_child=_begin_anew)


@atexit.register
def _stop_all() -> None:
    for monitor in list(_under_way):
        monitor.cancel()
