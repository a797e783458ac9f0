"""Parses feed documents of all formats with lxml and json into one type, for comparison with entries."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from html import unescape
from typing import Any

from lxml import etree

from syndicate.model import CDN_RELATION

NAMESPACES = {
    "atom": "http://www.w3.org/2005/Atom",
    "content": "http://purl.org/rss/1.0/modules/content/",
    "dc": "http://purl.org/dc/elements/1.1/",
    "media": "http://search.yahoo.com/mrss/",
    "xml": "http://www.w3.org/XML/1998/namespace",
}
# Resolves no entities, uses no network, accepts documents of any size.
PARSER = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One entry of a document. `related` contains pairs of title and address, None for a format without them."""

    id: str
    title: str
    url: str
    published: datetime
    updated: datetime | None
    summary: str
    html: str
    authors: tuple[str, ...]
    categories: tuple[str, ...]
    language: str
    image: str | None
    amp: str | None
    cdn: str | None
    related: tuple[tuple[str, str], ...] | None
    enclosure: tuple[str, str, int] | None


def parse_xml(document: bytes) -> Any:
    return etree.fromstring(document, PARSER)


def items(name: str, document: bytes) -> list[Item]:
    """Returns the entries of a document in the format `name`."""
    match name:
        case "rss":
            return [_rss(item) for item in parse_xml(document).iterfind("channel/item")]
        case "atom":
            return [_atom(entry) for entry in parse_xml(document).iterfind("atom:entry", NAMESPACES)]
        case _:
            return [_json(item) for item in json.loads(document)["items"]]


def _rss(item: Any) -> Item:
    encoded = item.findtext("content:encoded", None, NAMESPACES)
    description = item.findtext("description", "")
    published = parsedate_to_datetime(item.findtext("pubDate"))
    changed = item.findtext("atom:updated", "", NAMESPACES)
    return Item(
        id=item.findtext("guid"),
        title=item.findtext("title"),
        url=item.findtext("link"),
        published=published,
        updated=datetime.fromisoformat(changed) if changed else published,
        summary="" if encoded is None else unescape(description),
        html=description if encoded is None else encoded,
        authors=tuple(each.text for each in item.iterfind("dc:creator", NAMESPACES)),
        categories=tuple(each.text for each in item.iterfind("category")),
        language=item.findtext("dc:language", "", NAMESPACES),
        image=_first(item, "media:content", "url"),
        amp=_first(item, "atom:link[@rel='amphtml']", "href"),
        cdn=_first(item, f"atom:link[@rel='{CDN_RELATION}']", "href"),
        related=None,
        enclosure=_enclosure(item.find("enclosure"), "url"),
    )


def _atom(entry: Any) -> Item:
    return Item(
        id=entry.findtext("atom:id", None, NAMESPACES),
        title=entry.findtext("atom:title", None, NAMESPACES),
        url=_first(entry, "atom:link[@rel='alternate']", "href") or "",
        published=datetime.fromisoformat(entry.findtext("atom:published", None, NAMESPACES)),
        updated=datetime.fromisoformat(entry.findtext("atom:updated", None, NAMESPACES)),
        summary=entry.findtext("atom:summary", "", NAMESPACES),
        html=entry.findtext("atom:content", None, NAMESPACES),
        authors=tuple(each.text for each in entry.iterfind("atom:author/atom:name", NAMESPACES)),
        categories=tuple(each.get("term") for each in entry.iterfind("atom:category", NAMESPACES)),
        language=entry.get(f"{{{NAMESPACES['xml']}}}lang", ""),
        image=_first(entry, "media:content", "url"),
        amp=_first(entry, "atom:link[@rel='amphtml']", "href"),
        cdn=_first(entry, f"atom:link[@rel='{CDN_RELATION}']", "href"),
        related=tuple(
            (link.get("title", ""), link.get("href"))
            for link in entry.iterfind("atom:link[@rel='related']", NAMESPACES)
        ),
        enclosure=_enclosure(entry.find("atom:link[@rel='enclosure']", NAMESPACES), "href"),
    )


def _json(item: dict[str, Any]) -> Item:
    amp = item.get("_amp", {})
    return Item(
        id=item["id"],
        title=item["title"],
        url=item["url"],
        published=datetime.fromisoformat(item["date_published"]),
        updated=datetime.fromisoformat(item["date_modified"]),
        summary=item.get("summary", ""),
        html=item["content_html"],
        authors=tuple(author["name"] for author in item.get("authors", ())),
        categories=tuple(item.get("tags", ())),
        language=item.get("language", ""),
        image=item.get("image"),
        amp=amp.get("url"),
        cdn=amp.get("cdn_url"),
        related=tuple((story.get("title", ""), story["url"]) for story in item.get("_related", {}).get("items", ())),
        enclosure=next(
            ((one["url"], one["mime_type"], one.get("size_in_bytes", 0)) for one in item.get("attachments", ())), None
        ),
    )


def _enclosure(element: Any, address: str) -> tuple[str, str, int] | None:
    return None if element is None else (element.get(address), element.get("type"), int(element.get("length", "0")))


def _first(element: Any, path: str, attribute: str) -> str | None:
    found = element.find(path, NAMESPACES)
    return None if found is None else found.get(attribute)
