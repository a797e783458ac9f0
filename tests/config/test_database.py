"""The address of a state in PostgreSQL: what it may hold, and that a password in it is never repeated."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from support.editable_sites import EditableSite
from support.sites import clean_environment

from syndicate import config
from syndicate.config.database import DatabaseUrl, parse_database_url
from syndicate.errors import ConfigError

SECRET = "hunter2"


@pytest.mark.parametrize(
    ("url", "uri", "schema"),
    [
        ("postgresql://syndicate@db.test/news", "postgresql://syndicate@db.test/news", "syndicate"),
        ("postgres://db.test:5433/news?schema=blog", "postgresql://db.test:5433/news", "blog"),
        (
            "postgresql:///news?host=/run/postgresql&schema=a_1&sslmode=require",
            "postgresql:///news?host=%2Frun%2Fpostgresql&sslmode=require",
            "a_1",
        ),
        ("postgresql://a.test,b.test/news", "postgresql://a.test,b.test/news", "syndicate"),
    ],
)
def test_address_is_a_connection_uri_and_a_schema(url: str, uri: str, schema: str) -> None:
    assert parse_database_url(url) == DatabaseUrl(uri, schema)


@pytest.mark.parametrize(
    ("url", "fault"),
    [
        (f"postgresql://me:{SECRET}@db.test/news", "holds a password: put it into PGPASSWORD"),
        (f"postgresql://me@db.test/news?password={SECRET}", "holds a password"),
        (f"postgresql://me@db.test/news?sslpassword={SECRET}", "holds a password"),
        ("postgresql://db.test/news?schema=News", "expected a schema"),
        ("postgresql://db.test/news?schema=a;drop", "expected a schema"),
        ("postgresql://db.test/news?schema=pg_catalog", "expected a schema"),
        ("postgresql://db.test/news#x", "without '#'"),
        ("postgresql://[db.test/news", "expected an address"),
        ("mysql://db.test/news", "expected a folder, or an address that begins with postgresql://"),
    ],
)
def test_address_that_cannot_be_used_is_a_fault_of_the_configuration(tmp_path: Path, url: str, fault: str) -> None:
    site = EditableSite(tmp_path / "site")
    site.settings["state"] = url
    with pytest.raises(ConfigError) as caught:
        config.load(str(site.configure()))
    (problem,) = caught.value.problems
    assert fault in problem.message
    assert problem.field == "state"
    assert SECRET not in str(caught.value)


def test_database_is_no_path_and_has_a_scratch_folder_of_its_own(tmp_path: Path) -> None:
    site = EditableSite(tmp_path / "site")
    scratch = set()
    for name in ("one", "two"):
        site.settings["state"] = f"postgresql://db.test/{name}"
        loaded = config.load(str(site.configure()))
        assert loaded.state == f"postgresql://db.test/{name}"
        assert Path(loaded.scratch).parent == site.folder / ".syndicate"
        scratch.add(loaded.scratch)
    assert len(scratch) == 2
    site.settings["state"] = "elsewhere"
    loaded = config.load(str(site.configure()))
    assert loaded.state == loaded.scratch == str(site.folder / "elsewhere")


def test_driver_is_imported_for_a_database_only(tmp_path: Path) -> None:
    site = EditableSite(tmp_path / "site")
    site.record("a.md")
    path = site.configure()
    code = f"""
import sys
from syndicate.cli import main
assert main(["publish", "-c", {str(path)!r}]) == 0
print([name for name in sys.modules if name.split(".")[0] in ("psycopg", "psycopg_pool", "psycopg_binary")
       or name.startswith("syndicate.store.postgres")])
"""
    done = subprocess.run(
        [sys.executable, "-c", code], env=clean_environment(), capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "[]"


def test_missing_driver_is_reported_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "psycopg.py").write_text("raise ImportError('no module')")
    site = EditableSite(tmp_path / "site")
    site.settings["state"] = "postgresql://db.test/news"
    done = subprocess.run(
        [sys.executable, "-m", "syndicate", "build", "-c", str(site.configure())],
        env={**clean_environment(), "PYTHONPATH": str(tmp_path)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "pip install 'syndicate-feeds[postgres]'" in done.stderr
    assert len(done.stderr.splitlines()) == 1
