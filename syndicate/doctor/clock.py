"""Whether the clock is right: entries appear, expire and are dated by it."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from ipaddress import ip_address
from typing import NamedTuple

from .finding import Finding

_TOLERATED_S, _WRONG_S = 5.0, 60.0
_TIMEX_BYTES = 512  # more than the structure of adjtimex(2) has on any system
_UNSYNCHRONIZED = 5  # TIME_ERROR
_ADVICE = "timedatectl set-ntp true, or start chronyd or another NTP client"


class ServerTime(NamedTuple):
    """The time that a server states (RFC 9110 §6.6.1), and this clock's just before and after. In seconds since 1970.

    A `Date` has whole seconds: it may be up to a second old.
    """

    host: str
    date: float
    before: float
    after: float

    @property
    def skew_s(self) -> float:
        """By how much this clock is certainly ahead of the server's; negative if it is behind, 0 if they agree."""
        if self.before > self.date + 1:
            return self.before - self.date - 1
        return min(0.0, self.after - self.date)


def check_clock(times: Sequence[ServerTime], *, is_synchronized: bool | None) -> Finding:
    """Check the clock against servers, of which the one nearest to it counts, and whether an NTP client sets it."""
    name = "clock"
    elsewhere = [each for each in times if not _is_loopback(each.host)]
    nearest = min(elsewhere or times, key=lambda each: abs(each.skew_s), default=None)
    if nearest is not None and abs(nearest.skew_s) > _TOLERATED_S:
        side = "ahead of" if nearest.skew_s > 0 else "behind"
        text = f"it is {abs(nearest.skew_s):.0f} s {side} that of {nearest.host}"
        return Finding("error" if abs(nearest.skew_s) > _WRONG_S else "warning", name, text, _ADVICE)
    agrees = f"agrees with {nearest.host}" if nearest is not None else "could not be compared with a server"
    if is_synchronized is False and nearest is None:
        return Finding("warning", name, f"{agrees}, and no NTP client sets it", _ADVICE)
    return Finding("ok", name, f"{agrees}{', and NTP keeps it right' if is_synchronized else ''}")


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def is_synchronized() -> bool | None:
    """Return whether an NTP client keeps the clock of the kernel right; None where the kernel does not say."""
    timex = ctypes.create_string_buffer(_TIMEX_BYTES)  # all zero: nothing is to be changed
    try:
        state = ctypes.CDLL(None).adjtimex(timex)
    except (AttributeError, OSError):
        return None
    return None if state < 0 else state != _UNSYNCHRONIZED
