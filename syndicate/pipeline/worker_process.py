"""One forked process that runs jobs, and the pipes to it.

Theory of operation. A worker shares the modules and the context of the process that forks it. It reads messages (a job
and its tasks) from one pipe, and writes an answer to each into another. When its parent ends, however it ends, the
pipes are closed, and the worker ends as well: at once where the kernel signals that a third pipe was closed (SIGIO ends
a process on Linux), elsewhere at the latest after the record that it reads (budget.py). For this, no worker may keep
the ends of the pipes to others, which it inherits.

The pool of the standard library (`concurrent.futures`) ends all of its workers when one ends, and does not tell which
task was at fault.
"""

from __future__ import annotations

import fcntl
import os
import pickle  # nosec B403
import signal
import struct
import traceback
import warnings
from collections.abc import Iterable
from contextlib import suppress
from typing import Any, Generic, NoReturn, TypeVar

from ..errors import SyndicateError
from .budget import become_worker
from .garbage import no_garbage_collection

_LENGTH = struct.Struct("=Q")
_READ_BYTES = 1 << 20
_PIPE_BYTES = 1 << 20  # for the answer to a chunk: a worker goes on while this process stores the one before
_OUT_OF_MEMORY = 120  # exit code
Chunk = TypeVar("Chunk")


class Worker(Generic[Chunk]):
    """A forked process. `chunks` are those that were sent and not answered; it works on the first.

    `fd` becomes readable when there is an answer, or the worker ended.
    """

    def __init__(self, context: object, siblings: Iterable[Worker[Any]]) -> None:
        self.chunks: list[Chunk] = []
        self._is_ready = False
        messages, self._messages = os.pipe()
        self.fd, answers = os.pipe()
        lifeline, self._lifeline = os.pipe()
        if hasattr(fcntl, "F_SETPIPE_SZ"):
            with suppress(OSError):
                fcntl.fcntl(self.fd, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
        parent = os.getpid()
        try:
            self._pid = _fork()
        except OSError:
            for handle in (messages, answers, lifeline):
                os.close(handle)
            self.close()
            raise
        if self._pid == 0:
            _work(context, (messages, answers, lifeline), parent, [*siblings, self])
        for handle in (messages, answers, lifeline):
            os.close(handle)

    def send(self, chunk: Chunk, message: bytes) -> None:
        """Sends a message, and counts the chunk among those to be answered."""
        self.chunks.append(chunk)
        with suppress(BrokenPipeError):  # the worker ended: `receive` finds out
            send_message(self._messages, message)

    def receive(self) -> Any:
        """Returns the answer to the first chunk, or None from a worker that is now ready for it.

        Raises what the job raised, EOFError if the worker ended, and SyndicateError if it ended before it was ready:
        then it is not the chunk that is at fault.
        """
        try:
            answer = receive_message(self.fd)
        except EOFError:
            if self._is_ready:
                raise
            raise SyndicateError("a process that reads records ended before it was ready") from None
        if not self._is_ready:
            self._is_ready = True
            return None
        succeeded, value = pickle.loads(answer)  # noqa: S301  # nosec B301 - from a process of ours
        if not succeeded:
            raise value
        return value

    def close(self) -> None:
        """Closes the pipes."""
        for handle in (self._messages, self.fd, self._lifeline):
            os.close(handle)

    def end(self) -> int:
        """Ends the process if it has not ended, and returns its exit code: a signal if it is negative."""
        self.close()
        os.kill(self._pid, signal.SIGKILL)
        _, status = os.waitpid(self._pid, 0)
        return os.waitstatus_to_exitcode(status)


def end_with(lifeline: int) -> None:
    """Lets the kernel end this process, where it can, when the other end of a pipe is closed."""
    signal.signal(signal.SIGIO, signal.SIG_DFL)
    fcntl.fcntl(lifeline, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(lifeline, fcntl.F_SETFL, os.O_ASYNC)


def encode(job: object, tasks: object) -> bytes:
    """Returns the message that asks for a job."""
    return pickle.dumps((job, tasks), pickle.HIGHEST_PROTOCOL)


def _fork() -> int:
    with warnings.catch_warnings():
        # Python warns of the locks that other threads hold: a worker needs none of those of a build.
        warnings.simplefilter("ignore", DeprecationWarning)
        return os.fork()


def _work(context: object, pipes: tuple[int, int, int], parent: int, workers: Iterable[Worker[Any]]) -> NoReturn:
    """Answers messages until there are no more. Ends this process, whatever happens."""
    exit_code = 1
    messages, answers, lifeline = pipes
    try:
        for worker in workers:
            worker.close()
        _prepare(parent, lifeline)
        send_message(answers, b"")
        while True:
            answer = _answer(context, receive_message(messages))
            send_message(answers, answer)
    except (EOFError, BrokenPipeError):
        exit_code = 0
    except MemoryError:
        exit_code = _OUT_OF_MEMORY
    finally:
        os._exit(exit_code)


def _prepare(parent: int, lifeline: int) -> None:
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent gets it as well, and ends the workers
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    become_worker(parent)
    end_with(lifeline)
    if os.getppid() != parent:
        os._exit(1)  # it ended before the kernel knew whom to signal
    with suppress(OSError):
        score = os.open("/proc/self/oom_score_adj", os.O_WRONLY)
        os.write(score, b"500")  # if the machine runs out of memory, a worker is missed least
        os.close(score)
    # Libraries print what they die of, and Python what it cannot raise. The parent says it in one line.
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 2)
    os.close(null)


def _answer(context: object, message: bytes) -> bytes:
    job, tasks = pickle.loads(message)  # noqa: S301  # nosec B301 - from a process of ours
    try:
        with no_garbage_collection():
            return pickle.dumps((True, job(context, tasks)), pickle.HIGHEST_PROTOCOL)
    except Exception as error:  # noqa: BLE001 - the parent raises it
        error.add_note(traceback.format_exc())
        return pickle.dumps((False, error), pickle.HIGHEST_PROTOCOL)


def send_message(handle: int, message: bytes) -> None:
    """Writes a message to a pipe."""
    for part in (_LENGTH.pack(len(message)), message):
        rest = memoryview(part)
        while rest:
            rest = rest[os.write(handle, rest) :]


def receive_message(handle: int) -> bytes:
    """Reads a message from a pipe. Raises EOFError when the other end was closed."""
    (length,) = _LENGTH.unpack(_read(handle, _LENGTH.size))
    return _read(handle, length)


def _read(handle: int, length: int) -> bytes:
    """Reads exactly so many bytes. Raises EOFError when the other end was closed."""
    parts: list[bytes] = []
    while length:
        part = os.read(handle, min(length, _READ_BYTES))
        if not part:
            raise EOFError
        parts.append(part)
        length -= len(part)
    return b"".join(parts)
