"""`load` returns exactly what PyYAML returns with `TextLoader`, or None."""

from __future__ import annotations

import re
from datetime import UTC
from itertools import combinations, product
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from syndicate.corpus.fast_yaml import _KEYS, _LINES, _MAX_CACHED, _NULLS, _SCALARS, load
from syndicate.corpus.yaml_header import TextLoader

SHARED = Path(__file__).parents[2].parent / "shared"
FENCED = re.compile(r"\A---[ \t]*\r?\n(.*?)^---[ \t]*\r?$", re.DOTALL | re.MULTILINE)
OUTSIDE = object()

bounded = settings(
    max_examples=250,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)


def exact(value: object) -> object:
    """Return a value with its types and orders of keys, so that `==` distinguishes them."""
    match value:
        case dict():
            return ["dict", *((exact(key), exact(item)) for key, item in value.items())]
        case list():
            return ["list", *map(exact, value)]
        case _:
            return type(value).__name__, repr(value)


def load_with_pyyaml(text: str) -> object:
    return yaml.load(text, Loader=TextLoader)


def agrees(text: str) -> bool:
    """Return whether `load` accepts the text; fail if its result is not that of PyYAML."""
    result = load(text)
    if result is None:
        return False
    try:
        expected = load_with_pyyaml(text)
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        pytest.fail(f"PyYAML rejects {text!r} ({error}), load returned {result!r}")
    assert exact(result) == exact(expected), f"from {text!r}"
    return True


# --- a table -----------------------------------------------------------------------------------------------------

