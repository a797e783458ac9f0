"""Compressed documents: files for hosts that send them as they are, and what `syndicate serve` sends.

The bytes are a function of the document: they contain no time.
"""

import gzip
import zlib

import brotli
import zstandard

from ..model import Document

SMALLEST_BYTES = 256  # a smaller document is shorter than the header fields of its response
_GZIP_LEVEL = 6
# For the sample's documents, quality 11 gives 1/8 fewer bytes and takes 100 times as long.
_BROTLI_QUALITY = 5
_ZSTD_LEVEL = 9


def compress(content: bytes, encoding: str) -> bytes:
    """Returns bytes in a content coding: `gzip` (RFC 1952), `br` (RFC 7932) or `zstd` (RFC 8878)."""
    match encoding:
        case "gzip":
            return gzip.compress(content, _GZIP_LEVEL, mtime=0)
        case "br":
            return bytes(brotli.compress(content, mode=brotli.MODE_TEXT, quality=_BROTLI_QUALITY))
        case "zstd":
            return zstandard.ZstdCompressor(level=_ZSTD_LEVEL).compress(content)
        case _:
            raise ValueError(encoding)


def compressed_variants(document: Document) -> list[Document]:
    """Returns a document in gzip (RFC 1952) and Brotli (RFC 7932), or nothing when it is too small to gain by it."""
    path, content = document
    if len(content) < SMALLEST_BYTES:
        return []
    return [
        Document(path=f"{path}.gz", content=compress(content, "gzip")),
        Document(path=f"{path}.br", content=compress(content, "br")),
    ]


def decompress_head(path: str, content: bytes, length_bytes: int) -> bytes:
    """Returns the first decompressed bytes of a variant at `path`, or nothing when `content` is not compressed so."""
    try:
        if path.endswith(".gz"):
            return zlib.decompressobj(16 + zlib.MAX_WBITS).decompress(content, length_bytes)
        return bytes(brotli.Decompressor().process(content, output_buffer_limit=length_bytes))
    except (zlib.error, brotli.error):
        return b""
