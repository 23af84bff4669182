"""Small scripts against Optuna's public API; `o` is the library, `t` notes what it does.

No script depends on what a sampler proposes: parameters are queued, or only looked at for their
kind and range.
"""

from __future__ import annotations

import datetime
import math
from collections.abc import Callable
from typing import Any

from tests.unit.study.transcript import Transcript

Script = Callable[[Any, Transcript], None]
SCRIPTS: dict[str, Script] = {}


def script(func: Script) -> Script:
    SCRIPTS[func.__name__] = func
    return func


def quadratic(trial: Any) -> float:
    x = trial.suggest_float("x", -10, 10)
    return float((x - 2) ** 2)


def study_of(o: Any, **kwargs: Any) -> Any:
    return o.create_study(sampler=o.samplers.RandomSampler(seed=0), **kwargs)


@script
def creating(o: Any, t: Transcript) -> None:
    storage = o.storages.InMemoryStorage()
    study = t.call("new", o.create_study, storage=storage, study_name="a")
    t.see("name", study.study_name)
    t.see("direction", study.direction)
    t.see("directions", study.directions)
    t.see("sampler", study.sampler)
    t.see("pruner", study.pruner)
    t.see("trials", study.trials)
    t.see("user_attrs", study.user_attrs)
    t.see("metric_names", study.metric_names)
    t.see("unnamed", o.create_study().study_name.startswith("no-name-"))
    t.see("enum", o.create_study(direction=o.study.StudyDirection.MAXIMIZE).direction)
    t.see("two", o.create_study(directions=["minimize", "maximize"]).directions)
    t.call("name taken", o.create_study, storage=storage, study_name="a")
    t.call("open", o.create_study, storage=storage, study_name="a", load_if_exists=True)
    t.call(
        "open another direction",
        o.create_study,
        storage=storage,
        study_name="a",
        load_if_exists=True,
        direction="maximize",
    )
    t.call("both", o.create_study, direction="minimize", directions=["minimize"])
    t.call("no direction", o.create_study, directions=[])
    t.call("unknown direction", o.create_study, direction="up")
    t.call("unknown directions", o.create_study, directions=["minimize", "up"])
    t.call("direction not set", o.create_study, direction=o.study.StudyDirection.NOT_SET)
    t.call("positional", o.create_study, None)
    t.call("unknown scheme", o.create_study, storage="nosuch://x")
    t.call("no URL", o.create_study, storage="x")


@script
def loading(o: Any, t: Transcript) -> None:
    storage = o.storages.InMemoryStorage()
    t.call("none there", o.load_study, study_name=None, storage=storage)
    o.create_study(storage=storage, study_name="a", direction="maximize").set_user_attr("k", [1])
    t.call("the only one", lambda: o.load_study(study_name=None, storage=storage).study_name)
    o.create_study(storage=storage, study_name="b")
    t.call("one of two", o.load_study, study_name=None, storage=storage)
    t.call("unknown", o.load_study, study_name="c", storage=storage)
    study = o.load_study(study_name="a", storage=storage)
    t.see("direction", study.direction)
    t.see("attrs", study.user_attrs)
    t.see("names", o.get_all_study_names(storage))
    t.see("names by keyword", o.get_all_study_names(storage=storage))
    t.call("positional", o.load_study, "a", storage)


@script
def deleting(o: Any, t: Transcript) -> None:
    storage = o.storages.InMemoryStorage()
    o.create_study(storage=storage, study_name="a")
    o.create_study(storage=storage, study_name="b")
    t.call("delete", o.delete_study, study_name="a", storage=storage)
    t.see("left", o.get_all_study_names(storage))
    t.call("again", o.delete_study, study_name="a", storage=storage)


@script
def copying(o: Any, t: Transcript) -> None:
    storage, other = o.storages.InMemoryStorage(), o.storages.InMemoryStorage()
    study = o.create_study(storage=storage, study_name="a", directions=["maximize", "minimize"])
    study.set_user_attr("who", "me")
    study.set_metric_names(["good", "bad"])
    study.enqueue_trial({"x": 1.0}, user_attrs={"n": 1})
    study.optimize(lambda trial: (trial.suggest_float("x", 0, 2), 0.0), n_trials=1)
    study.enqueue_trial({"x": 2.0})

    def copy(**kwargs: Any) -> None:
        o.copy_study(from_study_name="a", from_storage=storage, **kwargs)

    t.call("copy", copy, to_storage=other)
    copied = o.load_study(study_name="a", storage=other)
    t.see("trials", copied.trials)
    t.see("attrs", copied.user_attrs)
    t.see("metric names", copied.metric_names)
    t.see("directions", copied.directions)
    t.call("taken", copy, to_storage=other)
    t.call("other name", copy, to_storage=other, to_study_name="b")
    t.see("names", sorted(o.get_all_study_names(other)))
    t.call(
        "unknown",
        o.copy_study,
        from_study_name="c",
        from_storage=storage,
        to_storage=other,
    )


