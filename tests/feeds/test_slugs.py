"""Tests of slugs: functions of the name alone, safe as file names and in addresses, distinct for distinct names."""

from __future__ import annotations

import re
import sys
import unicodedata
from itertools import combinations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from syndicate.feeds.slugs import is_safe_slug, marked_slug, slug, topic_key
from syndicate.model import SlugStyle

bounded = settings(max_examples=300, deadline=None, derandomize=True, database=None)

STYLES: tuple[SlugStyle, ...] = ("unicode", "ascii")
SLUGS = [
    ("AI", "ai"),
    ("IBM AI", "ibm-ai"),
    ("  ibm \t ai\n", "ibm-ai"),
    ("open-source", "open--source"),
    ("open source", "open-source"),
    ("Diablo 4", "diablo-4"),
    ("42", "42"),
]
MARKED = [
    ("C++", "c"), ("C#", "c"), ("lgbtq+", "lgbtq"), ("R&D", "r-d"), ("Café Culture", "cafe-culture"), ("日本", "x"),
    ("!!!", "x"), ("a_b", "a-b"), ("a--b", "a-b"), ("-a", "a"), ("a-", "a"), ("a/b", "a-b"), ("..", "x"),
    ("", "x"), (" ", "x"), ("con", "con"), ("NUL", "nul"), ("com1", "com1"), ("lpt0", "lpt0"),
    ("a" * 81, "a" * 40), ("a-" * 39 + "a", "a-" * 20), ("İstanbul", "istanbul"), ("a\x00b", "a-b"),
    ("\ud800", "x"), ("½", "12"), ("é_b", "e-b"), ("日本!", "x"), ("\u0301", "x"), ("a\u200db", "ab"),
    ("é" * 120, "e" * 40), ("c_sune2nxaveayw", "c-sune2nxaveayw"),
]  # fmt: skip
UNICODE = {
    "Café Culture": "café-culture", "日本": "日本", "Überblick": "überblick", "हिन्दी-समाचार": "हिन्दी--समाचार",
    "İstanbul": "i̇stanbul", "AI 日本": "ai-日本", "Ελλάδα": "ελλάδα", "اللغة العربية": "اللغة-العربية", "٣": "٣",
}  # fmt: skip
DEVICES = ["con", "prn", "aux", "nul", *(f"{name}{number}" for name in ("com", "lpt") for number in range(10))]


@pytest.mark.parametrize(("name", "expected"), SLUGS)
def test_slug_of_plain_words_is_readable(name: str, expected: str) -> None:
    assert slug(name) == expected


@pytest.mark.parametrize(("name", "stem"), MARKED, ids=[ascii(name)[:20] for name, _ in MARKED])
def test_slug_of_any_other_name_has_a_readable_stem_and_a_hash(name: str, stem: str) -> None:
    assert re.fullmatch(rf"{re.escape(stem[:40].strip('-'))}_[a-z2-7]{{13}}", slug(name, "ascii"))
    if name not in UNICODE:
        assert slug(name) == slug(name, "ascii")


def test_published_slugs_do_not_change() -> None:
    """These slugs are part of published addresses."""
    for style in STYLES:
        assert slug("C#", style) == "c_sune2nxaveayw"
        assert slug("Archives & Libraries", style) == "archives-libraries_7qmu3nkmz2yjc"
    assert slug("日本", "ascii") == "x_z4vl6dc34mtmx"


@pytest.mark.parametrize(("name", "expected"), UNICODE.items())
def test_slug_keeps_letters_and_digits_of_every_script(name: str, expected: str) -> None:
    assert slug(name) == expected
    assert is_safe_slug(expected)


def test_longer_hash_extends_the_shorter_one() -> None:
    assert marked_slug("C#", 26).startswith(marked_slug("C#"))
    assert len(marked_slug("C#", 26)) == len("c_") + 26


def assert_safe(made: str, style: SlugStyle) -> None:
    assert re.fullmatch(r"[a-z0-9_-]+", made, re.ASCII) or style == "unicode"
    assert not re.search(r"[\x00-,./:-@\[-^`{-\x7f\s]", made)
    assert 1 <= len(made) <= 100
    assert len(made.encode("utf-8", "surrogatepass")) <= 200
    assert made == topic_key(made)
    assert made not in DEVICES
    assert is_safe_slug(made)


