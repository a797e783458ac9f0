"""A copy of a state, in either direction, holds everything, and goes on where the state was."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from support.editable_sites import EditableSite
from support.postgres_server import PostgresServer
from support.sites import clean_environment

from syndicate import config
from syndicate.api.cursor_key import cursor_key
from syndicate.errors import LockedError, StoreError, StoreMissingError
from syndicate.pipeline import build
from syndicate.store import open_store
from syndicate.store.copying import copy_state
from syndicate.store.dump_rows import TABLES, digests
from syndicate.store.outbox_repository import Outbox

pytestmark = pytest.mark.postgres

HUBS = ["https://one.example/", "https://two.example/"]
OFTEN_EMPTY = {"hubs", "problems", "attempts", "removed_documents"}


@pytest.fixture
def site(tmp_path: Path) -> EditableSite:
    """A site with something in nearly every table."""
    site = EditableSite(tmp_path / "site")
    site.settings |= {"hubs": HUBS, "api": {"public": True}, "pages": True}
    for number in range(8):
        site.record(f"{number}.md", title=f"Tïtle {number}", topics=["One", "Twø"], body="[next](1.md)")
    site.record("merged.md", webUrl="https://w.example/same", topics=["One"])
    site.record("merged-too.md", webUrl="https://w.example/same", topics=["Three"])
    site.write("broken.md", "---\ntitle: x\ndate: soon\n---\n")
    os.utime(site.folder / "corpus" / "broken.md", (1e9, 1e9))
    site.build()
    (site.folder / "corpus" / "3.md").unlink()
    site.build()
    cursor_key(str(site.state)).get()
    return site


def contents(state: str) -> dict[str, Any]:
    with closing(open_store(state)) as store, store.read() as snapshot:
        return digests(snapshot.dump())


def test_copy_there_and_back_is_equal(site: EditableSite, server: PostgresServer, tmp_path: Path) -> None:
    url, back = server.url(), str(tmp_path / "back")
    before = contents(str(site.state))
    assert {table for table in TABLES if not before[table].rows} <= OFTEN_EMPTY
    summary = copy_state(str(site.state), url)
    assert summary.total == sum(one.rows for one in before.values())
    assert summary.notes == ("cursor.key",)
    assert contents(url) == before
    copy_state(url, back)
    assert contents(back) == before
    key = tmp_path / "back" / "cursor.key"
    assert key.read_bytes() == (site.state / "cursor.key").read_bytes() == cursor_key(url).get()
    assert key.stat().st_mode & 0o077 == 0


def test_builds_and_searches_go_on_where_the_state_was(
    site: EditableSite, server: PostgresServer, tmp_path: Path
) -> None:
    url, before = server.url(), site.tree()
    copy_state(str(site.state), url)
    site.settings["state"] = url
    summary = site.build()
    assert (summary.written, summary.removed) == (0, 0)
    site.record("8.md", title="New", topics=["One"])
    site.build()
    on_postgres = site.tree()
    assert on_postgres != before
    back = str(tmp_path / "back")
    copy_state(url, back)
    site.settings["state"] = back
    summary = site.build()
    assert (summary.written, summary.removed) == (0, 0)


def test_target_that_holds_a_state_is_refused_and_left_alone(
    site: EditableSite, server: PostgresServer, tmp_path: Path
) -> None:
    other = EditableSite(tmp_path / "other")
    other.settings["state"] = server.url()
    other.record("a.md")
    other.build()
    for target in (str(other.settings["state"]), str(site.state)):
        before = contents(target)
        with pytest.raises(StoreError, match="holds a state already: name a place without one"):
            copy_state(str(site.state), target)
        assert contents(target) == before
    with pytest.raises(StoreMissingError):
        copy_state(server.url(), str(tmp_path / "new"))
    assert not (tmp_path / "new").exists()


def test_copy_waits_for_no_run_but_is_refused(site: EditableSite, server: PostgresServer) -> None:
    with closing(open_store(str(site.state))) as store, store.lock(), pytest.raises(LockedError):
        copy_state(str(site.state), server.url())


def test_attempts_go_on_after_a_copy(site: EditableSite, server: PostgresServer) -> None:
    from syndicate.delivery.session import run_transaction
    from syndicate.store.outbox_rows import AttemptRow

    def add(outbox: Outbox) -> None:
        outbox.add_attempts([AttemptRow(HUBS[0], "https://f.example/1", 1, 1.0, "delivered", 202, "", 0.1)])

    run_transaction(str(site.state), add)
    url = server.url()
    copy_state(str(site.state), url)
    run_transaction(url, add)
    assert contents(url)["attempts"].rows == 2


def test_command_prints_what_it_copied(site: EditableSite, server: PostgresServer) -> None:
    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "syndicate", "state", "copy", *arguments],
            env=clean_environment(), capture_output=True, text=True, check=False,
        )  # fmt: skip

    url, secret = server.url(), "hunter2"
    done = run(str(site.state), url, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["rows"]["entries"] == 8
    again = run(str(site.state), url)
    assert again.returncode == 1
    assert again.stderr == f"syndicate: {url}: holds a state already: name a place without one\n"
    refused = run(str(site.state), f"postgresql://me:{secret}@db.example/news")
    assert refused.returncode == 1
    assert "holds a password" in refused.stderr
    assert secret not in refused.stderr
    text = run(str(site.state), server.url()).stdout
    assert text.endswith("both states are equal\n")


def test_site_of_a_copy_is_built_as_the_site_is(site: EditableSite, server: PostgresServer, tmp_path: Path) -> None:
    url = server.url()
    copy_state(str(site.state), url)
    site.record("5.md", title="Changed", topics=["Four"])
    site.settings |= {"state": url, "output": str(tmp_path / "copied")}
    (tmp_path / "copied").mkdir()
    subprocess.run(["cp", "-a", f"{site.output}/.", str(tmp_path / "copied")], check=True)
    build(config.load(str(site.configure())), site.now)
    site.settings |= {"state": ".syndicate", "output": "feeds"}
    site.build()
    copied = {
        str(path.relative_to(tmp_path / "copied")): path.read_bytes()
        for path in (tmp_path / "copied").rglob("*") if path.is_file() and not path.name.startswith(".")
    }  # fmt: skip
    assert copied == {
        path: content for path, content in site.tree().items() if not path.rsplit("/")[-1].startswith(".")
    }
