"""Front matter of every form is split and parsed; a hostile header results in an error with its position."""

from __future__ import annotations

import time
from contextlib import suppress
from datetime import date
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from syndicate.corpus.frontmatter import FrontMatterError, RepeatedKeyError, parse
from syndicate.values.keys import StatedOnce

bounded = settings(
    max_examples=250, deadline=None, derandomize=True, database=None, suppress_health_check=[HealthCheck.too_slow]
)

SPLIT: list[tuple[str, str, dict[str, Any], str, str]] = [
    ("yaml", "---\ntitle: x\n---\nbody\n", {"title": "x"}, "body", "yaml"),
    ("yaml empty", "---\n---\nbody", {}, "body", "yaml"),
    ("yaml comment only", "---\n# nothing\n---\nbody", {}, "body", "yaml"),
    ("yaml null", "---\n~\n---\nbody", {}, "body", "yaml"),
    ("no newline at the end", "---\ntitle: x\n---", {"title": "x"}, "", "yaml"),
    ("spaces after the fences", "--- \ntitle: x\n---\t\nbody", {"title": "x"}, "body", "yaml"),
    ("longer fences", "-----\ntitle: x\n----\nbody", {"title": "x"}, "body", "yaml"),
    ("blank lines before", "\n\n---\ntitle: x\n---\nbody", {"title": "x"}, "body", "yaml"),
    ("byte order mark", "\ufeff---\ntitle: x\n---\nbody", {"title": "x"}, "body", "yaml"),
    ("CRLF", "---\r\ntitle: x\r\ntext: |\r\n  a\r\n  b\r\n---\r\nbody\r\nmore", {"title": "x", "text": "a\nb\n"}, "body\nmore", "yaml"),  # noqa: E501 - a row
    ("BOM and CRLF", "\ufeff---\r\ntitle: x\r\n---\r\n", {"title": "x"}, "", "yaml"),
    ("a rule in the body", "---\ntitle: x\n---\na\n\n---\n\nb", {"title": "x"}, "a\n\n---\n\nb", "yaml"),
    ("dashes in a value", "---\ntitle: a --- b\n---\n", {"title": "a --- b"}, "", "yaml"),
    ("timestamps", "---\nd: 2020-06-09\nt: 2020-06-09T11:00:00Z\n---\n", {"d": "2020-06-09", "t": "2020-06-09T11:00:00Z"}, "", "yaml"),  # noqa: E501 - a row
    ("ended by dots", "---\ntitle: x\n...\nbody", {"title": "x"}, "body", "yaml"),
    ("ended by dots, a rule later", "---\ntitle: x\n...\nbody\n\n---\n", {"title": "x"}, "body\n\n---", "yaml"),
    ("ended by dots and spaces", "---\ntitle: x\n...  \nbody", {"title": "x"}, "body", "yaml"),
    ("ended by dots at the end", "---\ntitle: x\n...", {"title": "x"}, "", "yaml"),
    ("dots in a value", "---\ntitle: |\n  a\n  ...\n  b\n---\nbody", {"title": "a\n...\nb\n"}, "body", "yaml"),
    ("dots in the body", "---\ntitle: x\n---\na\n...\nb", {"title": "x"}, "a\n...\nb", "yaml"),
    ("dots before anything", "...\ntitle: x\n---\nbody", {}, "...\ntitle: x\n---\nbody", "none"),
    ("toml", '+++\ntitle = "x"\n[extra]\ntags = ["a"]\n+++\nbody', {"title": "x", "extra": {"tags": ["a"]}}, "body", "toml"),  # noqa: E501 - a row
    ("toml CRLF", '+++\r\ntitle = "x"\r\n+++\r\nbody', {"title": "x"}, "body", "toml"),
    ("toml date", "+++\ndate = 2020-06-09\n+++\n", {"date": date(2020, 6, 9)}, "", "toml"),
    ("pelican", "Title: x\nDate: 2013-02-24 09:00\nTags: a, b\n\nbody\n\nmore", {"title": "x", "date": "2013-02-24 09:00", "tags": "a, b"}, "body\n\nmore", "pelican"),  # noqa: E501 - a row
    ("pelican folded", "title: x\nSummary: one\n  two\n\n  three\n", {"title": "x", "summary": "one two"}, "  three", "pelican"),  # noqa: E501 - a row
    ("pelican, no body", "Title: x", {"title": "x"}, "", "pelican"),
    ("pelican empty value", "Title: x\nTags:\n\nbody", {"title": "x", "tags": ""}, "body", "pelican"),
    ("pelican with a colon", "Title: DM: Diablo\n\nbody", {"title": "DM: Diablo"}, "body", "pelican"),
    ("none", "# A heading\n\nbody", {}, "# A heading\n\nbody", "none"),
    ("none, one colon", "Note: this is prose.\nIt goes on.\n\nbody", {}, "Note: this is prose.\nIt goes on.\n\nbody", "none"),  # noqa: E501 - a row
    ("none, empty", "", {}, "", "none"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "metadata", "body", "kind"), [row[1:] for row in SPLIT], ids=[row[0] for row in SPLIT]
)
def test_text_is_split_into_metadata_and_body(text: str, metadata: dict[str, Any], body: str, kind: str) -> None:
    parsed = parse(text)
    assert (parsed.metadata, parsed.body, parsed.kind, parsed.repaired) == (metadata, body, kind, False)


