"""Search spaces: the configuration's entries and Hydra's override grammar."""

from __future__ import annotations

from typing import Any

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser

from hydra_plugins.trimtab_sweeper._space import Dimensions, dimensions, override_text
from trimtab.errors import InvalidArgument, InvalidType, TrimtabError
from trimtab.space import CategoricalDistribution, FloatDistribution, IntDistribution


class Groups:
    """Hydra's config loader, as far as `glob` asks of it."""

    def get_group_options(self, group: str, results_filter: Any = None) -> list[str]:
        return {"model": ["conv", "dense", "deep"]}[group]


def of(
    search_space: dict[str, Any] | None = None,
    params: dict[str, Any] | None = None,
    arguments: list[str] | None = None,
) -> Dimensions:
    return dimensions(search_space or {}, params or {}, arguments or [], Groups())


@pytest.mark.parametrize(
    ("entry", "distribution"),
    [
        ({"type": "float", "low": 0.1, "high": 1}, FloatDistribution(0.1, 1.0)),
        (
            {"type": "float", "low": 1e-4, "high": 5e-3, "log": True},
            FloatDistribution(1e-4, 5e-3, log=True),
        ),
        ({"type": "float", "low": 0, "high": 1, "step": 0.25}, FloatDistribution(0, 1, step=0.25)),
        ({"type": "int", "low": 1, "high": 9, "step": 2}, IntDistribution(1, 9, step=2)),
        ({"type": "int", "low": 1, "high": 64, "log": True}, IntDistribution(1, 64, log=True)),
        (
            {"type": "categorical", "choices": ["min", "max"]},
            CategoricalDistribution(("min", "max")),
        ),
        ({"choices": [None, True, 2, 0.5]}, CategoricalDistribution((None, True, 2, 0.5))),
        ("interval(0, 1.5)", FloatDistribution(0.0, 1.5)),
    ],
)
def test_entries_of_the_search_space(entry: Any, distribution: Any) -> None:
    assert of({"++x": entry}).distributions() == {"++x": distribution}


# As Hydra's Optuna sweeper reads them: see its tests of the same grammar.
GRAMMAR = [
    ("x=interval(1,10)", FloatDistribution(1.0, 10.0)),
    ("x=int(interval(1,10))", IntDistribution(1, 10)),
    ("x=tag(log,interval(1,10))", FloatDistribution(1.0, 10.0, log=True)),
    ("x=tag(log,int(interval(1,10)))", IntDistribution(1, 10, log=True)),
    ("x=tag(int,log,interval(1,10))", IntDistribution(1, 10, log=True)),
    ("x=range(1,3)", IntDistribution(1, 3)),
    ("x=range(0,10,step=5)", IntDistribution(0, 10, step=5)),
    ("x=range(1.0,2.0,step=0.5)", FloatDistribution(1.0, 2.0, step=0.5)),
    ("x=choice(a,b)", CategoricalDistribution(("a", "b"))),
    ("x=a,b", CategoricalDistribution(("a", "b"))),
    ("x=1,2.5,true", CategoricalDistribution((1, 2.5, True))),
    ("x='a b','c,d'", CategoricalDistribution(("a b", "c,d"))),
    ("x=[64,64],[32]", CategoricalDistribution(("[64,64]", "[32]"))),
    ("model=glob(de*)", CategoricalDistribution(("dense", "deep"))),
]


@pytest.mark.parametrize(("argument", "distribution"), GRAMMAR)
def test_the_override_grammar(argument: str, distribution: Any) -> None:
    assert list(of(arguments=[argument]).distributions().values()) == [distribution]


@pytest.mark.parametrize(("argument", "distribution"), GRAMMAR)
def test_the_same_in_params(argument: str, distribution: Any) -> None:
    key, _, text = argument.partition("=")
    assert of(params={key: text}).distributions() == {key: distribution}


