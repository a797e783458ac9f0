"""MathML as text in one line, for summaries: a fraction whose tags are removed would become another number."""

from __future__ import annotations

import re

_MATH = re.compile(r"<math(?: [^>]*)?>.*?</math>", re.DOTALL)
_TAG_OR_TEXT = re.compile(r"<(/?)(\w+)[^>]*>|([^<]+)")
_PATTERNS = {
    "mfrac": "{}/{}",
    "msup": "{}^{}",
    "mover": "{}^{}",
    "msub": "{}_{}",
    "munder": "{}_{}",
    "msubsup": "{}_{}^{}",
    "munderover": "{}_{}^{}",
    "mroot": "{}^(1/{})",
}
_WORD = re.compile(r"[\w.]+|\([^()]*\)")


def math_as_text(html: str) -> str:
    """Return sanitized HTML in which each formula is text: `1/3`, `x^2`, `√(a+b)`."""
    return _MATH.sub(lambda match: _text(match[0]), html) if "<math" in html else html


def _text(math: str) -> str:
    stack: list[tuple[str, list[str]]] = [("", [])]
    for slash, name, text in _TAG_OR_TEXT.findall(math):
        if text:
            if text.strip():
                stack[-1][1].append(text.strip())
        elif not slash:
            stack.append((name, []))
        elif len(stack) > 1:
            closed, parts = stack.pop()
            stack[-1][1].append(_combined(closed, parts))
    return "".join(part for _, parts in stack for part in parts)


def _combined(name: str, parts: list[str]) -> str:
    pattern = _PATTERNS.get(name)
    if name == "msqrt":
        return f"√({''.join(parts)})"
    if pattern is None or pattern.count("{}") != len(parts):
        return "".join(parts)
    return pattern.format(*[part if _WORD.fullmatch(part) else f"({part})" for part in parts])