BOMB = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 10)}]\n" for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)
TIGHT_BOMB = 'z: {"a": &a [x, x, x, x, x, x, x, x, x, x]' + "".join(
    f', "{name}": &{name} {{{", ".join(f"{chr(34)}{n}{chr(34)}:*{before}" for n in range(10))}}}'
    for before, name in zip("abcdefgh", "bcdefghi", strict=True)
) + "}"  # fmt: skip
TEXT_BOMB = f"a: &a {'x' * 9000}\nb: [{'*a, ' * 1200}]\n"
MERGE_BOMB = "a: &a {k0: 1, k1: 1}\n" + "".join(
    f"{name}: &{name}\n  <<: [{', '.join([f'*{before}'] * 10)}]\n"
    for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)

BROKEN: list[tuple[str, str, str, int, int]] = [
    ("not closed", "---\ntitle: x\n", "not closed", 1, 1),
    ("not closed, lower", "\n\n---\ntitle: x\n", "not closed", 3, 1),
    ("toml not closed", "+++\ntitle = 'x'\n", "not closed", 1, 1),
    ("closed by another fence", "---\ntitle: x\n+++\n", "not closed", 1, 1),
    ("unquoted colon", "---\ntitle: x\nname: DM: Diablo\n---\n", "needs quotes", 3, 9),
    ("tab", "---\ntitle: x\na:\n\t- b\n---\n", "cannot start any token", 4, 1),
    ("open quote", '---\ntitle: "x\n---\n', "unexpected end of stream", 3, 1),
    ("open bracket", "---\ntopics: [a\n---\n", "did not find expected", 3, 1),
    ("unknown tag", "---\na: 1\nb: !foo x\n---\n", "could not determine a constructor", 3, 4),
    ("python object", "---\nb: !!python/object/apply:os.system [id]\n---\n", "could not determine a constructor", 2, 4),
    ("unknown alias", "---\nb: *nobody\n---\n", "undefined alias", 2, 4),
    ("unhashable key", "---\n? [a]\n: b\n---\n", "unhashable key", 2, 3),
    ("a list", "---\n- a\n---\n", "expected keys and values, got list", 2, 1),
    ("a text", "---\njust words\n---\n", "expected keys and values, got str", 2, 1),
    ("two documents", "---\na: 1\n--- b\n---\n", "another document", 3, 1),
    # scalars that are not of the type that their tag names
    ("5,000 digits", f"---\nquality: !!int {'9' * 5000}\n---\n", "5000 digits", 2, 10),
    ("invalid day", "---\na: 1\ndate: !!timestamp 2020-13-45\n---\n", "'2020-13-45'", 3, 7),
    ("forced bool", "---\na: !!bool x\n---\n", "'x': not of this type", 2, 4),
    ("forced empty int", "---\na: !!int ''\n---\n", "not of this type", 2, 4),
    ("forced int", "---\na: !!int x\n---\n", "'x': invalid literal", 2, 4),
    ("forced float", "---\na: !!float x\n---\n", "'x': could not convert", 2, 4),
    ("forced timestamp", "---\na: [1, !!timestamp x]\n---\n", "'x': not of this type", 2, 8),
    ("forced key", "---\n!!bool x: a\n---\n", "'x': not of this type", 2, 1),
    # headers that would exhaust stack or time
    ("deep brackets", f"---\na: {'[' * 50_000}{']' * 50_000}\n---\n", "nesting deeper than 100", 2, 102),
    ("deep braces", f"---\na: {'{a: ' * 50_000}1{'}' * 50_000}\n---\n", "nesting deeper than 100", 2, None),
    ("deep dashes", f"---\n{'- ' * 50_000}a\n---\n", "nesting deeper than 100", 2, 199),
    ("deep questions", f"---\n{'? ' * 50_000}a\n---\n", "nesting deeper than 100", 2, None),
    ("deep lines", "---\n" + "\n".join(f"{' ' * n}a:" for n in range(3000)) + "\n---\n", "nesting deeper", None, None),
    ("deep lines, CR", "---\na:\r" + "\r".join(f"{' ' * n}-" for n in range(3000)) + "\n---\n", "nesting deeper", None, None),  # noqa: E501 - a row
    ("deep lines, NEL", "---\na:\u0085" + "\u2028".join(f"{' ' * n}-" for n in range(3000)) + "\n---\n", "nesting deeper", None, None),  # noqa: E501 - a row
    ("alias bomb", f"---\n{BOMB}---\n", "aliases expand to more than 100,000 values", 6, None),
    ("alias bomb without spaces", f"---\n{TIGHT_BOMB}\n---\n", "aliases expand to more than 100,000 values", 2, None),
    ("merge bomb", f"---\n{MERGE_BOMB}---\n", "aliases expand to more than 100,000 values", None, None),
    ("aliases of a long text", f"---\n{TEXT_BOMB}---\n", "aliases expand to more than 100,000 values", 3, None),
    ("alias to itself", "---\na: &a [1, *a]\n---\n", "aliases expand to more than 100,000 values", 2, 11),
    ("alias to what holds it", "---\na: &a {b: {c: *a}}\n---\n", "aliases expand to more than 100,000 values", 2, 15),
    ("merge of itself", "---\na: &a\n  <<: *a\n---\n", "aliases expand to more than 100,000 values", 3, 7),
    ("too many values", f"---\na: [{'x,' * 600_000}]\n---\n", "more than 100,000 values", 2, None),
    ("too many lines", "---\n" + "- x\n" * 400_000 + "---\n", "more than 100,000 values", 100001, 3),
    # TOML
    ("toml value", "+++\ntitle = 'x'\nb = soon\n+++\n", "Invalid value", 3, 5),
    ("toml twice", "+++\na = 1\na = 2\n+++\n", "Cannot overwrite", 3, 6),
    ("toml open", '+++\ntitle = "x\n+++\n', "Illegal character", 2, 11),
    ("toml date", "+++\ndate = 2020-13-45\n+++\n", "Invalid|Expected", 2, None),
    ("toml digits", f"+++\na = {'9' * 5000}\n+++\n", "not TOML", 1, 1),
    ("toml deep", f"+++\na = {'[' * 50_000}{']' * 50_000}\n+++\n", "not TOML", 1, 1),
]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "message", "line", "column"), [row[1:] for row in BROKEN], ids=[row[0] for row in BROKEN]
)
def test_invalid_header_is_reported_with_its_position(
    text: str, message: str, line: int | None, column: int | None
) -> None:
    started = time.process_time()
    with pytest.raises(FrontMatterError, match=message) as raised:
        parse(text)
    assert line in {None, raised.value.line}
    assert column in {None, raised.value.column}
    assert len(raised.value.message) < 250
    assert time.process_time() - started < 5


