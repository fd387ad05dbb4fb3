"""The console in a real browser, on real runs: every view, both languages, by keyboard, on a phone."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from functions.console import app as console
from tailor.aws.runs import DynamoRunStore
from tailor.aws.serving import ServingTable
from tailor.runs import State
from tailor.serving import aliases, keys
from tests.unit.management.conftest import CHROMIUM, Bucket
from tests.unit.serving.gateway import ROOT, Gateway, ScriptedRuntime
from tests.unit.steps.fakes import a_run
from tests.waiting import PATIENCE

browser = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")
NOW = datetime.now(UTC)
ASKS, LIVE, TRAINS = (f"colours-{name}-0123456789ab" for name in ("asks", "live", "trains"))
QUOTE: dict[str, Any] = {
    "model": "nova-lite",
    "method": "fine-tuning",
    "lines": [
        {
            "item": "training",
            "title": "Training Amazon Nova Lite",
            "every": "once",
            "low": "3.2",
            "expected": "4",
            "high": "4.8",
            "how": "1.2 million tokens",
        }
    ],
    "advice": [{"code": "few-rows", "message": "80 training rows are few", "fix": "add examples"}],
    "approval": {"reason": "It may cost up to $6.75", "until": (NOW + timedelta(hours=72)).isoformat()},
}
REPORT = {"usable": True, "headline": "Usable: 320 of 330 rows", "counts": {"rows": 330, "train": 280, "test": 40}}
BASE = "us.amazon.nova-lite-v1:0"
HOSTILE = '<img src=x onerror="document.title=1">'


def test_every_text_has_both_languages_and_every_state_a_name() -> None:
    found = {}
    for file in (name for name in console.FILES if name.endswith("texts.js")):
        english, _, vietnamese = console.FILES[file].partition("\n  vi: {")
        halves = (english.partition("\n  en: {")[2], vietnamese)
        names = [re.findall(r"[{,]\s*\"?([\w-]+)\"?:", half) for half in halves]
        found[file], other = [[name for name in each if name != "vi"] for each in names]
        assert found[file] == other, file
    assert {state.value for state in State} <= set(found["texts.js"])


def test_the_page_loads_nothing_from_elsewhere_and_unknown_files_are_not_there() -> None:
    page = console.handler({}, None)
    assert "default-src 'none'" in page["headers"]["content-security-policy"]
    assert page["headers"]["cache-control"] == "no-cache"
    named = re.findall(r'"(?:console|\.)/([a-z.-]+)\?v=(\w+)"', page["body"])
    assert len(named) == len(re.findall(r"(?:src|href)=", page["body"]))
    for name in console.SERVED:
        asked = {"pathParameters": {"file": name}, "queryStringParameters": {"v": console.VERSION}}
        answer = console.handler(asked, None)
        named += re.findall(r'"(?:console|\.)/([a-z.-]+)\?v=(\w+)"', answer["body"])
        assert ("immutable" in answer["headers"]["cache-control"]) == (name != console.PAGE)
        assert not re.search(r"""(from|import\()\s*["'][^"']+\.js["']""", answer["body"]), name
        asked = {"pathParameters": {"file": name}, "queryStringParameters": {"v": "another"}}
        assert console.handler(asked, None)["headers"]["cache-control"] == "no-cache"
    assert {version for _, version in named} == {console.VERSION}
    assert {name for name, _ in named} == console.SERVED.keys() - {console.PAGE}
    first = {f"{name}.js" for name in console.first_modules()}
    assert first == console.FILES.keys() - console.SERVED.keys()
    assert first > {"app.js", "runs.js"}
    assert not re.search("^import", console.SERVED[console.FIRST], re.MULTILINE)
    for name, text in console.FILES.items():
        assert "innerHTML" not in text.replace("without innerHTML", ""), name
        assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)", text), name
    event = json.loads((ROOT / "events/console_file.json").read_text("utf-8"))
    assert console.handler(event, None)["headers"]["content-type"] == "text/javascript; charset=utf-8"
    for name in ("../app.py", "app.py", "nothing.js", ""):
        assert console.handler({"pathParameters": {"file": name}}, None)["statusCode"] == 404


@pytest.fixture
def address(
    api: Gateway, runs: DynamoRunStore, store: ServingTable, version: Any, bucket: Bucket, tmp_path: Path
) -> str:
    """The console's address without a key; three runs, of which one is live and has another behind it."""
    runs.create(a_run(State.AWAITING_APPROVAL, ASKS, at=NOW, dataset="asks", quote=QUOTE, report=REPORT))
    trains = a_run(State.TRAINING, TRAINS, at=NOW, dataset=HOSTILE, report=REPORT, job={"arn": "job"})
    runs.create(trains)
    evaluation = {
        "verdict": "passed",
        "headline": "The custom model is better.",
        "metric": "exact_match",
        "candidate": 0.91,
        "baseline": 0.4,
        "difference": 0.51,
        "interval": [0.4, 0.6],
        "rows": 40,
        "reasons": [HOSTILE],
    }
    live = a_run(State.LIVE, LIVE, at=NOW, dataset="scenes", report=REPORT, quote=QUOTE, job={"arn": "job"})
    runs.create(live.model_validate(live.model_dump() | {"evaluation": evaluation}))
    old = "colours-old-0123456789ab"
    runs.create(a_run(State.STANDBY, old, at=NOW - timedelta(days=40), dataset="scenes"))
    for run, before in ((old, None), (LIVE, old)):
        aliases.promote(store, "colours", version(run, base=BASE), before, "test")
    found = {
        "code": "empty-answer",
        "severity": "error",
        "file": "a.csv",
        "line": 7,
        "message": HOSTILE,
        "fix": "write",
    }
    rows = "".join(f"{step},{step / 30},{4 / (1 + step)}\n" for step in range(60))
    for shown in (live, trains):
        for there in ("report/report.html", "evaluation/report.html"):
            bucket.put(f"{shown.files}{there}", "e", NOW)
        bucket.contents[f"{shown.files}report/report.json"] = json.dumps({"findings": [found]}).encode()
        curve = f"{shown.files}job/step_wise_training_metrics.csv"
        bucket.put(curve, "e", NOW)
        bucket.contents[curve] = f"step_number,epoch_number,training_loss\n{rows}".encode()
    return api.url.removesuffix("/v1") + "/console"


@pytest.fixture
def page(chromium: Any, address: str) -> Iterator[Any]:
    requests: list[str] = []
    with new_page(chromium) as page:
        page.on("request", lambda request: requests.append(request.url))
        yield page
    origin = address.removesuffix("/console")
    assert [url for url in requests if not url.startswith((origin, "data:"))] == []


@contextmanager
def new_page(chromium: Any) -> Iterator[Any]:
    """Open a page with storage of its own; at its end it had nothing to complain about."""
    problems: list[str] = []
    with chromium.new_context(viewport={"width": 1200, "height": 900}, locale="en-GB") as context:
        page = context.new_page()
        page.set_default_timeout(PATIENCE * 1000)
        page.on(
            "console", lambda message: problems.append(message.text) if "Failed to load" not in message.text else None
        )
        page.on("pageerror", lambda error: problems.append(str(error)))
        yield page
    assert problems == []


def serious(page: Any) -> list[str]:
    """What axe finds of weight on the page as it is."""
    from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]

    found = Axe().run(page).response["violations"]
    return [f"{each['id']}: {each['nodes'][0]['html']}" for each in found if each["impact"] in ("serious", "critical")]