VALUES: list[tuple[str, object]] = [
    # strings
    ("x", "x"),
    ("  x  ", "x"),
    ("PC Magazine", "PC Magazine"),
    ("https://a.example/b?c=1&d=%20#e", "https://a.example/b?c=1&d=%20#e"),
    ("a:b", "a:b"),
    ("a#b", "a#b"),
    ("a :b", "a :b"),
    ("it's", "it's"),
    ('6" x 4"', '6" x 4"'),
    ("a - b, [c] {d} & *e !f | g > h % @ `", "a - b, [c] {d} & *e !f | g > h % @ `"),
    ("-x", "-x"),
    ("--", "--"),
    ("=x", "=x"),
    ("<b>", "<b>"),
    ("~x", "~x"),
    ("\xa0x\u2003", "\xa0x\u2003"),
    ("\u200bjustice \u2018and\u2019 \U0001f600", "\u200bjustice \u2018and\u2019 \U0001f600"),
    ("\ue000 \U0001fffe", "\ue000 \U0001fffe"),
    ("y", "y"),
    ("nULL", "nULL"),
    # double-quoted
    ('""', ""),
    ('"x"', "x"),
    ('"x"   ', "x"),
    ('"true"', "true"),
    ("\"a: b # c - 'd' {\"", "a: b # c - 'd' {"),
    (r'"\"\\\/\n\t"', '"\\/\n\t'),
    (r'"\\"', "\\"),
    (r'"\\n"', "\\n"),
    # single-quoted
    ("''", ""),
    ("'x'", "x"),
    ("'it''s'", "it's"),
    ("''''", "'"),
    ("''' '", "' "),
    (r"'\n'", "\\n"),
    ("'12'", "12"),
    # null; all other words, numbers and dates are text
    ("~", None),
    ("null", None),
    ("NULL", None),
    ("true", "true"),
    ("False", "False"),
    ("YES", "YES"),
    ("no", "no"),
    ("Off", "Off"),
    ("on", "on"),
    ("0", "0"),
    ("74", "74"),
    ("-1", "-1"),
    ("+1", "+1"),
    ("-0", "-0"),
    ("1_000", "1_000"),
    ("0777", "0777"),
    ("0o7", "0o7"),
    ("08", "08"),
    ("0x1F", "0x1F"),
    ("0b101", "0b101"),
    ("190:20:30", "190:20:30"),
    ("1:90", "1:90"),
    ("123456789012345678901", "123456789012345678901"),
    ("\u0663", "٣"),
    ("1\u0663", "1٣"),
    ("1.5", "1.5"),
    ("-0.5", "-0.5"),
    (".5", ".5"),
    ("-.5", "-.5"),
    ("0.", "0."),
    ("1e3", "1e3"),
    ("1.0e+3", "1.0e+3"),
    ("190:20:30.5", "190:20:30.5"),
    (".inf", ".inf"),
    ("-.INF", "-.INF"),
    (".nan", ".nan"),
    (".", "."),
    ("1.2.3", "1.2.3"),
    ("2020-06-09T11:00:00Z", "2020-06-09T11:00:00Z"),
    ("2020-06-09T11:00:00Z ", "2020-06-09T11:00:00Z"),
    ("2020-06-09 11:00:00", "2020-06-09 11:00:00"),
    ("2020-06-09t1:00:00.25 +5", "2020-06-09t1:00:00.25 +5"),
    ("2020-06-09T11:00:00-05:30", "2020-06-09T11:00:00-05:30"),
    ("2020-06-09", "2020-06-09"),
    ("2020-6-9", "2020-6-9"),
    ("2020-W10-1T11:00:00Z", "2020-W10-1T11:00:00Z"),
    ("2013-02-24 09:00:00 +0000", "2013-02-24 09:00:00 +0000"),
    ("=", "="),
    ("0b_", "0b_"),
    ("2020-13-01", "2020-13-01"),
    ("0000-01-01", "0000-01-01"),
    ("2020-06-31T11:00:00Z", "2020-06-31T11:00:00Z"),
    ("2020-06-09T23:59:60Z", "2020-06-09T23:59:60Z"),
    ("2020-06-09T11:00:00+25:00", "2020-06-09T11:00:00+25:00"),
    ("1" * 5000, "1" * 5000),
    ("1" + ":59" * 200 + ".0", "1" + ":59" * 200 + ".0"),
    # flow collections
    ("[]", []),
    ("[ ]  ", []),
    ("{}", {}),
    ("{ }", {}),
    ("[a]", ["a"]),
    ("[3.10, 007, yes, 12:30]", OUTSIDE),
    ("[3.10, 007, yes, 2024-05-06]", ["3.10", "007", "yes", "2024-05-06"]),
    ("[ a b ,c,  \"d, 'e\" , 'f \\\"',~x ]", OUTSIDE),
    ("[ a b ,c,  \"d, 'e\" , 'f \\\"' ]", ["a b", "c", "d, 'e", 'f \\"']),
    ("[null, Null x, C++, A/B]", [None, "Null x", "C++", "A/B"]),
    # outside: valid YAML of other forms
    ("|", OUTSIDE),
    (">-", OUTSIDE),
    ("{a: 1}", OUTSIDE),
    ("[a,]", OUTSIDE),
    ("[,]", OUTSIDE),
    ("[a b: c]", OUTSIDE),
    ("[a #b]", OUTSIDE),
    ("[[a]]", OUTSIDE),
    ("[a] # b", OUTSIDE),
    ("[a]b", OUTSIDE),
    ("[a\\", OUTSIDE),
    ("[-]", OUTSIDE),
    ("[" + "a," * 600 + "a]", OUTSIDE),
    ("&x 1", OUTSIDE),
    ("*x", OUTSIDE),
    ("!!str 1", OUTSIDE),
    ("x # comment", OUTSIDE),
    ("# comment", OUTSIDE),
    ('"x" # comment', OUTSIDE),
    (r'"\x41"', OUTSIDE),
    (r'"\u0041"', OUTSIDE),
    ("?x", OUTSIDE),
    (":x", OUTSIDE),
    ("\tx", OUTSIDE),
    ("x\t", OUTSIDE),
    ('"\t"', OUTSIDE),
    ("a\x85b", OUTSIDE),
    ("a\u2028b", OUTSIDE),
    ("a\rb", OUTSIDE),
    # outside: invalid YAML
    ("-", OUTSIDE),
    ("- x", OUTSIDE),
    ("? x", OUTSIDE),
    (",", OUTSIDE),
    ("%x", OUTSIDE),
    ("@x", OUTSIDE),
    ("`x", OUTSIDE),
    ("]", OUTSIDE),
    ("b: c", OUTSIDE),
    ("b:", OUTSIDE),
    ('"x" y', OUTSIDE),
    ('"x"y', OUTSIDE),
    ('"x": y', OUTSIDE),
    ('"x": "y"', OUTSIDE),
    ('"x', OUTSIDE),
    ('"', OUTSIDE),
    (r'"\"', OUTSIDE),
    (r'"\q"', OUTSIDE),
    ("'x", OUTSIDE),
    ("'", OUTSIDE),
    ("'''", OUTSIDE),
    ("'it's'", OUTSIDE),
    ("'x': 'y'", OUTSIDE),
    ("<<", OUTSIDE),
    ("a\x00b", OUTSIDE),
    ("a\x0bb", OUTSIDE),
    ("a\x1cb", OUTSIDE),
    ("a\x7fb", OUTSIDE),
    ("a\x93b", OUTSIDE),
    ("a\ud800b", OUTSIDE),
    ("a\ufeffb", OUTSIDE),
    ("a\ufffeb", OUTSIDE),
    ("a\uffffb", OUTSIDE),
]


