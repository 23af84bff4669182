"""Performance tests: enough of a few runs must be good enough."""

from __future__ import annotations

import logging
import os
import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import yaml
from omegaconf import OmegaConf

from hydra_plugins.trimtab_sweeper._conditions import CONDITIONS, Conditions
from hydra_plugins.trimtab_sweeper._jobs import Event, Failed, Jobs, Reported, Returned
from hydra_plugins.trimtab_sweeper._space import dimensions
from hydra_plugins.trimtab_sweeper._stop import Signals
from trimtab.errors import InvalidArgument
from trimtab.integrations.hydra.job import LARGEST_SEED

if TYPE_CHECKING:
    from hydra.core.config_loader import ConfigLoader
    from hydra.plugins.launcher import Launcher
    from omegaconf import DictConfig

_logger = logging.getLogger(__name__)

RESULTS: Final = "performance_results.yaml"
_PATIENCE: Final = 0.5
"""Seconds between two looks at the clock while nothing happens."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a run ended.

    Attributes:
        number: Of its job.
        seed: That it had.
        values: Last values by metric; that of the return value is empty.
        passed: Whether they are good enough.
        reason: Why there are none.
    """

    number: int
    seed: int
    values: Mapping[str, float]
    passed: bool
    reason: str | None = None


class PerformanceTest:
    """A test that runs.

    Args:
        conditions: When it passes.
        overrides: Of every run.
        jobs: Run them.
        signals: That came.

    Attributes:
        ended: Runs that did, in the order in which they did.
    """

    def __init__(
        self, conditions: Conditions, overrides: Sequence[str], jobs: Jobs, signals: Signals
    ) -> None:
        self._conditions = conditions
        self._overrides = tuple(overrides)
        self._jobs = jobs
        self._signals = signals
        self._seeds: dict[int, int] = {}
        self._reported: dict[int, dict[str, float]] = {}
        self.ended: list[Ended] = []

    @property
    def successes(self) -> int:
        """Runs that were good enough."""
        return sum(run.passed for run in self.ended)

    @property
    def passed(self) -> bool | None:
        """Whether the test is passed; None while it is open."""
        missing = self._conditions.succ_runs - self.successes
        if missing <= 0:
            return True
        left = self._conditions.total_runs - len(self.ended)
        return False if left < missing else None

    def run(self) -> None:
        """Until it is decided, the time is over or a signal came."""
        deadline = time.monotonic() + self._conditions.seconds
        while self.passed is None and not self._signals.count and time.monotonic() < deadline:
            while len(self._jobs) < self._conditions.n_jobs and self._begin():
                pass
            for event in self._jobs.wait(_PATIENCE):
                self._take(event)

    def _begin(self) -> bool:
        number = len(self._seeds)
        if number >= self._conditions.total_runs:
            return False
        base = self._conditions.seed
        seed = secrets.randbelow(LARGEST_SEED + 1) if base is None else base + number
        seed &= LARGEST_SEED
        overrides = list(self._overrides)
        if self._conditions.seed_key is not None:
            overrides.append(f"{self._conditions.seed_key}={seed}")
        self._seeds[number], self._reported[number] = seed, {}
        self._jobs.start(number, overrides, seed)
        return True

    def _take(self, event: Event) -> None:
        number = event.number
        if isinstance(event, Reported):
            self._reported[number] |= event.metrics
            self._jobs.answer(number, prune=False)
            return
        if isinstance(event, Returned):
            values, reason = self._values(number, event.value)
        elif isinstance(event, Failed):
            values, reason = {}, event.reason
        else:
            values, reason = {}, "it pruned itself"
        passed = reason is None and all(
            value >= self._conditions.eval_value for value in values.values()
        )
        self.ended.append(Ended(number, self._seeds[number], values, passed, reason))
        shown = reason or ", ".join(f"{name or 'value'} {v:.6g}" for name, v in values.items())
        verdict = "good enough" if passed else "not good enough"
        _logger.info("#%d was %s: %s.", number, verdict, shown)

    def _values(self, number: int, returned: Any) -> tuple[dict[str, float], str | None]:
        """What the conditions look at; else why there is none."""
        if not self._conditions.eval_columns:
            value = returned[0] if isinstance(returned, list) and returned else returned
            if isinstance(value, bool) or not isinstance(value, (int, float)):
                return {}, f"it returned no number, but {returned!r}"
            return {"": float(value)}, None
        told: dict[str, Any] = dict(self._reported[number])
        if isinstance(returned, Mapping):
            told |= returned
        elif not told and isinstance(returned, list) and len(returned) == 3:
            told |= _logged(returned[2])
        values = {}
        for name in self._conditions.eval_columns:
            value = told.get(name)
            if isinstance(value, bool) or not isinstance(value, (int, float)):
                return {}, f"no number {name!r} was returned or reported"
            values[name] = float(value)
        return values, None


