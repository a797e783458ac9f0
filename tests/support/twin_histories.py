"""The history of a site of one folder, which a second one with other services follows."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from hypothesis.stateful import invariant
from pipeline.test_incremental_equals_full import History
from support.editable_sites import EditableSite

from syndicate.pipeline import BuildSummary


class TwinHistory(History):
    """Both sites must have the same documents, byte for byte, after each step."""

    def __init__(self) -> None:
        super().__init__()
        self.twin = self.make_twin()
        (self.twin.folder / "corpus").rmdir()
        for name in ("corpus", "templates"):
            os.symlink(self.editable_site.folder / name, self.twin.folder / name)
        self.services = self.choose_services()

    def make_twin(self) -> EditableSite:
        """Returns the second site."""
        return EditableSite(self.folder / "twin")

    def choose_services(self) -> Mapping[str, Any]:
        """Returns the settings in which the second site differs."""
        raise NotImplementedError

    def documents(self) -> tuple[dict[str, bytes], dict[str, bytes]]:
        """Returns the documents of the first site and of the second, as far as both have them."""
        return self.editable_site.tree(), self.twin.tree()

    def build_twin(self) -> BuildSummary:
        self.twin.settings = {**self.editable_site.settings, **self.services}
        self.twin.now = self.editable_site.now
        return self.twin.build()

    @invariant()  # the base's mark names the base's function
    def tree_equals_a_build_from_nothing(self) -> None:
        super().tree_equals_a_build_from_nothing()
        summary = self.build_twin()
        expected, found = self.documents()
        assert found == expected
        again = self.build_twin()
        assert (again.written, again.removed) == (0, 0)
        assert again[:4] == summary[:4]
