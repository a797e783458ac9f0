"""Tests of the content of entries: complete without other elements, without repetition, with every text escaped."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from lxml import html
from support.records import bounded, entries, entry_of, prepared, texts

from syndicate.model import Entry

WHEN = {"title": "Title", "publishedDateTime": "2026-01-31"}
IMAGE = "https://img.test/a.jpg?w=1&h='2'"


def content(metadata: dict[str, Any], body: str = "") -> Any:
    return html.fromstring(f"<div>{prepared(entry_of({**WHEN, **metadata}, body)).html}</div>")


def images(metadata: dict[str, Any], body: str = "") -> list[str]:
    return [image.get("src") for image in content(metadata, body).iter("img")]


def links(metadata: dict[str, Any], body: str = "") -> list[tuple[str, str]]:
    return [(link.text_content(), link.get("href")) for link in content(metadata, body).iter("a")]


@pytest.mark.parametrize(
    "body",
    [f"Text ![alt]({IMAGE})", f'<img src="{IMAGE}" alt="x">', f"Text\n\n![one]({IMAGE} 'title')\n\nmore"],
)
def test_image_in_the_body_is_not_repeated(body: str) -> None:
    assert images({"images": [{"url": IMAGE}]}, body) == [IMAGE]


@pytest.mark.parametrize(
    "body",
    ["Text", f"A [link]({IMAGE}) to it", f"![another]({IMAGE}3)", f"![another]({IMAGE.partition('&')[0]})"],
)
def test_image_that_is_not_in_the_body_comes_first(body: str) -> None:
    assert images({"images": [{"url": IMAGE}]}, body)[0] == IMAGE


def test_image_has_its_size_and_its_title_as_alternative_text() -> None:
    [image] = content({"images": [{"url": IMAGE, "width": 3, "height": 2, "title": 'A "<b>" & c'}]}).iter("img")
    assert dict(image.attrib) == {"src": IMAGE, "width": "3", "height": "2", "alt": 'A "<b>" & c'}


@pytest.mark.parametrize("size", [0, -1, "0", "", None, "wide", 10**9, 1.5, True])
def test_image_without_a_valid_size_has_no_size_attributes(size: object) -> None:
    [image] = content({"images": [{"url": IMAGE, "width": size, "height": size}]}).iter("img")
    assert set(image.attrib) == {"src", "alt"}


def test_entry_with_a_provider_links_to_its_source() -> None:
    assert links({"webUrl": "https://n.test/1?a=1&b=2", "provider": {"name": "News & <Views>"}}) == [
        ("News & <Views>", "https://n.test/1?a=1&b=2")
    ]


def test_excerpt_without_a_provider_links_to_the_entry() -> None:
    assert links({"webUrl": "https://n.test/1", "excerpt": "Some"}) == [("Title", "https://n.test/1")]


def test_body_without_a_provider_has_no_link() -> None:
    assert links({"webUrl": "https://n.test/1", "excerpt": "Some"}, "The whole text.") == []


def test_body_replaces_the_excerpt() -> None:
    text = content({"excerpt": "The excerpt."}, "The body.").text_content()
    assert ("The body." in text, "The excerpt." in text) == (True, False)


def test_video_is_linked() -> None:
    assert links({"featuredContent": "<iframe width=8 src='https://v.test/1?a=1&b=2'></iframe>", "provider": "P"})[
        0
    ] == (
        "Watch the video",
        "https://v.test/1?a=1&b=2",
    )


def test_related_stories_are_listed_with_their_providers() -> None:
    related = [
        {"title": "A & <b", "webUrl": "https://r.test/1", "provider": {"name": "R & S"}},
        {"title": "B", "webUrl": "https://r.test/2"},
    ]
    made = content({"related": related})
    assert [item.text_content() for item in made.iter("li")] == ["A & <b (R & S)", "B"]


@pytest.mark.parametrize(
    ("language", "direction"),
    [("ar", "rtl"), ("he-IL", "rtl"), ("fa", "rtl"), ("ur_PK", "rtl"), ("en", None), ("arn", None), ("", None)],
)
def test_direction_follows_the_language(language: str, direction: str | None) -> None:
    [outer] = content({"lang": language, "excerpt": "x"}).xpath("./*[1]")
    assert outer.get("dir") == direction


@bounded
@given(texts, texts, texts)
def test_no_text_becomes_markup(excerpt: str, name: str, title: str) -> None:
    metadata = {
        "excerpt": excerpt,
        "provider": {"name": name},
        "related": [{"title": title, "webUrl": "https://r.test/"}],
    }
    found = {element.tag for element in content(metadata).iter()}
    assert found <= {"div", "p", "a", "ul", "li"}


@bounded
@given(entries)
def test_content_is_never_empty(entry: Entry) -> None:
    made = html.fromstring(f"<div>{prepared(entry).html}</div>")
    assert made.text_content().strip() or next(made.iter("img"), None) is not None


@bounded
@given(entries)
def test_every_ampersand_is_escaped(entry: Entry) -> None:
    assert not re.search(r"&(?!(?:amp|lt|gt|quot|nbsp|#x27);)", prepared(entry).html)


def test_addresses_that_contain_entity_names_are_unchanged() -> None:
    url = "https://n.test/?a=1&copy=2&lt=3"
    assert links({"webUrl": url, "provider": "P"}) == [("P", url)]
    assert images({"images": [{"url": url}]}) == [url]
    assert prepared(entry_of({**WHEN, "webUrl": url, "images": [url]})).html.count("?a=1&amp;copy=2&amp;lt=3") == 2
