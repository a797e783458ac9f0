"""The first heading of a Markdown body."""

from __future__ import annotations

import time

import pytest

from syndicate.corpus.bodies.headings import first_heading

HEADINGS = [
    ("# One\n\n# Two", "One"),
    ("Text.\n\n## Two ##\n", "Two"),
    ("One\n===\n\ntext", "One"),
    ("# A *b* `c <d>` [e](/f) ![g](/h.png) &amp; \\*i\\*", "A b c <d> e g & *i*"),
    ("# Title {#id}\n", "Title"),
    ("#\n\n# Second", "Second"),
    ("```\n# code\n```\n\n    # code\n\n# Title", "Title"),
    ("<h1 class='x'>A &amp; <em>b</em></h1>\n\n# Later", "A & b"),
    ("> # Quoted", "Quoted"),
    ("#no heading\n\ntext", ""),
    ("text", ""),
    ("", ""),
]


@pytest.mark.parametrize(("body", "heading"), HEADINGS)
def test_first_heading_is_plain_text(body: str, heading: str) -> None:
    assert first_heading(body) == heading


@pytest.mark.parametrize(
    "body", ["<h1>" * 50_000, "<h1>\n" * 50_000, "# [" * 20_000], ids=["one line", "lines", "brackets"]
)
def test_time_is_bounded(body: str) -> None:
    started = time.process_time()
    first_heading(body)
    assert time.process_time() - started < 5
