"""Questions -> documents: what the index says, as JSON Feed 1.1. Each answer is of one transaction of a reader."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, NamedTuple
from urllib.parse import urlencode

import orjson

from ..config import Config
from ..feeds import archive
from ..feeds.identity import feed_id
from ..feeds.rules import FeedRules, TopicNames
from ..feeds.slugs import topic_key
from ..formats.jsonfeed import VERSION, rfc3339
from ..model import EXTENSIONS
from ..store.ledger import ChangeLog, Stand
from ..values.text import strip_forbidden
from . import cursors, query
from .models import EntriesQuestion, InvalidError
from .reader import NotReadyError

PREFIX = "/api/v1"
_MARK = 12


class ForbiddenError(Exception):
    """A topic that is not for whom asks."""


class StartAnewError(Exception):
    """A cursor that says nothing here any more; the text says why."""


class Answer(NamedTuple):
    """A document, and the mark of what it shows; without a body it is what the asker has already."""

    etag: str
    body: bytes | None


class Question(NamedTuple):
    """What is asked, by whom: `asked` as it stood in the address, but for the place in the answer."""

    view: query.View
    asked: tuple[tuple[str, str], ...]
    limit: int
    cursor: str | None
    since: str | None

    @property
    def marks(self) -> tuple[str, str]:
        """What tells this question from others, and what it means from what it may mean one day."""
        return _mark(self.asked), _mark(self.view)


class Answers:
    """Answers for one configuration."""

    def __init__(self, config: Config) -> None:
        self._site = config.site
        self._base = config.site.url.rstrip("/") + PREFIX
        self._names = TopicNames(config.selection.topics)
        self._filing = FeedRules(config.selection, config.site)
        self._words = _mark(config.site, PREFIX)

    def keys(self, topics: Sequence[str]) -> frozenset[str]:
        """What tells topics apart, with aliases resolved."""
        return frozenset(map(self._names.key, topics))

    def question(
        self, asked: EntriesQuestion, given: Sequence[tuple[str, str]], allowed: frozenset[str] | None
    ) -> Question:
        """What is meant, for somebody with a right to these topics, or to all. Raises ForbiddenError."""
        topics = tuple(sorted(self.keys(asked.topic)))  # whatever their order, they ask the same
        if allowed is not None and not allowed.issuperset(topics):
            raise ForbiddenError
        wanted = topics or (None if allowed is None else tuple(sorted(allowed)))
        view = query.View(
            topics=wanted,
            every=asked.match == "all" and bool(topics),
            provider=asked.provider and topic_key(asked.provider),
            type=asked.type and topic_key(asked.type),
            language=asked.language and asked.language.lower(),
            min_quality=asked.min_quality,
            min_heat=asked.min_heat,
            published_after=None if asked.published_after is None else asked.published_after.timestamp(),
            published_before=None if asked.published_before is None else asked.published_before.timestamp(),
            words=None if asked.q is None else _phrases(asked.q),
            site_language=self._site.language.lower(),
        )
        places = {"cursor", "since", "limit"}
        return Question(
            view, tuple(sorted(one for one in given if one[0] not in places)), asked.limit, asked.cursor, asked.since
        )

    def entries(self, sql: sqlite3.Connection, question: Question, held: frozenset[str]) -> Answer:
        """Entries of a question, unless they are what the asker holds. Raises StartAnewError, InvalidError."""
        stand = _stand(sql)
        (showing,) = sql.execute("SELECT value FROM meta WHERE name = 'showing'").fetchone()
        etag = _mark(stand, showing, self._words, question)
        if etag in held:
            return Answer(etag, None)
        if question.since is not None:
            return Answer(etag, self._changes(sql, question, stand))
        return Answer(etag, self._newest(sql, question, stand))

    def feeds(self, sql: sqlite3.Connection, allowed: frozenset[str] | None, held: frozenset[str]) -> Answer:
        """The catalogue: every feed, or those of the topics that the asker has a right to."""
        _stand(sql)
        rows = sql.execute("SELECT dimension, key, path, card FROM feeds WHERE card IS NOT NULL").fetchall()
        feeds = [
            (orjson.loads(card), dimension, key, path)
            for dimension, key, path, card in rows
            if allowed is None or (dimension == "topics" and key in allowed)
        ]
        feeds.sort(key=lambda feed: self._filing.sort_key(feed[1], feed[0]["slug"]))
        items = [orjson.dumps(self._feed(*feed)) for feed in feeds]
        head = self._head("feeds", f"{self._base}/feeds", None)
        body = _document(head, items, {"about": f"{EXTENSIONS}#syndicate"})
        etag = sha256(body).hexdigest()[:_MARK]
        return Answer(etag, None if etag in held else body)

    # --------------------------------------------------------------------------------------------------------- parts

    def _newest(self, sql: sqlite3.Connection, question: Question, stand: Stand) -> bytes:
        after: tuple[int, str] | None = None
        known = cursors.Known(*question.marks, stand.epoch, stand.seq, stand.seq)
        if question.cursor is not None:
            try:
                page = cursors.page(question.cursor)
            except cursors.MalformedError:
                raise InvalidError([("cursor", "is no cursor of ours")]) from None
            _same_question(page.known, question, "cursor")
            after, known = (page.published, page.id), page.known
        places = query.newest(sql, question.view, question.limit + 1, after)
        shown = places[: question.limit]
        more = None
        if len(places) > len(shown):
            last = shown[-1]
            more = self._url(question, cursor=cursors.encode(cursors.Page(last.published, last.id, known)))
        here = {} if question.cursor is None else {"cursor": question.cursor}
        head = self._head("entries", self._url(question, **here), more)
        items = list(query.items(sql, [place.file for place in shown]))
        return _document(head, items, {"about": f"{EXTENSIONS}#syndicate", "since": cursors.encode(known)})

    def _changes(self, sql: sqlite3.Connection, question: Question, stand: Stand) -> bytes:
        known = self._known(question, stand)
        rows = query.changes(sql, question.view, question.limit + 1, known.seq, known.start)
        shown = rows[: question.limit]
        ends = len(rows) == len(shown)
        reached = known._replace(seq=stand.seq if ends else shown[-1].seq)
        since = cursors.encode(reached)
        more = None if ends else self._url(question, since=since)
        head = self._head("changes", self._url(question, since=question.since or ""), more)
        items = list(query.items(sql, [row.file for row in shown if row.file is not None]))
        deleted = [
            {"id": row.id, "date_deleted": rfc3339(datetime.fromtimestamp(row.at, UTC))}
            for row in shown
            if row.file is None
        ]
        extension = {"about": f"{EXTENSIONS}#syndicate", "since": since, **({"deleted": deleted} if deleted else {})}
        return _document(head, items, extension)

    def _known(self, question: Question, stand: Stand) -> cursors.Known:
        if not question.since:
            return cursors.Known(*question.marks, stand.epoch, 0, stand.seq)
        try:
            known = cursors.known(question.since)
        except cursors.MalformedError:
            raise InvalidError([("since", "is no cursor of ours")]) from None
        _same_question(known, question, "since")
        if known.view != question.marks[1]:
            raise StartAnewError("what this question means has changed, or your rights have")
        if known.epoch != stand.epoch or known.seq > stand.seq or known.start > stand.seq:
            raise StartAnewError("this cursor is of a log of changes that is lost")
        if max(known.seq, known.start) < stand.dropped:
            raise StartAnewError("this cursor is older than the deletions that are still known")
        return known

    def _url(self, question: Question, **place: str) -> str:
        given = [*question.asked, ("limit", str(question.limit)), *place.items()]
        return f"{self._base}/entries?{urlencode(given)}"

    def _head(self, what: str, url: str, more: str | None) -> dict[str, Any]:
        site = self._site
        head = {
            "version": VERSION,
            "title": f"{site.title}: {what}",
            "home_page_url": site.home,
            "feed_url": url,
            "next_url": more,
            "description": site.description,
            "icon": site.logo,
            "favicon": site.icon,
            "authors": [{"name": site.title, "url": site.home}],
            "language": site.language,
        }
        return {name: value for name, value in head.items() if value}

    def _feed(self, card: dict[str, Any], dimension: str, key: str, path: str) -> dict[str, Any]:
        """A feed as an item of the catalogue."""
        more = {name: value for name, value in card.items() if name not in {"title", "description"}}
        if dimension == "topics":
            more["entries_url"] = f"{self._base}/entries?{urlencode({'topic': card['name']})}"
        item = {
            "id": feed_id(self._site.authority, dimension, key),
            "url": archive.home_page_url(path, self._site),
            "title": card["title"],
            "content_text": card.get("description") or card["title"],
            "date_modified": card["newest"],
            "_syndicate": {"about": f"{EXTENSIONS}#syndicate", **more},
        }
        return {name: value for name, value in item.items() if value is not None}


def _stand(sql: sqlite3.Connection) -> Stand:
    stand = ChangeLog(sql).stand()
    if stand is None:
        raise NotReadyError("the last build kept nothing for partners")
    return stand


def _same_question(known: cursors.Known, question: Question, parameter: str) -> None:
    if known.question != question.marks[0]:
        raise InvalidError([(parameter, "belongs to another question: other parameters stood beside it")])


def _phrases(text: str) -> str:
    """Words as FTS5 takes them: each quoted, so that none is an operator, all to be found."""
    return " ".join(f'"{word.replace(chr(34), chr(34) * 2)}"' for word in strip_forbidden(text).split()) or '""'


def _document(head: dict[str, Any], items: Sequence[bytes], extension: dict[str, Any]) -> bytes:
    """An item a line, as in the files."""
    parts = (
        orjson.dumps(head)[:-1],
        b',"items":[\n',
        b",\n".join(items),
        b'\n],"_syndicate":',
        orjson.dumps(extension),
    )
    return b"".join((*parts, b"}\n"))


def _mark(*parts: object) -> str:
    return sha256(repr(parts).encode("utf-8", "surrogatepass")).hexdigest()[:_MARK]
