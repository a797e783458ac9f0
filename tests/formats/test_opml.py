"""Tests of feeds.opml: feed readers import every feed of the catalogue from it, with titles and groups."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

import listparser
import pytest
from lxml import etree
from support.sites import CONFIG, ROOT, SiteFolder, record

from syndicate.formats import opml
from syndicate.formats.opml import Outline
from syndicate.model import Site

SITE = Site(title="Test Site", url="https://feeds.test/", authority="feeds.test,2026", home="https://www.test/")
HOSTILE = [
    'a "quoted" <b>title</b> & more', "]]>", "<!-- -->", "&amp;", "tab\there", "line\nend", "'", "日本", "🦆",
    "\u2028", "",
]  # fmt: skip


def outline(title: str, dimension: str = "topics", number: int = 0) -> Outline:
    return Outline(dimension, title, "", f"https://feeds.test/{dimension}/{number}/feed.rss", "https://www.test/")


def parsed(document: bytes) -> Any:
    found = listparser.parse(document.decode())
    assert not found["bozo"], found.get("bozo_exception")
    assert found["version"] == "opml2"
    return found


def elements(document: bytes) -> Any:
    return etree.fromstring(document)


def test_document_follows_the_specification() -> None:
    one = Outline("all", "Everything", "All & more", "https://feeds.test/all/feed.atom", "https://www.test/?a&b")
    assert (
        opml.render(SITE, [one, outline("A"), outline("B", "custom"), outline("C", "series")]).decode()
        == """\
