"""Front matter that spilled into the body is recognized by its private keys; prose and code are not."""

from __future__ import annotations

import time

import pytest

from syndicate.corpus.fields.spilled import holds_private_key

SPILLED = [
    "secured: c2VjcmV0LXNlY3JldA==",
    "Secured: c2VjcmV0LXNlY3JldA==",
    "some text\n\nsecured: hunter2\n\nmore",
    "secured: my own pass phrase",
    "secured: 'pw'",
    "secured: 1234",
    "'secured': pw",
    '"Secured": pw',
    "secured = 'pw'",
    "secured:\n  token: abc",
    "secured:\n  - abc",
    "secured:\n- abc",
    "secured: |\n  pass phrase",
    "secured: >-\n  pass phrase",
    "secured: &anchor\n  token: abc",
    "secured:\n\n  token: abc",
    "secured: {token: abc}",
    "secured: [a, b]",
    "secured.token: abc",
    "extra:\n  secured: pw",
    "? secured\n: pw\ntitle: T\n? secured: pw",
    "title: T\nSECURED: pw",
    "Title: T\nDate: 2026-01-01\nSecured: my pass phrase",
    "Secured: pw\n---\ntext",
    "- title: T\n- secured: pw",
    '{"title": "T", "secured": "pw"}',
    "meta: {a: 1, secured: pw}",
    "[secured]\ntoken = 'abc'",
    "[secured.keys]\ntoken = 'abc'",
    "```\ncode\n```\nsecured: pw",
    "```\nsecured: c2VjcmV0LXNlY3JldA==\n```",
]

NOT_SPILLED = [
    "",
    "It is secured: nobody can enter.",
    "Secured: two more years of funding",
    "**Secured:** the building",
    "- secured: whether a lock is needed",
    "The door is\nSecured: yes\nPainted: no",
    "secured: true",
    "secured: no",
    "secured:",
    "secured:\n\nA paragraph.",
    "secured: ''",
    "secured: null",
    "```yaml\nsecured: my-value\n```",
    "```js\nconst a = {secured: isSecured}\n```",
    "see https://x.test/?secured=1 for more",
    "unsecured: pw",
    "secured-by: pw",
    "{secured: true}",
]


@pytest.mark.parametrize("body", SPILLED)
def test_private_key_with_a_value_is_found(body: str) -> None:
    assert holds_private_key(body)
    assert holds_private_key(f"Text.\n{body}\n\nMore text.")


@pytest.mark.parametrize("body", NOT_SPILLED)
def test_prose_and_code_are_no_front_matter(body: str) -> None:
    assert not holds_private_key(body)


@pytest.mark.parametrize(
    "text",
    ["secured:" + " " * 60_000 + "!", "secured:" + "\n" * 60_000 + "!", "secured:\n" * 8000, " " * 60_000 + "secured:",
     "Secured: a\n" * 8000, "{secured:" * 8000, "{" + " " * 60_000 + "secured", "[secured]\n" * 8000,
     "Secured: pw\nx\n```\n" * 4000, "secured." + "a." * 30_000, "\n" * 60_000 + "secured: |" + " " * 60_000],
    ids=range(11),
)  # fmt: skip
def test_time_is_linear(text: str) -> None:
    started = time.process_time()
    holds_private_key(text)
    assert time.process_time() - started < 1
