"""What every executor of `trimtab.tune` is held to.

For an executor of your own, with pytest installed::

    class TestMine(ExecutorContract):
        @pytest.fixture
        def executor(self):
            return MyExecutor()
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from trimtab import tune
from trimtab.errors import InvalidArgument
from trimtab.tune.events import Event, Evicted, Failed, Reported, Returned
from trimtab.tune.executors import Executor
from trimtab.tune.resources import DEFAULT, PlacementGroupFactory
from trimtab.tune.session import Assignment, Go

_PATIENCE = 60.0
BOTH = PlacementGroupFactory([{"CPU": 1}, {"CPU": 1}])
"""Two processors, of two nodes if need be."""


def follow(config: dict[str, Any]) -> dict[str, Any] | None:
    """A trainable that does what its config says."""
    checkpoint = tune.get_checkpoint()
    begun = 0
    if checkpoint is not None:
        begun = int(Path(checkpoint.path, "count").read_text("utf-8"))
    try:
        for count in range(begun + 1, config.get("count", 3) + 1):
            saved = None
            with tempfile.TemporaryDirectory() as folder:
                if count in config.get("save", ()):
                    Path(folder, "count").write_text(str(count), "utf-8")
                    saved = tune.Checkpoint.from_directory(folder)
                sys.stdout.write(f"says {count} {config['name']}\n")
                if count == config.get("raise"):
                    raise ValueError("as it was told")
                if count == config.get("exit"):
                    sys.exit(3)
                while "hold" in config and not Path(config["hold"]).exists():
                    time.sleep(0.01)
                tune.report({"count": count, "name": config["name"]}, checkpoint=saved)
    finally:
        if "mark" in config:
            Path(config["mark"]).write_text("cleaned up", "utf-8")
    return {"last": True} if config.get("return") else None


class Reusable(tune.Trainable):
    """A class that counts, and notes what becomes of each of its objects."""

    def setup(self, config: dict[str, Any]) -> None:
        self.count = 0
        self._note(f"made for {config['name']}")

    def step(self) -> dict[str, Any]:
        self.count += 1
        done = self.count == self.config.get("count", 3)
        return {"count": self.count, "name": self.config["name"], "done": done}

    def save_checkpoint(self, checkpoint_dir: str) -> dict[str, int]:
        return {"count": self.count}

    def load_checkpoint(self, checkpoint: dict[str, int]) -> None:
        self.count = checkpoint["count"]

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        self.count = 0
        self._note(f"reset for {new_config['name']}")
        return not new_config.get("refuse", False)

    def cleanup(self) -> None:
        self._note("cleaned up")

    def _note(self, text: str) -> None:
        with Path(self.config["notes"]).open("a", encoding="utf-8") as notes:
            notes.write(f"{text}\n")


Run = Callable[..., Assignment]


class ExecutorContract:
    """Every promise of `trimtab.tune.executors.Executor`; give it a fixture ``executor``.

    Attributes:
        captures: Whether trials run in processes of their own, so that what they print can be
            kept apart.
        shares: Whether it shares processors out; the fixture's has two.
    """

    captures = True
    shares = True

    @pytest.fixture
    def opened(self, executor: Executor, tmp_path: Path) -> Iterator[Executor]:
        """The executor, ready for `follow`."""
        executor.open(follow, tmp_path)
        yield executor
        executor.close()

    @pytest.fixture
    def assign(self, tmp_path: Path) -> Run:
        """Makes assignments."""

        def make(
            number: int,
            until: int = 100,
            checkpoint: Path | None = None,
            capture: bool = False,
            needs: PlacementGroupFactory = DEFAULT,
            save_at: int | None = None,
            **config: Any,
        ) -> Assignment:
            return Assignment(
                number,
                {"name": f"trial {number}", **config},
                f"trial {number}",
                "a run",
                tmp_path / f"trial_{number}",
                checkpoint,
                until=until,
                save_at=save_at,
                resources=needs,
                capture=capture,
            )

        return make

    def test_a_trial_reports_and_returns(self, opened: Executor, assign: Run) -> None:
        assert opened.has_room(DEFAULT)
        opened.start(assign(7, count=3))
        events = until_ended(opened, 7)
        assert [type(event) for event in events] == [Reported, Reported, Reported, Returned]
        reports = [event for event in events if isinstance(event, Reported)]
        assert [event.step for event in reports] == [1, 2, 3]
        assert [event.iteration for event in reports] == [1, 2, 3]
        assert reports[1].metrics == {"count": 2, "name": "trial 7"}
        assert not any(event.waits for event in reports)
        assert all(event.seconds >= 0.0 for event in reports)
        assert reports[0].total <= reports[2].total

    def test_what_is_returned_is_reported(self, opened: Executor, assign: Run) -> None:
        opened.start(assign(0, count=1, **{"return": True}))
        events = until_ended(opened, 0)
        assert isinstance(events[1], Reported)
        assert events[1].metrics == {"last": True}

    def test_a_trial_waits_where_it_is_told_to(self, opened: Executor, assign: Run) -> None:
        opened.start(assign(0, until=2, count=5))
        assert [event.step for event in until_waiting(opened, 0)] == [1, 2]
        assert opened.poll(0.0) == []
        assert opened.has_room(DEFAULT, 0)
        opened.go(0, Go(3))
        assert [event.step for event in until_waiting(opened, 0)] == [3]
        opened.go(0, Go(100))
        assert len(until_ended(opened, 0)) == 3

    def test_trials_rest_while_another_runs(self, opened: Executor, assign: Run) -> None:
        numbers = range(4)
        for number in numbers:
            assert opened.has_room(DEFAULT)
            opened.start(assign(number, until=1, count=2))
            until_waiting(opened, number)
        for number in numbers:
            opened.go(number, Go(100))
            names = [
                e.metrics["name"]
                for e in until_ended(opened, number)[:1]
                if isinstance(e, Reported)
            ]
            assert names == [f"trial {number}"]

    def test_a_trial_is_ended(self, opened: Executor, assign: Run, tmp_path: Path) -> None:
        mark = tmp_path / "mark"
        opened.start(assign(0, until=1, mark=str(mark)))
        until_waiting(opened, 0)
        opened.end(0)
        assert [type(event) for event in until_ended(opened, 0)] == [Returned]
        assert mark.read_text("utf-8") == "cleaned up"
        assert opened.has_room(DEFAULT)

    def test_a_trial_is_dropped_and_begun_again(
        self, opened: Executor, assign: Run, tmp_path: Path
    ) -> None:
        opened.start(assign(0, until=2, save=[2], mark=str(tmp_path / "mark")))
        reports = until_waiting(opened, 0)
        assert reports[-1].checkpoint == "checkpoint_000002"
        opened.drop(0)
        opened.start(assign(0, checkpoint=tmp_path / "trial_0" / "checkpoint_000002"))
        events = until_ended(opened, 0)
        assert [event.metrics["count"] for event in events if isinstance(event, Reported)] == [3]
        assert (tmp_path / "mark").exists()

    def test_a_checkpoint_is_there_when_it_is_told_of(
        self, opened: Executor, assign: Run, tmp_path: Path
    ) -> None:
        opened.start(assign(0, save=[1, 3]))
        saved = [
            event.checkpoint for event in until_ended(opened, 0) if isinstance(event, Reported)
        ]
        assert saved == ["checkpoint_000001", None, "checkpoint_000003"]
        for count in (1, 3):
            path = tmp_path / "trial_0" / f"checkpoint_00000{count}"
            assert (path / "count").read_text("utf-8") == str(count)

    def test_a_trial_that_raises(self, opened: Executor, assign: Run) -> None:
        opened.start(assign(0, **{"raise": 2}))
        events = until_ended(opened, 0)
        failed = events[-1]
        assert isinstance(failed, Failed)
        assert len(events) == 2
        assert failed.reason == "ValueError: as it was told"
        assert "in follow" in failed.traceback
        assert isinstance(failed.error, ValueError)
        opened.start(assign(1, count=1))
        assert isinstance(until_ended(opened, 1)[-1], Returned)

    def test_a_trial_that_exits(self, opened: Executor, assign: Run) -> None:
        opened.start(assign(0, exit=1))
        failed = until_ended(opened, 0)[-1]
        assert isinstance(failed, Failed)
        assert "3" in failed.reason

    def test_what_trials_print_goes_to_their_files(
        self, opened: Executor, assign: Run, tmp_path: Path
    ) -> None:
        for number in (0, 1):
            opened.start(assign(number, until=1, count=2, capture=True))
            until_waiting(opened, number)
        for number in (0, 1):
            opened.go(number, Go(100))
            until_ended(opened, number)
            file = tmp_path / f"trial_{number}" / "stdout"
            if not self.captures:
                assert not file.exists()
                continue
            printed = file.read_text("utf-8")
            assert printed == f"says 1 trial {number}\nsays 2 trial {number}\n"

    def test_nothing_is_left_when_it_is_closed(
        self, opened: Executor, assign: Run, tmp_path: Path
    ) -> None:
        mark = tmp_path / "mark"
        opened.start(assign(0, until=1, mark=str(mark)))
        until_waiting(opened, 0)
        opened.close()
        assert mark.exists()
        assert not list(tmp_path.glob(".scratch-*"))

    # ------------------------------------------------------------------ what trials need

    def test_what_can_never_be_had_is_refused(self, opened: Executor) -> None:
        opened.check(DEFAULT)
        opened.check(BOTH)
        if self.shares:
            for needs in ({"CPU": 2000}, {"CPU": 1, "no such thing": 1}):
                with pytest.raises(InvalidArgument, match=r"more than .*[\d.]+ CPU.*got '.*\d"):
                    opened.check(PlacementGroupFactory([needs]))

    def test_a_trial_takes_what_it_needs_while_it_runs(
        self, opened: Executor, assign: Run, tmp_path: Path
    ) -> None:
        if not self.shares:
            return
        hold = tmp_path / "hold"
        opened.start(assign(0, until=2, count=3, needs=BOTH, hold=str(hold)))
        assert not opened.has_room(DEFAULT)
        hold.touch()
        until_waiting(opened, 0)
        assert opened.has_room(DEFAULT)
        assert opened.has_room(BOTH)
        hold.unlink()
        opened.start(assign(1, count=1, hold=str(hold)))
        assert opened.has_room(DEFAULT)
        assert not opened.has_room(BOTH)
        hold.touch()
        # What rests may have to make room, and is then to be begun again.
        last = list(_until(opened, lambda event: isinstance(event, Returned)))[-1]
        assert last.number == 1
        assert opened.has_room(BOTH)

    def test_parts_of_a_processor(self, opened: Executor, assign: Run, tmp_path: Path) -> None:
        if not self.shares:
            return
        half, hold = PlacementGroupFactory([{"CPU": 0.5}]), tmp_path / "hold"
        for number in range(4):
            assert opened.has_room(half)
            opened.start(assign(number, count=1, needs=half, hold=str(hold)))
        assert not opened.has_room(half)
        hold.touch()
        ended: set[int] = set()
        deadline = time.monotonic() + _PATIENCE
        while len(ended) < 4 and time.monotonic() < deadline:
            ended |= {event.number for event in opened.poll(1.0) if isinstance(event, Returned)}
        assert ended == {0, 1, 2, 3}

    def test_trials_with_other_needs_take_turns(
        self, opened: Executor, assign: Run, tmp_path: Path
    ) -> None:
        saved: dict[int, Path | None] = {0: None, 1: None}
        begun: set[int] = set()
        kinds = {0: DEFAULT, 1: BOTH}
        for step in (1, 2):
            for number, needs in kinds.items():
                assert opened.has_room(needs, number)
                if number in begun:
                    opened.go(number, Go(step))
                else:
                    begun.add(number)
                    opened.start(
                        assign(number, 1, saved[number], needs=needs, count=2, save=[1, 2])
                    )
                for event in _until(opened, lambda event: isinstance(event, Reported)):
                    if isinstance(event, Reported):
                        assert (event.number, event.metrics["count"]) == (number, step)
                        saved[number] = tmp_path / f"trial_{number}" / str(event.checkpoint)
                    else:  # what rests may have to make room; then it goes on from its checkpoint
                        assert isinstance(event, Evicted)
                        begun.discard(event.number)

    def test_a_trial_that_waits_for_a_worker_is_taken_back(
        self, opened: Executor, assign: Run
    ) -> None:
        if not self.captures:
            return
        opened.start(assign(0, hold="never"))
        assert opened.kill(0)
        assert not opened.kill(0)
        assert opened.has_room(BOTH)
        opened.start(assign(1, count=1))
        assert len(until_ended(opened, 1)) == 2

    # ------------------------------------------------------------------ objects of classes

    @pytest.mark.parametrize("reuse", [True, False])
    def test_an_object_serves_one_trial_after_another(
        self, executor: Executor, assign: Run, tmp_path: Path, reuse: bool
    ) -> None:
        notes = tmp_path / "notes"
        executor.open(Reusable, tmp_path, reuse=reuse)
        for number, refuse in enumerate((False, False, True)):
            run = assign(number, count=2, notes=str(notes), refuse=refuse, needs=BOTH)
            executor.start(run)
            counts = [e.metrics["count"] for e in until_ended(executor, number)[:-1]]  # type: ignore[union-attr]  # reports
            assert counts == [1, 2]
        executor.close()
        names = [f"trial {number}" for number in range(3)]
        first = [f"made for {names[0]}", f"reset for {names[1]}", f"reset for {names[2]}"]
        expected = [*first, "cleaned up", f"made for {names[2]}", "cleaned up"]
        if not reuse:
            expected = [text for name in names for text in (f"made for {name}", "cleaned up")]
        assert notes.read_text("utf-8").splitlines() == expected

    def test_an_object_goes_on_from_another_trials_state(
        self, executor: Executor, assign: Run, tmp_path: Path
    ) -> None:
        notes = tmp_path / "notes"
        executor.open(Reusable, tmp_path, reuse=True)
        executor.start(assign(0, until=2, save_at=2, notes=str(notes)))
        until_waiting(executor, 0)
        executor.drop(0)
        saved = tmp_path / "trial_0" / "checkpoint_000002"
        executor.start(assign(0, 1, saved, notes=str(notes), count=4))
        (report,) = until_waiting(executor, 0)
        assert report.metrics["count"] == 3
        executor.close()
        expected = ["made for trial 0", "reset for trial 0", "cleaned up"]
        assert notes.read_text("utf-8").splitlines() == expected


def _until(executor: Executor, has_come: Callable[[Event], bool]) -> Iterator[Event]:
    """Events, up to one."""
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        events = executor.poll(1.0)
        yield from events
        if any(map(has_come, events)):
            return
    raise AssertionError("it did not come")


def until_waiting(executor: Executor, number: int) -> list[Reported]:
    """Reports of a trial, up to the one at which it waits."""
    reports: list[Reported] = []
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        for event in executor.poll(1.0):
            assert isinstance(event, Reported), event
            assert event.number == number
            reports.append(event)
            if event.waits:
                return reports
    raise AssertionError(f"trial {number} did not come to wait")


def until_ended(executor: Executor, number: int) -> list[Event]:
    """Events of a trial, up to its last."""
    events: list[Event] = []
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        for event in executor.poll(1.0):
            assert event.number == number
            events.append(event)
            if isinstance(event, (Returned, Failed)):
                return events
    raise AssertionError(f"trial {number} did not end")
