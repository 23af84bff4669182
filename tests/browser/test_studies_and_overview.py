"""The list of studies and the overview as people use them: live, without losing what they do."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

import trimtab
from tests.browser.faults import Faults
from tests.browser.served import Served, served


@pytest.fixture
def url(tmp_path: Path) -> str:
    url = f"sqlite:///{tmp_path}/studies.db"
    for name, values in (("first", [3.0, 1.0, 2.0]), ("second", [5.0, 4.0])):
        study = trimtab.create_study(study_name=name, storage=url)
        for value in values:
            study.tell(study.ask(), value)
    return url


@pytest.fixture
def dashboard(url: str) -> Iterator[Served]:
    with served(url) as running:
        yield running


def test_the_list_is_live_and_keeps_what_one_does(
    dashboard: Served, new_page: Callable[..., Page], url: str
) -> None:
    page = new_page()
    dashboard.enter(page)
    expect(page.locator("#live")).to_have_attribute("data-state", "on")
    page.get_by_label("Choose first").check()
    search = page.get_by_label("Search studies by name")
    search.press_sequentially("S")
    expect(page.locator("#studies tbody tr")).to_have_count(2)  # "first" and "second"
    search.press_sequentially("e")
    expect(page.locator("#studies tbody tr")).to_have_count(1)
    expect(page).to_have_url(re.compile(r"/\?q=Se$"))

    # Somebody else makes a study that the search finds, and tells a trial.
    trimtab.create_study(study_name="see this", storage=url)
    other = trimtab.load_study(study_name="second", storage=url)
    other.tell(other.ask(), 0.125)
    expect(page.locator("#studies tbody tr")).to_have_count(2)
    expect(page.locator("#studies")).to_contain_text("0.125")
    expect(search).to_be_focused()
    expect(search).to_have_value("Se")

    search.fill("")
    expect(page.get_by_label("Choose first")).to_be_checked()
    page.get_by_label("Choose second").check()
    page.get_by_role("button", name="Compare").click()
    expect(page.get_by_role("heading", name="Compare studies")).to_be_visible()
    expect(page.locator(".scatterlayer .trace").first).to_be_attached()
    assert page.url.count("study=") == 2


def test_a_study_is_made_renamed_archived_and_deleted(
    dashboard: Served, new_page: Callable[..., Page], url: str, faults: Faults
) -> None:
    faults.provoked.append("409")  # a name that is taken
    page = new_page()
    dashboard.enter(page)
    page.get_by_role("button", name="New study").click()
    page.locator("#create-name").fill("first")
    page.get_by_role("button", name="Create").click()
    expect(page.locator("#create").get_by_role("alert")).to_contain_text("first")
    page.locator("#create-name").fill("third")
    page.get_by_role("button", name="Add an objective").click()
    page.locator("#objectives select").last.select_option("maximize")
    page.get_by_role("button", name="Create").click()
    expect(page.get_by_role("heading", name="What comes next")).to_be_visible()
    directions = trimtab.load_study(study_name="third", storage=url).directions
    assert [each.name for each in directions] == ["MINIMIZE", "MAXIMIZE"]

    page.get_by_role("link", name="Studies").click()
    page.get_by_label("Rename, archive or delete third").click()
    dialog = page.locator("#manage")
    dialog.get_by_label("Name", exact=True).fill("fourth")
    expect(page.locator("#live")).to_have_attribute("data-state", "on")
    # A change elsewhere leaves the dialog open, and what was typed.
    trimtab.create_study(study_name="meanwhile", storage=url)
    expect(page.locator("#studies")).to_contain_text("meanwhile")
    expect(dialog.get_by_label("Name", exact=True)).to_have_value("fourth")
    dialog.get_by_role("button", name="Rename").click()
    expect(dialog).to_be_hidden()
    expect(page.locator("#studies")).to_contain_text("fourth")

    page.get_by_label("Rename, archive or delete fourth").click()
    dialog.get_by_role("button", name="Archive").click()
    expect(page.locator("#studies")).not_to_contain_text("fourth")
    page.get_by_label("Archived too").check()
    page.get_by_label("Rename, archive or delete fourth").click()
    delete = dialog.get_by_role("button", name="Delete")
    expect(delete).to_be_disabled()
    dialog.get_by_label("Delete it for good").fill("fourth")
    delete.click()
    expect(page.locator("#studies")).not_to_contain_text("fourth")
    assert "fourth" not in trimtab.get_all_study_names(url)


def test_the_overview_follows_its_study(
    dashboard: Served, new_page: Callable[..., Page], url: str
) -> None:
    page = new_page()
    dashboard.enter(page, "/studies/0-1")
    points = page.locator('[data-figure*="/history"] .scatterlayer .points path')
    expect(points).to_have_count(3)
    best = page.locator("#card-best .value")
    expect(best).to_have_text("1")

    page.get_by_label("Log axis").check()
    expect(page).to_have_url(re.compile(r"\?log=1$"))
    page.get_by_label("X axis").select_option("elapsed")
    expect(page.locator('[data-figure*="/history"] .xtitle')).to_contain_text("Hours")
    page.reload()
    expect(page.get_by_label("Log axis")).to_be_checked()
    expect(points).to_have_count(3)

    study = trimtab.load_study(study_name="first", storage=url)
    study.tell(study.ask(), 0.25)
    expect(best).to_have_text("0.25")
    expect(points).to_have_count(4)


def test_an_empty_study_fills_as_trials_come_in(
    dashboard: Served, new_page: Callable[..., Page], url: str
) -> None:
    study = trimtab.create_study(study_name="empty", storage=url)
    page = new_page(viewport={"width": 390, "height": 844}, color_scheme="dark")
    dashboard.enter(page, "/studies/0-3")
    expect(page.get_by_role("heading", name="What comes next")).to_be_visible()
    expect(page.locator("#live")).to_have_attribute("data-state", "on")
    trial = study.ask()
    trial.report(2.0, 0)
    study.tell(trial, 1.0)
    expect(page.locator("#card-best .value")).to_have_text("1")
    expect(page.locator('[data-figure*="/history"] .scatterlayer .points path')).to_have_count(1)
    expect(page.locator("#intermediate")).to_be_visible()


def test_the_last_of_many_changes_is_drawn_soon(
    dashboard: Served, new_page: Callable[..., Page], url: str
) -> None:
    page = new_page()
    study = trimtab.load_study(study_name="first", storage=url)
    dashboard.enter(page, f"/studies/0-{study.study_id}")
    points = page.locator('[data-figure*="figures/history"] .scatterlayer .points path')
    expect(points).to_have_count(3)
    expect(page.locator("#live")).to_have_attribute("data-state", "on")
    # Not much is drawn while changes go on, and drawing is over when they stop.
    for value in range(40):
        study.tell(study.ask(), float(value))
    expect(points).to_have_count(43)
    study.tell(study.ask(), 0.5)
    expect(points).to_have_count(44)
