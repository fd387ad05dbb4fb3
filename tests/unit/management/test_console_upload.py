"""A dataset uploaded with the console in a real browser: cut short, continued, started."""

import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import unquote

import httpx
import pytest

from functions.console import app as console
from tailor.aws.s3_uploads import S3Uploads
from tailor.aws.serving import ServingTable
from tailor.serving import keys
from tests.unit.management.test_console import browser, new_page, serious
from tests.unit.management.test_uploads import picture
from tests.unit.serving.gateway import LOOPBACK, Gateway
from tests.waiting import PATIENCE

ORIGIN = "https://data.s3.us-east-1.amazonaws.com"
PREFIX = "uploads/colours/mau-sac/"
MIB = 1024 * 1024
ROWS = "Câu hỏi,Trả lời\n" + "".join(f"{n} + {n}?,{2 * n}\n" for n in range(40))


class Storage:
    """The bucket as a browser meets it: it takes what is signed, and may be made to fail."""

    def __init__(self, bucket: S3Uploads) -> None:
        self.bucket = bucket
        self.sent: list[str] = []
        self.broken = 0

    def take(self, route: Any) -> None:
        request = route.request
        found = re.match(rf"{re.escape(ORIGIN)}/([^?]+)\?", request.url)
        name = unquote(found[1]) if found else ""
        part = re.search(r"partNumber=(\d+)", request.url)
        upload = re.search(r"uploadId=([^&]+)", request.url)
        if self.broken:
            self.broken -= 1
            route.fulfill(status=503, headers={"access-control-allow-origin": "*"})
            return
        data = request.post_data_buffer or b""
        assert len(request.headers["x-amz-checksum-sha256"]) == 44
        if part and upload:
            self.bucket.put_part(name, upload[1], int(part[1]), data)
        else:
            self.bucket.write(name, data)
        self.sent.append(f"{name.removeprefix(PREFIX)} {part[1] if part else 0}")
        route.fulfill(status=200, headers={"access-control-allow-origin": "*"})


@pytest.fixture
def storage(function: ModuleType) -> Storage:
    return Storage(S3Uploads("data"))


@pytest.fixture
def page(chromium: Any, storage: Storage, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setitem(console.HEADERS, "content-security-policy", console.policy(ORIGIN))
    with new_page(chromium) as page:
        page.route(f"{ORIGIN}/**", storage.take)
        yield page


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "Màu Sắc"
    (root / "img").mkdir(parents=True)
    (root / "rows.csv").write_text(ROWS)
    (root / ".DS_Store").write_bytes(b"x")
    for number in range(12):
        (root / f"img/{number}.png").write_bytes(b"%d" % number)
    (root / "more.jsonl").write_bytes(b'{"question": "a", "answer": "b"}\n' * (17 * MIB // 32))
    return root


@browser
@pytest.mark.browser
def test_a_folder_is_uploaded_with_a_pause_a_failure_and_a_reload_each_byte_once_and_starts_when_told(
    page: Any, api: Gateway, storage: Storage, store: ServingTable, folder: Path
) -> None:
    secret = keys.create(store, "Linh", ["colours"], scopes=("upload", "read"))[0]
    page.goto(f"{api.url.removesuffix('/v1')}/console#key={secret}")
    page.get_by_role("link", name="New dataset").press("Enter")
    page.get_by_role("heading", name="New dataset").wait_for()
    assert serious(page) == []
    page.locator("#folder").set_input_files(folder)
    page.get_by_text("15 files").wait_for()
    assert page.get_by_label("Name of the dataset").input_value() == "mau-sac"
    storage.broken = 1
    page.get_by_role("button", name="Upload").press("Enter")
    page.get_by_role("button", name="Pause").click()
    page.get_by_text("Paused.").wait_for()
    assert serious(page) == []
    page.wait_for_load_state("networkidle")
    there = len(storage.sent)
    assert there < 15
    page.on("dialog", lambda dialog: dialog.accept())  # leaving is asked about
    page.reload()
    page.get_by_text("is not finished").wait_for()
    assert serious(page) == []
    page.locator("#folder").set_input_files(folder)
    page.get_by_role("button", name="Upload").click()
    page.get_by_text("Everything has arrived.").wait_for()
    page.get_by_role("heading", name="rows.csv").wait_for()
    assert page.get_by_label("Trả lời").input_value() == "answer"
    assert serious(page) == []
    assert sorted(storage.sent) == sorted({*storage.sent}), "nothing is sent twice"
    assert len(storage.sent) == 15  # 13 small files, and two parts
    keys_there = {file.key.removeprefix(PREFIX) for file in storage.bucket.list(PREFIX)}
    assert "_DONE" not in keys_there
    assert ".DS_Store" not in keys_there
    page.get_by_role("button", name="Start the run").press("Enter")
    page.get_by_text("The run starts.").wait_for()
    assert storage.bucket.read(f"{PREFIX}_DONE") == storage.bucket.read(f"{PREFIX}_UPLOADING") == b""
    assert storage.bucket.read(f"{PREFIX}more.jsonl") == (folder / "more.jsonl").read_bytes()
    assert storage.bucket.read(f"{PREFIX}tailor.yaml") == b"budget:\n  limit: 0\n"


@browser
@pytest.mark.browser
def test_on_a_phone_in_vietnamese_a_mapping_is_changed_beside_the_rows_and_what_is_wrong_with_them(
    page: Any, api: Gateway, storage: Storage, store: ServingTable
) -> None:
    lines = [f"{n}.png,màu gì?,{'' if n == 1 else 'đỏ'},{n}\n" for n in range(40)]
    rows = "".join(["ảnh,hỏi,đáp án,số\n", *lines]).encode()
    for number in range(40):
        storage.bucket.write(f"{PREFIX}{number}.png", picture())
    files = [{"name": "rows.csv", "size": len(rows), "modified": 1}]
    secret = keys.create(store, "Linh", ["colours"], scopes=("upload",))[0]
    begun = httpx.post(
        f"{api.url}/uploads/colours/mau-sac",
        json={"files": files},
        headers={"Authorization": f"Bearer {secret}"},
        timeout=PATIENCE,
        verify=LOOPBACK,
    )
    assert begun.status_code == 200, begun.text
    storage.bucket.write(f"{PREFIX}rows.csv", rows)
    page.set_viewport_size({"width": 360, "height": 740})
    page.add_init_script("localStorage.setItem('tailor-language', 'vi')")
    page.goto(f"{api.url.removesuffix('/v1')}/console#key={secret}")
    page.goto(f"{api.url.removesuffix('/v1')}/console#/upload/colours/mau-sac")
    page.get_by_role("heading", name="rows.csv").wait_for()
    assert page.locator(".sample img").count() == 11  # of the rows that can be used
    assert page.locator(".sample tbody tr").nth(1).get_by_text("câu trả lời trống").count() == 1
    assert serious(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.get_by_label("số").select_option("answer")
    page.get_by_text(re.compile("^Dùng được")).wait_for()
    page.get_by_text("Chi phí").wait_for()
    assert serious(page) == []
    page.get_by_label("Hỏi tôi trước khi phải trả tiền").uncheck()
    page.get_by_role("button", name="Bắt đầu lượt chạy").press("Enter")
    page.get_by_text("Lượt chạy bắt đầu").wait_for()
    assert storage.bucket.read(f"{PREFIX}tailor.yaml").decode() == "data:\n  columns:\n    answer: số\n"
