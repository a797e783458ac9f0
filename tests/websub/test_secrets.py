"""A secret is masked in every spelling in which a hub may repeat it."""

from __future__ import annotations

import html
import json
import time
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndicate.websub.secrets import mask

TOKEN = "s3cr3t-t0ken/+=<&>\"'x"
SECRET = f"Bearer {TOKEN}"

SPELLINGS: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "upper case": str.upper,
    "lower case": str.lower,
    "other case": str.swapcase,
    "percent-encoded": lambda text: quote(text, safe=""),
    "percent-encoded in lower case": lambda text: quote(text, safe="").lower(),
    "percent-encoded with plus": quote_plus,
    "percent-encoded in part": quote,
    "percent-encoded wholly": lambda text: "".join(f"%{ord(c):02X}" for c in text),
    "percent-encoded twice": lambda text: quote(quote(text, safe=""), safe=""),
    "HTML": html.escape,
    "HTML in HTML": lambda text: html.escape(html.escape(text)),
    "decimal entities": lambda text: "".join(f"&#{ord(c)};" for c in text),
    "hexadecimal entities": lambda text: "".join(f"&#x{ord(c):04X};" for c in text),
    "JSON": lambda text: json.dumps(text)[1:-1],
    "JSON in JSON": lambda text: json.dumps(json.dumps(text))[3:-3],
    "JSON escapes": lambda text: "".join(f"\\u{ord(c):04x}" for c in text),
    "JSON with escaped slashes": lambda text: json.dumps(text)[1:-1].replace("/", "\\/"),
    "escapes of C": lambda text: "".join(f"\\x{ord(c):02x}" for c in text),
    "repr": repr,
    "hex": lambda text: text.encode().hex(),
    "upper-case hex": lambda text: text.encode().hex().upper(),
    **{
        f"base64 behind {before} bytes": lambda text, before=before: b64encode(b"u:x"[:before] + text.encode()).decode()  # type: ignore[misc]
        for before in range(4)
    },
    **{
        f"URL-safe base64 behind {before} bytes": lambda text, before=before: urlsafe_b64encode(  # type: ignore[misc]
            b"?>x"[:before] + text.encode() + b"more"
        ).decode()
        for before in range(4)
    },
    "base64 in JSON": lambda text: json.dumps(b64encode(text.encode()).decode()).replace("/", "\\/"),
    "percent-encoded base64": lambda text: quote(b64encode(text.encode()).decode(), safe=""),
}


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("part", [TOKEN, SECRET])
def test_secret_is_masked_in_every_spelling(spelling: str, part: str) -> None:
    spelled = SPELLINGS[spelling](part)
    masked = mask(f"before {spelled} after", SECRET)
    assert "…" in masked
    assert masked.startswith("before ")
    assert masked.endswith(" after")
    longest = max((masked[i:j] for i in range(len(masked)) for j in range(i, len(masked) + 1)
                   if masked[i:j] in spelled), key=len)  # fmt: skip
    assert len(longest) <= 8, masked  # characters beside the secret in one unit of base64


@given(
    st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=12, max_size=40),
    st.binary(max_size=9),
    st.binary(max_size=9),
)
def test_secret_is_found_at_any_place_of_an_encoded_text(secret: str, before: bytes, after: bytes) -> None:
    for encode in (b64encode, urlsafe_b64encode):
        text = encode(before + secret.encode() + after).decode()
        masked = mask(text, secret)
        assert "…" in masked
        assert len(masked) <= len(text) - (len(secret) * 8 // 6 - 2) + 1


def test_user_and_password_of_basic_authentication_are_masked() -> None:
    secret = f"Basic {b64encode(b'press:hunter22').decode()}"
    assert mask("no user press with password hunter22", secret) == "no user press with password …"
    assert mask("press:hunter22", secret) == "…"


def test_other_text_stays() -> None:
    text = "quota of 5 tokens exceeded for https://feeds.test/?a=1&amp;b=2, try again"
    assert mask(text, SECRET) == text
    assert mask(text, "") == text


def test_hostile_text_takes_little_time() -> None:
    started = time.perf_counter()
    for text in (r"\\" * 2048, "%25" * 1365, "&amp;" * 819, "&#0000" * 682, "s3cr3t" * 682, "&" * 4096):
        mask(text, SECRET * 4)
    assert time.perf_counter() - started < 2
