"""A build that would take away too much of what was published changes nothing, whatever the mistake was."""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from support.editable_sites import EditableSite
from support.sites import run

from syndicate import config
from syndicate.errors import ShrinkError
from syndicate.pipeline import check

ADVICE = "nothing was changed; 'syndicate build --allow-shrink' publishes it"
RECORDS = 7


@pytest.fixture
def site(editable_site: EditableSite) -> EditableSite:
    """Seven entries of a topic and a second source with three, published, with a hub and the partner API."""
    for number in range(RECORDS):
        editable_site.record(f"{number}.md", title=f"Story {number}", date=f"2026-01-0{number + 1}", quality=50)
    (editable_site.folder / "blog").mkdir()
    for number in range(3):
        path = editable_site.record(f"b{number}.md", title=f"Post {number}", topics=["Two"], quality=50)
        path.rename(editable_site.folder / "blog" / path.name)
    editable_site.settings |= {
        "corpus": [{"path": "corpus"}, {"path": "blog"}],
        "hubs": ["https://hub.example/"],
        "api": {"public": True},
    }
    editable_site.build()
    return editable_site


def rows(site: EditableSite) -> dict[str, list[Any]]:
    """Everything that the index holds."""
    with closing(sqlite3.connect(site.state / "index.db")) as sql:
        tables = [row[0] for row in sql.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {table: sql.execute(f"SELECT * FROM {table}").fetchall() for table in tables}


def records(site: EditableSite) -> Iterator[Path]:
    yield from sorted((site.folder / "corpus").glob("*.md"))


def replace_in_all(site: EditableSite, old: str, new: str) -> None:
    for path in records(site):
        path.write_text(path.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")


def delete_five(site: EditableSite) -> None:
    for number in range(5):
        (site.folder / "corpus" / f"{number}.md").unlink()
    (site.folder / "blog" / "b0.md").unlink()


def empty_the_corpus(site: EditableSite) -> None:
    for path in records(site):
        path.unlink()


def empty_the_second_source(site: EditableSite) -> None:
    for path in (site.folder / "blog").iterdir():
        path.unlink()


def replace_the_corpus_by_an_empty_folder(site: EditableSite) -> None:
    shutil.rmtree(site.folder / "corpus")
    (site.folder / "corpus").mkdir()


def move_the_records_to_a_folder(site: EditableSite) -> None:
    (site.folder / "corpus" / "news").mkdir()
    for path in records(site):
        path.rename(path.parent / "news" / path.name)


def misplace_the_clock(site: EditableSite) -> None:
    site.now -= timedelta(days=56 * 365)


def set_source(number: int, **values: Any) -> Callable[[EditableSite], None]:
    return lambda site: site.settings["corpus"][number].update(values)


def set_feeds(**values: Any) -> Callable[[EditableSite], None]:
    return lambda site: site.settings["feeds"].update(values)


MATCHED = "it matched 7 last time"
ALL = "corpus[0]: all 7 published entries of 'corpus' would be withdrawn"
MISTAKES: dict[str, tuple[Callable[[EditableSite], None], str]] = {
    "include that matches nothing": (
        set_source(0, include=["**/*.mdx"]),
        f"corpus[0]: include matches no file under 'corpus' ({MATCHED}): {ADVICE}",
    ),
    "exclude that matches everything": (
        set_source(0, exclude=["**"]),
        f"corpus[0]: include matches no file under 'corpus' ({MATCHED}): {ADVICE}",
    ),
    "emptied folder": (empty_the_corpus, f"corpus[0]: include matches no file under 'corpus' ({MATCHED}): {ADVICE}"),
    "folder in place of a mounted drive": (
        replace_the_corpus_by_an_empty_folder,
        f"corpus[0]: include matches no file under 'corpus' ({MATCHED}): {ADVICE}",
    ),
    "second source of less than half": (
        empty_the_second_source,
        f"corpus[1]: include matches no file under 'blog' (it matched 3 last time): {ADVICE}",
    ),
    "most files deleted": (
        delete_five,
        "guard.max_loss: 6 of 10 published entries would be withdrawn, more than 50%: 6 of files that are gone: "
        + ADVICE,
    ),
    "dates that do not parse": (
        lambda site: replace_in_all(site, "date: '2026-", "date: 'x-"),
        f"{ALL}: 7 of files with errors: {ADVICE}",
    ),
    "metadata that do not parse": (
        lambda site: replace_in_all(site, "title: ", "title: a: "),
        f"{ALL}: 7 of files with errors: {ADVICE}",
    ),
    "hidden everywhere": (
        lambda site: replace_in_all(site, "title: ", "published: false\ntitle: "),
        f"{ALL}: 7 hidden: {ADVICE}",
    ),
    "expiry in the past everywhere": (
        lambda site: replace_in_all(site, "title: ", "expiryDate: 2026-02-01\ntitle: "),
        f"{ALL}: 7 of a time that has not come or is over: {ADVICE}",
    ),
    "one address everywhere": (
        lambda site: replace_in_all(site, "title: ", "webUrl: https://w.example/x\ntitle: "),
        "guard.max_loss: 6 of 10 published entries would be withdrawn, more than 50%: 6 merged with others: " + ADVICE,
    ),
    "filter that nothing meets": (
        set_feeds(where={"min_quality": 51}),
        f"{ALL}: 7 of another id, or in no feed: {ADVICE}",
    ),
    "records moved to a folder": (
        move_the_records_to_a_folder,
        "guard.max_loss: 7 of 10 published entries would be withdrawn, more than 50%: 7 of files that are gone: "
        + ADVICE,
    ),
    "clock of another century": (
        misplace_the_clock,
        f"{ALL}: 7 of a time that has not come or is over: {ADVICE}",
    ),
}


@pytest.mark.parametrize("how", ["incremental", "full", "another renderer"])
@pytest.mark.parametrize("mistake", MISTAKES)
def test_mistake_of_an_operator_changes_nothing_that_subscribers_see(
    mistake: str, how: str, site: EditableSite
) -> None:
    if how == "another renderer":
        with closing(sqlite3.connect(site.state / "index.db")) as sql:
            sql.execute("UPDATE run_state SET value = x'00' WHERE name = 'parsing'")
            sql.commit()
    make, message = MISTAKES[mistake]
    make(site)
    tree, index = site.tree(), rows(site)
    with pytest.raises(ShrinkError) as refused:
        site.build(full=how == "full", allow_shrink=False)
    assert refused.value.lines[0] == message
    assert site.tree() == tree
    assert rows(site) == index
    assert not (site.state / "unfinished").exists()
    with pytest.raises(ShrinkError):  # and once more, for as long as the mistake lasts
        site.build(allow_shrink=False)
    site.build(full=how == "full", allow_shrink=True)
    assert len(json.loads(site.tree()["all/feed.json"])["_syndicate"]["deleted"]) >= 3


@pytest.mark.parametrize("mistake", MISTAKES)
def test_check_says_beforehand_what_a_build_refuses(mistake: str, site: EditableSite) -> None:
    make, message = MISTAKES[mistake]
    make(site)
    index = rows(site)
    summary = check(config.load(str(site.configure())), site.now)
    refused = {each.field: each for each in summary.problems if "--allow-shrink" in each.message}
    field, _, found = message.removesuffix(ADVICE).partition(": ")
    assert refused[field].message.startswith(found)
    assert refused[field].path.endswith("config.yaml")
    assert refused[field].severity == "error"
    assert rows(site) == index


@pytest.mark.parametrize("mistake", ["emptied folder", "most files deleted", "filter that nothing meets"])
def test_mistake_that_is_mended_leaves_no_trace(mistake: str, site: EditableSite) -> None:
    shutil.copytree(site.folder / "corpus", site.folder / "copy")
    shutil.copytree(site.folder / "blog", site.folder / "blog copy")
    tree = site.tree()
    MISTAKES[mistake][0](site)
    with pytest.raises(ShrinkError):
        site.build(allow_shrink=False)
    for name, copy in (("corpus", "copy"), ("blog", "blog copy")):
        shutil.rmtree(site.folder / name)
        (site.folder / copy).rename(site.folder / name)
    site.settings["feeds"].pop("where", None)
    summary = site.build(allow_shrink=False)
    assert (summary.written, summary.removed) == (0, 0)
    assert site.tree() == tree


def test_index_of_another_version_is_compared_too(site: EditableSite) -> None:
    with closing(sqlite3.connect(site.state / "index.db")) as sql:
        sql.execute("PRAGMA user_version = 8")
    tree = site.tree()
    empty_the_corpus(site)
    for _ in range(2):
        with pytest.raises(ShrinkError, match=r"corpus\[0\]: include matches no file under 'corpus': nothing was"):
            site.build(allow_shrink=False)
    assert site.tree() == tree
    site.build(allow_shrink=True)
    assert len(json.loads(site.tree()["all/feed.json"])["_syndicate"]["deleted"]) == RECORDS


@pytest.mark.parametrize(
    ("entries", "deleted", "max_loss", "is_refused"),
    [
        (4, 2, "50%", False),
        (5, 3, "50%", True),
        (3, 2, "50%", True),
        (2, 2, "50%", False),
        (2, 1, "0%", False),
        (4, 1, "0%", True),
        (4, 4, "100%", False),
        (8, 3, "37.5%", False),
        (8, 3, "37.4 %", True),
    ],
)
def test_share_that_one_build_may_take_away(
    entries: int, deleted: int, max_loss: str, *, is_refused: bool, editable_site: EditableSite
) -> None:
    editable_site.settings["guard"] = {"max_loss": max_loss}
    for number in range(entries):
        editable_site.record(f"{number}.md")
    editable_site.build()
    for number in range(deleted):
        (editable_site.folder / "corpus" / f"{number}.md").unlink()
    editable_site.record("new.md")  # what is new makes up for nothing
    if is_refused:
        with pytest.raises(ShrinkError, match=f"{deleted} of {entries} published entries"):
            editable_site.build(allow_shrink=False)
    else:
        assert editable_site.build(allow_shrink=False).entries == entries - deleted + 1


def test_entries_that_expire_as_they_stated_are_not_lost(editable_site: EditableSite) -> None:
    for number in range(5):
        editable_site.record(f"{number}.md", expiryDate="2026-06-30", topics=["Offers"])
    editable_site.build()
    editable_site.now += timedelta(days=60)
    assert editable_site.build(full=True, allow_shrink=False).entries == 0
    editable_site.now -= timedelta(days=60)
    editable_site.build()
    editable_site.now += timedelta(days=60)
    assert editable_site.build(allow_shrink=False).entries == 0


def test_record_with_a_stated_id_may_move(editable_site: EditableSite) -> None:
    for number in range(5):
        editable_site.record(f"{number}.md", id=f"https://w.example/{number}")
    editable_site.build()
    move_the_records_to_a_folder(editable_site)
    assert editable_site.build(allow_shrink=False).entries == 5


def test_site_whose_state_is_lost_has_nothing_to_compare(site: EditableSite) -> None:
    shutil.rmtree(site.state)
    empty_the_corpus(site)
    assert site.build(allow_shrink=False).entries == 3


def test_source_that_leaves_the_configuration_is_no_mistake(site: EditableSite) -> None:
    del site.settings["corpus"][1]
    assert site.build(allow_shrink=False).entries == RECORDS


# -------------------------------------------------------------------------------------------------------- command line


def test_refused_build_exits_with_1_and_says_it_in_json(site: EditableSite) -> None:
    empty_the_corpus(site)
    tree = site.tree()
    done = run("build", "--json", "--now", "2026-06-01", cwd=site.folder)
    assert done.returncode == 1
    line = f"corpus[0]: include matches no file under 'corpus' ({MATCHED}): {ADVICE}"
    assert done.stderr == f"syndicate: {line}\n"
    assert json.loads(done.stdout) == {"refused": [line], "published": 10, "lost": 7}
    assert site.tree() == tree
    done = run("build", "--json", "--allow-shrink", "--now", "2026-06-01", cwd=site.folder)
    assert (done.returncode, json.loads(done.stdout)["entries"]) == (0, 3)


def test_refused_publish_still_sends_the_pings_of_the_build_before(site: EditableSite) -> None:
    site.settings["hubs"] = ["http://127.0.0.1:9/"]  # nobody listens
    site.settings["push"] = {"verify": False}
    site.build()
    empty_the_corpus(site)
    done = run("publish", "--json", "--now", "2026-06-01", cwd=site.folder)
    assert (done.returncode, done.stderr.count("--allow-shrink")) == (1, 1)
    report = json.loads(done.stdout)
    assert report["build"]["lost"] == 7
    assert report["push"]["retrying"] > 0
    assert run("publish", "--allow-shrink", "--now", "2026-06-01", cwd=site.folder).returncode == 0


def test_drive_that_is_not_mounted_changes_nothing(editable_site: EditableSite) -> None:
    folder = editable_site.folder / "corpus"
    mounted = subprocess.run(["mount", "-t", "tmpfs", "none", str(folder)], capture_output=True, check=False)
    if mounted.returncode:
        pytest.skip(f"a tmpfs cannot be mounted here: {mounted.stderr.decode().strip()}")
    try:
        for number in range(5):
            editable_site.record(f"{number}.md")
        editable_site.build()
    finally:
        subprocess.run(["umount", str(folder)], check=True)
    tree = editable_site.tree()
    with pytest.raises(ShrinkError, match=r"include matches no file under 'corpus' \(it matched 5 last time\)"):
        editable_site.build(allow_shrink=False)
    assert editable_site.tree() == tree
