"""The names of lease owners, which tell whether an owner still runs.

A process that is killed cannot release its leases. Its name holds the host, the boot and the PID namespace, its process
id and its start time, so that another process of this host sees that it is dead, and ends its leases at once. SQLite's
write-ahead log ties all processes of a state folder to one host; those of a database may run on several machines, two
of which may have the same name. Where the name says too little, as for a process in another container, the leases
expire.
"""

from __future__ import annotations

import os
import secrets
from typing import Literal

Liveness = Literal["alive", "dead", "unknown"]
"""Whether the process of an owner runs."""

_PARTS = 6
_DEAD_STATES = frozenset("ZX")  # a zombie waits for its parent, and runs no more


def new_owner() -> str:
    """Return a new name for an owner in this process: HOST:BOOT:NAMESPACE:PID:STARTED:TOKEN."""
    host, boot, namespace = _place()
    pid = os.getpid()
    _, started = _process(pid)
    return f"{host}:{boot}:{namespace}:{pid}:{started}:{secrets.token_hex(4)}"


def liveness(owner: str) -> Liveness:
    """Return whether the process of an owner runs."""
    parts = owner.split(":")
    if len(parts) != _PARTS or not parts[3].isdigit():
        return "unknown"
    host, boot, namespace, pid, started, _ = parts
    our_host, our_boot, our_namespace = _place()
    if host != our_host:
        return "unknown"
    if boot != our_boot:
        return "dead"
    return _process_liveness(int(pid), started) if namespace == our_namespace else "unknown"


def shared_liveness(owner: str) -> Liveness:
    """Return whether the process of an owner runs, which may be one of another machine with the name of this one."""
    parts = owner.split(":")
    is_ours = len(parts) == _PARTS and parts[1] == _place()[1]
    return liveness(owner) if is_ours else "unknown"


def _process_liveness(pid: int, started: str) -> Liveness:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return "dead"
    except (PermissionError, OverflowError):
        pass
    state, now_started = _process(pid)
    is_another = bool(started and now_started) and started != now_started
    return "dead" if is_another or state in _DEAD_STATES else "alive"


def _place() -> tuple[str, str, str]:
    """Return the name of this host, its boot and the PID namespace; the last two are empty where there is no /proc."""
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
            boot = file.read().strip()
        namespace = str(os.stat("/proc/self/ns/pid").st_ino)
    except OSError:
        boot = namespace = ""
    return os.uname().nodename.replace(":", "_"), boot, namespace


def _process(pid: int) -> tuple[str, str]:
    """Return the state of a process and its start time in clock ticks after the boot; empty where there is no /proc."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
            fields = file.read().rpartition(")")[2].split()  # the name of the program may contain anything
    except OSError:
        return "", ""
    return fields[0], fields[19]