@script
def summaries(o: Any, t: Transcript) -> None:
    storage = o.storages.InMemoryStorage()
    study = o.create_study(storage=storage, study_name="a", direction="maximize")
    study.set_user_attr("k", 1)
    o.create_study(storage=storage, study_name="b", directions=["minimize", "minimize"])
    study.add_trial(o.create_trial(value=1.0))
    study.add_trial(o.create_trial(value=3.0))
    study.ask()
    a, b = o.get_all_study_summaries(storage)
    t.see("name", a.study_name)
    t.see("n", a.n_trials)
    t.see("best", a.best_trial)
    t.see("direction", a.direction)
    t.see("attrs", a.user_attrs)
    t.see("start", a.datetime_start)
    t.see("n of an empty one", b.n_trials)
    t.see("best of an empty one", b.best_trial)
    t.see("start of an empty one", b.datetime_start)
    t.see("directions", b.directions)
    t.call("direction of two", lambda: b.direction)
    t.see(
        "without best", o.get_all_study_summaries(storage, include_best_trial=False)[0].best_trial
    )


@script
def asking(o: Any, t: Transcript) -> None:
    study = study_of(o)
    trial = study.ask()
    t.see("number", trial.number)
    t.see("params", trial.params)
    t.see("distributions", trial.distributions)
    t.see("user attrs", trial.user_attrs)
    t.see("start", trial.datetime_start)
    t.see("constraints", trial.constraints)
    t.see("state", study.trials[0].state)
    t.see("value", study.trials[0].value)
    fixed = {
        "x": o.distributions.FloatDistribution(0.5, 0.5),
        "n": o.distributions.IntDistribution(3, 3),
        "c": o.distributions.CategoricalDistribution(["only"]),
    }
    trial = study.ask(fixed)
    t.see("fixed", trial.params)
    t.see("fixed, stored", study.trials[1])
    t.see("by keyword", study.ask(fixed_distributions=fixed).params)
    t.call("no mapping", study.ask, 3)
    t.call("no distribution", study.ask, {"x": 3})
    t.see("trials", len(study.trials))


@script
def suggesting(o: Any, t: Transcript) -> None:
    study = study_of(o)
    trial = study.ask()
    x = trial.suggest_float("x", 0, 1)
    t.see("float", isinstance(x, float) and 0 <= x <= 1)
    t.see("float again", trial.suggest_float("x", 0, 1) == x)
    t.see("integers as bounds", trial.distributions["x"])
    t.see("step", trial.suggest_float("step", 0, 1, step=0.5) in (0.0, 0.5, 1.0))
    t.call("uneven step", trial.suggest_float, "uneven", 0.0, 0.4, step=0.7)
    t.see("uneven step, stored", trial.distributions["uneven"])
    t.see("log", 1e-5 <= trial.suggest_float("log", 1e-5, 1e-1, log=True) <= 1e-1)
    t.see("int", type(trial.suggest_int("n", 1, 9)))
    t.see("int step", trial.suggest_int("m", 1, 9, step=4) in (1, 5, 9))
    t.see("int log", 1 <= trial.suggest_int("k", 1, 9, log=True) <= 9)
    t.see(
        "choice",
        trial.suggest_categorical("c", (None, True, 2, 2.5, "s")) in (None, True, 2, 2.5, "s"),
    )
    t.see("one choice", trial.suggest_categorical("d", ["x"]))
    t.call("no choice", trial.suggest_categorical, "e", [])
    t.call("choice of a list", trial.suggest_categorical, "f", [[1]])
    t.call("float: low above high", trial.suggest_float, "g", 1, 0)
    t.call("int: low above high", trial.suggest_int, "g", 1, 0)
    t.call("log from zero", trial.suggest_float, "g", 0, 1, log=True)
    t.call("int log from zero", trial.suggest_int, "g", 0, 1, log=True)
    t.call("step 0", trial.suggest_float, "g", 0, 1, step=0)
    t.call("negative step", trial.suggest_float, "g", 0, 1, step=-1)
    t.call("int step 0", trial.suggest_int, "g", 0, 1, step=0)
    other = study.ask()
    t.call("int step and log", other.suggest_int, "g", 3, 3, step=2, log=True)
    t.call("float step and log", other.suggest_float, "h", 3, 3, step=2, log=True)
    t.call("nan bound", trial.suggest_float, "g", math.nan, 1)
    t.call("infinite bound", trial.suggest_float, "g", 0, math.inf)
    t.call("text as bound", trial.suggest_float, "g", "a", 1)
    t.call("positional log", trial.suggest_float, "g", 1, 2, None, True)
    t.call("kind changes", trial.suggest_int, "x", 0, 1)
    t.call("range changes", lambda: trial.suggest_float("x", 0, 2) == x)
    t.call("discrete uniform", lambda: type(trial.suggest_discrete_uniform("q", 0, 1, 0.25)))
    t.call("uniform", lambda: type(trial.suggest_uniform("u", 0, 1)))
    t.call("log uniform", lambda: type(trial.suggest_loguniform("lu", 1, 2)))
    t.see("names", list(trial.params))


