"""The tables are brought forward by numbered files: all of those that are missing, or none."""

from __future__ import annotations

import shutil
from contextlib import closing
from pathlib import Path

import pytest
from support.postgres_server import PostgresServer

from syndicate.errors import StoreError, StoreUnusableError
from syndicate.store import open_store
from syndicate.store.postgres import migrate

pytestmark = pytest.mark.postgres


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The files of a later version of the program, beside those of this one."""
    shutil.copytree(migrate._FOLDER, tmp_path / "migrations")
    monkeypatch.setattr(migrate, "_FOLDER", str(tmp_path / "migrations"))
    return tmp_path / "migrations"


@pytest.fixture
def url(server: PostgresServer) -> str:
    url = server.url()
    with closing(open_store(url)) as store, store.write() as transaction:
        transaction.record_run_state({"run": 1})
    return url


def versions(server: PostgresServer, url: str) -> list[int]:
    rows = server.query("SELECT number FROM migrations ORDER BY number", schema=url.rpartition("schema=")[2])
    return [number for (number,) in rows]


def test_next_build_applies_what_is_missing_and_keeps_the_state(server: PostgresServer, url: str, folder: Path) -> None:
    (folder / "0002_added.sql").write_text("CREATE TABLE added (a bigint); INSERT INTO added VALUES (2);")
    (folder / "0003_more.sql").write_text("INSERT INTO added SELECT a + 1 FROM added;")
    (folder / "README.txt").write_text("is no migration")
    with (
        pytest.raises(StoreUnusableError, match="run `syndicate build`"),
        closing(open_store(url)) as store,
        store.read(),
    ):
        pass
    with closing(open_store(url)) as store, store.write() as transaction:
        assert transaction.run_state() == {"run": 1}
    with closing(open_store(url)) as store, store.read() as snapshot:
        assert snapshot.run_state() == {"run": 1}
    assert versions(server, url) == [1, 2, 3]
    assert server.query("SELECT a FROM added ORDER BY a", schema=url.rpartition("schema=")[2]) == [(2,), (3,)]


def test_file_that_fails_leaves_the_tables_as_they_were(server: PostgresServer, url: str, folder: Path) -> None:
    (folder / "0002_added.sql").write_text("CREATE TABLE added (a bigint);")
    (folder / "0003_wrong.sql").write_text("SELECT * FROM nowhere;")
    with pytest.raises(StoreError), closing(open_store(url)) as store, store.write():
        pass
    assert versions(server, url) == [1]
    assert server.query("SELECT to_regclass('added')", schema=url.rpartition("schema=")[2]) == [(None,)]


def test_database_with_another_encoding_is_refused(server: PostgresServer) -> None:
    server.execute("CREATE DATABASE latin ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0")
    url = server.url().replace("///postgres", "///latin")
    with closing(open_store(url)) as store, pytest.raises(StoreError, match="the encoding of the database is LATIN1"):
        store.write().__enter__()


def test_role_without_rights_is_told_so_in_one_line(server: PostgresServer) -> None:
    server.execute("CREATE ROLE guest LOGIN")
    url = server.url().replace("user=syndicate", "user=guest")
    with closing(open_store(url)) as store, pytest.raises(StoreError, match="permission denied for database") as caught:
        store.write().__enter__()
    assert "\n" not in str(caught.value)


def test_schema_that_exists_already_needs_no_right_to_create_one(server: PostgresServer) -> None:
    server.execute("CREATE ROLE owner LOGIN; CREATE SCHEMA given AUTHORIZATION owner")
    url = server.url("given").replace("user=syndicate", "user=owner")
    with closing(open_store(url)) as store, store.write() as transaction:
        transaction.record_run_state({"run": 1})
    with closing(open_store(url)) as store, store.read() as snapshot:
        assert snapshot.run_state() == {"run": 1}
