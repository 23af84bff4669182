"""From a ``param_space`` to configs: nested dictionaries, grids, conditions, computed values.

A parameter is a domain or a grid search somewhere in the nest; its name is its path, joined by
slashes. What stands in a branch of a choice is a parameter only of trials that take the branch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import product
from typing import Any, TypeAlias

from trimtab.errors import InvalidType
from trimtab.space import Internal, Space, check_name
from trimtab.space.domains import Choice, Domain, SampleFrom, grid_of
from trimtab.space.paths import SEPARATOR, Path, replaced

Pick: TypeAlias = Callable[[str, Domain], Internal]
"""Chooses the internal value of a parameter."""


@dataclass(frozen=True, slots=True)
class Variant:
    """One config, with what is known of it as a trial.

    Attributes:
        config: Nested, as the trainable sees it.
        space: The parameters that it has.
        point: Their internal values, in the order of ``space``.
    """

    config: dict[str, Any]
    space: Space
    point: tuple[Internal, ...]


class Config(dict[str, Any]):
    """A config that is its own ``config`` attribute: what `sample_from` functions are given."""

    @property
    def config(self) -> Config:
        """This config."""
        return self


@dataclass(frozen=True, slots=True)
class _Computed:
    """A value that waits until the rest of the config stands."""

    source: SampleFrom


@dataclass(slots=True)
class _Draft:
    """A config in the making."""

    tree: Any
    domains: dict[str, Domain] = field(default_factory=dict)
    values: dict[str, Internal] = field(default_factory=dict)

    def copy(self) -> _Draft:
        return _Draft(self.tree, dict(self.domains), dict(self.values))


class ParamSpace:
    """What the configs of a run may be.

    Args:
        param_space: Constants, domains, grid searches and computed values, nested at will.

    Raises:
        InvalidType: If it is not a dictionary with strings for keys.
    """

    def __init__(self, param_space: Mapping[str, Any]) -> None:
        if not isinstance(param_space, Mapping):
            raise InvalidType("param_space", "a dictionary", param_space)
        self.tree = dict(param_space)
        self._names: dict[tuple[Path, int], str] = {}
        self._grids: dict[int, Choice] = {}
        self._collect(self.tree, (), {})

    @property
    def domains(self) -> dict[str, Domain]:
        """The parameters that every trial has and that are drawn, by name, in order."""
        return {
            self._names[path, id(domain)]: domain
            for path, domain in _leaves(self.tree, ())
            if isinstance(domain, Domain)
        }

    @property
    def space(self) -> Space:
        """As the engine has them: what a sampler proposes jointly."""
        return Space({name: domain.distribution for name, domain in self.domains.items()})

    def variants(self, pick: Pick) -> Iterator[Variant]:
        """The configs of one sample: one, or where there are grids one for each combination.

        Grids go in the order of their names, the first of them varying fastest. Each config's
        domains are drawn for themselves.

        Args:
            pick: Chooses the value of every parameter that is not a grid's.
        """
        yield from self._complete(_Draft(self.tree), pick)

    def _complete(self, draft: _Draft, pick: Pick) -> Iterator[Variant]:
        grids = sorted(
            (
                (self._names[path, id(entry)], self._grids[id(entry)], path)
                for path, entry in _leaves(draft.tree, ())
                if id(entry) in self._grids
            ),
            key=lambda grid: grid[0],
        )
        if grids:
            # `product` varies its last factor fastest.
            for indices in product(*(range(len(g.categories)) for _, g, _ in reversed(grids))):
                made = draft.copy()
                for (name, grid, path), index in zip(grids, reversed(indices), strict=True):
                    made.domains[name], made.values[name] = grid, index
                    made.tree = replaced(made.tree, path, grid.value(index))
                yield from self._complete(made, pick)
            return
        drawn = [
            (path, entry) for path, entry in _leaves(draft.tree, ()) if isinstance(entry, Domain)
        ]
        for path, domain in drawn:
            name = self._names[path, id(domain)]
            internal = pick(name, domain)
            draft.domains[name], draft.values[name] = domain, internal
            draft.tree = replaced(draft.tree, path, domain.value(internal))
        if drawn:  # a branch that was chosen may hold more of either
            yield from self._complete(draft, pick)
            return
        config = _computed(draft.tree)
        names = sorted(draft.values, key=list(self._names.values()).index)
        yield Variant(
            config,
            Space({name: draft.domains[name].distribution for name in names}),
            tuple(draft.values[name] for name in names),
        )

    def _collect(self, entry: Any, path: Path, seen: dict[str, Domain]) -> None:
        """Name every parameter that may come up, once and for all."""
        grid = grid_of(entry)
        if grid is not None:
            self._grids[id(entry)] = grid
        domain = grid if grid is not None else entry
        if isinstance(domain, Domain):
            name = SEPARATOR.join(map(str, path))
            if not path:
                raise InvalidType("param_space", "a dictionary of domains", entry)
            check_name("param_space", name)
            n = 2
            while name in seen and seen[name].distribution != domain.distribution:
                # Branches that use one name for different things.
                name = f"{SEPARATOR.join(map(str, path))}#{n}"
                n += 1
            seen[name] = domain
            self._names[path, id(entry)] = name
            if isinstance(domain, Choice):
                for category in domain.categories:
                    self._collect(category, path, seen)
            return
        for key, inner in _items(entry):
            if isinstance(entry, Mapping) and not isinstance(key, str):
                raise InvalidType("param_space", "strings for keys", key)
            self._collect(inner, (*path, key), seen)


def _items(entry: Any) -> Iterator[tuple[Any, Any]]:
    if isinstance(entry, Mapping):
        yield from entry.items()
    elif isinstance(entry, (list, tuple)):
        yield from enumerate(entry)


def _leaves(entry: Any, path: Path) -> Iterator[tuple[Path, Any]]:
    """Whatever is to be replaced before a config stands: domains, grids, computed values."""
    if isinstance(entry, (Domain, SampleFrom)) or grid_of(entry) is not None:
        yield path, entry
        return
    for key, inner in _items(entry):
        yield from _leaves(inner, (*path, key))


def _computed(tree: dict[str, Any]) -> dict[str, Any]:
    """The config with its computed values, each of which sees those before it."""
    for path, source in list(_leaves(tree, ())):
        tree = replaced(tree, path, source.function(Config(tree)))
    return tree
