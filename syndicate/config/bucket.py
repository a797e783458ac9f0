"""The output as the configuration names it: a folder, or a bucket of object storage with its options."""

import os
import re
from typing import Annotated, NamedTuple
from urllib.parse import unquote, urlsplit

from .options import Option
from .sections import ConfigSection

_BUCKET = re.compile(r"(s3|gs|az)://([A-Za-z0-9][A-Za-z0-9._-]{1,221})(/[^?#]*)?", re.ASCII)
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_SEGMENT = re.compile(r"[A-Za-z0-9!_.*'()~@=,+$-]+", re.ASCII)


class BucketOptions(NamedTuple):
    """Access to the bucket, where `output` or `bucket.url` names one. Credentials are read from the environment."""

    url: Annotated[
        str, Option("Bucket that `syndicate deploy` copies the output folder to: `s3://`, `gs://` or `az://`.")
    ] = ""
    endpoint: Annotated[
        str, Option("Address of the service, where it is not the vendor's own.", is_url=True, default="the vendor's")
    ] = ""
    region: Annotated[str, Option("Region of the bucket.", default="from the environment")] = ""
    concurrency: Annotated[int, Option("Number of concurrent requests.", minimum=1, maximum=256)] = 16
    allow_http: Annotated[bool, Option("Allow an `endpoint` that is not encrypted.")] = False
    delete_after_s: Annotated[
        int,
        Option(
            "Time for which a document stays in the bucket that no feed names any more, in seconds. It must be longer"
            " than caches keep the documents that named it.",
            minimum=0,
        ),
    ] = 3600


class BucketUrl(NamedTuple):
    """The address of a place in object storage. `prefix` has no slash at its ends."""

    scheme: str
    bucket: str
    prefix: str

    def __str__(self) -> str:
        return f"{self.scheme}://{self.bucket}/{self.prefix}".rstrip("/") + "/"


def is_bucket(output: str) -> bool:
    """Returns whether an output is a bucket, and not a folder."""
    return output.startswith(("s3://", "gs://", "az://"))


def parse_bucket_url(text: str) -> BucketUrl:
    """Returns the parts of an address such as `s3://feeds-example/news/`.

    Raises ValueError for any other, with a message that does not repeat it: it may contain credentials.
    """
    match = _BUCKET.fullmatch(text)
    if not match:
        raise ValueError("expected a bucket such as 's3://feeds-example/news/', without credentials and parameters")
    prefix = (match[3] or "").strip("/")
    if prefix and not all(_SEGMENT.fullmatch(part) and part not in {".", ".."} for part in prefix.split("/")):
        raise ValueError("a folder of the bucket has a name that cannot be used")
    return BucketUrl(match[1], match[2], prefix)


def read_output(text: str, root: ConfigSection, folder: str) -> str:
    """Returns the output as a bucket's address or as an absolute path. Reports an address that cannot be used."""
    if is_bucket(text):
        return read_bucket_url(text, root, "output")
    if text.startswith("file://"):
        parts = urlsplit(text)
        path = unquote(parts.path)
        if parts.netloc not in {"", "localhost"} or not path.strip("/") or parts.query or parts.fragment:
            root.report("output", "expected a folder such as 'file:///srv/feeds'")
        return os.path.join(folder, path)
    if _SCHEME.match(text):
        root.report("output", "expected a folder, or an address that begins with s3://, gs://, az:// or file://")
    return os.path.join(folder, text)


def read_bucket_options(options: BucketOptions, root: ConfigSection) -> BucketOptions:
    """Returns the options with a checked address. Reports what cannot be used."""
    section = root.section("bucket")
    if options.endpoint.startswith("http://") and not options.allow_http:
        section.report("endpoint", "is not encrypted: set bucket.allow_http to allow that")
    url = read_bucket_url(options.url, section, "url") if options.url else ""
    return options._replace(url=url, endpoint=options.endpoint.rstrip("/"))


def read_bucket_url(text: str, section: ConfigSection, key: str) -> str:
    """Returns the address of a place in object storage, with a slash at its end. Reports one that cannot be used."""
    try:
        return str(parse_bucket_url(text))
    except ValueError as error:
        section.report(key, str(error))
        return ""