@script
def suggesting_across_trials(o: Any, t: Transcript) -> None:
    study = study_of(o)
    first = study.ask()
    first.suggest_float("x", 0, 1)
    first.suggest_categorical("c", ["a", "b"])
    first.suggest_int("n", 0, 5)
    study.tell(first, 1.0)
    second = study.ask()
    t.call("wider", lambda: 0 <= second.suggest_float("x", 0, 2) <= 2)
    t.call("other choices", second.suggest_categorical, "c", ["a", "b", "d"])
    t.call("other order of choices", second.suggest_categorical, "c", ["b", "a"])
    t.call("other kind", second.suggest_float, "n", 0, 5)
    t.call("log now", lambda: 1 <= second.suggest_int("n", 1, 5, log=True) <= 5)


@script
def telling(o: Any, t: Transcript) -> None:
    study = study_of(o)
    trial = study.ask()
    t.see("told", study.tell(trial, 1.5))
    t.see("stored", study.trials[0])
    t.see("complete", study.trials[0].datetime_complete)
    t.see("duration", study.trials[0].duration)
    t.see("by number", study.tell(study.ask().number, 2).values)
    t.see("a list", study.tell(study.ask(), [3.0]).values)
    t.see("an integer", type(study.tell(study.ask(), 4).value))
    t.see("a bool", study.tell(study.ask(), True).value)


@script
def telling_what_cannot_be(o: Any, t: Transcript) -> None:
    for name, value in {
        "nan": math.nan,
        "None": None,
        "a word": "good",
        "a number in words": "1.5",
        "complex": 1j,
        "two values": [1.0, 2.0],
        "no values": [],
        "a dictionary": {"value": 1.0},
        "nan in a list": [math.nan],
        "None in a list": [None],
        "inf": math.inf,
        "-inf": -math.inf,
    }.items():
        study = study_of(o)
        trial = study.ask()
        t.call(name, lambda: study.tell(trial, value).state)  # noqa: B023  (called at once)
        t.see(f"{name}, stored", study.trials[0].state)
        t.see(f"{name}, values", study.trials[0].values)


@script
def telling_a_state(o: Any, t: Transcript) -> None:
    states = o.trial.TrialState
    for name, kwargs in {
        "complete": {"values": 1.0, "state": states.COMPLETE},
        "complete without": {"state": states.COMPLETE},
        "complete with nan": {"values": math.nan, "state": states.COMPLETE},
        "complete with two": {"values": [1.0, 2.0], "state": states.COMPLETE},
        "fail": {"state": states.FAIL},
        "fail with a value": {"values": 1.0, "state": states.FAIL},
        "pruned": {"state": states.PRUNED},
        "pruned with a value": {"values": 1.0, "state": states.PRUNED},
        "running": {"state": states.RUNNING},
        "waiting": {"state": states.WAITING},
        "running with a value": {"values": 1.0, "state": states.RUNNING},
        "neither": {},
        "no state": {"state": "complete"},
    }.items():
        study = study_of(o)
        trial = study.ask()
        t.call(name, lambda: study.tell(trial, **kwargs).state)  # noqa: B023  (called at once)
        t.see(f"{name}, stored", study.trials[0].state)
        t.see(f"{name}, values", study.trials[0].values)
    study = study_of(o)
    trial = study.ask()
    trial.report(5.0, 1)
    trial.report(4.0, 3)
    t.see("last report", study.tell(trial, state=states.PRUNED).value)
    trial = study.ask()
    trial.report(math.nan, 1)
    t.see("last report nan", study.tell(trial, state=states.PRUNED).value)


@script
def telling_twice(o: Any, t: Transcript) -> None:
    study = study_of(o)
    trial = study.ask()
    study.tell(trial, 1.0)
    t.call("other value", study.tell, trial, 2.0)
    t.call("same value", study.tell, trial, 1.0)
    t.call("other state", study.tell, trial, state=o.trial.TrialState.FAIL)
    t.call("skip", lambda: study.tell(trial, 2.0, skip_if_finished=True).value)
    t.call("skip by number", lambda: study.tell(0, 2.0, skip_if_finished=True).value)
    t.call("unknown number", study.tell, 7, 1.0)
    t.call("negative number", study.tell, -1, 1.0)
    t.call("no trial", study.tell, "0", 1.0)
    t.call("a frozen trial", study.tell, study.trials[0], 1.0)
    study.enqueue_trial({"x": 1.0})
    t.call("waiting", study.tell, 1, 1.0)
    t.see("stored", [trial.values for trial in study.trials])


@script
def telling_several(o: Any, t: Transcript) -> None:
    study = study_of(o, directions=["minimize", "maximize"])
    t.see("two", study.tell(study.ask(), [1.0, 2.0]).values)
    t.see("a tuple", study.tell(study.ask(), (0.0, 2.5)).values)
    t.call("one", lambda: study.tell(study.ask(), 1.0).state)
    t.call("three", lambda: study.tell(study.ask(), [1.0, 2.0, 3.0]).state)
    t.call("nan", lambda: study.tell(study.ask(), [1.0, math.nan]).state)
    t.call("value", lambda: study.trials[0].value)
    t.call("best_trial", lambda: study.best_trial)
    t.call("best_value", lambda: study.best_value)
    t.call("best_params", lambda: study.best_params)
    t.call("direction", lambda: study.direction)
    t.see("front", [trial.number for trial in study.best_trials])
    trial = study.ask()
    t.call("report", trial.report, 1.0, 1)
    t.call("should_prune", trial.should_prune)


