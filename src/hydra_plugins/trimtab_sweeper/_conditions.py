"""When a performance test passes, as the configuration says it."""

from __future__ import annotations

import difflib
import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from hydra_plugins.trimtab_sweeper import trimtab_sweeper
from hydra_plugins.trimtab_sweeper._space import override_text
from hydra_plugins.trimtab_sweeper.performance import KEYS
from trimtab.errors import InvalidArgument, InvalidType
from trimtab.space.checks import check_count, check_number

CONDITIONS: Final = "performance_testing_conditions"
"""Where in a program's configuration the conditions may be, too."""
_CONDITIONS: Final = ("total_runs", "succ_runs", "eval_columns", "eval_value", "max_steps")


@dataclass(frozen=True, slots=True)
class Conditions:
    """When a test passes.

    Attributes:
        total_runs: Runs at most.
        succ_runs: So many of them must be good enough, at most all.
        eval_columns: Metrics whose last values tell; empty: what a run returns.
        eval_value: Which all of them must reach.
        max_steps: Of a run; None: as the program has it.
        n_jobs: Runs at one time.
        seconds: After which a test that is undecided has failed; infinite: without end.
        seed: Of run 0, each other run having the next; None: random ones.
        seed_key: Override key that gets each run's seed; None: none.
    """

    total_runs: int
    succ_runs: int
    eval_columns: tuple[str, ...]
    eval_value: float
    max_steps: int | None
    n_jobs: int
    seconds: float
    seed: int | None
    seed_key: str | None

    @classmethod
    def of(cls, keys: Mapping[str, Any], apart: Mapping[str, Any]) -> Conditions:
        """The conditions that a configuration holds, as plain values.

        Args:
            keys: Of ``hydra.sweeper``. Those of the sweeper that searches are left aside.
            apart: ``performance_testing_conditions``, for what is not among the keys.

        Raises:
            InvalidArgument: If a key is unknown, missing or impossible.
            InvalidType: If a value is of another type than it must be.
        """
        _known("hydra.sweeper", keys, {*KEYS, *trimtab_sweeper.KEYS, "sampler"})
        _known(CONDITIONS, apart, _CONDITIONS)
        given = {
            **KEYS,
            **apart,
            **{key: value for key, value in keys.items() if value is not None},
        }
        for key in ("total_runs", "succ_runs", "eval_value"):
            if given[key] is None:
                raise InvalidArgument(key, "a number, in a performance test", None)
        total = check_count("total_runs", given["total_runs"], 1)
        needed = check_count("succ_runs", given["succ_runs"], 1)
        if needed > total:
            raise InvalidArgument("succ_runs", f"at most `total_runs`, {total}", needed)
        minutes = given["max_duration_minutes"]
        if minutes is not None and check_number("max_duration_minutes", minutes, 0.0) == 0.0:
            raise InvalidArgument("max_duration_minutes", "a number above 0", minutes)
        if not isinstance(given["seed_key"], (str, type(None))):
            raise InvalidType("seed_key", "text", given["seed_key"])
        return cls(
            total_runs=total,
            succ_runs=needed,
            eval_columns=_columns(given["eval_columns"]),
            eval_value=float(check_number("eval_value", given["eval_value"], -math.inf)),
            max_steps=(
                None
                if given["max_steps"] is None
                else check_count("max_steps", given["max_steps"], 1)
            ),
            n_jobs=check_count("n_jobs", given["n_jobs"], 1),
            seconds=math.inf if minutes is None else 60.0 * float(minutes),
            seed=None if given["seed"] is None else check_count("seed", given["seed"], 0),
            seed_key=given["seed_key"] or None,
        )

    def overrides(self, config: Mapping[str, Any]) -> list[str]:
        """What a run's configuration is told of the conditions, by the keys that it has.

        Args:
            config: The program's.

        Raises:
            InvalidArgument: If ``max_steps`` cannot be turned into epochs.
        """
        told = []
        if self.max_steps is not None:
            each = config.get("eval_after_n_steps")
            if each is None:
                raise InvalidArgument(
                    "max_steps",
                    "`eval_after_n_steps` beside it, in the program's configuration",
                    each,
                )
            epochs = self.max_steps // check_count("eval_after_n_steps", each, 1)
            if not epochs:
                raise InvalidArgument("max_steps", f"at least one epoch, {each}", self.max_steps)
            told.append(f"++n_epochs={epochs}")
        if "early_stop_threshold" in config:
            told.append(f"early_stop_threshold={self.eval_value!r}")
        if "early_stop_data_column" in config and len(self.eval_columns) == 1:
            told.append(f"early_stop_data_column={override_text(self.eval_columns[0])}")
        return told


def _columns(value: Any) -> tuple[str, ...]:
    names = [value] if isinstance(value, str) else value or []
    if not isinstance(names, Sequence) or not all(isinstance(name, str) for name in names):
        raise InvalidType("eval_columns", "the name of a metric, or a list of names", value)
    return tuple(names)


def _known(argument: str, given: Mapping[str, Any], known: Collection[str]) -> None:
    for key in given:
        if key not in known:
            near = difflib.get_close_matches(str(key), known, 1)
            hint = f"`{near[0]}`, perhaps, or another" if near else "one"
            raise InvalidArgument(argument, f"{hint} of a performance test's keys", key)
