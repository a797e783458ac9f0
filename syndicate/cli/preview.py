"""The command `preview`."""

from __future__ import annotations

import argparse

from .console import DONE, configure_logging, load_config
from .serve import port


def add_options(preview: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    preview.add_argument("--host", default="127.0.0.1", help="address to listen on (default: 127.0.0.1)")
    preview.add_argument(
        "--port", type=port, help="port to listen on, 0 for any (default: the first free one from 8080)"
    )
    preview.add_argument("--no-open", action="store_true", help="do not open a browser")
    preview.set_defaults(run=preview_site)


def preview_site(options: argparse.Namespace) -> int:
    """Show the site in a browser, and every change of it, until SIGTERM or SIGINT."""
    from ..preview.run import run_preview

    config = load_config(options.config)
    configure_logging("text", quiet=True)
    run_preview(config, options.host, options.port, _say, opens_browser=not options.no_open)
    return DONE


def _say(line: str) -> None:
    print(line, flush=True)