REPEATED = [
    ("---\ndraft: false\ntitle: x\ndraft: true\n---\n", "draft", 4),
    ("---\npublishDate: 2026-01-01\npublishDate: 2099-01-01\n---\n", "publishDate", 3),
    ("---\nPrivate: true\nPrivate: false\n---\n", "Private", 3),
    ("---\nexpiry_date: 2020-01-01\n# why\nexpiry_date: 2099-01-01\n---\n", "expiry_date", 4),
    # outside the subset of the fast parser
    ('---\n"draft": true\ndraft: false\n---\n', "draft", 3),
    ("---\ntitle: |\n  x\ndraft: true\ndraft: false\n---\n", "draft", 5),
    ("---\n{draft: true, draft: false}\n---\n", "draft", 2),
    (" \n---\ndraft: false\ndraft: true\n---\n", "draft", 4),
    ("--- \ndraft: false\ndraft: true\n---\n", "draft", 3),
    ("Title: x\nStatus: draft\nStatus: published\n\nbody", "status", 3),
    # in two spellings
    ("---\ndraft: true\nDraft: false\n---\n", "Draft", 3),
    ("---\nis-draft: true\ntitle: x\nis_draft: false\n---\n", "is_draft", 4),
    ("---\npublishDate: 2099-01-01\npublish_date: 2020-01-01\n---\n", "publish_date", 3),
    ("---\ndraft: true\ndraft : false\n---\n", "draft", 3),
    ('---\ndraft: true\n"Draft ": false\n---\n', "Draft ", 3),
    ("---\n? draft\n: true\n? draft\n: false\n---\n", "draft", 4),
    ("---\n? DRAFT\n: true\ndraft: false\n---\n", "draft", 4),
    ("---\n!!str draft: true\ndraft: false\n---\n", "draft", 3),
    ("---\n&a draft: true\ndraft: false\n---\n", "draft", 3),
    ("---\n&a draft: true\nx: 1\n*a : false\n---\n", "draft", 2),
    ("---\n{draft: true, Draft: false}\n---\n", "Draft", 2),
    ("---\n  draft: true\n  Draft: false\n---\n", "Draft", 3),
    ("---\n\uff44\uff52\uff41\uff46\uff54: true\ndraft: false\n---\n", "draft", 3),
    ("---\ndra\u200bft: true\ndraft: false\n---\n", "draft", 3),
    ("---\nx: &x {draft: true}\n<<: *x\nDraft: false\n---\n", "Draft", 4),
    ("---\rdraft: true\rdraft: false\r---\r", "draft", 3),
    ("---\ndraft: true\rDraft: false\n---\n", "Draft", 3),
    ("---\ndraft:\nDraft: false\n---\n", "Draft", 3),
    ("---\nbuild:\n  list: never\n  list: always\n---\n", "list", 4),
    ("---\nbuild: {list: never, List: always}\n---\n", "List", 2),
    ("+++\ndraft = true\nDraft = false\n+++\n", "Draft", 3),
    ("+++\n[build]\nlist = 'never'\nList = 'always'\n+++\n", "List", 4),
    ('{"draft": true, "draft": false}\n', "draft", 1),
    ('{\n"draft": true,\n"Draft": false}\n', "Draft", None),
    ('---json\n{"build": {"list": "never", "list": "always"}}\n---\n', "list", None),
    ("Title: x\nPublish-Date: 2099-01-01\npublish_date: 2020-01-01\n\nbody", "publish_date", 3),
    ("Title: x\nStatus : draft\nStatus: published\n\nbody", "status", 3),
]  # fmt: skip


