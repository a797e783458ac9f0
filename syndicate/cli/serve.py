"""The commands `serve` and `headers`."""

from __future__ import annotations

import argparse
import os
from typing import TYPE_CHECKING

from ..errors import SyndicateError
from .console import DONE, USAGE, configure_logging, load_config, print_message

if TYPE_CHECKING:
    from ..config import Config

HTML = "html"
SYSTEMD = "systemd"
KINDS = ("nginx", "caddy", "apache", "netlify", "cloudflare", "cloudfront", "fastly", SYSTEMD, HTML)
"""What `headers` prints: the configuration of a server (`serve.server_config`), the units of systemd
(`serve.systemd_units`), or HTML for the pages of a site (`formats.html.snippet`).
"""


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
    """Print the configuration of another server, the units of systemd, or HTML for the pages of a site."""
    if options.kind == SYSTEMD:
        return _units(options)
    if options.into is not None:
        print_message("syndicate: --into is for systemd: redirect the output of the others to a file")
        return USAGE
    config = load_config(options.config)
    if options.kind == HTML:
        return _snippet(config)
    from ..serve.server_config import render_server_config

    print(render_server_config(config, options.kind), end="")
    return DONE


def _snippet(config: Config) -> int:
    """Print links to the feeds, for the pages of the site that they are about."""
    from ..formats import CATALOG_FILE
    from ..formats.html.snippet import render_snippet

    selection, catalog_url = config.selection, f"{config.site.url}{CATALOG_FILE.file_name}"
    print(render_snippet(config.site, selection.formats, catalog_url, has_feed_of_all=selection.all), end="")
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
