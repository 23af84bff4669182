"""Records on the wire come back as they were, bit for bit; errors by name and no other."""

import math
import pickle
import struct
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trimtab import errors
from trimtab.errors import (
    AccessDenied,
    InvalidArgument,
    InvalidFilter,
    InvalidType,
    MissingDependency,
    NoteConflict,
    StaleAttempt,
    StorageBusy,
    StorageError,
    TrimtabError,
    UnknownStudy,
)
from trimtab.records import (
    FrozenTrial,
    Outcome,
    Report,
    StudyDirection,
    StudyRecord,
    StudySummary,
    TrialState,
    TrialUpdate,
)
from trimtab.space import CategoricalDistribution, FloatDistribution, IntDistribution, Space
from trimtab.storage import Changes, Draft, Held, Lease, wire
from trimtab.storage.wire.columns import FEW, pack, pack_rows, unpack, unpack_rows
from trimtab.testing.storage.studies import names
from trimtab.testing.storage.values import CHOICES, json_values

HUGE = 2**70
few = settings(max_examples=25, deadline=None)
floats = st.floats(allow_nan=False)
finite = st.floats(allow_nan=False, allow_infinity=False)
integers = st.integers(-HUGE, HUGE)
attrs = st.dictionaries(names, json_values, max_size=3)
times = st.none() | st.integers(0, 2**62)

SPACE = Space(
    {
        "x": FloatDistribution(-1.7e308, 1.7e308),
        "n": IntDistribution(-HUGE, HUGE),
        "c": CategoricalDistribution(CHOICES),
    }
)
SPACES = [SPACE, Space({"y": FloatDistribution(1e-300, 1.0, log=True)}), Space({})]
points = {
    SPACES[0]: st.tuples(finite, integers, st.integers(0, len(CHOICES) - 1)),
    SPACES[1]: st.tuples(st.floats(1e-300, 1.0)),
    SPACES[2]: st.just(()),
}
reports = st.builds(
    Report,
    st.integers(0, 2**63 - 1),
    st.dictionaries(names, st.floats(), max_size=3),
    st.none() | names,
)


@st.composite
def trials(draw: st.DrawFn) -> FrozenTrial:
    """A trial of any state, of one of three spaces, of two objectives."""
    space = draw(st.sampled_from(SPACES))
    state = draw(st.sampled_from(list(TrialState)))
    values = None
    sems = None
    if state.is_finished() and (state is TrialState.COMPLETE or draw(st.booleans())):
        values = draw(st.tuples(finite, finite))
        sems = draw(st.none() | st.tuples(st.none() | st.floats(0, 1e308), st.floats(0, 1e308)))
    return FrozenTrial.build(
        draw(st.integers(0, 2**62)),
        state,
        values=values,
        sems=sems,
        space=space,
        point=draw(points[space]),
        started=draw(times),
        finished=draw(times),
        constraints=draw(st.dictionaries(names, floats, max_size=2)),
        user_attrs=draw(attrs),
        system_attrs=draw(attrs),
        attempt=draw(st.integers(1, 2**31 - 1)),
        archived=draw(st.booleans()),
    )


def same(a: Any, b: Any) -> bool:
    """Equal with the types of all parts, the signs of zeros and NaN: what ``repr`` shows."""
    return repr(a) == repr(b)


def parts(trial: FrozenTrial) -> list[Any]:
    return [getattr(trial, slot) for slot in FrozenTrial.__slots__]


def sent(data: Any) -> Any:
    """``data`` as the other side reads it."""
    return wire.from_bytes(wire.to_bytes(data))


