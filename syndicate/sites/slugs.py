"""How generators make parts of addresses of names and titles."""

from __future__ import annotations

import re
import unicodedata

_JEKYLL_PRETTY = re.compile(r"[^\w.~!$&'()+,;=@]+")
_JEKYLL_DEFAULT = re.compile(r"[\W_]+")
_HUGO_SIGNS = frozenset("./\\_#+~-@")
_NOT_ASCII_WORD = re.compile(r"[^a-z0-9]+")
_GERMAN = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue", "ß": "ss"})
_ACCENTS = re.compile(r"[\u0300-\u036f]")


def jekyll_pretty(text: str) -> str:
    """Returns a name as Jekyll's `:title` has it: the signs that addresses allow stay, the case stays."""
    return _JEKYLL_PRETTY.sub("-", text).strip("-")


def jekyll_default(text: str) -> str:
    """Returns a name as Jekyll's `:slug` has it: letters and digits in lower case, and hyphens."""
    return _JEKYLL_DEFAULT.sub("-", text).strip("-").lower()


def hugo_path(text: str, *, lower: bool = True, accents: bool = True) -> str:
    """Returns a name as Hugo has it in addresses: with hyphens for spaces, without most punctuation."""
    if not accents:
        text = unicodedata.normalize("NFC", _ACCENTS.sub("", unicodedata.normalize("NFD", text)))
    kept = (
        "-" if sign.isspace() else sign
        for sign in text.strip()
        if sign in _HUGO_SIGNS or unicodedata.category(sign)[0] in "LM" or sign.isdecimal() or sign.isspace()
    )
    result = "".join(kept)
    return result.lower() if lower else result


def hugo_title(text: str) -> str:
    """Returns a title as Hugo prepares it for addresses: without `+`, and with single hyphens."""
    return re.sub(r"[-\s]+", "-", re.sub(r"[^\w\s.#@~/-]", "", text)).strip("-")


def ascii_slug(text: str) -> str:
    """Returns a name in ASCII letters of lower case, digits and hyphens, as the Rust crate `slug` does (Zola)."""
    return _NOT_ASCII_WORD.sub("-", _ascii(text).lower()).strip("-")


def pelican(text: str, *, keep_case: bool = False, keep_unicode: bool = False) -> str:
    """Returns a title as Pelican's `slugify` has it with its default substitutions."""
    text = unicodedata.normalize("NFKC", text) if keep_unicode else _ascii(unicodedata.normalize("NFKD", text))
    text = re.sub(r"[^\w\s-]", "", text).strip()
    text = re.sub(r"[-\s]+", "-", text)
    return text if keep_case else text.lower()


def github(text: str) -> str:
    """Returns a name as the library github-slugger has it (Astro)."""
    kept = [c for c in text.lower() if c in " -_" or unicodedata.category(c)[0] in "LNM"]
    return "".join(kept).replace(" ", "-")


def unicode_slug(text: str) -> str:
    """Returns a name in lower case with hyphens between its words, which may be of any script."""
    return "-".join(re.findall(r"[^\W_]+", unicodedata.normalize("NFC", text).lower()))


def eleventy_slugify(text: str) -> str:
    """Returns a text as Eleventy's filter `slugify` has it (the library @sindresorhus/slugify)."""
    text = _ascii(text.translate(_GERMAN)).replace("&", " and ")
    text = re.sub(r"([a-z\d]+)([A-Z]{2,})", r"\1 \2", text)
    text = re.sub(r"([a-z\d]+)([A-Z][a-z\d]+)", r"\1 \2", text)
    return _NOT_ASCII_WORD.sub("-", text.lower()).strip("-")


def eleventy_slug(text: str) -> str:
    """Returns a text as Eleventy's filter `slug` has it (the library slugify of npm)."""
    text = re.sub(r"[^\w\s$*_+~.()'\"!\-:@]+", "", _ascii(text).replace("&", "and"))
    return re.sub(r"[-\s]+", "-", text.strip()).lower()


def _ascii(text: str) -> str:
    """Returns a text in ASCII, each letter by those that sound like it."""
    if text.isascii():
        return text
    from text_unidecode import unidecode

    return str(unidecode(text))
