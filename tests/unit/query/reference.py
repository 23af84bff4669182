"""What a filter means, one trial at a time, and histories to try it on."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np
from hypothesis import strategies as st

from trimtab.query.nodes import (
    Arithmetic,
    Comparison,
    Connected,
    Constant,
    Membership,
    Name,
    Negative,
    Not,
    TextMatch,
)
from trimtab.records import FrozenTrial, History, Report, StudyDirection, TrialState
from trimtab.space import (
    CategoricalDistribution,
    Distribution,
    FloatDistribution,
    IntDistribution,
    Space,
)

CHOICES = ("adam", "sgd", 1, 1.0, True, None, "1")
SPACE: dict[str, Distribution] = {
    "lr": FloatDistribution(0.0, 1.0),
    "depth": IntDistribution(-5, 5),
    "huge": IntDistribution(0, 2**70),
    "my opt": CategoricalDistribution(CHOICES),
}
COMPARE = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
COMPUTE = {"+": operator.add, "-": operator.sub, "*": operator.mul}


def field(trial: FrozenTrial, name: Name) -> Any:
    """A trial's value, None where missing."""
    is_told = trial.constraints or trial.state.name in ("COMPLETE", "PRUNED")
    violation = sum(max(value, 0.0) for value in trial.constraints.values())
    simple = {
        "number": trial.number,
        "state": trial.state.name,
        "value": trial.value,
        "sem": trial.sems[0] if trial.sems else None,
        "feasible": trial.is_feasible if is_told else None,
        "violation": violation if is_told else None,
        "attempt": trial.attempt,
        "archived": trial.archived,
        "last_step": trial.last_step,
        "duration": trial.duration.total_seconds() if trial.duration else None,
    }
    keyed: dict[str, dict[str, Any]] = {
        "params": trial.params,
        "user_attrs": dict(trial.user_attrs),
        "constraints": dict(trial.constraints),
        "reports": {"value": trial.intermediate_values[trial.last_step]} if trial.last_step else {},
    }
    value = simple[name.root] if name.key is None else keyed[name.root].get(name.key)
    return None if value != value else value


def number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def evaluate(trial: FrozenTrial, node: Any) -> Any:
    match node:
        case Connected():
            terms = [evaluate(trial, term) for term in node.terms]
            return all(terms) if node.operator == "and" else any(terms)
        case Not():
            return not evaluate(trial, node.term)
        case Name():
            return field(trial, node) is True
        case Comparison():
            values = [operand(trial, one) for one in node.operands]
            return all(
                compare(symbol, values[i], values[i + 1], node.operands[i : i + 2])
                for i, symbol in enumerate(node.operators)
            )
        case Membership():
            value, symbol = operand(trial, node.operand), "!=" if node.negated else "=="
            answers = [compare(symbol, value, one.value, (node.operand, one)) for one in node.items]
            return all(answers) if node.negated else any(answers)
        case TextMatch():
            value, pattern = operand(trial, node.operand), node.pattern.value
            if not isinstance(value, str):
                return False
            return {
                "contains": pattern in value,
                "startswith": value.startswith(pattern),
                "endswith": value.endswith(pattern),
                "matches": glob(pattern, value),
            }[node.operator]
    raise AssertionError(node)


def operand(trial: FrozenTrial, node: Any) -> Any:
    match node:
        case Constant():
            return node.value
        case Name():
            return field(trial, node)
        case Negative():
            value = operand(trial, node.operand)
            return -float(value) if number(value) else None
        case Arithmetic():
            left, right = operand(trial, node.left), operand(trial, node.right)
            if not (number(left) and number(right)):
                return None
            value = COMPUTE[node.operator](float(left), float(right))
            return None if value != value else value
    raise AssertionError(node)


def compare(symbol: str, a: Any, b: Any, nodes: Any) -> bool:
    for value, node in ((a, nodes[1]), (b, nodes[0])):
        if isinstance(node, Constant) and node.value is None:
            return (value is None) is (symbol == "==")
    if a is None or b is None:
        return False
    constants = [node.value for node in nodes if isinstance(node, Constant)]
    choice = any(isinstance(node, Name) and node.key == "my opt" for node in nodes)
    told_apart = any(type(c) is type(k) and c == k for c in CHOICES for k in constants)
    if choice and told_apart and symbol in ("==", "!="):
        return (type(a) is type(b) and a == b) is (symbol == "==")
    alike = (number(a) and number(b)) or type(a) is type(b)
    if symbol in ("==", "!="):
        return (alike and a == b) is (symbol == "==")
    return alike and not isinstance(a, bool) and bool(COMPARE[symbol](a, b))


