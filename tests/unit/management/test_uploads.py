"""Uploads over the API: begun, continued, ended; and what an address allows that it hands out."""

import base64
import hashlib
import io
from types import ModuleType
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from PIL import Image

from tailor.aws.s3_uploads import S3Uploads
from tailor.aws.serving import ServingTable
from tailor.recipe import Recipe
from tailor.serving import keys
from tests.unit.serving.gateway import LOOPBACK, Gateway
from tests.waiting import PATIENCE

MIB = 1024 * 1024
DATA = b"question,answer\na,b\n"
FILES = [
    {"name": "data.csv", "size": len(DATA), "modified": 1},
    {"name": "img/màu.png", "size": 3, "modified": 1},
    {"name": "img/.DS_Store", "size": 3, "modified": 1},
    {"name": "more.jsonl", "size": 17 * MIB, "modified": 1},
]


class Client:
    """Somebody with a key."""

    def __init__(self, api: Gateway, store: ServingTable, *scopes: keys.Scope) -> None:
        secret = keys.create(store, "Linh", ["colours"], scopes=scopes)[0]
        self._http = httpx.Client(
            base_url=f"{api.url}/uploads/",
            headers={"Authorization": f"Bearer {secret}"},
            timeout=PATIENCE,
            verify=LOOPBACK,
        )

    def post(self, path: str, body: Any = None) -> Any:
        return self._read(self._http.post(path, json=body))

    def get(self, path: str) -> Any:
        return self._read(self._http.get(path))

    @staticmethod
    def _read(answer: httpx.Response) -> Any:
        return answer.json() if answer.status_code == 200 else (answer.status_code, answer.json()["error"]["code"])


@pytest.fixture
def data(function: ModuleType) -> S3Uploads:
    return S3Uploads("data")


@pytest.fixture
def client(api: Gateway, store: ServingTable) -> Client:
    return Client(api, store, "upload")


def picture() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (64, 64), "red").save(file, "PNG")
    return file.getvalue()


def digest(data: bytes) -> str:
    return base64.b64encode(hashlib.sha256(data).digest()).decode()


def test_an_upload_goes_on_where_it_was_cut_short_and_ends_when_all_is_there(client: Client, data: S3Uploads) -> None:
    prefix = "uploads/colours/scenes/"
    assert client.get("colours/scenes") == (404, "upload_not_found")
    begun = client.post("colours/scenes", {"files": FILES})
    assert (begun["files"], begun["resumed"], begun["ignored"]) == (3, False, ["img/.DS_Store"])
    assert [(piece["name"], piece["part"], piece["size"]) for piece in begun["remaining"]] == [
        ("data.csv", 0, len(DATA)),
        ("img/màu.png", 0, 3),
        ("more.jsonl", 1, 16 * MIB),
        ("more.jsonl", 2, MIB),
    ]
    assert begun["begun_by"].startswith("key:Linh (")
    data.write(f"{prefix}data.csv", DATA)
    assert client.post("colours/scenes/done") == (409, "upload_incomplete")
    links = client.post("colours/scenes/links", {"pieces": [{"name": "more.jsonl", "part": 1, "sha256": digest(b"x")}]})
    upload = parse_qs(urlsplit(links["data"][0]["url"]).query)["uploadId"][0]
    data.put_part(f"{prefix}more.jsonl", upload, 1, b"x" * 16 * MIB)
    again = client.post("colours/scenes", {"files": FILES})
    assert again["resumed"]
    assert again["remaining"] == client.get("colours/scenes")["remaining"]
    assert [(piece["name"], piece["part"]) for piece in again["remaining"]] == [("img/màu.png", 0), ("more.jsonl", 2)]
    data.write(f"{prefix}img/màu.png", b"abc")
    data.put_part(f"{prefix}more.jsonl", upload, 2, b"x" * MIB)
    assert f"{prefix}_DONE" not in {file.key for file in data.list(prefix)}
    assert client.post("colours/scenes/done")["status"] == "done"
    there = {file.key.removeprefix(prefix): file.size for file in data.list(prefix)}
    assert there == {"_DONE": 0, "_UPLOADING": 0, "data.csv": len(DATA), "img/màu.png": 3, "more.jsonl": 17 * MIB}


def test_an_address_takes_the_bytes_that_were_announced_for_one_key_and_for_some_minutes(client: Client) -> None:
    client.post("colours/scenes", {"files": FILES})
    asked = [{"name": "data.csv", "part": 0, "sha256": digest(DATA)}]
    [link] = client.post("colours/scenes/links", {"pieces": asked})["data"]
    address = urlsplit(link["url"])
    signed = {name: values[0] for name, values in parse_qs(address.query).items()}
    assert address.hostname == "data.s3.us-east-1.amazonaws.com"  # where browsers are not redirected
    assert address.path == "/uploads/colours/scenes/data.csv"
    assert signed["X-Amz-SignedHeaders"] == "content-length;content-type;host;x-amz-checksum-sha256"
    assert signed["X-Amz-Expires"] == "900"
    assert link["headers"] == {"content-type": "text/csv", "x-amz-checksum-sha256": digest(DATA)}
    for other in ({"name": "other.csv", "part": 0}, {"name": "data.csv", "part": 1}):
        asked = [other | {"sha256": digest(DATA)}]
        assert client.post("colours/scenes/links", {"pieces": asked}) == (409, "upload_conflict")


@pytest.mark.parametrize(
    "name", ["../secret/a.csv", "/a.csv", "a//b.csv", "a/./b.csv", "a\\..\\b.csv", "a\n.csv", "é" * 451, "", "a/"]
)
def test_a_name_that_leads_elsewhere_is_refused(name: str, client: Client, data: S3Uploads) -> None:
    files = [*FILES, {"name": name, "size": 1, "modified": 1}]
    assert client.post("colours/scenes", {"files": files}) == (400, "invalid_value")
    assert list(data.list()) == []


