"""A site with its pages on disk, as it is served."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

from sites import NOW, ROOT

from syndicate import config
from syndicate.build import build
from syndicate.build.work import Bench
from syndicate.corpus import markdown, read
from syndicate.corpus.scan import scan
from syndicate.feeds import content, page, select
from syndicate.feeds.merge import combine
from syndicate.model import Entry

TITLES = {"all": "", "custom": "Selections", "topics": "Topics", "provider": "Providers"}


def make_site(folder: Path, configuration: Path = ROOT / "config.yaml") -> None:
    """Build a configuration's feeds into a folder, and write the pages beside them."""
    loaded = config.load(str(configuration))
    loaded = loaded._replace(output=str(folder), state=str(folder.parent / f"{folder.name}.state"))
    build(loaded, NOW)
    pages = page.Pages(loaded.site, loaded.selection.formats)
    filing = select.Filing(loaded.selection, loaded.site)
    entries = sorted(_entries(loaded), key=lambda entry: entry.published, reverse=True)
    filed: dict[tuple[str, str], list[Entry]] = defaultdict(list)
    slots = {(slot.dimension, slot.key): slot for slot in filing.lasting()}
    for entry in entries:
        for slot in filing.slots(select.figures(entry)):
            slots.setdefault((slot.dimension, slot.key), slot)
            filed[slot.dimension, slot.key].append(entry)
    cards = {entry.id: pages.card(_prepared(entry, loaded)) for entry in entries}
    rows: dict[str, list[bytes]] = defaultdict(list)
    for key, slot in sorted(slots.items()):
        chosen = filed[key]
        shown = chosen[: loaded.selection.limit]
        feed = filing.feed(slot, len(chosen), [select.Shown(e.published, e.id, e.updated) for e in shown])
        months = tuple(sorted(Counter(f"{entry.published:%Y-%m}" for entry in chosen).items()))
        periods = tuple((name, f"{feed.path}/feed.rss") for name, _ in reversed(months)) if key[0] == "all" else ()
        landing = page.Landing(months, periods)
        target = folder / feed.path / page.NAME
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(pages.feed_page(feed, landing, [cards[entry.id] for entry in shown]))
        rows[slot.dimension].append(pages.row(feed, landing, chosen[0].title if chosen else ""))
    groups = [page.Group(title, rows[name]) for name, title in TITLES.items() if rows[name]]
    newest = entries[0].published if entries else None
    (folder / page.NAME).write_bytes(pages.index(groups, len(entries), newest))
    (folder / page.STYLESHEET).write_bytes(page.stylesheet())
    (folder / "feeds.opml").write_text("<opml/>", encoding="utf-8")


def _entries(loaded: config.Config) -> Iterator[Entry]:
    """Those that a build shows; records of one address together."""
    bench = Bench(loaded)
    by_address: dict[str, list[Entry]] = defaultdict(list)
    for number, source in enumerate(loaded.sources):
        for folder, names in scan(source, []):
            for name in names:
                path = folder + name
                record = read.understand(read.load(source, path), source, path, bench.profiles[number])
                entry = record.entry
                if entry and not record.hidden and entry.published <= NOW and (record.expires or NOW) >= NOW:
                    by_address[entry.url].append(entry)
    return (combine(entries) for entries in by_address.values())


def _prepared(entry: Entry, loaded: config.Config) -> content.Prepared:
    body = markdown.to_html(entry.body, entry.url) if entry.body else ""
    summary = "" if entry.summary else markdown.first_paragraph(body)
    return content.prepare(entry, loaded.presentation, body, summary)
