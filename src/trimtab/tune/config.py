"""What a run is told, beside what it tunes."""

from __future__ import annotations

import datetime
import numbers
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from typing import Any, Final, Literal, TypeAlias

from trimtab.errors import InvalidArgument, InvalidType
from trimtab.records import StudyDirection
from trimtab.space.checks import check_count, check_number

MODES: Final = {"min": StudyDirection.MINIMIZE, "max": StudyDirection.MAXIMIZE}

StopCondition: TypeAlias = "Mapping[str, float] | Callable[[str, dict[str, Any]], bool] | Any"


@dataclass(frozen=True, slots=True)
class FailureConfig:
    """What happens when a trial fails.

    Args:
        max_failures: How often a trial is tried again, from its last checkpoint; -1: always.
        fail_fast: End the run at the first failure for good; ``"raise"``: and raise it.

    Raises:
        InvalidArgument: If both are set, which contradict each other.
    """

    max_failures: int = 0
    fail_fast: bool | Literal["raise"] = False

    def __post_init__(self) -> None:
        check_count("max_failures", self.max_failures, -1)
        if self.fail_fast not in (True, False, "raise"):
            raise InvalidArgument("fail_fast", "True, False or 'raise'", self.fail_fast)
        if self.fail_fast and self.max_failures:
            raise InvalidArgument("max_failures", "0 with `fail_fast`", self.max_failures)


@dataclass(frozen=True, slots=True)
class CheckpointConfig:
    """Which checkpoints are kept, of each trial and of the run.

    The last one of a trial, and one that another trial may still need, is never removed.

    Args:
        num_to_keep: At most so many of each trial; None: all.
        checkpoint_score_attribute: The metric by which the best are kept; None: the newest.
        checkpoint_score_order: ``"max"`` or ``"min"``: which values of it are good.
        checkpoint_frequency: Class trainables save every so many steps; 0: when it is needed.
        checkpoint_at_end: Whether class trainables save after their last step.
        max_bytes: What all checkpoints of the run may take; the oldest go first. None: no bound.
    """

    num_to_keep: int | None = None
    checkpoint_score_attribute: str | None = None
    checkpoint_score_order: Literal["max", "min"] = "max"
    checkpoint_frequency: int = 0
    checkpoint_at_end: bool | None = None
    _: KW_ONLY
    max_bytes: int | None = None

    def __post_init__(self) -> None:
        if self.num_to_keep is not None:
            check_count("num_to_keep", self.num_to_keep, 1)
        if self.max_bytes is not None:
            check_count("max_bytes", self.max_bytes, 0)
        check_count("checkpoint_frequency", self.checkpoint_frequency, 0)
        if self.checkpoint_score_order not in MODES:
            raise InvalidArgument(
                "checkpoint_score_order", "'max' or 'min'", self.checkpoint_score_order
            )


@dataclass(frozen=True, slots=True)
class RunConfig:
    """Where a run is kept and when it ends.

    Args:
        name: Of the run, its folder and its study; None: made of the trainable's name and the
            time.
        storage_path: The folder in which runs have theirs; None: ``~/trimtab_results``.
        storage: URL of the storage for the run's study; None: SQLite in the run's folder.
        failure_config: What happens when a trial fails.
        checkpoint_config: Which checkpoints are kept.
        stop: A dictionary (a trial stops when a metric is at least so much), a function of trial
            id and result, or a stopper.
        callbacks: Are told what happens.
        verbose: 0: nothing is printed; 1: a table while it runs; 2: and every result.
        log_to_file: Whether what trials print goes to the files ``stdout`` and ``stderr`` in
            their folders, rather than where this process prints; not with ``inline``.
    """

    name: str | None = None
    storage_path: str | os.PathLike[str] | None = None
    _: KW_ONLY
    storage: Any = None
    failure_config: FailureConfig = field(default_factory=FailureConfig)
    checkpoint_config: CheckpointConfig = field(default_factory=CheckpointConfig)
    stop: StopCondition | None = None
    callbacks: Sequence[Any] = ()
    verbose: int = 1
    log_to_file: bool = False

    def __post_init__(self) -> None:
        if self.name is not None and (
            not isinstance(self.name, str) or not self.name or {"/", "\0"} & set(self.name)
        ):
            raise InvalidArgument("name", "a name for a folder", self.name)
        for argument, kind in (
            ("failure_config", FailureConfig),
            ("checkpoint_config", CheckpointConfig),
        ):
            given = getattr(self, argument)
            if given is None:
                object.__setattr__(self, argument, kind())
            elif not isinstance(given, kind):
                raise InvalidType(argument, f"a {kind.__name__}", given)
        object.__setattr__(self, "callbacks", tuple(self.callbacks or ()))


@dataclass(frozen=True, slots=True)
class TuneConfig:
    """What is tuned and how.

    Args:
        mode: ``"min"`` or ``"max"``.
        metric: The reported metric that counts.
        search_alg: A sampler of `trimtab.samplers`; None: configs are drawn at random.
        scheduler: One of `trimtab.tune.schedulers`, or any pruner; None: every trial runs to its
            end.
        num_samples: How often the space is sampled; a grid search counts with all its
            combinations each time. -1: until the run is stopped, by a stopper, ``time_budget_s``
            or Ctrl-C; with a scheduler that compares a population this keeps the size of
            ``max_concurrent_trials``: a new member begins whenever one ends.
        max_concurrent_trials: How many trials run at one time at most; None: as many as there
            are slots.
        time_budget_s: Seconds, or a timedelta, after which the run ends.
        seed: Of all random choices of the run; None: fresh entropy.
        executor: ``"process"``, ``"inline"`` or ``"ray"``, or an `Executor`.
        trial_name_creator: Makes a trial's name of a `TrialView`: ``trial.trial_id``,
            ``trial.trainable_name``, ``trial.evaluated_params`` and so on; None: its number does.
        trial_dirname_creator: Likewise the name of its folder, another for each trial; None: its
            name is that, too.
        resources_per_trial: What a trial needs, where the trainable does not say (see
            `with_resources`): a dictionary, bundles, or a function of the config; None: one CPU.
        reuse_actors: Whether an object of a class trainable may serve one trial after another,
            where its ``reset_config`` says so. Worker processes are always used again.
    """

    mode: Literal["min", "max"] | None = None
    metric: str | None = None
    search_alg: Any = None
    scheduler: Any = None
    num_samples: int = 1
    max_concurrent_trials: int | None = None
    time_budget_s: float | datetime.timedelta | None = None
    reuse_actors: bool = False
    trial_name_creator: Callable[[Any], str] | None = None
    trial_dirname_creator: Callable[[Any], str] | None = None
    _: KW_ONLY
    seed: int | None = None
    executor: Any = "process"
    resources_per_trial: Any = None

    def __post_init__(self) -> None:
        if self.mode is not None and self.mode not in MODES:
            raise InvalidArgument("mode", "'min' or 'max'", self.mode)
        if self.num_samples != -1:
            check_count("num_samples", self.num_samples, 1)
        if self.max_concurrent_trials is not None:
            check_count("max_concurrent_trials", self.max_concurrent_trials, 1)
        if self.seed is not None:
            check_count("seed", self.seed, 0)
        budget = self.time_budget_s
        if isinstance(budget, datetime.timedelta):
            object.__setattr__(self, "time_budget_s", budget.total_seconds())
        elif budget is not None and isinstance(budget, numbers.Real):
            check_number("time_budget_s", budget, 0.0)
        elif budget is not None:
            raise InvalidType("time_budget_s", "seconds or a timedelta", budget)
