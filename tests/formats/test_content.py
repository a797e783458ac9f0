"""Tests of the content of entries: complete without other elements, without repetition, with every text escaped."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from lxml import html
from support.records import bounded, entries, entry_of, prepared, texts

from syndicate.model import CONTENT_PARTS, ContentPart, ContentWords, Entry, Presentation

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


# ------------------------------------------------------------------------------------------------- words and parts

STORY: dict[str, Any] = {
    "webUrl": "https://n.test/1",
    "excerpt": "Text",
    "images": [{"url": IMAGE}],
    "provider": {"name": "P"},
    "featuredContent": "<iframe src='https://v.test/1'></iframe>",
    "related": [{"title": "R", "webUrl": "https://r.test/1"}],
}


def paragraphs(presentation: Presentation, language: str = "") -> list[str]:
    made = html.fromstring(f"<div>{prepared(entry_of({**WHEN, **STORY, 'lang': language}), presentation).html}</div>")
    return [paragraph.text_content() for paragraph in made.iter("p")]


@pytest.mark.parametrize(
    ("language", "site", "expected"),
    [
        ("", "", ["Watch the video", "Source: P", "Related stories:"]),
        ("de", "", ["Video ansehen", "Quelle: P", "Mehr zum Thema:"]),
        ("de-AT", "fr", ["Video ansehen", "Quelle: P", "Mehr zum Thema:"]),
        ("", "fr", ["Regarder la vidéo", "Source\u00a0: P", "À lire aussi\u00a0:"]),
        ("it", "es", ["Ver el vídeo", "Fuente: P", "Artículos relacionados:"]),
        ("it", "", ["Watch the video", "Source: P", "Related stories:"]),
        ("ja", "", ["動画を見る", "出典：P", "関連記事："]),
    ],
)
def test_words_are_in_the_language_of_the_entry_then_of_the_site(language: str, site: str, expected: list[str]) -> None:
    assert paragraphs(Presentation(language=site), language) == ["", "Text", *expected]


def test_entry_without_a_language_has_the_direction_of_the_site() -> None:
    made = prepared(entry_of({**WHEN, **STORY}), Presentation(language="ar")).html
    assert made.startswith('<div dir="rtl" lang="ar">')


def test_words_of_the_site_replace_the_usual_ones_in_their_language() -> None:
    own = (ContentWords("de", source="<{name} & Co.", related="Außerdem"), ContentWords("it", video="Il video"))
    shown = Presentation(words=own)
    assert paragraphs(shown, "de-CH")[2:] == ["Video ansehen", "<P & Co.", "Außerdem"]
    assert paragraphs(shown, "it")[2:] == ["Il video", "Source: P", "Related stories:"]
    assert paragraphs(shown, "en")[2:] == ["Watch the video", "Source: P", "Related stories:"]


@pytest.mark.parametrize(
    ("part", "missing"),
    [("image", ""), ("video", "Watch the video"), ("source", "Source: P"), ("related", "Related stories:")],
)
def test_part_of_the_content_can_be_left_out(part: ContentPart, missing: str) -> None:
    everything = paragraphs(Presentation())
    remaining = tuple(each for each in CONTENT_PARTS if each != part)
    expected = [text for text in everything if text != missing]
    if part == "source":  # an excerpt needs a link to the whole text
        expected.insert(3, "Title")
    assert paragraphs(Presentation(content=remaining)) == expected


def test_body_alone_can_be_the_content() -> None:
    made = prepared(entry_of({**WHEN, **STORY}, "The whole text."), Presentation(content=())).html
    assert made.strip() == "<p>The whole text.</p>"


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
