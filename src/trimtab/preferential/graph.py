"""Who beat whom, as nodes, edges and cycles."""

from __future__ import annotations

from dataclasses import dataclass

from trimtab.records import History, TrialState
from trimtab.samplers.preferential import beaten_pairs, read_judgements, standing


@dataclass(frozen=True, slots=True)
class PreferenceNode:
    """One trial that was judged.

    Attributes:
        number: Of the trial.
        wins: How many trials it beat, each time counted.
        losses: How often it lost.
        level: 0 for what nothing beats, 1 for what only those beat, and so on; the trials of a
            cycle share one.
        skipped: Whether it was set aside.
    """

    number: int
    wins: int
    losses: int
    level: int
    skipped: bool


@dataclass(frozen=True, slots=True)
class PreferenceGraph:
    """Who beat whom.

    Attributes:
        nodes: By number.
        edges: (better, worse, how often), each pair of trials and direction once.
        cycles: Groups of trials of which each beat the next by some way round, ascending; there
            is none where all judgements agree.
    """

    nodes: tuple[PreferenceNode, ...]
    edges: tuple[tuple[int, int, int], ...]
    cycles: tuple[tuple[int, ...], ...]


def preference_graph(history: History) -> PreferenceGraph:
    """Who beat whom, by the judgements that stand."""
    judgements = standing(read_judgements(history))
    there = set(history.usable(*TrialState).tolist())
    counts: dict[tuple[int, int], int] = {}
    for better, worse in beaten_pairs(judgements):
        if better in there and worse in there:
            counts[better, worse] = counts.get((better, worse), 0) + 1
    skipped = {n for j in judgements if j.mode == "skip" for n in j.retired if n in there}
    numbers = sorted({n for pair in counts for n in pair} | skipped)
    beats: dict[int, list[int]] = {number: [] for number in numbers}
    for better, worse in sorted(counts):
        beats[better].append(worse)
    groups = _components(beats)
    level = _levels(beats, groups)
    wins = dict.fromkeys(numbers, 0)
    losses = dict.fromkeys(numbers, 0)
    for (better, worse), times in counts.items():
        wins[better] += times
        losses[worse] += times
    return PreferenceGraph(
        tuple(PreferenceNode(n, wins[n], losses[n], level[n], n in skipped) for n in numbers),
        tuple((better, worse, times) for (better, worse), times in sorted(counts.items())),
        tuple(sorted(tuple(sorted(group)) for group in groups if len(group) > 1)),
    )


def _components(beats: dict[int, list[int]]) -> list[list[int]]:
    """Strongly connected components, each after all those that it beats (Tarjan, 1972).

    Without recursion: a chain of trials may be longer than Python's stack.
    """
    index: dict[int, int] = {}
    low: dict[int, int] = {}
    path: list[int] = []
    on_path: set[int] = set()
    groups: list[list[int]] = []
    for root, beaten in beats.items():
        if root in index:
            continue
        work = [(root, iter(beaten))]
        index[root] = low[root] = len(index)
        path.append(root)
        on_path.add(root)
        while work:
            node, rest = work[-1]
            for other in rest:
                if other not in index:
                    index[other] = low[other] = len(index)
                    path.append(other)
                    on_path.add(other)
                    work.append((other, iter(beats[other])))
                    break
                if other in on_path:
                    low[node] = min(low[node], index[other])
            else:
                work.pop()
                if work:
                    above = work[-1][0]
                    low[above] = min(low[above], low[node])
                if low[node] == index[node]:
                    group = []
                    while True:
                        member = path.pop()
                        on_path.discard(member)
                        group.append(member)
                        if member == node:
                            break
                    groups.append(group)
    return groups


def _levels(beats: dict[int, list[int]], groups: list[list[int]]) -> dict[int, int]:
    """The longest way down to each node from one that nothing beats."""
    group_of = {member: i for i, group in enumerate(groups) for member in group}
    level = [0] * len(groups)
    for i in range(len(groups) - 1, -1, -1):  # winners come last
        for member in groups[i]:
            for other in beats[member]:
                j = group_of[other]
                if j != i:
                    level[j] = max(level[j], level[i] + 1)
    return {member: level[group_of[member]] for member in group_of}