@script
def best(o: Any, t: Transcript) -> None:
    study = study_of(o, direction="maximize")
    for name in ("best_trial", "best_value", "best_params"):
        t.call(f"{name} of none", getattr, study, name)
    t.call("best_trials of none", lambda: study.best_trials)
    study.tell(study.ask(), state=o.trial.TrialState.FAIL)
    t.call("best of failed", lambda: study.best_value)
    for value in (1.0, 3.0, 3.0, 2.0):
        study.add_trial(o.create_trial(value=value))
    t.see("number", study.best_trial.number)
    t.see("value", study.best_value)
    t.see("params", study.best_params)
    t.see("front", [trial.number for trial in study.best_trials])


@script
def constraints(o: Any, t: Transcript) -> None:
    study = study_of(o)
    trial = study.ask()
    t.call("set", trial.set_constraint, "c", 1.0)
    t.call("set again", trial.set_constraint, "c", -1.0)
    t.see("constraints", trial.constraints)
    t.call("integer", trial.set_constraint, "d", 0)
    t.call("nan", trial.set_constraint, "e", math.nan)
    t.call("text", trial.set_constraint, "f", "x")
    t.call("None", trial.set_constraint, "g", None)
    t.see("after", trial.constraints)
    study.tell(trial, 0.0)
    t.see("stored", study.trials[0].constraints)
    t.call("best of infeasible", lambda: study.best_value)
    t.see("front of infeasible", study.best_trials)
    trial = study.ask()
    trial.set_constraint("c", 0.0)
    study.tell(trial, 5.0)
    t.see("best", study.best_trial.number)
    t.see("front", [trial.number for trial in study.best_trials])
    study.add_trial(o.create_trial(value=-1.0, constraints={"c": 0.5}))
    t.see("best after an infeasible one", study.best_trial.number)


@script
def reporting(o: Any, t: Transcript) -> None:
    study = study_of(o)
    trial = study.ask()
    t.call("report", trial.report, 1.0, 0)
    t.call("integer", trial.report, 2, 1)
    t.call("nan", trial.report, math.nan, 2)
    t.call("inf", trial.report, math.inf, 3)
    t.call("numeric text", trial.report, "4.5", 4)
    t.call("word", trial.report, "x", 5)
    t.call("None", trial.report, None, 6)
    t.call("step text", trial.report, 1.0, "x")
    t.call("step None", trial.report, 1.0, None)
    t.call("negative step", trial.report, 1.0, -1)
    t.call("float step", trial.report, 1.0, 7.0)
    t.call("same step", trial.report, 9.0, 0)
    t.call("should_prune", trial.should_prune)
    study.tell(trial, 1.0)
    t.see("stored", study.trials[0].intermediate_values)
    t.see("last step", study.trials[0].last_step)


@script
def pruning(o: Any, t: Transcript) -> None:
    study = study_of(o, pruner=o.pruners.MedianPruner(n_startup_trials=1, n_warmup_steps=0))

    def objective(trial: Any) -> float:
        for step in range(3):
            trial.report(float(trial.number), step)
            if trial.should_prune():
                raise o.TrialPruned
        return float(trial.number)

    study.optimize(objective, n_trials=3)
    t.see("states", [trial.state for trial in study.trials])
    t.see("values", [trial.value for trial in study.trials])
    t.see("same class", o.TrialPruned is o.exceptions.TrialPruned)

    def message(trial: Any) -> float:
        raise o.TrialPruned("why")

    t.call("with a message", study.optimize, message, n_trials=1)
    t.see("without reports", study.trials[-1].value)


@script
def user_attributes(o: Any, t: Transcript) -> None:
    study = study_of(o)
    study.set_user_attr("k", {"a": [1, None, "x"]})
    study.set_user_attr("k2", 1)
    study.set_user_attr("k2", None)
    t.see("study", study.user_attrs)
    t.call("study: no JSON", study.set_user_attr, "bad", object())
    attrs = study.user_attrs
    attrs["new"] = 1
    t.see("a copy", "new" in study.user_attrs)
    trial = study.ask()
    trial.set_user_attr("k", [1, 2])
    trial.set_user_attr("k", {"b": 2.5})
    t.see("trial", trial.user_attrs)
    t.call("trial: no JSON", trial.set_user_attr, "bad", object())
    study.tell(trial, 1.0)
    t.see("stored", study.trials[0].user_attrs)
    t.call("after the end", trial.set_user_attr, "late", 1)


