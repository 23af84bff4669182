"""Which parameters occur together."""

from __future__ import annotations

from collections.abc import Iterable


def decompose(layouts: Iterable[Iterable[str]], names: Iterable[str]) -> list[tuple[str, ...]]:
    """The coarsest groups such that every layout is a union of whole groups.

    Args:
        layouts: Names of the parameters of each kind of trial.
        names: What is to be grouped; a name that no layout has is a group of its own.

    Returns:
        Groups of ``names``, in their order.
    """
    wanted = list(dict.fromkeys(names))
    membership: dict[str, list[int]] = {name: [] for name in wanted}
    for index, layout in enumerate(layouts):
        for name in layout:
            if name in membership:
                membership[name].append(index)
    groups: dict[tuple[object, ...], list[str]] = {}
    for name in wanted:
        key: tuple[object, ...] = tuple(membership[name]) or (name,)
        groups.setdefault(key, []).append(name)
    return [tuple(group) for group in groups.values()]
