"""Records that are made to cost much: each generator returns one of about a size in bytes.

Every generator is an example of a kind that a parser, a pattern or a sanitizer is known to be slow for, or to expand.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

BODY = "---\ntitle: T\ndate: 2026-01-01\n---\n{}\n"
YAML = "---\ntitle: T\ndate: 2026-01-01\n{}\n---\nx\n"
TOML = "+++\ntitle = 'T'\ndate = 2026-01-01\n{}\n+++\nx\n"
JSON = "{}"
LINES = "{}"


class Generator(NamedTuple):
    """A kind of record: where the generated text stands, and the function that makes it of a size in bytes."""

    frame: str
    text: Callable[[int], str]

    def record(self, size: int) -> str:
        """Return a record of about this size."""
        text = self.text(size)
        frame = self.frame
        for key in ("title", "date"):  # a key may stand once only
            if text.startswith(f"{key}:"):
                frame = "\n".join(line for line in frame.split("\n") if not line.startswith(f"{key}:"))
        return frame.replace("{}", text, 1)


def _aliases(size: int) -> str:
    """Return mappings of which each repeats the one before it eight times."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x]"]
    lines += [
        f"a{number}: &a{number} [{', '.join([f'*a{number - 1}'] * 8)}]" for number in range(1, min(size // 60, 200))
    ]
    return "\n".join(lines)


GENERATORS: dict[str, Generator] = {
    "spilled": Generator(BODY, lambda n: "secured:" + " " * n + "!"),
    "spilled_nl": Generator(BODY, lambda n: "secured:" + "\n" * n + "!"),
    "footnote": Generator(BODY, lambda n: "[^a]: " + "^[" * (n // 2)),
    "highlight": Generator(BODY, lambda n: "{% highlight " + "a" * n),
    "reference": Generator(BODY, lambda n: "[a]: https://x.example/" + "b" * (n // 2) + "\n\n" + "[a] " * (n // 8)),
    "reopen": Generator(
        BODY,
        lambda n: "<div><p>" + "".join(f"<b title={i}>" for i in range(480)) + "<p>x</p>" * ((max(n - 6000, 100)) // 8),
    ),
    "toml": Generator(TOML, lambda n: "a." * (n // 2) + "a=1"),
    "sexagesimal": Generator(YAML, lambda n: "x: " + "1:" * (n // 2) + "1"),
    "topics": Generator(YAML, lambda n: "tags: [" + ", ".join(f"t{i}" for i in range(n // 6)) + "]"),
    "brackets": Generator(BODY, lambda n: "[" * n),
    "images": Generator(BODY, lambda n: "![" * (n // 2)),
    "inline_notes": Generator(BODY, lambda n: "^[a]" * (n // 4)),
    "braces": Generator(BODY, lambda n: "{{" * (n // 2)),
    "percent": Generator(BODY, lambda n: "{%" * (n // 2)),
    "table": Generator(
        BODY, lambda n: "|a" * (n // 8) + "|\n" + "|-" * (n // 8) + "|\n" + ("|a" * (n // 8) + "|\n") * 2
    ),
    "tablewide": Generator(BODY, lambda n: "|a" * 1000 + "|\n" + "|-" * 1000 + "|\n" + ("|\n") * (n // 2)),
    "manytables": Generator(
        BODY, lambda n: ("|a" * 300 + "|\n" + "|-" * 300 + "|\n" + "|\n" * 200 + "\n") * (n // 1604 + 1)
    ),
    "backticks": Generator(BODY, lambda n: "".join("`" * i + " " for i in range(int((2 * n) ** 0.5)))),
    "stars": Generator(BODY, lambda n: "*a **b " * (n // 7)),
    "quotes": Generator(BODY, lambda n: ">" * n + "x"),
    "lists": Generator(BODY, lambda n: "".join(" " * (2 * (i % 100)) + "- a\n" for i in range(n // 100))),
    "nestedlist": Generator(BODY, lambda n: "- " * (n // 2) + "x"),
    "comment": Generator(BODY, lambda n: "<!--" * (n // 4)),
    "cdata": Generator(BODY, lambda n: "<![CDATA[" * (n // 9)),
    "pi": Generator(BODY, lambda n: "<?" * (n // 2)),
    "lt": Generator(BODY, lambda n: "<" * n),
    "a<": Generator(BODY, lambda n: "<a " * (n // 3)),
    "attr": Generator(BODY, lambda n: "<a b='" * (n // 6)),
    "entities": Generator(BODY, lambda n: "&amp" * (n // 4)),
    "ent2": Generator(BODY, lambda n: "&#" * (n // 2)),
    "admon": Generator(BODY, lambda n: ":::note\n" * (n // 8)),
    "jsx": Generator(BODY, lambda n: "<A b={" * (n // 6)),
    "formula": Generator(BODY, lambda n: "$a" * (n // 2)),
    "dollar": Generator(BODY, lambda n: "$$" * (n // 2)),
    "links": Generator(BODY, lambda n: "http://a.b/" * (n // 11)),
    "www": Generator(BODY, lambda n: "www." * (n // 4)),
    "mail": Generator(BODY, lambda n: "a@" * (n // 2)),
    "longline": Generator(BODY, lambda n: "a" * n),
    "headings": Generator(BODY, lambda n: "# a\n" * (n // 4)),
    "setext": Generator(BODY, lambda n: "a\n" * (n // 2) + "==="),
    "divs": Generator(BODY, lambda n: "<div>" * (n // 5)),
    "bs": Generator(BODY, lambda n: "<b>" * (n // 3)),
    "yamlalias": Generator(YAML, _aliases),
    "yamlflow": Generator(YAML, lambda n: "a: " + "[" * n),
    "yamlflow2": Generator(YAML, lambda n: "a: " + "{" * n),
    "yamlindent": Generator(YAML, lambda n: "".join(" " * i + "a:\n" for i in range(int((2 * n) ** 0.5)))),
    "yamlkeys": Generator(YAML, lambda n: "".join(f"k{i}: v\n" for i in range(n // 9))),
    "yamldigits": Generator(YAML, lambda n: "quality: " + "9" * n),
    "yamlq": Generator(YAML, lambda n: "? " * (n // 2)),
    "yamlanchor": Generator(YAML, lambda n: "a: " + "&a " * (n // 3)),
    "yamlmerge": Generator(YAML, lambda n: "a: &a {x: 1}\nb:\n" + "".join("  <<: *a\n" for i in range(n // 9))),
    "tomlarr": Generator(TOML, lambda n: "a=" + "[" * n),
    "tomlkeys": Generator(TOML, lambda n: "".join(f"[a{i}.b]\n" for i in range(n // 8))),
    "json": Generator(JSON, lambda n: '{"a":' * (n // 5)),
    "jsonarr": Generator(JSON, lambda n: '{"a":' + "[" * n),
    "title": Generator(YAML, lambda n: "title: " + "é" * (n // 2)),
    "titletags": Generator(YAML, lambda n: 'title: "' + "<b>" * (n // 3) + '"'),
    "titleamp": Generator(YAML, lambda n: 'title: "' + "&lt;" * (n // 4) + '"'),
    "summary": Generator(YAML, lambda n: 'description: "' + "<p>a" * (n // 4) + '"'),
    "url": Generator(YAML, lambda n: "url: https://x.example/" + "a/../" * (n // 5)),
    "urlpct": Generator(YAML, lambda n: "url: https://x.example/" + "%" * n),
    "slug": Generator(YAML, lambda n: "slug: " + "a-" * (n // 2)),
    "date": Generator(YAML, lambda n: "date: " + "2" * n),
    "date2": Generator(YAML, lambda n: "date: " + "2026-01-01 " * (n // 11)),
    "lang": Generator(YAML, lambda n: "lang: " + "a-" * (n // 2)),
    "authors": Generator(YAML, lambda n: "authors: [" + ", ".join("{name: a}" for i in range(n // 11)) + "]"),
    "author": Generator(YAML, lambda n: "author: " + "a, " * (n // 3)),
    "images2": Generator(YAML, lambda n: "images: [" + ", ".join("https://x.example/a" for i in range(n // 21)) + "]"),
    "srcset": Generator(BODY, lambda n: "<img src=a srcset='" + "a 1x, " * (n // 6) + "'>"),
    "style": Generator(BODY, lambda n: "<p style='" + "a:b;" * (n // 4) + "'>"),
    "class": Generator(BODY, lambda n: "<p class='" + "a " * (n // 2) + "'>x</p>"),
    "nul": Generator(BODY, lambda n: "\x00" * n),
    "bidi": Generator(BODY, lambda n: "\u202e" * (n // 3)),
    "combining": Generator(BODY, lambda n: "a" + "\u0301" * (n // 2)),
    "deflist": Generator(BODY, lambda n: "a\n: b\n" * (n // 6)),
    "abbr": Generator(BODY, lambda n: "".join(f"*[a{i}]: b\n" for i in range(n // 10)) + "a1 " * (n // 10)),
    "abbr2": Generator(BODY, lambda n: "*[a]: " + "b" * (n // 2) + "\n\n" + "a " * (n // 4)),
    "footnotes": Generator(BODY, lambda n: "[^a] " * (n // 10) + "\n\n[^a]: b\n"),
    "footnotes2": Generator(
        BODY, lambda n: "".join(f"[^a{i}]: [^a{i + 1}] [^a{i + 1}]\n\n" for i in range(n // 25)) + "[^a0]"
    ),
    "refs": Generator(BODY, lambda n: "".join(f"[a{i}]: b\n" for i in range(n // 10)) + "[a1] " * (n // 10)),
    "refopen": Generator(BODY, lambda n: "[a]: " * (n // 5)),
    "refopen2": Generator(BODY, lambda n: "[a]:\n" * (n // 5)),
    "linktitle": Generator(BODY, lambda n: "[a](b '" * (n // 7)),
    "linkparen": Generator(BODY, lambda n: "[a](" + "(" * n),
    "autolink": Generator(BODY, lambda n: "<http:" * (n // 6)),
    "escape": Generator(BODY, lambda n: "\\" * n),
    "spaces": Generator(BODY, lambda n: (" " * 100 + "a\n") * (n // 102)),
    "spacesend": Generator(BODY, lambda n: "a" + " " * n + "b"),
    "tabs": Generator(BODY, lambda n: "\t" * n + "a"),
    "emph_": Generator(BODY, lambda n: "a_" * (n // 2)),
    "strike": Generator(BODY, lambda n: "~~a" * (n // 3)),
    "strike2": Generator(BODY, lambda n: "~" * n),
    "sub": Generator(BODY, lambda n: "a~b^" * (n // 4)),
    "hugo": Generator(BODY, lambda n: "{{< a " * (n // 6)),
    "hugo2": Generator(BODY, lambda n: "{{< a >}}" * (n // 9)),
    "hugo3": Generator(BODY, lambda n: '{{< figure src="' * (n // 16)),
    "raw": Generator(BODY, lambda n: "{% raw %}" * (n // 9)),
    "capture": Generator(BODY, lambda n: "{% comment %}" * (n // 13)),
    "tera": Generator(BODY, lambda n: "{{ a(" * (n // 5)),
    "mdximport": Generator(BODY, lambda n: "import a from 'b'\n" * (n // 18)),
    "mdxexport": Generator(BODY, lambda n: "export const a = {\n" * (n // 19)),
    "mdxexpr": Generator(BODY, lambda n: "{a" * (n // 2)),
    "codefence": Generator(BODY, lambda n: "```\n" * (n // 4)),
    "codefence2": Generator(BODY, lambda n: "~~~a\n" * (n // 5)),
    "kramdown": Generator(BODY, lambda n: "a\n{: .b}\n" * (n // 9)),
    "kramdown2": Generator(BODY, lambda n: "{:" * (n // 2)),
    "mdhtml": Generator(BODY, lambda n: "<div markdown=1>\n" * (n // 17)),
    "iframe": Generator(BODY, lambda n: "<iframe src=https://x.example/>" * (n // 31)),
    "svg": Generator(BODY, lambda n: "<svg><math>" * (n // 11)),
    "select": Generator(BODY, lambda n: "<select><option>" * (n // 16)),
    "tablehtml": Generator(BODY, lambda n: "<table><tr><td>" * (n // 15)),
    "p": Generator(BODY, lambda n: "<p>" * (n // 3)),
    "aopen": Generator(BODY, lambda n: "<a href=x>" * (n // 10)),
    "noscript": Generator(BODY, lambda n: "<noscript>" * (n // 10)),
    "font": Generator(BODY, lambda n: "<font color=a>" * (n // 14) + "<p>x" * 10),
    "spoil": Generator(BODY, lambda n: "a: b\n" * (n // 5)),
    "secured2": Generator(BODY, lambda n: "secured: {a: b}\n" * (n // 16)),
    "checkbox": Generator(BODY, lambda n: "- [ ] a\n" * (n // 8)),
    "alert": Generator(BODY, lambda n: "> [!NOTE]\n" * (n // 10)),
    "keywords": Generator(YAML, lambda n: "keywords: " + "a b c " * (n // 6)),
    "keywords2": Generator(YAML, lambda n: "keywords: " + "a, " * (n // 3)),
    "enclosure": Generator(
        YAML, lambda n: "enclosure: [" + ", ".join("{url: https://x.example/a.mp3}" for i in range(n // 33)) + "]"
    ),
    "related": Generator(
        YAML, lambda n: "related: [" + ", ".join("{title: a, url: https://x.example/a}" for i in range(n // 37)) + "]"
    ),
    "datespaces": Generator(YAML, lambda n: 'date: "2026' + " " * n + '1"'),
    "aliastext": Generator(YAML, lambda n: "a: &a " + "x" * (n // 2) + "\ntags: [" + "*a, " * (n // 8) + "]"),
    "topicsnull": Generator(YAML, lambda n: "tags: [" + "~," * (n // 2) + "]"),
    "relatedtext": Generator(YAML, lambda n: "related: [" + "a," * (n // 2) + "]"),
    "ids": Generator(YAML, lambda n: "id: " + "a" * n),
    "moment": Generator(YAML, lambda n: "date: 2026-01-01T00:00:00." + "1" * n),
    "pelican": Generator(LINES, lambda n: "Title: " + "a\n  " * (n // 4)),
}
