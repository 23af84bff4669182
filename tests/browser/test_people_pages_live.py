"""Notes, files and forms as people use them, in a real browser."""

import json
import re
import struct
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

import trimtab
from tests.browser.faults import Faults
from tests.browser.served import Served, served
from trimtab.dashboard import (
    ChoiceWidget,
    SliderWidget,
    TextInputWidget,
    Widget,
    register_objective_form_widgets,
    save_note,
)
from trimtab.dashboard.sunset import pictures_in, show_one

CORNERS = [(0.0, 0.0, 0.0), (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)]
FACES = [(0, 1, 2), (0, 1, 3), (0, 2, 3), (1, 2, 3)]


@pytest.fixture
def study(tmp_path: Path) -> Iterator[trimtab.Study]:
    study = trimtab.create_study(
        study_name="people",
        storage=f"sqlite:///{tmp_path / 'people.db'}",
        directions=["minimize", "minimize", "maximize"],
    )
    widgets: list[Widget] = [
        ChoiceWidget(["Good", "Bad"], [-1, 1], "How is it?"),
        SliderWidget(0, 1, 0.25, labels=[(0, "cold"), (1, "warm")], description="How warm?"),
        TextInputWidget("How long?"),
    ]
    register_objective_form_widgets(study, widgets)
    yield study
    study.storage.close()


@pytest.fixture
def server(study: trimtab.Study, tmp_path: Path) -> Iterator[Served]:
    folder = str(tmp_path / "pictures")
    with served(tmp_path / "people.db", "--artifact-dir", folder) as server:
        yield server


def test_a_form_of_several_widgets_by_keys(
    new_page: Callable[..., Page],
    server: Served,
    study: trimtab.Study,
    tmp_path: Path,
    faults: Faults,
) -> None:
    faults.provoked.append("422")  # the browser itself tells of the one answer that is
    page = new_page()
    server.enter(page, "/studies/0-1/rate")
    page.get_by_label("Name").fill("Ann")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Nothing waits for you.")).to_be_visible()
    show_one(study, pictures_in(tmp_path))  # appears by itself
    expect(page.locator(".rate-media img")).to_have_count(1)
    expect(page).to_have_title(re.compile(r"^\(1\) "))
    page.keyboard.press("2")
    expect(page.get_by_label("Bad")).to_be_checked()
    page.get_by_role("button", name="warm").click()
    expect(page.locator(".slider output")).to_have_text("1")
    page.get_by_label("How long?").fill("soon")
    # A change elsewhere does not take away what is being filled in.
    show_one(study, pictures_in(tmp_path))
    expect(page.locator("#rate-card")).to_have_attribute("data-mine", "2")
    expect(page.get_by_label("How long?")).to_have_value("soon")
    page.keyboard.press("Enter")
    fault = page.locator(".rate-fault")
    expect(fault).to_contain_text("a finite number for 'How long?'")
    page.get_by_label("How long?").fill("2.5")
    page.keyboard.press("Enter")
    expect(page.locator("#rate-card")).to_have_attribute("data-number", "1")
    assert study.trials[0].values == (1.0, 1.0, 2.5)


def test_a_picture_is_not_loaded_again_when_something_happens_elsewhere(
    new_page: Callable[..., Page], server: Served, study: trimtab.Study, tmp_path: Path
) -> None:
    show_one(study, pictures_in(tmp_path))
    page = new_page()
    server.enter(page, "/studies/0-1/rate")
    page.get_by_label("Name").fill("Ann")
    page.keyboard.press("Enter")
    expect(page.get_by_text("You rate as Ann.")).to_be_visible()
    picture = page.locator(".rate-media img")
    picture.evaluate("""async (image) => {
      await image.decode();
      image.addEventListener("load", () => { image.alt = "loaded again"; });
    }""")
    show_one(study, pictures_in(tmp_path))
    expect(page.locator("#rate-card")).to_have_attribute("data-mine", "2")
    picture.evaluate("image => image.decode()")
    expect(picture).to_have_attribute("alt", "colour-0.png")


def test_a_trial_is_rated_on_its_own_page(
    new_page: Callable[..., Page], server: Served, study: trimtab.Study
) -> None:
    study.ask()
    page = new_page()
    server.enter(page, "/studies/0-1/trials/0")
    rating = page.locator("#rating")
    expect(rating.get_by_role("button", name="Say who you are")).to_be_visible()
    rating.get_by_label("Good").check()
    rating.get_by_label("How long?").fill("2.5")
    rating.get_by_role("button", name="Submit").click()
    page.get_by_label("Name").fill("Ann")
    page.get_by_role("button", name="Start").click()
    expect(page.get_by_role("heading", name="Trial 0 complete")).to_be_visible()
    expect(rating).to_contain_text("You rate as Ann.")
    expect(rating.get_by_role("button", name="Correct")).to_be_visible()
    rating.get_by_role("button", name="Take back").click()
    expect(page.get_by_role("heading", name="Trial 0 running")).to_be_visible()
    expect(rating.get_by_role("button", name="Submit")).to_be_visible()


