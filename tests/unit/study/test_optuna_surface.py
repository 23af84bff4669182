"""Every public name of Optuna's is here, with its arguments, but for a short list."""

from __future__ import annotations

import importlib
import inspect
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("optuna", minversion="5.0", reason="compared with Optuna 5")

MODULES = [
    "artifacts",
    "distributions",
    "exceptions",
    "importance",
    "logging",
    "pruners",
    "samplers",
    "storages",
    "study",
    "trial",
    "visualization",
    "",
]

ABSENT = {
    "integration": "`optuna.integration`",
    "version": "`trimtab.__version__`",
    "distributions.UniformDistribution": "until version 3",
    "distributions.LogUniformDistribution": "until version 3",
    "distributions.DiscreteUniformDistribution": "until version 3",
    "distributions.IntUniformDistribution": "until version 3",
    "distributions.IntLogUniformDistribution": "until version 3",
    "storages.BaseJournalLogStorage": "until version 3",
    "storages.JournalFileStorage": "until version 3",
    "storages.JournalRedisStorage": "until version 3",
    "storages.JournalFileSymlinkLock": "Locks of journal files",
    "storages.JournalFileOpenLock": "Locks of journal files",
    "storages.fail_stale_trials": "`fail_stale_trials`",
    "storages.GrpcStorageProxy": "gRPC",
    "storages.run_grpc_proxy_server": "gRPC",
    "visualization.matplotlib": "`visualization.matplotlib`",
    "visualization.plot_terminator_improvement": "`plot_terminator_improvement`",
    "exceptions.CLIUsageError": "`CLIUsageError`",
    "trial.FrozenTrial.suggest_uniform": "until version 3",
    "trial.FrozenTrial.suggest_loguniform": "until version 3",
    "trial.FrozenTrial.suggest_discrete_uniform": "until version 3",
}
"""What is not here: words of docs/how-to/from-optuna.md that say so."""

ARGUMENTS = {
    "Trial(trial_id)": "made by a study only",
    "trial.Trial(trial_id)": "made by a study only",
    "study.StudySummary(direction)": "made by get_all_study_summaries only",
    "study.StudySummary(study_id)": "made by get_all_study_summaries only",
    "storages.RDBStorage(skip_compatibility_check)": "versions are always checked",
    "storages.RDBStorage(skip_table_creation)": "tables are made where there are none",
    "storages.RDBStorage(failed_trial_callback)": "deprecated in Optuna",
    "storages.RetryHeartbeatStaleTrialCallback(inherit_intermediate_values)": "number stays",
    "storages.RetryFailedTrialCallback(inherit_intermediate_values)": "number stays",
}
"""Arguments that are not taken, and why."""

METHODS = ("study.Study", "trial.Trial", "trial.FrozenTrial", "trial.FixedTrial")


def public_names(module: Any, ours: str) -> list[str]:
    if ours == "":  # its list leaves out what is imported by hand
        return list(module.__all__)
    if hasattr(module, "__all__"):
        return [name for name in module.__all__ if not name.startswith("_")]
    return [
        name
        for name, content in vars(module).items()
        if not name.startswith("_")
        and getattr(content, "__module__", "").startswith(module.__name__)
        and callable(content)
    ]


def arguments(content: Any) -> list[str]:
    try:
        parameters = inspect.signature(content).parameters.values()
    except (TypeError, ValueError):
        return []
    return [p.name for p in parameters if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]


def compare(label: str, theirs: Any, ours: Any) -> list[str]:
    """What is missing in one function or class."""
    if isinstance(theirs, type) and issubclass(theirs, BaseException):
        return []
    found = []
    if callable(theirs):
        taken = arguments(ours)
        found += [f"{label}({name})" for name in arguments(theirs) if name not in taken]
    if label in METHODS:
        for name in dir(theirs):
            if name.startswith("_"):
                continue
            instance_only = name in getattr(ours, "__annotations__", {}) or name in (
                "datetime_start",
                "number",
            )
            if not hasattr(ours, name) and not instance_only:
                found.append(f"{label}.{name}")
            elif inspect.isfunction(getattr(theirs, name)):
                found += compare(f"{label}.{name}", getattr(theirs, name), getattr(ours, name))
    return found


def missing(name: str) -> list[str]:
    """What of one module of Optuna's is not in ours."""
    dot = f".{name}" if name else ""
    theirs = importlib.import_module(f"optuna{dot}")
    ours = importlib.import_module(f"trimtab{dot}")
    found = []
    for public in public_names(theirs, name):
        label = f"{name}.{public}".lstrip(".")
        try:
            content = getattr(ours, public)
        except AttributeError:
            found.append(label)
            continue
        if not inspect.ismodule(content):
            found += compare(label, getattr(theirs, public), content)
    return found


@pytest.mark.parametrize("name", MODULES, ids=[name or "optuna" for name in MODULES])
def test_names_and_arguments(name: str) -> None:
    known = ABSENT.keys() | ARGUMENTS.keys()
    assert [label for label in missing(name) if label not in known] == []


def test_the_lists_are_not_longer_than_they_must_be() -> None:
    found = {label for name in MODULES for label in missing(name)}
    assert (ABSENT.keys() | ARGUMENTS.keys()) - found == set()


def test_users_are_told_what_is_not_here() -> None:
    page = Path(__file__).parents[3] / "docs/how-to/from-optuna.md"
    told = " ".join(page.read_text().split())
    assert [words for words in set(ABSENT.values()) if words not in told] == []
