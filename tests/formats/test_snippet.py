"""Tests of the HTML for a site's own pages."""

from __future__ import annotations

from typing import Any

import pytest
from lxml import html
from support.records import SITE
from support.sites import ROOT, run

from syndicate.formats.html.snippet import render_snippet
from syndicate.model import Site

CATALOG = "https://feeds.test/catalog.json"


def snippet(site: Site = SITE, *, has_feed_of_all: bool = True) -> Any:
    text = render_snippet(site, ("atom", "json"), CATALOG, has_feed_of_all=has_feed_of_all)
    return html.fragment_fromstring(text, create_parent="div")


def test_links_name_the_feed_of_all_entries_in_each_format() -> None:
    links = snippet().xpath('.//link[@rel="alternate"]')
    assert [(link.get("type"), link.get("title"), link.get("href")) for link in links] == [
        ("application/atom+xml", "Test Site (Atom)", "https://feeds.test/all/feed.atom"),
        ("application/feed+json", "Test Site (JSON Feed)", "https://feeds.test/all/feed.json"),
    ]


@pytest.mark.parametrize(
    ("pages", "has_feed_of_all", "expected"),
    [
        (True, True, ["https://feeds.test/all/"]),
        (True, False, ["https://feeds.test/"]),
        (False, True, ["https://feeds.test/all/feed.atom"]),
        (False, False, []),
    ],
)
def test_visitors_are_led_to_where_they_subscribe(
    pages: bool,  # noqa: FBT001 - a table
    has_feed_of_all: bool,  # noqa: FBT001 - a table
    expected: list[str],
) -> None:
    made = snippet(SITE._replace(pages=pages), has_feed_of_all=has_feed_of_all)
    assert made.xpath(".//a/@href") == expected
    assert bool(made.xpath(".//link")) is has_feed_of_all


def test_text_is_in_the_language_of_the_site_and_nothing_needs_a_policy() -> None:
    made = snippet(SITE._replace(language="fr-CA", title='"A" & <b>'))
    (link,) = made.xpath(".//a")
    assert (link.text_content().strip(), link.get("lang")) == ("S’abonner", "fr")
    assert made.xpath(".//link/@title")[0] == '"A" & <b> (Atom)'
    assert not made.xpath(".//@style | .//script | .//style | .//b")


def test_command_prints_it() -> None:
    done = run("headers", "html", "-c", str(ROOT / "config.yaml"), cwd=ROOT)
    assert done.returncode == 0
    assert '<a class="subscribe" href="https://feeds.example.org/all/" lang="en">' in done.stdout
