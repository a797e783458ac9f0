"""Outputs: the places where documents are published. `base.py` states what each of them does."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..config import Config
    from .base import Output


def open_output(config: "Config") -> "Output":
    """Returns the output that a configuration names. Nothing is read or written before its first method is called."""
    from .local import LocalOutput

    return LocalOutput(config.output, owner=config.site.authority, site_url=config.site.url)
