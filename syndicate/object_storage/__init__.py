"""Object storage (S3, Google Cloud Storage, Azure) as the few operations that an output needs, through obstore.

obstore retries what a service answers with 5xx and 429, with exponential backoff. Its synchronous functions run in
threads of a pool: they release the interpreter lock, whereas its coroutines can abort the process at exit.

Messages of errors are one line. They contain no query of an address, which may hold a signature, and no header.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from ..config.bucket import BucketOptions, BucketUrl
from ..errors import OutputError
from .aws_credentials import profile_credentials
from .metadata_names import MetadataNames

if TYPE_CHECKING:
    from obstore.store import AzureStore, GCSStore, S3Store

    Store = S3Store | GCSStore | AzureStore

MULTIPART_BYTES = 8 * 1024 * 1024
"""A larger object is sent in parts of this size."""
_RETRIES, _RETRY_TIMEOUT_S = 10, 120
_AT_ONCE = 1000  # tasks that wait for a thread: results come back in order
_QUERY = re.compile(r"\?[^\s\"')>]*")
_STATUS_TEXT = re.compile(r"<Code>([^<]{1,80})</Code>(?:\s*<Message>([^<]{1,200})</Message>)?")

Item = TypeVar("Item")
Result = TypeVar("Result")


class ObjectExistsError(Exception):
    """An object exists already that was to be created, or is not the version that was to be replaced."""


class ObjectVersion(NamedTuple):
    """What a condition of `replace` names: the ETag without quotes, and the generation where a service has one."""

    etag: str
    generation: str | None = None


class ObjectMeta(NamedTuple):
    """What a service knows of an object. `etag` identifies its bytes; `attributes` are its headers, if requested."""

    path: str
    etag: str
    size_bytes: int
    modified_s: int
    attributes: Mapping[str, str] = {}
    generation: str | None = None

    @property
    def version(self) -> ObjectVersion:
        """The version to name when the object is to be replaced."""
        return ObjectVersion(self.etag, self.generation)


class ObjectStorage:
    """The objects below one prefix of a bucket. Paths are relative to the prefix. Errors are OutputError."""

    def __init__(self, url: BucketUrl, options: BucketOptions) -> None:
        self._url = url
        self._options = options
        self._metadata = MetadataNames("_" if url.scheme == "az" else "-")

    def __reduce__(self) -> tuple[type[ObjectStorage], tuple[BucketUrl, BucketOptions]]:
        return ObjectStorage, (self._url, self._options)  # connections stay in their process

    def __str__(self) -> str:
        return str(self._url)

    # -------------------------------------------------------------------------------------------------- one object

    def read(self, path: str, length_bytes: int | None = None) -> tuple[bytes, ObjectMeta] | None:
        """Returns an object, or its first bytes; None when there is none."""
        import obstore

        try:
            with self._errors(path):
                if length_bytes is not None:
                    meta = self.head(path)
                    if meta is None or not meta.size_bytes:
                        return None if meta is None else (b"", meta)
                    length_bytes = min(length_bytes, meta.size_bytes)
                    return bytes(obstore.get_range(self._store, path, start=0, length=length_bytes)), meta
                found = obstore.get(self._store, path)
                return bytes(found.bytes()), _meta(found.meta, self._metadata.read(found.attributes))
        except FileNotFoundError:
            return None

    def read_below(self, path: str, max_bytes: int) -> tuple[bytes | None, ObjectMeta] | None:
        """Returns an object, without its content if it is longer; None when there is none."""
        import obstore

        try:
            with self._errors(path):
                found = obstore.get(self._store, path)
                meta = _meta(found.meta, {})
                return (None if meta.size_bytes > max_bytes else bytes(found.bytes())), meta
        except FileNotFoundError:
            return None

    def head(self, path: str) -> ObjectMeta | None:
        """Returns what is known of an object, with its attributes; None when there is none."""
        import obstore

        try:
            with self._errors(path):
                found = obstore.get(self._store, path, options={"head": True})
                return _meta(found.meta, self._metadata.read(found.attributes))
        except FileNotFoundError:
            return None

    def put(self, path: str, content: bytes, attributes: Mapping[str, str] | None = None) -> str:
        """Writes an object as a whole, in parts if it is large, and returns its ETag."""
        import obstore

        with self._errors(path, missing="the bucket does not exist"):
            result = obstore.put(
                self._store,
                path,
                content,
                attributes=self._metadata.write(attributes or {}),
                use_multipart=len(content) > MULTIPART_BYTES,
                chunk_size=MULTIPART_BYTES,
            )
        return _version(result).etag

    def create(self, path: str, content: bytes, attributes: Mapping[str, str] | None = None) -> ObjectVersion:
        """Writes an object that must not exist (`If-None-Match: *`). Raises ObjectExistsError if it does."""
        return self._put_if(path, content, "create", attributes)

    def replace(self, path: str, content: bytes, version: ObjectVersion) -> ObjectVersion:
        """Replaces one version of an object (`If-Match`). Raises ObjectExistsError if it is not the present one."""
        mode = {"e_tag": f'"{version.etag}"'}
        if version.generation is not None:
            mode["version"] = version.generation
        return self._put_if(path, content, mode, None)

    def _put_if(self, path: str, content: bytes, mode: Any, attributes: Mapping[str, str] | None) -> ObjectVersion:
        import obstore
        from obstore.exceptions import AlreadyExistsError, PreconditionError

        try:
            with self._errors(path, missing="the bucket does not exist"):
                result = obstore.put(
                    self._store, path, content, attributes=self._metadata.write(attributes or {}), mode=mode
                )
        except (AlreadyExistsError, PreconditionError):
            raise ObjectExistsError(path) from None
        return _version(result)

    # ------------------------------------------------------------------------------------------------- many objects

    def all(self, folder: str = "") -> Iterator[ObjectMeta]:
        """Yields all objects, or those of a folder, in the order of their paths, without their attributes.

        The object of no bytes that a console makes for the folder itself is none of them.
        """
        import obstore

        with self._errors(""):
            for chunk in obstore.list(self._store, folder or None, chunk_size=1000):
                for one in chunk:
                    if one["path"]:
                        yield _meta(one, {})

    def copy(self, path: str, target: str) -> str:
        """Copies an object with its attributes, within the service, and returns the ETag of the copy."""
        import obstore

        with self._errors(path, missing="a staged document does not exist any more"):
            obstore.copy(self._store, path, target)
        meta = self.head(target)
        return meta.etag if meta is not None else ""

    def delete(self, paths: Sequence[str]) -> None:
        """Deletes objects. One that does not exist is no error."""
        import obstore

        for start in range(0, len(paths), _AT_ONCE):
            batch = list(paths[start : start + _AT_ONCE])
            try:
                with self._errors(batch[0]):
                    obstore.delete(self._store, batch)
            except FileNotFoundError:
                self.each(self._delete_one, batch)

    def each(self, work: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
        """Returns the results of a function for each item, which runs in threads. The first error ends it."""
        results: list[Result] = []
        remaining = iter(items)
        with ThreadPoolExecutor(self._options.concurrency, thread_name_prefix="bucket") as threads:
            while batch := list(islice(remaining, _AT_ONCE)):
                futures = [threads.submit(work, item) for item in batch]
                try:
                    results += [future.result() for future in futures]
                except BaseException:
                    threads.shutdown(cancel_futures=True)
                    raise
        return results

    def _delete_one(self, path: str) -> None:
        import obstore

        try:
            with self._errors(path):
                obstore.delete(self._store, path)
        except FileNotFoundError:
            return

    # -------------------------------------------------------------------------------------------------------- parts

    @cached_property
    def _store(self) -> Store:
        with self._errors(""):
            return _open(self._url, self._options)

    @contextmanager
    def _errors(self, path: str, missing: str = "") -> Iterator[None]:
        """Raises OutputError for what obstore raises, but for the expected: FileNotFoundError and conditions."""
        try:
            import obstore
            from obstore.exceptions import AlreadyExistsError, BaseError, PreconditionError
        except ImportError:
            message = "needs a package that is not installed: pip install 'syndicate-feeds[bucket]'"
            raise OutputError(f"{self._url}: {message}") from None
        del obstore
        try:
            yield
        except (AlreadyExistsError, PreconditionError):
            raise
        except FileNotFoundError:
            if missing:
                raise OutputError(f"{self._url}: {missing}") from None
            raise
        except (BaseError, OSError, ValueError) as error:
            raise OutputError(f"{self._url}{path}: {_reason(error)}") from None


def _open(url: BucketUrl, options: BucketOptions) -> Store:
    from obstore.store import AzureStore, GCSStore, S3Store

    common: dict[str, Any] = {
        "client_options": {
            "allow_http": options.allow_http,
            "connect_timeout": timedelta(seconds=10),
            "timeout": timedelta(seconds=120),
            "user_agent": "syndicate",
        },
        "retry_config": {
            "max_retries": _RETRIES,
            "retry_timeout": timedelta(seconds=_RETRY_TIMEOUT_S),
            "backoff": {"init_backoff": timedelta(milliseconds=100), "max_backoff": timedelta(seconds=10), "base": 2},
        },
    }
    prefix = url.prefix or None
    match url.scheme:
        case "s3":
            stated: dict[str, Any] = {"endpoint": options.endpoint} if options.endpoint else {}
            region = options.region or os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
            if (credentials := profile_credentials(os.environ)) is not None:
                stated["credential_provider"] = credentials
                region = region or credentials.region
            stated["region"] = region or "us-east-1"
            return S3Store(url.bucket, prefix=prefix, **stated, **common)
        case "gs":
            stated = {"base_url": options.endpoint} if options.endpoint else {}
            return GCSStore(url.bucket, prefix=prefix, **stated, **common)
        case _:
            stated = {"endpoint": options.endpoint} if options.endpoint else {}
            return AzureStore(url.bucket, prefix=prefix, **stated, **common)


def _meta(found: Any, attributes: Mapping[str, str]) -> ObjectMeta:
    modified_s = int(found["last_modified"].timestamp())
    etag, generation = _version(found)
    return ObjectMeta(found["path"], etag, found["size"], modified_s, attributes, generation)


def _version(found: Any) -> ObjectVersion:
    # Azure quotes the ETag in headers, and does not in listings.
    return ObjectVersion((found["e_tag"] or "").strip('"'), found.get("version"))


def _reason(error: Exception) -> str:
    """Returns one line about an error, without the details that obstore appends and without queries of addresses."""
    text = str(error).partition("\n\nDebug source:")[0]
    if (stated := _STATUS_TEXT.search(text)) is not None:
        reason = f"{stated[1]}: {stated[2]}" if stated[2] else stated[1]
    else:
        reason = text
    return _QUERY.sub("?…", " ".join(reason.split()))[:300]
