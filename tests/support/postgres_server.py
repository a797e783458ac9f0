"""A real PostgreSQL server for tests: a cluster of its own in a temporary folder, reached by a Unix socket."""

from __future__ import annotations

import glob
import itertools
import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

_SETTINGS = ("fsync=off", "full_page_writes=off", "synchronous_commit=off", "listen_addresses=", "max_connections=80")
_numbers = itertools.count(1)


def programs() -> Path | None:
    """Returns the folder of the server's programs: that of SYNDICATE_TEST_POSTGRES, or of Debian's newest server."""
    named = os.environ.get("SYNDICATE_TEST_POSTGRES", "")
    found = [named] if named else sorted(glob.glob("/usr/lib/postgresql/*/bin"), key=_version)
    return next((Path(folder) for folder in reversed(found) if os.access(f"{folder}/initdb", os.X_OK)), None)


def _version(folder: str) -> float:
    name = folder.split("/")[-2]
    return float(name) if name.replace(".", "", 1).isdigit() else 0.0


class PostgresServer:
    """A running server. `url` names a state in it that no other test uses."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def url(self, schema: str = "", **parameters: str) -> str:
        """Returns the address of a state: a schema of its own, unless one is given."""
        schema = schema or f"test_{os.getpid()}_{next(_numbers)}"
        values = {"host": str(self.folder), "user": "syndicate", "schema": schema, **parameters}
        return f"postgresql:///postgres?{'&'.join(f'{name}={value}' for name, value in values.items())}"

    def through(self, url: str, port: int) -> str:
        """Returns the address of the same state by way of a proxy at a port of this machine."""
        return url.replace(f"host={self.folder}", f"host=127.0.0.1&port={port}")

    def connect(self, schema: str = "public") -> psycopg.Connection[tuple[Any, ...]]:
        """Opens a connection for a test to look behind the store."""
        return psycopg.connect(
            host=str(self.folder), user="syndicate", dbname="postgres", autocommit=True,
            options=f"-csearch_path={schema}",
        )  # fmt: skip

    def query(self, sql: str, *values: object, schema: str = "public") -> list[tuple[Any, ...]]:
        """Returns the rows of a query."""
        with self.connect(schema) as connection:
            return connection.execute(sql, values).fetchall()

    def execute(self, sql: str, schema: str = "public") -> None:
        """Executes a statement."""
        with self.connect(schema) as connection:
            connection.execute(sql)

    def end_backends(self, condition: str = "true") -> int:
        """Ends the connections of all others that meet an SQL condition over pg_stat_activity; returns their number."""
        return len(
            self.query(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                f" WHERE backend_type = 'client backend' AND pid <> pg_backend_pid() AND {condition}"
            )
        )


@contextmanager
def running_server(folder: Path) -> Iterator[PostgresServer]:
    """Starts a server with the programs of a folder. As root, it runs as a user of its own, since it refuses root."""
    home = Path(tempfile.mkdtemp(prefix="syndicate-pg-", dir="/tmp"))
    data = home / "data"
    account: dict[str, Any] = {}
    if os.geteuid() == 0:
        user = _user()
        os.chown(home, user.pw_uid, user.pw_gid)
        account = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    try:
        subprocess.run(
            [folder / "initdb", "-D", data, "-U", "syndicate", "--auth=trust", "--encoding=UTF8", "--no-sync"],
            check=True, capture_output=True, cwd="/", env={"PATH": os.defpath, "LC_ALL": "C.UTF-8"}, **account,
        )  # fmt: skip
        settings = [part for setting in _SETTINGS for part in ("-c", setting)]
        with (
            open(home / "log", "wb") as log,
            subprocess.Popen(
                [folder / "postgres", "-D", data, "-k", home, *settings],
                stdout=log, stderr=log, cwd="/", env={"PATH": os.defpath, "LC_ALL": "C.UTF-8"}, **account,
            ) as process,
        ):  # fmt: skip
            try:
                _wait_until_ready(process, home)
                yield PostgresServer(home)
            finally:
                process.terminate()  # a "smart" shutdown waits for clients
                process.send_signal(2)
                process.wait(timeout=30)
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _wait_until_ready(process: subprocess.Popen[bytes], home: Path) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and process.poll() is None:
        try:
            psycopg.connect(host=str(home), user="syndicate", dbname="postgres").close()
        except psycopg.OperationalError:
            time.sleep(0.02)
        else:
            return
    raise RuntimeError((home / "log").read_text())


def _user() -> pwd.struct_passwd:
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise RuntimeError("no user to run PostgreSQL as")
