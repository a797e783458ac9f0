"""The template environment of the HTML pages: packaged templates and assets, and those of the site that replace them.

Bytes that are rendered elsewhere are inserted into a rendered template by `insert`, which also computes the content
security policy: the policy allows the scripts and styles of the template itself and no other.
"""

from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from hashlib import sha256
from importlib.resources import files
from re import DOTALL, IGNORECASE, MULTILINE
from re import compile as pattern
from traceback import walk_tb
from typing import cast

from jinja2 import (
    BytecodeCache,
    Environment,
    FunctionLoader,
    StrictUndefined,
    Template,
    TemplateError,
    TemplateSyntaxError,
    pass_context,
)
from jinja2.runtime import Context
from markupsafe import Markup

from ...errors import ConfigError, Problem
from ...model import Site
from ...words import Words, words_in
from .. import STYLESHEET_FILE
from ..jsonfeed import rfc3339

PREFIX = (
    "syndicate/"  # a template of the site extends the packaged one by this name: {% extends "syndicate/page.html" %}
)
# Text is escaped, so no text contains a placeholder. Those of a row are replaced when the row is inserted into a list.
ENTRIES, POLICY = Markup("<!--entries-->"), Markup("<!--policy-->")
ROW_ROOT, ROW_SCALE = Markup("<!--root-->"), Markup("<!--scale-->")

_FOLDER = "templates/"  # the folder of the site's templates, as messages name it
_TEMPLATES = ("layout.html", "page.html", "subscribe.html", "card.html", "index.html", "row.html")
_EXPLANATION = "{explanation}"  # stands in the stylesheet of feeds for a text in the language of the site
_INLINE = pattern(r"<(style|script)\b[^>]*>(.*?)</\1\s*>", DOTALL | IGNORECASE)
_COMMENT = pattern(r"^[ \t]*/\*.*?\*/[ \t]*$", DOTALL | MULTILINE)
_INDENT = pattern(r"\s*\n\s*")


def make_environment(
    site: Site, overrides: Mapping[str, str], *, has_opml: bool, bytecode_cache: BytecodeCache | None
) -> Environment:
    """Returns the environment of a site. `overrides` maps the file names of its own templates to their text."""
    environment = Environment(
        loader=FunctionLoader(_loader(overrides)),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        bytecode_cache=bytecode_cache,
    )
    del environment.filters["random"], environment.globals["lipsum"]  # pages are deterministic
    environment.filters |= {"rfc3339": rfc3339, "moment": _moment, "day": _day, "number": _number}
    environment.globals |= {
        "site": site,
        "words": words_in(site.language),
        "_": _text_of,
        "ngettext": _plural_of,
        "spoken": language_attribute(site.language, words_in(site.language)),
        "opml": has_opml,
        "style": _style(overrides),
        "script": _script(overrides),
    }
    return environment


def get_template(environment: Environment, name: str) -> Template:
    """Returns a compiled template. Raises ConfigError for an error in a template of the site."""
    try:
        return environment.get_template(name)
    except TemplateError as error:
        raise _located(error) from None


def render(template: Template, **variables: object) -> str:
    """Renders a template. Raises ConfigError for an error in a template of the site."""
    try:
        return template.render(variables)
    except TemplateError as error:
        raise _located(error) from None


def insert(page: str, *contents: bytes) -> bytes:
    """Replaces the placeholders of a rendered page by contents, in order, and by the content security policy."""
    allowed: dict[str, list[str]] = {"style": [], "script": []}
    for tag, text in _INLINE.findall(page):
        allowed[tag.lower()].append(f"'sha256-{_hash(text)}'")
    sources = " ".join(f"{tag}-src {' '.join(dict.fromkeys(hashes))};" for tag, hashes in allowed.items() if hashes)
    policy = f"default-src 'none'; {sources} img-src https: http: data:; base-uri 'none'; form-action 'none'"
    pieces = page.replace(POLICY, policy).encode().split(ENTRIES.encode())
    parts = [pieces[0]]
    for content, piece in zip([*contents, *[b""] * len(pieces)], pieces[1:], strict=False):
        parts += [content, piece]
    return b"".join(parts)


