"""The values that pass between the scanner of a body and the template languages."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple, Protocol

from ..references import RecordReference, ReferenceTable, path_reference

LEFT_OUT = "\ufdd0"
"""The mark in the place of a tag that was left out within an address: an address that holds it cannot be used.
No body holds the character, since `strip_forbidden` removes it."""

_RECORD = re.compile(r"\.(?:md|mdx|markdown|mkd|html?)(?=[?#]|\Z)", re.IGNORECASE)


class Result(NamedTuple):
    """What a tag becomes. `text` is None for a tag that is left out; `loss` is the kind that it counts as then.

    `end` is the position after the tag, or after the block that it begins.
    """

    text: str | None
    end: int
    loss: str = ""


class TagContext:
    """What tags can look up: declared variables, and the references that they make.

    `variables` holds `site.url` (without a slash at its end), `site.baseurl`, `page.title` and the like.
    """

    def __init__(self, variables: Mapping[str, str], references: ReferenceTable) -> None:
        self.variables = variables
        self._references = references

    def variable(self, name: str) -> str | None:
        """Return a declared variable, which may stand without the `page.` before its name; None if there is none."""
        found = self.variables.get(name)
        return self.variables.get(f"page.{name}") if found is None and "." not in name else found

    def relative_url(self, path: str) -> str:
        """Return a path below the base address of the site (Jekyll's filter `relative_url`)."""
        if "://" in path:
            return path
        base = self.variables.get("site.baseurl", "").strip("/")
        return "/" + "/".join(filter(None, (base, path.lstrip("/"))))

    def absolute_url(self, path: str) -> str:
        """Return a path as an absolute address of the site (Jekyll's filter `absolute_url`)."""
        return path if "://" in path else self.variables.get("site.url", "").rstrip("/") + self.relative_url(path)

    def post(self, name: str) -> str:
        """Return the mark of a Jekyll post."""
        return self._references.mark(RecordReference("post", name.strip("/")))

    def file(self, path: str) -> str:
        """Return the mark of a record, by its path from the root of the corpus, or the address of another file."""
        if not _RECORD.search(path):
            return self.relative_url(path)
        return self._references.mark(path_reference(path, ""))

    def ref(self, written: str) -> str:
        """Return the mark of a page that Hugo's `ref` names."""
        reference, _, fragment = written.partition("#")
        if not reference:
            return f"#{fragment}"
        return self._references.mark(RecordReference("ref", reference, fragment))


class Language(Protocol):
    """A template language: the tags that it has, and what becomes of them."""

    @property
    def openings(self) -> str:
        """A pattern of the characters that a tag begins with."""

    @property
    def comments(self) -> str:
        """A pattern of the characters that a comment begins with."""

    def read(self, text: str, start: int) -> Result | None:
        """Read the tag that may begin at a position; None if there is none."""

    def read_code(self, code: str) -> str:
        """Return code as readers see it: without the words by which authors keep tags in code from evaluation."""


def find_end(text: str, start: int, closing: str, *, in_line: bool = False) -> int:
    """Return the position after the end of a tag, which lies in its line or its paragraph; -1 if it has no end."""
    last = start + _MAX_LENGTH
    if in_line:
        line_end = text.find("\n", start, last)
        last = last if line_end < 0 else line_end
    end = text.find(closing, start, last)
    return -1 if end < 0 or text.find("\n\n", start, end) >= 0 else end + len(closing)


_MAX_LENGTH = 2000
