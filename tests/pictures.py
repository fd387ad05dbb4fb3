"""Write docs/pictures/: the console on real runs of a local cloud: ``make pictures``, or ``python -m tests.pictures``.

Two runs train and are measured on the same drawn scenes, an app calls the model, a third dataset waits for approval.
The days of usage before today repeat today's calls, and the price of calls is one of the operator's (``Prices``).
"""

import io
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from openai import OpenAI
from PIL import Image

from samples.generate import generate
from tailor.runs import Run, State
from tailor.serving import aliases, keys
from tailor.steps.steer import approve
from tailor_cli.context import session
from tailor_cli.push import push_dataset
from tailor_local.cloud import LocalCloud, api_address
from tailor_local.demo import calls
from tailor_local.quotas import RAISED
from tests.waiting import PATIENCE, until

PLACE = Path(__file__).parents[1] / "docs" / "pictures"
LARGEST = 60_000  # bytes of a picture
DESKTOP, TALL, PHONE = ({"width": width, "height": height} for width, height in ((1100, 760), (1100, 1500), (390, 760)))
PROJECT, SCENES = "colours", 300
SHORTER = "hyperparameters:\n  epochs: 1\n"
BAD_ROWS = "question,answer,image\nHình tròn màu gì?,đỏ,0001.png\nCó mấy hình?,,0002.png\nCó mấy hình?,3,0009.png\n"
PRICES = {"nova-lite": {"custom-input": 0.00006, "custom-output": 0.00024}}
DAYS = (3, 5, 2, 7, 6, 4)  # each as many times today's calls


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, LocalCloud(0, Path(folder) / "cloud", raised=RAISED) as cloud:
        os.environ.update(cloud.environment())
        cloud.deploy({"Prices": json.dumps(PRICES)})
        data = Path(folder) / "data"
        generate(data, "fine-tuning", SCENES)
        live = _run(data, "scenes")
        (data / "tailor.yaml").write_text((data / "tailor.yaml").read_text("utf-8") + SHORTER, "utf-8")
        other = _run(data, "scenes-one-epoch")
        _asks(data)
        _calls(cloud, live)
        with _browser() as browser:
            _Views(browser, cloud, Path(folder)).write(live, other)


def _run(data: Path, dataset: str) -> Run:
    """Push a dataset and approve its price; return its run once it has a verdict and what comes of that."""
    begun, _ = push_dataset([data], f"{PROJECT}/{dataset}")

    def look() -> Run:
        run = session.runs.get(begun.id)
        if run.state == State.AWAITING_APPROVAL:
            approve(run, session.runs, by="person:linh", reason="within the quarter", now=datetime.now(UTC))
        return run

    return until(look, lambda run: run.state == State.LIVE or bool(run.evaluation.verdict and not run.is_open))


def _asks(data: Path) -> None:
    """Leave a run that waits for approval."""
    (data / "tailor.yaml").write_text((data / "tailor.yaml").read_text("utf-8").replace("epochs: 1", "epochs: 3"))
    begun, _ = push_dataset([data], f"{PROJECT}/scenes-three-epochs")
    until(lambda: session.runs.get(begun.id).state, lambda state: state == State.AWAITING_APPROVAL)


def _calls(cloud: LocalCloud, run: Run) -> None:
    """Call the model as an app does, so that there is usage to show."""
    limits = keys.RateLimits(cents_per_month=2500, requests_per_minute=120)
    secret, _ = keys.create(session.serving, "mobile app", [PROJECT], limits=limits, by="person:linh")
    keys.create(session.serving, "Minh", [PROJECT], scopes=["read", "approve"], by="person:linh")
    aliases.set_budget(session.serving, PROJECT, 5000)
    api = OpenAI(base_url=api_address(cloud.endpoint, session.stack.api_url, session.stack.api_id), api_key=secret)
    for row in calls.held_out(run, session.bucket, 12):
        api.chat.completions.create(model=PROJECT, messages=calls.messages(row, session.bucket))
    _days_before()


def _days_before() -> None:
    """Repeat today's usage on the days before."""
    today = datetime.now(UTC).date()
    for row in session.serving.usage(PROJECT, today - timedelta(days=1), today):
        for before, times in enumerate(DAYS, start=1):
            for _ in range(times):
                session.serving.add_usage(replace(row, day=today - timedelta(days=before)))


