"""Judgements: what they say, and how they are kept."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.errors import InvalidArgument, InvalidType
from trimtab.records import FrozenTrial, History, StudyDirection, TrialState
from trimtab.samplers.preferential import Judgement, beaten_pairs, read_judgements, standing
from trimtab.samplers.preferential.judgement import KEY, judgement_from_json


def make(mode: Any = "worst", candidates: Any = (3, 1, 2), clicked: Any = 1) -> Judgement:
    return Judgement("a", 5, "ann", mode, candidates, clicked)


def test_the_worst_loses_to_all_others() -> None:
    assert make().pairs == ((3, 1), (2, 1))
    assert make().retired == (1,)
    assert make().home == 1


def test_the_best_beats_all_others() -> None:
    assert make("best").pairs == ((1, 3), (1, 2))
    assert make("best").retired == (3, 2)


def test_a_skip_beats_nobody() -> None:
    assert make("skip").pairs == make("skip", clicked=None).pairs == ()
    assert make("skip").retired == (1,)
    assert make("skip", clicked=None).retired == (3, 1, 2)


@pytest.mark.parametrize(
    "arguments",
    [
        {"mode": "middle"},
        {"clicked": 7},
        {"clicked": None},
        {"candidates": (1,)},
        {"candidates": (1, 1, 2)},
        {"mode": "skip", "candidates": (), "clicked": None},
    ],
)
def test_what_does_not_go_together_is_refused(arguments: dict[str, Any]) -> None:
    with pytest.raises(InvalidArgument):
        make(**arguments)


@pytest.mark.parametrize("candidates", [("1", 2), (True, 2), (1.0, 2)])
def test_candidates_are_numbers(candidates: Any) -> None:
    with pytest.raises(InvalidType, match="numbers of trials"):
        make(candidates=candidates)


@given(st.data())
def test_a_judgement_survives_json(data: st.DataObject) -> None:
    mode: Any = data.draw(st.sampled_from(["worst", "best", "skip"]))
    candidates = data.draw(st.lists(st.integers(0, 99), min_size=2, max_size=6, unique=True))
    clicked = data.draw(st.sampled_from([*candidates, None] if mode == "skip" else candidates))
    rater, undone = data.draw(st.text()), data.draw(st.booleans())
    one = Judgement("id", 7, rater, mode, tuple(candidates), clicked, undone)
    assert judgement_from_json("id", json.loads(json.dumps(one.to_json()))) == one


def history_of(*attrs: Mapping[str, Any]) -> History:
    history = History((StudyDirection.MAXIMIZE,))
    for number, own in enumerate(attrs):
        history.apply(
            FrozenTrial.build(number, TrialState.PAUSED, started=1, system_attrs=dict(own))
        )
    return history


def test_judgements_are_read_in_the_order_in_which_they_were_made() -> None:
    late = Judgement("a", 9, "", "worst", (0, 1), 0)
    early = Judgement("b", 2, "", "worst", (0, 1), 1, undone=True)
    history = history_of({KEY + "a": late.to_json()}, {KEY + "b": early.to_json(), "note": {}})
    assert read_judgements(history) == [early, late]
    assert standing(read_judgements(history)) == [late]
    assert beaten_pairs(read_judgements(history)) == [(1, 0)]


@pytest.mark.parametrize(
    "content",
    [
        None,
        "text",
        {},
        {"time": "soon", "rater": "", "mode": "worst", "candidates": [0, 1], "clicked": 0},
        make("worst", (0, 5), 5).to_json(),  # a trial that is not there
        {**make().to_json(), "candidates": None},
        {**make().to_json(), "mode": "odd"},
    ],
)
def test_what_is_no_judgement_is_passed_over(content: Any) -> None:
    good = Judgement("ok", 1, "", "worst", (0, 1), 0)
    history = history_of({KEY + "bad": content, KEY + "ok": good.to_json()}, {})
    assert read_judgements(history) == [good]
