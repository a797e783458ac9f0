"""Which changes a build gets, and when one must look at everything."""

from __future__ import annotations

from syndicate.delivery.pending_changes import PendingChanges


def test_first_build_looks_at_everything() -> None:
    changes = PendingChanges(60)
    assert changes.remaining_s(1000) == 60
    changes.note({"a"})
    assert changes.take(1000) is None


def test_later_builds_get_the_paths_that_changed_since() -> None:
    changes = PendingChanges(60)
    changes.take(0)
    changes.note({"a"})
    changes.note({"b"})
    assert changes.event.is_set()
    assert changes.take(1) == {"a", "b"}
    assert not changes.event.is_set()
    changes.note({"c"})
    assert changes.take(2) == {"c"}


def test_unknown_changes_outweigh_known_ones() -> None:
    changes = PendingChanges(60)
    changes.take(0)
    changes.note({"a"})
    changes.note(None)
    changes.note({"b"})
    assert changes.take(1) is None
    changes.note({"c"})
    assert changes.take(2) == {"c"}


def test_everything_is_due_after_the_interval_whether_something_changed_or_not() -> None:
    changes = PendingChanges(60)
    changes.take(0)
    changes.note({"a"})
    changes.take(59)
    assert changes.remaining_s(59) == 1
    assert changes.remaining_s(61) == 0
    assert changes.take(61) is None
    assert changes.remaining_s(61) == 60


def test_saved_file_goes_first_when_everything_is_due_for_one_more_interval_at_most() -> None:
    changes = PendingChanges(60)
    changes.take(0)
    changes.note({"a"})
    assert changes.take(61) == {"a"}
    changes.note({"a"})
    assert changes.take(120) == {"a"}
    changes.note({"a"})
    assert changes.take(121) is None
