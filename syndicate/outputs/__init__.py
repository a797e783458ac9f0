"""Outputs: the places where documents are published. `base.py` states what each of them does."""

from typing import TYPE_CHECKING

from ..config.bucket import is_bucket

if TYPE_CHECKING:
    from ..config import Config
    from .base import Output
    from .bucket import BucketOutput


def open_output(config: "Config", run: str = "") -> "Output":
    """Returns the output that a configuration names. Nothing is read or written before its first method is called.

    `run` is the name of a run whose documents workers of other machines stage.
    """
    if is_bucket(config.output):
        return open_bucket(config, config.output, run)
    from .local import LocalOutput

    return LocalOutput(config.output, owner=config.site.authority, site_url=config.site.url, run=run)


def open_bucket(config: "Config", url: str, run: str = "") -> "BucketOutput":
    """Returns a bucket as the output of a site. Nothing is read or written before its first method is called."""
    import os

    from ..config.bucket import parse_bucket_url
    from ..object_storage import ObjectStorage
    from .bucket import BucketOutput, Ownership
    from .object_headers import HeaderPolicy
    from .publish_lock import PublishLock, holder_name
    from .spool import Spool

    objects = ObjectStorage(parse_bucket_url(url), config.bucket)
    return BucketOutput(
        objects,
        Ownership(config.site.authority, config.site.url),
        HeaderPolicy(config.serve.max_age_s, config.serve.archive_max_age_s, has_tags=bool(config.cdns)),
        Spool(os.path.join(config.scratch, "spool")),
        PublishLock(objects, holder_name(config.state)),
        config.bucket.delete_after_s,
        run,
    )
