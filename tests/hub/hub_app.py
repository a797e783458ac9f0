"""The WebSub hub Flask-WebSub as a process, in an environment of its own without syndicate.

    hub_app.py serve FOLDER PORT REDIS   run the hub, its Celery worker and Redis, until SIGTERM or the end of stdin
    hub_app.py work FOLDER               run the worker alone, which `serve` starts
    hub_app.py discover URL...           print hub and topic of documents, as Flask-WebSub discovers them

FOLDER holds the subscriptions, which outlive the process. The hub prints `ready` once it accepts requests.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from contextlib import ExitStack
from pathlib import Path

from celery import Celery
from flask import Flask
from flask_websub.hub import Hub, SQLite3HubStorage
from flask_websub.subscriber import discover
from werkzeug.serving import make_server

_GRACE_S = 10.0


def serve(folder: Path, port: int, redis: str) -> None:
    """Run the hub until SIGTERM; then stop its processes."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    threading.Thread(target=_end_with_parent, daemon=True).start()
    with ExitStack() as stack:
        socket = ("--port", "0", "--unixsocket", str(_socket(folder)))
        _start(stack, redis, *socket, "--dir", str(folder), "--save", "", "--appendonly", "no", "--daemonize", "no")
        _start(stack, sys.executable, __file__, "work", str(folder))
        celery = _celery(folder)
        with celery.connection_for_write() as connection:
            connection.ensure_connection(timeout=_GRACE_S, interval_start=0.02, interval_step=0.02)
        app = Flask("hub")
        app.config["PUBLISH_SUPPORTED"] = True
        app.register_blueprint(_hub(folder, celery).build_blueprint(url_prefix="/hub"))
        server = make_server("127.0.0.1", port, app, threaded=True)
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        server.serve_forever()


def work(folder: Path) -> None:
    """Run the worker, which verifies subscriptions, fetches topics and delivers them, in the order of the requests."""
    celery = _celery(folder)
    _hub(folder, celery)  # registers its tasks
    celery.worker_main(["worker", "--pool", "solo", "--loglevel", "INFO", "--without-gossip", "--without-mingle"])


def _celery(folder: Path) -> Celery:
    celery = Celery("hub", broker=f"redis+socket://{_socket(folder)}")
    celery.conf.update(
        task_ignore_result=True, broker_connection_retry_on_startup=True, worker_hijack_root_logger=False
    )
    return celery


def _hub(folder: Path, celery: Celery) -> Hub:
    return Hub(SQLite3HubStorage(str(folder / "hub.db")), celery, BACKOFF_BASE=0.5)


def _socket(folder: Path) -> Path:
    return folder / "redis.sock"


def _start(stack: ExitStack, *command: str) -> None:
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    stack.callback(_stop, process)


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(_GRACE_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _end_with_parent() -> None:
    """Stop when stdin ends, as the parent process holds its other end and may be killed."""
    while os.read(0, 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["serve", folder, port, redis]:
            serve(Path(folder), int(port), redis)
        case ["work", folder]:
            work(Path(folder))
        case ["discover", *urls]:
            sys.stdout.write(json.dumps([discover(url) for url in urls]))
        case _:
            sys.exit(__doc__)
