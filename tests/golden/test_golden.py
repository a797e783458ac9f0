"""Compares rendered documents with approved ones.

`pytest tests/golden --regenerate-golden` rewrites the approved documents.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml
from support.records import RENDERERS, SITE, documents, entry_of

from syndicate.model import NO_ARCHIVES, ArchiveLinks, Entry, Site, Tombstone

HERE = Path(__file__).parent
QUIET = Site(title="Quiet", url="https://quiet.test/", authority="quiet.test,2026", home="https://quiet.test/")

ARTICLE = """\
category: news
title: "Harbour Cranes Learn to Wait: A Port &amp; Its Tides"
excerpt: "The port of Kelmouth moved its heaviest lifts to slack water, and saved a third of its
  \\"cable hours\\" <in one winter>."
publishedDateTime: 2026-01-31T12:00:00Z
updatedDateTime: 2026-02-02T09:30:00+01:00
webUrl: "https://gazette.example.org/harbour/cranes?ref=front&page=1"
ampWebUrl: "https://gazette.example.org/harbour/cranes/amp"
cdnAmpWebUrl: "https://gazette-example-org.cdn.ampproject.org/c/s/gazette.example.org/harbour/cranes/amp"
type: article
quality: 92
heat: 120
published: true
provider: {name: Harbour Gazette, domain: gazette.example.org/harbour}
topics: [Ocean Science, R&D, C++]
images:
  - url: "https://gazette.example.org/pictures/crane 3.jpg?w=1200&h=800"
    width: 1200
    height: 800
    title: A crane at rest
related:
  - title: "Tide tables, & how to read them"
    webUrl: "https://tables.example.net/read?lang=en&units=m"
    publishedDateTime: 2026-01-12T00:00:00Z
    provider: {name: Tide Tables, domain: tables.example.net}
  - title: "Cables last longer in calm water"
    webUrl: "https://cables.example.com/calm"
    ampWebUrl: "https://cables.example.com/calm.amp"
secured: "c2VjcmV0;aXY="
"""
VIDEO = """\
title: "Watch: A Lighthouse Keeper's Last Entry"
excerpt: ""
publishedDateTime: 2026-01-30T00:00:00Z
originalUrl: https://video.example.com/watch?v=l4mp
type: video
length: PT3M
featuredContent: '<iframe width="800" height="500" src="https://video.example.com/embed/l4mp" allowfullscreen></iframe>'
author: [Ada Fell, {name: Bo Marsh, url: "https://people.example.org/bo"}]
provider: {name: Video House, domain: video.example.com}
topics: [Archives & Libraries]
images: [{url: "https://video.example.com/still.jpg"}]
"""
BODY = """\
title: Reading a Gauge Backwards
date: 2026-01-29 18:30:00 +0000
tags: [Open Data, citizen-science]
author: Field Desk
lang: en_GB
id: 0f9d3a52-7c1b-4f7e-9a55-3d2b1c0e4f60
"""
MARKDOWN = """\
A gauge says *when*, not **why** – see the [table](#table) & the ![chart](/charts/1.png "A chart").

<script>alert(1)</script>

```c
if (a < b && c > d) { return "]]>"; }
```

| hour | level |
|-----:|------:|
| 0    | 1.2   |

{% include footer.html %} Done {{ page.title }}.
"""
ARABIC = """\
title: "بيانات مفتوحة عن المدّ والجزر"
excerpt: "أرقام أربعين عامًا، للجميع (CC0)."
publishedDateTime: 2026-01-28T06:00:00+03:00
webUrl: "https://مثال.إختبار/أخبار/مد وجزر?س=1"
topics: [بيانات مفتوحة]
lang: ar
"""
EPISODE = """\
date: 2026-01-30T06:00:00Z
updated: 2026-01-31
excerpt: An hour about tides, and a minute about cranes.
podcast: {url: "/episodes/7.mp3?from=feed&n=1", length: 51200000}
lang: ur-Latn
"""
HOSTILE = """\
title: "<b>Bold</b> claims\\u0007 &lt;script&gt; ]]> and \\U0001F469\\u200D\\U0001F52C &amp;amp;#39;quoted&amp;amp;#39;"
excerpt: "one\\ntwo\\tthree <br> four &nbsp; five \\uFFFE\\x85six"
publishedDateTime: Sat, 31 Jan 2026 07:00:00 EST
webUrl: "https://EXAMPLE.org/a b|c/é?q=<x>&r=%zz#frag ment"
ampWebUrl: "https://example.org:8443/amp"
topics: ["  spaced   out ", "a/b", "]]>", "Ünïcode", "ÜNÏCODE"]
provider: {name: "A & B <i>Co</i>"}
images: [{url: "ftp://example.org/x.png"}, {url: "//img.example.org/y.png", width: 0, height: "20"}]
related:
  - {title: "no address"}
  - {title: "<u>R</u>", webUrl: "javascript:alert(1)"}
  - {title: "<u>R</u>", webUrl: "/rel ative"}
"""


def entry(metadata: str, path: str, body: str = "") -> Entry:
    return entry_of(yaml.safe_load(metadata), body, path)


CASES: dict[str, tuple[Site, tuple[Entry, ...]]] = {
    "article": (SITE, (entry(ARTICLE, "_news/2026-01-31-harbour-cranes-learn-to-wait.md"),)),
    "video": (SITE, (entry(VIDEO, "_news/2026-01-30-watch-a-lighthouse-keepers-last-entry.md"),)),
    "body": (SITE, (entry(BODY, "_posts/2026-01-29-reading-a-gauge-backwards.md", MARKDOWN),)),
    "episode": (SITE, (entry(EPISODE, "episodes/7.md"),)),
    "right-to-left": (SITE, (entry(ARABIC, "ar/tides.md"),)),
    "hostile": (SITE, (entry(HOSTILE, "_news/2026-01-31-häß lich.md"),)),
    "bare": (QUIET, (entry("{title: Bare, date: 2026-01-27}", "bare.md"),)),
    "empty": (SITE, ()),
}
STORIES = tuple(CASES)
CASES["archive"] = CASES["deleted"] = CASES["bare"]
LINKS = {
    "archive": ArchiveLinks("2026-01", "2025-11", "2026-02"),
    "deleted": ArchiveLinks(
        prev_archive="2026-01",
        tombstones=(Tombstone(f"tag:{QUIET.authority}:gone.md", datetime(2026, 2, 1, tzinfo=UTC)),),
    ),
}
CASES["several"] = (SITE, tuple(each for name in STORIES for each in CASES[name][1]))


@pytest.mark.parametrize("name", RENDERERS)
@pytest.mark.parametrize("case", CASES)
def test_document_equals_the_approved_one(case: str, name: str, request: pytest.FixtureRequest) -> None:
    site, entries = CASES[case]
    document = documents(entries, site, links=LINKS.get(case, NO_ARCHIVES))[name]
    file = HERE / f"{case}.{name}"
    if request.config.getoption("regenerate_golden"):
        file.write_bytes(document)
    assert document.decode() == file.read_bytes().decode()


def test_every_approved_document_belongs_to_a_case() -> None:
    assert {file.name for file in HERE.iterdir() if file.suffix in {".rss", ".atom", ".json"}} == {
        f"{case}.{name}" for case in CASES for name in RENDERERS
    }