def key(store: ServingTable, *scopes: keys.Scope) -> str:
    return keys.create(store, "Linh", ["colours"], scopes=scopes or keys.SCOPES)[0]


@browser
@pytest.mark.browser
def test_a_person_sees_runs_decides_by_keyboard_and_what_texts_hold_stays_text(
    page: Any, address: str, store: ServingTable, runs: DynamoRunStore
) -> None:
    page.goto(f"{address}#key={key(store)}")
    page.get_by_text("colours / asks").wait_for()
    assert "tailor-" not in page.url
    assert page.locator(".runs li").count() == 4
    assert serious(page) == []
    page.get_by_role("link", name="colours / asks").press("Enter")
    page.get_by_role("heading", name="Cost").wait_for()
    assert "$3.20 to $4.80" in page.get_by_role("table").inner_text()
    assert serious(page) == []
    page.get_by_role("button", name="Approve").press("Enter")
    assert serious(page) == []
    page.get_by_label("Reason").fill("it is worth it")
    page.get_by_label("Reason").press("Enter")
    page.locator(".badge", has_text="approved").wait_for()
    assert runs.get(ASKS).history[-1].reason == "it is worth it"
    page.get_by_role("link", name="All runs").click()
    page.get_by_text(HOSTILE).click()
    page.get_by_role("img", name="Converged").wait_for()
    assert page.get_by_text(HOSTILE).count() == 2  # its heading and its finding
    assert page.title() != "1"


