"""The tutorial of rating by people, from its first line to its last, in a real browser."""

import contextlib
import math
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page, expect

import trimtab
from tests.browser.served import Served, served
from tests.seeds.test_hitl_tutorial import IMPORTS, NAME
from trimtab.dashboard.ratings import ratings_in
from trimtab.dashboard.sunset import STUDY
from trimtab.trial import TrialState

SUNSET = (250, 110, 60)
RATINGS = 30
KEYS = {"Good": "1", "So-so": "2", "Bad": "3"}

_COLOUR = """async (image) => {
  await image.decode();
  const canvas = document.createElement("canvas");
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(image, 0, 0, 1, 1);
  return [...context.getImageData(0, 0, 1, 1).data.slice(0, 3)];
}"""


def colour(page: Page) -> list[int]:
    """The colour of the picture that is shown."""
    seen: list[int] = page.locator(".rate-media img").evaluate(_COLOUR)
    return seen


def judged(away: float) -> str:
    """What someone says who knows the colour of a sunset when they see it."""
    return "Good" if away < 120 else "So-so" if away < 180 else "Bad"


def shown(page: Page) -> str:
    """The number of the trial that is shown."""
    return page.locator("#rate-card").get_attribute("data-number") or ""


def rate_one(page: Page, by_key: bool) -> float:
    """Look at the picture, say what it is like, and wait for the next; how far it was off."""
    expect(page.locator(".rate-media img")).to_have_count(1)
    number = shown(page)
    away = math.dist(colour(page), SUNSET)
    if by_key:
        page.keyboard.press(KEYS[judged(away)])
    else:
        page.locator("button.choice", has_text=judged(away)).click()
    card = page.locator("#rate-card")
    expect(card).not_to_have_attribute("data-number", number)
    expect(card).not_to_have_attribute("data-number", "")
    return away


def say_name(page: Page, name: str) -> None:
    """Answer who rates, which is asked once."""
    page.get_by_label("Name").fill(name)
    page.get_by_role("button", name="Start").click()
    expect(page.get_by_text(f"You rate as {name}.")).to_be_visible()


