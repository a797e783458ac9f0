"""Images and videos."""

from __future__ import annotations

from typing import Any

import pytest
from support.fields import dated_entry, label

from syndicate.model import Image

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
    ({}, None),
]


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
