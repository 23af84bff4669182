"""Training once more with the schedule of parameters that a member of a population came to.

Jaderberg et al. (2017), "Population Based Training of Neural Networks", section 4.4: what a
population finds is a schedule, along the line of a member's ancestors.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import numpy as np

from trimtab.errors import InvalidArgument, InvalidType
from trimtab.records import History, StudyDirection
from trimtab.records.lineage import CONFIG, LINEAGE, flat_config
from trimtab.schedulers.base import CONTINUE, Decision, Exploit, Scheduler
from trimtab.schedulers.pbt import PAST
from trimtab.schedulers.progress import ITERATION, step_at, time_of
from trimtab.space.checks import check_count
from trimtab.space.paths import flattened

REPLAYED: Final = "replay:changes"
"""System attribute: how many changes of the policy are behind a trial."""


@dataclass(frozen=True, slots=True)
class Change:
    """From when on which parameters hold.

    Attributes:
        iteration: How many iterations lie behind; 0 for what training begins with.
        config: Parameters by path.
    """

    iteration: int
    config: Mapping[str, Any]


class PopulationBasedTrainingReplay(Scheduler):
    """Trains with a policy: a config to begin with, and others from certain iterations on.

    Every trial follows it, so that several show how far a result was luck. A trial goes on from
    its own last checkpoint when its config changes.

    Args:
        policy: `Change` records, or (iteration, config) pairs, in ascending order of iteration, the
            first at 0. `policy_of` makes one of a run's records, `parsed_policy` of a file that
            Ray Tune wrote; ``trimtab.tune.schedulers`` has this class for whole runs and files.

    Raises:
        InvalidArgument: If there is no change, the first is not at 0, or they are not ascending.
        InvalidType: If one is no pair of a whole number and a dictionary.
    """

    needs_checkpoints = True
    compares = False

    def __init__(self, policy: Sequence[Change | tuple[int, Mapping[str, Any]]]) -> None:
        super().__init__()
        self.policy = tuple(map(_change, policy))
        iterations = [change.iteration for change in self.policy]
        if not iterations or iterations[0] != 0:
            raise InvalidArgument("policy", "a config for iteration 0 first", policy)
        if any(a >= b for a, b in pairwise(iterations)):
            raise InvalidArgument("policy", "ascending iterations", iterations)

    def initial(self, config: Mapping[str, Any], rng: np.random.Generator) -> dict[str, Any]:
        """The policy's first config."""
        return dict(self.policy[0].config)

    def next_step(self, history: History, number: int) -> int | None:
        """When the next change is due; never, after the last."""
        done = self._done(history, number)
        if done == len(self.policy):
            return None
        return step_at(history, number, ITERATION, self.policy[done].iteration)

    def on_report(
        self, history: History, number: int, direction: StudyDirection, rng: np.random.Generator
    ) -> Decision:
        """`Exploit` of the trial's own checkpoint, where a change is due."""
        now, done = time_of(history, number, ITERATION), self._done(history, number)
        due = done
        while due < len(self.policy) and now is not None and now >= self.policy[due].iteration:
            due += 1
        if due == done:
            return CONTINUE
        return Exploit(number, dict(self.policy[due - 1].config), {REPLAYED: due})

    def _done(self, history: History, number: int) -> int:
        return int(history.system_attrs(number).get(REPLAYED, 1))


def policy_of(history: History, number: int) -> tuple[Change, ...]:
    """The schedule of a population's member, along its ancestors.

    Args:
        history: Of a run with `PopulationBasedTraining` or `PB2`.
        number: The member.

    Raises:
        InvalidArgument: If the trial has no config, as it is no run's.
    """
    attrs = history.system_attrs(number)
    if CONFIG not in attrs:
        raise InvalidArgument("number", "a trial of a Tuner's run", number)
    changes: list[Change] = []
    generation, until = len(attrs.get(LINEAGE, ())), float("inf")
    while True:
        attrs = history.system_attrs(number)
        lineage, past = attrs.get(LINEAGE, []), _aligned(attrs)
        config = past[generation][2] if generation < len(lineage) else attrs[CONFIG]
        known = flat_config(config, opaque=False)
        began = lineage[generation - 1][2] if generation else 0
        if began < until:  # else nothing was trained with this config
            changes.append(Change(began, known))
            until = began
        if not generation:
            return tuple(reversed(changes))
        number, generation = lineage[generation - 1][1], past[generation - 1][1]


def parsed_policy(lines: Iterable[str]) -> tuple[Change, ...]:
    """The schedule in a ``pbt_policy_*.txt`` of Ray Tune.

    Each line is a JSON list: who was overwritten, by whom, their iterations, the donor's config
    and the new one. The file of a trial has those of its ancestors first.

    Raises:
        InvalidArgument: If there is no line, or one is none of these.
    """
    rows = []
    for line in filter(str.strip, lines):
        try:
            target, donor, _, iteration, before, after = json.loads(line)
            rows.append((target, donor, int(iteration), dict(before), dict(after)))
        except (TypeError, ValueError) as error:
            raise InvalidArgument("policy", "lines of a Ray Tune policy file", line) from error
    if not rows:
        raise InvalidArgument("policy", "at least one change of parameters", "an empty file")
    chain = [rows.pop()]
    while rows and rows[-1][0] == chain[-1][1]:  # whom the donor had been overwritten from
        chain.append(rows.pop())
    chain.reverse()
    changes = [Change(0, flattened(chain[0][3]))]
    for _, _, iteration, _, after in chain:
        if iteration <= changes[-1].iteration:
            changes.pop()  # nothing was trained with it
        changes.append(Change(iteration if changes else 0, flattened(after)))
    return tuple(changes)


def _aligned(attrs: Mapping[str, Any]) -> list[list[Any]]:
    """The entries of PAST to which exploits came, one for each of the lineage."""
    past, found = list(attrs.get(PAST, ())), []
    for step, *_ in reversed(attrs.get(LINEAGE, ())):
        while past and past[-1][0] != step:  # decided, but the donor had no checkpoint
            past.pop()
        if not past:
            raise InvalidArgument("number", "a member of a population that was trained", step)
        found.append(past.pop())
    return found[::-1]


def _change(given: Any) -> Change:
    if isinstance(given, Change):
        given = given.iteration, given.config
    if not isinstance(given, (tuple, list)) or len(given) != 2 or not isinstance(given[1], Mapping):
        raise InvalidType("policy", "pairs of an iteration and a config", given)
    return Change(check_count("policy", given[0], 0), flattened(given[1]))