@contextlib.contextmanager
def running(*command: str, cwd: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """A process; killed in the end."""
    process = subprocess.Popen([sys.executable, *command], cwd=cwd, env=os.environ)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def seed_script(folder: Path) -> list[str]:
    """The tutorial's script under our imports, or our own where the tutorial is not here."""
    from tests.seeds.listings import indented, listings, seed

    try:
        text = seed("hitl-dashboard-tutorial.txt")
    except pytest.skip.Exception:
        (folder / "main.py").write_text(
            "import os, runpy, sys\n"
            "from pathlib import Path\n"
            "from trimtab.dashboard import sunset\n"
            f"sunset.STUDY = {NAME!r}\n"
            "sunset.storage_url = lambda folder: 'sqlite:///db.sqlite3'\n"
            "sunset.pictures_in = lambda folder: sunset.FileSystemArtifactStore('artifact')\n"
            "sunset.keep_showing(Path())\n"
        )
        return ["main.py"]
    functions = [indented(lines) for lines in listings(text)]
    main = '\n\nif __name__ == "__main__":\n    main()\n'
    (folder / "main.py").write_text("\n\n".join([IMPORTS, *functions]) + main)
    return ["main.py"]


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_thirty_ratings_bring_the_sunset(new_page: Callable[..., Page], tmp_path: Path) -> None:
    script = seed_script(tmp_path)
    command = ("sqlite:///db.sqlite3", "--artifact-dir", "./artifact")
    with served(*command, cwd=tmp_path) as server:
        page = new_page()
        with running(*script, cwd=tmp_path):
            # The study appears in the list by itself, and in it the pictures.
            server.enter(page)
            page.get_by_role("link", name=NAME).first.click()
            page.get_by_role("link", name=re.compile("^Rate")).click()
            say_name(page, "Ann")
            expect(page.locator("#rate-card")).to_have_attribute("data-mine", "4")
            away = [rate_one(page, by_key=bool(i % 2)) for i in range(RATINGS // 2)]
            expect(page.locator("#rate-card")).to_have_attribute("data-mine", "4")
            page.wait_for_timeout(500)  # the last one has its picture and its note
        with running(*script, cwd=tmp_path):  # killed, and started again
            away += [rate_one(page, by_key=bool(i % 2)) for i in range(RATINGS - RATINGS // 2)]
            expect(page.get_by_text(re.compile(f"{RATINGS} rated"))).to_be_visible()
            assert np.mean(away[-10:]) < 0.85 * np.mean(away[:10])
            page.reload()
            expect(page.get_by_text(re.compile(f"{RATINGS} rated"))).to_be_visible()
            undo_and_correct(page)
            best = look_at_gallery(page)
        study = trimtab.load_study(study_name=NAME, storage=f"sqlite:///{tmp_path}/db.sqlite3")
        told = study.get_trials(states=(TrialState.COMPLETE,))
        assert len(told) == RATINGS
        kept = [math.dist(trial.params.values(), SUNSET) for trial in told]
        assert kept[: RATINGS - 2] == pytest.approx(away[: RATINGS - 2])  # two were rated anew
        assert best == sum(trial.value == study.best_value for trial in told)
        study.storage.close()


def undo_and_correct(page: Page) -> None:
    """Take the last rating back, give it again, and correct it twice."""
    number = shown(page)
    page.keyboard.press("u")
    expect(page.get_by_text(re.compile(f"{RATINGS - 1} rated"))).to_be_visible()
    reopened = shown(page)
    assert reopened != number
    page.keyboard.press("s")
    expect(page.locator("#rate-card")).not_to_have_attribute("data-number", reopened)
    page.keyboard.press("Control+z")  # another one back
    expect(page.get_by_text(re.compile(f"{RATINGS - 2} rated"))).to_be_visible()
    for _ in range(2):
        rate_one(page, by_key=True)
    while int(page.locator(".rate-progress strong").nth(1).inner_text()) < RATINGS:
        rate_one(page, by_key=True)
    said = page.locator(".rate-last li").first.inner_text()
    page.get_by_role("button", name="Correct the rating of trial").first.click()
    expect(page.get_by_text("correcting")).to_be_visible()
    pressed = page.locator('button.choice[aria-pressed="true"]')
    assert any(word in said and word in pressed.inner_text() for word in KEYS)
    pressed.click()  # the same again
    expect(page.get_by_text("correcting")).to_have_count(0)


def look_at_gallery(page: Page) -> int:
    """How many pictures are outlined."""
    page.get_by_role("link", name="Gallery").click()
    # The script may have been killed before it showed its last trial.
    expect(page.locator(".gallery img").nth(RATINGS + 2)).to_be_attached()
    outlined = page.locator(".picture-best").count()
    page.locator(".picture-best").first.click()
    expect(page.get_by_role("heading", name=re.compile("Trial [0-9]+"))).to_have_count(2)
    return outlined


@contextlib.contextmanager
def demo(folder: Path) -> Iterator[Served]:
    """`trimtab demo sunset` in a folder, and the page that it says to open."""
    with running_demo(folder) as (process, url):
        address, _, query = url.partition("/login?token=")
        yield Served(address, query.partition("&")[0], process)


@contextlib.contextmanager
def running_demo(folder: Path) -> Iterator["tuple[subprocess.Popen[str], str]"]:
    command = [sys.executable, "-m", "trimtab", "demo", "sunset", str(folder), "--port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield process, process.stdout.readline().removeprefix("Open ").strip()
    finally:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


@pytest.mark.slow
@pytest.mark.timeout(200)
def test_two_raters_at_once(new_page: Callable[..., Page], tmp_path: Path) -> None:
    with demo(tmp_path) as server:
        pages = {"Ann": new_page(), "Ben": new_page(viewport={"width": 390, "height": 844})}
        for name, page in pages.items():
            server.enter(page, "/studies/0-1/rate")
            say_name(page, name)
        ann, ben = pages.values()
        # What one rates leaves the other's queue, without a reload.
        number = shown(ann)
        assert shown(ben) == number
        ann.keyboard.press("3")
        expect(ben.locator("#rate-card")).not_to_have_attribute("data-number", number)
        for turn in range(6):
            for page, other in ((ann, ben), (ben, ann)):
                number = shown(page)
                page.wait_for_timeout(500)  # a picture that came by itself cannot be rated at once
                rate_one(page, by_key=bool(turn % 2))
                expect(other.locator("#rate-card")).not_to_have_attribute("data-number", number)
        for page in pages.values():
            page.goto("about:blank")
    # Killed with all it runs, and started again, it goes on with the same study.
    url = f"sqlite:///{tmp_path / 'sunset.db'}"
    with demo(tmp_path) as server:
        page = new_page()
        server.enter(page, "/studies/0-1/rate")
        say_name(page, "Ann")
        expect(page.get_by_text(re.compile("7 rated"))).to_be_visible()
        rate_one(page, by_key=True)
        page.goto("about:blank")
    study = trimtab.load_study(study_name=STUDY, storage=url)
    told = study.get_trials(states=(TrialState.COMPLETE,))
    raters = [rating.rater for trial in told for rating in ratings_in(trial.system_attrs)]
    assert sorted(raters) == ["Ann"] * 8 + ["Ben"] * 6
    n_trials = len(study.trials)
    time.sleep(0.5)
    assert len(study.trials) == n_trials  # its script has ended with it
    study.storage.close()
