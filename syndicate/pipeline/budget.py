"""Bounds what one record may cost: processor time and memory.

Theory of operation. Reading a record runs code of many libraries over input that anybody may have written. Timers of
the kernel count the processor time of this process alone, so that a loaded machine makes no record slow:

- `ITIMER_PROF` raises `OutOfTimeError` wherever Python is, again and again, since a callback of C code may swallow it;
- `ITIMER_VIRTUAL` ends a worker in which C code does not return to Python (a regular expression, a parser);
- `ITIMER_REAL` ends a worker that waits for something that does not come, after a time that is much longer.

The soft limit on the address space makes allocations fail, as a `MemoryError` in Python. A worker that ends is noticed
by the process that started it (executor.py). In a process that is no worker, the last two timers are not set, since
they would end the build.
"""

from __future__ import annotations

import os
import resource
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import NamedTuple, ParamSpec, TypeVar

from ..config import Limits
from ..errors import SyndicateError

_AGAIN_S = 0.1
_BEYOND_S = 0.5  # what Python has to end a record by itself, before the kernel ends the worker
_WAITING_S = 60.0
_MEGABYTE = 1_000_000
Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


class OutOfTimeError(BaseException):
    """A record takes too long. No `Exception`, since code that reads records may catch those."""


class TaskFailure(NamedTuple):
    """The result of a task that was stopped. `reason` completes a sentence that begins with the record.

    If it is not certain that the task is the cause, it is worth another attempt alone.
    """

    reason: str
    is_certain: bool = True


class _Process:
    """Whether this process is a worker, and of which process."""

    parent = 0


def become_worker(parent: int) -> None:
    """Lets this process end when a record exceeds the limits, or with its parent."""
    _Process.parent = parent
    for number in (signal.SIGVTALRM, signal.SIGALRM):
        signal.signal(number, signal.SIG_DFL)


class Budget:
    """What each record may cost."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._is_running = False
        self._has_timers = False

    @contextmanager
    def applied(self) -> Iterator[None]:
        """Bounds the memory that this process may add, and lets `call` bound the time. Use it around some calls."""
        self._has_timers = threading.current_thread() is threading.main_thread()  # signals reach no other thread
        before = signal.signal(signal.SIGPROF, self._stop) if self._has_timers else None
        try:
            with _limited_memory(self._limits.memory_mb * _MEGABYTE):
                yield
        finally:
            if self._has_timers:
                self._set_timers(0)
                signal.signal(signal.SIGPROF, before)

    def call(
        self, function: Callable[Arguments, Result], *arguments: Arguments.args, **named: Arguments.kwargs
    ) -> Result | TaskFailure:
        """Returns the result of a function, or why it was stopped. Raises SyndicateError as the function does."""
        try:
            self._start()
            try:
                return function(*arguments, **named)
            finally:
                self._is_running = False
        except OutOfTimeError:
            return TaskFailure(out_of_time(self._limits))
        except MemoryError:
            return TaskFailure(out_of_memory(self._limits), is_certain=False)  # others may have used the memory
        except RecursionError:
            return TaskFailure("is nested too deeply")
        except SyndicateError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever a library raises, it concerns one record
            return TaskFailure(f"cannot be read ({type(error).__name__})")

    def _start(self) -> None:
        if _Process.parent and os.getppid() != _Process.parent:
            os._exit(1)  # nobody waits for the result
        self._is_running = True
        if self._has_timers:
            self._set_timers(self._limits.seconds)

    def _set_timers(self, seconds: float) -> None:
        signal.setitimer(signal.ITIMER_PROF, seconds, seconds and _AGAIN_S)
        if _Process.parent:
            signal.setitimer(signal.ITIMER_VIRTUAL, seconds and seconds + _BEYOND_S)
            signal.setitimer(signal.ITIMER_REAL, seconds and seconds + _WAITING_S)

    def _stop(self, *_: object) -> None:
        if self._is_running:
            raise OutOfTimeError


def out_of_time(limits: Limits) -> str:
    """Returns the reason of a record that took too long."""
    return f"took more than {limits.seconds:g} s to read (limits.seconds)"


def out_of_memory(limits: Limits) -> str:
    """Returns the reason of a record that needed too much memory."""
    return f"needed more than {limits.memory_mb} MB to read (limits.memory_mb)"


def reason_of_end(exit_code: int, limits: Limits) -> str:
    """Returns the reason of a record whose worker ended, from the exit code: a signal if it is negative."""
    if exit_code == -signal.SIGVTALRM:
        return out_of_time(limits)
    if exit_code == -signal.SIGALRM:
        return f"gave no answer within {limits.seconds + _WAITING_S:g} s"
    cause = signal.Signals(-exit_code).name if exit_code < 0 else f"exit code {exit_code}"
    return f"ended the process that read it ({cause})"


@contextmanager
def _limited_memory(added_bytes: int) -> Iterator[None]:
    """Limits the address space to what this process has and so much more, where the system says what it has."""
    used = _address_space_bytes()
    if used is None:
        yield
        return
    soft, hard = before = resource.getrlimit(resource.RLIMIT_AS)
    most = [limit for limit in (soft, hard) if limit != resource.RLIM_INFINITY]
    resource.setrlimit(resource.RLIMIT_AS, (min([used + added_bytes, *most]), hard))
    try:
        yield
    finally:
        with suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_AS, before)


def _address_space_bytes() -> int | None:
    try:
        with open("/proc/self/statm", "rb", buffering=0) as file:
            return int(file.read(100).split()[0]) * resource.getpagesize()
    except (OSError, ValueError, IndexError):
        return None
