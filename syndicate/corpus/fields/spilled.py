"""Front matter in the body: a header without an opening fence, or one that is closed too early, spills into the text.

A private key with a value is then part of the text. Prose may begin a line with the same word (`Secured: two more
years`), and code may use it as a name. So a value that looks like a secret counts anywhere, and any other value where
the line is written like front matter: the key in lower case or in quotes, at the beginning of a line, or beside lines
with keys that front matter has. All patterns take time linear in the length of the body.
"""

from __future__ import annotations

import re

from ...values.keys import ALIASES, PRIVATE, VISIBILITY, canonical_key
from ..scalars import FLAGS

_KEY = rf"(?:{'|'.join(sorted(PRIVATE))})"
_LINE = re.compile(
    rf"^(?P<indent>[ \t]*)(?P<mark>[-?][ \t]+)?(?P<key>[\"']?{_KEY}[\"']?)(?:\.[\w-]+)*[ \t]*[:=](?P<value>.*)$",
    re.IGNORECASE | re.MULTILINE,
)
_FLOW = re.compile(rf"[{{,][ \t]*([\"']?){_KEY}\1[ \t]*:[ \t]*(?P<value>[^,}}\n]+)", re.IGNORECASE)
_TABLE = re.compile(rf"^[ \t]*\[{_KEY}(?:\.[\w-]+)*\][ \t]*\n[ \t]*[\w\"'-]+[ \t]*=", re.IGNORECASE | re.MULTILINE)
_SECRET = re.compile(r"[ \t]*[|>+-]*[ \t]*[\"']?[a-z0-9+/=_-]{16}", re.IGNORECASE)
_BLOCK_MARK = re.compile(r"(?:[|>][+0-9-]*|[&!]\S*)?[ \t]*")
_NEXT_LINE = re.compile(r"\s*\n([ \t]*)(.*)")
_KEYED = re.compile(r"[ \t]*(?:-[ \t]+)?[\"']?([A-Za-z_][\w-]*)[\"']?[ \t]*[:=]")
_FENCE = re.compile(r"^[ \t]*(?:```|~~~)", re.MULTILINE)
_NO_SECRETS = FLAGS | {"null", "~", "none", ""}
_KNOWN = frozenset(canonical_key(key.partition(".")[0]) for keys in (*ALIASES.values(), VISIBILITY) for key in keys)
_NEIGHBOURS = 5  # lines before and after


def holds_private_key(body: str) -> bool:
    """Return whether a body holds a private key with a value."""
    lower = body.lower()
    if not any(key in lower for key in PRIVATE):
        return False
    return any(_is_spilled(body, match) for match in _LINE.finditer(body)) or any(
        _is_written_as_data(body, match) for pattern in (_FLOW, _TABLE) for match in pattern.finditer(body)
    )


def _is_spilled(body: str, match: re.Match[str]) -> bool:
    value = match["value"].strip()
    if _BLOCK_MARK.fullmatch(value):
        following = _NEXT_LINE.match(body, match.end())
        if following is None:
            return False
        indent, text = following.groups()
        is_nested = len(indent) > len(match["indent"]) or text.startswith("- ")
        if not is_nested:
            return bool(_SECRET.match(text))
    elif value.strip("\"'").lower() in _NO_SECRETS:
        return False
    elif _SECRET.match(value):
        return True
    is_like_front_matter = not match["mark"] and (match["key"] in PRIVATE or match["key"][0] in "\"'")
    return (is_like_front_matter or _is_beside_known_keys(body, match)) and not _is_in_code(body, match.start())


def _is_written_as_data(body: str, match: re.Match[str]) -> bool:
    value = (match.groupdict().get("value") or "x").strip().strip("\"'").lower()
    return value not in _NO_SECRETS and not _is_in_code(body, match.start())


def _is_beside_known_keys(body: str, match: re.Match[str]) -> bool:
    """Return whether a line near a match states a key that front matter has, or is a fence."""
    before = body[max(0, match.start() - 1000) : match.start()].split("\n")[-_NEIGHBOURS:]
    after = body[match.end() : match.end() + 1000].split("\n")[:_NEIGHBOURS]
    for line in before + after:
        keyed = _KEYED.match(line)
        if (keyed and canonical_key(keyed[1]) in _KNOWN) or line.rstrip() in {"---", "+++"}:
            return True
    return False


def _is_in_code(body: str, position: int) -> bool:
    """Return whether a fence of code is open at a position."""
    return len(_FENCE.findall(body, 0, position)) % 2 == 1
