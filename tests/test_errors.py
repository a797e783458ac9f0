"""Errors cross process boundaries whole: a pool pickles them in a worker and raises them in the parent."""

from __future__ import annotations

import pickle
from concurrent.futures import ProcessPoolExecutor

import pytest

from syndicate.errors import (
    ConfigError,
    FileChangedError,
    LockedError,
    OutputError,
    Problem,
    ShrinkError,
    SiteIdError,
    StoreError,
    StoreMissingError,
    StoreUnusableError,
    SyndicateError,
)

PROBLEMS = [
    Problem("config.yaml", 3, 8, "site.url", "is required"),
    Problem("config.yaml", 7, 1, "hub", "unknown key", severity="warning"),
]
ERRORS = [
    SyndicateError("stopped"),
    ConfigError(PROBLEMS),
    LockedError(".syndicate: another run holds the lock"),
    ShrinkError(["corpus[0]: include matches no file"], 57, 57),
    SiteIdError("site.id: changed"),
    OutputError("feeds: cannot be written"),
    FileChangedError("corpus/a.md"),
    StoreError("index.db: disk full"),
    StoreMissingError("index.db: nothing is built yet"),
    StoreUnusableError("of version 7, not 9"),
]


def _raise_config_error() -> None:
    raise ConfigError(PROBLEMS)


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_error_survives_pickling(error: SyndicateError) -> None:
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is type(error)
    assert str(copy) == str(error)
    assert (copy.args, vars(copy)) == (error.args, vars(error))


def test_config_error_of_a_worker_process_lists_one_problem_a_line() -> None:
    with ProcessPoolExecutor(max_workers=1) as pool, pytest.raises(ConfigError) as raised:
        pool.submit(_raise_config_error).result()
    assert raised.value.problems == PROBLEMS
    assert str(raised.value).splitlines() == [
        "config.yaml:3:8: site.url: is required",
        "config.yaml:7:1: hub: unknown key (warning)",
    ]
