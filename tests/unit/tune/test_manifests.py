"""What checkpoints consist of is found again, whatever was cut off or written besides."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.tune import manifests

ONE = {"a": (1, "0" * 64)}
OTHER = {"b": (2, "1" * 64)}


def test_the_last_word_counts(tmp_path: Path) -> None:
    checkpoint = tmp_path / "c1"
    assert manifests.find(checkpoint) is None
    manifests.forget(checkpoint)  # makes no file where there is none
    assert list(tmp_path.iterdir()) == []
    manifests.note(checkpoint, ONE, flush=True)
    manifests.note(tmp_path / "c2", OTHER, flush=False)
    assert manifests.find(checkpoint) == ONE
    manifests.note(checkpoint, OTHER, flush=False)
    assert manifests.find(checkpoint) == OTHER
    manifests.forget(checkpoint)
    assert manifests.find(checkpoint) is None
    assert manifests.find(tmp_path / "c2") == OTHER


def test_names_are_of_folders_that_are_there(tmp_path: Path) -> None:
    assert manifests.names(tmp_path / "nowhere") == set()
    for name in ("c1", "c2", "c3"):
        (tmp_path / name).mkdir()
        manifests.note(tmp_path / name, ONE, flush=False)
    (tmp_path / "c1").rmdir()
    manifests.forget(tmp_path / "c2")
    assert manifests.names(tmp_path) == {"c3"}


@pytest.mark.parametrize("keep", [1, 10, -1])
def test_a_line_that_was_cut_off_harms_no_other(tmp_path: Path, keep: int) -> None:
    for name in ("c1", "c2", "c3"):
        (tmp_path / name).mkdir()
    manifests.note(tmp_path / "c1", ONE, flush=False)
    log = tmp_path / manifests.LOG
    whole = log.read_bytes()
    manifests.note(tmp_path / "c2", ONE, flush=False)
    log.write_bytes(whole + log.read_bytes()[len(whole) :][:keep])
    manifests.note(tmp_path / "c3", OTHER, flush=False)
    assert manifests.names(tmp_path) == {"c1", "c3"}
    assert manifests.find(tmp_path / "c3") == OTHER
    if keep != 1:
        with pytest.raises(ValueError, match="line 1"):
            manifests.find(tmp_path / "c2")
    else:
        assert manifests.find(tmp_path / "c2") is None


def test_one_is_found_far_from_the_end(tmp_path: Path) -> None:
    manifests.note(tmp_path / "first", ONE, flush=False)
    for number in range(2000):
        manifests.note(tmp_path / f"c{number}", {"state": (number, "0" * 64)}, flush=False)
    assert manifests.find(tmp_path / "first") == ONE
    assert manifests.find(tmp_path / "c1999") == {"state": (1999, "0" * 64)}


@given(names=st.lists(st.text(min_size=1).filter(lambda name: "/" not in name), max_size=5))
def test_any_name_will_do(tmp_path_factory: pytest.TempPathFactory, names: list[str]) -> None:
    folder = tmp_path_factory.mktemp("run")
    for number, name in enumerate(names):
        manifests.note(folder / f"c{number}", {name: (number, "")}, flush=False)
    for number, name in enumerate(names):
        assert manifests.find(folder / f"c{number}") == {name: (number, "")}
