"""`syndicate explain FILE`: where everything that feeds show of one file comes from."""

from __future__ import annotations

import json
from typing import Any

import pytest
from support.sites import SiteFolder

NOW = "2026-07-01T00:00:00Z"
TEXT = "---\ntitle: Titel\ndate: 2026-01-02\nSlug: own\ntags: [One, Two]\nheadline: x\n---\n# Text\n"


@pytest.fixture
def site(site_folder: SiteFolder) -> SiteFolder:
    (site_folder.corpus / "a.md").write_text(TEXT, encoding="utf-8")
    return site_folder


def explained(site: SiteFolder, name: str, text: str = TEXT) -> dict[str, Any]:
    (site.corpus / name).write_text(text, encoding="utf-8")
    found: dict[str, Any] = json.loads(site.run("explain", f"corpus/{name}", "--json", "--now", NOW).stdout)
    return found


def test_fields_come_with_their_keys_and_lines(site: SiteFolder) -> None:
    fields = explained(site, "a.md")["fields"]
    assert fields["title"] == {"value": "Titel", "from": "title (line 2)"}
    assert fields["published"] == {"value": "2026-01-02T00:00:00Z", "from": "date (line 3)"}
    assert fields["topics"] == {"value": "One, Two", "from": "tags (line 5)"}
    assert fields["url"] == {"value": "https://www.test/own/", "from": "rule of plain, with Slug (line 4)"}
    assert fields["id"]["from"] == "the path"


def test_feeds_and_visibility(site: SiteFolder) -> None:
    found = explained(site, "a.md")
    assert (found["visibility"], found["included"], found["kind"]) == ("shown", True, "plain")
    assert {"topics/One", "topics/Two"} <= set(found["feeds"])


@pytest.mark.parametrize(
    ("text", "visibility"),
    [
        (TEXT.replace("headline: x", "draft: true"), "hidden: draft (line 6): true"),
        (TEXT.replace("2026-01-02", "2026-08-01"), "hidden until 2026-08-01T00:00:00Z: date (line 3)"),
        (
            TEXT.replace("headline: x", "expires: 2026-02-01"),
            "hidden since 2026-02-01T00:00:00Z, when it expired: expires (line 6)",
        ),
        (TEXT.replace("date: 2026-01-02", "x: y"), "left out: see the problems"),
    ],
)
def test_hidden_file_says_why(site: SiteFolder, text: str, visibility: str) -> None:
    found = explained(site, "a.md", text)
    assert (found["visibility"], found["feeds"]) == (visibility, [])


def test_file_that_is_not_read_says_so(site: SiteFolder) -> None:
    assert not explained(site, "a.txt")["included"]


def test_text_is_readable(site: SiteFolder) -> None:
    lines = site.run("explain", "corpus/a.md", "--now", NOW).stdout.splitlines()
    assert lines[:2] == ["corpus/a.md: plain, corpus[0]", "  shown"]
    assert any(line.split() == ["title", "Titel", "[title", "(line", "2)]"] for line in lines)


def test_file_outside_the_corpus_and_broken_file_are_errors(site: SiteFolder) -> None:
    outside = site.run("explain", "config.yaml")
    assert outside.returncode == 1
    assert outside.stderr == "syndicate: config.yaml: in no folder of the corpus\n"
    (site.corpus / "b.md").write_text("---\ntitle: [\n---\n", encoding="utf-8")
    assert site.run("explain", "corpus/b.md").stdout.startswith("corpus/b.md:")
