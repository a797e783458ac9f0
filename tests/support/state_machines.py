"""How state machines of Hypothesis run: their rules build, so that a run takes long."""

from __future__ import annotations

from hypothesis import HealthCheck, settings


def history_settings(examples: int, steps: int) -> settings:
    """Returns the settings of a state machine that tries so many histories of so many steps."""
    return settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
    )