@script
def queueing(o: Any, t: Transcript) -> None:
    study = study_of(o)
    t.call("enqueue", study.enqueue_trial, {"x": 5, "n": 2}, user_attrs={"memo": "first"})
    t.see("waiting", study.trials[0].state)
    t.see("waiting params", study.trials[0].params)
    t.see("waiting start", study.trials[0].datetime_start)
    t.see("waiting attrs", study.trials[0].user_attrs)
    t.call("same again", study.enqueue_trial, {"x": 5, "n": 2}, skip_if_exists=True)
    t.see("skipped", len(study.trials))
    study.enqueue_trial({"x": 5, "n": 2}, skip_if_exists=False)
    t.see("not skipped", len(study.trials))
    trial = study.ask()
    t.see("oldest first", trial.number)
    t.see("x", trial.suggest_float("x", 0, 10))
    t.see("n", trial.suggest_int("n", 0, 10))
    t.see("attrs", trial.user_attrs)
    study.tell(trial, 1.0)
    t.see("params", study.trials[0].params)
    study.enqueue_trial({"x": 99.0})
    trial = study.ask()
    trial.suggest_float("x", 0, 10)
    trial = study.ask()
    t.call("out of range", trial.suggest_float, "x", 0, 10)
    study.enqueue_trial({"c": "z"})
    trial = study.ask()
    t.call("no choice", trial.suggest_categorical, "c", ["a", "b"])
    study.enqueue_trial({"x": "word"})
    trial = study.ask()
    t.call("a word", trial.suggest_float, "x", 0, 10)
    study.enqueue_trial({"n": 0.5})
    t.call("half an integer", study.ask().suggest_int, "n", 0, 1)
    t.call("no dictionary", study.enqueue_trial, [("x", 1)])
    t.call("after all", lambda: type(study.ask().suggest_float("x", 0, 10)))


@script
def adding(o: Any, t: Transcript) -> None:
    d = o.distributions
    study = study_of(o)
    good = o.create_trial(
        params={"x": 2.0, "c": "a"},
        distributions={
            "x": d.FloatDistribution(0, 10),
            "c": d.CategoricalDistribution(["a", "b"]),
        },
        value=4.0,
        user_attrs={"k": 1},
        intermediate_values={1: 0.5},
        constraints={"c": -1.0},
    )
    t.see("created number", good.number)
    t.call("add", study.add_trial, good)
    t.see("stored", study.trials[0])
    t.call("add several", study.add_trials, [good, good])
    t.see("numbers", [trial.number for trial in study.trials])
    t.call("no trial", study.add_trial, 3)
    t.call("two values", study.add_trial, o.create_trial(values=[1.0, 2.0]))
    t.call("several, one wrong", study.add_trials, [good, o.create_trial(values=[1.0, 2.0])])
    states = o.trial.TrialState
    cases: dict[str, dict[str, Any]] = {
        "no value": {},
        "value and values": {"value": 1.0, "values": [1.0]},
        "nan": {"value": math.nan},
        "inf": {"value": math.inf},
        "text": {"value": "x"},
        "params only": {"value": 1.0, "params": {"x": 1.0}},
        "distributions only": {"value": 1.0, "distributions": {"x": d.FloatDistribution(0, 1)}},
        "out of range": {
            "value": 1.0,
            "params": {"x": 2.0},
            "distributions": {"x": d.FloatDistribution(0, 1)},
        },
        "failed": {"state": states.FAIL},
        "failed with a value": {"state": states.FAIL, "value": 1.0},
        "pruned": {"state": states.PRUNED},
        "pruned with a value": {"state": states.PRUNED, "value": 1.0},
        "running": {"state": states.RUNNING},
        "running with a value": {"state": states.RUNNING, "value": 1.0},
        "waiting": {"state": states.WAITING},
    }
    for name, kwargs in cases.items():
        t.call(f"create: {name}", lambda: o.create_trial(**kwargs))  # noqa: B023  (called at once)
    t.call("positional", o.create_trial, states.COMPLETE)
    t.see("start", o.create_trial(value=1.0).datetime_start)
    t.see("waiting start", o.create_trial(state=states.WAITING).datetime_start)
    t.see("running end", o.create_trial(state=states.RUNNING).datetime_complete)


@script
def fixed_trial(o: Any, t: Transcript) -> None:
    trial = o.trial.FixedTrial({"x": 0.5, "n": 3, "c": "a"}, number=7)
    t.see("number", trial.number)
    t.see("params at first", trial.params)
    t.see("x", trial.suggest_float("x", 0, 1))
    t.see("n", trial.suggest_int("n", 0, 5))
    t.see("c", trial.suggest_categorical("c", ["a", "b"]))
    t.see("params", trial.params)
    t.see("distributions", trial.distributions)
    t.call("unknown", trial.suggest_float, "y", 0, 1)
    t.call("out of range", trial.suggest_float, "x", 0.75, 1)
    t.call("no choice", trial.suggest_categorical, "c", ["b"])
    t.call("other kind", o.trial.FixedTrial({"x": 0.5}).suggest_int, "x", 0, 1)
    t.call("report", trial.report, 1.0, 1)
    t.call("should_prune", trial.should_prune)
    trial.set_user_attr("k", 1)
    t.see("attrs", trial.user_attrs)
    t.call("constraint", trial.set_constraint, "c", 1.0)
    t.see("constraints", trial.constraints)
    t.see("start", trial.datetime_start)
    t.see("objective", quadratic(o.trial.FixedTrial({"x": 3.0})))
    t.see("base", isinstance(trial, o.trial.BaseTrial))


