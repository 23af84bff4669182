"""What the nodes of a Ray cluster have."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any, Final

from trimtab.errors import InvalidArgument
from trimtab.tune.resources import PlacementGroupFactory, amounts

_FRESH: Final = 1.0
"""Seconds for which an answer of the cluster is believed."""
_TOLERANCE: Final = 1e-4
"""Ray's own unit of a resource."""


class Nodes:
    """The nodes of the cluster that this process is connected to.

    Args:
        ray: The module.
    """

    def __init__(self, ray: Any) -> None:
        self._ray = ray
        self._asked = -_FRESH
        self._there: list[dict[str, float]] = []

    def there(self) -> list[dict[str, float]]:
        """What each node has that lives now."""
        now = time.monotonic()
        if now - self._asked >= _FRESH:
            self._there = [_named(node["Resources"]) for node in self._ray.nodes() if node["Alive"]]
            self._asked = now
        return self._there

    def has_room(self, held: Sequence[PlacementGroupFactory], needs: PlacementGroupFactory) -> bool:
        """Whether the nodes together have enough beside what is held."""
        total: dict[str, float] = {}
        for node in self.there():
            for name, amount in node.items():
                total[name] = total.get(name, 0.0) + amount
        for each in held:
            for name, amount in each.required_resources.items():
                total[name] = total.get(name, 0.0) - amount
        return _covers(total, needs.required_resources)

    def check(self, needs: PlacementGroupFactory) -> None:
        """Refuse what can be placed on no nodes.

        Raises:
            InvalidArgument: That says what there is.
        """
        if not _can_place(needs, self.there()):
            raise InvalidArgument(
                "resources",
                f"no more than the cluster's nodes have ({self}), or "
                "RayExecutor(autoscaling=True) where it adds nodes that have it",
                " + ".join(amounts(bundle) for bundle in needs.bundles),
            )

    def __str__(self) -> str:
        return "; ".join(sorted(amounts(_plain(node)) for node in self.there()))


def _can_place(needs: PlacementGroupFactory, nodes: Sequence[Mapping[str, float]]) -> bool:
    """Whether all bundles find their places on nodes that nothing else uses.

    Each goes to the first node that has room for it, the largest first: Ray itself does no better.
    """
    together, apart = needs.strategy == "STRICT_PACK", needs.strategy == "STRICT_SPREAD"
    bundles = [needs.required_resources] if together else list(needs.bundles)
    free = [dict(node) for node in nodes]
    for bundle in sorted(bundles, key=lambda each: -sum(each.values())):
        place = next((node for node in free if _covers(node, bundle)), None)
        if place is None:
            return False
        if apart and any(bundle.values()):
            free = [node for node in free if node is not place]
        for name, amount in bundle.items():
            place[name] = place.get(name, 0.0) - amount
    return True


def _covers(there: Mapping[str, float], needs: Mapping[str, float]) -> bool:
    return all(there.get(name, 0.0) >= n - _TOLERANCE for name, n in needs.items() if n > 0)


def _named(resources: Mapping[str, float]) -> dict[str, float]:
    return {name: float(amount) for name, amount in resources.items()}


def _plain(node: Mapping[str, float]) -> dict[str, float]:
    """What people ask for: without the names that Ray gives each node, and its object store."""
    hidden = ("node:", "object_store_memory", "memory", "accelerator_type:")
    return {name: node[name] for name in sorted(node) if not name.startswith(hidden)}
