"""What goes wrong while a page is open: the page says so, and nothing on it is lost."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

import trimtab
from tests.browser.faults import Faults
from tests.browser.served import served
from trimtab.dashboard import ChoiceWidget, register_objective_form_widgets


@pytest.mark.parametrize("tab", ["", "/trials", "/trials/0", "/rate", "/note"])
def test_a_study_that_is_deleted_while_its_page_is_open(
    new_page: Callable[..., Page], tmp_path: Path, tab: str, faults: Faults
) -> None:
    # What the page still asks for is gone with its study, which a browser's console tells.
    faults.provoked.append("404")
    url = f"sqlite:///{tmp_path / 'studies.db'}"
    study = trimtab.create_study(study_name="doomed", storage=url)
    widget = ChoiceWidget(choices=["Good"], values=[1])
    register_objective_form_widgets(study, [widget])
    study.ask().suggest_float("x", 0, 1)
    with served(url) as server:
        page = new_page()
        server.enter(page, f"/studies/0-1{tab}")
        expect(page.locator("#live[data-state=on]")).to_be_visible()
        heading = page.locator("h1").first.inner_text()
        trimtab.delete_study(study_name="doomed", storage=url)
        expect(page.get_by_role("alert").filter(has_text="This study was deleted")).to_be_visible()
        expect(page.locator("#live")).to_have_text("deleted")
        expect(page.locator("h1").first).to_have_text(heading)
        page.goto("about:blank")
    study.storage.close()
