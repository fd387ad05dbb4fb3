"""Upload a large folder to a local cloud by command line and by page, cut both off half-way, and continue them.

Run: python -m benchmarks.uploads [--files 5000] [--megabytes 2000] [--way push|page]

Prints for each way how many seconds the two halves took, how many bytes were sent in both, and how many runs there were
before the end and after it. Bytes of the command line are counted by a forwarder between it and the cloud; of the
page, the pieces that the bucket has taken are counted, by name and part. Needs twice the folder's size in memory, once
on the disk, and Chromium for the page.
"""

import argparse
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tailor.aws.runs import DynamoRunStore
from tailor.aws.s3_uploads import S3Uploads
from tailor.aws.serving import ServingTable
from tailor.serving import keys
from tailor.steps import uploading
from tailor_local.cloud import LocalCloud
from tailor_local.deployment import PARAMETERS

MB = 1_000_000
LARGE_FILES = 8  # they hold half of the bytes
QUIET = float(PARAMETERS["QuietSeconds"])


def main() -> None:
    """Print one line a way."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=5000)
    parser.add_argument("--megabytes", type=int, default=2000)
    parser.add_argument("--way", choices=["push", "page"])
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tailor-uploads-") as scratch:
        folder = Path(scratch, "folder")
        size = _fill(folder, given.files, given.megabytes * MB)
        with LocalCloud(port=0, directory=Path(scratch, "cloud")) as cloud:
            cloud.deploy()
            os.environ.update(cloud.environment())
            for way, act in (("push", _push), ("page", _page)):
                if given.way in (None, way):
                    print(f"{way}: {size:,} bytes in {given.files:,} files; {act(cloud, folder, size)}", flush=True)


def _fill(folder: Path, files: int, size: int) -> int:
    """Write a dataset of so many files of random bytes, and return its exact size."""
    (folder / "img").mkdir(parents=True)
    rows = "".join(f"{number} + {number}?,{2 * number}\n" for number in range(100))
    (folder / "data.csv").write_text(f"question,answer\n{rows}")
    small = files - LARGE_FILES - 1
    for number in range(LARGE_FILES):
        (folder / f"film{number}.mp4").write_bytes(secrets.token_bytes(size // 2 // LARGE_FILES))
    for number in range(small):
        (folder / f"img/{number:05}.png").write_bytes(secrets.token_bytes(size // 2 // small))
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


class _World:
    """One upload in the cloud."""

    def __init__(self, cloud: LocalCloud, project: str) -> None:
        self.prefix = f"uploads/{project}/large/"
        self.project = project
        self.bucket = S3Uploads(cloud.outputs["BucketName"])
        self.runs = DynamoRunStore(cloud.outputs["RunsTableName"])

    def arrived(self) -> int:
        """Return the bytes of the upload that have arrived."""
        plan = uploading.read_plan(self.bucket, self.prefix)
        if plan is None:
            return 0
        names = {file.name for file in plan.files}
        there = {file.key.removeprefix(self.prefix): file.size for file in self.bucket.list(self.prefix)}
        parts = [self.bucket.parts(self.prefix + file.name, file.upload) or [] for file in plan.files if file.upload]
        whole = sum(size for name, size in there.items() if name in names)
        return whole + sum(part.size for each in parts for part in each)

    def count(self) -> int:
        """Return how many runs there are, once the folder was quiet for long enough to start one."""
        time.sleep(3 * QUIET)
        return len(list(self.runs.project_runs(self.project)))

    def wait(self, done: Callable[[], bool]) -> None:
        while not done():
            time.sleep(0.2)

    def clear(self) -> None:
        self.bucket.delete([file.key for file in self.bucket.list(self.prefix)])


def _push(cloud: LocalCloud, folder: Path, size: int) -> str:
    world = _World(cloud, "pushed")
    forwarder = Forwarder(cloud.port)
    environment = {**os.environ, "AWS_ENDPOINT_URL": f"http://127.0.0.1:{forwarder.port}"}
    command = [str(Path(sys.executable).with_name("tailor")), "push", str(folder), "pushed/large"]
    begun = time.monotonic()
    first = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)
    world.wait(lambda: world.arrived() >= size / 2)
    first.send_signal(signal.SIGINT)
    first.wait()
    half, arrived, before = time.monotonic() - begun, world.arrived(), world.count()
    begun = time.monotonic()
    subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)
    seconds = time.monotonic() - begun
    world.wait(lambda: len(list(world.runs.project_runs("pushed"))) > 0)
    after = world.count()
    world.clear()
    more = forwarder.sent - size
    return (
        f"cut off after {half:.0f} s with {arrived:,} bytes there, the rest took {seconds:.0f} s; "
        f"{more:,} bytes more than the files were sent, with requests and headers; "
        f"runs before: {before}, after: {after}"
    )


def _page(cloud: LocalCloud, folder: Path, size: int) -> str:
    from playwright.sync_api import sync_playwright

    world = _World(cloud, "paged")
    secret, _ = keys.create(
        ServingTable(cloud.outputs["ServingTableName"]), "Linh", ["paged"], scopes=["upload", "read"]
    )
    taken: Counter[str] = Counter()

    def note(request: Any) -> None:
        if request.method == "PUT":
            taken[request.url.partition("?")[0] + request.url.partition("partNumber=")[2].partition("&")[0]] += 1

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page()
        page.set_default_timeout(0)
        page.on("requestfinished", note)
        page.on("dialog", lambda dialog: dialog.accept())
        page.goto(f"{cloud.console_url}#key={secret}")
        begun = time.monotonic()
        page.get_by_role("link", name="New dataset").click()
        _choose(page, folder)
        while world.arrived() < size / 2:
            page.wait_for_timeout(200)
        page.reload()
        half, arrived, before = time.monotonic() - begun, world.arrived(), world.count()
        begun = time.monotonic()
        page.get_by_text("is not finished").wait_for()
        _choose(page, folder)
        page.get_by_text("Everything has arrived.").wait_for()
        seconds = time.monotonic() - begun
        waiting = world.count()
        page.get_by_role("button", name="Start the run").click()
        page.get_by_text("The run starts.").wait_for()
        browser.close()
    world.wait(lambda: len(list(world.runs.project_runs("paged"))) > 0)
    after = world.count()
    world.clear()
    twice = sum(count - 1 for count in taken.values())
    return (
        f"cut off after {half:.0f} s with {arrived:,} bytes there, the rest took {seconds:.0f} s; "
        f"{len(taken):,} pieces taken, {twice} of them twice; "
        f"runs before: {before}, before the start: {waiting}, after: {after}"
    )


def _choose(page: Any, folder: Path) -> None:
    page.locator("#folder").set_input_files(folder)
    page.get_by_label("Name of the dataset").fill("large")
    page.get_by_role("button", name="Upload").click()


class Forwarder:
    """Forwards a port to another one and counts what clients send."""

    def __init__(self, to: int) -> None:
        self._to, self.sent, self._lock = to, 0, threading.Lock()
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            client, _ = self._socket.accept()
            server = socket.create_connection(("127.0.0.1", self._to))
            threading.Thread(target=self._hand_on, args=(client, server, True), daemon=True).start()
            threading.Thread(target=self._hand_on, args=(server, client, False), daemon=True).start()

    def _hand_on(self, giver: socket.socket, taker: socket.socket, counts: bool) -> None:
        try:
            while data := giver.recv(1 << 16):
                if counts:
                    with self._lock:
                        self.sent += len(data)
                taker.sendall(data)
        except OSError:
            pass
        taker.close()


if __name__ == "__main__":
    main()
