"""Links from a body to other records: found while a body is rendered, resolved when the records are known.

Theory of operation
-------------------
`{% post_url x %}`, `{{< ref "x" >}}`, `@/blog/x.md`, `{filename}x.md` and relative addresses of Markdown files all
refer to another record. Its address is not known while one record is read, and may change later. So a rendered body
holds a placeholder in each such `href`:

    record:KIND/REFERENCE[?FALLBACK][#FRAGMENT]

in which every part is percent-encoded; FALLBACK is the address that the text gives without knowledge of the record.
`resolve_links` replaces them. No author can write a placeholder: sanitizing removes addresses of the scheme `record`
and adds placeholders afterwards.

Template tags are read before Markdown. They put a mark into the text, the number of a reference between
noncharacters, which `strip_forbidden` has removed from the text before: `ReferenceTable` maps marks to references.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable
from html import escape
from typing import Literal, NamedTuple
from urllib.parse import quote, unquote

from .anchors import drop_without_address

ReferenceKind = Literal["path", "post", "ref"]

_MARK = "\ufdd1"
_ENCODED_MARK = quote(_MARK)  # in addresses that Markdown has normalized
_MARKED = re.compile(rf"(?:{_MARK}|{_ENCODED_MARK})(\d{{1,7}})(?:{_MARK}|{_ENCODED_MARK})")
_MARK_IN_TEXT = re.compile(rf"/{_MARK}\d{{1,7}}{_MARK}")
_PLACEHOLDER = re.compile(
    r'(<a(?: [a-z-]+="[^"]*")*?) href="record:(path|post|ref)/([^"?#]*)(?:\?([^"#]*))?(?:#([^"]*))?"'
)


class RecordReference(NamedTuple):
    """A reference to another record.

    `kind` is `path` (relative to the corpus folder, with its suffix), `post` (the name of a Jekyll post without its
    suffix) or `ref` (Hugo's `ref`, as it is written). `fallback` is an absolute address, empty if the text gives none.
    """

    kind: ReferenceKind
    reference: str
    fragment: str = ""
    fallback: str = ""

    def placeholder(self) -> str:
        """Return the address that stands for the record until it is resolved."""
        fallback = f"?{_encode(self.fallback)}" if self.fallback else ""
        fragment = f"#{_encode(self.fragment)}" if self.fragment else ""
        return f"record:{self.kind}/{_encode(self.reference)}{fallback}{fragment}"


class ResolvedLinks(NamedTuple):
    """A body whose links are resolved, and the references that have no address: of their links, the text stays."""

    html: str
    unresolved: tuple[RecordReference, ...]


class ReferenceTable:
    """The references that template tags of one body make."""

    def __init__(self) -> None:
        self._references: list[RecordReference] = []

    def mark(self, reference: RecordReference) -> str:
        """Return the text that stands for a reference in Markdown."""
        self._references.append(reference)
        return f"/{_MARK}{len(self._references) - 1}{_MARK}"

    def find(self, address: str) -> RecordReference | None:
        """Return the reference whose mark an address holds; its fragment is that of the address."""
        match = _MARKED.search(address) if self._references else None
        if match is None or int(match[1]) >= len(self._references):
            return None
        reference = self._references[int(match[1])]
        fragment = address[match.end() :].partition("#")[2]
        return reference._replace(fragment=unquote(fragment)) if fragment else reference

    def is_marked(self, address: str) -> bool:
        """Return whether an address holds the mark of a record."""
        return bool(self._references) and _MARKED.search(address) is not None

    def strip_marks(self, html: str) -> str:
        """Remove marks from text: there, a reference has no link to stand in."""
        return _MARK_IN_TEXT.sub("", html) if self._references else html


def path_reference(address: str, folder: str, fallback: str = "") -> RecordReference:
    """Return the reference to a file of the corpus, by an address relative to a folder of it, or to its root."""
    path, _, fragment = address.partition("#")
    path = unquote(path.partition("?")[0])
    joined = posixpath.normpath(posixpath.join("/", folder, path)).lstrip("/")
    return RecordReference("path", joined, unquote(fragment), fallback)


def resolve_links(html: str, lookup: Callable[[RecordReference], str | None]) -> ResolvedLinks:
    """Replace the placeholders in a rendered body by the addresses that `lookup` returns.

    Where it returns None, the fallback remains; without one, the text of the link does.
    """
    unresolved: list[RecordReference] = []
    if 'href="record:' not in html:
        return ResolvedLinks(html, ())

    def replace(match: re.Match[str]) -> str:
        before, kind, reference, fallback, fragment = match.groups(default="")
        found = RecordReference(kind, unquote(reference), unquote(fragment), unquote(fallback))  # type: ignore[arg-type] # the pattern holds the kinds
        address = lookup(found)
        if address is None:
            if not fallback:
                unresolved.append(found)
                return before
            address = found.fallback
        elif fragment:
            address = f"{address.partition('#')[0]}#{fragment}"
        return f'{before} href="{escape(address)}"'

    resolved = _PLACEHOLDER.sub(replace, html)
    if unresolved:
        resolved = drop_without_address(resolved).html
    return ResolvedLinks(resolved, tuple(unresolved))


def _encode(text: str) -> str:
    return quote(text, safe="/-._~", errors="ignore")
