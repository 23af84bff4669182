"""How many wrong tokens an address may show."""

from __future__ import annotations

import ipaddress
import secrets
import time
from array import array
from collections.abc import Callable
from hashlib import blake2b
from typing import Final

_SLOTS: Final = 4096
_IPV6_SITE: Final = 64


class Guesses:
    """A bucket of guesses for each address, which fills again with time.

    Addresses are told apart by a keyed hash of 12 bits, so that the memory is the same however
    many there are. Who shares a bucket by chance shares its limit; nobody can choose with whom.

    Args:
        a_minute: How many wrong tokens an address may show in a minute, and at once.
        clock: Monotonic seconds.
    """

    def __init__(self, a_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._most = float(a_minute)
        self._clock = clock
        self._salt = secrets.token_bytes(16)
        self._left = array("d", [self._most]) * _SLOTS
        self._seen = array("d", [clock()]) * _SLOTS

    def wait(self, address: str) -> float:
        """Seconds until this address may show a token; 0: now."""
        left = self._fill(self._slot(address))
        return 0.0 if left >= 1.0 else (1.0 - left) * 60.0 / self._most

    def wrong(self, address: str) -> None:
        """Note that this address has shown a wrong token."""
        slot = self._slot(address)
        self._left[slot] = max(self._fill(slot) - 1.0, 0.0)

    def _fill(self, slot: int) -> float:
        now = self._clock()
        gained = (now - self._seen[slot]) * self._most / 60.0
        self._seen[slot] = now
        self._left[slot] = min(self._left[slot] + gained, self._most)
        return self._left[slot]

    def _slot(self, address: str) -> int:
        digest = blake2b(_site(address).encode(), digest_size=4, key=self._salt).digest()
        return int.from_bytes(digest) % _SLOTS


def _site(address: str) -> str:
    """What one person can have all of: an IPv4 address, or a network of 2**64 IPv6 addresses."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if parsed.version == 4:
        return address
    return str(ipaddress.ip_network((parsed, _IPV6_SITE), strict=False))
