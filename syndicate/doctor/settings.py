"""Whether the environment has what the configuration names, and the state is one that this version can read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from typing import NamedTuple

from ..config import Config
from ..delivery import hubs_with_headers
from ..delivery.diagnosis import HubDiagnosis
from ..delivery.verdict import format_duration
from ..errors import ConfigError, StoreError, StoreMissingError, StoreUnavailableError, StoreUnusableError
from ..store import open_store
from ..store.rows import DocumentRow
from .finding import Finding

_BAD_CONDITIONS = frozenset({"unsent", "refuses", "fails", "unreachable", "site"})


class BuiltSite(NamedTuple):
    """What the state knows of the site: the documents of the last build, and its time in seconds since 1970."""

    documents: tuple[DocumentRow, ...] = ()
    built_at: float = 0.0


def check_environment(config: Config, environment: Mapping[str, str]) -> list[Finding]:
    """Check that the headers and certificate authorities of hubs are there. No value is shown."""
    names = [hub.header_env for hub in config.hubs if hub.header_env]
    try:
        hubs_with_headers(config, environment)
    except ConfigError as error:
        return [
            Finding("error", "environment", f"{problem.path}: {problem.message}", "set it where push and worker run")
            for problem in error.problems
        ]
    text = f"{', '.join(names)} set" if names else "no variable is needed"
    return [Finding("ok", "environment", text)]


def read_state(config: Config, now: float) -> tuple[Finding, BuiltSite]:
    """Check the version of the state and the age of the last build; return also what was built."""
    name, site = "state version", BuiltSite()
    try:
        with closing(open_store(config.state)) as store, store.read() as snapshot:
            built_at = float(snapshot.run_state().get("built_ns", 0)) / 1e9
            site = BuiltSite(tuple(snapshot.documents.all()), built_at)
    except StoreMissingError:
        return Finding("warning", name, "nothing was built yet", "run syndicate build"), site
    except StoreUnusableError:
        text = f"the index in {config.state} was made by another version"
        return Finding("warning", name, text, "run syndicate build, which sets it aside and makes a new one"), site
    except StoreUnavailableError as error:
        advice = "look whether the database runs, and whether PGPASSWORD or ~/.pgpass has the password of its user"
        return Finding("error", name, str(error), advice), site
    except StoreError as error:
        return Finding("error", name, str(error), "run as the user who builds"), site
    age_s = now - site.built_at
    text = f"{len(site.documents)} documents, built {format_duration(age_s, 1)} ago"
    if 0 < config.serve.stale_after_h * 3600 < age_s:
        return Finding("warning", name, text, "run syndicate worker, or syndicate publish from cron"), site
    return Finding("ok", name, text), site


def check_deliveries(diagnoses: Sequence[HubDiagnosis]) -> list[Finding]:
    """Check that pings reach the hubs, by what happened to those before."""
    findings: list[Finding] = []
    for one in diagnoses:
        name = f"pings to {one.hub_url}"
        if one.condition == "unsent":
            advice = "run syndicate worker, or syndicate push from cron"
            findings.append(Finding("warning", name, f"due for {format_duration(one.overdue_s, 1)}, unsent", advice))
        elif one.given_up_pings:
            text = f"{one.given_up_pings} were given up"
            findings.append(Finding("warning", name, text, "syndicate push --replay, when the hub works again"))
        elif one.condition in _BAD_CONDITIONS:
            findings.append(Finding("warning", name, one.reason, "syndicate status"))
        else:
            findings.append(Finding("ok", name, f"{one.waiting_pings} waiting"))
    return findings
