"""Partners: their names, hashes of keys, topics and rates, in `partners.yaml` or the environment.

Only hashes of keys are stored. A key is 256 random bits, which nobody can guess, so one round of SHA-256 protects it as
well as a slow hash, which is meant for passwords that people choose.
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

from .. import safe_files
from ..config.options import Option
from ..config.sections import ConfigSection, read_root
from ..errors import ConfigError, OutputError, Problem

ENVIRONMENT = "SYNDICATE_PARTNERS"
DEFAULT_RATE = 600
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,62}[A-Za-z0-9])?", re.ASCII)
_NAME_RULE = "a name consists of letters, digits, '.', '_' and '-'"
_HASH = re.compile(r"sha256:[0-9a-f]{64}", re.ASCII)
_MAX_HEADER_CHARACTERS = 4096
_MAX_BYTES = 4 * 1024 * 1024  # of the file: some 20,000 partners


class Partner(NamedTuple):
    """A client of the API: at most `rate` requests a minute, for these topics only; no topics stand for all."""

    name: str
    key_hash: str
    topics: tuple[str, ...] = ()
    rate: int = DEFAULT_RATE


class _PartnerOptions(NamedTuple):
    """A partner's keys in the file. Without `topics` a partner may read all topics."""

    key: Annotated[str, Option("Hash of the key, as `syndicate partner add` writes it.")]
    topics: Annotated[tuple[str, ...], Option("The topics that the partner may read.", non_empty=True)] = ()
    rate: Annotated[int, Option("Requests a minute.", minimum=1)] = DEFAULT_RATE


def hash_key(key: str) -> str:
    """Return the hash of a key, as it is stored."""
    return f"sha256:{sha256(key.encode('utf-8', 'surrogatepass')).hexdigest()}"


def load(path: str, environment: Mapping[str, str] = os.environ) -> tuple[Partner, ...]:
    """Return all partners: those of the environment variable if it is set, else those of the file, if it exists.

    Raises ConfigError with every problem found.
    """
    text = environment.get(ENVIRONMENT)
    return parse(read(path), path) if text is None else parse(text, f"${ENVIRONMENT}")


def parse(text: str, path: str) -> tuple[Partner, ...]:
    """Parse the YAML of partners. Raises ConfigError with every problem found; no problem quotes a value."""
    problems: list[Problem] = []
    root = read_root(text, path, problems, "partners") if text.strip() else None
    partners = tuple(_partner(name, section) for name, section in root.named_sections().items()) if root else ()
    if problems:
        raise ConfigError(sorted(problems, key=lambda problem: (problem.line, problem.column)))
    return partners


def authenticate(header: str, partners: Sequence[Partner]) -> Partner | None:
    """Return the partner of an `Authorization` field: `Bearer KEY`, or `Basic` with the partner's name and key.

    Every partner is compared in constant time, so the duration reveals nothing about names or keys.
    """
    credentials = _credentials(header)
    if credentials is None:
        return None
    name, key = credentials
    key_hash = hash_key(key).encode()
    sent_name = None if name is None else name.encode("utf-8", "surrogatepass")
    authenticated = None
    for partner in partners:
        partner_name = partner.name.encode()
        same_key = hmac.compare_digest(partner.key_hash.encode(), key_hash)
        same_name = hmac.compare_digest(partner_name, partner_name if sent_name is None else sent_name)
        if same_key and same_name:
            authenticated = partner
    return authenticated


def add(path: str, name: str, topics: Sequence[str], rate: int) -> str:
    """Append a new partner to the file, and return its key, which is stored nowhere.

    Raises ConfigError when the file or the new partner is invalid, OutputError when the file cannot be written.
    """
    text = read(path)
    if not _NAME.fullmatch(name):
        raise ConfigError([_problem(path, name, _NAME_RULE)])
    if name in {partner.name for partner in parse(text, path)}:
        raise ConfigError([_problem(path, name, "partner exists already: remove it first to create a new key")])
    key = secrets.token_urlsafe(32)
    values: dict[str, object] = {"key": hash_key(key), **({"topics": list(topics)} if topics else {}), "rate": rate}
    block = yaml.safe_dump({name: values}, sort_keys=False, allow_unicode=True)
    separator = "" if not text or text.endswith("\n") else "\n"
    _write(path, f"{text}{separator}{block}", name)
    return key


def remove(path: str, name: str) -> None:
    """Remove a partner from the file; everything else in it stays, comments included.

    Raises ConfigError when the file is invalid or has no such partner, OutputError when it cannot be written.
    """
    text = read(path)
    if name not in {partner.name for partner in parse(text, path)}:
        raise ConfigError([_problem(path, name, "no such partner")])
    node = yaml.compose(text, Loader=yaml.CSafeLoader)
    lines = text.splitlines(keepends=True)
    for key, value in node.value if node else ():
        if key.value == name:
            del lines[key.start_mark.line : _last_line(value) + 1]
    _write(path, "".join(lines), name)


def _partner(name: str, section: ConfigSection) -> Partner:
    if not _NAME.fullmatch(name):
        section.report("", _NAME_RULE)
    options = section.read(_PartnerOptions)
    if options.key and not _HASH.fullmatch(options.key):
        section.report("key", "expected a hash written by `syndicate partner add`, not the key itself")
    return Partner(name, options.key, options.topics, options.rate)


def _credentials(header: str) -> tuple[str | None, str] | None:
    """Return the name, if one is sent, and the key (RFC 6750 §2.1, RFC 7617 §2)."""
    scheme, _, rest = header[:_MAX_HEADER_CHARACTERS].partition(" ")
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


def read(path: str) -> str:
    """Return the text of the file; empty if there is none.

    Raises ConfigError for what is no file of ordinary size. A pipe is opened without waiting for somebody to write.
    """
    try:
        return safe_files.read_text(path, _MAX_BYTES)
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8"
        raise ConfigError([_problem(path, "", f"cannot be read: {reason}")]) from None


def _write(path: str, text: str, name: str) -> None:
    """Replace the file, readable by its owner only. Raises ConfigError if the text is not valid."""
    try:
        parse(text, path)
    except ConfigError:
        raise ConfigError([_problem(path, name, "the file does not have one key a line: edit it by hand")]) from None
    try:
        handle, new = tempfile.mkstemp(dir=os.path.dirname(path) or ".", prefix=".partners-")  # has mode 0600
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
    """Return the last line of a value. The end mark of a block lies after the comments that follow it."""
    if not isinstance(node, yaml.CollectionNode) or node.flow_style or not node.value:
        return node.end_mark.line
    last = node.value[-1]
    return _last_line(last[1] if isinstance(last, tuple) else last)


def _problem(path: str, name: str, message: str) -> Problem:
    return Problem(path, 1, 1, f"partners.{name}" if name else "partners", message)
