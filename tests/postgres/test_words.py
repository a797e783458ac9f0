"""The words that `q` finds are those that SQLite finds, in any script and with any signs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.postgres_server import PostgresServer

from syndicate.api.entry_query import _fts5_expression
from syndicate.store import memory_store, open_store
from syndicate.store.base import Store
from syndicate.store.partner_rows import EntryFilter
from syndicate.store.postgres.words import index_of
from syndicate.store.rows import PartnerEntryRow, PartnerTextRow

pytestmark = pytest.mark.postgres

PIECES = ["Alpha", "alpha-beta", "crème", "CREME", "O'Neil", "a\\b", '"quoted"', "日本語", "ﬁn", "İstanbul", "x" * 3000]
TEXTS = st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=5)), max_size=5).map(" ".join)
QUERIES = st.lists(st.one_of(st.sampled_from([*PIECES, "!!", "alpha beta"]), st.text(max_size=3)), max_size=3).map(
    " ".join
)


@pytest.fixture
def store(server: PostgresServer) -> Iterator[Store]:
    store = open_store(server.url())
    with store.write() as transaction:
        transaction.record_run_state({"run": 1})
    yield store
    store.close()


def found(store: Store, texts: list[tuple[str, str]], queries: list[str]) -> list[list[int]]:
    """Returns which of some texts, given as title and excerpt, each query finds."""
    results: list[list[int]] = []
    with suppress(StopIteration), store.write() as transaction:  # nothing is committed
        transaction.change_log.start_run("epoch")
        rows = [PartnerEntryRow(n, f"id-{n}", n, "", "", "", None, None, "[]") for n in range(len(texts))]
        transaction.change_log.put(rows, [PartnerTextRow(n, *text) for n, text in enumerate(texts)])
        results += [
            sorted(
                ref.record_id
                for ref in transaction.partner_entries.newest(EntryFilter(words=_fts5_expression(query)), 99, None)
            )
            for query in queries
        ]
        raise StopIteration
    return results


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(texts=st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=6), queries=st.lists(QUERIES, min_size=1))
def test_both_databases_find_the_same(store: Store, texts: list[tuple[str, str]], queries: list[str]) -> None:
    texts = [(title.replace("\0", " "), excerpt.replace("\0", " ")) for title, excerpt in texts]
    with closing(memory_store()) as reference:
        assert found(store, texts, queries) == found(reference, texts, queries)


def test_text_beyond_the_limits_of_the_index_is_found_by_its_beginning(store: Store) -> None:
    long = "first " + " ".join(f"word{number}" for number in range(200_000))
    assert found(store, [(long, "")], ["first", "word9"]) == [[0], [0]]
    assert len(index_of([(long, "")])[0]) < 1_000_000
