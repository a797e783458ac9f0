"""Fragments as the index holds them: compressed, since they are nearly all of it.

The text of an entry stands in the fragments of each format. Zstandard (RFC 8878) makes a third of them. A build from
nothing takes no longer: workers compress, and the index to write is smaller.
"""

import threading

import zstandard

_LEVEL = 1
HEADER_BYTES = 18
"""The longest header of a frame (RFC 8878 §3.1.1.1), which states the size of the content."""


def pack(fragment: bytes) -> bytes:
    """Returns a fragment to store."""
    return _codecs.compressor.compress(fragment)


def unpack(stored: bytes) -> bytes:
    """Returns a stored fragment."""
    return _codecs.decompressor.decompress(stored)


def unpacked_size(head: bytes) -> int:
    """Returns the size of a fragment in bytes, from the first `HEADER_BYTES` of it as stored."""
    return int(zstandard.frame_content_size(head))


class _Codecs(threading.local):
    """A compressor and a decompressor for each thread: they keep their state outside the interpreter's lock."""

    def __init__(self) -> None:
        self.compressor = zstandard.ZstdCompressor(level=_LEVEL, write_checksum=False)
        self.decompressor = zstandard.ZstdDecompressor()


_codecs = _Codecs()