@pytest.mark.parametrize(("text", "key", "line"), REPEATED, ids=[ascii(row[0])[:40] for row in REPEATED])
def test_repeated_key_of_visibility_or_date_is_an_error(text: str, key: str, line: int | None) -> None:
    with pytest.raises(RepeatedKeyError, match=f"repeated key '{key}'") as raised:
        parse(text)
    assert line in {None, raised.value.line}


def test_key_that_the_configuration_names_must_not_be_repeated_either() -> None:
    stated_once = StatedOnce(["locked", "meta.ends"])
    for header in ("locked: yes\nLocked: no", "meta:\n  ends: 2020-01-01\n  ends: 2099-01-01"):
        assert parse(f"---\n{header}\n---\n").metadata
        with pytest.raises(RepeatedKeyError):
            parse(f"---\n{header}\n---\n", stated_once)


def test_lone_carriage_returns_end_lines() -> None:
    found = parse("---\rtitle: T\rdraft: true\r---\rBody\rtext")
    assert found.metadata == {"title": "T", "draft": "true"}
    assert found.body == "Body\ntext"


@pytest.mark.parametrize("depth", [10, 900, 10_000])
def test_section_that_nests_deeply_is_read_or_refused(depth: int) -> None:
    with suppress(FrontMatterError):
        assert parse('{"build": ' + '{"a": ' * depth + "1" + "}" * (depth + 1)).metadata


@pytest.mark.parametrize(
    "text",
    [
        "---\ntitle: x\ntitle: y\n---\n",
        "---\ndraft: false\ntext: |\n  draft: true\n---\n",
        "---\ndraft: false\nmore:\n  draft: true\n---\n",
        "---\ndate: 2020-01-01\ndates: 2020-01-02\n---\n",
    ],
)
def test_other_keys_may_be_repeated(text: str) -> None:
    assert parse(text).metadata


def test_aliases_below_the_limit_are_loaded() -> None:
    assert len(parse("---\na: &a [1, 2]\nb: [*a, *a]\nc: {<<: {d: 1}}\n---\n").metadata["b"]) == 2


