"""Sites with their pages on disk, as they are served, and what checks them."""

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
from syndicate.formats.html import pages as page
from syndicate.formats.html.landing import Group, Landing
from syndicate.model import FORMATS, Entry, Feed
from syndicate.pipeline import build


class Tools(NamedTuple):
    """What `make test-pages` installs: a folder with `node_modules` and `.venv`, and a browser."""

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


class _Quiet(SimpleHTTPRequestHandler):
    # Browsers show RSS and Atom under their own media types as source; a host may serve them as XML.
    extensions_map = SimpleHTTPRequestHandler.extensions_map | {".rss": "text/xml", ".atom": "text/xml"}

    def log_message(self, *_: Any) -> None:
        """The test says what went wrong."""


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The address, without a slash at its end, at which a folder is served as it is."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder)))
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def make_site(folder: Path, configuration: Path = ROOT / "config.yaml") -> None:
    """Build a configuration's feeds and pages into a folder."""
    loaded = config.load(str(configuration))
    build(loaded._replace(output=str(folder), state=str(folder.parent / f"{folder.name}.state")), NOW)


# ---------------------------------------------------------------------------------------- what no sample should hold

LONG = ("A headline of the full length that an editor allows " * 4)[:180]
UNBROKEN = "Donaudampfschifffahrtsgesellschaftskapitänsmützenabzeichen" * 3
HEBREW = "ספריית הנמל סורקת ששת אלפים מפות ים ופותחת אותן לכול"
HOSTILE = "</title><script>alert(1)</script><!--entries--><!--policy-->&amp;\"' onload='alert(2)"
WHEN = datetime(2026, 1, 31, 12, tzinfo=UTC)
IMAGE = {"url": "https://img.test/a.jpg"}
STORIES = [{"title": LONG, "webUrl": f"https://www.test/{n}", "provider": {"name": UNBROKEN}} for n in range(5)]


def made_up_feed(name: str, slug: str, total: int) -> Feed:
    """A topic's feed; with no entries it has no newest."""
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


def made_up_entries() -> list[Entry]:
    """Titles of every length and direction, with and without pictures, sizes, sources and stories."""
    said: list[dict[str, Any]] = [
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
        for n, each in enumerate(said)
    ]


def make_corners(folder: Path, topics: int = 3000) -> None:
    """A site of what is rare: titles too long, hostile or right-to-left, an empty topic, and thousands of topics."""
    pages = page.Pages(SITE, FORMATS)
    cards = [pages.card(prepared(entry)) for entry in made_up_entries()]
    days = tuple((f"{WHEN - timedelta(n):%Y-%m-%d}", f"archive/{n}/feed.rss") for n in range(400))
    months = tuple((f"{year}-{month:02}", year - 2019 + month) for year in range(2020, 2026) for month in range(1, 13))
    full = Landing(months, days, (HOSTILE, "topics/hostile"), (HOSTILE, LONG))
    named = {"long": LONG, "unbroken": UNBROKEN, "hebrew": HEBREW, "hostile": HOSTILE}
    shown = [(made_up_feed(name, slug, 12345), full, cards) for slug, name in named.items()]
    shown.append((made_up_feed("Empty", "empty", 0), Landing(()), []))
    for feed, landing, its_cards in shown:
        target = folder / feed.path / page.NAME
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(pages.feed_page(feed, landing, its_cards))
    rows = [pages.row(feed, landing, LONG if its_cards else "") for feed, landing, its_cards in shown]
    rows += [
        pages.row(made_up_feed(f"Topic number {n}", f"topic-{n}", n), Landing(months), HEBREW if n % 9 else LONG)
        for n in range(1, topics - len(rows) + 1)
    ]
    groups = [Group("Topics", rows), Group("Providers", ()), Group(HOSTILE, rows[:1])]
    (folder / page.NAME).write_bytes(pages.index(groups, 1234567, WHEN))
