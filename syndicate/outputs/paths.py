"""The names in an output: feeds, the marker, staged documents, compressed variants, what a bucket has beside them."""

from ..formats import file_names

FEED_NAMES = file_names()
"""The file names of newest documents and archives."""
MARKER = ".syndicate-output"
"""The document that names the site an output belongs to."""
STAGED_SUFFIX = ".syndicate-new"
"""Follows the path of a document that is staged and not published."""
STAGED_FOLDER = ".syndicate-staged/"
"""The folder of a bucket in which workers of other machines stage documents."""
LOCK = ".syndicate-lock"
"""The object that one machine holds while it publishes to a bucket."""
DELETIONS = ".syndicate-deletions"
"""The object that lists the documents to be deleted from a bucket, and when."""
DIGEST_METADATA = "syndicate-digest"
"""The name of the metadata of an object that is a digest of its bytes and headers."""
COMPRESSED_SUFFIXES = (".gz", ".br")


def plain_path(path: str) -> str:
    """Returns the path of the document that a compressed variant belongs to; of any other document, its own path."""
    return path[: path.rindex(".")] if path.endswith(COMPRESSED_SUFFIXES) else path


def is_document(path: str) -> bool:
    """Returns whether a path is that of a document itself: neither a compressed variant nor a staged document."""
    return plain_path(path) == path and not path.endswith(STAGED_SUFFIX)
