"""The words of texts, as SQLite finds them, for PostgreSQL's index of words.

`q` of the partner API finds the same entries whatever database holds them. So SQLite's own tokenizer (FTS5, in memory)
divides texts and queries into words here, and PostgreSQL stores and compares what comes out, with its positions.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import closing
from hashlib import sha256
from itertools import pairwise

_TABLES = """
CREATE VIRTUAL TABLE texts USING fts5(text, tokenize = "unicode61 remove_diacritics 2");
CREATE VIRTUAL TABLE found USING fts5vocab(texts, 'instance');"""
_FOUND = "SELECT doc, term FROM found ORDER BY doc, offset"
_STRING = re.compile(r'"((?:[^"]|"")*)"')

# The limits of PostgreSQL: the bytes of a word, the highest position, and the bytes of all words of an entry.
_MAX_WORD_BYTES, _MAX_POSITION, _MAX_BYTES = 2000, 16_000, 500_000
_GAP = 2  # between two texts: a phrase lies within one of them


def words_of(texts: Sequence[str]) -> list[list[str]]:
    """Returns the words of each text, in their order."""
    words: list[list[str]] = [[] for _ in texts]
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.executescript(_TABLES)
        connection.executemany("INSERT INTO texts (rowid, text) VALUES (?, ?)", enumerate(texts, 1))
        for number, word in connection.execute(_FOUND):
            words[number - 1].append(_bounded(word))
    return words


def index_of(entries: Iterable[tuple[str, ...]]) -> list[str]:
    """Returns for each entry, given as its texts, the value of type `tsvector` that holds its words."""
    groups = list(entries)
    words = iter(words_of([text for texts in groups for text in texts]))
    return [_index([next(words) for _ in texts]) for texts in groups]


def query_of(expression: str) -> str | None:
    """Returns an FTS5 expression, of strings that must all be found, as a value of type `tsquery`.

    A string of several words is a phrase. Returns None for an expression without words, which finds nothing.
    """
    strings = [match[1].replace('""', '"') for match in _STRING.finditer(expression)]
    phrases = [" <-> ".join(map(_quoted, words)) for words in words_of(strings) if words]
    return " & ".join(f"({phrase})" for phrase in phrases) or None


def _index(texts: Sequence[Sequence[str]]) -> str:
    positions: dict[str, list[int]] = {}
    starts = [0]
    for words in texts:
        starts.append(starts[-1] + len(words) + _GAP)
    size = 0
    for (start, _), words in zip(pairwise(starts), texts, strict=True):
        for position, word in enumerate(words, start + 1):
            size += len(word.encode()) + 2
            if position > _MAX_POSITION or size > _MAX_BYTES:
                break
            positions.setdefault(word, []).append(position)
    return " ".join(f"{_quoted(word)}:{','.join(map(str, at))}" for word, at in positions.items())


def _bounded(word: str) -> str:
    encoded = word.encode()
    return word if len(encoded) <= _MAX_WORD_BYTES else sha256(encoded).hexdigest()


def _quoted(word: str) -> str:
    escaped = word.replace("\\", "\\\\").replace("'", "''")
    return f"'{escaped}'"
