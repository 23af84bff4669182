"""A storage that goes away under open pages: they say so, keep what was typed, and go on."""

import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

import trimtab
from tests.browser.served import Served, served
from tests.services import Server
from trimtab.dashboard import (
    ChoiceWidget,
    TextInputWidget,
    Widget,
    register_objective_form_widgets,
)
from trimtab.distributions import FloatDistribution

SPACE = {"x": FloatDistribution(0, 1)}
AWAY = "The page shows what was last known, and goes on by itself."


def rated(storage: str) -> trimtab.Study:
    """A study of two objectives, of which two trials wait."""
    study = trimtab.create_study(
        study_name="rated", storage=storage, directions=["minimize", "minimize"]
    )
    widgets: list[Widget] = [ChoiceWidget(["Good", "Bad"], [-1, 1]), TextInputWidget("How long?")]
    register_objective_form_widgets(study, widgets)
    for _ in range(2):
        study.ask(SPACE)
    return study


def as_ann(page: Page, server: Served, path: str) -> None:
    """Open a page of ratings under a name."""
    server.enter(page, path)
    page.get_by_label("Name").fill("Ann")
    page.keyboard.press("Enter")
    expect(page.locator(".rate-who")).to_contain_text("Ann")


def fill(page: Page) -> None:
    """Say what is to be said of a trial."""
    page.get_by_label("Good").check()
    page.get_by_label("How long?").fill("2.5")


def only(faults: list[str], *statuses: str) -> None:
    """Clear the browser's own words on answers of these statuses, and nothing else."""
    assert [each for each in faults if not any(word in each for word in statuses)] == []
    faults.clear()


@pytest.mark.postgres
@pytest.mark.slow
def test_a_database_that_stops_and_starts_again(
    new_page: Callable[..., Page], tmp_path: Path, postgres_server: Server, faults: list[str]
) -> None:
    study = rated(postgres_server.url)
    other = trimtab.create_study(study_name="other", storage=f"sqlite:///{tmp_path / 'other.db'}")
    other.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=2)
    with served(postgres_server.url, tmp_path / "other.db", tmp_path / "empty.db") as server:
        rate, note, trials, overview, studies, elsewhere = (
            new_page(viewport={"width": 390, "height": 844} if index % 2 else None)
            for index in range(6)
        )
        as_ann(rate, server, "/studies/0-1/rate")
        fill(rate)
        server.enter(note, "/studies/0-1/note")
        note.get_by_role("button", name="Edit").click()
        note.get_by_label("Markdown").fill("precious")
        server.enter(trials, "/studies/0-1/trials")
        server.enter(overview, "/studies/0-1")
        server.enter(studies, "/")
        server.enter(elsewhere, "/studies/1-1")
        for page in (rate, note, trials, overview, studies, elsewhere):
            expect(page.locator("#live[data-state=on]")).to_be_attached()

        postgres_server.stop()
        for page in (rate, note, trials, overview, studies):
            expect(page.get_by_role("alert").filter(has_text=AWAY)).to_be_visible()
        # What is refused stays where it is, and says so.
        rate.get_by_role("button", name="Submit").click()
        expect(rate.locator(".rate-fault")).to_contain_text("Not kept: postgresql://")
        note.get_by_role("button", name="Save").click()
        expect(note.locator("[data-note-news]")).to_contain_text("Not saved: postgresql://")
        trials.get_by_label("Filter", exact=True).fill("number == 0")
        expect(trials.locator("#filter-fault")).to_contain_text("cannot be reached")
        # The other storages are none the worse, and nobody waits for the one that is away.
        other.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=1)
        expect(elsewhere.get_by_text("3 trials")).to_be_visible()
        expect(elsewhere.locator("#live[data-state=on]")).to_be_attached()
        studies.reload()
        expect(studies.get_by_role("link", name="other")).to_be_visible()
        expect(studies.get_by_role("alert").filter(has_text="does not answer")).to_be_visible()
        overview.reload()
        expect(overview.get_by_role("heading", name="The storage does not answer")).to_be_visible()

        postgres_server.start()
        expect(studies.get_by_role("link", name="rated")).to_be_visible()
        expect(studies.get_by_role("alert").filter(has_text="does not answer")).to_have_count(0)
        expect(overview.locator("#live[data-state=on]")).to_be_attached()
        for page in (rate, note, trials):
            expect(page.get_by_role("alert").filter(has_text=AWAY)).to_have_count(0)
        expect(trials.locator("#filter-fault")).to_be_empty()
        expect(trials.locator("tbody tr")).to_have_count(1)
        expect(rate.get_by_label("How long?")).to_have_value("2.5")
        rate.get_by_role("button", name="Submit").click()
        expect(rate.locator("#rate-card")).to_have_attribute("data-number", "1")
        note.get_by_role("button", name="Save").click()
        expect(note.locator("[data-note-view]")).to_contain_text("precious")
        for page in (rate, note, trials, overview, studies, elsewhere):
            page.goto("about:blank")
    assert study.trials[0].values == (-1.0, 2.5)
    study.storage.close()
    other.storage.close()
    only(faults, "503")


