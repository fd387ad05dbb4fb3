"""Measure how soon the console shows its runs: ``python -m benchmarks.first_view`` (needs chromium).

It starts a local cloud with 20 runs. A first visit has an empty browser and a link with a key; coming back is a reload.
Each is measured in the page, from the navigation to the frame after the first list of runs is there. The very first
visit finds no function of the API started, all others do. With ``--beside COMMIT`` a cloud of that commit runs too,
and the two take turns, so that what else the machine does concerns both: ratios say more than milliseconds.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
RUNS, LOOKS, PATIENCE = 20, 15, 120.0
SETTLES = 30.0  # seconds in which the cloud announces the runs; meanwhile its functions are busy
# When the frame after the first list is drawn; the page's own policy does not hold for what a browser's driver adds.
WATCH = """
new MutationObserver((_, watch) => {
  if (!document.querySelector(".runs li")) return;
  watch.disconnect();
  requestAnimationFrame(() => setTimeout(() => { window.seen = performance.now(); }));
}).observe(document, { childList: true, subtree: true });
"""
SPENT = """
performance.getEntries().filter((each) => ["navigation", "resource"].includes(each.entryType)).map((each) => ({
  what: each.name.replace(/.*_user_request_[/]/, "").replace(/[?#].*/, ""), from: Math.round(each.startTime),
  to: Math.round(each.responseEnd), bytes: each.transferSize }))
"""


def serve() -> None:
    """Run a cloud with its functions not yet started, and print a link; until stdin ends."""
    from tailor.aws.runs import DynamoRunStore
    from tailor.aws.serving import ServingTable
    from tailor.runs import State
    from tailor.serving import keys
    from tailor_local.cloud import LocalCloud
    from tests.unit.steps.fakes import a_run

    with tempfile.TemporaryDirectory() as folder, LocalCloud(0, Path(folder) / "cloud") as cloud:
        os.environ.update(cloud.environment())
        outputs = cloud.deploy()
        runs = DynamoRunStore(outputs["RunsTableName"])
        for number in range(RUNS):
            at = datetime.now(UTC) - timedelta(days=30, hours=number)
            runs.create(a_run(State.SUPERSEDED, f"colours-scenes-{number:012d}", at=at, dataset=f"scenes-{number}"))
        time.sleep(SETTLES)
        secret, _ = keys.create(ServingTable(outputs["ServingTableName"]), "view", ["colours"], scopes=["read"])
        print(f"{cloud.console_url}#key={secret}", flush=True)
        sys.stdin.read()


@dataclass
class Site:
    """One cloud, and the milliseconds of its first views."""

    name: str
    link: str
    cold: float = 0.0
    visits: list[float] = field(default_factory=list)
    returns: list[float] = field(default_factory=list)
    spent: list[dict[str, Any]] = field(default_factory=list)


@contextmanager
def site(name: str, folder: Path) -> Iterator[Site]:
    """Start the cloud of a checkout in a process of its own."""
    paths = [folder, *(folder / part for part in ("layers/tailor", "cli", "local"))]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(map(str, paths))}
    command = [sys.executable, "-c", f"import runpy; runpy.run_path({str(Path(__file__))!r})['serve']()"]
    process = subprocess.Popen(
        command, cwd=folder, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    if process.stdin is None or process.stdout is None:
        raise SystemExit("no pipes")
    try:
        link = next((line.strip() for line in process.stdout if "#key=" in line), None)
        if link is None:
            raise SystemExit(f"the cloud of {name} did not start")
        yield Site(name, link)
    finally:
        process.stdin.close()
        process.wait()


def checkout(commit: str, folder: Path) -> Path:
    """Write the files of a commit."""
    folder.mkdir()
    archive = subprocess.run(["git", "archive", commit], cwd=ROOT, capture_output=True, check=True).stdout
    subprocess.run(["tar", "-x", "-C", str(folder)], input=archive, check=True)
    return folder


def look(browser: Any, site: Site) -> tuple[float, float]:
    """Return the milliseconds of a first visit and of coming back."""
    context = browser.new_context(viewport={"width": 1100, "height": 760}, locale="en-GB")
    page = context.new_page()
    page.set_default_timeout(PATIENCE * 1000)
    page.add_init_script(WATCH)
    page.goto(site.link, wait_until="commit")
    visit = _seen(page)
    site.spent = page.evaluate(SPENT)
    page.reload(wait_until="commit")
    back = _seen(page)
    context.close()
    return visit, back


def _seen(page: Any) -> float:
    page.locator(".runs li").first.wait_for()
    while not (seen := page.evaluate("window.seen")):  # what waits for an expression needs eval
        page.wait_for_timeout(20)
    return float(seen)


def main() -> None:
    from playwright.sync_api import sync_playwright

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--beside", metavar="COMMIT")
    parser.add_argument("--looks", type=int, default=LOOKS)
    asked = parser.parse_args()
    with ExitStack() as held:
        folder = Path(held.enter_context(tempfile.TemporaryDirectory()))
        sites = [held.enter_context(site("this checkout", ROOT))]
        if asked.beside:
            sites.append(held.enter_context(site(asked.beside, checkout(asked.beside, folder / "beside"))))
        browser = held.enter_context(sync_playwright()).chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        for each in sites:
            each.cold, _ = look(browser, each)
        for _ in range(asked.looks):
            for each in sites:
                for kept, took in zip((each.visits, each.returns), look(browser, each), strict=True):
                    kept.append(took)
        browser.close()
        print(f"load of the machine: {os.getloadavg()[0]:.1f}")
        _report(sites)


def _report(sites: list[Site]) -> None:
    print(f"{'milliseconds, the median':26}{'first visit':>12}{'fewest':>8}{'back':>8}{'fewest':>8}{'cold, once':>12}")
    for each in sites:
        figures = (*(pick(taken) for taken in (each.visits, each.returns) for pick in (statistics.median, min)),)
        print(f"{each.name:26}{figures[0]:12.0f}{figures[1]:8.0f}{figures[2]:8.0f}{figures[3]:8.0f}{each.cold:12.0f}")
    for before in sites[1:]:
        for what, new, old in (("visit", sites[0].visits, before.visits), ("back", sites[0].returns, before.returns)):
            ratio = statistics.median(b / a for a, b in zip(new, old, strict=True))
            print(f"{what}: {before.name} takes {ratio:.1f} times as long, the median of {len(new)} pairs")
    for each in sites:
        print(f"a first visit to {each.name}:")
        for request in each.spent:
            print(f"  {json.dumps(request)}")


if __name__ == "__main__":
    main()
