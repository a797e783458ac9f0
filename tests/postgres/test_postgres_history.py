"""The same history of edits gives the same tree, byte for byte, whatever database holds the state."""

from __future__ import annotations

import os
from typing import ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import invariant, run_state_machine_as_test
from pipeline.test_incremental_equals_full import History
from support.editable_sites import EditableSite
from support.postgres_server import PostgresServer

pytestmark = pytest.mark.postgres


class TwinHistory(History):
    """The history of a site, which a second one with another state follows."""

    server: ClassVar[PostgresServer]

    def __init__(self) -> None:
        super().__init__()
        self.state = self.server.url()
        self.twin = EditableSite(self.folder / "twin")
        (self.twin.folder / "corpus").rmdir()
        for name in ("corpus", "templates"):
            os.symlink(self.editable_site.folder / name, self.twin.folder / name)

    @invariant()  # the base's mark names the base's function
    def tree_equals_a_build_from_nothing(self) -> None:
        super().tree_equals_a_build_from_nothing()
        self.twin.settings = {**self.editable_site.settings, "state": self.state}
        self.twin.now = self.editable_site.now
        summary = self.twin.build()
        assert self.twin.tree() == self.editable_site.tree()
        again = self.twin.build()
        assert (again.written, again.removed) == (0, 0)
        assert again[:4] == summary[:4]


def test_tree_equals_that_of_a_folder_after_any_history(server: PostgresServer) -> None:
    TwinHistory.server = server
    run_state_machine_as_test(
        TwinHistory,
        settings=settings(
            max_examples=int(os.environ.get("SYNDICATE_HISTORIES", "8")),
            stateful_step_count=15,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
        ),
    )
