"""The rules of RSS 2.0, the profile of the RSS Advisory Board, Media RSS and RFC 5005."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

from support.feed_reading import NAMESPACES
from support.rulebook import (
    ENTITY,
    FORBIDDEN,
    MARK_UP,
    Rulebook,
    children,
    described,
    qualified,
    repeated,
    wrong_addresses,
)

BOOK = Rulebook()
rule = BOOK.rule

# RFC 822 §5 as RSS requires it: a four-digit year, a numeric zone or GMT.
RFC_822 = re.compile(
    r"(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), )?\d{1,2} (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4} "
    r"\d{2}:\d{2}(?::\d{2})? (?:[+-]\d{4}|GMT|UT|Z)"
)
MEDIA = NAMESPACES["media"]
HISTORY = "http://purl.org/syndication/history/1.0"
ONCE = (
    "title",
    "link",
    "description",
    "language",
    "copyright",
    "pubDate",
    "lastBuildDate",
    "docs",
    "generator",
    "image",
)


def _items(root: Any) -> list[Any]:
    return list(root.iterfind("channel/item"))


def _channel(root: Any) -> Any:
    return root.find("channel")


def _time(text: str) -> datetime:
    return parsedate_to_datetime(text)


@rule('the root is rss with version="2.0", holding one channel')
def version(root: Any, document: bytes) -> Iterator[str]:
    if root.tag != "rss" or root.get("version") != "2.0" or [child.tag for child in root] != ["channel"]:
        yield f"<{root.tag} version={root.get('version')!r}> of {[child.tag for child in root]}"


@rule("the channel has title, link and description, none empty, and none of its elements twice")
def channel_elements(root: Any, document: bytes) -> Iterator[str]:
    for name in ONCE:
        found = children(_channel(root), name)
        if len(found) > 1:
            yield f"{name} {len(found)} times"
        if name in {"title", "link", "description"} and (not found or not (found[0].text or "").strip()):
            yield f"no {name}"


@rule("the channel's link is a page, never a hub or the feed itself")
def channel_link(root: Any, document: bytes) -> Iterator[str]:
    channel = _channel(root)
    others = {link.get("href") for link in children(channel, "atom:link")}
    if channel.findtext("link") in others:
        yield str(channel.findtext("link"))


@rule("each item has a title or a description")
def title_or_description(root: Any, document: bytes) -> Iterator[str]:
    for item in _items(root):
        if not any((child.text or "").strip() for child in children(item, "title", "description")):
            yield described(item)


@rule("no element of an item is repeated, except category, dc:creator and links")
def item_elements(root: Any, document: bytes) -> Iterator[str]:
    for item in _items(root):
        for name in ("title", "link", "description", "guid", "pubDate", "content:encoded", "source", "dc:language"):
            if len(children(item, name)) > 1:
                yield f"{name}: {described(item)}"


@rule("dates are RFC 822 with four-digit years, and name the right day of the week")
def dates(root: Any, document: bytes) -> Iterator[str]:
    for element in root.iter("pubDate", "lastBuildDate"):
        text = element.text or ""
        if not RFC_822.fullmatch(text) or ("," in text and _time(text).strftime("%a") != text[:3]):
            yield described(element)


@rule("lastBuildDate is the last change of the content, so no item is newer")
def last_build(root: Any, document: bytes) -> Iterator[str]:
    built = [element.text for element in children(_channel(root), "lastBuildDate")]
    shown_dates = [element.text for item in _items(root) for element in children(item, "pubDate")]
    if not built or any(RFC_822.fullmatch(text) and _time(text) > _time(built[0]) for text in shown_dates):
        yield f"{built}, with items of {shown_dates}"


@rule('a guid on every item, no two alike, isPermaLink="false" unless it is the URL')
def guid(root: Any, document: bytes) -> Iterator[str]:
    guids = [item.find("guid") for item in _items(root)]
    for item, found in zip(_items(root), guids, strict=True):
        if found is None or not (found.text or "").strip():
            yield f"none: {described(item)}"
        elif (found.get("isPermaLink") != "false") and found.text != item.findtext("link"):
            yield described(found)
    yield from repeated([found.text for found in guids if found is not None])


@rule('one atom:link rel="self" with an absolute address and the type of RSS')
def self_link(root: Any, document: bytes) -> Iterator[str]:
    found = [link for link in root.iter(qualified("atom:link")) if link.get("rel") == "self"]
    if [link.getparent().tag for link in found] != ["channel"] or found[0].get("type") != "application/rss+xml":
        yield str([dict(link.attrib) for link in found])


@rule("at most one enclosure, with url, length and type")
def enclosure(root: Any, document: bytes) -> Iterator[str]:
    for item in _items(root):
        found = children(item, "enclosure")
        whole = [e for e in found if e.get("url") and e.get("type") and (e.get("length") or "").isdigit()]
        if len(found) > 1 or len(whole) != len(found):
            yield described(item)


@rule("description comes before content:encoded")
def order(root: Any, document: bytes) -> Iterator[str]:
    for item in _items(root):
        tags = [child.tag for child in children(item, "description", "content:encoded")]
        if tags not in (["description"], ["description", qualified("content:encoded")], []):
            yield f"{tags}: {described(item)}"


@rule("not both author and dc:creator")
def author(root: Any, document: bytes) -> Iterator[str]:
    for item in _items(root):
        if children(item, "author") and children(item, "dc:creator"):
            yield described(item)


@rule("an author is a mail address")
def author_mail(root: Any, document: bytes) -> Iterator[str]:
    for element in root.iter("author", "managingEditor", "webMaster"):
        if "@" not in (element.text or ""):
            yield described(element)


@rule("no relative address, and none with a space, a bar or raw Unicode")
def addresses(root: Any, document: bytes) -> Iterator[str]:
    links = [element.text for element in root.iter("link", "docs", "url", "comments")]
    links += [element.get("href") for element in root.iter(qualified("atom:link"))]
    links += [element.get("url") for element in root.iter("enclosure", "source", f"{{{MEDIA}}}*")]
    yield from wrong_addresses(link for link in links)


@rule("no HTML in elements of plain text")
def plain_text(root: Any, document: bytes) -> Iterator[str]:
    # Descriptions are HTML, that of the channel, too: a sign of HTML in them is escaped.
    for element in [*root.iter("title", "category", "copyright"), *root.iter(f"{{{NAMESPACES['dc']}}}*")]:
        if MARK_UP.search(element.text or "") or ENTITY.search(element.text or ""):
            yield described(element)


@rule("no empty category, creator or language")
def empty(root: Any, document: bytes) -> Iterator[str]:
    for element in [*root.iter("category", "language"), *root.iter(f"{{{NAMESPACES['dc']}}}*")]:
        if not (element.text or "").strip():
            yield described(element)


@rule("items come last in the channel")
def items_last(root: Any, document: bytes) -> Iterator[str]:
    tags = [child.tag for child in _channel(root)]
    if "item" in tags and set(tags[tags.index("item") :]) != {"item"}:
        yield str(tags)


@rule("sy:updatePeriod is one of five words, in lower case")
def update_period(root: Any, document: bytes) -> Iterator[str]:
    for element in root.iter("{http://purl.org/rss/1.0/modules/syndication/}*"):
        if element.tag.lower().endswith("updateperiod") and (
            not element.tag.endswith("updatePeriod")
            or element.text not in {"hourly", "daily", "weekly", "monthly", "yearly"}
        ):
            yield described(element)


@rule("the namespace of Media RSS ends in a slash")
def media_namespace(root: Any, document: bytes) -> Iterator[str]:
    for element in root.iter():
        if "search.yahoo.com/mrss" in str(element.tag) and not element.tag.startswith(f"{{{MEDIA}}}"):
            yield described(element)


@rule("media:group only for alternatives of the same thing")
def media_group(root: Any, document: bytes) -> Iterator[str]:
    for group in root.iter(f"{{{MEDIA}}}group"):
        if len(list(group)) < 2:
            yield described(group)


@rule("a picture has a size of at least one pixel, or none, and no media:title")
def media_content(root: Any, document: bytes) -> Iterator[str]:
    for element in root.iter(f"{{{MEDIA}}}content"):
        sizes = [element.get(name) for name in ("width", "height") if element.get(name) is not None]
        if not all(re.fullmatch("[1-9][0-9]*", size) for size in sizes) or len(element):
            yield described(element)


@rule("the channel's image has url, title and link, the latter two the channel's own")
def image(root: Any, document: bytes) -> Iterator[str]:
    channel = _channel(root)
    for element in children(channel, "image"):
        same = [element.findtext(name) == channel.findtext(name) for name in ("title", "link")]
        if not element.findtext("url") or not all(same):
            yield described(element)


@rule("no control characters or non-characters")
def characters(root: Any, document: bytes) -> Iterator[str]:
    if found := FORBIDDEN.search(document.decode("utf-8")):
        yield repr(found[0])
    for element in root.iter():
        for text in (element.text, element.tail, *element.attrib.values()):
            if text and FORBIDDEN.search(text):
                yield described(element)


@rule("nothing comes before the XML declaration")
def declaration(root: Any, document: bytes) -> Iterator[str]:
    if not re.match(rb"""<\?xml version=['"]1\.0['"] encoding=['"]UTF-8['"]\?>""", document, re.IGNORECASE):
        yield repr(document[:40])


@rule("an archive (RFC 5005) has fh:archive and links to the current document; both absent elsewhere")
def archive(root: Any, document: bytes) -> Iterator[str]:
    channel = _channel(root)
    relations = {link.get("rel") for link in children(channel, "atom:link")}
    is_archive = channel.find(f"{{{HISTORY}}}archive") is not None
    if is_archive != ("current" in relations) or ("next-archive" in relations and not is_archive):
        yield str(sorted(map(str, relations)))
