"""The rules of RFC 4287 that its grammar cannot express, and those of RFC 5005."""

from __future__ import annotations

from collections.abc import Iterator
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

# The link relations of the IANA registry that feeds use.
REGISTERED = frozenset(
    "alternate amphtml archives current edit enclosure first hub last license next next-archive prev-archive previous "
    "related replies self via".split()
)
HISTORY = "http://purl.org/syndication/history/1.0"


def _entries(root: Any) -> list[Any]:
    return children(root, "atom:entry")


def _links(parent: Any, relation: str) -> list[Any]:
    return [link for link in children(parent, "atom:link") if link.get("rel", "alternate") == relation]


@rule("an author on the feed, or on every entry")
def author(root: Any, document: bytes) -> Iterator[str]:
    if not children(root, "atom:author"):
        yield from (described(entry) for entry in _entries(root) if not children(entry, "atom:author"))


@rule("no two alternate links of the same type and language")
def alternates(root: Any, document: bytes) -> Iterator[str]:
    for parent in [root, *_entries(root)]:
        kinds = [f"{link.get('type')} {link.get('hreflang')}" for link in _links(parent, "alternate")]
        yield from repeated(kinds)


@rule("an entry without content has an alternate link")
def content_or_link(root: Any, document: bytes) -> Iterator[str]:
    for entry in _entries(root):
        if not children(entry, "atom:content") and not _links(entry, "alternate"):
            yield described(entry)


@rule('one absolute rel="self" with the type of Atom')
def self_link(root: Any, document: bytes) -> Iterator[str]:
    found = [link for link in root.iter(qualified("atom:link")) if link.get("rel") == "self"]
    if len(found) != 1 or found[0].getparent() is not root or found[0].get("type") != "application/atom+xml":
        yield str([dict(link.attrib) for link in found])


@rule("no two entries with one id, and none with the feed's")
def ids(root: Any, document: bytes) -> Iterator[str]:
    yield from repeated([element.text for element in root.iter(qualified("atom:id"))])


@rule("an id is an absolute IRI")
def absolute_ids(root: Any, document: bytes) -> Iterator[str]:
    for element in root.iter(qualified("atom:id")):
        if not (element.text or "").partition(":")[1] or any(char.isspace() for char in element.text):
            yield described(element)


@rule("atom:source holds id, title and updated")
def source(root: Any, document: bytes) -> Iterator[str]:
    for element in root.iter(qualified("atom:source")):
        if any(not children(element, f"atom:{name}") for name in ("id", "title", "updated")):
            yield described(element)


@rule("a relation is registered with IANA, or an absolute IRI")
def relations(root: Any, document: bytes) -> Iterator[str]:
    for link in root.iter(qualified("atom:link")):
        relation = link.get("rel", "alternate")
        if relation not in REGISTERED and not relation.startswith("https://"):
            yield described(link)


@rule("no relative address, and none with a space, a bar or raw Unicode")
def addresses(root: Any, document: bytes) -> Iterator[str]:
    links = [link.get("href") for link in root.iter(qualified("atom:link"))]
    links += [element.text for element in root.iter(*map(qualified, ("atom:uri", "atom:icon", "atom:logo")))]
    links += [element.get("url") for element in root.iter(f"{{{NAMESPACES['media']}}}*")]
    yield from wrong_addresses(link for link in links)


@rule("times name their zone")
def zones(root: Any, document: bytes) -> Iterator[str]:
    for element in root.iter(qualified("atom:updated"), qualified("atom:published")):
        if not (element.text or "").endswith(("Z", "+00:00")):
            yield described(element)


@rule("the feed's updated is its newest entry's, so no entry is newer")
def updated(root: Any, document: bytes) -> Iterator[str]:
    newest = max((entry.findtext(qualified("atom:updated")) for entry in _entries(root)), default="")
    if _entries(root) and root.findtext(qualified("atom:updated")) != newest:
        yield f"{root.findtext(qualified('atom:updated'))}, but the newest entry is of {newest}"


@rule("no entry is changed before it is published")
def published(root: Any, document: bytes) -> Iterator[str]:
    for entry in _entries(root):
        if (entry.findtext(qualified("atom:published")) or "") > entry.findtext(qualified("atom:updated")):
            yield described(entry)


@rule("no HTML in elements of plain text, and none that is empty")
def plain_text(root: Any, document: bytes) -> Iterator[str]:
    names = ("title", "subtitle", "rights", "summary", "name")
    for element in root.iter(*(qualified(f"atom:{name}") for name in names)):
        text = element.text or ""
        # The summary of a body shows its code as readers see it, with all its tags and entities.
        may_be_code = element.tag == qualified("atom:summary")
        is_html = not may_be_code and bool(MARK_UP.search(text) or ENTITY.search(text))
        if element.get("type", "text") == "text" and (is_html or not text.strip()):
            yield described(element)


@rule("a category has a term")
def categories(root: Any, document: bytes) -> Iterator[str]:
    for element in root.iter(qualified("atom:category")):
        if not element.get("term", "").strip():
            yield described(element)


@rule("no control characters or non-characters")
def characters(root: Any, document: bytes) -> Iterator[str]:
    for element in root.iter():
        for text in (element.text, element.tail, *element.attrib.values()):
            if text and FORBIDDEN.search(text):
                yield described(element)


@rule("an archive (RFC 5005) has fh:archive and links to the current document; both absent elsewhere")
def archive(root: Any, document: bytes) -> Iterator[str]:
    is_archive = root.find(f"{{{HISTORY}}}archive") is not None
    if is_archive != bool(_links(root, "current")) or (_links(root, "next-archive") and not is_archive):
        yield str([link.get("rel") for link in children(root, "atom:link")])
