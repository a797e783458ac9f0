"""The server that these tests need, which `make test-postgres` installs."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from support.postgres_server import PostgresServer, programs, running_server

pytest.register_assert_rewrite("store.contract")


@pytest.fixture(scope="session")
def server() -> Iterator[PostgresServer]:
    """Returns a running server."""
    folder = programs() if os.environ.get("SYNDICATE_TEST_POSTGRES") else None
    if folder is None:
        pytest.skip("requires a PostgreSQL server: run `make test-postgres`")
    with running_server(folder) as server:
        yield server
