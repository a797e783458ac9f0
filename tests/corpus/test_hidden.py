"""The reason why a file is hidden is found, with its position."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from support.fields import context_with

from syndicate.config import Source
from syndicate.corpus.hidden import find_hidden

NOW = int(datetime(2026, 6, 1, tzinfo=UTC).timestamp())
HEAD = "---\ntitle: T\ndate: 2026-01-01\n"

HIDDEN = [
    ("draft", "a.md", f"{HEAD}draft: yes\n---\n", "4:8: draft: yes"),
    ("status", "a.md", f"{HEAD}Status: scheduled\n---\n", "4:9: status: scheduled"),
    ("in another spelling", "a.md", f"{HEAD}is_draft: true\n---\n", "4:11: isDraft: true"),
    ("nested", "a.md", f"{HEAD}build:\n  list: never\n---\n", "5:9: build.list: never"),
    ("password", "a.md", f"{HEAD}password: s3cret\n---\n", "4:11: password: a password is stated"),
    ("twice", "a.md", f"{HEAD}draft: no\nDraft: no\n---\n",
     "5:1: front matter: repeated key 'Draft': the entry is hidden"),
    ("date not understood", "2020-01-01-a.md", "---\ntitle: T\ndate: next year\n---\n",
     "3:7: date: expected a date, got 'next year' (not a complete date)"),
    ("not understood", "a.md", f"{HEAD}hidden: maybe\n---\n", "4:9: hidden: expected true or false, got 'maybe'"),
    ("expired", "a.md", f"{HEAD}expires: 2026-03-01\nexpiry_date: 2026-02-01\n---\n",
     "5:14: expiryDate: 2026-02-01T00:00:00Z is in the past"),
    ("expiry not understood", "a.md", f"{HEAD}expires: never\n---\n",
     "4:10: expires: expected a date, got 'never' (not a complete date)"),
    ("future", "a.md", "---\ntitle: T\ndate: 2026-06-01T00:00:01Z\n---\n",
     "3:7: date: 2026-06-01T00:00:01Z is in the future"),
    ("withheld", "a.md", f"{HEAD}publishDate: 2027-01-01\n---\n",
     "4:14: publishDate: 2027-01-01T00:00:00Z is in the future"),
    ("future by name", "2027-01-01-a.md", "---\ntitle: T\n---\n", "1:1: path: 2027-01-01T00:00:00Z is in the future"),
    ("event", "a.md", "---\ntitle: T\nstartDateTime: 2027-01-01\n---\n",
     "3:16: startDateTime: 2027-01-01T00:00:00Z is in the future"),
    ("drafts", "_drafts/a.md", f"{HEAD}---\n", "1:1: path: in a folder of drafts"),
    ("toml", "a.md", "+++\ntitle = 'T'\ndate = 2026-01-01\nrender = false\n+++\n", "4:10: render: false"),
    ("pelican", "a.md", "Title: T\nDate: 2026-01-01\nStatus: skip\n\nText", "3:9: status: skip"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "text", "expected"), [row[1:] for row in HIDDEN], ids=[row[0] for row in HIDDEN])
def test_hidden_file_is_named_with_the_key_that_hides_it(name: str, text: str, expected: str, tmp_path: Path) -> None:
    assert str(find(tmp_path, name, text)) == f"corpus/{name}:{expected}"


@pytest.mark.parametrize(
    "text",
    [
        f"{HEAD}---\n",
        f"{HEAD}draft: no\nexpires: 2027-01-01\n---\n",
        "---\ntitle: T\n---\n",  # a problem: no date
        "---\ntitle: [\n---\n",
    ],
)
def test_file_that_is_shown_or_faulty_is_not_hidden(text: str, tmp_path: Path) -> None:
    assert find(tmp_path, "a.md", text) is None


def test_dates_are_in_the_zone_of_the_source(tmp_path: Path) -> None:
    text = "---\ntitle: T\ndate: 2026-06-01\n---\n"
    assert find(tmp_path, "a.md", text, "Asia/Tokyo") is None
    assert find(tmp_path, "a.md", text, "America/New_York") is not None


def test_key_that_the_configuration_names_is_the_reason(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text(f"{HEAD}meta:\n  internal: yes\n---\n")
    context = context_with(aliases={"hidden": ("meta.internal",)})
    found = find_hidden(Source(path="corpus", root=str(tmp_path)), b"a.md", context, NOW)
    assert str(found) == "corpus/a.md:5:13: meta.internal: yes"


def find(folder: Path, name: str, text: str, zone: str = "UTC") -> object:
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_text(text)
    source = Source(path="corpus", root=str(folder))
    return find_hidden(source, os.fsencode(name), context_with(timezone=ZoneInfo(zone)), NOW)