def expect(text: str, expected: object) -> None:
    assert agrees(text) == (expected is not OUTSIDE)
    assert exact(load(text)) == exact(None if expected is OUTSIDE else expected)


@pytest.mark.parametrize(("value", "expected"), VALUES)
def test_value_is_that_of_pyyaml(value: str, expected: object) -> None:
    expect(f"a: {value}\nb: 1\n", OUTSIDE if expected is OUTSIDE else {"a": expected, "b": "1"})


# Values with another meaning after a dash than after a key.
ITEMS: dict[str, object] = {"b: c": {"b": "c"}, "b:": {"b": None}}


@pytest.mark.parametrize(("value", "expected"), VALUES)
def test_item_is_that_of_pyyaml(value: str, expected: object) -> None:
    expected = ITEMS.get(value, expected)
    expect(f"a:\n- {value}\n- 1", OUTSIDE if expected is OUTSIDE else {"a": [expected, "1"]})


DOCUMENTS: list[tuple[str, object]] = [
    # empty
    ("", OUTSIDE),
    ("\n\n", OUTSIDE),
    ("# only a comment\n", OUTSIDE),
    # mappings
    ("a: 1", {"a": "1"}),
    ("a: 1\r\nb: 2\r\n", {"a": "1", "b": "2"}),
    ("\n# x: y\n\na: 1\n  # deeper\n \nb: 2\n#", {"a": "1", "b": "2"}),
    ("a:", {"a": None}),
    ("a: ", {"a": None}),
    ("a:\nb:", {"a": None, "b": None}),
    ("a:\n b:\n      c: 1\n d: 2\ne: 3", {"a": {"b": {"c": "1"}, "d": "2"}, "e": "3"}),
    ("a:\n\n  # why\n  b: 1", {"a": {"b": "1"}}),
    ("a_-B9: 1\n_: 2", {"a_-B9": "1", "_": "2"}),
    ("y: 1\nNull-: 2", {"y": "1", "Null-": "2"}),
    # duplicate keys: the position of the first, the value of the last
    ("a: 1\nb: 2\na: 3", {"a": "3", "b": "2"}),
    ("a:\n  c: 1\nb: 2\na:", {"a": None, "b": "2"}),
    ("a:\nb:\na:\n- 1", {"a": ["1"], "b": None}),
    # sequences
    ("a:\n- 1\n- x", {"a": ["1", "x"]}),
    ("a:\n  - 1\n  - x\nb: 2", {"a": ["1", "x"], "b": "2"}),
    ("a:\n-\n- \n-   \n- 1", {"a": [None, None, None, "1"]}),
    ("a:\n- \"b: c\"\n- 'b: c'\n-   d", {"a": ["b: c", "b: c", "d"]}),
    ("a:\n- -1\n- -x\n- --\n- b:c", {"a": ["-1", "-x", "--", "b:c"]}),
    ("a:\n- b: 1\n  c: 2\n- b: 3", {"a": [{"b": "1", "c": "2"}, {"b": "3"}]}),
    ("a:\n-   b: 1\n    c: 2\n- d", {"a": [{"b": "1", "c": "2"}, "d"]}),
    ("a:\n- b:\n  - c:\n    - 1\n  - 2\n- 3", {"a": [{"b": [{"c": ["1"]}, "2"]}, "3"]}),
    ("a:\n- b:\n    c: 1\n  d: 2", {"a": [{"b": {"c": "1"}, "d": "2"}]}),
    ("a:\n- b:\n- c:", {"a": [{"b": None}, {"c": None}]}),
    ("a:\n- 1\n# x: y\n\n- 2", {"a": ["1", "2"]}),
    # keys that are no strings, or outside the subset
    ("no: 1", {"no": "1"}),
    ("On: 1", {"On": "1"}),
    ("null: 1", OUTSIDE),
    ("TRUE: 1", {"TRUE": "1"}),
    ("1: 1", OUTSIDE),
    ("~: 1", OUTSIDE),
    ("<<: 1", OUTSIDE),
    ("=: 1", OUTSIDE),
    ('"a": 1', OUTSIDE),
    ("a b: 1", OUTSIDE),
    ("a : 1", OUTSIDE),
    ("\xe9: 1", OUTSIDE),
    ("? a\n: 1", OUTSIDE),
    (": 1", OUTSIDE),
    ("a" * 1025 + ": 1", OUTSIDE),
    # other documents
    ("---\na: 1", OUTSIDE),
    ("a: 1\n---", OUTSIDE),
    ("a: 1\n...", OUTSIDE),
    ("a: 1\n--- x", OUTSIDE),
    ("%YAML 1.1\n---\na: 1", OUTSIDE),
    ("\ufeffa: 1", OUTSIDE),
    ("x", OUTSIDE),
    ("- a", OUTSIDE),
    ("- a: 1", OUTSIDE),
    ("[a]", OUTSIDE),
    # lines that continue a scalar
    ("a: b\n  c", OUTSIDE),
    ("a: b\n  - c", OUTSIDE),
    ("a: b\n\n  c", OUTSIDE),
    ("a:\n  b\n", OUTSIDE),
    ('a: "b\n  c"', OUTSIDE),
    ("a: 'b\n  c'", OUTSIDE),
    ("a: |\n  b: c\n", OUTSIDE),
    ("a:\n- b\n  c", OUTSIDE),
    ("a:\n- b\n  - c", OUTSIDE),
    # broken nesting
    (" a: 1", OUTSIDE),
    (" a: 1\nb: 2", OUTSIDE),
    ("a: 1\n b: 2", OUTSIDE),
    ("a: ~\n b: 2", OUTSIDE),
    ("a:\n    b: 1\n  c: 2", OUTSIDE),
    ("a:\n  - 1\n - 2", OUTSIDE),
    ("a:\n  - 1\n  b: 2", OUTSIDE),
    ("a:\n  b: 1\n  - 2", OUTSIDE),
    ("a: 1\n- 2", OUTSIDE),
    ("a:\n- 1\nb: 2\n- 3", OUTSIDE),
    ("a:\n- b: 1\n c: 2", OUTSIDE),
    ("a:\n- b: 1\n   c: 2", OUTSIDE),
    ("a:\n-   b:\n  - 1", OUTSIDE),
    ("a:\n- 1\n  b: 2", OUTSIDE),
    ("a:\n-\n  b: 2", OUTSIDE),
    # other oddities
    ("a:b", OUTSIDE),
    ("a:\n-b", OUTSIDE),
    ("a:\n- - b", OUTSIDE),
    ("a:\n- ? b", OUTSIDE),
    ("a: - b", OUTSIDE),
    ("a:  - b", OUTSIDE),
    ("a:\n\t- b", OUTSIDE),
    ("a: 1\n\t\nb: 2", OUTSIDE),
    ("a: 1\rb: 2", OUTSIDE),
    ("a: 1\r\r\nb: 2", OUTSIDE),
    ("a:\xa0b", OUTSIDE),
    ("a:\n\xa0 b: 1", OUTSIDE),
]


