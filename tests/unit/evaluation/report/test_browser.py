"""The report in a real browser: it fits every width, asks nothing of any network and runs no script."""

import shutil
from pathlib import Path
from typing import Literal

import pytest

from tests.unit.evaluation.test_run import evaluate, model
from tests.waiting import PATIENCE

CHROMIUM = shutil.which("chromium")
pytestmark = [pytest.mark.browser, pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")]


SCREENS: tuple[tuple[int, Literal["light", "dark"]], ...] = ((1280, "light"), (390, "dark"), (320, "light"))


def test_the_page_fits_every_screen_and_loads_nothing(tmp_path: Path) -> None:
    from playwright.sync_api import sync_playwright

    report, _ = evaluate(tmp_path, model({"custom": 9, "plain": 5}))
    address = (tmp_path / report["paths"]["report"]).as_uri()
    requests: list[str] = []
    problems: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"], timeout=PATIENCE * 1000)
        for width, scheme in SCREENS:
            page = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)
            page.set_default_timeout(PATIENCE * 1000)
            page.on("request", lambda request: requests.append(request.url))
            page.on("console", lambda message: problems.append(message.text))
            page.goto(address)
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            assert "The custom model is better" in page.inner_text("header.verdict")
            background = page.evaluate("getComputedStyle(document.body).backgroundColor")
            assert (background == "rgb(17, 21, 27)") == (scheme == "dark")
            page.goto(address.replace("report.html", "report.vi.html"))
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            assert "Mô hình tùy chỉnh tốt hơn" in page.inner_text("header.verdict")
            page.close()
        browser.close()
    assert [url for url in requests if not url.startswith(("file:", "data:"))] == []
    assert problems == []
