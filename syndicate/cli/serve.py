"""The commands `serve` and `headers`."""

from __future__ import annotations

import argparse
import os

from ..errors import SyndicateError
from .console import DONE, USAGE, configure_logging, load_config, print_message

KINDS = ("nginx", "caddy", "apache", "netlify", "cloudflare", "cloudfront", "fastly", "systemd")
"""What `headers` prints a configuration for (`serve.server_config`, `serve.systemd_units`)."""


ACCESS_LOG_FORMATS = ("combined", "json")
"""The formats of the access log (`serve.access_log`)."""


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
    run(config, host, config.serve.port if options.port is None else options.port, add_routes, options.access_log)
    return DONE


def headers(options: argparse.Namespace) -> int:
    """Print the configuration of another server, or the units of systemd."""
    if options.kind == "systemd":
        return _units(options)
    if options.into is not None:
        print_message("syndicate: --into is for systemd: redirect the output of the others to a file")
        return USAGE
    from ..serve.server_config import render_server_config

    print(render_server_config(load_config(options.config), options.kind), end="")
    return DONE


def _units(options: argparse.Namespace) -> int:
    """Print the units of systemd, each below a comment with its name, or write them to files."""
    from ..serve.systemd_units import missing_folders, render_units

    config = load_config(options.config)
    for name, text in render_units(config, options.config).items():
        if options.into is None:
            print(f"# {name}\n{text}")
            continue
        path = os.path.join(options.into, name)
        try:
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
        except OSError as error:
            raise SyndicateError(f"{path}: cannot be written: {error.strerror}") from None
        print_message(f"wrote {path}")
    if missing := missing_folders(config):
        folders = " and ".join(missing)
        print_message(f"syndicate: run syndicate build before systemd starts these: it creates {folders}")
    return DONE