@pytest.mark.parametrize(("text", "expected"), DOCUMENTS)
def test_document_is_that_of_pyyaml(text: str, expected: object) -> None:
    expect(text, expected)


def test_every_letter_case_of_a_word_resolves_as_in_pyyaml() -> None:
    for word in ("yes", "no", "on", "off", "true", "false", "null", "y", "n", "~", "none"):
        for letters in product(*({letter, letter.upper()} for letter in word)):
            spelling = "".join(letters)
            assert agrees(f"a: {spelling}\nb:\n- {spelling}")
            assert agrees(f"{spelling}: 1") == (spelling not in _NULLS)


def test_every_short_scalar_of_number_characters_resolves_as_in_pyyaml() -> None:
    accepted = sum(agrees("a: " + "".join(letters)) for letters in product("0179_-+.:xbe", repeat=3))
    assert accepted > 1000


def test_nesting_is_limited() -> None:
    nested = ["  " * depth + "a:" for depth in range(40)]
    assert agrees("\n".join(nested[:30]))
    assert load("\n".join(nested)) is None


def test_calls_share_no_collections() -> None:
    text = "a:\n- b: 1\n- c\nd:\n  e: 1"
    first = load(text)
    assert first is not None
    first["a"] = first.pop("d")
    assert exact(load(text)) == exact(load_with_pyyaml(text))


