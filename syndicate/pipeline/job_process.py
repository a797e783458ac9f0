"""A process of a Dask worker that runs the jobs of one build: `python -m syndicate.pipeline.job_process`.

Theory of operation. What a corpus holds is hostile, and a Dask worker has threads, which limits on processor time do
not reach and which a fork may catch at any point. So a Dask worker starts this process, which has one thread, and hands
the tasks to it. As a build does on its own machine, this process forks a worker, which may be stopped or end without
the others (executor.py).

The process reads the context of the build from its standard input, then batches of tasks, and writes an answer to each
to its standard output. It ends with its Dask worker, as forked workers do with their parent (worker_process.py), and
when it has had nothing to do for a while: the build that it belongs to may have been killed.
"""

from __future__ import annotations

import os
import pickle  # nosec B403
import select
import signal
import subprocess  # nosec B404 - starts this module
import sys
import tempfile
import traceback
from itertools import chain
from typing import Any

from ..config.bucket import is_bucket
from ..errors import ExecutorError
from .assemble import probable_final_paths
from .context import JobContext
from .pool import CHUNK, Pool, open_local_pool
from .worker_process import end_with, receive_message, send_message

IDLE_S = 20.0
"""The process ends when it has had nothing to do for so long."""


class JobProcess:
    """The process, from the side of the Dask worker. `answer` raises EOFError when it has ended."""

    def __init__(self, context: bytes) -> None:
        messages, self._messages = os.pipe()
        self._answers, answers = os.pipe()
        lifeline, self._lifeline = os.pipe()
        try:
            self._process = subprocess.Popen(  # noqa: S603  # nosec B603 - a module of ours
                [sys.executable, "-m", __name__, str(lifeline)],
                stdin=messages,
                stdout=answers,
                pass_fds=[lifeline],
                process_group=0,  # signals of a terminal are for the Dask worker
            )
        finally:
            for handle in (messages, answers, lifeline):
                os.close(handle)
        self._send(context)

    def answer(self, message: bytes) -> bytes:
        """Returns the answer to a message."""
        self._send(message)
        return receive_message(self._answers)

    @property
    def is_running(self) -> bool:
        """Whether the process has not ended."""
        return self._process.poll() is None

    def end(self) -> int:
        """Ends the process if it has not ended, and returns its exit code: a signal if it is negative."""
        for handle in (self._messages, self._answers, self._lifeline):
            os.close(handle)
        self._process.kill()
        return self._process.wait()

    def _send(self, message: bytes) -> None:
        try:
            send_message(self._messages, message)
        except BrokenPipeError:
            raise EOFError from None


def main(lifeline: int) -> int:
    """Answers messages until there are no more, or the other end of a pipe is closed."""
    end_with(lifeline)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    answers = os.dup(1)
    os.dup2(2, 1)  # what a library prints is no answer
    try:
        context: JobContext = pickle.loads(receive_message(0))  # noqa: S301  # nosec B301 - from a build of ours
        with tempfile.TemporaryDirectory(prefix="syndicate-") as state:
            _serve(JobContext(context.config._replace(state=state), context.run), answers)
    except (EOFError, BrokenPipeError):
        return 0
    return 0


def _serve(context: JobContext, answers: int) -> None:
    with open_local_pool(context, workers=1) as pool:
        is_prepared = False
        while select.select([0], [], [], IDLE_S)[0]:
            message = receive_message(0)
            try:
                if not is_prepared:
                    _prepare(context)
                    is_prepared = True
                answer: Any = True, _results(context, pool, message)
            except Exception as error:  # noqa: BLE001 - the build raises it
                pool.__exit__()  # a worker may have a task left
                error.add_note(traceback.format_exc())
                answer = False, error
            send_message(answers, pickle.dumps(answer, pickle.HIGHEST_PROTOCOL))


def _results(context: JobContext, pool: Pool, message: bytes) -> list[Any]:
    job, portions = pickle.loads(message)  # noqa: S301  # nosec B301 - from a build of ours
    tasks = [pickle.loads(portion) for portion in portions]  # noqa: S301  # nosec B301
    chunk = max(map(len, tasks), default=CHUNK)
    all_tasks = list(chain.from_iterable(tasks))
    results = list(pool.map(job, all_tasks, len(all_tasks), chunk))
    context.output.forward(probable_final_paths(all_tasks, results))
    return results


def _prepare(context: JobContext) -> None:
    """Imports what jobs need, before the time of a record is counted. Raises ExecutorError if a folder is missing."""
    config = context.config
    for source in config.sources:
        if not is_bucket(source.root) and not os.path.isdir(source.root):
            raise ExecutorError(f"{source.root}: there is no such folder on a Dask worker: it must be shared")
    context.import_parsers()
    context.import_renderers()


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1])))