def test_position_of_an_error_does_not_depend_on_line_ends_and_byte_order_mark() -> None:
    text = "---\ntitle: x\ntopics:\n  - a\n  - name: DM: Diablo\n---\nbody"
    for variant in (text, text.replace("\n", "\r\n"), "\ufeff" + text):
        with pytest.raises(FrontMatterError) as raised:
            parse(variant)
        assert (raised.value.line, raised.value.column) == (5, 13)


CONTROLS = [f"\\x{code:02x}" for code in (0x00, 0x01, 0x08, 0x0B, 0x0C, 0x1F, 0x7F, 0x80, 0x92, 0x9F)]


@pytest.mark.parametrize("control", CONTROLS)
def test_control_character_is_removed_from_the_metadata_and_reported(control: str) -> None:
    char = control.encode().decode("unicode_escape")
    parsed = parse(f"---\ntitle: a{char}b\nother: c\n---\nbody{char}")
    assert parsed.metadata == {"title": "ab", "other": "c"}
    assert parsed.repaired
    assert parsed.locate(("other",)) == (3, 8)


@pytest.mark.parametrize("char", ["\x85", "\u2028", "\ufffe", "\uffff", "\ufdd0", "\ufeff", "\U0001ffff"], ids=ascii)
def test_unusual_character_does_not_invalidate_the_record(char: str) -> None:
    parsed = parse(f'---\ntitle: "a{char}b"\n---\n')
    assert parsed.metadata["title"].replace(char, "").replace(" ", "") == "ab"


def test_error_after_a_control_character_keeps_its_position() -> None:
    with pytest.raises(FrontMatterError, match="needs quotes") as raised:
        parse("---\ntitle: a\x92b\nname: DM: Diablo\n---\n")
    assert (raised.value.line, raised.value.column) == (3, 9)


LOCATED = """\

---
title: x
Topics:
  - a
  - [b]
images: [{url: u, width: 1}, {url: "v"}]
provider:
  name: y
multi: |
  z
---
"""


@pytest.mark.parametrize(
    ("keys", "place"),
    [
        (("title",), (3, 8)),
        (("TITLE",), (3, 8)),
        (("topics",), (5, 3)),
        (("topics", 0), (5, 5)),
        (("topics", 1), (6, 5)),
        (("topics", 1, 0), (6, 6)),
        (("topics", 7), (5, 3)),
        (("images", 1, "url"), (7, 36)),
        (("images", 1, "height"), (7, 30)),
        (("provider", "name"), (9, 9)),
        (("provider", "domain"), (9, 3)),
        (("multi",), (10, 8)),
        (("absent",), (2, 1)),
        (("title", "deeper", 3), (3, 8)),
        ((), (2, 1)),
    ],
)
def test_value_or_the_nearest_existing_one_is_located(keys: tuple[str | int, ...], place: tuple[int, int]) -> None:
    assert parse(LOCATED).locate(keys) == place


@pytest.mark.parametrize(
    ("text", "keys", "place"),
    [
        ('+++\ntitle = "x"\n  date=1979-05-27\n+++\n', ("date",), (3, 8)),
        ('+++\ntitle = "x"\n+++\n', ("absent",), (1, 1)),
        ('+++\ntopics = ["x"]\n+++\n', ("topics", 0), (2, 10)),
        ("Title: x\nDate: soon\n\nbody", ("date",), (2, 7)),
        ("\nTitle: x\n\nbody", ("title",), (2, 8)),
        ("Title: x\n\nDate: in the body", ("date",), (1, 1)),
        ("# x\n", ("title",), (1, 1)),
        ("Title: x\n", ("ti.le",), (1, 1)),
    ],
)
def test_value_is_located_in_toml_and_pelican_headers(
    text: str, keys: tuple[str | int, ...], place: tuple[int, int]
) -> None:
    assert parse(text).locate(keys) == place


def test_thousands_of_values_are_located_with_one_parse() -> None:
    parsed = parse(f"---\ntitle: x\ntopics: [{'~, ' * 20_000}~]\n---\n")
    started = time.process_time()
    positions = {parsed.locate(("topics", index)) for index in range(20_000)}
    assert len(positions) == 20_000
    assert time.process_time() - started < 10, "one parse for each value takes an hour"


