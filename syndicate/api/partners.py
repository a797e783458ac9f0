"""Who may ask: names, hashes of keys, topics and rates, in `partners.yaml` or the environment. No key is kept.

A key is 256 random bits. Nobody guesses it, so one round of SHA-256 hides it as well as a slow hash would, which serves
passwords that people choose.
"""

from __future__ import annotations

import binascii
import hmac
import os
import re
import secrets
import tempfile
from base64 import b64decode
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Annotated, NamedTuple

import yaml

from ..config.options import Option
from ..config.sections import ConfigSection, read_root
from ..errors import ConfigError, OutputError, Problem

ENVIRONMENT = "SYNDICATE_PARTNERS"
USUAL_RATE = 600
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,62}[A-Za-z0-9])?", re.ASCII)
_HASH = re.compile(r"sha256:[0-9a-f]{64}", re.ASCII)
_MAX_SENT = 4096


class _PartnerOptions(NamedTuple):
    """A partner's keys in the file. Without `topics` a partner may read all topics."""

    key: Annotated[str, Option("Hash of the key, as `syndicate partner add` writes it.")]
    topics: Annotated[tuple[str, ...], Option("The topics that the partner may read.", non_empty=True)] = ()
    rate: Annotated[int, Option("Requests a minute.", minimum=1)] = USUAL_RATE


class Partner(NamedTuple):
    """Who may ask for entries, at most `rate` times a minute; of these topics alone, if any are named."""

    name: str
    key_hash: str
    topics: tuple[str, ...] = ()
    rate: int = USUAL_RATE


def hashed(key: str) -> str:
    """A key as it is kept."""
    return f"sha256:{sha256(key.encode('utf-8', 'surrogatepass')).hexdigest()}"


def load(path: str, environment: Mapping[str, str] = os.environ) -> tuple[Partner, ...]:
    """All partners: those of the environment if it names any, else those of the file, if there is one.

    Raises ConfigError with every fault found.
    """
    stated = environment.get(ENVIRONMENT)
    return parse(_text(path) if stated is None else stated, path if stated is None else f"${ENVIRONMENT}")


def parse(text: str, path: str) -> tuple[Partner, ...]:
    """The partners that a text names. Raises ConfigError with every fault found; no fault shows what stands there."""
    faults: list[Problem] = []
    root = read_root(text, path, faults, "partners") if text.strip() else None
    partners = tuple(_partner(name, section) for name, section in root.named_sections().items()) if root else ()
    if faults:
        raise ConfigError(sorted(faults, key=lambda fault: (fault.line, fault.column)))
    return partners


def find(header: str, partners: Sequence[Partner]) -> Partner | None:
    """Who sent an `Authorization` field: `Bearer KEY`, or `Basic` with the partner's name and key.

    Every partner is compared, whole, so the time it takes tells nothing of names or keys.
    """
    sent = _sent(header)
    if sent is None:
        return None
    name, key = sent
    key_hash = hashed(key).encode()
    named = None if name is None else name.encode("utf-8", "surrogatepass")
    found = None
    for partner in partners:
        own = partner.name.encode()
        same_key = hmac.compare_digest(partner.key_hash.encode(), key_hash)
        same_name = hmac.compare_digest(own, own if named is None else named)
        if same_key and same_name:
            found = partner
    return found


def add(path: str, name: str, topics: Sequence[str], rate: int) -> str:
    """Write a new partner into the file, beside all that stands there; the new key, which is kept nowhere.

    Raises ConfigError when the file has faults or the partner, OutputError when it cannot be written.
    """
    text = _text(path)
    if not _NAME.fullmatch(name):
        raise ConfigError([_fault(path, name, "a name is of letters, digits, '.', '_' and '-'")])
    if name in {partner.name for partner in parse(text, path)}:
        raise ConfigError([_fault(path, name, "is a partner already: remove it first for a new key")])
    key = secrets.token_urlsafe(32)
    said: dict[str, object] = {"key": hashed(key), **({"topics": list(topics)} if topics else {}), "rate": rate}
    block = yaml.safe_dump({name: said}, sort_keys=False, allow_unicode=True)
    grown = f"{text}{'' if not text or text.endswith(chr(10)) else chr(10)}{block}"
    _write(path, grown, name)
    return key


def remove(path: str, name: str) -> None:
    """Take a partner out of the file, and let all else stand.

    Raises ConfigError when the file has faults or no such partner, OutputError when it cannot be written.
    """
    text = _text(path)
    if name not in {partner.name for partner in parse(text, path)}:
        raise ConfigError([_fault(path, name, "is no partner")])
    node = yaml.compose(text, Loader=yaml.CSafeLoader)
    lines = text.splitlines(keepends=True)
    for key, value in node.value if node else ():
        if key.value == name:
            del lines[key.start_mark.line : _last_line(value) + 1]
    _write(path, "".join(lines), name)


# --------------------------------------------------------------------------------------------------------------- parts


def _partner(name: str, section: ConfigSection) -> Partner:
    if not _NAME.fullmatch(name):
        section.report("", "a name is of letters, digits, '.', '_' and '-'")
    options = section.read(_PartnerOptions)
    if options.key and not _HASH.fullmatch(options.key):
        section.report("key", "expected a hash that `syndicate partner add` wrote: never the key itself")
    return Partner(name, options.key, options.topics, options.rate)


def _sent(header: str) -> tuple[str | None, str] | None:
    """The name, if one is sent, and the key (RFC 6750 §2.1, RFC 7617 §2)."""
    scheme, _, rest = header[:_MAX_SENT].partition(" ")
    match scheme.lower():
        case "bearer":
            return None, rest.strip()
        case "basic":
            try:
                name, colon, key = b64decode(rest.strip(), validate=True).decode().partition(":")
            except (binascii.Error, ValueError):
                return None
            return (name, key) if colon else None
        case _:
            return None


def _text(path: str) -> str:
    try:
        with open(path, encoding="utf-8-sig") as file:
            return file.read()
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8"
        raise ConfigError([_fault(path, "", f"cannot be read: {reason}")]) from None


def _write(path: str, text: str, name: str) -> None:
    """Put the whole file in place, for its owner's eyes alone, if it is one that can be read again."""
    try:
        parse(text, path)
    except ConfigError:
        raise ConfigError([_fault(path, name, "the file is not written a key a line: change it by hand")]) from None
    try:
        handle, new = tempfile.mkstemp(dir=os.path.dirname(path) or ".", prefix=".partners-")  # of mode 0600
        try:
            with open(handle, "w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            os.replace(new, path)
        except BaseException:
            os.unlink(new)
            raise
    except OSError as error:
        raise OutputError(f"{path}: {error.strerror}") from None


def _last_line(node: yaml.Node) -> int:
    """The last line of a value; a block's own end lies after the comments that follow it."""
    if not isinstance(node, yaml.CollectionNode) or node.flow_style or not node.value:
        return node.end_mark.line
    last = node.value[-1]
    return _last_line(last[1] if isinstance(last, tuple) else last)


def _fault(path: str, name: str, message: str) -> Problem:
    return Problem(path, 1, 1, f"partners.{name}" if name else "partners", message)
