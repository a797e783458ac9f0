"""The period of the archives of a site whose configuration states none: that of what it has published.

Until `auto` became the default, archives were divided by month. The address of an archive must keep working (RFC 5005
§4), so a site that has published archives keeps their period. Its state holds the period; where it does not, because an
earlier release wrote it or it was lost, the published documents show it.
"""

from __future__ import annotations

import re
from contextlib import suppress
from typing import TYPE_CHECKING, cast

from ..feeds.archive import year_of
from ..formats import CATALOG_FILE, FEED_FORMATS
from ..model import ARCHIVE_PERIODS

if TYPE_CHECKING:
    from ..config import Config
    from ..model import ArchivePeriod
    from ..outputs.base import Output
    from ..store.base import Transaction

NAME = "archive"
"""The name under which the state of the site holds the period."""
_DEFAULT: ArchivePeriod = "auto"
_FORMER_DEFAULT: ArchivePeriod = "month"
_ARCHIVE_LINK = re.compile(rb"/archive/(\d{4}[0-9T-]*)/feed\.")


def with_archive_period(config: Config, transaction: Transaction, output: Output) -> Config:
    """Returns the configuration with the period of archives that it states, else with that of the published ones."""
    if config.selection.archive is not None:
        return config
    return config._replace(selection=config.selection._replace(archive=_published_period(transaction, output)))


def _published_period(transaction: Transaction, output: Output) -> ArchivePeriod:
    if (stated := transaction.published.site().get(NAME)) in ARCHIVE_PERIODS:
        return cast("ArchivePeriod", stated)
    return _period_of_documents(transaction) if transaction.documents.count() else _period_of_output(output)


def _period_of_documents(transaction: Transaction) -> ArchivePeriod:
    names: dict[int, set[str]] = {}
    for row in transaction.documents.all():
        names.setdefault(row.feed_id, set()).add(row.period)
    return _FORMER_DEFAULT if any(map(_are_months, names.values())) else _DEFAULT


def _are_months(names: set[str]) -> bool:
    """Returns whether archives of a feed are months that do not belong to a divided year."""
    return any(name and year_of(name) not in names for name in names)


def _period_of_output(output: Output) -> ArchivePeriod:
    """Returns the period of the archives that the largest feed links to."""
    folder = _largest_feed(output)
    for format_ in FEED_FORMATS if folder else ():
        document = output.read(format_.path(folder))
        link = _ARCHIVE_LINK.search(document.content) if document else None
        if link is not None:
            newest = link[1].decode()
            year = year_of(newest)
            is_divided = newest == year or output.read(format_.path(folder, year)) is not None
            return _DEFAULT if is_divided else _FORMER_DEFAULT
    return _DEFAULT


def _largest_feed(output: Output) -> str:
    """Returns the folder of the published feed with the most entries; an empty text if no catalogue tells."""
    import orjson  # a run that finds nothing changed does not need it

    catalog = output.read(CATALOG_FILE.file_name)
    with suppress(KeyError, TypeError, ValueError):  # not a catalogue of this program
        largest = max(orjson.loads(catalog.content) if catalog else [], key=lambda feed: int(feed["entries"]))
        dimension, slug = largest["dimension"], largest["slug"]
        return str(dimension) if dimension == "all" else f"{dimension}/{slug}"
    return ""