@browser
@pytest.mark.browser
def test_every_view_is_there_in_vietnamese_and_fits_a_phone(page: Any, address: str, store: ServingTable) -> None:
    page.set_viewport_size({"width": 360, "height": 740})
    page.goto(f"{address}#key={key(store)}")
    page.get_by_role("button", name="Tiếng Việt").click()
    page.get_by_text("chờ duyệt").wait_for()
    for view, sign in (
        (f"runs/{LIVE}", "+51 điểm"),
        ("serving", "Giữ lại để quay về"),
        ("playground", "Câu hỏi"),
    ):
        page.goto(f"{address}#/{view}")
        page.get_by_text(sign).first.wait_for()
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, view
        assert page.evaluate("document.documentElement.lang") == "vi"
        assert serious(page) == [], view


@browser
@pytest.mark.browser
def test_the_live_version_answers_beside_its_base_is_rolled_back_and_taken_offline(
    page: Any, address: str, store: ServingTable, runs: DynamoRunStore, runtime: ScriptedRuntime
) -> None:
    page.goto(f"{address}#key={key(store)}")
    page.get_by_role("link", name="Try it").click()
    page.get_by_label("Question").fill("Hình vuông có màu gì?")
    page.get_by_role("button", name="Ask").click()
    page.get_by_text("First word after").nth(1).wait_for()
    assert page.locator(".answer").all_inner_texts() == ["đỏ", "đỏ"]
    assert len({request["modelId"] for request in runtime.requests} - {BASE}) == 1
    assert [request["modelId"] for request in runtime.requests].count(BASE) == 1
    page.get_by_label("Ask the base model too").uncheck()
    assert not page.get_by_role("heading", name="base model").is_visible()
    page.get_by_role("link", name="Serving").click()
    page.get_by_role("button", name="Roll back").click()
    page.get_by_role("dialog").get_by_role("button", name="Roll back").click()
    page.get_by_text("Live: colours-old-0123456789ab").wait_for()
    page.get_by_role("button", name="Take offline").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Take offline").click()
    dialog.get_by_text("Please give a reason").wait_for()
    page.get_by_label("Reason").fill("it invents colours")
    page.get_by_label("Reason").press("Enter")
    page.get_by_text("Taken offline: it invents colours").wait_for()
    assert runs.get("colours-old-0123456789ab").state == State.RETIRED


@browser
@pytest.mark.browser
def test_scopes_decide_what_is_offered_and_a_wrong_key_is_told(page: Any, address: str, store: ServingTable) -> None:
    page.goto(f"{address}#key=tailor-colours-{'a' * 40}")
    page.get_by_text("This key is wrong, expired or revoked.").wait_for()
    assert serious(page) == []
    page.get_by_label("Key").fill(key(store, "read"))
    page.get_by_role("button", name="Open").click()
    page.get_by_text("colours / asks").click()
    page.get_by_role("heading", name="Cost").wait_for()
    assert page.get_by_role("button", name="Approve").count() == 0
    page.get_by_role("link", name="Try it").click()
    page.get_by_text("lacks the scope chat").wait_for()
    page.get_by_role("button", name="Sign out").click()
    page.get_by_label("Key").wait_for()
    assert page.evaluate("sessionStorage.length") == 0
    page.goto(f"{address}#/runs/%E0%A4")
    page.get_by_label("Key").fill(key(store, "chat"))
    page.get_by_role("button", name="Open").click()
    page.get_by_role("alert").wait_for()
    page.goto("about:blank")
    page.goto(f"{address}#key={key(store, 'chat')}")
    page.get_by_label("Question").wait_for()
