"""The commands `serve` and `headers`."""

from __future__ import annotations

import argparse

from .console import DONE, configure_logging, load_config

KINDS = ("nginx", "caddy", "apache", "netlify", "cloudflare", "cloudfront", "fastly")
"""The kinds of servers and CDNs for which `headers` prints a configuration (`serve.server_config`)."""


def port(text: str) -> int:
    """Parse a port number; 0 selects any free port."""
    if not (text.isascii() and text.isdigit() and int(text) < 65536):
        raise argparse.ArgumentTypeError(f"expected a port (0 to 65535), got {text!r}")
    return int(text)


def serve(options: argparse.Namespace) -> int:
    """Serve the output folder until SIGTERM or SIGINT."""
    from ..serve.app import AddRoutes
    from ..serve.app import serve as run

    config = load_config(options.config)
    configure_logging(options.log_format, quiet=False)
    host = config.serve.host if options.host is None else options.host
    add_routes: list[AddRoutes] = []
    if config.api is not None:
        from ..api.routes import add_routes as add_api_routes

        add_routes.append(add_api_routes)
    run(config, host, config.serve.port if options.port is None else options.port, add_routes)
    return DONE


def headers(options: argparse.Namespace) -> int:
    """Print the configuration of another server."""
    from ..serve.server_config import render_server_config

    print(render_server_config(load_config(options.config), options.kind), end="")
    return DONE
