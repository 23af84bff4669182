"""Every point of a finite space that is found while it is searched."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from trimtab.errors import InvalidArgument
from trimtab.records import EMPTY_SPACE, FINISHED, History
from trimtab.samplers.base import Proposal, Sampler
from trimtab.samplers.follow import Follower
from trimtab.space import (
    CategoricalDistribution,
    Distribution,
    FloatDistribution,
    IntDistribution,
    Internal,
    Space,
    grid_value,
)

_PATH = "bruteforce:path"
_TRIES = 32


class BruteForceSampler(Sampler):
    """Tries every point of a finite space once, in random order, then stops the study.

    The space need not be known: branches that exist only under another parameter's value are
    searched as they are found. A point counts as tried when its trial has finished, in whatever
    state. What is not known is drawn evenly: half of the draws give every known open end the same
    chance, the other half every value of a parameter that leads to an open end.

    The points known to be open are handed to one trial each; a trial that enters an unknown
    branch finds its way there alone, so that parallel workers may meet in one.

    Args:
        seed: Of the order.
        avoid_premature_stop: Do not stop while the trials that still run may find a branch
            (at the price of points tried twice meanwhile). Otherwise a study stops when all that
            is known is tried or being tried.
    """

    def __init__(self, seed: int | None = None, avoid_premature_stop: bool = False) -> None:
        super().__init__(seed)
        self._patient = avoid_premature_stop
        self._trees: Follower[_Tree] = Follower(_Tree)

    def search_space(self, history: History) -> Space:
        """Empty: a path is proposed by its values."""
        return EMPTY_SPACE

    def propose(
        self, history: History, space: Space, number: int, rng: np.random.Generator
    ) -> Proposal:
        """The values that lead to an open end, as far as the way is known.

        Raises:
            InvalidArgument: If trials do not agree on which parameter follows which values.
        """
        tree = self._trees.at(history)
        held = tree.release(number)
        path = held if held and tree.is_open(held) else tree.draw(rng, self._patient)
        if held is not None:
            tree.hold(number, held)
        return Proposal(
            np.full(len(space), np.nan),
            {_PATH: list(path)},
            {
                node.name: distribution.to_external_repr(value)
                for node, distribution, value in tree.along(path)
            },
        )

    def propose_one(
        self,
        history: History,
        space: Space,
        number: int,
        rng: np.random.Generator,
        given: Mapping[str, tuple[Distribution, Internal]],
    ) -> Proposal:
        """A value that leads to an open end; any value where nothing is known of the branch.

        Raises:
            InvalidArgument: If the parameter is continuous.
        """
        ((name, distribution),) = space.items()
        _levels(name, distribution)
        tree = self._trees.at(history)
        held = tree.release(number)
        node = tree.find([value for _, value in given.values()])
        known = node is not None and node.name == name and node.distribution == distribution
        value = node.draw(rng, False) if node is not None and known else None
        if held is not None:
            tree.hold(number, held)
        if value is None:
            return Proposal(rng.random(1))
        return Proposal(np.array([np.nan]), params={name: distribution.to_external_repr(value)})

    def exhausted(self, history: History, space: Space) -> bool:
        """Whether all that is known is tried (or being tried, unless we are to be patient)."""
        tree = self._trees.at(history)
        if tree.root.distribution is None:  # nothing is known yet
            return tree.root.ends == 0
        return tree.root.ends <= (0 if self._patient else tree.root.held)


class _Node:
    """What follows some values: a parameter, the end of a trial, or nothing known.

    Attributes:
        name: The parameter suggested next.
        distribution: Its distribution; None where nothing is known, and at an end.
        children: By internal value; a value without a child leads to something unknown.
        ends: How many open ends lie below; 1 where nothing is known.
        held: How many of them running trials head for.
        heading: Numbers of the trials that head for this very node.
    """

    __slots__ = ("children", "distribution", "ends", "heading", "held", "levels", "name")

    def __init__(self) -> None:
        self.name = ""
        self.distribution: Distribution | None = None
        self.levels = 0
        self.children: dict[Internal, _Node] = {}
        self.ends = 1
        self.held = 0
        self.heading: set[int] = set()

    @property
    def free(self) -> int:
        """Open ends that no running trial heads for."""
        return self.ends - self.held

    def expand(self, name: str, distribution: Distribution) -> int:
        """Learn which parameter comes next; returns how many ends more there are for it."""
        if self.distribution is None:
            self.name = name
        elif self.name != name:
            raise InvalidArgument(
                "name",
                f"{self.name!r}, which other trials with the same values before it went on with "
                "(BruteForceSampler needs an order that depends on those values only)",
                name,
            )
        if self.distribution == distribution:
            return 0
        self.distribution = distribution
        self.levels = _levels(name, distribution)
        inside = [child for v, child in self.children.items() if distribution._contains(v)]
        return self.levels - len(inside) + sum(child.ends for child in inside) - self.ends

    def draw(self, rng: np.random.Generator, with_held: bool) -> Internal | None:
        """A value that leads to an open end, or None where there is none.

        Args:
            rng: Draws.
            with_held: Whether ends that running trials head for are open too.
        """
        total = self.ends if with_held else self.free
        if self.distribution is None or total <= 0:
            return None
        distribution = self.distribution
        if rng.random() < 0.5:  # every value alike
            for _ in range(_TRIES):
                value = _value(distribution, _below(rng, self.levels))
                child = self.children.get(value)
                if child is None or (child.ends if with_held else child.free) > 0:
                    return value
        # Every open end alike; values that were never tried are one each.
        weights = {
            value: max(child.ends if with_held else child.free, 0)
            for value, child in self.children.items()
            if distribution._contains(value)
        }
        place = _below(rng, self.levels - len(weights) + sum(weights.values()))
        for value, weight in weights.items():
            if place < weight:
                return value
            place -= weight
        for _ in range(_TRIES):
            value = _value(distribution, _below(rng, self.levels))
            if value not in self.children:
                return value
        values = (_value(distribution, i) for i in range(self.levels))
        return [value for value in values if value not in self.children][place]


class _Tree:
    """All that is known of a space: parameters, in the order of their suggestion."""

    def __init__(self) -> None:
        self.root = _Node()
        self._paths: dict[int, tuple[Internal, ...]] = {}
        self._marked: dict[int, list[_Node]] = {}

    def absorb(self, history: History, rows: list[int], finished: list[int]) -> None:
        """See `Derived.absorb`."""
        for number in rows:
            self.release(number)
            path = history.system_attrs(number).get(_PATH)
            if path is not None and history.states[number] not in FINISHED:
                self.hold(number, tuple(path))
        for number in finished:
            self.release(number)
            self._add(history.layout(number), history.point(number))

    def hold(self, number: int, path: tuple[Internal, ...]) -> None:
        """Note that a running trial heads for the end of a path."""
        nodes = [self.root]
        for value in path:
            nodes.append(nodes[-1].children.setdefault(value, _Node()))
        self._paths[number] = path
        end = nodes[-1]
        if end.distribution is None and end.ends:
            _hold(nodes, 0 if end.heading else 1)
            end.heading.add(number)
            self._marked[number] = nodes

    def release(self, number: int) -> tuple[Internal, ...] | None:
        """Forget where a trial heads; returns it."""
        self._unmark(number)
        return self._paths.pop(number, None)

    def _unmark(self, number: int) -> None:
        nodes = self._marked.pop(number, None)
        if nodes is not None:
            nodes[-1].heading.discard(number)
            _hold(nodes, 0 if nodes[-1].heading else -1)

    def is_open(self, path: tuple[Internal, ...]) -> bool:
        """Whether a path leads to something unknown that no trial heads for."""
        node = self.find(list(path))
        return node is None or (node.distribution is None and node.free > 0)

    def find(self, values: list[Internal]) -> _Node | None:
        """Where values lead; None where that was never tried."""
        node: _Node | None = self.root
        for value in values:
            node = None if node is None else node.children.get(value)
        return node

    def along(self, path: tuple[Internal, ...]) -> list[tuple[_Node, Distribution, Internal]]:
        """The parameters that a path sets."""
        out = []
        node: _Node | None = self.root
        for value in path:
            if node is None or node.distribution is None:
                break
            out.append((node, node.distribution, value))
            node = node.children.get(value)
        return out

    def draw(self, rng: np.random.Generator, with_held: bool) -> tuple[Internal, ...]:
        """The way to an open end; a free one if there is any."""
        with_held = with_held and self.root.free <= 0
        path: list[Internal] = []
        node: _Node | None = self.root
        while node is not None:
            value = node.draw(rng, with_held)
            if value is None:
                break
            path.append(value)
            node = node.children.get(value)
        return tuple(path)

    def _add(self, space: Space, point: tuple[Internal, ...]) -> None:
        nodes = [self.root]
        for (name, distribution), value in zip(space.items(), point, strict=True):
            self._reveal(nodes[-1])
            _grow(nodes, nodes[-1].expand(name, distribution))
            if not distribution._contains(value):
                return  # set by hand, off the grid: no point of the space
            nodes.append(nodes[-1].children.setdefault(value, _Node()))
        if nodes[-1].distribution is None:
            self._reveal(nodes[-1])
            _grow(nodes, -nodes[-1].ends)

    def _reveal(self, node: _Node) -> None:
        """Something becomes known of a node: trials that head for it may go anywhere below."""
        for number in list(node.heading):
            self._unmark(number)


def _hold(nodes: list[_Node], ends: int) -> None:
    for node in nodes:
        node.held += ends


def _grow(nodes: list[_Node], ends: int) -> None:
    if ends:
        for node in nodes:
            node.ends += ends


def _levels(name: str, distribution: Distribution) -> int:
    if distribution.levels == 0:
        raise InvalidArgument(
            name, "a finite set of values (`step`) where BruteForceSampler is used", distribution
        )
    return distribution.levels


def _below(rng: np.random.Generator, n: int) -> int:
    """An integer in [0, n), of any size."""
    if n < 1 << 63:
        return int(rng.integers(n))
    return int.from_bytes(rng.bytes(n.bit_length() // 8 + 8), "little") % n


def _value(distribution: Any, index: int) -> Internal:
    if isinstance(distribution, CategoricalDistribution):
        return index
    if isinstance(distribution, IntDistribution):
        return distribution.low + index * distribution.step
    if isinstance(distribution, FloatDistribution) and distribution.step is not None:
        return grid_value(distribution, index)
    return float(distribution.low)
