"""When a burst of changes is over."""

import pytest

from syndicate.delivery.bursts import MAX_BURST_S, Burst


def burst_of(*times: float, paths_each: int = 1) -> Burst:
    """A burst with so many new paths at each time."""
    burst = Burst(times[0])
    for number, at in enumerate(times):
        burst.add([f"{number}-{path}" for path in range(paths_each)], at)
    return burst


@pytest.mark.parametrize(
    ("times", "paths_each", "quiet_s"),
    [
        ([0.0], 1, 0.03),
        ([0.0], 5, 0.03),
        ([0.0], 6, 1.0),
        ([0.0, 0.05], 1, 0.05),
        ([0.0, 0.4], 1, 0.4),
        ([0.0, 0.4], 3, 1.0),
        ([0.0, 2.0, 4.0], 1, 1.0),
    ],
)
def test_burst_is_over_when_it_was_quiet_for_as_long_as_it_lasted(
    times: list[float], paths_each: int, quiet_s: float
) -> None:
    burst = burst_of(*times, paths_each=paths_each)
    assert burst.remaining_s(times[-1]) == pytest.approx(quiet_s)
    assert burst.remaining_s(times[-1] + quiet_s) == pytest.approx(0)


def test_many_polled_changes_are_over_after_another_look() -> None:
    assert burst_of(0.0, paths_each=6).remaining_s(0.0, look_s=4.0) == pytest.approx(6.0)
    assert burst_of(0.0, paths_each=1).remaining_s(0.0, look_s=4.0) == pytest.approx(0.03)


def test_unfinished_work_prolongs_a_burst() -> None:
    burst = burst_of(0.0)
    burst.add((), 5.0)
    assert burst.size == 1
    assert burst.remaining_s(5.0) == pytest.approx(1.0)


def test_burst_without_end_is_over_after_the_longest_time() -> None:
    burst = burst_of(*(number / 2 for number in range(60)), paths_each=9)
    assert burst.remaining_s(29.5) == pytest.approx(MAX_BURST_S - 29.5)
    assert not burst.is_too_long(29.5)
    assert burst.is_too_long(30.0)