def glob(pattern: str, text: str) -> bool:
    if not pattern:
        return not text
    if pattern[0] == "*":
        return any(glob(pattern[1:], text[i:]) for i in range(len(text) + 1))
    return bool(text) and text[0] == pattern[0] and glob(pattern[1:], text[1:])


ATTRS = st.dictionaries(
    st.sampled_from(["team", "score", "mixed"]),
    st.sampled_from(["red", "blue", "", 0, 1, 1.0, 0.5, True, None, 2**60, [1], float("nan")]),
)


@st.composite
def histories(draw: st.DrawFn) -> History:
    """Up to eight trials of every kind."""
    history = History((StudyDirection.MINIMIZE,))
    # The first trial has all fields, so that none is unknown.
    draws = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    for i in range(draw(st.integers(1, 8))):
        names = [name for name in SPACE if i == 0 or draws.random() < 0.7]
        space = Space({name: SPACE[name] for name in names})
        points = {
            "lr": draws.choice([0.0, 0.5, 1.0]).item(),
            "depth": int(draws.integers(-5, 6)),
            "huge": int(draws.choice([0, 1])) + draws.choice([0, 2**60]).item(),
            "my opt": int(draws.integers(len(CHOICES))),
        }
        state = TrialState(int(draws.integers(6)))
        done = state is TrialState.COMPLETE
        attrs = {"team": "red", "score": 1.0, "mixed": True} if i == 0 else draw(ATTRS)
        history.apply(
            FrozenTrial.build(
                i,
                state,
                values=(draws.choice([-1.0, 0.0, 0.5, 2.0]).item(),) if done else None,
                sems=(draws.choice([0.0, 0.5]).item(),) if done and draws.random() < 0.5 else None,
                space=space,
                point=tuple(points[name] for name in names),
                started=1_000_000,
                finished=3_000_000 if state.is_finished() else None,
                reports={1: Report(1, {"value": 0.5})} if i == 0 or draws.random() < 0.5 else {},
                constraints={"c": draws.choice([-1.0, 0.0, 1.0]).item()} if i < 2 else {},
                user_attrs=attrs,
                attempt=int(draws.integers(1, 3)),
                archived=bool(draws.random() < 0.2),
            )
        )
    return history


NUMBERS = st.sampled_from(["0", "1", "1.0", "-1", "0.5", "2", "1e-3", "inf", "-inf", str(2**60)])
TEXTS = st.sampled_from(['"red"', "'adam'", '""', '"1"', '"a*"', '"*d"', '"*"', '"COMPLETE"'])
OTHERS = st.sampled_from(["true", "false", "none"])
FIELDS = st.sampled_from(
    [
        *"number state value sem feasible violation attempt archived last_step duration params.lr "
        "params.depth params.huge constraints.c user_attrs.team user_attrs.score user_attrs.mixed "
        "reports.value".split(),
        'params["my opt"]',
    ]
)
CONSTANTS = NUMBERS | TEXTS | OTHERS
VALUES = st.recursive(
    FIELDS | CONSTANTS,
    lambda part: st.one_of(
        st.builds("{} {} {}".format, part, st.sampled_from("+-*"), part),
        st.builds("-({})".format, part),
        st.builds("({})".format, part),
    ),
    max_leaves=3,
)
SYMBOLS = st.sampled_from(list(COMPARE))
FILTERS = st.recursive(
    st.one_of(
        FIELDS,
        st.builds("{} {} {}".format, FIELDS, SYMBOLS, CONSTANTS),
        st.builds("{} {} {}".format, VALUES, SYMBOLS, VALUES),
        st.builds("{} {} {} {} {}".format, VALUES, SYMBOLS, FIELDS, SYMBOLS, VALUES),
        st.builds(
            "{} {} ({}, {})".format, FIELDS, st.sampled_from(["in", "not in"]), CONSTANTS, CONSTANTS
        ),
        st.builds(
            "{} {} {}".format,
            FIELDS,
            st.sampled_from(["contains", "startswith", "endswith", "matches"]),
            TEXTS,
        ),
    ),
    lambda part: st.one_of(
        st.builds("{} {} {}".format, part, st.sampled_from(["and", "or"]), part),
        st.builds("not {}".format, part),
        st.builds("({})".format, part),
    ),
    max_leaves=4,
)
