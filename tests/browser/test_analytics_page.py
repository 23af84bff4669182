"""Figures in a browser: of all kinds and studies; ranges are dragged, points are opened."""

import math
import re
from collections.abc import Callable
from pathlib import Path

import plotly.graph_objects as go
import pytest
from playwright.sync_api import Page, expect

import trimtab
from tests.browser.served import Served, served
from trimtab.dashboard import save_plotly_graph_object
from trimtab.dashboard.figures import FIGURES

PARALLEL = "#figure-parallel"


def mixed(trial: trimtab.Trial) -> float:
    """Float, log, step, integer, categorical and conditional parameters, a constraint, all ends."""
    x = trial.suggest_float("x", -5, 5)
    rate = trial.suggest_float("lr", 1e-5, 1, log=True)
    kind = trial.suggest_categorical("opt", ["adam", "sgd"])
    if kind == "sgd":
        trial.suggest_float("momentum", 0, 1, step=0.25)
    trial.suggest_int("layers", 1, 4)
    trial.set_constraint("c", x - 4)
    value = x * x + abs(math.log10(rate) + 3)
    for step in range(3):
        trial.report(value + 1 / (step + 1), step)
    if trial.number % 7 == 3:
        raise trimtab.TrialPruned
    if trial.number % 11 == 4:
        raise ValueError
    return value