def test_caches_are_limited_and_clearing_them_changes_no_result() -> None:
    text = "\n".join(f"k{n}: {n}\nl{n}:\n- v{n}" for n in range(_MAX_CACHED + 10))
    assert agrees(text)
    assert max(len(_KEYS), len(_LINES), len(_SCALARS)) <= _MAX_CACHED


# --- every small edit of a record --------------------------------------------------------------------------------

RECORD = """\
title: "IBM: \\"no\\" #1"
date: 2020-06-09T11:00:00Z
heat: 104
published: true

provider:
  name: PC 'Mag'
  domain: pcmag.com
topics:
- AI
- 'it''s'
# a comment: here
images:
  - url: http://a.b/c?d
    width: 50
    alt:
  -   url: "x"
      sizes:
      - 1.5
      - ~
secured: "JE16=="
"""

PIECES = [
    *" \n\t\r:-#'\"\\[]{},&*!|>?%@`~=<.01ZeE_+ny",
    *("\x00", "\x07", "\x0b", "\x1c", "\x7f", "\x85", "\x9f", "\xa0", "\u2028", "\u200b", "\ufeff", "\uffff", "\ud800"),
    *("  ", ": ", " #", "- ", " - ", "\n  ", "\n\n", ":\n", "\n- ", "\r\n", '" ', "''", "? ", "\\n", "\\x", "- - "),
]

LINE_PIECES = [
    *("a: b", "a:", "a: ", "a:  ", "- a", "-", "- ", "- a: b", "-   a: b", "- a:", "- - a", "-a", "a:b", "a: b: c"),
    *("# c", "#c", "---", "...", "--- a", "%YAML 1.1", "? a", ": a", "? a: b", "a b", "a b: c", '"a": b', "'a': b"),
    *('a: "b', 'b"', 'a: "b" c', 'a: "b" # c', "a: 'b", "a: b # c", "a: b #c", "a: b#c", "a: # c", "a: #c", "a:# c"),
    *("a: |", "a: >", "a: [b", "]", "a: {}", "- []", "a: &b c", "a: *b", "a: !b c", "- !b", "a: - b", "a: -", "a: --"),
    *("no: 1", "null: 1", "y: 1", "~: 1", "1: 1", "<<: a", "a: <<", "a: =", "=: a", "title: again", "topics:"),
    *('- "a: b"', '- "a', '- "a": b', "- 'a: b'", "- a #b", "- ~", "- a:b", "- a: - b", "- ? a", "- ---", "- a b: c"),
    *("a: 08", "a: 1_", "a: 0b_", "a: 2020-02-30", "a: 2020-02-03T24:00:00Z", "a: .inf", "- 1:30", "\ta: b", "a:\tb"),
]


def test_every_insertion_agrees_with_pyyaml() -> None:
    edits = [RECORD[:at] + piece + RECORD[at:] for at in range(len(RECORD) + 1) for piece in PIECES]
    assert 0.2 < sum(map(agrees, edits)) / len(edits) < 0.8


