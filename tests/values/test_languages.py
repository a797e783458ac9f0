"""Language tags of fields and folders."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from syndicate.values.languages import is_right_to_left, language_of_path, language_tag

TAGS = [
    ("en", "en"),
    ("EN", "en"),
    (" de ", "de"),
    ("pt_BR", "pt-BR"),
    ("PT-br", "pt-BR"),
    ("zh-hant", "zh-Hant"),
    ("zh_hant_tw", "zh-Hant-TW"),
    ("es-419", "es-419"),
    ("sl-rozaj", "sl-rozaj"),
    ("de_DE.UTF-8", "de-DE"),
    ("gsw", "gsw"),
    ("", ""),
    ("english", ""),
    ("e", ""),
    ("en-", ""),
    ("en--GB", ""),
    ("klingon!", ""),
    ('en"><script>', ""),
    ("日本語", ""),
    ("ſv", ""),
]

PATHS = [
    ("fr/post/x.md", "fr"),
    ("content/pt-br/x.md", "pt-BR"),
    ("content/pt_BR/x.md", "pt-BR"),
    ("zh-Hant/x.md", "zh-Hant"),
    ("content/posts/fr/x.md", ""),  # deeper folders of two letters have other meanings
    ("go/x.md", ""),
    ("js/x.md", ""),
    ("de.md", ""),
    ("posts/x.fr.md", "fr"),
    ("de/x.fr.md", "fr"),
    ("posts/x.ts.md", ""),
    ("posts/v1.2.md", ""),
    ("french/x.md", ""),
    ("en-masse/x.md", ""),
    ("it-news/x.md", ""),
    ("no-code/x.md", ""),
    ("EN/x.md", "en"),
    ("content/zh-Hans-SG/x.md", "zh-Hans-SG"),
    ("es-419/x.md", "es-419"),
    ("x.md", ""),
]


@pytest.mark.parametrize(("stated", "tag"), TAGS, ids=[repr(stated) for stated, _ in TAGS])
def test_stated_language_becomes_a_tag_in_canonical_case_or_nothing(stated: str, tag: str) -> None:
    assert language_tag(stated) == tag


@pytest.mark.parametrize(("path", "tag"), PATHS, ids=[path for path, _ in PATHS])
def test_one_of_the_two_outermost_folders_names_a_language(path: str, tag: str) -> None:
    assert language_of_path(path) == tag


@settings(max_examples=300, deadline=None, derandomize=True, database=None)
@given(st.one_of(st.text(max_size=20), st.from_regex(r"[A-Za-z]{1,4}([-_][A-Za-z0-9]{1,8}){0,3}", fullmatch=True)))
def test_tag_is_ascii_and_normalizing_it_again_changes_nothing(stated: str) -> None:
    tag = language_tag(stated)
    assert language_tag(tag) == tag
    assert tag.isascii()
    assert tag.replace("-", "").isalnum() or tag == ""


@pytest.mark.parametrize(
    ("tag", "expected"),
    [
        ("ar", True), ("ur", True), ("he-IL", True), ("yi", True), ("az-Arab", True), ("pa-Arab-PK", True),
        ("ks-Deva", False), ("ur-Latn", False), ("ar-Latn-EG", False), ("az", False), ("en", False), ("", False),
        ("zh-Hant", False),
    ],
)  # fmt: skip
def test_script_decides_the_direction_else_the_language(tag: str, expected: bool) -> None:  # noqa: FBT001 - a column
    assert is_right_to_left(tag) is expected
