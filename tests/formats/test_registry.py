"""Tests of the format registry: one line registers a format for the configuration, the lists and the HTML pages."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from support import toy_format
from support.records import SITE, entry_of, feed_of, prepared
from support.sites import CONFIG

from syndicate import config, formats
from syndicate.config.options import keys_of
from syndicate.errors import ConfigError
from syndicate.formats import catalog, opml
from syndicate.formats.html.page_data import FeedPageData
from syndicate.formats.html.pages import Pages
from syndicate.model import ArchiveLinks

ENTRY = entry_of({"title": "One", "publishedDateTime": "2026-01-31", "webUrl": "https://n.test/1"})
FEED = feed_of([ENTRY])


@pytest.fixture
def toy(monkeypatch: pytest.MonkeyPatch) -> Iterator[formats.Format]:
    """A registered format."""
    keys_of.cache_clear()
    monkeypatch.setattr(formats, "FEED_FORMATS", (*formats.FEED_FORMATS, toy_format.FORMAT))
    yield formats.get("toy")
    keys_of.cache_clear()


def test_formats_have_distinct_names_and_files() -> None:
    assert formats.names() == ("rss", "atom", "json")
    assert formats.file_names() == ("feed.rss", "feed.atom", "feed.json")
    documents = (*formats.FEED_FORMATS, formats.HTML_PAGE)
    assert len({each.file_name for each in documents}) == len({each.name for each in documents}) == len(documents)
    assert all(each.file_name == f"{formats.STEM}.{each.extension}" for each in formats.FEED_FORMATS)


@pytest.mark.parametrize("format_", formats.FEED_FORMATS, ids=formats.names())
def test_every_feed_format_has_a_renderer(format_: formats.Format) -> None:
    renderer = format_.load()
    fragment = renderer.render_entry(prepared(ENTRY))
    assert fragment
    assert fragment in renderer.render_document(FEED, SITE, [fragment])


def test_unknown_format_is_an_error() -> None:
    with pytest.raises(KeyError, match="xml"):
        formats.get("xml")


def test_page_of_a_feed_is_a_format() -> None:
    page = formats.get("html")
    assert (page.file_name, page.media_type) == ("index.html", "text/html")
    assert page.path("topics/ai") == "topics/ai/index.html"
    assert page.name not in formats.names()


def test_path_and_address_of_documents() -> None:
    atom = formats.get("atom")
    assert atom.path("topics/ai") == "topics/ai/feed.atom"
    assert atom.path("topics/ai", "2026-01") == "topics/ai/archive/2026-01/feed.atom"
    assert atom.url(SITE, "all", "2026-01") == "https://feeds.test/all/archive/2026-01/feed.atom"


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("all/feed.rss", True), ("topics/a/archive/2026-01/feed.json", True), ("feed.atom", True),
        ("all/index.html", False), ("catalog.json", False), ("all/feed.xml", False), ("all/my-feed.rss", False),
    ],
)  # fmt: skip
def test_file_names_of_feed_documents(path: str, expected: bool) -> None:  # noqa: FBT001 - a column
    assert formats.is_feed_document(path) is expected
    assert bool(re.fullmatch(formats.file_name_pattern(), path.rpartition("/")[2])) is expected


def test_media_types_of_all_documents() -> None:
    assert formats.media_types() == {
        "feed.rss": "application/rss+xml", "feed.atom": "application/atom+xml", "feed.json": "application/feed+json",
        "index.html": "text/html", "catalog.json": "application/json", "feeds.opml": "text/x-opml",
        "feeds.css": "text/css",
    }  # fmt: skip
    assert formats.get("rss").content_type == "application/rss+xml; charset=utf-8"
    assert formats.get("json").content_type == "application/feed+json"


def test_registry_imports_no_renderer() -> None:
    """A run that finds no changes must not wait for feedgen, lxml and Jinja2."""
    heavy = {"feedgen", "lxml", "jinja2", "orjson"}
    code = f"import sys, syndicate.formats as f; f.names(); f.media_types(); print({heavy!r} & sys.modules.keys())"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "set()"


# ------------------------------------------------------------------------------------------------- an additional format


def test_additional_format_renders_documents(toy: formats.Format) -> None:
    renderer = toy.load()
    fragment = renderer.render_entry(prepared(ENTRY))
    document = renderer.render_document(FEED, SITE, [fragment], ArchiveLinks("2026-01", prev_archive="2025-12"))
    assert document.decode() == (
        "Test Site\n"
        "https://feeds.test/all/archive/2026-01/feed.toy\n"
        "https://feeds.test/all/archive/2025-12/feed.toy\n"
        "- One <https://n.test/1>\n"
    )


@pytest.mark.usefixtures("toy")
def test_additional_format_can_be_configured(tmp_path: Path) -> None:
    (tmp_path / "corpus").mkdir()
    file = tmp_path / "config.yaml"
    file.write_text(f"{CONFIG}feeds: {{formats: [toy, json], opml: toy}}\n", encoding="utf-8")
    selection = config.load(str(file)).selection
    assert (selection.formats, selection.opml) == (("json", "toy"), "toy")
    file.write_text(f"{CONFIG}feeds: {{formats: [xml]}}\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="expected rss, atom, json or toy, got 'xml'"):
        config.load(str(file))


@pytest.mark.usefixtures("toy")
def test_additional_format_is_listed_and_linked() -> None:
    item = json.loads(catalog.render_item(FEED, SITE, ("rss", "toy")))
    assert item["toy"] == "https://feeds.test/all/feed.toy"
    assert opml.outline(item, "toy", SITE).feed_url == "https://feeds.test/all/feed.toy"
    page = Pages(SITE, ("rss", "toy")).render_feed_page(FEED, FeedPageData(()), []).decode()
    assert 'type="text/x-toy" title="Test Site (Toy)" href="https://feeds.test/all/feed.toy"' in page
    assert re.fullmatch(formats.file_name_pattern(), "feed.toy")
    assert formats.is_feed_document("all/feed.toy")
    assert formats.media_types()["feed.toy"] == "text/x-toy"
