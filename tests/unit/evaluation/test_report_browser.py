"""The report in a real browser: it fits every width, asks nothing of any network and runs no script."""

import shutil
from pathlib import Path

import pytest

from tests.unit.evaluation.test_run import evaluate, model

CHROMIUM = shutil.which("chromium")
pytestmark = [pytest.mark.browser, pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")]


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark"), (320, "light")])
def test_the_page_fits_and_loads_nothing(tmp_path: Path, width: int, scheme: str) -> None:
    from playwright.sync_api import sync_playwright

    report, files = evaluate(tmp_path, model({"custom": 9, "plain": 5}))
    page_file = tmp_path / report["paths"]["report"]
    assert page_file.read_bytes() == files.read(report["paths"]["report"])
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)  # type: ignore[arg-type]
        requests: list[str] = []
        problems: list[str] = []
        page.on("request", lambda request: requests.append(request.url))
        page.on("console", lambda message: problems.append(message.text))
        page.goto(page_file.as_uri())
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert "The custom model is better" in page.inner_text("header.verdict")
        background = page.evaluate("getComputedStyle(document.body).backgroundColor")
        browser.close()
    assert [url for url in requests if not url.startswith(("file:", "data:"))] == []
    assert problems == []
    assert (background == "rgb(17, 21, 27)") == (scheme == "dark")