@script
def frozen_trial(o: Any, t: Transcript) -> None:
    now = datetime.datetime(2026, 1, 2, 3, 4, 5)  # noqa: DTZ001  (local, as Optuna's times are)

    def make(**changes: Any) -> Any:
        fields: dict[str, Any] = {
            "number": 3,
            "trial_id": 3,
            "state": o.trial.TrialState.COMPLETE,
            "value": 0.2,
            "datetime_start": now,
            "datetime_complete": now + datetime.timedelta(seconds=9),
            "params": {"x": 0.5},
            "distributions": {"x": o.distributions.FloatDistribution(0, 1)},
            "user_attrs": {"k": 1},
            "system_attrs": {},
            "intermediate_values": {2: 1.0, 5: 2.0},
        }
        return o.trial.FrozenTrial(**(fields | changes))

    trial = make()
    t.see("trial", trial)
    t.see("start", trial.datetime_start == now)
    t.see("duration", trial.duration == datetime.timedelta(seconds=9))
    t.see("equal", trial == make())
    t.see("other", trial == make(value=1.0))
    t.see("not a trial", trial == 3)
    t.see("ordered", [x.number for x in sorted([trial, make(number=1)])])
    t.call("order with another type", lambda: trial < 3)
    t.see("repr", repr(trial).startswith("FrozenTrial(number=3"))
    t.see("suggest", trial.suggest_float("x", 0, 1))
    t.call("suggest unknown", trial.suggest_float, "y", 0, 1)
    t.call("suggest out of range", trial.suggest_float, "x", 0.7, 1)
    t.call("report", trial.report, 1.0, 9)
    t.call("should_prune", trial.should_prune)
    t.see(
        "objective",
        quadratic(make(distributions={"x": o.distributions.FloatDistribution(-10, 10)})),
    )
    t.call("value of two", lambda: make(value=None, values=[1.0, 2.0]).value)
    t.see("values of two", make(value=None, values=[1.0, 2.0]).values)
    t.call("value and values", make, values=[1.0])
    t.call("set a value", setattr, trial, "value", 1.0)
    t.call("set an attribute", trial.set_user_attr, "new", 2)
    t.see("attributes", trial.user_attrs)
    t.call("set a constraint", trial.set_constraint, "c", 2.0)
    t.see("base", isinstance(trial, o.trial.BaseTrial))
    t.see("finished", trial.state.is_finished())
    t.see("last step", trial.last_step)
    t.see(
        "running has no duration",
        make(state=o.trial.TrialState.RUNNING, value=None, datetime_complete=None).duration,
    )


@script
def states(o: Any, t: Transcript) -> None:
    states = o.trial.TrialState
    for name in ("RUNNING", "COMPLETE", "PRUNED", "FAIL", "WAITING"):
        state = getattr(states, name)
        t.see(name, state.value)
        t.see(f"{name} finished", state.is_finished())
    t.see("directions", [d.value for d in o.study.StudyDirection])
    t.see("text", str(states.COMPLETE))
    t.see("repr", repr(states.COMPLETE))
    t.see("formatted", f"{states.FAIL} {o.study.StudyDirection.MAXIMIZE}")
    t.see("from a number", states(2))
    t.see("name", states.COMPLETE.name)


@script
def optimizing(o: Any, t: Transcript) -> None:
    study = study_of(o)
    t.call("returns nothing", study.optimize, quadratic, n_trials=3)
    t.see("trials", len(study.trials))
    t.call("positional", study.optimize, quadratic, 2)
    t.see("more", len(study.trials))
    t.call("none", study.optimize, quadratic, n_trials=0)
    t.call("no time", study.optimize, quadratic, timeout=0.0)
    t.see("still", len(study.trials))
    study.optimize(quadratic, n_trials=4, n_jobs=2)
    t.see("threads", len(study.trials))
    t.call("n_jobs 0", study.optimize, quadratic, n_trials=1, n_jobs=0)
    study.optimize(quadratic, n_trials=1, gc_after_trial=True)
    numbers: list[int] = []
    study.optimize(quadratic, n_trials=2, callbacks=[lambda s, trial: numbers.append(trial.number)])
    t.see("callbacks", len(numbers))
    t.call("no function", study.optimize, 3, n_trials=1)

    def nested(trial: Any) -> float:
        study.optimize(quadratic, n_trials=1)
        return 0.0

    t.call("nested", study.optimize, nested, n_trials=1)


