"""What clients and browsers do around a request: preflights, HEAD, pages of models, headers that a page may read."""

from collections.abc import Callable, Mapping
from types import ModuleType

import httpx
import pytest

from tailor.aws.serving import ServingTable
from tailor.serving import aliases, keys
from tailor.serving.aliases import Version
from tailor.serving.origins import EXPOSED, AllowedOrigins
from tests.unit.serving.gateway import LOOPBACK, Gateway

PAGE = "https://app.example.com"
BODY = {"model": "colours", "messages": [{"role": "user", "content": "Màu gì?"}]}


@pytest.fixture
def allowed(authorize: ModuleType, inference: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(authorize, "origins", AllowedOrigins(f"https://other.example, {PAGE}"))
    monkeypatch.setattr(inference.api, "_origins", AllowedOrigins(PAGE))


def cors(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name.startswith("access-control-")}


@pytest.mark.usefixtures("allowed")
def test_a_page_of_an_allowed_origin_asks_without_a_key_and_reads_answers_and_errors(
    gateway: Gateway, secret: str
) -> None:
    asked = {
        "origin": PAGE,
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization,content-type,x-stainless-lang",
    }
    with httpx.Client(base_url=gateway.url, verify=LOOPBACK) as http:
        preflight = http.options("/chat/completions", headers=asked)
        assert (preflight.status_code, preflight.content) == (204, b"")
        assert preflight.headers["access-control-allow-origin"] == PAGE
        assert preflight.headers["access-control-allow-headers"] == asked["access-control-request-headers"]
        assert "POST" in preflight.headers["access-control-allow-methods"]
        assert preflight.headers["vary"] == "Origin"

        headers = {"origin": PAGE, "authorization": f"Bearer {secret}"}
        answer = http.post("/chat/completions", json=BODY, headers=headers)
        error = http.post("/chat/completions", json=BODY | {"model": "nothing"}, headers=headers)
        missing = http.post("/embeddings", json={}, headers=headers)
        for response, status in ((answer, 200), (error, 404), (missing, 404)):
            assert response.status_code == status
            assert response.headers["access-control-allow-origin"] == PAGE
            exposed = set(response.headers["access-control-expose-headers"].split(", "))
            assert exposed == set(EXPOSED)
            told = {name for name in response.headers if name.startswith(("x-", "retry"))}
            assert told <= exposed


@pytest.mark.usefixtures("allowed")
@pytest.mark.parametrize("origin", ["https://evil.example", f"{PAGE}.evil.example", "http://app.example.com", "null"])
def test_another_page_is_told_nothing(gateway: Gateway, secret: str, origin: str) -> None:
    headers = {"origin": origin, "access-control-request-method": "POST"}
    with httpx.Client(base_url=gateway.url, headers=headers, verify=LOOPBACK) as http:
        assert not cors(http.options("/chat/completions").headers)
        answer = http.get("/models", headers={"authorization": f"Bearer {secret}"})
        assert not cors(answer.headers)
        assert answer.headers["vary"] == "Origin"


def test_without_allowed_origins_no_answer_speaks_of_them(gateway: Gateway, secret: str) -> None:
    with httpx.Client(base_url=gateway.url, headers={"origin": PAGE}, verify=LOOPBACK) as http:
        preflight = http.options("/models")
        answer = http.get("/models", headers={"authorization": f"Bearer {secret}"})
    assert preflight.status_code == 204
    for response in (preflight, answer):
        assert not cors(response.headers)
        assert "vary" not in response.headers


def test_all_origins_and_odd_questions() -> None:
    everybody = AllowedOrigins("*")
    assert everybody.headers(PAGE)["access-control-allow-origin"] == PAGE
    assert "access-control-allow-origin" not in everybody.headers(None)
    for odd in ("a\r\nset-cookie: x", "é", "a" * 3000, ""):
        assert "access-control-allow-headers" not in everybody.preflight(PAGE, odd)


@pytest.mark.usefixtures("live")
def test_models_come_in_pages_to_those_who_ask_for_pages(
    gateway: Gateway, store: ServingTable, version: Callable[..., Version]
) -> None:
    for project in ("ants", "bees"):
        aliases.promote(store, project, version(f"{project}-1"), None, "test")
    secret, _ = keys.create(store, "app", ["colours", "bees", "ants", "sounds"])
    with httpx.Client(base_url=gateway.url, headers={"x-api-key": secret}, verify=LOOPBACK) as http:
        whole = http.get("/models").json()
        assert [model["id"] for model in whole["data"]] == ["ants", "bees", "colours"]
        assert (whole["object"], whole["has_more"]) == ("list", False)
        first = http.get("/models", params={"limit": "2", "unknown": "x"}).json()
        assert (first["first_id"], first["last_id"], first["has_more"]) == ("ants", "bees", True)
        rest = http.get("/models", params={"limit": "2", "after_id": first["last_id"]}).json()
        assert ([model["id"] for model in rest["data"]], rest["has_more"]) == (["colours"], False)
        end = http.get("/models", params={"after": "colours"}).json()
        assert (end["data"], end["first_id"], end["last_id"]) == ([], None, None)
        for wrong in ("0", "-1", "x", "1001", "１", "9" * 5000):
            refused = http.get("/models", params={"limit": wrong})
            assert (refused.status_code, refused.json()["error"]["param"]) == (400, "limit")


def test_head_is_get_without_a_body(gateway: Gateway, secret: str) -> None:
    with httpx.Client(base_url=gateway.url, headers={"api-key": secret}, verify=LOOPBACK) as http:
        for path, status in (("/models", 200), ("/models/colours", 200), ("/models/nothing", 404)):
            answer = http.head(path)
            assert (answer.status_code, answer.content) == (status, b"")
            assert answer.headers["x-request-id"]
