"""Comparing pictures in a browser, while a script makes new ones."""

import re
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.browser.served import served
from trimtab.artifacts import save_note
from trimtab.preferential import PreferentialStudy, create_study
from trimtab.samplers import RandomSampler


def make_missing(study: PreferentialStudy) -> None:
    while study.should_generate():
        trial = study.ask()
        trial.suggest_float("x", 0.0, 1.0)
        save_note(trial, f"picture {trial.number}")


def shown(page: Page) -> list[str]:
    return page.locator("#cards .preference-text").all_inner_texts()


def test_people_compare_take_back_and_see_the_next_picture(
    new_page: Callable[..., Page], tmp_path: Path
) -> None:
    url = f"sqlite:///{tmp_path / 'studies.db'}"
    study = create_study(4, sampler=RandomSampler(seed=0), study_name="colours", storage=url)
    with served(url) as server:
        page = new_page(viewport={"width": 390, "height": 800})
        server.enter(page, f"/studies/0-{study.study_id}/preferences")
        cards = page.locator("#cards > li[data-number]")
        expect(page.locator(".preference-wait")).to_have_count(4)
        expect(page.locator("#live[data-state=on]")).to_be_visible()

        make_missing(study)
        expect(cards).to_have_count(4)
        page.locator("#rater").fill("ann")
        page.get_by_role("button", name="Choose trial 1", exact=True).click()
        expect(page.locator(".preference-wait")).to_have_count(1)
        expect(page.get_by_text("is the worst of 0, 1, 2, 3")).to_be_visible()
        make_missing(study)
        expect(cards).to_have_count(4)
        # The new picture stands where the old one stood.
        assert shown(page) == ["picture 0", "picture 4", "picture 2", "picture 3"]

        # The best, by its key: the others go.
        page.get_by_label("the best").check()
        expect(page.locator("#question")).to_have_text("Which is the best?")
        page.keyboard.press("2")
        expect(cards).to_have_count(1)
        assert [trial.number for trial in study.candidates] == [4]
        page.keyboard.press("u")
        expect(cards).to_have_count(4)
        page.get_by_role("button", name=re.compile("^Restore: 4")).click()
        expect(cards).to_have_count(1)
        assert [one.rater for one in study.judgements] == ["ann", "ann"]

        # All can be skipped; the mode and the name outlast a reload.
        make_missing(study)
        expect(cards).to_have_count(4)
        page.keyboard.press("s")
        expect(cards).to_have_count(0)
        page.reload()
        expect(page.locator("#question")).to_have_text("Which is the best?")
        expect(page.locator("#rater")).to_have_value("ann")

        page.get_by_role("link", name="Who beat whom").click()
        nodes = page.locator(".scatterlayer text")
        expect(nodes.first).to_be_visible()
    study.storage.close()
