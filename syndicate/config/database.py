"""The state as the configuration names it: a folder of this machine, or a PostgreSQL database that several share."""

from __future__ import annotations

import os
import re
from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import parse_qsl, urlencode, urlsplit

if TYPE_CHECKING:
    from .sections import ConfigSection

DEFAULT_SCHEMA = "syndicate"
_SCHEMES = ("postgresql://", "postgres://")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_SCHEMA = re.compile(r"[a-z_][a-z0-9_]{0,47}", re.ASCII)  # `_aside` is appended; PostgreSQL's limit is 63 bytes
_SECRETS = frozenset({"password", "sslpassword"})


class DatabaseUrl(NamedTuple):
    """The address of a state in PostgreSQL: a connection URI of libpq, and the schema that holds the tables."""

    uri: str
    schema: str


def is_database(state: str) -> bool:
    """Returns whether a state is a database, and not a folder."""
    return state.startswith(_SCHEMES)


def parse_database_url(text: str) -> DatabaseUrl:
    """Returns the parts of an address such as `postgresql://syndicate@db.example.org/news?schema=news`.

    All parameters but `schema` are those of libpq. Raises ValueError for an address that cannot be used, with a message
    that does not repeat it: it may contain a password.
    """
    try:
        parts = urlsplit(text)
        parameters = parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query))
        has_password = parts.password is not None
    except ValueError:
        raise ValueError("expected an address such as 'postgresql://syndicate@db.example.org/news'") from None
    if has_password or any(name in _SECRETS for name, _ in parameters):
        raise ValueError("holds a password: put it into PGPASSWORD or ~/.pgpass, and leave it out here")
    if parts.fragment:
        raise ValueError("expected an address without '#'")
    schemas = [value for name, value in parameters if name == "schema"]
    schema = schemas[-1] if schemas else DEFAULT_SCHEMA
    if not _SCHEMA.fullmatch(schema) or schema.startswith("pg_"):
        raise ValueError("expected a schema of at most 48 lower case letters, digits and '_'")
    query = urlencode([(name, value) for name, value in parameters if name != "schema"])
    return DatabaseUrl(f"postgresql://{parts.netloc}{parts.path}{'?' if query else ''}{query}", schema)


def read_state(text: str, root: ConfigSection, folder: str) -> str:
    """Returns the state as a database's address or as an absolute path. Reports an address that cannot be used."""
    if is_database(text):
        try:
            parse_database_url(text)
        except ValueError as error:
            root.report("state", str(error))
        return text
    if _SCHEME.match(text):
        root.report("state", "expected a folder, or an address that begins with postgresql://")
    return os.path.join(folder, text)


def scratch_folder(state: str, config_path: str) -> str:
    """Returns the folder of this machine for files that only processes of this machine need.

    It is the state folder; where the state is a database, a folder beside the configuration.
    """
    if not is_database(state):
        return state
    name = sha256(state.encode()).hexdigest()[:12]
    return os.path.join(os.path.dirname(os.path.abspath(config_path)), ".syndicate", name)
