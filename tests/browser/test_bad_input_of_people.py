"""What people do that cannot be done: the page says why, where they did it, and keeps the rest."""

from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import FilePayload, Page, expect

import trimtab
from tests.browser.served import Served, served
from tests.browser.test_storage_away import SPACE, as_ann, only
from trimtab.artifacts import FileSystemArtifactStore, get_all_artifact_meta, upload_stream
from trimtab.dashboard import ChoiceWidget, SliderWidget, register_objective_form_widgets

PNG = b"\x89PNG\r\n\x1a\n" + bytes(40)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("people")


@pytest.fixture(scope="module")
def study(folder: Path) -> Iterator[trimtab.Study]:
    """A study of which a trial is complete, and others wait to be rated."""
    study = trimtab.create_study(study_name="people", storage=f"sqlite:///{folder / 'people.db'}")
    register_objective_form_widgets(study, [ChoiceWidget(["Good", "Bad"], [-1, 1])])
    study.tell(study.ask(SPACE), 0.0)
    for _ in range(4):
        study.ask(SPACE)
    yield study
    study.storage.close()


@pytest.fixture(scope="module")
def server(study: trimtab.Study, folder: Path) -> Iterator[Served]:
    with served(folder / "people.db", "--artifact-dir", folder / "files") as server:
        yield server


def _next(page: Page) -> int:
    return int(page.locator("#rate-card").get_attribute("data-number") or -1)


def test_a_trial_that_is_told_while_two_look_at_it(
    new_page: Callable[..., Page], server: Served, study: trimtab.Study, faults: list[str]
) -> None:
    pages = [new_page(), new_page()]
    for page in pages:
        as_ann(page, server, "/studies/0-1/rate")
        # What it is told of later than it can be clicked does not exist for this test.
        page.route("**/rate/card*", lambda route: route.abort())
    number = _next(pages[0])
    study.tell(number, 0.5)  # the script is first
    pages[0].get_by_role("button", name="Good").click()
    refused = pages[0].locator(".toast, .rate-fault").filter(has_text="Not kept")
    expect(refused.first).to_contain_text(f"Trial {number}")
    for page in pages:
        page.unroute("**/rate/card*")
        page.reload()
        assert _next(page) != number
    # One rates, the other comes late: as one person, it is a correction.
    number = _next(pages[0])
    pages[0].get_by_role("button", name="Good").click()
    expect(pages[1].locator("#rate-card")).not_to_have_attribute("data-number", str(number))
    assert study.trials[number].values == (-1.0,)
    only(faults, "409", "net::ERR")


@pytest.mark.parametrize("way", ["/studies/0-1/rate", "/api/studies/0-1/trials/3/ratings/Eve"])
def test_answers_sent_by_hand(server: Served, study: trimtab.Study, way: str) -> None:
    before = study.trials[3]
    with httpx.Client(headers={"authorization": f"Bearer {server.token}"}) as client:
        for answers in ('[2]', '["Good"]', "[null]", "[]", "[1, 1]", "[1e400]", "[true]", "[{}]",
                        '"x"', "null", "[NaN]", "[[1]]"):  # fmt: skip
            body = f'{{"number": 3, "rater": "Eve", "answers": {answers}}}'
            method = "POST" if way.endswith("rate") else "PUT"
            answer = client.request(
                method,
                server.address + way,
                content=body,
                headers={"content-type": "application/json"},
            )
            assert answer.status_code in (400, 422), (answers, answer.text[:200])
            assert answer.json()["error"]["message"]
    assert study.trials[3] == before


