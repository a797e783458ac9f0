"""Id, address and language of an entry are stated, or derived from the path of its file."""

from __future__ import annotations

import re
from datetime import date
from typing import Any
from unicodedata import normalize

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.fields import AUTHORITY, HUGE, PATH, bounded, context_with, dated_entry, label

IDS = [
    ({}, f"tag:{AUTHORITY}:notes/a-story.md"),
    ({"id": "one"}, f"tag:{AUTHORITY}:id:one"),
    ({"id": 7}, f"tag:{AUTHORITY}:id:7"),
    ({"id": 1234567890123456789}, f"tag:{AUTHORITY}:id:1234567890123456789"),
    ({"id": "two words"}, f"tag:{AUTHORITY}:id:two%20words"),
    ({"id": "日本"}, f"tag:{AUTHORITY}:id:%E6%97%A5%E6%9C%AC"),
    ({"guid": "https://a.test/?p=1"}, "https://a.test/?p=1"),
    ({"id": "tag:other.test,2020:x"}, "tag:other.test,2020:x"),
    ({"id": "urn:isbn:123"}, "urn:isbn:123"),
    ({"id": "note: this"}, f"tag:{AUTHORITY}:id:note:%20this"),
    ({"uuid": "1225C695-CFB8-4EBB-AAAA-80DA344EFA6A"}, "urn:uuid:1225c695-cfb8-4ebb-aaaa-80da344efa6a"),
    ({"id": "", "guid": "g"}, f"tag:{AUTHORITY}:id:g"),
    ({"id": " ", "guid": "g"}, f"tag:{AUTHORITY}:id:g"),
    ({"id": True, "guid": "g"}, f"tag:{AUTHORITY}:id:g"),
    ({"id": ["x"], "guid": "g"}, f"tag:{AUTHORITY}:id:g"),
    ({"id": "a\x00b"}, f"tag:{AUTHORITY}:id:ab"),
    ({"id": HUGE}, f"tag:{AUTHORITY}:notes/a-story.md"),
]


@pytest.mark.parametrize(("metadata", "expected"), IDS, ids=[label(row[0]) for row in IDS])
def test_id_is_stated_or_derived_from_the_path(metadata: dict[str, Any], expected: str) -> None:
    assert dated_entry(metadata).id == expected


def test_id_of_a_path_depends_on_the_source_and_not_on_title_date_and_address() -> None:
    context = context_with(prefix="blog/")
    first = dated_entry(title="A", date=date(2020, 1, 1), webUrl="https://a.test/", context=context)
    later = dated_entry(title="B", date=date(2021, 1, 1), webUrl="https://b.test/", context=context)
    assert first.id == later.id == f"tag:{AUTHORITY}:blog/notes/a-story.md"
    assert first.path == "blog/notes/a-story.md"


