"""Content negotiation: `Accept-Encoding` and `Accept` (RFC 9110 §12.5)."""

import re
from functools import lru_cache

_CODING = re.compile(r"\s*([!#$%&'*+.^_`|~0-9A-Za-z-]+)\s*(?:;\s*[qQ]\s*=\s*([01](?:\.\d{0,3})?)\s*)?", re.ASCII)


# Ties go to the first: Brotli makes the smallest documents.
_ENCODINGS = ("br", "zstd", "gzip")


@lru_cache(maxsize=1024)
def choose_encoding(accept_encoding: str) -> str:
    """Return the content coding for an `Accept-Encoding` field: `br`, `zstd`, `gzip`, or empty for none (§12.5.3)."""
    weights: dict[str, float] = {}
    for item in accept_encoding.split(","):
        if match := _CODING.fullmatch(item):
            weights[match[1].lower().removeprefix("x-")] = float(match[2] or 1)
    default = weights.get("*", 0.0)
    best = max(_ENCODINGS, key=lambda coding: weights.get(coding, default))
    weight = weights.get(best, default)
    return best if weight and weight >= weights.get("identity", 0.0) else ""


def prefers_html(accept: str) -> bool:
    """Return whether an `Accept` field comes from a browser: it names HTML, and no problem details."""
    return "text/html" in accept and "problem+json" not in accept