def test_every_replacement_agrees_with_pyyaml() -> None:
    edits = [RECORD[:at] + piece + RECORD[at + 1 :] for at in range(len(RECORD)) for piece in PIECES]
    assert 0.2 < sum(map(agrees, edits)) / len(edits) < 0.8


def test_every_deletion_agrees_with_pyyaml() -> None:
    length = len(RECORD)
    edits = [RECORD[:at] + RECORD[at + size :] for size in range(1, 12) for at in range(length - size + 1)]
    assert sum(map(agrees, edits)) > len(edits) // 4


def test_every_inserted_line_agrees_with_pyyaml() -> None:
    lines = RECORD.split("\n")
    accepted = 0
    for at, line, indent in product(range(len(lines)), LINE_PIECES, (0, 1, 2, 3, 4, 6, 7)):
        accepted += agrees("\n".join([*lines[:at], " " * indent + line, *lines[at:]]))
    assert accepted > 500


def indent_of(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def test_every_reindented_block_agrees_with_pyyaml() -> None:
    lines = RECORD.split("\n")
    for (start, stop), shift in product(combinations(range(len(lines)), 2), range(-6, 7)):
        moved = [
            " " * shift + line if shift > 0 else line[min(-shift, indent_of(line)) :] for line in lines[start:stop]
        ]
        agrees("\n".join([*lines[:start], *moved, *lines[stop:]]))


def test_every_small_nest_agrees_with_pyyaml() -> None:
    starts = ("a:", "b: x", "- c", "- d: y", "- e:", "-   f: z", "-", "g")
    lines = [" " * indent + start for indent in (0, 1, 2, 4) for start in starts]
    accepted = sum(agrees("a:\n" + "\n".join(nest)) for nest in product(lines, repeat=3))
    assert accepted > 1000


# --- documents in many styles ------------------------------------------------------------------------------------

KEY_NAMES = st.sampled_from(["a", "b", "title", "webUrl", "is_cached", "x-y", "_z", "y", "type"])
PRINTABLE = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zl", "Zp"], exclude_characters="\ufeff\ufffe\uffff"),
    max_size=12,
)
UNQUOTED = st.sampled_from(
    ["x", "PC Magazine", "http://a.b/c?d#e", "74", "-1", "true", "No", "~", "1.5", "2020-06-09", "0x1F", "1:30", "a,b"]
)
PLAIN_SCALARS = st.one_of(
    UNQUOTED,
    PRINTABLE.map(lambda text: '"' + re.sub(r'(["\\])', r"\\\1", text) + '"'),
    PRINTABLE.map(lambda text: "'" + text.replace("'", "''") + "'"),
    st.datetimes(timezones=st.just(UTC)).map(lambda moment: moment.strftime("%Y-%m-%dT%H:%M:%SZ").rjust(20, "0")),
)
UNUSUAL_SCALARS = st.one_of(
    PLAIN_SCALARS,
    st.text(st.sampled_from("ab01 :#-'\"\\[]{},&*!|>?%@`~=<.ZTe_+"), max_size=8),
    st.text(max_size=6),
)
SPACES = st.sampled_from([" ", " ", " ", "  ", ""])
BETWEEN = st.lists(st.sampled_from(["", "  ", "# c", "    # c: d", "#"]), max_size=1)


@st.composite
def blocks(draw: st.DrawFn, scalars: st.SearchStrategy[str], indent: int = 0, depth: int = 0) -> list[str]:
    """Generate lines of a block mapping at this column, in any style of the subset."""
    lines: list[str] = []
    for key in draw(st.lists(KEY_NAMES, min_size=1, max_size=3)):
        lines += draw(BETWEEN)
        shape = draw(st.sampled_from(["scalar", "scalar", "empty", "mapping", "sequence"] if depth < 3 else ["scalar"]))
        if shape == "scalar":
            lines.append(f"{' ' * indent}{key}: {draw(scalars)}{draw(st.sampled_from(['', '', ' ']))}")
            continue
        lines.append(f"{' ' * indent}{key}:")
        lines += draw(BETWEEN)
        if shape == "mapping":
            lines += draw(blocks(scalars, indent + draw(st.integers(1, 4)), depth + 1))
        elif shape == "sequence":
            lines += draw(items(scalars, indent + draw(st.integers(0, 3)), depth + 1))
    return lines