def test_a_slider_pushed_past_its_end(
    new_page: Callable[..., Page], folder: Path, server: Served, faults: list[str]
) -> None:
    study = trimtab.create_study(study_name="slider", storage=f"sqlite:///{folder / 'people.db'}")
    register_objective_form_widgets(study, [SliderWidget(0, 1, 0.25)])
    study.ask(SPACE)
    page = new_page()
    as_ann(page, server, f"/studies/0-{study.study_id}/rate")
    slider = page.get_by_role("slider")
    for change in ("e.max = 9; e.value = 7", "e.step = 'any'; e.value = 0.3"):
        slider.evaluate(f"e => {{ {change} }}")
        page.get_by_role("button", name="Submit").click()
        expect(page.locator(".rate-fault")).to_contain_text("Not kept")
    assert study.trials[0].state is trimtab.TrialState.RUNNING
    study.storage.close()
    page.goto("about:blank")
    only(faults, "422")


def test_files_that_are_gone_cut_off_or_too_large(
    new_page: Callable[..., Page],
    server: Served,
    study: trimtab.Study,
    folder: Path,
    faults: list[str],
) -> None:
    store = FileSystemArtifactStore(folder / "files")
    for name, kind in (("gone.png", "image/png"), ("gone.csv", "text/csv")):
        made = upload_stream(study, BytesIO(PNG), name, store, mimetype=kind)
        (folder / "files" / made).unlink()
    page = new_page()
    server.enter(page, "/studies/0-1/files")
    expect(page.get_by_text("gone.png cannot be shown")).to_be_visible()
    page.get_by_text("Preview").click()
    expect(page.locator(".file-preview")).to_contain_text("is gone")
    # Cut off: what the server then does is tried without a browser, in tests/security.
    page.route("**/artifacts", lambda route: route.abort("connectionreset"))
    file = FilePayload(name="cut.bin", mimeType="application/octet-stream", buffer=bytes(1 << 20))
    page.set_input_files("input[type=file]", file)
    expect(page.locator(".file-progress")).to_contain_text("cut.bin: the upload was cut off")
    page.unroute("**/artifacts")
    # Too large: refused here, before it is sent.
    page.evaluate("document.querySelector('[data-drop]').dataset.limit = '1000'")
    page.set_input_files("input[type=file]", file)
    expect(page.locator(".file-progress")).to_contain_text("than the 0 MB that a file may have")
    page.get_by_role("button", name="Dismiss").first.click()
    assert len(get_all_artifact_meta(study)) == 2
    only(faults, "410", "net::ERR")


def test_a_note_of_ten_megabytes(
    new_page: Callable[..., Page], server: Served, study: trimtab.Study, faults: list[str]
) -> None:
    page = new_page()
    server.enter(page, "/studies/0-1/note")
    page.get_by_role("button", name="Edit").click()
    text = page.get_by_label("Markdown")
    # Hidden meanwhile: to break so much text into lines takes a browser a minute.
    text.evaluate("e => { e.hidden = true; e.value = 'too much '.repeat(1.2e6) }")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("[data-note-news]")).to_contain_text("Not saved")
    assert text.evaluate("e => e.value.length") == 9 * 1_200_000
    text.evaluate("e => { e.value = ''; e.hidden = false }")
    text.fill("less")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("[data-note-view]")).to_contain_text("less")
    only(faults, "422", "413")


@pytest.mark.parametrize("tab", ["trials", "analytics", "gallery"])
def test_a_filter_that_does_not_parse(
    new_page: Callable[..., Page], server: Served, faults: list[str], tab: str
) -> None:
    """The page points at the place, whether it is typed or comes with the address."""
    page = new_page()
    server.enter(page, f"/studies/0-1/{tab}?where=value+%3C%3C+3")
    place = page.get_by_role("alert").locator("mark")
    expect(place).to_have_text("<")
    expect(page.locator("[name=where]")).to_have_value("value << 3")
    page.locator("[name=where]").fill("number >= 0 and")
    page.keyboard.press("Enter")
    expect(place).to_have_text(" ")
    page.locator("[name=where]").fill("number >= 0")
    page.keyboard.press("Enter")
    expect(place).to_have_count(0)
    only(faults, "422")
