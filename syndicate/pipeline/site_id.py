"""Decides whether the `site.id` of a site may change.

Theory of operation. Entry ids are made of the site's id, so another one makes every entry new to every subscriber. As
long as nothing left the machine, nobody knows an id, and it may change. What left is read from the state: a document
that `serve` or the partner API sent, or a ping. A site without hubs leaves no trace when another web server publishes
its output folder, so such a site counts as read. Then the change needs the word of the operator.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from ..config.locate import locate
from ..errors import OutputError, Problem, SiteIdError, StoreError

if TYPE_CHECKING:
    from ..config import Config
    from ..outputs.base import Output
    from ..store.base import Snapshot, Store

_WAYS_OUT = (
    "put the old id back, or run 'syndicate build --accept-new-id': every subscriber then sees every entry as new"
)


def claim(output: Output, store: Store, config: Config, *, accept_new_id: bool) -> None:
    """Claims the output of a site, also when the site had another id before and that may change.

    Raises SiteIdError when it may not, OutputError when the output is not the site's.
    """
    try:
        output.claim()
    except OutputError:
        former = ""
        with suppress(StoreError), store.read() as snapshot:  # without a state the output alone knows its owner
            former = known_id(snapshot)
            require_id(snapshot, config, accept_new_id=accept_new_id)
        if not former:
            raise
        output.claim(former)


def require_id(snapshot: Snapshot, config: Config, *, accept_new_id: bool) -> None:
    """Raises SiteIdError when the id of the site changed that subscribers may know, unless `accept_new_id`."""
    former = known_id(snapshot)
    if former in {"", config.site.authority} or accept_new_id:
        return
    if reason := _reason(snapshot, config):
        raise SiteIdError(f"site.id: {_change(former, config)}, and {reason}: nothing was changed; {_WAYS_OUT}")


def problem(snapshot: Snapshot, config: Config) -> Problem | None:
    """Returns the problem by which `check` announces that a build would refuse the id."""
    former = known_id(snapshot)
    reason = _reason(snapshot, config) if former not in {"", config.site.authority} else ""
    if not reason:
        return None
    message = f"{_change(former, config)}, and {reason}: 'syndicate build' will change nothing; {_WAYS_OUT}"
    return Problem(config.path, *locate(config.path, ("site", "id")), "site.id", message)


def known_id(snapshot: Snapshot) -> str:
    """Returns the id of the site at the last build, or an empty text before the first one."""
    return str(snapshot.published.site().get("authority", ""))


def _change(former: str, config: Config) -> str:
    return f"the entries were published with the id {former!r}, the configuration says {config.site.authority!r}"


def _reason(snapshot: Snapshot, config: Config) -> str:
    """Returns why subscribers may know entries by the former id; an empty text if they cannot."""
    site = snapshot.published.site()
    if "served_at" in site:
        return "documents were served"
    if "pinged_at" in site or snapshot.outbox.has_pinged():
        return "hubs were notified"
    if not config.hubs:
        return "without hubs it is not known whether somebody reads the output folder"
    return ""