@pytest.mark.parametrize(
    "text",
    [
        "Title: x\n" + " a\n" * 400_000,
        "Title: x\n" + "a" * 1_000_000 + "\n\nbody",
        "+++\n" + "\n" * 400_000 + "a = 1\n+++\n",
        "---\n" + "\n" * 400_000 + "a: 1\n---\n",
        "---\na: '" + "*" * 400_000 + "'\n---\n",
        "---\na: '" + "- " * 40 + "b " * 200_000 + "'\n---\n",
    ],
    ids=["folded lines", "long line", "toml blanks", "yaml blanks", "stars", "dashes"],
)
def test_time_is_linear_in_the_length_of_the_header(text: str) -> None:
    started = time.process_time()
    parse(text).locate(("b",))
    assert time.process_time() - started < 5


KEYS = st.sampled_from(["title", "date", "topics", "x y", "ä"])
# PyYAML writes U+0085 unescaped, and reads it as a line break.
TEXT = st.characters(codec="utf-8", exclude_characters="\x85")
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**9), 10**9),
    st.dates(),
    st.text(TEXT, max_size=9),
)
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3))


def as_text(value: object) -> object:
    """Return a value of YAML as front matter has it: null, collections and text."""
    match value:
        case dict():
            return {key: as_text(item) for key, item in value.items()}
        case list():
            return [as_text(item) for item in value]
        case bool():
            return str(value).lower()
        case None | str():
            return value
    return str(value)


@bounded
@given(st.dictionaries(KEYS, VALUES, max_size=5), st.sampled_from(["\n", "\r\n"]), st.booleans())
def test_any_dumped_yaml_is_parsed_back(metadata: dict[str, Any], newline: str, unicode: bool) -> None:  # noqa: FBT001
    import yaml

    dumped = yaml.safe_dump(metadata, allow_unicode=unicode, sort_keys=False)
    parsed = parse(f"---\n{dumped}---\nbody\n".replace("\n", newline))
    assert parsed.metadata == as_text(metadata)
    assert parsed.body == "body"


PIECES = st.sampled_from(
    [
        "---", "+++", "\n", "\r", "\r\n", ": ", ":", "- ", "-", "  ", "\t", "[", "]", "{", "}", ", ", "&a ", "*a",
        "!!int ", "!!bool ", "!!binary ", "!!timestamp ", "!!merge ", "!!set ", "!!omap ", "!x ", "<<: ", "? ", "|",
        ">", "#", '"', "'", "\\", "%YAML 1.1", "@", "`", "~", "title", "a", "0x", "0b", "1", "_", ".", "e",
        "2020-01-01", "T", "+99:99", ":59", ".inf", ".nan", "=", "[[", "]]", "'''", '"""', "\x00", "\x92", "\u2028",
        "\ufeff", "\ufffe", "é", "\U0001f600",
    ]
)  # fmt: skip


@bounded
@given(st.sampled_from(["---\n", "+++\n", "Title: ", ""]), st.lists(PIECES, max_size=25).map("".join), st.booleans())
def test_any_header_is_parsed_or_rejected_with_a_position_in_the_file(fence: str, text: str, closed: bool) -> None:  # noqa: FBT001
    whole = fence + text + ("\n" + fence + "body" if closed else "")
    try:
        parsed = parse(whole)
    except FrontMatterError as error:
        line, column = error.line, error.column
    else:
        line, column = parsed.locate(("title", 0))
    assert 1 <= line <= len(whole.splitlines()) + 2
    assert 1 <= column <= len(whole) + 1


@pytest.mark.parametrize(
    ("text", "metadata", "body"),
    [
        ('{\n"title": "A",\n"tags": ["x"]\n}\nBody\n', {"title": "A", "tags": ["x"]}, "Body"),
        ('{"title": "A"}\n', {"title": "A"}, ""),
        ('---json\n{"title": "A"}\n---\nBody', {"title": "A"}, "Body"),
        ("{ not json", {}, "{ not json"),
    ],
)
def test_json_front_matter(text: str, metadata: dict[str, object], body: str) -> None:
    parsed = parse(text)
    assert (parsed.metadata, parsed.body) == (metadata, body)


def test_json_value_has_its_position() -> None:
    assert parse('---json\n{"title": "A",\n "date": "soon"}\n---\n').locate(("date",)) == (3, 10)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('{\n"draft": true,\n"title": }\nBody', 3),
        ('---json\n{"draft": true,\n---\nBody', 2),
        ('---json\n{"draft": true}\nBody', 1),
        ('{"draft": true, "Draft": false}', 1),
        ("---json\n[1]\n---\n", 2),
    ],
)
def test_json_that_cannot_be_understood_is_an_error(text: str, line: int) -> None:
    with pytest.raises(FrontMatterError) as error:
        parse(text)
    assert error.value.line == line