styles = st.sampled_from(STYLES)
words = st.from_regex(r"[a-z0-9]{1,4}", fullmatch=True)
near = st.lists(
    st.one_of(words, st.sampled_from(["-", "--", " ", "_", "  ", "+", "#", ".", "/", "é", "x"])), max_size=6
).map("".join)
names = st.one_of(near, near.map(slug), near.map(marked_slug), st.text(max_size=12), st.text("a-", max_size=120))


@bounded
@given(names, styles)
@example("con", "unicode")
@example("com0.txt", "unicode")
@example("\u0345", "unicode")
def test_any_name_has_a_safe_slug(name: str, style: SlugStyle) -> None:
    assert_safe(slug(name, style), style)
    assert_safe(marked_slug(name), "ascii")
    assert_safe(marked_slug(name, 26), "ascii")


@bounded
@given(names, names, styles)
def test_distinct_names_have_distinct_slugs(first: str, second: str, style: SlugStyle) -> None:
    assert (slug(first, style) == slug(second, style)) == (topic_key(first) == topic_key(second))


@bounded
@given(names)
def test_name_spelled_like_a_slug_has_another_slug(name: str) -> None:
    """A topic named `c_sune2nxaveayw` or `open--source` does not get the address of another topic."""
    made = slug(name)
    assert slug(made) != made or topic_key(name) == made


def test_similar_names_have_distinct_slugs() -> None:
    family = [
        "ab",
        "a b",
        "a-b",
        "a--b",
        "a - b",
        "a -b",
        "a_b",
        "a+b",
        "a.b",
        "a/b",
        "a&b",
        "a  -b",
        "a---b",
        "a b-",
        "-a b",
    ]
    family += [slug(name) for name in family] + [marked_slug(name) for name in family]
    distinct = {topic_key(name): name for name in family}
    for first, second in combinations(distinct.values(), 2):
        assert slug(first) != slug(second), (first, second)


@bounded
@given(
    names,
    st.sampled_from([str.upper, str.lower, str.title, str.swapcase]),
    st.sampled_from([" ", "\t", "\u00a0", "  "]),
)
def test_slug_does_not_depend_on_case_and_white_space(name: str, spell: object, space: str) -> None:
    folded = name if name.casefold() == name.upper().casefold() == name.title().casefold() else "plain words"
    respelled = space + spell(folded).replace(" ", space) + space  # type: ignore[operator]
    assert slug(respelled) == slug(folded)


def test_topic_key_is_idempotent_for_every_character() -> None:
    """Topics are looked up by key: if the key of a key differed, two keys could have one slug."""
    marks = ("", "\u0301", "\u0345", "\u0307", "\u0323")
    made = topic_key.__wrapped__
    folding = [
        char
        for char in map(chr, range(sys.maxunicode + 1))
        if char.casefold() != char or unicodedata.decomposition(char) or unicodedata.combining(char)
    ]
    assert len(folding) > 5_000
    names = [first + second for char in folding for mark in marks for first, second in ((char, mark), (mark, char))]
    assert [name for name in names if made(made(name)) != made(name)] == []


@pytest.mark.parametrize(
    ("composed", "decomposed"), [("Café", "Cafe\u0301"), ("Å", "\u212b"), ("한", "\u1112\u1161\u11ab")]
)
def test_canonically_equivalent_names_have_one_key_and_slug(composed: str, decomposed: str) -> None:
    assert composed != decomposed
    assert topic_key(composed) == topic_key(decomposed)
    assert slug(composed) == slug(decomposed)


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("a", True), ("cpp", True), ("c-1.x_y", True), ("a" * 100, True), ("0", True), ("", False), (".", False),
        ("..", False), (".a", False), ("a.", False), ("-a", False), ("a-", False), ("_a", False), ("a..b", False),
        ("A", False), ("a b", False), ("a/b", False), ("a\\b", False), ("ä", True), ("日本", True),
        ("ä b", False), ("Ä", False), ("a\u0308", False), ("a\n", False),
        ("a\x00", False), ("con", False), ("nul.txt", False), ("com1", False), ("aux.x.y", False),
        ("a" * 101, False), ("console", True), ("x.nul", True),
    ],
    ids=ascii,
)  # fmt: skip
def test_configured_slug_is_safe_as_a_folder_name_on_every_system(text: str, safe: bool) -> None:  # noqa: FBT001
    assert is_safe_slug(text) is safe