class TestColumns:
    @few
    @given(
        values=st.lists(st.floats(), max_size=3 * FEW)
        | st.lists(integers, max_size=3 * FEW)
        | st.lists(st.integers(-(2**63), 2**63 - 1), min_size=FEW, max_size=3 * FEW)
        | st.lists(st.none() | floats | integers, max_size=3 * FEW)
    )
    def test_any_values(self, values: list[Any]) -> None:
        assert same(unpack(sent(pack(values))), values)

    @pytest.mark.parametrize("bits", [7, 8, 15, 16, 31, 32, 62, 63, 64])
    def test_the_edges_of_integers(self, bits: int) -> None:
        for edge in (2**bits - 1, 2**bits, -(2**bits), -(2**bits) - 1):
            values = [0] * FEW + [edge]
            assert unpack(sent(pack(values))) == values

    def test_floats_keep_their_eight_bytes(self) -> None:
        payload = struct.unpack("<d", b"\x01\x00\x00\x00\x00\x00\xf8\x7f")[0]  # a NaN of its own
        values = [payload, -0.0, 5e-324, math.inf] * FEW
        back = unpack(sent(pack(values)))
        assert struct.pack("<8d", *back[:8]) == struct.pack("<8d", *values[:8])

    @few
    @given(rows=st.lists(st.none() | st.lists(floats, max_size=3).map(tuple), max_size=2 * FEW))
    def test_rows(self, rows: list[Any]) -> None:
        assert same(unpack_rows(sent(pack_rows(rows))), rows)

    @pytest.mark.parametrize(
        "data", [None, 5, "x", {}, {"f8": 5}, {"f8": "AA"}, {"f8": "@@@"}, {"x": ""}, {"i1": "é"}]
    )
    def test_what_is_no_column(self, data: Any) -> None:
        with pytest.raises(InvalidArgument, match="column"):
            unpack(data)


class TestTrials:
    @few
    @given(listed=st.lists(trials(), max_size=6), copies=st.sampled_from([1, 40]))
    def test_changes(self, listed: list[FrozenTrial], copies: int) -> None:
        changes = Changes(
            2**40,
            tuple(listed * copies),
            tuple((trial.number, Report(3, {"value": math.nan})) for trial in listed),
            tuple(trial.number for trial in listed),
            {7: "ValueError: bad"},
        )
        back = wire.load_changes(sent(wire.dump_changes(changes)))
        assert same(list(map(parts, back.trials)), list(map(parts, changes.trials)))
        assert same(back.reports, changes.reports)
        assert (back.revision, back.deleted, back.damaged) == (
            changes.revision,
            changes.deleted,
            changes.damaged,
        )

    @few
    @given(trial=trials(), told=st.lists(reports, max_size=4))
    def test_reports(self, trial: FrozenTrial, told: list[Report]) -> None:
        trial = trial.replace(reports={report.step: report for report in told})
        (back,) = wire.load_whole_trials(sent(wire.dump_whole_trials([trial])))
        assert same(parts(back), parts(trial))

    def test_a_space_is_sent_once_and_loaded_once(self) -> None:
        many = [
            FrozenTrial.build(i, TrialState.RUNNING, space=SPACES[1], point=(0.5,), started=1)
            for i in range(100)
        ]
        data = wire.dump_whole_trials(many)
        assert len(data["trials"]["spaces"]) == 1
        assert len(wire.to_bytes(data)) < 4000
        assert len({id(trial.space) for trial in wire.load_whole_trials(sent(data))}) == 1

    @pytest.mark.parametrize(
        "fault",
        [
            {"point": ()},
            {"point": (1,)},
            {"point": ("0.5",)},
            {"attempt": 0},
            {"attempt": "1"},
            {"finished": None},
            {"values": (math.nan,)},
            {"values": None},
            {"sems": (-1.0,)},
            {"state": TrialState.RUNNING},
            {"constraints": {"c": math.nan}},
        ],
    )
    def test_a_trial_that_cannot_be(self, fault: dict[str, Any]) -> None:
        good = FrozenTrial.build(
            0,
            TrialState.COMPLETE,
            values=(1.0,),
            space=SPACES[1],
            point=(0.5,),
            started=1,
            finished=2,
        )
        assert wire.check_trial(good) is good
        with pytest.raises(InvalidArgument):
            wire.check_trial(good.replace(**fault))


