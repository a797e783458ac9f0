"""Sanitize the HTML of a body: allowed elements and attributes, absolute addresses, no element without its address."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable

from .anchors import drop_without_address
from .embeds import (
    CUSTOM_ATTRIBUTES,
    WIDE_ATTRIBUTES,
    WIDE_TAGS,
    custom_elements,
    needs_rewriting,
    rewrite_embeds,
)
from .not_shown import element_names, may_hide

Resolve = Callable[[str, str], str | None]
"""Returns the address to publish for that of an element, by tag and value; None if there is none."""

_OPEN_OR_CLOSE = re.compile(r"<(/?)([a-z][^\s/>]*)", re.IGNORECASE)
# Elements without content, and elements that the next of their kind closes.
_NEVER_NESTED = frozenset("br col dd dt hr img input li link meta option p source td th tr wbr".split())
# Elements that HTML opens again in each block that follows, until they are closed.
_FORMATTING = frozenset("a b big code em font i nobr s small strike strong tt u".split())
_MAX_DEPTH = 500  # the sanitizer's time is quadratic in the depth: five minutes for a hostile megabyte

_MATHML = (
    "math merror mfrac mi mmultiscripts mn mo mover mpadded mphantom mprescripts mroot mrow ms mspace msqrt mstyle "
    "msub msubsup msup mtable mtd mtext mtr munder munderover none semantics"
)
_TAGS = frozenset(
    "a abbr b blockquote br caption cite code col colgroup dd del details div dl dt em figcaption figure h1 h2 h3 h4 "
    "h5 h6 hr i img ins kbd li mark ol p pre q rp rt ruby s samp small span strong sub summary sup table tbody td "
    f"tfoot th thead time tr u ul var video audio source {_MATHML}".split()
)
_LEFT_OUT = frozenset(
    "annotation annotation-xml datalist noembed noframes script style template textarea title".split()
)
_ATTRIBUTES = {
    "*": {"dir", "lang", "title"},
    "a": {"href"},
    "audio": {"src", "controls"},
    "code": {"class"},
    "img": {"src", "alt", "width", "height"},
    "math": {"display"},
    "mo": {"stretchy"},
    "mtd": {"columnspan", "rowspan"},
    "ol": {"start"},
    "source": {"src", "type"},
    "td": {"align", "colspan", "rowspan"},
    "th": {"align", "colspan", "rowspan", "scope"},
    "time": {"datetime"},
    "video": {"src", "controls", "poster", "width", "height"},
}
_ADDRESS_ATTRIBUTES = frozenset({"href", "src", "poster"})
_LANGUAGE = re.compile(r"(?:\A|\s)(language-[A-Za-z][\w+#.-]{0,30})")
# Schemes of links that show something or open another program, and run nothing.
OTHER_SCHEMES = frozenset("ftp geo irc ircs magnet mailto matrix sms tel webcal xmpp".split())
_SCHEMES = {"http", "https", *OTHER_SCHEMES}


_MAX_TAG_LENGTH = 10_000


class TooLargeError(ValueError):
    """HTML that nests too deep, or of which browsers make much more than it is."""


def sanitize_html(html: str, resolve: Resolve, max_length: int) -> str:
    """Return HTML with allowed elements and attributes only, and with the addresses that `resolve` returns.

    Raises TooLargeError if the result would be much longer than `max_length`, or nests deeper than 500 elements.
    """
    import nh3

    check_size(html, max_length)
    if needs_rewriting(html):
        html = rewrite_embeds(_widely_sanitized(html))
        check_size(html, max_length)

    def filter_attribute(tag: str, attribute: str, value: str) -> str | None:
        if attribute in _ADDRESS_ATTRIBUTES:
            return resolve(tag, value)
        if attribute == "class":
            language = _LANGUAGE.search(value)
            return language[1] if language else None
        return value

    cleaned = nh3.clean(
        html,
        tags=set(_TAGS),
        clean_content_tags=set(_LEFT_OUT),
        attributes=_ATTRIBUTES,
        attribute_filter=filter_attribute,
        url_schemes=_SCHEMES,
        link_rel=None,
        strip_comments=True,
    )
    cleaned, has_changed = drop_without_address(cleaned)
    if has_changed:
        cleaned = _canonical(cleaned)
    return cleaned


def check_size(html: str, max_length: int) -> None:
    """Raise TooLargeError for HTML that nests too deep, or that opens too many elements again.

    A browser opens the formatting elements that are not closed again in each block that follows. The sum of their
    lengths over all blocks is a bound for what that adds.
    """
    if html.count("<") <= _MAX_DEPTH:
        return
    opened: Counter[str] = Counter()
    lengths: dict[str, list[int]] = {name: [] for name in _FORMATTING}
    depth = open_length = reopened = 0
    for match in _OPEN_OR_CLOSE.finditer(html):
        name = match[2].lower()
        if match[1] and not opened[name]:
            continue
        if name not in _NEVER_NESTED:
            step = -1 if match[1] else 1
            opened[name] += step
            depth += step
        if name not in _FORMATTING:
            reopened += open_length
        elif match[1]:
            open_length -= lengths[name].pop()
        else:
            end = html.find(">", match.end(), match.end() + _MAX_TAG_LENGTH)
            lengths[name].append((match.end() + _MAX_TAG_LENGTH if end < 0 else end) - match.start())
            open_length += lengths[name][-1]
        if depth > _MAX_DEPTH:
            raise TooLargeError("its elements nest too deep")
        if reopened > max_length:
            raise TooLargeError("its HTML is too long")


def _widely_sanitized(html: str) -> str:
    """Return HTML in its canonical form, with the elements and attributes that `rewrite_embeds` reads."""
    import nh3

    # What hides an element hides it whatever its name is.
    others = (element_names(html) if may_hide(html.lower()) else set()) - _LEFT_OUT
    custom = custom_elements(html) - _LEFT_OUT
    attributes = {tag: set(names) for tag, names in _ATTRIBUTES.items()}
    for tag, names in WIDE_ATTRIBUTES.items():
        attributes.setdefault(tag, set()).update(names)
    attributes |= dict.fromkeys(custom, CUSTOM_ATTRIBUTES)
    return nh3.clean(
        html,
        tags={*_TAGS, *WIDE_TAGS, *others, *custom},
        clean_content_tags=set(_LEFT_OUT),
        attributes=attributes,
        generic_attribute_prefixes={"data-"},
        url_schemes=_SCHEMES,
        link_rel=None,
        strip_comments=True,
    )


def _canonical(html: str) -> str:
    """Return sanitized HTML as it is after it was parsed once more: elements were removed from it."""
    import nh3

    return nh3.clean(
        html, tags=set(_TAGS), attributes=_ATTRIBUTES, url_schemes={*_SCHEMES, "record"}, link_rel=None
    )  # fmt: skip
