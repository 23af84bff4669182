"""Filters and the ranges that say the same."""

import pytest
from starlette.testclient import TestClient

import trimtab
from trimtab.artifacts.figures import MAX_FIGURES
from trimtab.dashboard import asgi, save_plotly_graph_object
from trimtab.dashboard.brushes import Axis, Choice, ranges_of
from trimtab.dashboard.harmless import harmless
from trimtab.errors import InvalidArgument, InvalidFilter, InvalidType
from trimtab.storage import InMemoryStorage

AXES = [
    Axis("loss", "value"),
    Axis("lr", "params.lr"),
    Axis("opt", "params.opt", (Choice("sgd", '"sgd"'), Choice("adam", '"adam"'))),
]


@pytest.mark.parametrize(
    ("where", "lr", "chosen", "rest"),
    [
        ("", (None, None), set(), ""),
        ("params.lr >= 0.1", (0.1, None), set(), ""),
        ("0.1 <= params.lr <= 0.5", (0.1, 0.5), set(), ""),
        ("0.5 >= params.lr and params.lr > 0.1", (0.1, 0.5), set(), ""),
        ("params.lr == 0.25", (0.25, 0.25), set(), ""),
        ('params.opt == "sgd"', (None, None), {'"sgd"'}, ""),
        ('params.opt in ("sgd", "adam")', (None, None), {'"sgd"', '"adam"'}, ""),
        # What is no range of an axis stays as it is.
        ("params.lr != 1 and number < 3", (None, None), set(), "params.lr != 1 and number < 3"),
        ("params.lr < 1 or number < 3", (None, None), set(), "(params.lr < 1 or number < 3)"),
        ("not params.lr < 1", (None, None), set(), "not params.lr < 1"),
        ("params.lr > 1 and params.lr > 2", (1, None), set(), "params.lr > 2"),
        ('params.opt == "lion"', (None, None), set(), 'params.opt == "lion"'),
        ("1 >= params.lr >= 0", (None, None), set(), "1 >= params.lr >= 0"),
        ("params.lr > params.x", (None, None), set(), "params.lr > params.x"),
    ],
)
def test_a_filter_is_taken_apart(
    where: str, lr: tuple[float | None, float | None], chosen: set[str], rest: str
) -> None:
    ranges = ranges_of(where, AXES)
    _, rate, opt = ranges.rows
    assert (rate.low, rate.high) == lr
    assert opt.chosen == chosen
    assert ranges.rest == rest


def test_open_ends_stay_open() -> None:
    row = ranges_of("0 < value <= 1", AXES).rows[0]
    assert (row.low_is_open, row.high_is_open) == (True, False)


def test_a_filter_that_cannot_be_read() -> None:
    with pytest.raises(InvalidFilter):
        ranges_of("value <", AXES)


TOKEN = "a-token-for-tests"


def _client(study: trimtab.Study) -> TestClient:
    app = asgi(study.storage, token=TOKEN)
    return TestClient(
        app, base_url="http://localhost", headers={"authorization": f"Bearer {TOKEN}"}
    )


@pytest.fixture
def study() -> trimtab.Study:
    study = trimtab.create_study(storage=InMemoryStorage())

    def objective(trial: trimtab.Trial) -> float:
        x = trial.suggest_float("x", 0, 1)
        return x + (trial.suggest_categorical("kind", ["a", "<b>"]) == "a")

    study.optimize(objective, n_trials=20)
    return study


def test_the_page_shows_what_its_address_says(study: trimtab.Study) -> None:
    with _client(study) as client:
        path = f"/studies/0-{study.study_id}/analytics"
        page = client.get(path, params={"where": "params.x <= 0.5", "param": ["x", "gone"]})
        matching = sum(trial.params["x"] <= 0.5 for trial in study.trials)
        assert f"{matching} of 20 trials match" in page.text
        assert "param=x&" in page.text
        assert "param=gone" not in page.text
        assert "/trials?where=params.x+%3C%3D+0.5" in page.text
        faulty = client.get(path, params={"where": "params.y < 1"})
        assert faulty.status_code == 200
        assert "no trial has a field" in faulty.text
        assert "where=params.y" not in faulty.text
        assert client.get(path, params={"objective": "7"}).status_code == 422
        assert "&lt;b&gt;" in client.get(path).text
        assert "<b>" not in client.get(path).text


