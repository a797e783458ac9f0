"""Purges of the caches in front of a site: which requests each kind of cache wants, and how they are sent.

A kind is one module with a `Kind`, and one line in `kind_of`. Nothing else knows its name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .base import Kind


def kind_of(name: str) -> Kind:
    """Returns a kind of cache by its name in the configuration. Raises KeyError for an unknown one."""
    from . import cloudflare, cloudfront, fastly, varnish, webhook

    kinds: tuple[Kind, ...] = (cloudflare.KIND, cloudfront.KIND, fastly.KIND, varnish.KIND, webhook.KIND)
    return {kind.name: kind for kind in kinds}[name]
