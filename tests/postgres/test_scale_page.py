"""docs/scale.md: its statements and commands work as written, with the address of a server of this machine."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from support.editable_sites import EditableSite
from support.postgres_server import PostgresServer, programs
from support.sites import clean_environment

from syndicate.store import open_store
from syndicate.store.dump_rows import TableDigest, digests

pytestmark = pytest.mark.postgres

PAGE = (Path(__file__).parents[2] / "docs" / "scale.md").read_text(encoding="utf-8")
HOST = "syndicate@db.example.org"


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


def block(language: str, part: str) -> str:
    (found,) = [one for one in blocks(language) if part in one]
    return found


def contents(state: str) -> dict[str, TableDigest]:
    with closing(open_store(state)) as store, store.read() as snapshot:
        return digests(snapshot.dump())


def test_page_leads_from_a_folder_to_a_database_and_its_backup(server: PostgresServer, tmp_path: Path) -> None:
    site = EditableSite(tmp_path / "site")
    site.settings |= {"hubs": ["https://hub.example/"], "api": {"public": True}}
    for number in range(5):
        site.record(f"{number}.md", title=f"Title {number}")
    site.build()

    for statement in block("sql", "CREATE DATABASE").replace("CREATE ROLE syndicate", "CREATE ROLE author").split(";"):
        if statement.strip():
            server.execute(statement.replace("OWNER syndicate", "OWNER author"))

    def here(text: str) -> str:
        """Returns a text of the page with the address of the test's server and role."""
        return text.replace(f"postgresql://{HOST}/news", f"'postgresql:///news?host={server.folder}&user=author'")

    def run(script: str) -> None:
        folder = programs()
        assert folder is not None
        path = f"{Path(sys.executable).parent}:{folder}:{os.environ['PATH']}"
        environment = clean_environment({"PATH": path, "PGHOST": str(server.folder), "PGUSER": "author"})
        subprocess.run(["bash", "-euc", script], cwd=site.folder, env=environment, check=True, capture_output=True)

    run(here(block("sh", "state copy")))
    url = here(f"postgresql://{HOST}/news").strip("'")
    before = contents(url)
    assert before["entries"].rows == 5
    site.settings["state"] = url
    assert site.build().written == 0
    for statement in block("sql", "pg_stat_activity").split(";"):
        if statement.strip():
            run(f'psql --dbname=news --quiet --command "{statement}"')

    backup, restore = block("sh", "pg_dump").splitlines()
    run(backup)
    backed_up = contents(url)
    server.execute("CREATE DATABASE restored OWNER author TEMPLATE template0 ENCODING 'UTF8'")
    run(restore.replace("--dbname=news", "--dbname=restored"))
    assert contents(url.replace("///news", "///restored")) == backed_up