@pytest.mark.parametrize("trials", [0, 1, 2])
@pytest.mark.parametrize("directions", [["minimize"], ["minimize", "maximize"]])
def test_few_trials(trials: int, directions: list[str]) -> None:
    study = trimtab.create_study(directions=directions, storage=InMemoryStorage())
    for _ in range(trials):
        trial = study.ask({"x": trimtab.FloatDistribution(0, 1)})
        study.tell(trial, [float(trial.number)] * len(directions))
    study.ask()
    with _client(study) as client:
        page = client.get(f"/studies/0-{study.study_id}/analytics")
        assert page.status_code == 200
        for src in {part.split('"')[0] for part in page.text.split('data-figure="')[1:]}:
            answer = client.get(src.replace("&amp;", "&"))
            assert answer.status_code == 200, (src, answer.text)


def test_figures_as_files(study: trimtab.Study) -> None:
    with _client(study) as client:
        path = f"/studies/0-{study.study_id}/figures/slice"
        page = client.get(path, params={"download": "html"})
        assert page.headers["content-disposition"].startswith("attachment")
        assert page.headers["content-security-policy"] == "sandbox"
        assert "https://cdn" not in page.text[:2000]
        kept = client.get(path, params={"download": "json", "param": "x"})
        assert kept.json()["layout"]["title"]["text"] == "Slice Plot"


def test_saved_figures(study: trimtab.Study) -> None:
    import plotly.graph_objects as go

    figure = go.Figure(go.Scatter(x=[1], y=[2]))
    assert save_plotly_graph_object(study, figure, graph_object_id="mine") == "mine"
    named = save_plotly_graph_object(study, figure)
    with _client(study) as client:
        root = f"/studies/0-{study.study_id}"
        assert client.get(f"{root}/figures/saved/mine").json()["data"][0]["y"] == [2]
        assert named in client.get(f"{root}/analytics").text
        assert client.post(f"{root}/figures/saved/mine/delete").status_code == 204
        assert client.post(f"{root}/figures/saved/mine/delete").status_code == 404
        assert client.get(f"{root}/figures/saved/mine").status_code == 422
        study.set_system_attr("dashboard:figure:broken", "[1")
        assert client.get(f"{root}/figures/saved/broken").status_code == 422
    for name in ("", "a b", "<i>", "x" * 65, "../x"):
        with pytest.raises(InvalidArgument, match="graph_object_id"):
            save_plotly_graph_object(study, figure, graph_object_id=name)
    with pytest.raises(InvalidType):
        save_plotly_graph_object(study, {})
    big = go.Figure(go.Scatter(x=["x" * 1000] * 1100))
    with pytest.raises(InvalidArgument, match="characters"):
        save_plotly_graph_object(study, big)
    for index in range(MAX_FIGURES - 2):
        save_plotly_graph_object(study, figure, graph_object_id=f"f{index}")
    with pytest.raises(InvalidArgument, match="figures of a study"):
        save_plotly_graph_object(study, figure, graph_object_id="one-too-many")


def test_a_saved_figure_is_harmless() -> None:
    evil = "http://evil.example/x.png"
    figure = {
        "data": [
            {"type": "scattergl", "x": [1], "text": f'<a href="{evil}">a</a><b>b</b>'},
            {"type": "parcoords"},
            {"type": "image", "source": evil},
            {"type": ["scatter"]},
            {"type": "scatter", "name": '<<b>a href="x">', "marker.color": evil},
            7,
        ],
        "layout": {
            "title": "<SPAN style='fill:url(x)'>t</SPAN>",
            "images": [{"source": evil}, {"source": "data:image/png;base64,AAAA"}, 3],
            "updatemenus": [{"buttons": [{"args": [{"images[0].source": evil}]}]}],
            "mapbox2": {"style": evil},
        },
        "frames": [{"data": []}],
    }
    clean = harmless(figure, "dark")
    assert [trace["type"] for trace in clean["data"]] == ["scatter", "scatter"]
    assert clean["data"][0]["text"].endswith("&lt;/a><b>b</b>")
    assert clean["data"][1]["name"] == '&lt;<b>a href="x">'
    assert "marker.color" not in clean["data"][1]
    assert [each["source"] for each in clean["layout"]["images"]] == ["data:image/png;base64,AAAA"]
    assert not {"updatemenus", "mapbox2", "frames"} & {*clean, *clean["layout"]}
    assert clean["layout"]["title"]["text"].startswith("&lt;SPAN")
    assert "parcoords" in clean["layout"]["title"]["subtitle"]["text"]
    with pytest.raises(InvalidArgument):
        harmless({"data": {}}, "light")
