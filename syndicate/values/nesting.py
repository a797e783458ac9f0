"""How deeply a YAML text may nest: reading it recurses in C, and a hostile text would end the process."""

from __future__ import annotations

import re

MAX_DEPTH = 100
_INDENTED = re.compile(rf"^[ \t?:-]{{{MAX_DEPTH}}}", re.MULTILINE)
_OTHER_LINE_ENDS = "\r\x85\u2028\u2029"  # YAML knows five


def may_nest_deeply(text: str) -> bool:
    """Whether a text shows a sign that it nests deeper than MAX_DEPTH: only then its events are worth a walk."""
    return (
        text.count("[") + text.count("{") >= MAX_DEPTH
        or any(end in text for end in _OTHER_LINE_ENDS)
        or bool(_INDENTED.search(text))
    )
