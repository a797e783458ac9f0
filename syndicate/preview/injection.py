"""Adds the preview's script to a page as it is sent. Pure.

A page states a content security policy, in a `meta` element, that allows no other script and no connection. Every
policy of a page must allow what a script does, so the policies leave the page and become headers that also allow the
script of the preview. What else they forbid stays forbidden: a page does the same in the preview as when published.
"""

from __future__ import annotations

import re
from html import escape, unescape
from typing import NamedTuple

SCRIPT_PATH = "/.syndicate-preview/client.js"
EVENTS_PATH = "/.syndicate-preview/events"
"""Documents never have such paths: their names begin with a letter."""

_META = re.compile(r"""<meta\b(?:"[^"]*"|'[^']*'|[^>"'])*>""", re.IGNORECASE)
_IS_POLICY = re.compile(r"""http-equiv\s*=\s*["']?content-security-policy["'\s/>]""", re.IGNORECASE)
_CONTENT = re.compile(r"""\bcontent\s*=\s*("[^"]*"|'[^']*')""", re.IGNORECASE)
_BODY_END = re.compile(r"</body\s*>", re.IGNORECASE)
_HASH_OR_NONCE = re.compile(r"'(?:sha\d{3}|nonce)-", re.IGNORECASE)
_FALLBACKS = (("script-src-elem", ("script-src", "default-src")), ("connect-src", ("default-src",)))
_HEADER_ONLY = "frame-ancestors 'none'"  # a `meta` element cannot state it


class InjectedPage(NamedTuple):
    """A page with the script, and the values of its `Content-Security-Policy` header."""

    content: bytes
    policies: tuple[str, ...]


def inject(page: bytes, version: str, nonce: str, default_policy: str) -> InjectedPage:
    """Return a page with the script of the preview, which reloads it when the version is another one.

    `default_policy` is that of a page that states none.
    """
    text = page.decode("utf-8", "surrogateescape")
    policies: list[str] = []

    def take(match: re.Match[str]) -> str:
        content = _CONTENT.search(match[0]) if _IS_POLICY.search(match[0]) else None
        if content is None:
            return match[0]
        policies.append(f"{unescape(content[1][1:-1])}; {_HEADER_ONLY}")
        return ""

    text = _META.sub(take, text)
    script = f'<script nonce="{nonce}" data-version="{escape(version)}" src="{SCRIPT_PATH}"></script>'
    ends = list(_BODY_END.finditer(text))
    end = ends[-1].start() if ends else len(text)
    text = f"{text[:end]}{script}\n{text[end:]}"
    allowed = tuple(allow_preview(policy, nonce) for policy in policies or [default_policy])
    return InjectedPage(text.encode("utf-8", "surrogateescape"), allowed)


def allow_preview(policy: str, nonce: str) -> str:
    """Return a policy that also allows the script of the preview and its connection (CSP 3 §6.1, §6.7)."""
    directives: dict[str, list[str]] = {}
    for directive in " ".join(policy.split()).split(";"):
        name, _, value = directive.strip().partition(" ")
        if name:
            directives.setdefault(name.lower(), value.split())  # the first of a name counts
    for name, fallbacks in _FALLBACKS:
        stated = next((each for each in (name, *fallbacks) if each in directives), None)
        if stated is not None:  # else everything is allowed
            sources = [source for source in directives[stated] if source.lower() != "'none'"]
            added = _script_source(sources, nonce) if name == "script-src-elem" else "'self'"
            directives[name] = [*sources, added]
    return "; ".join(" ".join([name, *values]) for name, values in directives.items())


def _script_source(sources: list[str], nonce: str) -> str:
    """Return the source that allows the script. A nonce beside 'unsafe-inline' would forbid the page's own scripts."""
    is_inline_allowed = any(source.lower() == "'unsafe-inline'" for source in sources)
    return "'self'" if is_inline_allowed and not any(map(_HASH_OR_NONCE.match, sources)) else f"'nonce-{nonce}'"