class TestRecords:
    @few
    @given(name=names, given=attrs, created=st.integers(0, 2**60), archived=st.booleans())
    def test_studies(self, name: str, given: dict[str, Any], created: int, archived: bool) -> None:
        record = StudyRecord(
            3,
            name,
            (StudyDirection.MINIMIZE, StudyDirection.MAXIMIZE),
            (name, "other"),
            given,
            dict(given),
            created,
            archived,
            2**50,
        )
        assert same(wire.load_study(sent(wire.dump_study(record))), record)
        summary = StudySummary(record, dict.fromkeys(TrialState, 2), math.inf, None, created)
        assert same(wire.load_summary(sent(wire.dump_summary(summary))), summary)

    @few
    @given(given=attrs, started=st.integers(0, 2**60), data=st.data())
    def test_drafts_and_updates(self, given: dict[str, Any], started: int, data: Any) -> None:
        space = data.draw(st.sampled_from(SPACES))
        point = data.draw(points[space])
        draft = Draft(space, point, given, dict(given), started)
        assert same(wire.load_draft(sent(wire.dump_draft(draft))), draft)
        told = tuple(data.draw(st.lists(reports, max_size=2)))
        for update in (
            TrialUpdate(space, point, told, given, dict(given), {"c": math.inf}),
            TrialUpdate(reports=told),
        ):
            assert same(wire.load_update(sent(wire.dump_update(update))), update)

    @pytest.mark.parametrize(
        "outcome",
        [
            Outcome(TrialState.COMPLETE, (1.0, -0.0), (None, 0.5)),
            Outcome(TrialState.PRUNED),
            Outcome(TrialState.FAIL, None, None, "é\x00\ud800"),
        ],
    )
    def test_outcomes(self, outcome: Outcome) -> None:
        assert same(wire.load_outcome(sent(wire.dump_outcome(outcome))), outcome)

    def test_leases(self) -> None:
        for lease in (Lease(), Lease(0.1, "host/1", 7), Lease(math.inf)):
            assert same(wire.load_lease(sent(wire.dump_lease(lease))), lease)
        for held in (Held(1, 2, "w", -0.5), Held(2**40, 1, "", None)):
            assert same(wire.load_held(sent(wire.dump_held(held))), held)

    @pytest.mark.parametrize(
        "text", [b"", b"{", b"\xff", b"[" * 100_000, b"1" * 5000], ids=lambda text: text[:3]
    )
    def test_what_is_no_json(self, text: bytes) -> None:
        with pytest.raises(InvalidArgument, match="body"):
            wire.from_bytes(text)

    def test_an_integer_with_too_many_digits(self) -> None:
        with pytest.raises(InvalidArgument, match="JSON can hold"):
            wire.to_bytes(10**5000)


ERRORS = [
    InvalidArgument("a", "b", object),
    InvalidArgument("a", "b", (math.nan, {"$x": 1})),
    InvalidArgument("a", "b", "x" * 5000),
    InvalidType("a", "b", {1: 2}),
    InvalidFilter("a name that exists", "valeu < 1", 0, 5),
    UnknownStudy("`study_name`: expected one."),
    StaleAttempt(3, 1, 2),
    MissingDependency("httpx", "http"),
    NoteConflict(1, 2),
    StorageBusy("locked"),
    AccessDenied("no"),
]


class TestErrors:
    @pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
    def test_the_same_type_and_message(self, error: TrimtabError) -> None:
        back = wire.load_error(sent(wire.dump_error(error)))
        assert type(back) is type(error)
        assert str(back) == str(error)
        assert set(vars(back)) == set(vars(error))
        assert type(pickle.loads(pickle.dumps(back))) is type(error)

    def test_what_an_error_carries(self) -> None:
        back = wire.load_error(sent(wire.dump_error(StaleAttempt(3, 1, 2))))
        assert isinstance(back, StaleAttempt)
        assert (back.number, back.attempt, back.current) == (3, 1, 2)

    def test_every_error_has_a_way_back(self) -> None:
        for name, kind in vars(errors).items():
            if isinstance(kind, type) and issubclass(kind, TrimtabError):
                told = wire.describe(name, "what went wrong")
                assert type(wire.load_error(told)) is kind
                assert str(wire.load_error(told)) == "what went wrong"

    @pytest.mark.parametrize(
        "told",
        [
            {"error": {"type": "SystemExit", "message": "m"}},
            {"error": {"type": "TrimtabWarning", "message": "m"}},
            {"error": {"type": "warn", "message": "m"}},
            {"error": {"type": ["x"], "message": "m"}},
            {"error": {"type": "InvalidArgument"}},
            {"error": "no"},
            {},
            None,
            [],
        ],
    )
    def test_nothing_else_is_made(self, told: Any) -> None:
        assert type(wire.load_error(told)) is StorageError
