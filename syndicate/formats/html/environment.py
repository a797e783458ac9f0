"""The template environment of the HTML pages: packaged templates and assets, and those of the site that replace them.

Bytes that are rendered elsewhere are inserted into a rendered template by `insert`, which also computes the content
security policy: the policy allows the scripts and styles of the template itself and no other.
"""

from base64 import b64encode
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import lru_cache
from hashlib import sha256
from importlib.resources import files
from re import DOTALL, IGNORECASE, MULTILINE
from re import compile as pattern
from traceback import walk_tb

from jinja2 import (
    BytecodeCache,
    Environment,
    FunctionLoader,
    StrictUndefined,
    Template,
    TemplateError,
    TemplateSyntaxError,
)
from markupsafe import Markup

from ...errors import ConfigError, Problem
from ...model import Site
from .. import STYLESHEET_FILE
from ..jsonfeed import rfc3339
from .chart import MONTHS

PREFIX = (
    "syndicate/"  # a template of the site extends the packaged one by this name: {% extends "syndicate/page.html" %}
)
# Text is escaped, so no text contains a placeholder.
ENTRIES, POLICY = Markup("<!--entries-->"), Markup("<!--policy-->")

_FOLDER = "templates/"  # the folder of the site's templates, as messages name it
_TEMPLATES = ("layout.html", "page.html", "card.html", "index.html", "row.html")
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
    environment.filters |= {"rfc3339": rfc3339, "moment": format_time, "day": format_date, "number": format_number}
    environment.globals |= {
        "site": site,
        "spoken": _language_attribute(site.language),
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


def stylesheet(site: Site, overrides: Mapping[str, str] = {}) -> bytes:
    """Returns the stylesheet for feeds that a browser displays as XML.

    It begins with a comment that contains its address, by which a build recognizes its own file in a folder.
    """
    address = f"{site.url}{STYLESHEET_FILE.file_name}".replace("*/", "*%2F")
    return f"/* {address} */\n{_text(STYLESHEET_FILE.file_name, overrides)}".encode()


def format_time(time: datetime) -> str:
    """Formats a time: 4 March 2026, 10:00 UTC."""
    return f"{format_date(time)}, {time.hour:02}:{time.minute:02} UTC"


def format_date(time: datetime) -> str:
    """Formats a date: 4 March 2026."""
    return f"{time.day} {MONTHS[time.month - 1]} {time.year}"


def format_number(count: int) -> str:
    """Formats a number with separators between thousands."""
    return f"{count:,}"


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


def _language_attribute(language: str) -> Markup:
    """Returns the `lang` attribute of the site's own texts. All other texts of a page are English."""
    return Markup(' lang="{}"').format(language) if language not in ("", "en") else Markup()


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
