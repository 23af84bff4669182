"""What finds its place on the nodes of a Ray cluster."""

from types import SimpleNamespace
from typing import Any

import pytest

from trimtab.errors import InvalidArgument
from trimtab.tune.executors.nodes import Nodes
from trimtab.tune.resources import PlacementGroupFactory


def cluster(*nodes: dict[str, float]) -> Nodes:
    """A cluster of such nodes; a dead one with everything is among them."""
    told: list[dict[str, Any]] = [{"Alive": True, "Resources": node} for node in nodes]
    told.append({"Alive": False, "Resources": {"CPU": 100.0, "GPU": 100.0}})
    return Nodes(SimpleNamespace(nodes=lambda: told))


def bundles(*each: float, strategy: Any = "PACK") -> PlacementGroupFactory:
    return PlacementGroupFactory([{"CPU": n} for n in each], strategy)


@pytest.mark.parametrize(
    ("needs", "can"),
    [
        (bundles(4), True),
        (bundles(5), False),
        (bundles(2, 4), True),
        (bundles(2, 2, 2), True),
        (bundles(3, 3), False),
        (bundles(1, 3, strategy="STRICT_PACK"), True),
        (bundles(2, 3, strategy="STRICT_PACK"), False),
        (bundles(1, 1, strategy="STRICT_SPREAD"), True),
        (bundles(1, 1, 1, strategy="STRICT_SPREAD"), False),
        (bundles(1, 1, 1, strategy="SPREAD"), True),
        (bundles(0, 2, 4), True),
        (PlacementGroupFactory([{"CPU": 1, "label": 1}]), True),
        (PlacementGroupFactory([{"CPU": 3, "label": 1}]), False),
        (PlacementGroupFactory([{"CPU": 1, "GPU": 1}]), False),
        (PlacementGroupFactory([{"CPU": 1, "GPU": 0}]), True),
    ],
)
def test_what_can_be_placed(needs: PlacementGroupFactory, can: bool) -> None:
    nodes = cluster({"CPU": 4, "node:1": 1, "memory": 9}, {"CPU": 2, "label": 1})
    if can:
        nodes.check(needs)
        return
    with pytest.raises(InvalidArgument, match=r"\(2 CPU, 1 label; 4 CPU\).*autoscaling=True"):
        nodes.check(needs)


def test_what_is_left_beside_others() -> None:
    nodes = cluster({"CPU": 2}, {"CPU": 1})
    assert nodes.has_room([bundles(1), bundles(0.5)], bundles(1.5))
    assert not nodes.has_room([bundles(1, 1)], bundles(1.5))
    assert not cluster().has_room([], bundles(0.1))
