"""Round trips: every field of an entry is parsed unchanged from the document of every format."""

from __future__ import annotations

import json
import re
import unicodedata
from html import unescape
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from support.feed_reading import Item, items, parse_xml
from support.records import (
    HOSTILE,
    PLAIN,
    RENDERERS,
    SITE,
    addresses,
    bounded,
    documents,
    entries,
    entry_of,
    feed_of,
    prepared,
    texts,
)

from syndicate.model import Entry, Presentation
from syndicate.values.text import plain_text

WHEN = {"publishedDateTime": "2026-01-31T12:00:00Z"}
# RFC 3986 §2: the characters of an address; two hexadecimal digits follow every percent sign.
VALID_ADDRESS = re.compile(r"https?://[^\s/?#@\\]+(?:[/?#](?:[A-Za-z0-9._~:/?#@!$&'()*+,;=-]|%[0-9A-Fa-f]{2})*)?")


def expected(name: str, entry: Entry, presentation: Presentation = PLAIN) -> Item:
    """Returns what a document in the format `name` must contain for an entry."""
    shown = prepared(entry, presentation)
    return Item(
        id=entry.id,
        title=entry.title,
        url=shown.link,
        published=entry.published,
        updated=entry.updated,
        summary=shown.summary,
        html=shown.html,
        authors=tuple(person.name for person in shown.authors),
        categories=entry.topics,
        language=entry.language,
        image=entry.image.url if entry.image else None,
        amp=entry.amp_url,
        cdn=entry.cdn_url,
        related=None if name == "rss" else tuple((story.title, story.url) for story in entry.related),
        enclosure=entry.enclosure and (entry.enclosure.url, entry.enclosure.media_type, entry.enclosure.length or 0),
    )


def is_forbidden(char: str) -> bool:
    """Returns whether XML 1.0 §2.2 forbids or discourages a character: controls, lone surrogates, non-characters."""
    control = unicodedata.category(char) in {"Cc", "Cs"} and char not in "\t\n\r\x85"
    return control or 0xFDD0 <= ord(char) <= 0xFDEF or ord(char) & 0xFFFE == 0xFFFE


@bounded
@given(entries)
def test_every_field_survives_in_every_format(entry: Entry) -> None:
    for name, document in documents([entry]).items():
        assert items(name, document) == [expected(name, entry)], name


@bounded
@given(entries, st.sampled_from(["canonical", "amp", "cdn"]))
def test_main_link_is_the_configured_one_where_the_entry_has_it(entry: Entry, link: Any) -> None:
    choice = {"canonical": None, "amp": entry.amp_url, "cdn": entry.cdn_url or entry.amp_url}[link]
    for name, document in documents([entry], presentation=Presentation(link=link)).items():
        [item] = items(name, document)
        assert item.url == (choice or entry.url), name
        assert item.id == entry.id, name


@bounded
@given(texts.map(lambda text: text[:900]))  # longer titles are cut
@example("T\x0bx")
@example("\x1c \x1d")
@example("\u2028\u2029\x85")
@example("\ufdd0\U0010fffe\U0001ffff")
def test_title_without_markup_loses_only_characters_that_xml_forbids(text: str) -> None:
    text = text.replace("&", "").replace("<", "")
    entry = entry_of({"title": f"T{text}", **WHEN})
    assert entry.title == " ".join("".join(char for char in f"T{text}" if not is_forbidden(char)).split())
    for name, document in documents([entry]).items():
        assert items(name, document)[0].title == entry.title, name


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize(
    "key",
    ["title", "excerpt", "id", "type", "category", "topics", "author", "lang", "webUrl", "images", "updatedDateTime"],
)
def test_hostile_text_in_any_field_leaves_documents_well_formed(key: str, text: str) -> None:
    value: Any = [text] if key in {"topics", "images"} else f"2026-01-31{text}" if key == "updatedDateTime" else text
    entry = entry_of({"title": "Title", **WHEN, key: f"Title{text}" if key == "title" else value}, f"Body {text}")
    for name, document in documents([entry]).items():
        assert items(name, document) == [expected(name, entry)], name


@bounded
@given(addresses)
@example("https://a.test/a b|c")
@example("https://a.test/é?q=é&x=%zz#ü")
@example("https://a.test/%C3%A9?x=%26&y=a%20b")
@example("https://a.test/'\"<>")
@example("HTTP://A.TEST:80/?")
@example("https://a.test//double//slash/../x")
@example("https://a.test/\ud800")
def test_published_addresses_are_valid_and_equivalent(address: str) -> None:
    entry = entry_of(
        {"title": "T", **WHEN, "webUrl": address, "ampWebUrl": address, "images": [{"url": address}],
         "related": [{"title": "R", "webUrl": address}]}
    )  # fmt: skip
    for name, document in documents([entry]).items():
        [item] = items(name, document)
        shown = [item.url, item.image, item.amp, item.cdn, *(url for _, url in item.related or ())]
        for url in filter(None, shown):
            assert VALID_ADDRESS.fullmatch(url), (name, url)
        assert is_equivalent(address, item.url), (name, item.url)


def is_equivalent(given_: str, shown: str) -> bool:
    """Returns whether two addresses name the same resource, ignoring characters that no address can contain."""
    plain = re.sub(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]", "", given_).strip()
    before, after = urlsplit(plain), urlsplit(shown)
    return (
        unquote(before.path, errors="surrogateescape") == unquote(after.path, errors="surrogateescape")
        and unquote(before.query) == unquote(after.query)
        and unquote(before.fragment) == unquote(after.fragment)
        and before.port == after.port
    )


@bounded
@given(texts.map("T{}".format), texts, texts)
def test_metadata_of_the_site_survives(title: str, description: str, rights: str) -> None:
    title, description, rights = map(plain_text, (title, description, rights))
    site = SITE._replace(title=title, description=description, rights=rights)
    feed = feed_of([], site)
    made = {name: renderer.render_document(feed, site, []) for name, renderer in RENDERERS.items()}
    channel, atom, head = parse_xml(made["rss"])[0], parse_xml(made["atom"]), json.loads(made["json"])
    shown = title, description or title, rights
    assert (channel.findtext("title", ""), channel.findtext("copyright", "")) == (title, rights)
    assert unescape(channel.findtext("description", "")) == shown[1]  # HTML, as readers take it
    assert not re.search("<[A-Za-z!/]", channel.findtext("description", ""))
    assert tuple(atom.findtext(f"{{*}}{tag}", "") for tag in ("title", "subtitle", "rights")) == shown
    assert (head["title"], head["description"]) == shown[:2]
    assert atom.findtext("{*}author/{*}name") == head["authors"][0]["name"] == title


@bounded
@given(entries)
def test_documents_are_utf8_without_bytes_before_the_declaration_or_after_the_end(entry: Entry) -> None:
    made = documents([entry])
    for name in ("rss", "atom"):
        assert made[name].startswith(b"<?xml version='1.0' encoding='UTF-8'?>\n<")
        assert made[name].endswith(b">\n")
        assert made[name].count(b"<?xml") == 1
    assert made["json"].startswith(b'{"version":')
    for document in made.values():
        assert not any(map(is_forbidden, document.decode("utf-8")))


@bounded
@given(entries)
def test_fragment_is_the_same_in_every_document(entry: Entry) -> None:
    for name, renderer in RENDERERS.items():
        fragment = renderer.render_entry(prepared(entry))
        assert fragment == renderer.render_entry(prepared(entry))
        assert fragment in documents([entry])[name]
        assert name == "json" or b" xmlns" not in re.sub(rb">[^<]*<", b"><", fragment), name
