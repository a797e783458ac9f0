"""Only known fields leave a record; private keys never do."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.fields import DAY, bounded, context_with, dated_record

from syndicate.corpus.record import ParsedRecord
from syndicate.values.keys import ALIASES, VISIBILITY, canonical_key

SECRET = "s3cret"


def is_secret_absent(record: ParsedRecord) -> bool:
    return SECRET not in repr(record)


@pytest.mark.parametrize("name", ALIASES)
@pytest.mark.parametrize("key", ["secured", "Secured", "secured.inner", "extra.secured", "extra.SECURED.inner"])
def test_no_configured_alias_can_publish_a_private_key(name: str, key: str) -> None:
    held = {"secured": SECRET, "inner": SECRET}
    metadata = {"secured": held if "inner" in key else SECRET, "extra": {"secured": held if "inner" in key else SECRET}}
    assert is_secret_absent(dated_record(metadata, context=context_with(aliases={name: (key,)})))


@pytest.mark.parametrize("key", ["secured", "Secured", "secured.inner", "extra.secured", "extra.Secured.inner"])
def test_private_key_cannot_be_a_dimension(key: str) -> None:
    metadata = {"secured": {"inner": SECRET, "name": SECRET}, "extra": {"secured": {"inner": SECRET, "name": SECRET}}}
    assert is_secret_absent(dated_record(metadata, context=context_with(dimensions=("topics", key))))


KNOWN_KEYS = {canonical_key(key.partition(".")[0]) for keys in (*ALIASES.values(), VISIBILITY) for key in keys}
KNOWN_KEYS |= {"url", "path", "permalink", "slug"}  # of which generators make addresses


@bounded
@given(
    st.dictionaries(
        st.text(min_size=1, max_size=9).filter(lambda key: canonical_key(key) not in KNOWN_KEYS),
        st.one_of(
            st.just(SECRET),
            st.just([SECRET]),
            st.just({"name": SECRET, "title": SECRET, "url": f"https://{SECRET}.test/"}),
        ),
        max_size=4,
    )
)
def test_values_of_unknown_keys_are_absent_from_the_record(metadata: dict[str, Any]) -> None:
    assert is_secret_absent(dated_record(metadata))


def test_only_the_name_of_a_mapping_can_become_a_value() -> None:
    hidden = {"secured": SECRET, "email": f"{SECRET}@x.test", "note": [SECRET]}
    metadata = {name: hidden for keys in ALIASES.values() for name in keys if "." not in name}
    result = dated_record(metadata | {"title": "T", "date": DAY, "expiryDate": None, "published": None})
    assert is_secret_absent(result)


def test_problem_quotes_only_the_beginning_of_a_value() -> None:
    long = "x" * 60 + SECRET
    metadata = dict.fromkeys(("quality", "lang", "image", "updated", "draft"), long)
    assert is_secret_absent(dated_record(metadata))
