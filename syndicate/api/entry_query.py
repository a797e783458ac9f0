"""Queries for entries: parameters resolved against the site's topics and the partner's rights."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ..config import Config
from ..feeds.slugs import topic_key
from ..store.base import Snapshot
from ..store.partner_rows import EntryFilter
from ..values.text import strip_forbidden
from .documents import digest
from .parameters import EntryParameters, InvalidParametersError
from .topics import TopicLookup, UnknownTopicError

_POSITION_PARAMETERS = {"cursor", "since", "limit"}


class ForbiddenTopicError(Exception):
    """The query names a topic to which the partner has no right."""


class EntryQuery(NamedTuple):
    """A query for entries. `parameters` are those of the URL, sorted, without the position and the limit.

    `is_restricted` holds for a partner with rights to certain topics only.
    """

    entry_filter: EntryFilter
    parameters: tuple[tuple[str, str], ...]
    limit: int
    cursor: str | None
    since: str | None
    is_restricted: bool = False

    def digests(self) -> tuple[str, str]:
        """Return digests of the raw query and of its resolved filter; the second changes with aliases or rights."""
        return digest(self.parameters), digest(tuple(self.entry_filter))


class QueryResolver:
    """Resolves parameters to queries for one configuration."""

    def __init__(self, config: Config) -> None:
        self._topics = TopicLookup(config)
        self._site_language = config.site.language.lower()

    def topic_keys(self, topics: Sequence[str]) -> frozenset[str]:
        """Return the keys of topics, with aliases resolved."""
        return self._topics.keys(topics)

    def resolve(
        self,
        snapshot: Snapshot,
        parameters: EntryParameters,
        raw_parameters: Sequence[tuple[str, str]],
        allowed_topics: frozenset[str] | None,
    ) -> EntryQuery:
        """Return the query of a partner with rights to these topics, or to all (None).

        Raises ForbiddenTopicError, and InvalidParametersError for a topic that no entry has or had.
        """
        topics = self._requested_topics(snapshot, parameters, allowed_topics)
        if allowed_topics is not None and not allowed_topics.issuperset(topics):
            raise ForbiddenTopicError
        selected = topics or (None if allowed_topics is None else tuple(sorted(allowed_topics)))
        after, before = parameters.published_after, parameters.published_before
        entry_filter = EntryFilter(
            topics=selected,
            match_all_topics=parameters.match == "all" and bool(topics),
            provider=parameters.provider and topic_key(parameters.provider),
            type=parameters.type and topic_key(parameters.type),
            language=parameters.language and parameters.language.lower(),
            min_quality=parameters.min_quality,
            min_heat=parameters.min_heat,
            published_after=None if after is None else after.timestamp(),
            published_before=None if before is None else before.timestamp(),
            words=None if parameters.q is None else _fts5_expression(parameters.q),
            site_language=self._site_language,
        )
        return EntryQuery(
            entry_filter,
            tuple(sorted(pair for pair in raw_parameters if pair[0] not in _POSITION_PARAMETERS)),
            parameters.limit,
            parameters.cursor,
            parameters.since,
            is_restricted=allowed_topics is not None,
        )

    def _requested_topics(
        self, snapshot: Snapshot, parameters: EntryParameters, allowed_topics: frozenset[str] | None
    ) -> tuple[str, ...]:
        """Return the keys of the topics of a query, sorted: their order has no meaning.

        An unknown topic is an error at the start of a query only: it may have been forgotten since. A partner with
        rights to certain topics does not learn which others there are.
        """
        names = parameters.topic
        if not names:
            return ()
        if allowed_topics is not None or parameters.cursor or parameters.since:
            found = self._topics.find(snapshot, names)
            return tuple(sorted(self._topics.keys(found.get(name, name) for name in names)))
        try:
            return tuple(sorted({*self._topics.require(snapshot, names).values()}))
        except UnknownTopicError as error:
            raise InvalidParametersError([("topic", str(error))]) from None


def _fts5_expression(text: str) -> str:
    """Return the FTS5 expression that requires all words of a text. Quotes keep words from being operators."""
    return " ".join(f'"{word.replace(chr(34), chr(34) * 2)}"' for word in strip_forbidden(text).split()) or '""'