@script
def failing(o: Any, t: Transcript) -> None:
    def fails(trial: Any) -> float:
        trial.suggest_float("x", 0, 1)
        trial.set_user_attr("k", 1)
        raise ZeroDivisionError("no")

    study = study_of(o)
    t.call("raises", study.optimize, fails, n_trials=2)
    t.see("stored", [trial.state for trial in study.trials])
    t.see("attrs", study.trials[0].user_attrs)
    t.call("caught", study.optimize, fails, n_trials=2, catch=(ZeroDivisionError,))
    t.call("caught, alone", study.optimize, fails, n_trials=1, catch=ZeroDivisionError)
    t.call("caught, a list", study.optimize, fails, n_trials=1, catch=[ZeroDivisionError])
    t.call("another", study.optimize, fails, n_trials=2, catch=(KeyError,))
    t.see("states", [trial.state for trial in study.trials])
    for name, value in {"None": None, "nan": math.nan, "word": "x", "two": (1.0, 2.0)}.items():
        study = study_of(o)
        t.call(f"returns {name}", study.optimize, lambda trial: value, n_trials=1)  # noqa: B023  (called at once)
        t.see(f"returned {name}", study.trials[0].state)
        t.see(f"returned {name}, values", study.trials[0].values)


@script
def stopping(o: Any, t: Transcript) -> None:
    study = study_of(o)
    t.call("outside", study.stop)

    def stops(trial: Any) -> float:
        if trial.number == 2:
            study.stop()
        return 0.0

    study.optimize(stops, n_trials=10)
    t.see("inside", len(study.trials))

    def halt(study: Any, trial: Any) -> None:
        study.stop()

    study.optimize(quadratic, n_trials=10, callbacks=[halt])
    t.see("in a callback", len(study.trials))
    maximum = o.study.MaxTrialsCallback
    study.optimize(quadratic, n_trials=10, callbacks=[maximum(6)])
    t.see("maximum", len(study.trials))
    study.optimize(quadratic, n_trials=10, callbacks=[maximum(8, states=None)])
    t.see("any state", len(study.trials))
    failed = (o.trial.TrialState.FAIL,)
    study.optimize(quadratic, n_trials=2, callbacks=[maximum(1, states=failed)])
    t.see("of none", len(study.trials))


@script
def listing(o: Any, t: Transcript) -> None:
    study = study_of(o)
    states = o.trial.TrialState
    study.add_trial(o.create_trial(value=1.0))
    study.add_trial(o.create_trial(state=states.FAIL))
    study.add_trial(o.create_trial(state=states.WAITING))
    t.see("all", [trial.number for trial in study.get_trials()])
    t.see("some", [trial.number for trial in study.get_trials(states=(states.FAIL,))])
    t.see("two kinds", [x.number for x in study.get_trials(False, (states.FAIL, states.COMPLETE))])
    t.see("no kind", study.get_trials(states=()))
    t.see("shallow", [trial.number for trial in study.get_trials(deepcopy=False)])
    study.trials.clear()
    t.see("a copy", len(study.trials))


@script
def frames(o: Any, t: Transcript) -> None:
    study = study_of(o)
    t.see("of none", list(study.trials_dataframe().columns))
    study.enqueue_trial({"x": 1.0}, user_attrs={"k": 1})
    study.optimize(quadratic, n_trials=1)
    study.add_trial(o.create_trial(state=o.trial.TrialState.FAIL))
    frame = study.trials_dataframe()
    t.see("columns", list(frame.columns))
    t.see("states", list(frame["state"]))
    t.see("x", list(frame["params_x"]))
    t.see(
        "types",
        {c: str(frame[c].dtype) for c in frame.columns if not c.startswith(("date", "user"))},
    )
    t.see("chosen", list(study.trials_dataframe(attrs=("number", "value")).columns))
    t.see("tuples", [list(c) for c in study.trials_dataframe(multi_index=True).columns])
    t.call("unknown", study.trials_dataframe, attrs=("number", "nothing"))
    study.set_metric_names(["loss"])
    t.see("named", list(study.trials_dataframe(attrs=("number", "value")).columns))
    two = study_of(o, directions=["minimize", "minimize"])
    two.tell(two.ask(), [1.0, 2.0])
    t.see("two", list(two.trials_dataframe(attrs=("number", "values", "state")).columns))
    t.see("two by default", [c for c in two.trials_dataframe().columns if "value" in c])
    two.set_metric_names(["a", "b"])
    t.see("two named", list(two.trials_dataframe(attrs=("values",)).columns))
    t.see("two tuples", [list(c) for c in two.trials_dataframe(("values",), True).columns])


@script
def naming_metrics(o: Any, t: Transcript) -> None:
    study = study_of(o, directions=["minimize", "maximize"])
    t.call("set", study.set_metric_names, ["a", "b"])
    t.see("names", study.metric_names)
    t.call("too few", study.set_metric_names, ["a"])
    t.see("still", study.metric_names)