def fill_in_rows(rows: Sequence[bytes], root: str, view_box: str) -> bytes:
    """Returns rows with the relative address of OUTPUT and the scale of their list in the place of placeholders."""
    return b"\n".join(rows).replace(ROW_ROOT.encode(), root.encode()).replace(ROW_SCALE.encode(), view_box.encode())


def stylesheet(site: Site, overrides: Mapping[str, str] = {}) -> bytes:
    """Returns the stylesheet for feeds that a browser displays as XML.

    It begins with a comment that contains its address, by which a build recognizes its own file in a folder.
    """
    address = f"{site.url}{STYLESHEET_FILE.file_name}".replace("*/", "*%2F")
    explanation = words_in(site.language).gettext(
        "This is a feed, made for a feed reader. Give its address to your reader, and new entries arrive by themselves."
    )
    quoted = explanation.replace("\\", r"\\").replace('"', r"\"")
    return f"/* {address} */\n{_text(STYLESHEET_FILE.file_name, overrides)}".replace(_EXPLANATION, quoted).encode()


def language_attribute(language: str, words: Words) -> Markup:
    """Returns the `lang` attribute of texts in a language among words, empty where both are of one language."""
    return Markup() if words.includes(language) else Markup(' lang="{}"').format(language)


@pass_context
def _text_of(context: Context, message: str, /, **values: object) -> str:
    return _words(context).gettext(message, **values)


@pass_context
def _plural_of(context: Context, singular: str, plural: str, count: int, /) -> str:
    return _words(context).ngettext(singular, plural, count)


@pass_context
def _moment(context: Context, time: datetime) -> str:
    return _words(context).moment(time)


@pass_context
def _day(context: Context, time: datetime) -> str:
    return _words(context).date(time)


@pass_context
def _number(context: Context, count: int) -> str:
    return _words(context).number(count)


def _words(context: Context) -> Words:
    return cast("Words", context["words"])


def _loader(overrides: Mapping[str, str]) -> Callable[[str], tuple[str, str, None] | None]:
    def load(name: str) -> tuple[str, str, None] | None:
        packaged_name = name.removeprefix(PREFIX)
        if packaged_name == name and name in overrides:
            return overrides[name], f"{_FOLDER}{name}", None
        return (_packaged(packaged_name), packaged_name, None) if packaged_name in _TEMPLATES else None

    return load


@lru_cache
def _packaged(name: str) -> str:
    return files(__package__).joinpath("templates", name).read_text(encoding="utf-8")


def _text(name: str, overrides: Mapping[str, str]) -> str:
    return overrides[name] if name in overrides else _packaged(name)


def _style(overrides: Mapping[str, str]) -> Markup:
    """Returns `style.css` and the site's `site.css`, without comments and indentation: every page contains them."""
    text = f"{_text('style.css', overrides)}\n{overrides.get('site.css', '')}"
    return _trusted(_INDENT.sub("\n", _COMMENT.sub("", _unix_line_ends(text))).strip())


def _script(overrides: Mapping[str, str]) -> Callable[[str], Markup]:
    def script(name: str) -> Markup:
        return _trusted(_unix_line_ends(_text(name, overrides)).strip())

    return script


def _unix_line_ends(text: str) -> str:
    """Normalizes line ends, as browsers do before they hash a script."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _trusted(text: str) -> Markup:
    # The styles and scripts are those of the package or of the site.
    return Markup(text)  # noqa: S704 # nosec B704


def _located(error: TemplateError) -> ConfigError | TemplateError:
    """Returns an error in a template of the site as ConfigError, with its innermost line; any other as it is."""
    places = [(frame.f_code.co_filename, line) for frame, line in walk_tb(error.__traceback__)]
    if isinstance(error, TemplateSyntaxError):
        places.append((error.filename or "", error.lineno))
    own = [place for place in places if place[0].startswith(_FOLDER)]
    return ConfigError([Problem(*own[-1], 1, "template", error.message or str(error))]) if own else error


@lru_cache
def _hash(text: str) -> str:
    return b64encode(sha256(text.encode()).digest()).decode()