@st.composite
def items(draw: st.DrawFn, scalars: st.SearchStrategy[str], indent: int, depth: int) -> list[str]:
    """Generate lines of a block sequence with its dashes at this column."""
    lines: list[str] = []
    for shape in draw(st.lists(st.sampled_from(["scalar", "empty", "mapping"]), min_size=1, max_size=3)):
        lines += draw(BETWEEN)
        dash = " " * indent + "-" + " " * draw(st.integers(1, 3))
        if shape == "scalar":
            lines.append(dash + draw(scalars))
        elif shape == "empty":
            lines.append(dash)
        else:
            mapping = draw(blocks(scalars, len(dash), depth + 1))
            while not mapping[0].strip(" ") or mapping[0].lstrip(" ").startswith("#"):
                mapping.pop(0)
            lines += [dash + mapping[0].lstrip(" "), *mapping[1:]]
    return lines


def joined(lines: list[str]) -> str:
    return "\n".join(lines)


@bounded
@given(blocks(PLAIN_SCALARS).map(joined), st.sampled_from(["\n", "\r\n"]))
def test_document_of_the_subset_is_accepted_and_agrees_with_pyyaml(text: str, line_break: str) -> None:
    assert agrees(text.replace("\n", line_break))


@bounded
@given(blocks(UNUSUAL_SCALARS).map(joined))
def test_document_with_unusual_scalars_agrees_with_pyyaml(text: str) -> None:
    agrees(text)


@st.composite
def edited(draw: st.DrawFn, text: str) -> str:
    for _ in range(draw(st.integers(2, 4))):
        at, size = draw(st.integers(0, len(text))), draw(st.integers(0, 3))
        text = text[:at] + draw(st.sampled_from(["", *PIECES])) + text[at + size :]
    return text


@bounded
@given(blocks(PLAIN_SCALARS).map(joined).flatmap(edited))
def test_edited_document_agrees_with_pyyaml(text: str) -> None:
    agrees(text)


@bounded
@given(edited(RECORD))
def test_record_edited_several_times_agrees_with_pyyaml(text: str) -> None:
    agrees(text)


@bounded
@given(st.lists(st.tuples(st.integers(0, 5), st.sampled_from(LINE_PIECES)), max_size=8))
def test_any_sequence_of_lines_agrees_with_pyyaml(pile: list[tuple[int, str]]) -> None:
    agrees("a:\n" + joined([" " * indent + line for indent, line in pile]))


# --- existing corpora -------------------------------------------------------------------------------------------


def front_matters(folder: Path) -> list[str]:
    """Return the fenced YAML of the files of a folder; the whole text of files without it, to be rejected."""
    texts = [path.read_bytes().decode(errors="replace") for path in sorted(folder.rglob("*")) if path.is_file()]
    return [fenced[1] if (fenced := FENCED.match(text)) else text for text in texts]


def is_mapping(text: str) -> bool:
    try:
        return isinstance(load_with_pyyaml(text), dict)
    except (yaml.YAMLError, ValueError):
        return False


@pytest.mark.skipif(not SHARED.is_dir(), reason=f"{SHARED} does not exist")
@pytest.mark.parametrize(
    ("folder", "coverage"),
    [
        ("seed", 1.0),
        ("corpora/google-cloud", 0.99),
        ("corpora/diablo4", 0.99),
        ("corpora/letsencrypt", 0.99),
        ("corpora/mawenbao", 0.0),
        ("corpora/rust-blog", 0.0),
    ],
)
def test_corpus_agrees_with_pyyaml_and_is_covered(folder: str, coverage: float) -> None:
    texts = front_matters(SHARED / folder)
    assert texts
    rejected = [text for text in texts if not agrees(text)]
    missed = sum(map(is_mapping, rejected))
    assert missed <= (1 - coverage) * (len(texts) - len(rejected) + missed)
