"""Builds sites with HTML pages, serves them, and locates the tools that check them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, NamedTuple

from support.records import SITE, entry_of, feed_of, prepared
from support.sites import NOW, ROOT

from syndicate import config
from syndicate.formats import HTML_PAGE
from syndicate.formats import names as format_names
from syndicate.formats.html.page_data import FeedGroup, FeedPageData, ListedEntries
from syndicate.formats.html.pages import Pages
from syndicate.formats.html.snippet import render_snippet
from syndicate.model import Entry, Feed
from syndicate.pipeline import build


class Tools(NamedTuple):
    """The tools that `make test-pages` installs: a folder with `node_modules` and `.venv`, and a browser."""

    folder: Path
    chromium: str

    @property
    def axe(self) -> Path:
        return self.folder / "node_modules" / "axe-core" / "axe.min.js"

    @property
    def html_checker(self) -> Path:
        return self.folder / "node_modules" / "vnu-jar" / "build" / "dist" / "vnu.jar"

    @property
    def python(self) -> Path:
        return self.folder / ".venv" / "bin" / "python"


class _Handler(SimpleHTTPRequestHandler):
    # Browsers display the source of RSS and Atom under their own media types; hosts may serve them as XML.
    extensions_map = SimpleHTTPRequestHandler.extensions_map | {".rss": "text/xml", ".atom": "text/xml"}

    def log_message(self, *_: Any) -> None:
        """Suppress the log: failures are reported by the tests."""


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serves a folder and yields its address without a trailing slash."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, directory=str(folder)))
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def make_site(folder: Path, configuration: Path = ROOT / "config.yaml") -> None:
    """Builds the feeds and pages of a configuration into a folder."""
    loaded = config.load(str(configuration))
    build(loaded._replace(output=str(folder), state=str(folder.parent / f"{folder.name}.state")), NOW)


# ---------------------------------------------------------------------------------------------------- edge cases

LONG = ("A headline of the full length that an editor allows " * 4)[:180]
UNBROKEN = "Donaudampfschifffahrtsgesellschaftskapitänsmützenabzeichen" * 3
HEBREW = "ספריית הנמל סורקת ששת אלפים מפות ים ופותחת אותן לכול"
HOSTILE = "</title><script>alert(1)</script><!--entries--><!--policy-->&amp;\"' onload='alert(2)"
WHEN = datetime(2026, 1, 31, 12, tzinfo=UTC)
IMAGE = {"url": "https://img.test/a.jpg"}
STORIES = [{"title": LONG, "webUrl": f"https://www.test/{n}", "provider": {"name": UNBROKEN}} for n in range(5)]


def example_feed(name: str, slug: str, total: int) -> Feed:
    """Returns the feed of a topic; without entries it has no newest one."""
    return feed_of([])._replace(
        dimension="topics",
        name=name,
        slug=slug,
        path=f"topics/{slug}",
        title=f"{name} – {SITE.title}",
        description=f"{name}: the newest from {SITE.title}",
        newest=WHEN if total else None,
        total=total,
    )


def example_entries() -> list[Entry]:
    """Returns entries with titles of any length and direction, with and without images, sizes, sources and stories."""
    records: list[dict[str, Any]] = [
        {"title": LONG, "excerpt": LONG * 4, "images": [IMAGE], "related": STORIES, "provider": {"name": UNBROKEN}},
        {"title": UNBROKEN, "excerpt": UNBROKEN * 9, "ampWebUrl": "https://www.test/amp"},
        {"title": "Short"},
        {"title": HEBREW, "excerpt": HEBREW * 3, "lang": "he", "images": [IMAGE], "related": STORIES[:1]},
        {"title": HEBREW, "excerpt": f"{HEBREW} in a record that does not say its language"},
        {"title": HOSTILE, "excerpt": HOSTILE, "provider": {"name": HOSTILE}, "images": [IMAGE | {"title": HOSTILE}]},
        {"title": "With a caption", "images": [IMAGE | {"width": 3000, "height": 200, "title": "What is seen"}]},
    ]
    return [
        entry_of(each | {"webUrl": f"https://www.test/story/{n}", "publishedDateTime": WHEN - timedelta(n)})
        for n, each in enumerate(records)
    ]


def make_edge_cases(folder: Path, topics: int = 3000) -> None:
    """Creates a site of edge cases: long, hostile and right-to-left titles, an empty topic, thousands of topics."""
    pages = Pages(SITE, format_names())
    cards = [pages.render_entry(prepared(entry)) for entry in example_entries()]
    days = tuple((f"{WHEN - timedelta(n):%Y-%m-%d}", f"archive/{n}/feed.rss") for n in range(400))
    months = tuple((f"{year}-{month:02}", year - 2019 + month) for year in range(2020, 2026) for month in range(1, 13))
    full = FeedPageData(months, days, (HOSTILE, "topics/hostile"), (HOSTILE, LONG))
    named = {"long": LONG, "unbroken": UNBROKEN, "hebrew": HEBREW, "hostile": HOSTILE}
    shown = [(example_feed(name, slug, 12345), full, cards) for slug, name in named.items()]
    shown.append((example_feed("Empty", "empty", 0), FeedPageData(()), []))
    for feed, data, its_cards in shown:
        target = folder / feed.path / HTML_PAGE.file_name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(pages.render_feed_page(feed, data, its_cards))
    rows = [pages.render_row(feed, data, LONG if its_cards else "") for feed, data, its_cards in shown]
    by_month = FeedPageData(months)
    rows += [
        pages.render_row(example_feed(f"Topic number {n}", f"topic-{n}", n), by_month, HEBREW if n % 9 else LONG)
        for n in range(1, topics - len(rows) + 1)
    ]
    groups = [FeedGroup("Topics", rows, "topics"), FeedGroup("Providers", ()), FeedGroup(HOSTILE, rows[:1])]
    entries = ListedEntries(1234567, WHEN, 18)
    (folder / HTML_PAGE.file_name).write_bytes(pages.render_index(groups, entries))
    (folder / HTML_PAGE.path("topics")).write_bytes(pages.render_dimension("topics", groups, entries))
    snippet = render_snippet(SITE, format_names(), f"{SITE.url}catalog.json", has_feed_of_all=True)
    (folder / "snippet.html").write_text(
        f'<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n<title>T</title>\n{snippet}', encoding="utf-8"
    )
    for language in ("ar", "ja"):
        _make_translated(folder / language, language, cards)


def _make_translated(folder: Path, language: str, cards: list[bytes]) -> None:
    pages = Pages(SITE._replace(language=language), format_names())
    feed = example_feed(LONG, "long", 12345)._replace(language=language)
    data = FeedPageData((("2025-12", 3), ("2026-01", 1)), (("2026-01", "a/feed.rss"), ("2025-12-31", "b/feed.rss")))
    target = folder / HTML_PAGE.path(feed.path)
    target.parent.mkdir(parents=True)
    target.write_bytes(pages.render_feed_page(feed, data, cards))
    groups = [FeedGroup("", [pages.render_row(feed, data, HEBREW)], "all")]
    (folder / HTML_PAGE.file_name).write_bytes(pages.render_index(groups, ListedEntries(1234567, WHEN, 3)))