<?xml version="1.0" encoding="UTF-8"?>
<opml version="2.0" xmlns:atom="http://www.w3.org/2005/Atom">
<head>
<atom:link rel="self" type="text/x-opml" href="https://feeds.test/feeds.opml"/>
<title>Test Site</title>
<ownerName>Test Site</ownerName>
<docs>http://opml.org/spec2.opml</docs>
</head>
<body>
<outline type="rss" text="Everything" title="Everything" description="All &amp; more" \
xmlUrl="https://feeds.test/all/feed.atom" htmlUrl="https://www.test/?a&amp;b"/>
<outline text="Topics">
<outline type="rss" text="A" title="A" xmlUrl="https://feeds.test/topics/0/feed.rss" htmlUrl="https://www.test/"/>
</outline>
<outline text="Custom feeds">
<outline type="rss" text="B" title="B" xmlUrl="https://feeds.test/custom/0/feed.rss" htmlUrl="https://www.test/"/>
</outline>
<outline text="Series">
<outline type="rss" text="C" title="C" xmlUrl="https://feeds.test/series/0/feed.rss" htmlUrl="https://www.test/"/>
</outline>
</body>
</opml>
"""
    )


def test_outline_of_a_feed_is_created_from_its_catalogue_item() -> None:
    item = {"dimension": "type", "title": "T", "rss": "https://r.test/", "json": "https://j.test/type/t/feed.json"}
    made = opml.outline(item, "json", SITE)
    assert made == Outline("type", "T", "", "https://j.test/type/t/feed.json", SITE.home)
    assert opml.outline(item | {"description": "D"}, "rss", SITE).description == "D"
    assert opml.outline(item, "json", SITE._replace(pages=True)).page_url == "https://j.test/type/t/"


def test_hostile_titles_are_parsed_unchanged() -> None:
    outlines = [outline(title, number=number) for number, title in enumerate(HOSTILE)]
    document = opml.render(SITE._replace(title='<&"'), [outlines[0]._replace(dimension='a"<b'), *outlines])
    root = elements(document)
    assert root.findtext("head/title") == '<&"'
    assert [each.get("title") for each in root.iterfind(".//outline[@xmlUrl]")] == [HOSTILE[0], *HOSTILE]
    assert root.find("body/outline").get("text") == 'A"<b'
    found = parsed(document)
    assert [feed["title"] for feed in found["feeds"]] == [title.strip() for title in HOSTILE]


def test_site_without_a_feed_has_an_empty_list() -> None:
    assert parsed(opml.render(SITE, []))["feeds"] == []


def test_thousands_of_feeds_are_written_quickly() -> None:
    outlines = [outline(f"Tópic & {number}", number=number) for number in range(3000)]
    started = time.process_time()
    document = opml.render(SITE, outlines)
    assert time.process_time() - started < 0.5  # 10 ms on an idle machine
    assert len(elements(document).findall(".//outline[@xmlUrl]")) == 3000
    assert len(parsed(document)["feeds"]) == 3000


# -------------------------------------------------------------------------------------------------- as it is built


def catalogued(folder: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((folder / "catalog.json").read_bytes())
    return found


def test_every_feed_of_the_sample_is_in_the_list_in_its_group() -> None:
    catalog = catalogued(ROOT / "feeds")
    found = parsed((ROOT / "feeds" / "feeds.opml").read_bytes())
    groups = {"topics": [["Topics"]], "provider": [["Providers"]], "custom": [["Custom feeds"]], "all": []}
    assert [(feed["url"], feed["title"], feed["categories"]) for feed in found["feeds"]] == [
        (feed["rss"], feed["title"], groups[feed["dimension"]]) for feed in catalog
    ]
    assert len(catalog) > 30
    assert found["meta"]["title"] == "Field Notes on Open Science and Software"
    root = elements((ROOT / "feeds" / "feeds.opml").read_bytes())
    assert {each.get("type") for each in root.iterfind(".//outline[@xmlUrl]")} == {"rss"}
    for each in root.iterfind(".//outline[@xmlUrl]"):
        assert each.get("htmlUrl") == each.get("xmlUrl", "").removesuffix("feed.rss")


def newsboat(folder: Path, document: Path) -> list[str]:
    """Imports a list into newsboat and returns the lines of its `urls` file."""
    program = shutil.which("newsboat")
    if program is None:
        pytest.skip("newsboat is not installed")
    for name in ("config", "urls"):
        (folder / name).touch()
    command = [program, "-C", "config", "-u", "urls", "-c", "cache.db", "-i", str(document)]
    done = subprocess.run(
        command, cwd=folder, env={"HOME": str(folder), "LANG": "C.UTF-8"}, capture_output=True, encoding="utf-8",
        timeout=60, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert "finished" in done.stdout
    return (folder / "urls").read_text(encoding="utf-8").splitlines()


def test_newsboat_imports_every_feed_under_its_group(tmp_path: Path) -> None:
    labels = {"topics": ' "Topics"', "provider": ' "Providers"', "custom": ' "Custom feeds"', "all": ""}
    expected = [feed["rss"] + labels[feed["dimension"]] for feed in catalogued(ROOT / "feeds")]
    assert newsboat(tmp_path, ROOT / "feeds" / "feeds.opml") == expected


@pytest.mark.parametrize("name", ["rss", "atom", "json"])
def test_newsboat_imports_every_format(name: str, site_folder: SiteFolder, tmp_path: Path) -> None:
    site_folder.configure(f"{CONFIG}feeds: {{opml: {name}}}\n")
    site_folder.put("a.md", record("A", "topics: [One, 'A & \"B\"']"))
    site_folder.build()
    urls = [line.partition(" ")[0] for line in newsboat(tmp_path, site_folder.output / "feeds.opml")]
    assert urls == [feed[name] for feed in catalogued(site_folder.output)]
    assert len(urls) == 3


def test_missing_or_modified_list_is_written_again(site_folder: SiteFolder) -> None:
    site_folder.put("a.md", record("A", "topics: [One]"))
    site_folder.build()
    document = site_folder.output / "feeds.opml"
    whole = document.read_bytes()
    document.unlink()
    assert site_folder.build().written == 1
    assert document.read_bytes() == whole
    document.write_bytes(b"other")
    assert site_folder.build().written == 1
    assert document.read_bytes() == whole
    assert site_folder.build().written == 0


def test_list_is_removed_when_disabled_and_written_when_enabled(site_folder: SiteFolder) -> None:
    site_folder.put("a.md", record("A", "topics: [One]"))
    site_folder.build()
    site_folder.configure(f"{CONFIG}feeds: {{opml: none}}\n")
    summary = site_folder.build()
    assert (summary.written, summary.removed) == (4, 1)  # the pages no longer link to it
    assert not (site_folder.output / "feeds.opml").exists()
    assert site_folder.build().removed == 0
    site_folder.configure(f"{CONFIG}feeds: {{opml: json}}\n")
    assert site_folder.build().written == 5
    assert b"/all/feed.json" in (site_folder.output / "feeds.opml").read_bytes()


def test_list_of_the_site_is_removed_without_state_and_a_foreign_list_is_not(site_folder: SiteFolder) -> None:
    site_folder.put("a.md", record("A"))
    site_folder.build()
    shutil.rmtree(site_folder.folder / ".syndicate")
    site_folder.configure(f"{CONFIG}feeds: {{opml: none}}\n")
    assert site_folder.build().removed == 1
    (site_folder.output / "feeds.opml").write_bytes(opml.render(SITE._replace(url="https://other.test/"), []))
    shutil.rmtree(site_folder.folder / ".syndicate")
    assert site_folder.build().removed == 0


def test_changed_site_title_updates_the_list_without_any_feed(site_folder: SiteFolder) -> None:
    site_folder.configure(f"{CONFIG}feeds: {{all: no}}\n")
    site_folder.build()
    site_folder.configure(f"{CONFIG}feeds: {{all: no}}\n".replace("Test Site", "Another"))
    assert site_folder.build().written == 3  # and the lists of feeds as pages
    assert b"<title>Another</title>" in (site_folder.output / "feeds.opml").read_bytes()
