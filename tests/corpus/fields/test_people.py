"""Authors and provider; mail addresses never leave a record."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.fields import bounded, dated_entry, label

from syndicate.model import Person

PROVIDERS = [
    ("PC Magazine", Person(name="PC Magazine")),
    ({"name": "PC Magazine", "domain": "pcmag.com"}, Person(name="PC Magazine", url="https://pcmag.com")),
    ({"name": "X", "domain": "x.test/news"}, Person(name="X", url="https://x.test/news")),
    ({"name": "X", "domain": "http://x.test/"}, Person(name="X", url="http://x.test/")),
    ({"name": "X", "domain": "not a host"}, Person(name="X")),
    ({"name": "X", "domain": ["x.test"]}, Person(name="X")),
    ({"name": "X", "url": "https://x.test/"}, Person(name="X", url="https://x.test/")),
    ({"domain": "x.test"}, Person(name="x.test", url="https://x.test")),
    ({"name": 20, "domain": "x.test"}, Person(name="20", url="https://x.test")),
    ({"name": {"secured": "s3cret"}}, None),
    ({"name": ["s3cret"]}, None),
    ({}, None),
    ([], None),
    (["X"], None),
    (True, None),
    # never a mail address, never a password
    ("Jane <jane@x.test>", Person(name="Jane")),
    ("jane@x.test", None),
    ({"name": "jane@x.test", "domain": "x.test"}, Person(name="x.test", url="https://x.test")),
    ({"domain": "jane:s3cret@x.test"}, None),
    ({"name": "X", "domain": "jane:s3cret@x.test"}, Person(name="X")),
    ({"name": "X", "email": "jane@x.test"}, Person(name="X")),
]


@pytest.mark.parametrize(("stated", "person"), PROVIDERS, ids=[label(row[0]) for row in PROVIDERS])
def test_provider_is_a_name_with_an_address(stated: object, person: Person | None) -> None:
    assert dated_entry(provider=stated).provider == person


AUTHORS = [
    ({"author": "Jane Doe"}, ["Jane Doe"]),
    ({"author": {"name": "Jane", "url": "https://j.test/"}}, ["Jane https://j.test/"]),
    ({"author": {"name": "Jane", "url": "mailto:jane@x.test"}}, ["Jane"]),
    ({"author": {"name": "Jane", "email": "jane@x.test"}}, ["Jane"]),
    ({"author": {"name": "Jane", "url": "https://jane:pw@x.test"}}, ["Jane"]),
    ({"author": ["Jane", {"name": "Joe"}]}, ["Jane", "Joe"]),
    ({"author": ["Jane", "Jane"]}, ["Jane"]),
    ({"author": "Doe, Jane"}, ["Doe, Jane"]),
    ({"authors": "Jane Doe, Joe"}, ["Jane Doe", "Joe"]),
    ({"authors": "Doe; Joe"}, ["Doe", "Joe"]),
    ({"authors": "Doe, Jane; Roe, John;"}, ["Doe, Jane", "Roe, John"]),
    ({"author": "Doe, Jane; Roe, John"}, ["Doe, Jane", "Roe, John"]),
    ({"author": "Doe, Jane"}, ["Doe, Jane"]),
    ({"author": "Ren&eacute;e; J&#246;rg"}, ["Renée", "Jörg"]),
    ({"author": "007"}, ["007"]),
    ({"authors": ["Jane", None, 7, [], {}]}, ["Jane"]),
    ({"author": None, "authors": ["Jane"]}, ["Jane"]),
    ({"author": 7, "authors": ["Jane"]}, ["Jane"]),
    ({"author": "@jane"}, ["@jane"]),
    ({"author": "Jane (ACME) Doe"}, ["Jane (ACME) Doe"]),
    ({}, []),
    # never a mail address
    ({"author": "jane@x.test"}, []),
    ({"author": "Jane Doe <jane@x.test>"}, ["Jane Doe"]),
    ({"author": "jane@x.test (Jane Doe)"}, ["Jane Doe"]),
    ({"author": "Jane jane&#64;x.test"}, ["Jane"]),
    ({"author": "Jane &lt;jane@x.test&gt;"}, ["Jane"]),
    ({"author": "Jane&lt;jane@x.test&gt;"}, ["Jane"]),
    ({"author": "<b>Jane</b> mailto:jane@x.test"}, ["Jane"]),
    ({"author": "Jane (jane@x.test)"}, ["Jane"]),
    ({"author": "<a href='mailto:jane@x.test'>Jane</a>"}, ["Jane"]),
    ({"authors": "Jane; jane@x.test; Joe joe@x.test"}, ["Jane", "Joe"]),
    ({"author": ["jane@x.test", "Joe"]}, ["Joe"]),
    ({"author": "Jane [jane@x.test]"}, ["Jane"]),
    ({"author": {"name": "jane@x.test", "url": "https://j.test/"}}, []),
]


@pytest.mark.parametrize(("metadata", "expected"), AUTHORS, ids=[label(row[0]) for row in AUTHORS])
def test_authors_are_names_and_never_mail_addresses(metadata: dict[str, Any], expected: list[str]) -> None:
    assert [f"{person.name} {person.url or ''}".strip() for person in dated_entry(metadata).authors] == expected


mails = st.from_regex(r"[a-z.+_%-]{1,12}@[a-z-]{1,8}(\.[a-z]{2,5}){1,2}", fullmatch=True)
around = st.text("ab ,;:<>()[]\"'&é\n", max_size=8)


@bounded
@given(around, mails, around, st.sampled_from(["author", "authors", "provider"]), st.booleans())
def test_name_never_holds_a_mail_address(before: str, mail: str, after: str, key: str, escaped: bool) -> None:  # noqa: FBT001
    stated = before + (mail.replace("@", "&#x40;") if escaped else mail) + after
    found = dated_entry({key: stated})
    shown = [person.name for person in (*found.authors, *filter(None, [found.provider]))]
    assert not [name for name in shown if re.search(r"[^\s@]@[^\s@]", name)]


def test_long_names_of_people_are_shortened() -> None:
    entry = dated_entry(provider="p" * 5000, author="a" * 5000)
    assert entry.provider is not None
    assert {len(entry.provider.name), *(len(author.name) for author in entry.authors)} == {300}
