"""A limit for the nesting of YAML: parsers recurse in C, and a hostile text would exhaust the stack of the process."""

from __future__ import annotations

import re

MAX_DEPTH = 100
_INDENTED = re.compile(rf"^[ \t?:-]{{{MAX_DEPTH}}}", re.MULTILINE)
_OTHER_LINE_ENDS = "\r\x85\u2028\u2029"  # the line breaks of YAML 1.1 besides LF


def may_nest_deeply(text: str) -> bool:
    """Return whether a text could nest deeper than MAX_DEPTH. Without any sign of it, no exact check is needed."""
    return (
        text.count("[") + text.count("{") >= MAX_DEPTH
        or any(end in text for end in _OTHER_LINE_ENDS)
        or bool(_INDENTED.search(text))
    )
