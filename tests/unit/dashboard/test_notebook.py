"""A study in a real notebook: its table, its figure, and its dashboard in the same process."""

import re
from typing import Any

import httpx
import nbclient
import nbconvert
import nbformat
import pytest

import trimtab
from trimtab.dashboard import notebook, show

CELLS = (
    """
import plotly.io
import trimtab
plotly.io.renderers.default = "plotly_mimetype+notebook_connected"  # so that an export has it
trimtab.logging.set_verbosity(trimtab.logging.ERROR)
study = trimtab.create_study(study_name="<b>mine</b>")
study.optimize(lambda trial: trial.suggest_float("x", 0, 1) ** 2, n_trials=3)
study
""",
    "study.best_trial",
    "study.best_arm",
    """
import httpx
from trimtab.dashboard import show
shown = show(study)
with httpx.Client(follow_redirects=True) as client:
    client.get(shown.url)
    page = client.get(shown.url.partition("/login")[0] + f"/studies/0-{study.study_id}")
assert page.status_code == 200, page.status_code
assert show(study).url == shown.url
shown
""",
)


def _html(output: Any) -> str:
    return str(output["data"].get("text/html", ""))


@pytest.fixture(scope="module")
def executed() -> Any:
    made = nbformat.v4.new_notebook(  # type: ignore[no-untyped-call]  # nbformat has no types
        cells=[nbformat.v4.new_code_cell(text) for text in CELLS]  # type: ignore[no-untyped-call]  # nbformat has no types
    )
    return nbclient.NotebookClient(made, timeout=60, kernel_name="python3").execute()


def test_a_study_is_a_table_and_a_figure(executed: Any) -> None:
    table, *_, figure = (each for each in executed.cells[0].outputs if "data" in each)
    assert "&lt;b&gt;mine&lt;/b&gt;" in _html(table)
    assert "<b>mine" not in _html(table)
    assert "3 complete" in _html(table)
    assert figure["data"]["application/vnd.plotly.v1+json"]["data"]


def test_trials_and_arms_are_tables(executed: Any) -> None:
    assert "complete" in _html(executed.cells[1].outputs[0])
    assert "measured by" in _html(executed.cells[2].outputs[0])


def test_the_dashboard_runs_in_the_kernel(executed: Any) -> None:
    (output,) = executed.cells[3].outputs
    assert re.search(r'<a href="http://127\.0\.0\.1:\d+/login\?token=', _html(output))


def test_a_notebook_is_exported(executed: Any) -> None:
    exporter = nbconvert.HTMLExporter()  # type: ignore[no-untyped-call]  # nbformat has no types
    page, _ = exporter.from_notebook_node(executed)
    assert "Open the dashboard" in page
    assert "Optimization History Plot" in page
    assert "&lt;b&gt;mine&lt;/b&gt;" in page


def test_tables_are_bounded() -> None:
    study = trimtab.create_study()
    for number in range(40):
        space = {f"p{i}": trimtab.FloatDistribution(0, 1) for i in range(60)}
        study.tell(study.ask(space), number)
    assert len(study._repr_html_()) < 20_000
    assert "and 22 more" in study.best_trial._repr_html_()
    empty = trimtab.create_study(directions=["minimize", "maximize"])
    assert "none yet" in empty._repr_html_()


def test_a_stopped_server_is_started_anew() -> None:
    study = trimtab.create_study()
    first = show(study)
    notebook.stop(study)
    second = show(study)
    assert second.url != first.url
    assert httpx.get(second.url).status_code == 200
    notebook.stop(study)
