"""The right to publish to a bucket: an object that one state folder holds at a time, whatever machine it is on.

Theory of operation. Whoever publishes creates the object (`If-None-Match: *`) or replaces one that is free
(`If-Match`), so of several one succeeds. The holder replaces it every `renew_s` seconds while it works, and frees it at
the end. A holder that dies leaves it: a run of the same state takes it over at once, since the lock of the store lets
only one of them work. A run of another state takes it over when the object is older than `lease_s` and is then not
replaced for one and a half renewals: the age depends on two clocks, and the second condition on none.

A holder that was suspended for longer than its lease has lost the right. `require` notices that before each step.
"""

from __future__ import annotations

import json
import os
import socket
import threading
import time
from contextlib import suppress
from hashlib import sha256

from ..errors import LockedError, OutputError
from ..object_storage import ObjectExistsError, ObjectStorage, ObjectVersion
from .paths import LOCK

LEASE_S, RENEW_S = 120.0, 20.0


def holder_name(state: str) -> str:
    """Returns the name under which runs of one state hold the lock."""
    if "://" in state:
        return sha256(state.encode()).hexdigest()[:16]
    identity = f"{socket.gethostname()}\n{os.path.realpath(state)}"
    return f"{socket.gethostname()}-{sha256(identity.encode()).hexdigest()[:16]}"


class PublishLock:
    """The lock of one prefix, for one holder."""

    def __init__(self, objects: ObjectStorage, holder: str, lease_s: float = LEASE_S, renew_s: float = RENEW_S) -> None:
        self._objects = objects
        self._holder = holder
        self._lease_s, self._renew_s = lease_s, renew_s
        self._version = ObjectVersion("")
        self._renewed_at = 0.0
        self._count = 0
        self._sent = b""
        self._is_lost = False
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def __reduce__(self) -> tuple[type[PublishLock], tuple[ObjectStorage, str, float, float]]:
        return PublishLock, (self._objects, self._holder, self._lease_s, self._renew_s)

    def require(self) -> None:
        """Takes the lock unless it is held. Raises LockedError while another holds it, OutputError if it was lost."""
        if self._thread is None:
            self._acquire()
            self._stop.clear()
            self._thread = threading.Thread(target=self._renew_until_stopped, name="publish-lock", daemon=True)
            self._thread.start()
        elif self._is_lost or time.monotonic() - self._renewed_at > self._lease_s:
            raise OutputError(f"{self._objects}: lost the right to publish: this machine was suspended for too long")

    def release(self) -> None:
        """Frees the lock if it is held. Errors are ignored: it expires."""
        if self._thread is None:
            return
        self._stop.set()
        self._thread.join()
        self._thread = None
        if not self._is_lost:
            with suppress(OutputError, ObjectExistsError):
                self._objects.replace(LOCK, b"{}\n", self._version)
        self._is_lost = False

    def _acquire(self) -> None:
        started = time.monotonic()
        try:
            self._version = self._objects.create(LOCK, self._next_content())
        except ObjectExistsError:
            self._take_over()
        else:
            self._renewed_at = started

    def _take_over(self) -> None:
        """Replaces a lock that is free, of the same holder, or of one that died."""
        found = self._objects.read(LOCK)
        if found is None:  # deleted by hand between two requests
            raise LockedError(f"{self._objects}: another machine publishes to it")
        content, meta = found
        holder = _holder(content)
        if holder not in {"", self._holder}:
            age_s = time.time() - meta.modified_s
            name = holder.rpartition("-")[0] or holder
            message = f"{self._objects}: another machine publishes to it: {name}, active {max(0, round(age_s))} s ago"
            if age_s <= self._lease_s:
                raise LockedError(message)
            time.sleep(1.5 * self._renew_s)
            again = self._objects.head(LOCK)
            if again is None or again.etag != meta.etag:
                raise LockedError(message)
        started = time.monotonic()
        try:
            self._version = self._objects.replace(LOCK, self._next_content(), meta.version)
        except ObjectExistsError:
            # A request that was repeated, as its answer was lost, fails with the version that it wrote itself.
            found = self._objects.read(LOCK)
            if found is None or found[0] != self._sent:
                raise LockedError(f"{self._objects}: another machine publishes to it") from None
            self._version = found[1].version
        self._renewed_at = started

    def _renew_until_stopped(self) -> None:
        while not self._stop.wait(self._renew_s):
            started = time.monotonic()
            try:
                self._version = self._objects.replace(LOCK, self._next_content(), self._version)
            except ObjectExistsError:
                found = None
                with suppress(OutputError):
                    found = self._objects.read(LOCK)
                if found is None or found[0] != self._sent:
                    self._is_lost = True
                    return
                self._version = found[1].version
            except OutputError:
                continue  # the next renewal may succeed within the lease
            self._renewed_at = started

    def _next_content(self) -> bytes:
        # The counter makes each renewal other bytes, and so another ETag.
        self._count += 1
        state = {"holder": self._holder, "process": os.getpid(), "renewal": self._count, "at": int(time.time())}
        self._sent = json.dumps(state).encode() + b"\n"
        return self._sent


def _holder(content: bytes) -> str:
    """Returns the holder that a lock names; an empty text for one that is free or damaged."""
    try:
        found = json.loads(content)
    except ValueError:
        return ""
    return str(found.get("holder", "")) if isinstance(found, dict) else ""
