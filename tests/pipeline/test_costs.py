"""The cost of a run depends on the changes: counts of files read, entries rendered and documents written."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import time
from datetime import timedelta

import pytest
from support.editable_sites import EditableSite
from support.sites import clean_environment


@pytest.fixture
def site(editable_site: EditableSite) -> EditableSite:
    for number in range(8):
        topic = "Even" if number % 2 == 0 else "Odd"
        related = [{"title": f"R{n}", "webUrl": f"https://r.example/{n}"} for n in range(3)]
        editable_site.record(
            f"{number}.md", date=f"2026-01-0{number + 1}", topics=[topic], related=related, quality=number
        )
    editable_site.settings["feeds"] = {"limit": 3, "by": ["topics"], "archive": "none"}
    editable_site.build()
    _backdate(editable_site)
    editable_site.build()
    return editable_site


def _backdate(editable_site: EditableSite) -> None:
    """Make the files older than the clock's tick, so that their times alone are trusted."""
    past = time.time() - 60
    for path in (editable_site.folder / "corpus").iterdir():
        os.utime(path, (past, past))
    editable_site.build()


def test_only_entries_that_a_feed_shows_are_rendered(editable_site: EditableSite) -> None:
    for number in range(8):
        editable_site.record(f"2026-01-0{number + 1}.md", date=f"2026-01-0{number + 1}")
    summary = editable_site.build()
    assert (summary.entries, summary.feeds) == (8, 2)
    rows = sqlite3.connect(editable_site.state / "index.db").execute("SELECT COUNT(*) FROM rendered").fetchone()
    # Eight in one pass, as none is known to be too old before the pass is over; never one twice.
    assert rows[0] <= 8
    assert editable_site.stages["rendering"] == 0


def test_run_without_changes_reads_renders_and_writes_nothing(site: EditableSite) -> None:
    summary = site.build()
    assert (summary.written, summary.removed, summary.unchanged) == (0, 0, 11)
    assert not site.stages


