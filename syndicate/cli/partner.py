"""The commands `partner add`, `partner list` and `partner remove`."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

from .console import DONE, USAGE, load_config, print_line, print_message

if TYPE_CHECKING:
    from ..config import Config


def add(options: argparse.Namespace) -> int:
    """Add a partner and print its key, which is stored nowhere."""
    from ..api import partners
    from ..api.topics import UnknownTopicError

    config = load_config(options.config)
    try:
        topics = _topics(config, options.topic)
    except UnknownTopicError as error:
        print_message(f"syndicate partner add: --topic: {error}")
        return USAGE
    key = partners.add(_path(config), options.name, topics, options.rate or partners.DEFAULT_RATE)
    print(key)
    print_message(f"{options.name}: partner added; the line above is its key, which cannot be shown again")
    return DONE


def remove(options: argparse.Namespace) -> int:
    """Remove a partner; its key stops working immediately."""
    from ..api import partners

    partners.remove(_path(load_config(options.config)), options.name)
    return DONE


def show(options: argparse.Namespace) -> int:
    """Print the partners with their topics and rates, without keys and hashes."""
    from ..api import partners

    known = partners.load(_path(load_config(options.config)))
    if options.json:
        import json

        print(json.dumps([{"name": one.name, "topics": one.topics, "rate": one.rate} for one in known]))
        return DONE
    for one in known:
        print_line(f"{one.name}: {', '.join(one.topics) or 'all topics'}; {one.rate} requests a minute")
    return DONE


def rate(text: str) -> int:
    """Parse a number of requests a minute."""
    if not (text.isascii() and text.isdigit() and len(text) < 8 and int(text) > 0):
        raise argparse.ArgumentTypeError(f"expected a number of requests a minute, got {text!r}")
    return int(text)


def _topics(config: Config, texts: Sequence[str]) -> list[str]:
    """Return the names of topics given by name, alias or slug. Raises UnknownTopicError.

    Before the first build, no topic is known, and any is accepted.
    """
    from ..api.topics import TopicLookup
    from ..errors import StoreMissingError
    from ..store import open_store

    if not texts:
        return []
    lookup, store = TopicLookup(config), open_store(config.state)
    try:
        with store.read() as snapshot:
            keys = lookup.require(snapshot, texts)
    except StoreMissingError:
        print_message("syndicate partner add: nothing has been built yet, so --topic was not checked")
        return list(texts)
    finally:
        store.close()
    return [text if keys[text] in lookup.keys([text]) else keys[text] for text in texts]


def _path(config: Config) -> str:
    """Return the path of the partners' file, from the configuration or the default beside it."""
    import os

    from ..config import Api

    if config.api is not None:
        return config.api.partners
    print_message(f"syndicate: {config.path} has no section 'api': the partner API is disabled until it has one")
    return os.path.join(os.path.dirname(os.path.abspath(config.path)), Api().partners)
