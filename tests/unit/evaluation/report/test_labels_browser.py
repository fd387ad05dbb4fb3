"""The page for labels in a real browser: labelled with the keyboard alone, and what it exports is taken."""

import json
import shutil
from pathlib import Path

import pytest

from tailor.evaluation.labels import take_labels
from tests.unit.evaluation.test_labels import judged
from tests.waiting import PATIENCE

CHROMIUM = shutil.which("chromium")
pytestmark = [pytest.mark.browser, pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")]


def test_answers_are_labelled_with_the_keyboard_alone(tmp_path: Path) -> None:
    from playwright.sync_api import sync_playwright

    run, files, _ = judged(tmp_path)
    address = (tmp_path / run.results / "labels.html").as_uri()
    requests: list[str] = []
    problems: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"], timeout=PATIENCE * 1000)
        page = browser.new_page(viewport={"width": 390, "height": 800})
        page.set_default_timeout(PATIENCE * 1000)
        page.on("request", lambda request: requests.append(request.url))
        page.on("console", lambda message: problems.append(message.text))
        page.goto(address)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        assert page.locator("html").get_attribute("lang") == "vi"
        assert page.locator("section.row:visible").count() == 1
        assert not {"custom", "plain", "candidate"} & set(page.content().replace('"', " ").split())
        page.keyboard.press("1")
        page.keyboard.press("Backspace")
        page.keyboard.press("2")  # what was said first is corrected
        page.reload()  # and kept
        assert page.inner_text("#done") == "1"
        while page.locator("#finished").is_hidden():
            page.keyboard.press("1")
        with page.expect_download() as download:
            page.keyboard.press("e")
        exported = Path(download.value.path()).read_bytes()
        browser.close()
    assert [url for url in requests if not url.startswith(("file:", "data:", "blob:"))] == []
    assert problems == []
    labels = json.loads(exported)["labels"]
    assert [label["first"] for label in labels].count("wrong") == 1
    assert take_labels(files, run, exported)["labels"]["answers"] == 2 * len(labels)