URLS = [
    ({"webUrl": "https://a.test/x", "originalUrl": "https://b.test/"}, PATH, "https://a.test/x"),
    ({"webUrl": "", "originalUrl": "https://b.test/x"}, PATH, "https://b.test/x"),
    ({"webUrl": "ftp://a.test/x", "originalUrl": "https://b.test/x"}, PATH, "https://b.test/x"),
    ({"webUrl": "https://", "originalUrl": "https://b.test/x"}, PATH, "https://b.test/x"),
    ({"webUrl": "https://me:pw@a.test/"}, PATH, "https://www.test/notes/a-story/"),
    ({"webUrl": "javascript:alert(1)"}, PATH, "https://www.test/notes/a-story/"),
    ({"webUrl": ["https://a.test/"]}, PATH, "https://www.test/notes/a-story/"),
    ({"url": "/x/"}, PATH, "https://www.test/x/"),
    ({"permalink": "/x/index.html"}, PATH, "https://www.test/x/index.html"),
    ({"permalink": "/:year/:title/"}, PATH, "https://www.test/notes/a-story/"),
    ({"permalink": "/{{ page.fileSlug }}/"}, PATH, "https://www.test/notes/a-story/"),
    ({"permalink": "/{slug}/"}, PATH, "https://www.test/notes/a-story/"),
    ({"permalink": True}, PATH, "https://www.test/notes/a-story/"),
    ({"permalink": "true"}, PATH, "https://www.test/notes/a-story/"),
    ({"url": "2020"}, PATH, "https://www.test/notes/a-story/"),
    ({"permalink": "https://a.test:8080/x"}, PATH, "https://a.test:8080/x"),
    # derived from the path
    ({}, "_news/2020-06-09-ibm.md", "https://www.test/news/2020-06-09-ibm/"),
    ({}, "_posts/2020-06-09-a-title.md", "https://www.test/2020/06/09/a-title.html"),
    ({}, "blog/_posts/sub/2020-06-09-a-title.markdown", "https://www.test/2020/06/09/a-title.html"),
    ({}, "_posts/2020-06-09-who? [me] #1%.md", "https://www.test/2020/06/09/who%3F%20%5Bme%5D%20%231%25.html"),
    ({}, "content/post/title/index.md", "https://www.test/content/post/title/"),
    ({}, "post/title.md", "https://www.test/post/title/"),
    ({}, "index.md", "https://www.test/"),
    ({}, "title", "https://www.test/title/"),
    ({"slug": "better"}, "post/title.md", "https://www.test/post/better/"),
    ({"slug": "/better/"}, "post/title/index.md", "https://www.test/post/title/better/"),
    ({"slug": 2020}, "post/title.md", "https://www.test/post/2020/"),
    ({"slug": "ü b"}, "post/title.md", "https://www.test/post/%C3%BC%20b/"),
    ({"slug": ""}, "post/title.md", "https://www.test/post/title/"),
    ({"path": "2017/12/21/title"}, "x.md", "https://www.test/2017/12/21/title/"),
    ({"path": "/blog/x/"}, "y.md", "https://www.test/blog/x/"),
    ({"path": "javascript:x"}, "y.md", "https://www.test/y/"),
    ({}, "a b/c#d?e%f.md", "https://www.test/a%20b/c%23d%3Fe%25f/"),
    ({}, "a:b/x.md", "https://www.test/a%3Ab/x/"),
    ({}, "日本/é.md", "https://www.test/%E6%97%A5%E6%9C%AC/%C3%A9/"),
    ({}, "a\nb.md", "https://www.test/a%0Ab/"),
    ({}, "\udcff.md", "https://www.test/%FF/"),
    ({}, "_posts/2020-06-09-\udcff.md", "https://www.test/2020/06/09/%FF.html"),
]


@pytest.mark.parametrize(("metadata", "path", "url"), URLS, ids=[label(row[:2]) for row in URLS])
def test_url_is_stated_or_derived_from_the_path(metadata: dict[str, Any], path: str, url: str) -> None:
    assert dated_entry(metadata, path=path).url == url


def test_id_and_url_do_not_depend_on_the_normalization_of_file_names() -> None:
    composed, decomposed = (dated_entry(path=normalize(form, "café/naïve.md")) for form in ("NFC", "NFD"))
    assert composed == decomposed
    assert composed.id == f"tag:{AUTHORITY}:caf%C3%A9/na%C3%AFve.md"
    assert composed.url == "https://www.test/caf%C3%A9/na%C3%AFve/"


names = st.text(st.characters(exclude_characters="/\x00"), min_size=1, max_size=12).filter(
    lambda name: (
        name not in {".", ".."}
        and normalize("NFC", name) == name
        and not re.search("[\ud800-\udc7f\udd00-\udfff]", name)
    )
)


@bounded
@given(st.lists(names, min_size=1, max_size=3, unique=True))
def test_files_of_one_folder_have_different_urls(stems: list[str]) -> None:
    urls = {dated_entry(path=f"notes/{stem}.md").url for stem in stems if stem != "index"}
    assert len(urls) == len([stem for stem in stems if stem != "index"])


@pytest.mark.parametrize(
    ("metadata", "path", "language"),
    [
        ({"lang": "pt_BR"}, "fr/x.md", "pt-BR"),
        ({"lang": "klingon!"}, "fr/x.md", "fr"),
        ({"lang": ["de"], "locale": "es"}, "x.md", "es"),
        ({}, "fr/x.md", "fr"),
        ({}, "go/x.md", ""),
        ({}, "x.md", ""),
    ],
)
def test_language_is_stated_or_named_by_a_folder_or_unknown(metadata: dict[str, Any], path: str, language: str) -> None:
    assert dated_entry(metadata, path=path).language == language
