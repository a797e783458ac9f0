"""The verb for those who read by the interface: partner add, list, remove."""

from __future__ import annotations

import argparse

from .console import DONE, load_config, print_message


def add(options: argparse.Namespace) -> int:
    """Write a new partner down, and print the key: once, since it is kept nowhere."""
    from ..api import partners

    key = partners.add(_path(options), options.name, options.topic, options.rate or partners.USUAL_RATE)
    print(key)
    print_message(f"{options.name} is a partner; the line above is the key, which nobody can show again")
    return DONE


def remove(options: argparse.Namespace) -> int:
    """Take a partner out: the key is good for nothing from now on."""
    from ..api import partners

    partners.remove(_path(options), options.name)
    return DONE


def show(options: argparse.Namespace) -> int:
    """Who the partners are, and what they may see; never their keys, nor their hashes."""
    from ..api import partners

    known = partners.load(_path(options))
    if options.json:
        import json

        print(json.dumps([{"name": one.name, "topics": one.topics, "rate": one.rate} for one in known]))
        return DONE
    for one in known:
        print(f"{one.name}: {', '.join(one.topics) or 'all topics'}; {one.rate} requests a minute")
    return DONE


def rate(text: str) -> int:
    """Requests a minute, as an argument states them."""
    if not (text.isascii() and text.isdigit() and len(text) < 8 and int(text) > 0):
        raise argparse.ArgumentTypeError(f"expected a number of requests a minute, got {text!r}")
    return int(text)


def _path(options: argparse.Namespace) -> str:
    """The file of partners: where the configuration says, or usually."""
    import os

    from ..config import Api

    config = load_config(options.config)
    if config.api is not None:
        return config.api.partners
    print_message(f"syndicate: {options.config} has no section api: nobody can ask until it has")
    return os.path.join(os.path.dirname(os.path.abspath(options.config)), Api().partners)
