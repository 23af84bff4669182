"""Columns of numbers as bytes: the form in which a whole study is sent.

A stream is frames, one after the other. A frame is, in this order:

====================  ============================================================
3 bytes               ``TTF``
1 byte                1 if the head is deflated (zlib), else 0
4 bytes, big-endian   how long the head is, as it stands here
4 bytes, big-endian   how long the body is
the head              a JSON object in ASCII; its ``columns`` lists [name, type, values] each
the body              the columns, one after the other, in the order of the head
====================  ============================================================

A type is ``i1``, ``i2``, ``i4``, ``i8`` or ``f8``: signed integers and floats of so many bytes,
little-endian. What a frame is about is for its head to say; see `trimtab.storage.wire.histories`.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from trimtab.errors import InvalidArgument
from trimtab.storage.wire.columns import KINDS, smallest_kind
from trimtab.storage.wire.text import from_bytes, to_bytes

MAX_HEAD: Final = 64 << 20
"""Bytes of a head, inflated: who reads frames holds one at a time, and no larger one."""

MAX_BODY: Final = 64 << 20
"""Bytes of a body."""

_START: Final = struct.Struct(">3sBII")
_MAGIC: Final = b"TTF"
_WORTH_DEFLATING: Final = 64 << 10


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame.

    Attributes:
        head: A JSON object.
        columns: By name, each of shape (values,).
    """

    head: Mapping[str, Any]
    columns: Mapping[str, NDArray[Any]]


def dump_frame(head: Mapping[str, Any], columns: Mapping[str, NDArray[Any]]) -> bytes | None:
    """A frame, or None if it would be too large.

    Args:
        head: Plain JSON; ``columns`` is added to it.
        columns: Of floats, or of integers, which become as few bytes as hold them all.
    """
    told, parts = [], []
    for name, column in columns.items():
        kind = "f8" if column.dtype == np.float64 else smallest_kind(column)
        told.append([name, kind, len(column)])
        parts.append(column.astype(KINDS[kind]).tobytes())
    text = to_bytes({**head, "columns": told})
    size = sum(map(len, parts))
    if len(text) > MAX_HEAD or size > MAX_BODY:
        return None
    is_deflated = len(text) > _WORTH_DEFLATING
    if is_deflated:
        text = zlib.compress(text, 1)
    return b"".join([_START.pack(_MAGIC, is_deflated, len(text), size), text, *parts])


def load_frames(chunks: Iterable[bytes]) -> Iterator[Frame]:
    """The frames of a stream, whatever the pieces in which it comes.

    No more is held than one frame, and nothing is reserved before it has come.

    Raises:
        InvalidArgument: If these are no frames, one is too large, or the last one is cut off.
    """
    stream = _Stream(chunks)
    while start := stream.take(_START.size, may_end=True):
        magic, is_deflated, head_size, body_size = _START.unpack(start)
        if magic != _MAGIC or is_deflated > 1:
            raise InvalidArgument("frame", "the beginning of a frame", start)
        if head_size > MAX_HEAD or body_size > MAX_BODY:
            raise InvalidArgument("frame", "one that is not too large", (head_size, body_size))
        text = stream.take(head_size)
        head = from_bytes(_inflated(text) if is_deflated else text)
        yield Frame(head, _columns(head, stream.take(body_size)))


def _inflated(text: bytes) -> bytes:
    machine = zlib.decompressobj()
    try:
        plain = machine.decompress(text, MAX_HEAD)
    except zlib.error as error:
        raise InvalidArgument("head", f"deflated text ({error})", text[:20]) from error
    if not machine.eof or machine.unused_data:
        raise InvalidArgument("head", "deflated text that ends, and is not too large", len(text))
    return plain


def _columns(head: Any, body: bytes) -> dict[str, NDArray[Any]]:
    columns = {}
    begin = 0
    try:
        for name, kind, values in head["columns"]:
            column = np.dtype(KINDS[kind])
            end = begin + column.itemsize * values
            if not begin <= end <= len(body):
                raise InvalidArgument("columns", f"{len(body)} bytes in all", head["columns"])
            columns[str(name)] = np.frombuffer(body[begin:end], dtype=column)
            begin = end
    except (TypeError, LookupError, ValueError) as error:
        raise InvalidArgument("columns", "[name, type, values] each", head) from error
    if begin != len(body):
        raise InvalidArgument("columns", f"{len(body)} bytes in all", begin)
    return columns


class _Stream:
    """Bytes that come in pieces, taken in others."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = iter(chunks)
        self._held = bytearray()

    def take(self, size: int, *, may_end: bool = False) -> bytes:
        """The next ``size`` bytes; none at the end of the stream, where that may be."""
        while len(self._held) < size:
            chunk = next(self._chunks, None)
            if chunk is None:
                if may_end and not self._held:
                    return b""
                raise InvalidArgument("frame", f"{size} bytes", len(self._held))
            self._held += chunk
        taken = bytes(self._held[:size])
        del self._held[:size]
        return taken
