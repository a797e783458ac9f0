"""Template tags in a body: evaluated where that is a matter of looking up, else left out; in code they stay."""

from __future__ import annotations

from collections.abc import Callable

from ....values.dialects import Dialect, Template
from ..losses import LossCounter
from .hugo import Hugo
from .liquid import Liquid
from .mdx import Mdx, strip_modules
from .plain import Plain
from .scanner import scan
from .tag import Language, TagContext
from .tera import Tera
from .unknown import AnyLanguage

__all__ = ["TagContext", "read_template_tags"]

_LANGUAGES: dict[Template, Callable[[TagContext], Language]] = {
    "none": Plain,
    "liquid": Liquid,
    "hugo": Hugo,
    "tera": Tera,
    "any": AnyLanguage,
}


def read_template_tags(text: str, dialect: Dialect, context: TagContext, losses: LossCounter, *, is_mdx: bool) -> str:
    """Return the text with its tags evaluated or left out, without comments and attributes."""
    if is_mdx:
        text, files = strip_modules(text)
        return scan(text, Mdx(text, files), "none", losses, has_indented_code=False)
    if "{" not in text and "<!--" not in text:
        return text
    return scan(text, _LANGUAGES[dialect.template](context), dialect.attributes, losses)
