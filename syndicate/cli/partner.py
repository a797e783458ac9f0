"""The commands `partner add`, `partner list` and `partner remove`."""

from __future__ import annotations

import argparse

from .console import DONE, load_config, print_line, print_message


def add(options: argparse.Namespace) -> int:
    """Add a partner and print its key, which is stored nowhere."""
    from ..api import partners

    key = partners.add(_path(options), options.name, options.topic, options.rate or partners.DEFAULT_RATE)
    print(key)
    print_message(f"{options.name}: partner added; the line above is its key, which cannot be shown again")
    return DONE


def remove(options: argparse.Namespace) -> int:
    """Remove a partner; its key stops working immediately."""
    from ..api import partners

    partners.remove(_path(options), options.name)
    return DONE


def show(options: argparse.Namespace) -> int:
    """Print the partners with their topics and rates, without keys and hashes."""
    from ..api import partners

    known = partners.load(_path(options))
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


def _path(options: argparse.Namespace) -> str:
    """Return the path of the partners' file, from the configuration or the default beside it."""
    import os

    from ..config import Api

    config = load_config(options.config)
    if config.api is not None:
        return config.api.partners
    print_message(f"syndicate: {options.config} has no section 'api': the partner API is disabled until it has one")
    return os.path.join(os.path.dirname(os.path.abspath(options.config)), Api().partners)