@pytest.mark.slow
def test_a_file_that_another_process_keeps_locked(
    new_page: Callable[..., Page], tmp_path: Path, faults: list[str]
) -> None:
    """Pages are read on; what is written waits for a while, and is then refused, not lost."""
    file = tmp_path / "study.db"
    study = rated(f"sqlite:///{file}")
    with served(file) as server:
        page = new_page()
        as_ann(page, server, "/studies/0-1/rate")
        lock = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
        lock.execute("BEGIN EXCLUSIVE")
        fill(page)
        page.get_by_role("button", name="Submit").click()
        expect(page.locator("#rate-card[aria-busy=true]")).to_be_visible()
        reader = new_page()
        server.enter(reader, "/studies/0-1/trials")
        expect(reader.locator("tbody tr")).to_have_count(2)
        expect(page.locator(".rate-fault")).to_contain_text("stayed locked by others")
        expect(page.get_by_label("How long?")).to_have_value("2.5")
        # One that ends in time is waited for.
        page.get_by_role("button", name="Submit").click()
        expect(page.locator("#rate-card[aria-busy=true]")).to_be_visible()
        threading.Timer(1, lock.execute, ["ROLLBACK"]).start()
        expect(page.locator("#rate-card")).to_have_attribute("data-number", "1")
        lock.close()
        for each in (page, reader):
            each.goto("about:blank")
    assert study.trials[0].values == (-1.0, 2.5)
    study.storage.close()
    only(faults, "503")


def test_a_server_that_stops_and_starts_again(
    new_page: Callable[..., Page], tmp_path: Path, faults: list[str]
) -> None:
    file = tmp_path / "study.db"
    study = rated(f"sqlite:///{file}")
    token = "a-token-of-this-test"
    with served(file, token=token) as server:
        page = new_page()
        as_ann(page, server, "/studies/0-1/rate")
        fill(page)
        port = server.address.rpartition(":")[2]
        server.pages.remove(page)  # it outlives its server
    expect(page.get_by_role("alert").filter(has_text="The server does not answer")).to_be_visible()
    page.get_by_role("button", name="Submit").click()
    expect(page.locator(".rate-fault")).to_have_text("Not kept: The server does not answer.")
    with served(file, "--port", port, token="another-token-than-before"):
        alert = page.get_by_role("alert").filter(has_text="token")
        expect(alert).to_be_visible()
    with served(file, "--port", port, token=token):
        expect(page.locator("#live[data-state=on]")).to_be_visible()
        expect(page.get_by_label("How long?")).to_have_value("2.5")
        page.get_by_role("button", name="Submit").click()
        expect(page.locator("#rate-card")).to_have_attribute("data-number", "1")
        page.goto("about:blank")
    assert study.trials[0].values == (-1.0, 2.5)
    study.storage.close()
    only(faults, "401")
