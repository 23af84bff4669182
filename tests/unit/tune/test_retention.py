"""Which checkpoints stay."""

from pathlib import Path

from trimtab.tune import CheckpointConfig
from trimtab.tune.members import Member, Saved
from trimtab.tune.retention import Retention


def saved(folder: Path, number: int, step: int, size: int = 100) -> Saved:
    """A checkpoint of ``size`` bytes."""
    path = folder / str(number) / f"checkpoint_{step:06d}"
    path.mkdir(parents=True)
    (path / "state").write_bytes(bytes(size))
    return Saved(path, number, step, step, 0.0)


def there(folder: Path) -> list[str]:
    """Which checkpoints are on the disk."""
    return sorted(str(path.relative_to(folder)) for path in folder.glob("*/checkpoint_*"))


def test_a_budget_is_the_run_s_and_the_oldest_goes_whoever_made_it(tmp_path: Path) -> None:
    members = {number: Member(number, str(number), tmp_path, {}) for number in (0, 1)}
    retention = Retention(CheckpointConfig(max_bytes=250), members, list)
    for number, step in ((0, 1), (1, 1), (1, 2)):
        retention.add(members[number], saved(tmp_path, number, step))
    assert there(tmp_path) == ["1/checkpoint_000001", "1/checkpoint_000002"]
    # The one whose it was does not look for it either.
    assert members[0].saved == []
    assert [each.step for each in members[1].saved] == [1, 2]


def test_what_is_there_when_a_run_is_taken_up_again_counts(tmp_path: Path) -> None:
    member = Member(1, "1", tmp_path, {})
    retention = Retention(CheckpointConfig(max_bytes=250), {1: member}, list)
    ended = [saved(tmp_path, 0, step) for step in (1, 2)]
    retention.count([Saved(e.path, 0, e.step, e.step, 0.0, size=100) for e in ended])
    retention.add(member, saved(tmp_path, 1, 1))
    assert there(tmp_path) == ["0/checkpoint_000002", "1/checkpoint_000001"]


def test_what_is_saved_again_counts_once(tmp_path: Path) -> None:
    member = Member(0, "0", tmp_path, {})
    retention = Retention(CheckpointConfig(max_bytes=250), {0: member}, list)
    first, second = saved(tmp_path, 0, 1), saved(tmp_path, 0, 2)
    for each in (first, second, second, second):
        retention.add(member, each)
    assert len(there(tmp_path)) == 2
    assert [each.step for each in member.saved] == [1, 2]


def test_what_someone_needs_stays(tmp_path: Path) -> None:
    member = Member(0, "0", tmp_path, {})
    needed = saved(tmp_path, 0, 1)
    retention = Retention(CheckpointConfig(max_bytes=0), {0: member}, lambda: [needed])
    retention.add(member, needed)
    retention.add(member, saved(tmp_path, 0, 2))
    retention.add(member, saved(tmp_path, 0, 3))
    assert there(tmp_path) == ["0/checkpoint_000001", "0/checkpoint_000003"]


def test_a_number_to_keep_is_each_trial_s_own_the_best_by_score(tmp_path: Path) -> None:
    members = {number: Member(number, str(number), tmp_path, {}) for number in (0, 1)}
    config = CheckpointConfig(num_to_keep=2, checkpoint_score_attribute="score")
    retention = Retention(config, members, list)
    for step, score in enumerate((5.0, float("nan"), 7.0, 1.0), 1):
        for number, member in members.items():
            made = saved(tmp_path, number, step)
            retention.add(member, Saved(made.path, number, step, step, 0.0, 0, {"score": score}))
    # The last one always stays, as it is the one to go on from; of the others the best.
    kept = ["checkpoint_000003", "checkpoint_000004"]
    assert there(tmp_path) == [f"{number}/{name}" for number in (0, 1) for name in kept]
