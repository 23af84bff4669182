"""What is seen of a study while plotly.js is still on its way."""

import re
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, Route, expect

import trimtab
from tests.browser.served import served

HISTORY = '[data-figure*="figures/history"]'
POINTS = re.compile("M[0-9.]+ [0-9.]+h0")


def test_the_points_are_seen_before_plotly_draws_them(
    tmp_path: Path, new_page: Callable[..., Page]
) -> None:
    url = f"sqlite:///{tmp_path}/studies.db"
    study = trimtab.create_study(study_name="first", storage=url)
    for value in (30.0, 1.0, 200.0, 0.5):
        study.tell(study.ask(), value)
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    address = f"/studies/0-{study.study_id}"
    with served(url) as dashboard:
        for options in ("", "?log=1", "?x=elapsed"):
            page = new_page()
            page.route("**/plotly.min.js", hold)
            dashboard.enter(page, address + options)
            sketch = page.locator(f"{HISTORY} .sketch")
            points = sketch.locator(".sketch-points")
            expect(points).to_have_attribute("d", re.compile("h0"))
            found = POINTS.findall(points.get_attribute("d") or "")
            heights = [float(point[1:-2].split()[1]) for point in found]
            # The smallest value is the lowest, and what is lower is further from the top.
            assert len(heights) == 4
            assert sorted(range(4), key=heights.__getitem__) == [2, 0, 1, 3]
            box = sketch.bounding_box()
            assert box is not None
            assert 0 < heights[2] < heights[3] < box["height"]
            expect(sketch).to_contain_text("Optimization History Plot")
            # A figure of bars has no sketch.
            expect(page.get_by_text("Drawing Timeline …")).to_be_attached()

            held.pop().continue_()
            expect(page.locator(f"{HISTORY} .scatterlayer .points path")).to_have_count(4)
            expect(sketch).to_have_count(0)

        # Nor has one along dates: plotly.js draws it at once.
        page = new_page()
        dashboard.enter(page, f"{address}?x=time")
        expect(page.locator(f"{HISTORY} .scatterlayer .points path")).to_have_count(4)
