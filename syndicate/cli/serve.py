"""The verbs that show the tree to the world: serve, headers."""

from __future__ import annotations

import argparse

from .console import DONE, configure_logging, load_config

KINDS = ("nginx", "caddy", "apache", "netlify")


def port(text: str) -> int:
    """A port as an argument states it; 0 is any that is free."""
    if not (text.isascii() and text.isdigit() and int(text) < 65536):
        raise argparse.ArgumentTypeError(f"expected a port (0 to 65535), got {text!r}")
    return int(text)


def serve(options: argparse.Namespace) -> int:
    """Serve the output folder until told to stop."""
    from ..serve.app import Attach
    from ..serve.app import serve as run

    config = load_config(options.config)
    configure_logging(options.log_format, quiet=False)
    host = config.serve.host if options.host is None else options.host
    attach: list[Attach] = []
    if config.api is not None:
        from ..api.routes import attach as partners

        attach.append(partners)
    run(config, host, config.serve.port if options.port is None else options.port, attach=attach)
    return DONE


def headers(options: argparse.Namespace) -> int:
    """Print a configuration for another server."""
    from ..serve.server_config import recipe

    print(recipe(load_config(options.config), options.kind), end="")
    return DONE