def test_run_without_changes_imports_nothing_that_renders(site: EditableSite) -> None:
    """Importing takes half of the time of such a run."""
    slow = ("dataclasses", "feedgen", "jinja2", "lxml", "markdown_it", "orjson", "zstandard")
    code = f"""
import sys
from syndicate.cli import main
assert main(["build", "-c", {str(site.configure())!r}]) == 0
print([name for name in {slow!r} if name in sys.modules])
"""
    done = subprocess.run(
        [sys.executable, "-c", code], env=clean_environment(), capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "[]"


def test_one_edit_reads_one_file_and_writes_its_feeds_alone(site: EditableSite) -> None:
    site.record("7.md", title="New words", date="2026-01-08", topics=["Odd"])
    summary = site.build()
    assert site.stages["reading"] == 1
    assert site.stages["rendering"] == 1
    assert summary.written == 6  # all and Odd, in three formats; the catalogue says the same as before


def test_edit_of_an_entry_that_no_feed_shows_renders_and_writes_nothing(site: EditableSite) -> None:
    site.record("0.md", title="New words", date="2026-01-01", topics=["Even"])
    summary = site.build()
    assert site.stages["reading"] == 1
    assert site.stages["rendering"] == 0
    assert summary.written == 0


@pytest.mark.parametrize("key", ["secured", "heat", "quality", "unknown"])
def test_change_of_a_key_that_no_feed_shows_writes_nothing(site: EditableSite, key: str) -> None:
    path = site.folder / "corpus" / "7.md"
    path.write_text(path.read_text(encoding="utf-8").replace("---\n", f"---\n{key}: 77\n", 1), encoding="utf-8")
    summary = site.build()
    assert site.stages["reading"] == 1
    assert (summary.written, summary.removed, site.stages["rendering"], site.stages["writing"]) == (0, 0, 0, 0)


def test_touched_files_are_read_but_not_parsed_or_rendered(site: EditableSite) -> None:
    _backdate(site)
    before = (site.folder / "corpus" / "3.md").stat()
    os.utime(site.folder / "corpus" / "3.md", (before.st_atime, before.st_mtime + 7))
    summary = site.build()
    assert site.stages == {"reading": 1}
    assert summary.written == 0


def test_deleted_entry_is_replaced_by_the_next_one(site: EditableSite) -> None:
    (site.folder / "corpus" / "7.md").unlink()
    summary = site.build()
    assert site.stages["reading"] == 0
    assert summary.written == 7  # with the catalogue, which counts
    assert b"<title>1.md</title>" in (site.output / "topics/odd/feed.rss").read_bytes()


@pytest.mark.parametrize(
    ("section", "key", "value", "rendered", "written"),
    [
        ("site", "title", "Another", 0, 11),
        ("feeds", "limit", 2, 0, 9),
        ("feeds", "formats", ["rss", "atom"], 0, 1),
        ("feeds", "opml", "atom", 0, 1),
        ("feeds", "opml", "none", 0, 0),
        ("feeds", "include_children", True, 0, 0),
        ("feeds", "by", ["topics", "category"], 0, 0),
        ("feeds", "where", {"min_quality": 7}, 0, 11),
    ],
)
def test_changed_configuration_writes_the_feeds_that_it_affects(
    site: EditableSite, section: str, key: str, value: object, rendered: int, written: int
) -> None:
    site.settings[section][key] = value
    summary = site.build()
    assert site.stages["reading"] == 0
    assert (site.stages["rendering"], summary.written) == (rendered, written)


def test_changed_polling_examines_no_feed(site: EditableSite) -> None:
    site.settings["worker"] = {"poll": True}
    assert site.build().written == 0
    assert not site.stages


def test_changed_number_of_related_stories_renders_the_entries_again(site: EditableSite) -> None:
    site.settings["feeds"]["related"] = 1
    summary = site.build()
    assert site.stages["reading"] == 8
    assert summary.written == 9
    assert b"R1" not in (site.output / "all/feed.atom").read_bytes()


def test_entry_becomes_visible_in_the_first_run_after_its_date(site: EditableSite) -> None:
    site.record("later.md", title="Later", date="2026-06-02T12:00:00Z", topics=["Odd"])
    assert site.build().written == 0
    _backdate(site)
    site.now += timedelta(days=1, hours=12)
    summary = site.build()
    assert site.stages["reading"] == 0
    assert summary.written == 7
    assert b"Later" in (site.output / "topics/odd/feed.json").read_bytes()


def test_expired_entry_disappears_in_the_first_run_after_its_last_day(site: EditableSite) -> None:
    site.record("7.md", title="Offer", date="2026-01-08", topics=["Odd"], expiryDate="2026-06-02")
    site.build()
    assert b"Offer" in (site.output / "topics/odd/feed.json").read_bytes()
    site.now += timedelta(days=1)
    site.build()
    assert b"Offer" not in (site.output / "topics/odd/feed.json").read_bytes()


def test_altered_or_removed_document_is_written_again(site: EditableSite) -> None:
    whole = site.tree()
    (site.output / "all/feed.rss").write_bytes(b"other")
    (site.output / "topics/odd/feed.json").unlink()
    (site.output / "catalog.json").unlink()
    summary = site.build()
    assert summary.written == 3
    assert site.tree() == whole
    assert site.stages["rendering"] == 0


def test_full_build_does_not_touch_unchanged_documents(site: EditableSite) -> None:
    before = {path: path.stat().st_mtime_ns for path in site.output.rglob("feed.*")}
    summary = site.build(full=True)
    assert site.stages["reading"] == 8
    assert summary.written == 0
    assert {path: path.stat().st_mtime_ns for path in site.output.rglob("feed.*")} == before


def test_file_rewritten_within_the_tick_of_the_scan_is_read_again(site: EditableSite) -> None:
    path = site.record("7.md", title="First words", date="2026-01-08", topics=["Odd"])
    site.build()
    path.write_text(path.read_text(encoding="utf-8").replace("First", "Other"), encoding="utf-8")
    _forge(site, path.name)
    site.build()
    assert b"Other words" in (site.output / "all/feed.rss").read_bytes()


def _forge(editable_site: EditableSite, name: str) -> None:
    """Store the present size and times of the file as those of the last scan."""
    status = (editable_site.folder / "corpus" / name).stat()
    connection = sqlite3.connect(editable_site.state / "index.db")
    connection.execute(
        "UPDATE files SET size_bytes = ?, mtime_ns = ?, ctime_ns = ? WHERE name = ?",
        (status.st_size, status.st_mtime_ns, status.st_ctime_ns, name.encode()),
    )
    connection.execute("UPDATE run_state SET value = ? WHERE name = 'scanned_ns'", (status.st_mtime_ns,))
    connection.commit()
    connection.close()


def test_file_scanned_long_after_it_was_written_is_not_read_again(site: EditableSite) -> None:
    """The counterpart of the test above: proves that it can fail."""
    site.record("7.md", title="First words", date="2026-01-08", topics=["Odd"])
    site.build()
    _backdate(site)
    site.build()
    assert site.stages["reading"] == 0


def test_new_version_of_a_renderer_renders_all_entries_again(site: EditableSite) -> None:
    connection = sqlite3.connect(site.state / "index.db")
    connection.execute(
        "UPDATE run_state SET value = x'00' WHERE name IN ('parsing', 'documents')"
    )  # as another code's mark
    connection.commit()
    connection.close()
    summary = site.build()
    assert site.stages["reading"] == 8
    assert summary.written == 0


def test_problem_is_new_in_one_run_only(site: EditableSite) -> None:
    site.write("bad.md", "---\ntitle: a: b\n---\n")
    (site.folder / "corpus" / "away.md").symlink_to("/etc/hostname")
    first = site.build()
    assert len(first.problems) == len(first.new_problems) == 2
    again = site.build()
    assert again.problems == first.problems
    assert again.new_problems == ()
    site.write("bad.md", "---\ntitle: other: b\n---\n")
    assert [problem.line for problem in site.build().new_problems] == [2]