def test(
    keys: Mapping[str, Any],
    arguments: Sequence[str],
    config: DictConfig,
    config_loader: ConfigLoader,
    launcher: Launcher,
) -> dict[str, Any]:
    """Run a test; see `TrimtabPerformance.sweep`.

    Args:
        keys: Those of ``hydra.sweeper``.
        arguments: Overrides of the command line.
        config: The whole configuration.
        config_loader: Hydra's.
        launcher: Launches the jobs.

    Returns:
        What ``performance_results.yaml`` says.

    Raises:
        InvalidArgument: If the conditions are impossible.
        InvalidType: If one of them is of another type than it must be.
        SystemExit: If the test did not pass.
    """
    apart = _plain(config.get(CONDITIONS)) or {}
    conditions = Conditions.of({key: _plain(value) for key, value in keys.items()}, apart)
    varied = dimensions({}, {}, arguments, config_loader)
    if varied.parameters:
        raise InvalidArgument(
            "overrides", "one value of each in a performance test", sorted(varied.parameters)
        )
    overrides = [*varied.fixed, *conditions.overrides(config)]
    folder = Path(str(config.hydra.sweep.dir))
    folder.mkdir(parents=True, exist_ok=True)
    name = str(keys.get("study_name") or config.hydra.job.name)
    with Jobs(launcher.launch) as jobs, Signals() as signals:
        running = PerformanceTest(conditions, overrides, jobs, signals)
        running.run()
    found = results(name, conditions, running)
    (folder / RESULTS).write_text(yaml.safe_dump(found, sort_keys=False, allow_unicode=True))
    if signals.count:
        _logger.warning("Performance test %s was interrupted.", name)
        raise SystemExit(128 + signals.last)
    looked_at = ", ".join(conditions.eval_columns) or "the return value"
    if not running.passed:
        late = " in the time it had" if running.passed is None else ""
        _logger.error(
            "Performance test %s failed%s: %s was at least %g in %d of %d runs, and had to be in "
            "%d of %d.",
            *(name, late, looked_at, conditions.eval_value, running.successes),
            *(len(running.ended), conditions.succ_runs, conditions.total_runs),
        )
        raise SystemExit(1)
    _logger.info(
        "Performance test %s successful! %s was at least %g in %d of %d runs.",
        *(name, looked_at, conditions.eval_value, running.successes, len(running.ended)),
    )
    return found


def results(name: str, conditions: Conditions, running: PerformanceTest) -> dict[str, Any]:
    """A test in the words of its file."""
    return {
        "name": name,
        "passed": running.passed,
        "succ_runs": running.successes,
        "needed": conditions.succ_runs,
        "runs": [
            {
                "job": run.number,
                "seed": run.seed,
                "passed": run.passed,
                "values": {name or "value": value for name, value in run.values.items()},
                **({} if run.reason is None else {"reason": run.reason}),
            }
            for run in running.ended
        ],
    }


def _logged(run: Any) -> dict[str, float]:
    """The last metrics that a job logged to MLflow, of which it returned the run.

    Only where it is said which MLflow: its client would make a database of its own.
    """
    uri = os.environ.get("MLFLOW_TRACKING_URI")
    if not uri or not isinstance(run, str):
        return {}
    from trimtab.integrations.mlflow import last_metrics

    return last_metrics(run, uri)


def _plain(value: Any) -> Any:
    return OmegaConf.to_container(value, resolve=True) if OmegaConf.is_config(value) else value
