"""The tags of a site whose generator is not known: what has the shape of a tag in any of the languages is one."""

from __future__ import annotations

import re

from .hugo import Hugo
from .liquid import Liquid
from .tag import Result, TagContext
from .tera import Tera

_LOSS = "template tag"
# `{{ page.title }}`, `{{site.url}}`, `{{ "x" | filter }}`; not `{{1,2}}`, `{{a}}`, `\frac{{a}}{{b}}`.
_OUTPUT = re.compile(r"\{\{-?(?:[ \t]+(?=[A-Za-z_\"'])|(?=(?:site|page|post)\.)|(?=[\"'][^\"'{}\n]{0,500}[\"'][ ]*\|))")


class AnyLanguage:
    """The tags of Liquid, Hugo and Zola together."""

    def __init__(self, context: TagContext) -> None:
        self._liquid, self._hugo, self._tera = Liquid(context, is_in_line=True), Hugo(context), Tera(context)

    openings = r"\{%|\{\{"
    comments = rf"{Liquid.comments}|{Hugo.comments}|\{{/\*"

    def read(self, text: str, start: int) -> Result | None:
        """Read the tag that may begin at a position; None if there is none."""
        result = self._read(text, start)
        return result._replace(loss=_LOSS) if result and result.loss else result

    def read_code(self, code: str) -> str:
        """Return code without `{% raw %}`, by which authors keep tags in code from evaluation."""
        return self._liquid.read_code(code)

    def _read(self, text: str, start: int) -> Result | None:
        if text[start : start + 3] in {"{{<", "{{%"}:
            return self._hugo.read(text, start)
        if shortcode := self._tera.read(text, start):
            return shortcode
        if text[start + 1] == "%" or _OUTPUT.match(text, start):
            return self._liquid.read(text, start)
        return None