def test_two_who_write_one_note(
    new_page: Callable[..., Page], server: Served, study: trimtab.Study, faults: Faults
) -> None:
    faults.provoked.append("409")  # the browser itself tells of the one answer that is
    pages = [new_page(), new_page(viewport={"width": 390, "height": 844})]
    for page in pages:
        server.enter(page, "/studies/0-1/note")
        page.get_by_role("button", name="Edit").click()
    mine, theirs = pages
    mine.get_by_label("Markdown").fill("# Mine")
    expect(mine.locator("[data-note-preview] h2")).to_have_text("Mine")
    theirs.get_by_label("Markdown").fill("# Theirs <script>alert(1)</script>")
    theirs.keyboard.press("Control+Enter")
    expect(theirs.locator("[data-note-view] h2")).to_contain_text("Theirs <script>")
    expect(mine.locator("[data-note-news]")).to_contain_text("Someone else saved")
    mine.get_by_role("button", name="Save").click()
    expect(mine.get_by_label("What someone else saved", exact=True)).to_have_value(
        re.compile("# Theirs")
    )
    expect(mine.get_by_label("Markdown")).to_have_value("# Mine")
    mine.get_by_role("button", name="Put theirs below mine").click()
    mine.get_by_role("button", name="Save").click()
    expect(theirs.locator("[data-note-view] h2")).to_have_count(2)  # live
    save_note(study, "by a script")
    expect(mine.get_by_text("by a script")).to_be_visible()


@pytest.mark.slow
def test_files_are_dropped_shown_and_deleted(
    new_page: Callable[..., Page], server: Served, tmp_path: Path
) -> None:
    table = tmp_path / "a table.csv"
    table.write_text("name,score\n<b>,1\n")
    names = ["a.obj", "b.stl", "c.stl", "d.glb", "broken.obj"]
    for name, body in zip(names, (obj(), stl(), stl_text(), glb(), b"v 1 2"), strict=True):
        (tmp_path / name).write_bytes(body)
    page = new_page()
    server.enter(page, "/studies/0-1/files")
    page.set_input_files("input[type=file]", [table, *(tmp_path / name for name in names)])
    expect(page.locator(".file-name")).to_have_count(6)
    page.get_by_text("Preview").click()
    expect(page.get_by_role("cell", name="<b>")).to_be_visible()
    for name in names[:4]:
        model = page.get_by_role("img", name=f"3D model {name}")
        model.scroll_into_view_if_needed()
        expect(model).to_have_attribute("data-drawn", "")
        shape = model.evaluate("e => [e._fullData[0].i.length, Math.max(...e._fullData[0].z)]")
        assert shape == [4, 1]
    broken = page.get_by_role("img", name="3D model broken.obj")
    broken.scroll_into_view_if_needed()
    expect(broken).to_contain_text("There are no triangles in it.")
    page.on("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Delete a table.csv").click()
    expect(page.locator(".file-name")).to_have_count(5)


def obj() -> bytes:
    lines = [f"v {x} {y} {z}" for x, y, z in CORNERS]
    lines += [f"f {i + 1}/1/1 {j + 1} {k - 4}" for i, j, k in FACES]
    return "\n".join(lines).encode()


def stl() -> bytes:
    body = b"".join(
        struct.pack("<12fH", 0, 0, 0, *(c for corner in face for c in CORNERS[corner]), 0)
        for face in FACES
    )
    return bytes(80) + struct.pack("<I", len(FACES)) + body


def stl_text() -> bytes:
    lines = ["solid s"]
    for face in FACES:
        lines += ["facet normal 0 0 0", "outer loop"]
        lines += [f"  vertex {x} {y} {z}" for x, y, z in (CORNERS[corner] for corner in face)]
        lines += ["endloop", "endfacet"]
    return "\n".join([*lines, "endsolid"]).encode()


def glb() -> bytes:
    """The tetrahedron lying on its side, in a node that sets it up again."""
    points = b"".join(struct.pack("<3f", *corner) for corner in CORNERS)
    corners = struct.pack("<12H", *(corner for face in FACES for corner in face))
    told = {
        "asset": {"version": "2.0"},
        "scenes": [{"nodes": [0]}],
        "nodes": [{"mesh": 0, "rotation": [0.7071068, 0, 0, 0.7071068], "translation": [0, 1, 0]}],
        "meshes": [{"primitives": [{"attributes": {"POSITION": 0}, "indices": 1}]}],
        "accessors": [
            {"bufferView": 0, "componentType": 5126, "count": 4, "type": "VEC3"},
            {"bufferView": 1, "componentType": 5123, "count": 12, "type": "SCALAR"},
        ],
        "bufferViews": [
            {"buffer": 0, "byteLength": 48},
            {"buffer": 0, "byteOffset": 48, "byteLength": 24},
        ],
        "buffers": [{"byteLength": 72}],
    }
    text = json.dumps(told).encode()
    text += b" " * (-len(text) % 4)
    body = points + corners
    return (
        struct.pack("<III", 0x46546C67, 2, 12 + 8 + len(text) + 8 + len(body))
        + struct.pack("<II", len(text), 0x4E4F534A)
        + text
        + struct.pack("<II", len(body), 0x004E4942)
        + body
    )
