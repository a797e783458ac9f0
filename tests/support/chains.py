"""Reads the history of a feed as clients do: from the subscription document along the links to older archives."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from urllib.parse import quote, unquote

from lxml import etree

ATOM = "{http://www.w3.org/2005/Atom}"
HISTORY = "{http://purl.org/syndication/history/1.0}"
TOMBSTONES = "{http://purl.org/atompub/tombstones/1.0}"
SITE = "https://f.example/"


@dataclass
class Page:
    """One document: its address, the ids of its entries in order, its links, its tombstones."""

    address: str
    ids: list[str]
    prev: str = ""
    next: str = ""
    current: str = ""
    is_archive: bool = False
    hubs: int = 0
    deleted: dict[str, datetime] = field(default_factory=dict)


def read(path: Path) -> Page:
    """Reads a document of any format, without a feed library: the links are under test."""
    content = path.read_bytes()
    if path.suffix == ".json":
        feed = json.loads(content)
        more = feed.get("_syndicate", {})
        return Page(
            address=feed["feed_url"],
            ids=[item["id"] for item in feed["items"]],
            prev=feed.get("next_url", ""),
            next=more.get("next_archive", ""),
            current=more.get("current", ""),
            is_archive="period" in more,
            hubs=len(feed.get("hubs", ())),
            deleted={one["id"]: datetime.fromisoformat(one["date_deleted"]) for one in more.get("deleted", ())},
        )
    root = etree.fromstring(content)
    channel = root[0] if path.suffix == ".rss" else root
    found = [(link.get("rel"), link.get("href")) for link in channel.findall(f"{ATOM}link")]
    links = dict(found)
    ids = channel.findall("item/guid") if path.suffix == ".rss" else channel.findall(f"{ATOM}entry/{ATOM}id")
    return Page(
        address=links["self"],
        ids=[one.text or "" for one in ids],
        prev=links.get("prev-archive", ""),
        next=links.get("next-archive", ""),
        current=links.get("current", ""),
        is_archive=channel.find(f"{HISTORY}archive") is not None,
        hubs=sum(relation == "hub" for relation, _ in found),
        deleted={
            one.get("ref"): datetime.fromisoformat(one.get("when"))
            for one in channel.findall(f"{TOMBSTONES}deleted-entry")
        },
    )


def walk(output: Path, document: str, site: str = SITE) -> list[Page]:
    """Returns a subscription document and its archives, newest first. Asserts that the links are consistent and end."""
    pages = [read(output / document)]
    assert pages[0].address == site + quote(document)
    assert not pages[0].is_archive
    assert not pages[0].next
    while pages[-1].prev:
        assert pages[-1].prev not in {page.address for page in pages}, "the links form a cycle"
        page = read(output / unquote(pages[-1].prev.removeprefix(site)))
        assert page.address == pages[-1].prev
        assert page.is_archive
        assert page.current == site + quote(document)
        assert page.hubs == 0, "an archive links to a hub"
        assert page.next == (pages[-1].address if len(pages) > 1 else "")
        pages.append(page)
    return pages


def ids(pages: list[Page]) -> set[str]:
    """Returns the ids of all entries of a history. Asserts that none is in two archives or twice in one document."""
    archived = [one for page in pages[1:] for one in page.ids]
    assert len(archived) == len(set(archived))
    assert len(pages[0].ids) == len(set(pages[0].ids))
    if len(pages) > 1:
        assert set(pages[0].ids) <= set(archived)
    return {*archived, *pages[0].ids}