def test_what_would_start_no_run_or_is_too_much_is_refused_before_anything_is_sent(
    client: Client, data: S3Uploads
) -> None:
    for size, name in ((3, "a.png"), (2**40, "a.csv")):
        files = [{"name": f"{number}{name}", "size": size} for number in range(3)]
        assert client.post("colours/scenes", {"files": files}) == (400, "invalid_value")
    assert list(data.list()) == []


def test_an_upload_of_other_files_is_replaced_by_request_alone(client: Client) -> None:
    client.post("colours/scenes", {"files": FILES})
    others = {"files": FILES[:1]}
    assert client.post("colours/scenes", others) == (409, "upload_conflict")
    assert client.post("colours/scenes", others | {"replace": True})["files"] == 1


def test_scopes_and_projects_decide_who_uploads_and_who_ends_it(
    api: Gateway, store: ServingTable, data: S3Uploads
) -> None:
    body = {"files": FILES[:1]}
    for path in ("secret/new", "colours/%2e%2e", "colours/New", "colours/..%2fsecret"):
        person = Client(api, store, "upload")
        assert person.post(path, body) == person.post(f"{path}/done") == (404, "upload_not_found"), path
    for scope in ("chat", "read", "approve"):
        assert Client(api, store, scope).post("colours/new", body) == (403, "access_denied")
    assert Client(api, store, "chat").post("colours/new/done") == (403, "access_denied")
    assert Client(api, store, "approve").post("colours/new/done") == (404, "upload_not_found")
    data.write("uploads/colours/new/a.csv", DATA)  # by some other client of S3
    assert Client(api, store, "approve").post("colours/new/done")["status"] == "done"
    assert Client(api, store, "operate").post("colours/new", body)["files"] == 1


def test_a_preview_shows_columns_pictures_and_findings_and_a_changed_mapping_becomes_the_recipe(
    client: Client, data: S3Uploads
) -> None:
    assert client.post("colours/scenes/preview", {}) == (404, "upload_not_found")
    prefix = "uploads/colours/scenes/"
    rows = [f"{n}.png,màu gì?,{'đỏ' if n else ''},{n}" for n in range(3)]
    data.write(f"{prefix}rows.csv", "\n".join(["ảnh,hỏi,đáp án,ghi chú", *rows]).encode())
    for number in range(3):
        data.write(f"{prefix}{number}.png", picture())
    data.write(f"{prefix}tailor.yml", "# ours\ndescription: màu sắc\n".encode())
    seen = client.post("colours/scenes/preview", {})
    assert (seen["whole"], seen["checked"], seen["rejected"], seen["usable"]) == (True, 3, 1, False)
    [file] = seen["files"]
    assert {column["name"]: column["role"] for column in file["columns"]} == {
        "ảnh": "image",
        "hỏi": "question",
        "đáp án": "answer",
        "ghi chú": None,
    }
    assert [row["cells"][2] for row in file["rows"]] == ["", "đỏ", "đỏ"]
    wrong = [[found["code"] for found in row["findings"] if found["severity"] == "error"] for row in file["rows"]]
    assert wrong == [["answer-missing"], [], []]
    assert all(row["pictures"][0].startswith("data:image/jpeg;base64,") for row in file["rows"][1:])
    assert seen["recipe"] == "# ours\ndescription: màu sắc\n"
    changes = {"columns": {"answer": "ghi chú"}, "ask_first": True}
    changed = client.post("colours/scenes/preview", changes)
    assert {column["name"]: column["role"] for column in changed["files"][0]["columns"]}["ghi chú"] == "answer"
    assert changed["rejected"] == 0
    recipe = Recipe.parse(changed["recipe"])
    assert (recipe.data.columns.answer, recipe.description) == ("ghi chú", "màu sắc")
    assert recipe.budget.limit == 0
    misspelt = client.post("colours/scenes/preview", {"recipe": "modle: nova-lite"})
    assert misspelt["recipe_problems"][0].startswith("modle: there is no such setting")
    assert client.post("colours/scenes/done", {"recipe": "modle: nova-lite"}) == (400, "invalid_value")
    assert client.post("colours/scenes/done", changes)["status"] == "done"
    assert data.read(f"{prefix}tailor.yml").decode() == changed["recipe"]


def test_of_many_rows_the_first_are_checked_and_nothing_is_said_of_all(client: Client, data: S3Uploads) -> None:
    text = "".join(f'{{"question": "{n} + {n}?", "answer": "{2 * n}"}}\n' for n in range(205))
    data.write("uploads/colours/sums/rows.jsonl", text.encode())
    seen = client.post("colours/sums/preview", {})
    assert (seen["whole"], seen["checked"], seen["usable"], seen["quote"]) == (False, 200, None, None)
    data.write("uploads/colours/sums/tail.csv", DATA)
    data.write("uploads/colours/sums/wrong.csv", DATA + b"c,\n")
    several = client.post("colours/sums/preview", {})["files"]
    last = [[found["code"] for found in file["rows"][-1]["findings"]] for file in several]
    assert [file["name"] for file in several] == ["rows.jsonl", "tail.csv", "wrong.csv"]
    assert "answer-missing" in last[2], "each file has its share of the rows that are checked"
    data.delete([f"uploads/colours/sums/{name}.csv" for name in ("tail", "wrong")])
    data.write("uploads/colours/sums/rows.jsonl", b"\n".join(text.encode().splitlines()[:200]))
    seen = client.post("colours/sums/preview", {})
    assert (seen["whole"], seen["usable"]) == (True, True)
    assert seen["quote"]["lines"]
