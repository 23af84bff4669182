"""What people said in a preferential study of Optuna Dashboard's, as judgements of ours.

There, a comparison is an attribute of the study: pairs of trials, and beside it, where somebody
clicked, which trials were shown and when. A trial is RUNNING until it is compared and then COMPLETE
with the value 0. Here, it is PAUSED while people may compare it and has no value.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

from trimtab.errors import InvalidArgument
from trimtab.migrate.raw import RawTrial, micros
from trimtab.preferential.attributes import COMPONENT, IS_PREFERENTIAL, N_GENERATE
from trimtab.records import TrialState
from trimtab.samplers.preferential import Judgement
from trimtab.samplers.preferential.judgement import KEY

_PAIRS: Final = "values"
_CLICK: Final = "history"
_SKIP: Final = "skip_trial"


class Comparisons:
    """The comparisons of one study.

    Attributes:
        study_attrs: System attributes that the study has here.
    """

    def __init__(self) -> None:
        self.study_attrs: dict[str, Any] = {}
        self._pairs: dict[str, list[tuple[int, int]]] = {}
        self._clicks: dict[str, dict[str, Any]] = {}
        self._skipped: list[int] = []
        self._number_of_id: dict[int, int] = {}
        self._numbers: dict[int, int] = {}
        self._times: dict[int, int] = {}

    def read(self, key: str, value: Any, problems: list[str]) -> bool:
        """Take in a system attribute of the study; whether it is about comparisons.

        Args:
            key: Begins with ``preference:``.
            value: What JSON holds.
            problems: Gets what cannot be read, in words.
        """
        what = key.removeprefix("preference:")
        try:
            if key in (IS_PREFERENTIAL, COMPONENT):
                self.study_attrs[key] = value
            elif key == N_GENERATE:
                self.study_attrs[key] = max(2, int(value))
                if int(value) < 2:
                    problems.append(f"{value} trial to compare at a time became 2")
            elif what.startswith(_SKIP):
                self._skipped.append(int(what.removeprefix(f"{_SKIP}:")))
            elif what.startswith(_PAIRS):
                pairs = [(int(better), int(worse)) for better, worse in value]
                self._pairs[what.removeprefix(_PAIRS)] = pairs
            elif what.startswith(_CLICK):
                click = json.loads(value)
                if click["mode"] == "ChooseWorst":
                    self._clicks[what.removeprefix(_CLICK)] = {
                        "time": micros(click["timestamp"]),
                        "candidates": [int(number) for number in click["candidates"]],
                        "clicked": int(click["clicked"]),
                    }
            else:
                return False
        except (TypeError, ValueError, KeyError) as error:
            problems.append(f"{key!r} cannot be read and was left out: {error!r}")
        return True

    def state(
        self, state: TrialState, values: tuple[float, ...] | None
    ) -> tuple[TrialState, tuple[float, ...] | None]:
        """A trial's state and values here: PAUSED without any, if people are to compare it."""
        if not self.study_attrs.get(IS_PREFERENTIAL):
            return state, values
        waits = state is TrialState.RUNNING
        compared = state is TrialState.COMPLETE and not any(values or ())
        return (TrialState.PAUSED, None) if waits or compared else (state, values)

    def met(self, raw: RawTrial, number: int) -> None:
        """Take in which number a trial has here, and when it was compared first."""
        self._number_of_id[raw.id] = number
        self._numbers[raw.number] = number
        self._times[number] = raw.finished or raw.started or 0

    def judgements(self, problems: list[str]) -> Iterator[tuple[int, dict[str, Any]]]:
        """All judgements, once all trials were met.

        Args:
            problems: Gets what is said of trials that are not there, in words.

        Yields:
            The number of the trial that keeps it here, and a system attribute of that trial.
        """
        before = 0
        for name, pairs in self._pairs.items():
            try:
                found = list(self._of_entry(name, pairs, before))
            except (KeyError, InvalidArgument) as error:
                problems.append(f"the comparison {pairs} was left out: {error}")
                continue
            for judgement in found:
                before = judgement.time
                yield judgement.home, {KEY + judgement.id: judgement.to_json()}
        for trial_id in self._skipped:
            number = self._number_of_id.get(trial_id)
            if number is None:
                problems.append(f"a skip of the trial with the key {trial_id} was left out")
                continue
            skip = Judgement(f"skip{trial_id}", self._times[number], "", "skip", (number,), number)
            yield number, {KEY + skip.id: skip.to_json()}

    def _of_entry(
        self, name: str, pairs: list[tuple[int, int]], before: int
    ) -> Iterator[Judgement]:
        """What was said at once: by a click, or a judgement for each trial that lost."""
        token = "".join(filter(str.isalnum, name))
        click = self._clicks.get(name)
        if click is not None:
            shown = tuple(self._numbers[number] for number in click["candidates"])
            worst = self._numbers[click["clicked"]]
            yield Judgement(token, click["time"], "", "worst", shown, worst, undone=not pairs)
            return
        better: dict[int, list[int]] = {}
        for winner, loser in pairs:
            better.setdefault(self._numbers[loser], []).append(self._numbers[winner])
        for loser, winners in better.items():
            # When it was said is not kept; the file has them in their order.
            time = max([before + 1, *(self._times[number] for number in (*winners, loser))])
            shown = (*dict.fromkeys(winners), loser)
            yield Judgement(f"{token}{loser}", time, "", "worst", shown, loser)
