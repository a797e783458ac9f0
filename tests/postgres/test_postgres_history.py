"""The same history of edits gives the same tree, byte for byte, whatever database holds the state."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, ClassVar

import pytest
from hypothesis.stateful import run_state_machine_as_test
from support.postgres_server import PostgresServer
from support.state_machines import history_settings
from support.twin_histories import TwinHistory

pytestmark = pytest.mark.postgres


class DatabaseHistory(TwinHistory):
    """The history of a site with its state in a folder, and of one with its state in a database."""

    server: ClassVar[PostgresServer]

    def choose_services(self) -> Mapping[str, Any]:
        return {"state": self.server.url()}


def test_tree_equals_that_of_a_folder_after_any_history(server: PostgresServer) -> None:
    DatabaseHistory.server = server
    examples = int(os.environ.get("SYNDICATE_HISTORIES", "8"))
    run_state_machine_as_test(DatabaseHistory, settings=history_settings(examples, 15))