@script
def samplers_and_pruners(o: Any, t: Transcript) -> None:
    study = o.create_study()
    study.sampler = o.samplers.RandomSampler(seed=1)
    t.see("sampler", study.sampler)
    study.pruner = o.pruners.NopPruner()
    t.see("pruner", study.pruner)
    cases: dict[str, dict[str, Any]] = {
        "MedianPruner": {"n_startup_trials": 3, "n_warmup_steps": 2, "interval_steps": 2},
        "PercentilePruner": {"percentile": 25.0},
        "SuccessiveHalvingPruner": {"min_resource": 1, "reduction_factor": 2},
        "HyperbandPruner": {"min_resource": 1, "max_resource": 9, "reduction_factor": 3},
        "ThresholdPruner": {"upper": 1.0},
        "WilcoxonPruner": {"p_threshold": 0.1},
        "NopPruner": {},
    }
    for name, kwargs in cases.items():
        t.call(name, getattr(o.pruners, name), **kwargs)
    t.call("patient", o.pruners.PatientPruner, o.pruners.MedianPruner(), patience=2)
    t.call("percentile of 101", o.pruners.PercentilePruner, 101.0)
    t.call("threshold of nothing", o.pruners.ThresholdPruner)
    t.call("negative startup", o.pruners.MedianPruner, n_startup_trials=-1)
    t.call("negative warmup", o.pruners.MedianPruner, n_warmup_steps=-1)
    t.call("interval 0", o.pruners.MedianPruner, interval_steps=0)
    t.call("reduction 1", o.pruners.SuccessiveHalvingPruner, reduction_factor=1)
    t.call("resource 0", o.pruners.SuccessiveHalvingPruner, min_resource=0)


@script
def own_sampler_and_pruner(o: Any, t: Transcript) -> None:
    class Middle(o.samplers.BaseSampler):  # type: ignore[misc]  # of either library
        def infer_relative_search_space(self, study: Any, trial: Any) -> dict[str, Any]:
            return {}

        def sample_relative(self, study: Any, trial: Any, search_space: Any) -> dict[str, Any]:
            return {}

        def sample_independent(
            self, study: Any, trial: Any, param_name: str, param_distribution: Any
        ) -> float:
            return float(param_distribution.low + param_distribution.high) / 2

    class Second(o.pruners.BasePruner):  # type: ignore[misc]  # of either library
        def prune(self, study: Any, trial: Any) -> bool:
            return bool(trial.last_step == 1)

    study = o.create_study(sampler=Middle(), pruner=Second())
    study.optimize(quadratic, n_trials=2)
    t.see("params", [trial.params for trial in study.trials])
    trial = study.ask()
    trial.report(1.0, 0)
    t.see("first", trial.should_prune())
    trial.report(1.0, 1)
    t.see("second", trial.should_prune())


@script
def distributions(o: Any, t: Transcript) -> None:
    d = o.distributions
    made = {
        "float": d.FloatDistribution(0, 1),
        "float log": d.FloatDistribution(0.1, 1, log=True),
        "float step": d.FloatDistribution(0, 1, step=0.25),
        "int": d.IntDistribution(1, 9),
        "int log": d.IntDistribution(1, 9, log=True),
        "int step": d.IntDistribution(1, 9, step=2),
        "choices": d.CategoricalDistribution(["a", None, 1, 2.5, True]),
    }
    for name, distribution in made.items():
        t.see(name, distribution)
        text = d.distribution_to_json(distribution)
        t.see(f"{name} through JSON", d.json_to_distribution(text) == distribution)
        t.see(f"{name} single", distribution.single())
        t.see(f"{name} hash", hash(distribution) == hash(d.json_to_distribution(text)))
    t.see("single", d.FloatDistribution(1, 1).single())
    t.see(
        "from JSON",
        d.json_to_distribution(
            '{"name": "FloatDistribution",'
            ' "attributes": {"step": null, "low": 0.0, "high": 1.0, "log": false}}'
        ),
    )
    t.call("uneven", d.IntDistribution, 1, 8, step=3)
    t.call("low above high", d.FloatDistribution, 1, 0)
    t.call("log from zero", d.FloatDistribution, 0, 1, log=True)
    t.call("no choices", d.CategoricalDistribution, [])
    t.call("bad JSON", d.json_to_distribution, '{"name": "Nothing", "attributes": {}}')
    t.call(
        "compatible", d.check_distribution_compatibility, made["float"], d.FloatDistribution(0, 5)
    )
    t.call("incompatible", d.check_distribution_compatibility, made["float"], made["int"])
    t.call(
        "other choices",
        d.check_distribution_compatibility,
        made["choices"],
        d.CategoricalDistribution(["a"]),
    )


@script
def logging(o: Any, t: Transcript) -> None:
    before = o.logging.get_verbosity()
    t.see("default", before)
    o.logging.set_verbosity(o.logging.WARNING)
    t.see("set", o.logging.get_verbosity())
    o.logging.set_verbosity(before)
    for name in ("CRITICAL", "ERROR", "WARNING", "WARN", "INFO", "DEBUG", "FATAL"):
        t.see(name, getattr(o.logging, name))
    t.see("logger", o.logging.get_logger("x").name)


@script
def errors(o: Any, t: Transcript) -> None:
    e = o.exceptions
    for name in ("OptunaError", "TrialPruned", "StorageInternalError", "DuplicatedStudyError"):
        t.see(name, issubclass(getattr(e, name), e.OptunaError))
    t.see("UpdateFinishedTrialError", issubclass(e.UpdateFinishedTrialError, RuntimeError))
    t.see("ExperimentalWarning", issubclass(e.ExperimentalWarning, Warning))