def test_a_shuffled_range_is_a_choice() -> None:
    (found,) = of(arguments=["x=shuffle(range(1,4))"]).distributions().values()
    assert isinstance(found, CategoricalDistribution)
    assert set(found.choices) == {1, 2, 3}


class TestPrecedence:
    def test_the_command_line_goes_before_params_and_those_before_the_search_space(self) -> None:
        varied = of(
            {"++a": "interval(0,1)", "++b": "interval(0,1)", "c": "interval(0,1)"},
            {"b": "interval(0,2)", "c": "interval(0,2)"},
            ["c=interval(0,3)"],
        )
        assert varied.distributions() == {
            "++a": FloatDistribution(0, 1),
            "b": FloatDistribution(0, 2),
            "c": FloatDistribution(0, 3),
        }

    @pytest.mark.parametrize("argument", ["x=0.5", "+x=0.5", "++x=0.5"])
    def test_what_the_command_line_fixes_is_not_searched(self, argument: str) -> None:
        varied = of({"++x": "interval(0,1)", "y": "interval(0,1)"}, {}, [argument])
        assert list(varied.distributions()) == ["y"]
        assert varied.fixed == (argument,)

    def test_fixed_params_and_deletions_reach_every_job(self) -> None:
        varied = of({}, {"lr": 0.1, "layers": [1, 2], "y": "interval(0,1)"}, ["~db", "name='a b'"])
        assert varied.overrides({"y": 0.5}) == [
            "y=0.5",
            "lr=0.1",
            "layers=[1,2]",
            "~db",
            "name='a b'",
        ]


class TestOverrides:
    def test_choices_go_as_they_came(self) -> None:
        varied = of(arguments=["x='a b',[64,64],{k:1}"])
        (found,) = varied.distributions().values()
        assert isinstance(found, CategoricalDistribution)
        texts = [varied.overrides({"x": choice})[0] for choice in found.choices]
        assert texts == ["x='a b'", "x=[64,64]", "x={k:1}"]

    @pytest.mark.parametrize(
        "value",
        [
            1,
            -2.5,
            1e-05,
            2.0**70,
            True,
            None,
            "min",
            "1e-3",
            "true",
            "null",
            "a,b",
            "it's",
            "a b",
            "",
            "back\\slash",
            "x=1",
            ["a", 1, [None]],
            {"k": "v w"},
        ],
    )
    def test_a_value_comes_back_through_hydras_parser(self, value: Any) -> None:
        parsed = OverridesParser.create().parse_override(f"x={override_text(value)}")
        assert not parsed.is_sweep_override()
        assert parsed.value() == value
        assert type(parsed.value()) is type(value)


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        ({"type": "float", "low": 0.1}, r"`search_space.x`: expected both bounds"),
        ({"type": "int", "high": 3}, "both bounds, `low` and `high`"),
        ({"low": 0, "high": 1}, "a `type` of float, int or categorical"),
        ({"type": "normal", "low": 0, "high": 1}, "a `type` of float, int or categorical"),
        ({"type": "categorical"}, "a list of `choices`"),
        ({"type": "categorical", "choices": []}, "at least one choice"),
        ({"type": "categorical", "choices": ["a", "a"]}, "choices that differ"),
        ({"type": "float", "low": 2, "high": 1}, r"search_space\.x\."),
        ({"type": "float", "low": 0, "high": 1, "log": True}, r"search_space\.x\.low"),
        ({"type": "float", "low": "a", "high": 1}, r"search_space\.x\.low"),
        ({"type": "float", "low": 0, "high": 1, "base": 2}, "keys among type, low"),
        ("interval(3,1)", "a lower bound that is at most the upper one"),
        ("range(3,1)", "a lower bound that is at most the upper one"),
        ("tag(often, interval(1,3))", "tags among int, float and log"),
    ],
)
def test_bad_entries(entry: Any, says: str) -> None:
    with pytest.raises(TrimtabError, match=says) as caught:
        of({"x": entry})
    assert isinstance(caught.value, (InvalidArgument, InvalidType))