def _create(url: str, name: str, directions: tuple[str, ...] = ("minimize",)) -> trimtab.Study:
    sampler = trimtab.samplers.RandomSampler(seed=0)
    return trimtab.create_study(
        storage=url, study_name=name, directions=directions, sampler=sampler
    )


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Studies 1 to 6: mixed, two objectives, three, empty, one trial, a hundred parameters."""
    url = f"sqlite:///{tmp_path_factory.mktemp('analytics') / 'studies.db'}"
    study = _create(url, "mixed")
    study.optimize(mixed, n_trials=60, catch=(ValueError,))
    study.ask()
    two = _create(url, "two", ("minimize", "maximize"))
    two.optimize(
        lambda trial: (trial.suggest_float("a", 0, 1), trial.suggest_float("b", 0, 1)), n_trials=30
    )
    three = _create(url, "three", ("minimize",) * 3)
    three.optimize(
        lambda trial: (trial.suggest_float("a", 0, 1), 1 - trial.params["a"], trial.number),
        n_trials=10,
    )
    _create(url, "empty")
    _create(url, "one").optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=1)
    hundred = _create(url, "hundred")
    space = {f"param_{i:03d}": trimtab.FloatDistribution(0, 1) for i in range(100)}
    for number in range(5):
        hundred.tell(hundred.ask(space), float(number))
    return url


def drawn(page: Page) -> None:
    """Look at all figures of the page until they are drawn."""
    figures = page.locator("[data-figure]:visible")
    for i in range(figures.count()):
        figures.nth(i).scroll_into_view_if_needed()
        expect(figures.nth(i)).to_have_attribute("data-drawn", re.compile("."))
    expect(page.locator("[data-figure]:not([data-drawn]):visible")).to_have_count(0)
    page.evaluate("scrollTo(0, 0)")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_figure_of_every_study_is_drawn(
    new_page: Callable[..., Page], url: str, scheme: str
) -> None:
    narrow = {"width": 390, "height": 844}
    with served(url) as server:
        page = new_page(color_scheme=scheme, viewport=None if scheme == "light" else narrow)
        server.enter(page)
        for study in range(1, 7):
            page.goto(f"{server.address}/studies/0-{study}/analytics")
            drawn(page)
            wider = page.evaluate("document.documentElement.scrollWidth - innerWidth")
            assert wider <= 0, study


def test_figures_come_with_the_first_trials(new_page: Callable[..., Page], tmp_path: Path) -> None:
    storage = f"sqlite:///{tmp_path / 'studies.db'}"
    study = trimtab.create_study(storage=storage)
    with served(storage) as server:
        page = new_page()
        server.enter(page, "/studies/0-1/analytics")
        expect(page.get_by_text("Nothing to draw yet")).to_be_visible()
        expect(page.locator("[data-figure]:visible")).to_have_count(0)
        study.optimize(lambda trial: trial.suggest_float("x", 0.0, 1.0), n_trials=4)
        expect(page.locator(PARALLEL)).to_have_attribute("data-drawn", re.compile("."))
        expect(page.get_by_text("Nothing to draw yet")).to_have_count(0)


def test_every_kind_in_the_registry(new_page: Callable[..., Page], url: str) -> None:
    with served(url) as server:
        page = new_page()
        for number, objectives in ((1, 1), (2, 2)):
            _open(server, page, f"/studies/0-{number}/analytics")
            for kind in FIGURES:
                several = kind in ("pareto", "hypervolume", "model-front")
                if (objectives == 1 and several) or kind == "preferences":
                    continue
                target = "?target=0" if "target" in FIGURES[kind].options else ""
                src = f"/studies/0-{number}/figures/{kind}{target}"
                page.evaluate(
                    """(src) => {
                      document.getElementById("figure-parallel").dataset.figure = src;
                      document.dispatchEvent(new CustomEvent("trimtab:theme"));
                    }""",
                    src,
                )
                expect(page.locator(PARALLEL)).to_have_attribute(
                    "data-drawn", re.compile(rf"/figures/{kind}\b")
                )


def drag(page: Page, axis: int, start: float, end: float) -> None:
    """Drag along an axis of the parallel coordinates between two heights."""
    x, top, bottom = page.evaluate(
        """([axis, start, end]) => {
          const figure = document.getElementById("figure-parallel");
          const box = figure.getBoundingClientRect();
          const { xaxis, yaxis } = figure._fullLayout;
          const y = (height) => box.top + yaxis._offset + yaxis.d2p(height);
          return [box.left + xaxis._offset + xaxis.d2p(axis), y(start), y(end)];
        }""",
        [axis, start, end],
    )
    page.mouse.move(x, top)
    page.mouse.down()
    page.mouse.move(x, (top + bottom) / 2, steps=3)
    page.mouse.move(x, bottom, steps=3)
    page.mouse.up()


def _open(server: Served, page: Page, path: str) -> None:
    server.enter(page, path)
    page.wait_for_selector(f"{PARALLEL}[data-drawn] .brushes .strip")


def test_ranges_are_dragged_typed_shared_and_let_go(
    new_page: Callable[..., Page], url: str
) -> None:
    with served(url) as server:
        page = new_page()
        names = "".join(f"&param={name}" for name in ("lr", "opt"))
        _open(server, page, f"/studies/0-1/analytics?{names[1:]}".replace("&", "%26"))
        order = page.locator("#ranges .range").evaluate_all("all => all.map(e => e.dataset.field)")
        rate, kind = order.index("params.lr"), order.index("params.opt")
        where = page.locator("#where")
        drag(page, rate, 0.2, 0.6)
        expect(where).to_have_value(re.compile(r"^\S+ <= params\.lr <= \S+$"))
        drag(page, kind, 0.9, 1.0)
        expect(where).to_have_value(re.compile(r'and params\.opt == "sgd"'))
        expect(page.locator("#matches strong")).to_contain_text("match")
        ends = [float(word) for word in where.input_value().split()[:5:4]]
        study = trimtab.load_study(storage=url, study_name="mixed")
        fitting = [
            trial.number
            for trial in study.trials
            if ends[0] <= trial.params.get("lr", 0) <= ends[1] and trial.params["opt"] == "sgd"
        ]
        expect(page.locator("#matches strong")).to_have_text(
            f"{len(fitting)} of {len(study.trials)} trials match"
        )

        other = new_page()
        server.enter(other)
        other.goto(page.url)
        other.wait_for_selector(f"{PARALLEL}[data-drawn] .brushes .range")
        assert other.locator(".brushes .range").count() == 2
        other.get_by_role("link", name="Open in Trials").click()
        expect(other.locator("#results tbody tr")).to_have_count(len(fitting))

        drag(page, rate, 0.4, 0.4)  # a click lets go
        expect(where).to_have_value('params.opt == "sgd"')
        page.get_by_text("Type the ranges").click()
        page.locator('.range[data-field="params.lr"] [data-bound=low]').fill("1e-3")
        page.keyboard.press("Tab")
        expect(where).to_have_value('params.lr >= 0.001 and params.opt == "sgd"')
        where.fill("params.lr <")
        page.keyboard.press("Enter")
        expect(page.locator("#where-fault")).to_contain_text("cannot be read")
        page.get_by_role("button", name="Clear").click()
        expect(where).to_have_value("")
        expect(page.locator(".brushes .range")).to_have_count(0)


def test_points_open_trials_and_figures_are_saved(new_page: Callable[..., Page], url: str) -> None:
    with served(url) as server:
        page = new_page()
        server.enter(page, "/studies/0-1/analytics")
        drawn(page)
        figure = page.locator("#figure-slice")
        for name, kind in (("PNG: a picture", "png"), ("SVG: a picture that scales", "svg")):
            figure.locator(".figure-menu summary").click()
            with page.expect_download() as download:
                figure.get_by_role("button", name=name).click()
            assert download.value.suggested_filename.endswith(kind)
        figure.focus()
        page.keyboard.press("ArrowRight")
        page.keyboard.press("Enter")
        page.wait_for_url(lambda address: "/studies/0-1/trials/" in address)


def test_saved_figures_reach_no_other_host(new_page: Callable[..., Page], tmp_path: Path) -> None:
    storage = f"sqlite:///{tmp_path / 'studies.db'}"
    study = trimtab.create_study(storage=storage)
    evil = "http://canary.example/x.png"
    figure = go.Figure(
        [
            go.Scattergl(x=[1, 2], y=[1, 2], text=[f'<a href="{evil}">a</a>'] * 2, mode="text"),
            go.Parcoords(dimensions=[{"values": [1, 2]}]),
            go.Choropleth(locations=["FRA"], z=[1]),
        ]
    )
    figure.update_layout(
        title=f'<span style="background:url({evil})">t</span>',
        images=[{"source": evil, "x": 0, "y": 1, "sizex": 1, "sizey": 1}],
    )
    save_plotly_graph_object(study, figure, graph_object_id="nasty")
    with served(storage) as server:
        page = new_page()
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        server.enter(page, "/studies/0-1/analytics")
        drawn(page)
        assert page.locator("#saved-nasty a[href], #saved-nasty image").count() == 0
        assert [each for each in asked if not each.startswith((server.address, "data:"))] == []
        page.get_by_role("button", name="Delete …").click()
        page.get_by_role("button", name="Delete", exact=True).click()
        expect(page.locator("#saved-nasty")).to_have_count(0)
    assert not [each for each in study.system_attrs if each.startswith("dashboard:figure:")]
