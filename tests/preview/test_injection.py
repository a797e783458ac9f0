"""The script of the preview in pages, and what their policies allow."""

from __future__ import annotations

import pytest

from syndicate.preview.injection import allow_preview, inject

SCRIPT = '<script nonce="N" data-version="1" src="/.syndicate-preview/client.js"></script>\n'
SCRIPTS = "script-src 'sha256-A'"
DEFAULT = "object-src 'none'"


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ("", ""),
        ("object-src 'none'", "object-src 'none'"),
        ("default-src 'none'", "default-src 'none'; script-src-elem 'nonce-N'; connect-src 'self'"),
        (
            f"default-src 'none'; {SCRIPTS}; connect-src https://x.test",
            f"default-src 'none'; {SCRIPTS}; connect-src https://x.test 'self'; script-src-elem 'sha256-A' 'nonce-N'",
        ),
        ("script-src-elem 'NONE';connect-src *", "script-src-elem 'nonce-N'; connect-src * 'self'"),
        # A nonce would forbid the inline scripts that the page has.
        ("script-src 'unsafe-inline'", "script-src 'unsafe-inline'; script-src-elem 'unsafe-inline' 'self'"),
        (
            "script-src 'unsafe-inline' 'nonce-B'",
            "script-src 'unsafe-inline' 'nonce-B'; script-src-elem 'unsafe-inline' 'nonce-B' 'nonce-N'",
        ),
        ("Script-Src a;script-src b", "script-src a; script-src-elem a 'nonce-N'"),
    ],
)
def test_policy_also_allows_the_preview(policy: str, expected: str) -> None:
    assert allow_preview(policy, "N") == expected


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        ("<p>a</p></body></html>", f"<p>a</p>{SCRIPT}</body></html>"),
        ("<p>a</p>", f"<p>a</p>{SCRIPT}"),
        ("<pre></body></pre></BODY >", f"<pre></body></pre>{SCRIPT}</BODY >"),
        ("", SCRIPT),
    ],
)
def test_script_is_at_the_end_of_the_body(page: str, expected: str) -> None:
    assert inject(page.encode(), "1", "N", DEFAULT).content.decode() == expected


def test_policies_of_a_page_become_headers() -> None:
    page = (
        b'<meta charset="utf-8"><META content="img-src &#39;self&#39;" HTTP-EQUIV=Content-Security-Policy />'
        b"<meta http-equiv='content-security-policy' content='default-src a>b'><body>"
    )
    injected = inject(page, "1", "N", DEFAULT)
    assert injected.content == b'<meta charset="utf-8"><body>' + SCRIPT.encode()
    assert injected.policies == (
        "img-src 'self'; frame-ancestors 'none'",
        "default-src a>b; frame-ancestors 'none'; script-src-elem a>b 'nonce-N'; connect-src a>b 'self'",
    )


def test_page_without_a_policy_gets_the_default_one() -> None:
    assert inject(b"<body>", "1", "N", DEFAULT).policies == (DEFAULT,)


def test_bytes_that_are_not_utf8_remain() -> None:
    assert inject(b"\xff</body>", "1", "N", DEFAULT).content.startswith(b"\xff<script")