@contextmanager
def _browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        yield started
        started.close()


@dataclass
class _Views:
    browser: Any
    cloud: LocalCloud
    folder: Path

    def write(self, live: Run, other: Run) -> None:
        """Write all pictures."""
        PLACE.mkdir(exist_ok=True)
        page = self._page("en", DESKTOP)
        self._picture(page, "runs", "runs", ".runs li >> nth=2")
        self._picture(page, f"runs/{live.id}", "run", "h2:has-text('Evaluation')")
        waiting = next(run for run in session.runs.open_runs() if run.state == State.AWAITING_APPROVAL)
        self._picture(page, f"runs/{waiting.id}", "approve", "h2:has-text('Timeline')")
        page.set_viewport_size(TALL)
        self._picture(page, f"compare/{live.id}/{other.id}", "compare", ".question >> nth=0")
        page.set_viewport_size(DESKTOP)
        self._picture(page, "keys", "keys", ".plain li >> nth=2")
        page.set_viewport_size(TALL)
        self._picture(page, f"usage/{PROJECT}/7", "usage", "h2 >> nth=3")
        page.set_viewport_size(DESKTOP)
        self._ask(page, live)
        vietnamese = self._page("vi", DESKTOP)
        self._preview(vietnamese)
        for language, name, sign in (("vi", "phone", "Đánh giá"), ("en", "phone-en", "Evaluation")):
            phone = self._page(language, PHONE)
            self._picture(phone, f"runs/{live.id}", name, f"h2:has-text('{sign}')")

    def _page(self, language: str, size: dict[str, int]) -> Any:
        until_ = datetime.now(UTC) + timedelta(hours=1)
        secret, _ = keys.create(
            session.serving, "console of linh", [PROJECT], scopes=keys.SCOPES, by="person:linh", expires_at=until_
        )
        page = self.browser.new_page(viewport=size, locale="vi-VN" if language == "vi" else "en-GB")
        page.set_default_timeout(PATIENCE * 1000)
        page.goto(f"{self.cloud.console_url}#key={secret}")
        page.locator(".runs li").first.wait_for()
        return page

    def _picture(self, page: Any, view: str, name: str, sign: str) -> None:
        page.goto(f"{self.cloud.console_url}#/{view}")
        page.locator(sign).first.wait_for()
        self._shoot(page, name)

    def _shoot(self, page: Any, name: str) -> None:
        shot = Image.open(io.BytesIO(page.screenshot()))
        for quality in range(90, 20, -10):
            shot.save(PLACE / f"{name}.webp", "WEBP", quality=quality, method=6)
            if (PLACE / f"{name}.webp").stat().st_size <= LARGEST:
                return
        raise ValueError(f"{name} has more than {LARGEST} bytes")

    def _ask(self, page: Any, live: Run) -> None:
        [row] = calls.held_out(live, session.bucket)
        asked = next(block["text"] for block in row["messages"][-1]["content"] if "text" in block)
        for _ in range(2):  # the first call of the base waits for its function to start
            page.goto(f"{self.cloud.console_url}#/runs")
            page.goto(f"{self.cloud.console_url}#/playground")
            page.get_by_label("Question").fill(asked)
            page.get_by_label("Picture").set_input_files(str(self.folder / "data" / row["group"]))
            page.get_by_role("button", name="Ask").click()
            page.get_by_text("First word after").nth(1).wait_for()
        self._shoot(page, "playground")

    def _preview(self, page: Any) -> None:
        data = self.folder / "hinh-moi"
        data.mkdir()
        (data / "câu hỏi.csv").write_text(BAD_ROWS, "utf-8")
        for name in ("0001.png", "0002.png"):
            shutil.copyfile(self.folder / "data" / "images" / name, data / name)
        page.goto(f"{self.cloud.console_url}#/upload")
        page.locator("#folder").set_input_files(str(data))
        page.get_by_role("button", name="Tải lên", exact=True).click()
        page.locator(".sample").wait_for()
        page.locator(".sample").evaluate("element => element.closest('.card').scrollIntoView()")
        self._shoot(page, "preview")


if __name__ == "__main__":
    main()
