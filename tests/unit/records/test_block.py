"""Trials taken over as columns are the trials taken over one by one."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from trimtab.records import Block, FrozenTrial, History, TrialState, parse_directions
from trimtab.space import CategoricalDistribution, FloatDistribution, IntDistribution, Space

SPACE = Space(
    {
        "x": FloatDistribution(0.0, 1.0),
        "n": IntDistribution(0, 100),
        "c": CategoricalDistribution(("a", None)),
    }
)
DIRECTIONS = parse_directions(("minimize", "maximize"))


@st.composite
def trials(draw: st.DrawFn) -> FrozenTrial:
    state = draw(st.sampled_from(TrialState))
    finished = state.is_finished()
    value = st.floats(-1e9, 1e9)
    has_values = finished and (state is TrialState.COMPLETE or draw(st.booleans()))
    return FrozenTrial.build(
        0,
        state,
        values=(draw(value), draw(value)) if has_values else None,
        sems=(0.5, draw(st.none() | st.just(0.0))) if has_values and draw(st.booleans()) else None,
        space=SPACE,
        point=(draw(st.floats(0.0, 1.0)), draw(st.integers(0, 100)), draw(st.integers(0, 1))),
        started=None if state is TrialState.WAITING else 5,
        finished=9 if finished else None,
        constraints=draw(st.sampled_from([{}, {"k": -1.0}, {"k": 2.0, "l": 1.0}])),
        user_attrs=draw(st.sampled_from([{}, {"u": [1]}])),
        system_attrs=draw(st.sampled_from([{}, {"s": None}])),
        attempt=draw(st.integers(1, 3)),
        archived=draw(st.booleans()),
    )


def block_of(rows: list[FrozenTrial]) -> Block:
    def floats(columns: list[tuple[float | None, ...] | None]) -> list[list[float]]:
        return [
            [np.nan if value is None else value for value in column or (None, None)]
            for column in columns
        ]

    return Block(
        space=SPACE,
        numbers=np.array([trial.number for trial in rows], dtype=np.int64),
        states=np.array([int(trial.state) for trial in rows], dtype=np.int8),
        attempts=np.array([trial.attempt for trial in rows], dtype=np.int32),
        started=np.array([trial.started or 0 for trial in rows], dtype=np.int64),
        finished=np.array([trial.finished or 0 for trial in rows], dtype=np.int64),
        archived=np.array([trial.archived for trial in rows], dtype=np.bool_),
        points=np.array([trial.point for trial in rows], dtype=np.float64).reshape(-1, len(SPACE)),
        means=np.array(floats([trial.values for trial in rows])).reshape(-1, 2),
        sems=np.array(floats([trial.sems for trial in rows])).reshape(-1, 2),
        user_attrs={trial.number: trial.user_attrs for trial in rows if trial.user_attrs},
        system_attrs={trial.number: trial.system_attrs for trial in rows if trial.system_attrs},
        constraints={trial.number: trial.constraints for trial in rows if trial.constraints},
    )


@given(st.lists(trials(), max_size=100), st.integers(1, 40))
def test_a_block_is_its_trials(rows: list[FrozenTrial], size: int) -> None:
    rows = [trial.replace(number=number) for number, trial in enumerate(rows)]
    one_by_one, by_blocks = History(DIRECTIONS), History(DIRECTIONS)
    for trial in rows:
        one_by_one.apply(trial)
    for start in range(0, len(rows), size):
        by_blocks.extend(block_of(rows[start : start + size]))
    by_blocks.set_finished(one_by_one.finished)
    assert list(by_blocks.trials(archived=True)) == rows
    assert list(one_by_one.trials(archived=True)) == rows
    assert len(by_blocks) == len(one_by_one)
    for name in ("running", "waiting", "paused"):
        assert set(getattr(by_blocks, name)) == set(getattr(one_by_one, name))
    for name in ("states", "values", "sems", "violation", "started", "finished_at", "finished"):
        assert np.array_equal(
            getattr(by_blocks, name),
            getattr(one_by_one, name),
            equal_nan=name in ("values", "sems"),
        )
    assert np.array_equal(by_blocks.unit(SPACE), one_by_one.unit(SPACE))
    if rows:
        assert by_blocks.space == one_by_one.space


def test_an_empty_block() -> None:
    history = History(DIRECTIONS)
    history.extend(block_of([]))
    assert len(history) == 0
