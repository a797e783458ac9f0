"""The verbs that tell hubs: push, publish, worker, status."""

from __future__ import annotations

import argparse
import re
import sys
import time
from typing import TYPE_CHECKING

from .console import (
    DONE,
    PROBLEMS,
    USAGE,
    configure_logging,
    format_count,
    load_config,
    print_message,
    show_progress,
)

if TYPE_CHECKING:
    from ..config import Config
    from ..delivery.dispatcher import Tally

_UNITS_S = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def age(text: str) -> float:
    """An age as an argument states it (`90s`, `30m`, `2h`, `3d`), in seconds."""
    found = re.fullmatch(r"(\d{1,6})([smhd])", text)
    if not found:
        raise argparse.ArgumentTypeError(f"expected an age such as 90s, 30m, 2h or 3d, got {text!r}")
    return int(found[1]) * _UNITS_S[found[2]]


def push(options: argparse.Namespace) -> int:
    """Tell hubs what is due."""
    if (options.hub or options.feed) and not options.replay:
        print_message("syndicate push: --hub and --feed choose among what --replay sends again: give --replay, too")
        return USAGE
    config = load_config(options.config)
    if options.dry_run:
        return _list(config, as_json=options.json)
    if options.replay:
        _replay(config, options)
    tally = _pushed(config, options)
    if options.json:
        import json

        print(json.dumps(tally._asdict()))
    return PROBLEMS if tally.failed else DONE


def publish(options: argparse.Namespace) -> int:
    """Build, then push."""
    from .build import build_and_report

    config = load_config(options.config)
    summary = build_and_report(config, options)
    tally = _pushed(config, options)
    if options.json:
        import json

        print(json.dumps({"build": summary.as_json(), "push": tally._asdict()}))
    return PROBLEMS if tally.failed or (options.strict and summary.problems) else DONE


def worker(options: argparse.Namespace) -> int:
    """Watch, build and push until told to stop."""
    from ..delivery.worker import work

    config = load_config(options.config)
    configure_logging(options.log_format, quiet=False)
    work(config)
    return DONE


def status(options: argparse.Namespace) -> int:
    """How the deliveries stand."""
    from ..delivery import status as report

    config = load_config(options.config)
    found = report.look(config, time.time())
    if options.json:
        import json

        print(json.dumps(found.as_json()))
    else:
        report.show(found)
    if options.max_age is None or found.oldest_wait_s <= options.max_age:
        return DONE
    print_message(f"syndicate: a change waits for {report.lasting(found.oldest_wait_s)}: a hub was not told of it")
    return PROBLEMS


# ----------------------------------------------------------------------------------------------------------- parts


def _pushed(config: Config, options: argparse.Namespace) -> Tally:
    from ..delivery import push as run

    configure_logging(options.log_format, quiet=True)
    with show_progress() as advance:
        tally = run(config, advance)
    if sys.stderr.isatty() and not options.json:
        print_message(_in_words(tally) if config.hubs else "no hubs are configured: nobody is told")
    return tally


def _in_words(tally: Tally) -> str:
    told = [f"{format_count(tally.delivered, 'ping')} delivered"]
    if tally.retrying or tally.refused:
        told.append(f"{tally.retrying + tally.refused} to be tried again")
    if tally.unverified:
        told.append(f"{tally.unverified} waiting until the public feed shows what was built")
    if tally.failed:
        told.append(f"{tally.failed} given up (syndicate push --replay sends them again)")
    return f"{', '.join(told)}, in {tally.seconds:.2f} s"


def _replay(config: Config, options: argparse.Namespace) -> None:
    from ..delivery.session import change

    feed = options.feed and options.feed.strip("/")
    replayed = change(config.state, lambda outbox: outbox.replay(time.time(), options.hub, feed))
    if sys.stderr.isatty():
        print_message(f"{format_count(replayed, 'failed ping')} to be sent again")


def _list(config: Config, *, as_json: bool) -> int:
    """What would go where, and when."""
    from ..delivery import status as report

    waiting = report.waiting(config, time.time())
    if as_json:
        import json

        print(json.dumps([row._asdict() for row in waiting]))
    else:
        report.show_waiting(waiting)
    return DONE
