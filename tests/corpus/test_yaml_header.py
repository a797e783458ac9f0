"""Plain scalars are their source texts; numbers are what YAML 1.1 takes for numbers."""

from __future__ import annotations

from itertools import product

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from syndicate.corpus.scalars import MAX_NUMBER, number_of
from syndicate.corpus.yaml_header import load
from syndicate.values.keys import STATED_ONCE

bounded = settings(max_examples=400, deadline=None, derandomize=True, database=None)


def values_of(text: str) -> list[object]:
    """Return the value after a key, in a sequence, and in both with a block scalar, which only PyYAML accepts."""
    document = f"a: {text}\nb:\n- {text}\n"
    fast, slow = load(document, STATED_ONCE).data, load(f"{document}c: |\n  x\n", STATED_ONCE).data
    return [fast["a"], *fast["b"], slow["a"], *slow["b"]]


PLAIN = [
    "1.10", "12:30:45", "No", "on", "yes", "2024-01-01", "010", "0777", "1_000", "0x1F", "007", "3.10", ".5", "1e3",
    "true", "2024-02-30", "0000-00-00", "2016-12-31T23:59:60Z", "2020-06-09T11:00:00+25:00", "=", ".nan",
    "-.inf", "y", "9" * 5000,
]  # fmt: skip


@pytest.mark.parametrize("text", PLAIN, ids=lambda text: text[:20])
def test_plain_scalar_is_its_source_text_on_both_paths(text: str) -> None:
    assert values_of(text) == [text] * 4


@pytest.mark.parametrize("text", ["~", "null", "Null", "NULL", ""])
def test_null_is_none_on_both_paths(text: str) -> None:
    assert values_of(text) == [None] * 4


def test_explicit_tag_is_honoured() -> None:
    assert load("a: !!int '7'\nb: !!bool yes\nc: !!str 7", STATED_ONCE).data == {"a": 7, "b": True, "c": "7"}


@bounded
@given(st.text(st.sampled_from("0123456789.:-_+TZ xeEnoyf~truals"), min_size=1, max_size=20).map(str.strip))
def test_every_plain_scalar_is_text_on_both_paths(text: str) -> None:
    try:
        is_plain = isinstance(yaml.compose(f"a: {text}").value[0][1], yaml.ScalarNode)
        (event,) = [e for e in yaml.parse(f"a: {text}") if isinstance(e, yaml.ScalarEvent)][1:]
    except (yaml.YAMLError, ValueError):
        return
    expected = None if event.value in {"", "~", "null"} else event.value
    assert not is_plain or values_of(text) == [expected] * 4


def test_number_is_what_yaml_takes_for_one() -> None:
    for letters in product("0179_-+.:xbe", repeat=3):
        text = "".join(letters)
        try:
            typed = yaml.load(f"a: {text}", Loader=yaml.CSafeLoader)["a"]
        except (yaml.YAMLError, ValueError):
            typed = None
        expected = typed if isinstance(typed, int | float) and abs(typed) < MAX_NUMBER else None
        assert number_of(text) == expected, text
