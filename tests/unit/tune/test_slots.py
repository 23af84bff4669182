"""What a machine has is shared out, and no more than that."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trimtab.errors import InvalidArgument
from trimtab.tune.executors.slots import VISIBLE, Slots, Taken, processors
from trimtab.tune.resources import PlacementGroupFactory


def needs(**amounts: float) -> PlacementGroupFactory:
    return PlacementGroupFactory([amounts])


@pytest.fixture(autouse=True)
def _no_gpus(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No GPUs but those of a test."""
    monkeypatch.delenv(VISIBLE, raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))


def test_processors_are_those_of_this_process() -> None:
    assert Slots(None, None, {}).total("CPU") == processors() >= 1
    assert Slots(3, None, {}).total("CPU") == 3


@pytest.mark.parametrize(
    ("told", "gpus"),
    [
        ("0,1", ("0", "1")),
        ("2, GPU-abc", ("2", "GPU-abc")),
        ("", ()),
        ("-1", ()),
        ("1,-1,2", ("1",)),
    ],
)
def test_gpus_that_this_process_sees(
    told: str, gpus: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VISIBLE, told)
    assert Slots(1, None, {}).gpus == gpus
    with pytest.raises(InvalidArgument, match=f"num_gpus.*{len(gpus)}"):
        Slots(1, len(gpus) + 1, {})
    assert Slots(1, len(gpus[:1]), {}).gpus == gpus[:1]


def test_gpus_that_nvidia_finds(tmp_path: Path) -> None:
    command = tmp_path / "nvidia-smi"
    command.write_text("#!/bin/sh\necho 0\necho 1\n", "utf-8")
    command.chmod(0o755)
    assert Slots(1, None, {}).gpus == ("0", "1")
    command.write_text("#!/bin/sh\nexit 9\n", "utf-8")
    assert Slots(1, None, {}).gpus == ()
    command.unlink()
    assert Slots(1, None, {}).gpus == ()
    assert Slots(1, 2, {}).gpus == ("0", "1")


def test_gpus_are_filled_one_after_the_other() -> None:
    slots = Slots(8, 3, {})
    half, whole, two = needs(GPU=0.5), needs(GPU=1), needs(GPU=2)
    taken: list[Taken] = [(half, ("1",))]
    assert slots.choose(half, taken) == ("1",)
    assert slots.choose(needs(GPU=0.6), taken) == ("0",)
    assert slots.choose(two, taken) == ("0", "2")
    taken.append((two, ("0", "2")))
    assert not slots.has_room(whole, taken)
    assert slots.has_room(half, taken)
    assert slots.has_room_on(("1",), half, taken)
    assert not slots.has_room_on(("0",), half, taken)
    assert slots.has_room(needs(CPU=1), taken)


def test_who_does_not_speak_of_gpus_sees_all_and_who_wants_none_none() -> None:
    slots = Slots(2, 2, {})
    assert slots.choose(needs(CPU=1), []) is None
    assert slots.choose(needs(CPU=1, GPU=0), []) == ()


def test_what_there_is_is_told() -> None:
    slots = Slots(2, 1, {"license": 3})
    for many in (needs(CPU=2, GPU=1), needs(license=3)):
        slots.check(many)
    for many in (needs(CPU=2.5), needs(GPU=2), needs(license=4), needs(CPU=1, memory=1e9)):
        with pytest.raises(InvalidArgument, match=r"2 CPU, 1 GPU, 3 license"):
            slots.check(many)
    with pytest.raises(InvalidArgument, match="resources"):
        Slots(1, None, {"CPU": 2})


@settings(max_examples=60)
@given(
    st.lists(st.tuples(st.sampled_from([0.1, 0.25, 0.5, 1, 2]), st.sampled_from([0, 0.3, 1, 2])))
)
def test_no_more_is_shared_out_than_there_is(asked: list[tuple[float, float]]) -> None:
    slots = Slots(3, 2, {})
    taken: list[Taken] = []
    for cpus, gpus in asked:
        each = needs(CPU=cpus, GPU=gpus)
        if slots.has_room(each, taken):
            chosen = slots.choose(each, taken)
            assert len(chosen or ()) == (max(int(gpus), 1) if gpus else 0)
            taken.append((each, chosen))
    assert sum(each.required_resources["CPU"] for each, _ in taken) <= 3 + 1e-6
    for gpu in slots.gpus:
        parts = [min(n.required_resources["GPU"], 1) for n, on in taken if gpu in (on or ())]
        assert sum(parts) <= 1 + 1e-6


def test_ten_tenths_are_a_whole() -> None:
    slots, tenth = Slots(1, None, {}), needs(CPU=0.1)
    assert slots.has_room(tenth, [(tenth, None)] * 9)
    assert not slots.has_room(tenth, [(tenth, None)] * 10)
    assert slots.most(tenth) == 10
