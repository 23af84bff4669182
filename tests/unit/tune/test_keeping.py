"""Checkpoints are taken over whole, and damage is seen."""

import tempfile
from pathlib import Path

import pytest

from trimtab.errors import ArtifactDamaged, InvalidArgument
from trimtab.tune import Checkpoint, manifests
from trimtab.tune.keeping import discard, draft, take_over, verify
from trimtab.tune.manifests import LOG


def filled(folder: Path, text: str = "state") -> Path:
    (folder / "inner").mkdir(parents=True)
    (folder / "a").write_text(text, "utf-8")
    (folder / "inner" / "b").write_bytes(b"\0" * 1000)
    return folder


@pytest.mark.parametrize("flush", [True, False])
def test_a_folder_of_one_s_own_is_copied(tmp_path: Path, flush: bool) -> None:
    source = filled(tmp_path / "mine")
    assert take_over(source, tmp_path / "run" / "c1", flush=flush) == 1005
    assert (source / "a").read_text("utf-8") == "state"
    verify(tmp_path / "run" / "c1")
    take_over(filled(tmp_path / "other", "newer"), tmp_path / "run" / "c1")
    assert (tmp_path / "run" / "c1" / "a").read_text("utf-8") == "newer"
    verify(tmp_path / "run" / "c1")


def test_a_temporary_folder_is_moved_and_stays_empty(tmp_path: Path) -> None:
    with tempfile.TemporaryDirectory(dir=tmp_path) as folder:
        filled(Path(folder, "x"))
        inode = Path(folder, "x", "a").stat().st_ino
        take_over(folder, tmp_path / "run" / "c1", scratch=str(tmp_path))
        assert list(Path(folder).iterdir()) == []
    kept = tmp_path / "run" / "c1" / "x" / "a"
    assert kept.stat().st_ino == inode
    verify(tmp_path / "run" / "c1")


def test_what_tempfile_made_and_named_is_moved_without_a_scratch_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with tempfile.TemporaryDirectory() as unnamed, tempfile.TemporaryDirectory("mine") as named:
        for number, folder in enumerate((unnamed, named)):
            take_over(filled(Path(folder, "x")).parent, tmp_path / "run" / f"c{number}")
            verify(tmp_path / "run" / f"c{number}")
        assert list(Path(unnamed).iterdir()) == []
        assert Path(named, "x", "a").exists()


def test_a_draft_becomes_the_checkpoint(tmp_path: Path) -> None:
    target = tmp_path / "run" / "c1"
    (draft(target) / "left").write_text("by a run that was cut off", "utf-8")
    source = draft(target)
    filled(source / "x")
    take_over(source, target)
    verify(target)
    assert sorted(each.name for each in (tmp_path / "run").iterdir()) == ["c1", LOG]
    assert [each.name for each in target.iterdir()] == ["x"]


@pytest.mark.parametrize("harm", ["flip", "truncate", "remove", "manifest", "no manifest"])
def test_damage_is_seen(tmp_path: Path, harm: str) -> None:
    kept = tmp_path / "c1"
    take_over(filled(tmp_path / "mine"), kept)
    file, manifest = kept / "inner" / "b", tmp_path / LOG
    match harm:
        case "flip":
            file.write_bytes(b"\0" * 999 + b"\1")
        case "truncate":
            file.write_bytes(b"\0" * 999)
        case "remove":
            file.unlink()
        case "manifest":
            manifest.write_text(manifest.read_text("utf-8")[:-5], "utf-8")
        case "no manifest":
            manifest.unlink()
    with pytest.raises(ArtifactDamaged, match="c1"):
        verify(kept)
    if harm == "flip":
        verify(kept, contents=False)


def test_what_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    source = filled(tmp_path / "mine")
    (source / "pipe").symlink_to(tmp_path / "nowhere")
    with pytest.raises(OSError):
        take_over(source, tmp_path / "run" / "c1")
    assert list((tmp_path / "run").iterdir()) == []


def test_discarding(tmp_path: Path) -> None:
    take_over(filled(tmp_path / "mine"), tmp_path / "run" / "c1")
    discard(tmp_path / "run" / "c1")
    assert [each.name for each in (tmp_path / "run").iterdir()] == [LOG]
    assert manifests.names(tmp_path / "run") == set()
    discard(tmp_path / "run" / "c1")
    with pytest.raises(ArtifactDamaged, match="c1"):
        verify(tmp_path / "run" / "c1")


def test_a_checkpoint(tmp_path: Path) -> None:
    checkpoint = Checkpoint.from_directory(filled(tmp_path / "mine"))
    with checkpoint.as_directory() as folder:
        assert Path(folder, "a").read_text("utf-8") == "state"
    copy = checkpoint.to_directory(tmp_path / "copy")
    assert Path(copy, "inner", "b").exists()
    assert checkpoint.get_metadata() == {}
    checkpoint.set_metadata({"a": 1})
    checkpoint.update_metadata({"b": 2})
    assert Checkpoint(checkpoint.path).get_metadata() == {"a": 1, "b": 2}
    assert checkpoint == Checkpoint(tmp_path / "mine")
    with pytest.raises(InvalidArgument, match="path"):
        Checkpoint.from_directory(tmp_path / "nowhere")
