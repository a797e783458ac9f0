"""Documents as hosts send them compressed: beside each, for those that send such files as they are.

The bytes are a function of the document's: no time stands in them.
"""

import gzip
import zlib

import brotli

from ..model import Document

_TOO_SMALL = 256  # bytes: less than the headers of the answer
_GZIP_LEVEL = 6
# Of the sample's documents, 11 makes an eighth less, and takes a hundred times as long.
_BROTLI_QUALITY = 5


def compressed(document: Document) -> list[Document]:
    """A document in gzip (RFC 1952) and Brotli (RFC 7932); nothing when that does not pay."""
    path, content = document
    if len(content) < _TOO_SMALL:
        return []
    return [
        Document(path=f"{path}.gz", content=gzip.compress(content, _GZIP_LEVEL, mtime=0)),
        Document(path=f"{path}.br", content=brotli.compress(content, mode=brotli.MODE_TEXT, quality=_BROTLI_QUALITY)),
    ]


def head_of(path: str, content: bytes, length: int) -> bytes:
    """The first bytes of what was compressed; nothing when it is none of it."""
    try:
        if path.endswith(".gz"):
            return zlib.decompressobj(16 + zlib.MAX_WBITS).decompress(content, length)
        return bytes(brotli.Decompressor().process(content, output_buffer_limit=length))
    except (zlib.error, brotli.error):
        return b""
