"""The commands `serve` and `headers`."""

from __future__ import annotations

import argparse

from .console import DONE, configure_logging, load_config

HTML = "html"
KINDS = ("nginx", "caddy", "apache", "netlify", HTML)
"""What `headers` prints: the configuration of a server (`serve.server_config`), or HTML for the pages of a site."""


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
    """Print the configuration of another server, or HTML for the pages of the site that the feeds are about."""
    config = load_config(options.config)
    if options.kind == HTML:
        from ..formats import CATALOG_FILE
        from ..formats.html.snippet import render_snippet

        selection, catalog_url = config.selection, f"{config.site.url}{CATALOG_FILE.file_name}"
        print(render_snippet(config.site, selection.formats, catalog_url, has_feed_of_all=selection.all), end="")
        return DONE
    from ..serve.server_config import render_server_config

    print(render_server_config(config, options.kind), end="")
    return DONE
