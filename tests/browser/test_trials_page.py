"""The Trials page and the page of one trial, by mouse and by keyboard."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

import trimtab
from tests.browser.faults import Faults
from tests.browser.served import served


@pytest.fixture
def study(tmp_path: Path) -> trimtab.Study:
    """Sixty trials with values 0 to 59, the last one running."""
    url = f"sqlite:///{tmp_path / 'studies.db'}"
    study = trimtab.create_study(study_name="first", storage=url)
    for number in range(60):
        trial = study.ask()
        trial.suggest_float("x", 0, 1)
        trial.report(0.5, 0)
        trial.report(0.25, 1)
        study.tell(trial, float(number))
    study.ask()
    return study


ROWS = "#results tbody tr"


def numbers(page: Page) -> list[str]:
    return page.locator(f"{ROWS} th a").all_inner_texts()


def test_a_view_is_made_and_shared(
    new_page: Callable[..., Page], faults: Faults, study: trimtab.Study, tmp_path: Path
) -> None:
    faults.provoked.append("422")  # the browser's own remark on a filter that is wrong
    with served(f"sqlite:///{tmp_path / 'studies.db'}") as server:
        page = new_page()
        server.enter(page, "/studies/0-1/trials")
        expect(page.locator(ROWS)).to_have_count(50)
        page.get_by_role("link", name="Next").click()
        expect(page.locator(ROWS)).to_have_count(11)
        page.keyboard.press("/")
        page.keyboard.type("value < 12 and value >= 2")
        page.keyboard.press("Enter")
        expect(page.locator(ROWS)).to_have_count(10)
        page.get_by_role("link", name="value").click()
        expect(page.locator("th[aria-sort=ascending]")).to_contain_text("value")
        assert numbers(page)[0] == "2"
        page.locator("[data-pick='3']").check()
        page.locator("[data-pick='5']").click(modifiers=["Shift"])
        expect(page.locator("#selected-count")).to_have_text("3")
        page.get_by_text("Columns", exact=True).click()
        page.get_by_label("params.x").uncheck()
        page.keyboard.press("Escape")
        expect(page.locator("thead th")).to_have_count(5)

        # Whoever gets the address sees the same.
        other = new_page()
        server.enter(other)
        other.goto(page.url)
        assert numbers(other) == numbers(page)
        expect(other.locator("thead th")).to_have_count(5)
        expect(other.locator("tr.picked")).to_have_count(3)

        other.get_by_role("link", name="Compare").click()
        expect(other.get_by_role("heading", name="3 trials side by side")).to_be_visible()
        other.get_by_role("link", name="Back to the table").click()
        expect(other.locator("tr.picked")).to_have_count(3)

        # An error selects the place in the box; the rows stay meanwhile.
        page.locator("#where").fill("value < 12 and vaule > 1")
        page.keyboard.press("Enter")
        expect(page.locator(".filter-fault mark")).to_have_text("vaule")
        expect(page.locator("#where")).to_have_attribute("aria-invalid", "true")
        chosen = page.evaluate(
            "() => { const box = document.activeElement;"
            " return box.value.slice(box.selectionStart, box.selectionEnd); }"
        )
        assert chosen == "vaule"
        expect(page.locator(ROWS)).to_have_count(10)
        page.go_back()
        expect(page.locator(".filter-fault")).to_have_count(0)
        with page.expect_download() as download:
            page.get_by_text("Export", exact=True).click()
            page.get_by_role("link", name="CSV").click()
        assert download.value.path().read_text().splitlines()[0] == "number,state,value,duration"
    study.storage.close()


def test_news_take_neither_focus_nor_selection(
    new_page: Callable[..., Page], study: trimtab.Study, tmp_path: Path
) -> None:
    with served(f"sqlite:///{tmp_path / 'studies.db'}") as server:
        page = new_page()
        server.enter(page, "/studies/0-1/trials")
        expect(page.locator("#live[data-state=on]")).to_be_visible()
        page.locator("[data-pick='58']").focus()
        page.keyboard.press("Space")
        page.locator(f"{ROWS}[data-number='59']").evaluate("row => { row.marked = true; }")
        study.tell(60, -1.0)
        row = page.locator(f"{ROWS}[data-number='60']")
        expect(row).to_contain_text("complete")
        assert page.evaluate("document.activeElement.dataset.pick") == "58"
        expect(page.locator("tr.picked")).to_have_count(1)
        # A row that is the same is the very same element.
        assert page.locator(f"{ROWS}[data-number='59']").evaluate("row => row.marked")

        # While text is being selected nothing moves; afterwards all is told.
        page.evaluate("getSelection().selectAllChildren(document.querySelector('#results thead'))")
        study.tell(study.ask(), 5.0)
        page.wait_for_timeout(1000)
        expect(page.locator(f"{ROWS}[data-number='61']")).to_have_count(0)
        page.evaluate("getSelection().removeAllRanges()")
        expect(page.locator(f"{ROWS}[data-number='61']")).to_be_visible()
    study.storage.close()


def test_what_is_done_to_trials(
    new_page: Callable[..., Page], study: trimtab.Study, tmp_path: Path
) -> None:
    with served(f"sqlite:///{tmp_path / 'studies.db'}") as server:
        page = new_page(viewport={"width": 390, "height": 800})
        server.enter(page, "/studies/0-1/trials")
        page.locator("[data-pick='60']").check()
        page.locator("[data-pick='59']").check()
        page.get_by_role("button", name="Fail …").click()
        page.get_by_role("button", name="Cancel").click()
        assert study.trials[60].state is trimtab.TrialState.RUNNING
        page.get_by_role("button", name="Fail …").click()
        page.get_by_role("button", name="Do it").click()
        expect(page.locator("#toasts")).to_contain_text("Trial 60 failed. Not trial 59")
        expect(page.locator(f"{ROWS}[data-number='60']")).to_contain_text("fail")
        wide = page.evaluate("document.documentElement.scrollWidth > innerWidth")
        assert not wide

        page.get_by_role("link", name="59", exact=True).click()
        expect(page.get_by_role("heading", name="Trial 59")).to_be_visible()
        expect(page.locator("[data-figure] .scatterlayer .points path")).to_have_count(2)
        page.get_by_role("button", name="Queue again").click()
        expect(page.get_by_role("link", name="trial 61").first).to_be_visible()
        page.get_by_role("button", name="Archive").click()
        expect(page.get_by_role("button", name="Bring back")).to_be_visible()
        # The figure is still drawn after all that.
        expect(page.locator("[data-figure] .scatterlayer .points path")).to_have_count(2)
        page.keyboard.press("n")
        expect(page.get_by_role("heading", name="Trial 60")).to_be_visible()
        expect(page.get_by_text("Failed by hand in the dashboard.")).to_be_visible()
    study.storage.close()
