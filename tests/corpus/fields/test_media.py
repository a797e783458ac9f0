"""Images and videos."""

from __future__ import annotations

from typing import Any

import pytest
from support.fields import dated_entry, dated_record, label

from syndicate.model import Enclosure, Image

IMAGES = [
    ({"image": "/i.png"}, Image(url="https://a.test/i.png")),
    ({"image": "i.png"}, Image(url="https://a.test/story/i.png")),
    ({"images": [{"url": "https://i.test/x"}]}, Image(url="https://i.test/x")),
    ({"images": {"src": "https://i.test/x"}}, Image(url="https://i.test/x")),
    ({"image": {"path": "/x", "alt": "A"}}, Image(url="https://a.test/x", title="A")),
    ({"images": ["ftp://x", "https://i.test/2"]}, Image(url="https://i.test/2")),
    ({"images": [], "heroImage": "/h"}, Image(url="https://a.test/h")),
    ({"images": [None], "cover_image": "/c"}, Image(url="https://a.test/c")),
    ({"image": "data:image/png;base64,AAAA"}, None),
    ({"image": True}, None),
    ({"image": {}}, None),
    ({"image": {"url": ["x"]}}, None),
    ({"image": {"url": "/x", "title": "<b>T</b> &amp; U"}}, Image(url="https://a.test/x", title="T & U")),
    ({"image": {"url": "/x", "title": ["T"]}}, Image(url="https://a.test/x")),
    ({"image": {"url": "/x y|z"}}, Image(url="https://a.test/x%20y%7Cz")),
    ({"image": {"url": "/x", "width": 620, "height": 349}}, Image(url="https://a.test/x", width=620, height=349)),
    ({"image": {"url": "/x", "width": "620", "height": "x"}}, Image(url="https://a.test/x", width=620)),
    ({"image": {"url": "/x", "width": 0, "height": -1}}, Image(url="https://a.test/x")),
    ({"image": {"url": "/x", "width": True, "height": 5.5}}, Image(url="https://a.test/x")),
    ({"image": {"url": "/x", "width": 10**9, "height": "9" * 5000}}, Image(url="https://a.test/x")),
    # the cover keys of themes
    ({"cover": {"image": "/img/a.png", "alt": "A"}}, Image(url="https://a.test/img/a.png")),
    ({"cover": {"url": "/a.png", "alt": "A"}}, Image(url="https://a.test/a.png", title="A")),
    ({"cover": "/a.png"}, Image(url="https://a.test/a.png")),
    ({"coverImage": "/a.png"}, Image(url="https://a.test/a.png")),
    ({"feature_image": "/a.png"}, Image(url="https://a.test/a.png")),
    ({"featuredImage": "/a.png"}, Image(url="https://a.test/a.png")),
    ({"thumbnail": "/a.png"}, Image(url="https://a.test/a.png")),
    ({"header": {"teaser": "/a.png"}}, Image(url="https://a.test/a.png")),
    ({"header": {"image": "/b.png", "teaser": "/a.png"}}, Image(url="https://a.test/b.png")),
    ({"og_image": "/a.png"}, Image(url="https://a.test/a.png")),
    ({"image": {"feature": "/a.png"}}, Image(url="https://a.test/a.png")),
    ({"cover": {"image": "", "alt": ""}, "thumbnail": "/a.png"}, Image(url="https://a.test/a.png")),
    ({"image": "false"}, None),
    ({}, None),
]


def test_empty_cover_of_a_theme_is_no_problem() -> None:
    assert not dated_record({"cover": {"image": "", "alt": "", "caption": None}}).problems


MP3 = "https://a.test/e.mp3"
ENCLOSURES = [
    ({"enclosure": "/e.mp3"}, Enclosure(MP3, "audio/mpeg")),
    ({"audio": "/e.m4a?x=1.mp3"}, Enclosure("https://a.test/e.m4a?x=1.mp3", "audio/mp4")),
    ({"podcast": {"url": "/e.mp3", "length": 123, "type": "audio/x-mp3"}}, Enclosure(MP3, "audio/x-mp3", 123)),
    ({"enclosure": {"src": "/e.mp3", "size": "123"}}, Enclosure(MP3, "audio/mpeg", 123)),
    ({"enclosure": {"file": "/e.MP3", "length": "5 MB", "type": "mp3"}}, Enclosure(MP3[:-3] + "MP3", "audio/mpeg")),
    ({"enclosure": [{"url": "/e.mp3"}, {"url": "/f.mp3"}]}, Enclosure(MP3, "audio/mpeg")),
    ({"enclosure": "https://a.test/e.mp3\n4567\naudio/mp3\n"}, Enclosure(MP3, "audio/mp3", 4567)),
    ({"enclosure": "/e"}, Enclosure("https://a.test/e", "application/octet-stream")),
    ({"audio": "/e"}, Enclosure("https://a.test/e", "audio/mpeg")),
    ({"audio": {"url": "/e.mp3", "length": 0}}, Enclosure(MP3, "audio/mpeg")),
    ({"audio": {"url": "/e.mp3", "length": -5}}, Enclosure(MP3, "audio/mpeg")),
    ({"enclosure": "ftp://x", "audio": "/e.mp3"}, Enclosure(MP3, "audio/mpeg")),
    ({"audio": "true"}, None),
    ({"audio": 7}, None),
    ({"audio": []}, None),
    ({"podcast": {"duration": "1:30"}}, None),
    ({}, None),
]  # fmt: skip


@pytest.mark.parametrize(("metadata", "enclosure"), ENCLOSURES, ids=[label(row[0]) for row in ENCLOSURES])
def test_enclosure_is_the_first_file_with_a_valid_address(
    metadata: dict[str, Any], enclosure: Enclosure | None
) -> None:
    assert dated_entry(metadata, webUrl="https://a.test/story/").enclosure == enclosure


@pytest.mark.parametrize(("metadata", "image"), IMAGES, ids=[label(row[0]) for row in IMAGES])
def test_image_is_the_first_with_a_valid_address(metadata: dict[str, Any], image: Image | None) -> None:
    assert dated_entry(metadata, webUrl="https://a.test/story/").image == image


@pytest.mark.parametrize(
    ("stated", "url"),
    [
        ('<iframe src="https://v.test/x"></iframe>', "https://v.test/x"),
        ("<IFRAME width=1\n SRC = 'https://v.test/x?a=1&amp;b=2'>", "https://v.test/x?a=1&b=2"),
        ("<iframe src=//v.test/x>", "https://v.test/x"),
        ("<p>before</p><iframe src=https://v.test/x allowfullscreen></iframe>", "https://v.test/x"),
        ('<iframe data-src="https://v.test/x">', None),
        ('<iframe src="javascript:alert(1)">', None),
        ("<iframe " * 100_000, None),
        ("no frame", None),
        (["<iframe src='https://v.test/x'>"], None),
        (None, None),
    ],
    ids=label,
)
def test_video_is_the_iframe_of_the_featured_content(stated: object, url: str | None) -> None:
    assert dated_entry(featuredContent=stated).video_url == url
