"""A study whose trials people compare."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from typing import Any, Final, TypeAlias

from trimtab.errors import InvalidArgument, InvalidType, TrialFinished, UnknownTrial
from trimtab.preferential.attributes import (
    IS_PREFERENTIAL,
    N_GENERATE,
    check_n_generate,
    component_of,
    shows_component,
)
from trimtab.preferential.book import JudgementBook, a_judgement
from trimtab.preferential.graph import PreferenceGraph, preference_graph
from trimtab.records import FrozenTrial, History, StudyDirection, TrialState
from trimtab.samplers.preferential import (
    Judgement,
    Mode,
    PreferentialSampler,
    beaten_pairs,
    standing,
)
from trimtab.space import Distribution
from trimtab.storage import Lease, Storage
from trimtab.study import Study, Trial
from trimtab.study.leases import reclaim_dead, worker_id

_READY: Final = (TrialState.PAUSED, TrialState.COMPLETE)
"""States of trials that can be compared: PAUSED, as they wait for people; COMPLETE if added so."""

LEASE: Final = 3600.0
"""Seconds that making one trial may take before another host may take it over."""

TrialLike: TypeAlias = Trial | FrozenTrial | int


class PreferentialStudy:
    """A study of comparisons. Made by `create_study` and `load_study` of `trimtab.preferential`.

    A trial is RUNNING while its picture is made, and PAUSED from when it can be compared: it has
    no value, and which ones are still in the running follows from the judgements alone, so that
    taking one back brings back what it had retired. A judgement is written once, under a key of
    its own; two people who judge at the same time lose nothing.

    Args:
        study: The study that keeps the trials.

    Raises:
        InvalidArgument: If it is not one of comparisons.
    """

    def __init__(self, study: Study) -> None:
        if not study.system_attrs.get(IS_PREFERENTIAL):
            raise InvalidArgument("study_name", "a study of comparisons", study.study_name)
        self._study = study
        self._book = JudgementBook(study.storage, study.study_id)

    # ------------------------------------------------------------------ the study

    @property
    def study(self) -> Study:
        """The study that keeps the trials."""
        return self._study

    @property
    def study_name(self) -> str:
        """Its name in the storage."""
        return self._study.study_name

    @property
    def storage(self) -> Storage:
        """Where it is kept."""
        return self._study.storage

    @property
    def study_id(self) -> int:
        """Its key there."""
        return self._study.study_id

    @property
    def history(self) -> History:
        """Its columns, brought up to date; read only."""
        return self._study.history

    @property
    def directions(self) -> list[StudyDirection]:
        """Of the study that keeps the trials; comparisons have no values and do not use it."""
        return self._study.directions

    @property
    def metric_names(self) -> list[str] | None:
        """Likewise."""
        return self._study.metric_names

    @property
    def user_attrs(self) -> dict[str, Any]:
        """User attributes of the study."""
        return self._study.user_attrs

    @property
    def system_attrs(self) -> dict[str, Any]:
        """Attributes set by Trimtab and its extensions."""
        return self._study.system_attrs

    def set_user_attr(self, key: str, value: Any) -> None:
        """Keep a JSON value with the study."""
        self._study.set_user_attr(key, value)

    def set_system_attr(self, key: str, value: Any) -> None:
        """Keep a JSON value of Trimtab's or an extension's; None removes it."""
        self._study.set_system_attr(key, value)

    @property
    def n_generate(self) -> int:
        """How many trials are compared at a time; it can be set."""
        return int(self.system_attrs.get(N_GENERATE, 4))

    @n_generate.setter
    def n_generate(self, n_generate: int) -> None:
        self._study.set_system_attr(N_GENERATE, check_n_generate(n_generate))

    # ------------------------------------------------------------------ trials

    @property
    def trials(self) -> list[FrozenTrial]:
        """All trials that are not archived, in order of number."""
        return self.get_trials()

    def get_trials(
        self, deepcopy: bool = True, states: Container[TrialState] | None = None
    ) -> list[FrozenTrial]:
        """Trials in order of number; see `trimtab.Study.get_trials`."""
        return self._study.get_trials(deepcopy, states)

    def get_trial(self, number: int) -> FrozenTrial:
        """One trial by number.

        Raises:
            UnknownTrial: If there is none (a KeyError).
        """
        return self._study.get_trial(number)

    @property
    def candidates(self) -> list[FrozenTrial]:
        """The trials that wait to be judged: ready, not beaten and not skipped; oldest first."""
        with self.storage.lock:
            history = self.history
            return [history.trial(number) for number in self._candidates(history)]

    @property
    def generating(self) -> list[int]:
        """Numbers of the trials that are being made."""
        with self.storage.lock:
            return self._generating(self.history)

    def _candidates(self, history: History) -> list[int]:
        retired = {n for judgement in self._book.standing(history) for n in judgement.retired}
        shown = [*history.usable(*_READY).tolist(), *self._shown(history)]
        return sorted(number for number in shown if number not in retired)

    def _shown(self, history: History) -> list[int]:
        """Numbers of RUNNING trials that have what people are shown, marked as ready or not."""
        running = history.usable(TrialState.RUNNING).tolist()
        if not running:
            return []
        component = component_of(self.system_attrs)
        return [
            number
            for number in running
            if shows_component(component, history.user_attrs(number), history.system_attrs(number))
        ]

    def _generating(self, history: History) -> list[int]:
        running = history.usable(TrialState.RUNNING).tolist()
        if not running:
            return []
        leases = self.storage.leases(self.study_id)
        over = {held.number for held in leases if (held.remaining or 0.0) < 0.0}
        shown = set(self._shown(history))
        return [number for number in running if number not in over | shown]

    # ------------------------------------------------------------------ making trials

    def should_generate(self) -> bool:
        """Whether a trial is wanted: fewer than ``n_generate`` are being made or compared.

        A trial whose maker died does not count. Trials of dead processes of this host are freed
        by this call; on other hosts, when their hour is over.
        """
        self._settle()
        with self.storage.lock:
            history = self.history
            return len(self._candidates(history)) + len(self._generating(history)) < self.n_generate

    def ask(
        self,
        fixed_distributions: Mapping[str, Distribution] | None = None,
        *,
        lease: float | None = LEASE,
    ) -> Trial:
        """Begin a trial: one that was enqueued, one whose maker died, or a new one.

        Args:
            fixed_distributions: Parameters to suggest at once.
            lease: Seconds that making it may take before others may take it over; None: for
                ever. A process of this host that died is noticed at once.
        """
        if fixed_distributions is not None and not isinstance(fixed_distributions, Mapping):
            raise InvalidType("fixed_distributions", "a mapping", fixed_distributions)
        self._settle()
        terms = Lease(lease, worker_id())
        trial = self._study.asker.ask(terms, fixed_distributions, buffered=False)
        for name, distribution in (fixed_distributions or {}).items():
            trial._suggest(name, distribution)
        return trial

    def mark_comparison_ready(self, trial: TrialLike) -> None:
        """Say that a trial's picture is made, so that people can compare it.

        A running trial that has what people are shown (see
        `trimtab.dashboard.register_preference_feedback_component`) is ready without it.

        Raises:
            UnknownTrial: If there is no such trial.
            TrialFinished: If it was given up.
            StaleAttempt: If it was taken over by another process meanwhile.
        """
        number = self._number("trial", trial)
        attempt = None
        if isinstance(trial, Trial):
            attempt = trial.attempt
            update = trial.final_update()
            if update is not None:
                self.storage.write(self.study_id, number, attempt, update)
        if self.get_trial(number).state is TrialState.COMPLETE:
            return
        self.storage.set_state(self.study_id, number, attempt, TrialState.PAUSED)

    def give_up(self, trial: TrialLike) -> FrozenTrial:
        """End a trial whose picture could not be made; it becomes FAIL.

        Raises:
            TrialFinished: If it has ended otherwise.
        """
        self._number("trial", trial)
        handle = trial.number if isinstance(trial, FrozenTrial) else trial
        return self._study.tell(handle, state=TrialState.FAIL)

    def enqueue_trial(
        self,
        params: dict[str, Any],
        user_attrs: dict[str, Any] | None = None,
        skip_if_exists: bool = False,
    ) -> None:
        """Queue parameters; see `trimtab.Study.enqueue_trial`."""
        self._study.enqueue_trial(params, user_attrs, skip_if_exists)

    def add_trial(self, trial: FrozenTrial) -> None:
        """Append a trial as it is; a COMPLETE one is ready to be compared."""
        self._study.add_trial(trial)

    def add_trials(self, trials: Iterable[FrozenTrial]) -> None:
        """Append trials, all or none."""
        self._study.add_trials(trials)

    def _settle(self) -> None:
        """Let go of what dead processes were making, and keep what they had made."""
        with self.storage.lock:
            history = self.history
            if not len(history.usable(TrialState.RUNNING)):
                return
            for number in self._shown(history):
                try:
                    self.storage.set_state(self.study_id, number, None, TrialState.PAUSED)
                except (TrialFinished, UnknownTrial):
                    continue  # someone gave it up or deleted it meanwhile
        reclaim_dead(self.storage, self.study_id)

    # ------------------------------------------------------------------ judging

    @property
    def judgements(self) -> list[Judgement]:
        """All judgements, also those taken back, in the order in which they were made."""
        with self.storage.lock:
            return list(self._book.read(self.history))

    def judge(
        self,
        candidates: Iterable[TrialLike],
        clicked: TrialLike | None,
        mode: Mode = "worst",
        *,
        rater: str = "",
        id: str | None = None,
    ) -> Judgement:
        """Keep what a person said about a few trials.

        Args:
            candidates: The trials shown.
            clicked: The worst of them, the best of them, or the one to be skipped.
            mode: ``"worst"``, ``"best"`` or ``"skip"``; only for a skip, ``clicked`` may be None:
                all of them are set aside.
            rater: Who it was.
            id: The judgement's; the same id again replaces what was said. None: a new one.

        Raises:
            UnknownTrial: If one is not there (a KeyError).
            InvalidArgument: If a trial is not ready to be compared, or the arguments do not go
                together (a ValueError).
        """
        numbers = tuple(self._number("candidates", one) for one in candidates)
        chosen = None if clicked is None else self._number("clicked", clicked)
        with self.storage.lock:
            history = self.history
            ready = {*history.usable(*_READY).tolist(), *self._shown(history)}
        for number in numbers:
            if number not in ready:
                raise InvalidArgument("candidates", "trials that are ready to compare", number)
        judgement = a_judgement(numbers, chosen, mode, rater, id)
        self._book.write([judgement])
        return judgement

    def report_preference(
        self,
        better_trials: TrialLike | Sequence[TrialLike],
        worse_trials: TrialLike | Sequence[TrialLike],
        *,
        rater: str = "",
    ) -> list[Judgement]:
        """Keep that each of some trials is better than each of some others.

        Args:
            better_trials: A trial or its number, or several.
            worse_trials: Likewise.
            rater: Who says so.

        Returns:
            A judgement for each of the worse trials; they are written together.

        Raises:
            UnknownTrial: If one is not there (a KeyError).
            InvalidArgument: If one is both, or there is none on a side (a ValueError).
        """
        better = tuple(self._number("better_trials", one) for one in _several(better_trials))
        worse = tuple(self._number("worse_trials", one) for one in _several(worse_trials))
        for name, side in (("better_trials", better), ("worse_trials", worse)):
            if not side:
                raise InvalidArgument(name, "at least one trial", side)
        both = set(better) & set(worse)
        if both:
            raise InvalidArgument("worse_trials", f"none of the better trials {better}", worse)
        found = [a_judgement((*better, loser), loser, "worst", rater) for loser in worse]
        self._book.write(found)
        return found

    def undo(
        self, judgement: Judgement | str | None = None, *, rater: str | None = None
    ) -> Judgement:
        """Take a judgement back; what it had retired is compared again.

        Args:
            judgement: Itself or its id; None: the latest that stands.
            rater: For None: the latest of this rater's.

        Returns:
            The judgement as it is now.

        Raises:
            InvalidArgument: If there is none (a ValueError).
        """
        if judgement is None:
            mine = [one for one in standing(self.judgements) if rater is None or one.rater == rater]
            if not mine:
                raise InvalidArgument("judgement", "one that stands", None)
            judgement = mine[-1]
        return self._book.set_undone(judgement, True)

    def restore(self, judgement: Judgement | str) -> Judgement:
        """Let a judgement that was taken back count again.

        Raises:
            InvalidArgument: If there is none of that id (a ValueError).
        """
        return self._book.set_undone(judgement, False)

    @property
    def preferences(self) -> list[tuple[FrozenTrial, FrozenTrial]]:
        """Who beat whom: (better, worse), in the order in which it was said."""
        return self.get_preferences()

    def get_preferences(self, *, deepcopy: bool = True) -> list[tuple[FrozenTrial, FrozenTrial]]:
        """See `preferences`.

        Args:
            deepcopy: Kept for compatibility: trials are frozen.
        """
        del deepcopy
        with self.storage.lock:
            history = self.history
            there = set(history.usable(*TrialState).tolist())
            pairs = beaten_pairs(self._book.read(history))
            return [
                (history.trial(better), history.trial(worse))
                for better, worse in pairs
                if better in there and worse in there
            ]

    # ------------------------------------------------------------------ results

    @property
    def utilities(self) -> dict[int, float]:
        """How much each trial is liked, by the model: numbers around 0; empty at the beginning."""
        sampler = self._study.sampler
        model = sampler if isinstance(sampler, PreferentialSampler) else PreferentialSampler()
        with self.storage.lock:
            return model.utilities(self.history)

    @property
    def best_trials(self) -> list[FrozenTrial]:
        """The trials that beat another and lost to none, the best by the model first."""
        with self.storage.lock:
            history = self.history
            winners = {better for better, _ in beaten_pairs(self._book.read(history))}
            open_ = [number for number in self._candidates(history) if number in winners]
            utilities = self.utilities
            open_.sort(key=lambda number: (-utilities.get(number, 0.0), number))
            return [history.trial(number) for number in open_]

    @property
    def best_trial(self) -> FrozenTrial:
        """The trial that the model likes best, though it may have lost by a slip.

        Raises:
            ValueError: If nothing was compared yet.
        """
        with self.storage.lock:
            history = self.history
            ready = set(history.usable(*_READY).tolist())
            rated = [(u, -number) for number, u in self.utilities.items() if number in ready]
            if not rated:
                raise InvalidArgument("best_trial", "a study with judgements", self.study_name)
            return history.trial(-max(rated)[1])

    def preference_graph(self) -> PreferenceGraph:
        """Who beat whom, as plain data."""
        with self.storage.lock:
            return preference_graph(self.history)

    # ------------------------------------------------------------------ inside

    def _number(self, argument: str, trial: TrialLike) -> int:
        if isinstance(trial, (Trial, FrozenTrial)):
            return trial.number
        if isinstance(trial, bool) or not isinstance(trial, int):
            raise InvalidType(argument, "a trial or a trial's number", trial)
        if not 0 <= trial < len(self.history):
            raise UnknownTrial(f"`{argument}`: expected a trial of this study, got {trial!r}.")
        return trial


def _several(trials: TrialLike | Sequence[TrialLike]) -> Sequence[TrialLike]:
    return [trials] if isinstance(trials, (Trial, FrozenTrial, int)) else list(trials)
