"""Spaces: ordered, frozen, with names that every backend takes alike."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.errors import InvalidArgument, InvalidType
from trimtab.space import (
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
    Space,
    check_name,
)

SPACE = Space(
    {
        "lr": FloatDistribution(1e-5, 1.0, log=True),
        "depth": IntDistribution(1, 8),
        "kind": CategoricalDistribution(("a", "b", "c")),
    }
)


def test_columns_are_in_order() -> None:
    assert SPACE.names == ("lr", "depth", "kind")
    assert SPACE.levels.tolist() == [0, 8, 3]
    assert SPACE.is_categorical.tolist() == [False, False, True]
    assert SPACE.index("depth") == 1
    assert SPACE.columns == {"lr": 0, "depth": 1, "kind": 2}


def test_decode_and_external() -> None:
    internals = SPACE.decode([1.0, 0.0, 0.99])
    assert SPACE.external(internals) == {"lr": 1.0, "depth": 1, "kind": "c"}
    assert SPACE.encode(internals) == pytest.approx([1.0, 0.0625, 5 / 6])


def test_spaces_are_equal_by_names_order_and_distributions() -> None:
    assert Space(dict(SPACE)) == SPACE
    assert hash(Space(dict(SPACE))) == hash(SPACE)
    assert Space(dict(reversed(list(SPACE.items())))) != SPACE


def test_a_space_does_not_change() -> None:
    with pytest.raises(ValueError, match="read-only"):
        SPACE.levels[0] = 3
    assert not hasattr(SPACE, "__setitem__")


def test_only_distributions_are_taken() -> None:
    with pytest.raises(InvalidType):
        Space({"x": (0.0, 1.0)})  # type: ignore[dict-item]  # wrong on purpose


@pytest.mark.parametrize("name", ["", "x" * 256, "a\x00b", "a\nb", "a\x7fb", "\ud800", "e\u0301"])
def test_impossible_names(name: str) -> None:
    with pytest.raises(InvalidArgument):
        check_name("name", name)


@pytest.mark.parametrize("name", [None, 3, b"x"])
def test_names_are_strings(name: object) -> None:
    with pytest.raises(InvalidType):
        check_name("name", name)


@given(st.text(st.characters(exclude_categories=("Cc", "Cs")), min_size=1, max_size=255))
def test_any_other_text_is_a_name(name: str) -> None:
    normal = unicodedata.normalize("NFC", name)[:255]
    if unicodedata.is_normalized("NFC", normal) and normal:
        assert check_name("name", normal) == normal
