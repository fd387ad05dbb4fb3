"""Approvals over HTTP: who may, what they see, what a repeat does, and what a stranger learns."""

import io
from datetime import UTC, datetime, timedelta
from types import ModuleType
from typing import Any

import httpx
import pytest

from tailor.aws.runs import DynamoRunStore
from tailor.aws.serving import ServingTable
from tailor.costs import Quote
from tailor.runs import Run, State
from tailor.serving import keys
from tailor.steps.folders import fingerprint
from tests.unit.management.conftest import Bucket
from tests.unit.serving.gateway import LOOPBACK, Gateway
from tests.unit.steps.fakes import a_run
from tests.waiting import PATIENCE

RUN, THEIRS = "colours-scenes-0123456789ab", "secret-plans-0123456789ab"
NOW = datetime.now(UTC)
_LINES = {"once": ("3.2", "4", "4.8"), "month": ("1.95", "1.95", "1.95"), "day": ("0", "0", "0")}
QUOTE: dict[str, Any] = {
    "model": "nova-lite",
    "method": "fine-tuning",
    "lines": [
        {"item": every, "title": every, "every": every, "low": low, "expected": expected, "high": high, "how": ""}
        for every, (low, expected, high) in _LINES.items()
    ],
    "advice": [{"code": "few-rows", "message": "8 training rows are few", "fix": "add examples"}],
    "approval": {"reason": "It may cost up to $6.75", "until": (NOW + timedelta(hours=72)).isoformat()},
}


@pytest.fixture(autouse=True)
def three(runs: DynamoRunStore) -> None:
    runs.create(a_run(State.AWAITING_APPROVAL, id=RUN, at=NOW, quote=QUOTE))
    runs.create(a_run(State.AWAITING_APPROVAL, id=THEIRS, project="secret", dataset="plans", at=NOW, quote=QUOTE))
    runs.create(a_run(State.PREPARED, id="colours-other-0123456789ab", at=NOW, prefix="uploads/colours/other/"))


class Person:
    def __init__(self, api: Gateway, secret: str) -> None:
        self.url, self.headers = api.url, {"Authorization": f"Bearer {secret}"}

    def get(self, path: str) -> httpx.Response:
        return httpx.get(f"{self.url}/{path}", headers=self.headers, timeout=PATIENCE, verify=LOOPBACK)

    def decide(self, run: str, decision: str = "approve", **more: Any) -> httpx.Response:
        return httpx.post(
            f"{self.url}/approvals/{run}",
            headers=self.headers,
            json={"decision": decision, **more},
            timeout=PATIENCE,
            verify=LOOPBACK,
        )

    def retry(self, run: str, **body: Any) -> httpx.Response:
        return httpx.post(
            f"{self.url}/runs/{run}/retry", headers=self.headers, json=body, timeout=PATIENCE, verify=LOOPBACK
        )


def a_key(store: ServingTable, *scopes: keys.Scope, projects: tuple[str, ...] = ("colours",), **more: Any) -> Any:
    return keys.create(store, "Linh", list(projects), scopes=scopes, **more)


@pytest.fixture
def person(api: Gateway, store: ServingTable) -> Person:
    return Person(api, a_key(store, "approve")[0])


def code(answer: httpx.Response) -> tuple[int, str]:
    error = answer.json()["error"]
    assert set(error) == {"message", "type", "param", "code"}
    assert answer.headers["x-request-id"]
    return answer.status_code, error["code"]


def test_what_waits_is_listed_with_its_price_its_reason_and_its_end(person: Person) -> None:
    answer = person.get("approvals")
    assert answer.status_code == 200
    [found] = answer.json()["data"]
    assert (found["id"], found["status"], found["project"], found["dataset"]) == (RUN, "awaiting", "colours", "scenes")
    assert datetime.fromisoformat(found["expires_at"]) == datetime.fromisoformat(QUOTE["approval"]["until"])
    assert found["quote"]["totals"]["once"] == ["3.20", "4.00", "4.80"]
    assert found["quote"]["advice"] == ["8 training rows are few"]
    assert found["decided_by"] is None
    assert person.get(f"approvals/{RUN}").json() == found


@pytest.mark.parametrize(
    ("decision", "status", "state"), [("approve", "approved", State.APPROVED), ("decline", "declined", State.DECLINED)]
)
def test_a_decision_moves_the_run_and_says_who_and_why(
    decision: str, status: str, state: State, person: Person, runs: DynamoRunStore, store: ServingTable
) -> None:
    answer = person.decide(RUN, decision, reason="the quarter's budget")
    assert answer.status_code == 200
    found = answer.json()
    [key] = store.all_keys()
    assert (found["status"], found["decided_by"]) == (status, f"key:Linh ({key.id})")
    assert found["decision_reason"] == "the quarter's budget"
    last = runs.get(RUN).history[-1]
    assert (last.state, last.by, last.reason) == (state, f"key:Linh ({key.id})", "the quarter's budget")
    assert person.get("approvals").json()["data"] == []
    assert person.get(f"approvals/{RUN}").json()["status"] == status


def test_the_same_answer_again_changes_nothing_and_another_one_is_refused(person: Person, runs: DynamoRunStore) -> None:
    person.decide(RUN)
    once = runs.get(RUN)
    assert person.decide(RUN).json()["status"] == "approved"
    assert code(person.decide(RUN, "decline")) == (409, "not_awaiting_approval")
    assert runs.get(RUN) == once
    trained = runs.save(once.moved(State.TRAINING, by="train"))
    assert person.decide(RUN).json()["status"] == "approved"
    assert runs.get(RUN) == trained


def test_nobody_says_yes_when_the_time_is_over(person: Person, runs: DynamoRunStore) -> None:
    run = runs.get(RUN)
    over = {"reason": "", "until": (NOW - timedelta(seconds=1)).isoformat()}
    runs.save(run.updated(quote=Quote.model_validate(QUOTE | {"approval": over})))
    assert code(person.decide(RUN)) == (409, "not_awaiting_approval")
    assert runs.get(RUN).state == State.AWAITING_APPROVAL
    assert person.decide(RUN, "decline").json()["status"] == "declined"


def test_what_was_uploaded_again_since_is_not_approved(person: Person, runs: DynamoRunStore) -> None:
    newer = a_run(State.PREPARED, id="colours-scenes-ffffffffffff", at=NOW + timedelta(hours=1))
    runs.create(newer)
    refused = person.decide(RUN)
    assert refused.status_code == 409
    assert newer.id in refused.text
    assert runs.get(RUN).state == State.AWAITING_APPROVAL


def test_two_people_at_once_are_one_decision(
    person: Person, runs: DynamoRunStore, function: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other one decides between this request's reading and writing."""
    save = DynamoRunStore.save

    def overtaken(self: DynamoRunStore, run: Run) -> Run:
        monkeypatch.setattr(DynamoRunStore, "save", save)
        runs.save(runs.get(RUN).moved(State.DECLINED, by="person:an"))
        return save(self, run)

    monkeypatch.setattr(DynamoRunStore, "save", overtaken)
    assert code(person.decide(RUN)) == (409, "not_awaiting_approval")
    assert [change.by for change in runs.get(RUN).history if change.state == State.DECLINED] == ["person:an"]


def test_a_run_that_was_declined_is_tried_again_where_its_folder_is_unchanged(
    person: Person, runs: DynamoRunStore, store: ServingTable, bucket: Bucket
) -> None:
    run = runs.get(RUN)
    runs.save(run.model_copy(update={"fingerprint": fingerprint(run.prefix, [])}))
    assert code(person.retry(RUN)) == (409, "not_retryable")
    assert person.decide(RUN, "decline").status_code == 200
    answer = person.retry(RUN, reason="there is money now")
    assert answer.status_code == 200, answer.text
    assert answer.json()["state"] == "prepared"
    [key] = store.all_keys()
    last = runs.get(RUN).history[-1]
    assert (last.state, last.by, last.reason) == (State.PREPARED, f"key:Linh ({key.id})", "there is money now")
    bucket.put(f"{run.prefix}more.csv", "e", NOW)
    runs.save(runs.get(RUN).moved(State.STOPPED, by="person:linh", now=NOW))
    refused = person.retry(RUN)
    assert code(refused) == (409, "not_retryable")
    assert "no longer holds" in refused.text
    assert code(person.retry(THEIRS)) == (404, "run_not_found")


def test_a_key_that_may_only_chat_has_nothing_tried_again(api: Gateway, store: ServingTable) -> None:
    assert code(Person(api, a_key(store, "chat")[0]).retry(RUN)) == (403, "access_denied")


class TestStrangers:
    @pytest.mark.parametrize(
        "path", [THEIRS, "secret-nothing-0123456789ab", "colours-other-0123456789ab", "..", "%2e%2e"]
    )
    def test_what_is_not_ones_own_is_not_there_whether_it_exists_or_not(self, path: str, person: Person) -> None:
        answers = [person.get(f"approvals/{path}"), person.decide(path)]
        assert {code(answer) for answer in answers} <= {(404, "run_not_found"), (404, "not_found")}
        assert all("secret" not in answer.text for answer in answers)

    def test_a_run_of_another_project_and_one_that_never_was_get_the_same_answer(self, person: Person) -> None:
        theirs, nobodys = person.decide(THEIRS), person.decide("secret-plans-ffffffffffff")
        assert theirs.json() == nobodys.json()
        assert theirs.status_code == nobodys.status_code == 404

    def test_another_projects_key_approves_nothing(
        self, api: Gateway, store: ServingTable, runs: DynamoRunStore
    ) -> None:
        stranger = Person(api, a_key(store, "approve", projects=("sounds",))[0])
        assert stranger.get("approvals").json()["data"] == []
        assert code(stranger.decide(RUN)) == (404, "run_not_found")
        assert runs.get(RUN).state == State.AWAITING_APPROVAL

    def test_a_key_that_may_only_chat_learns_nothing(
        self, api: Gateway, store: ServingTable, runs: DynamoRunStore
    ) -> None:
        app = Person(api, a_key(store, "chat")[0])
        for answer in (app.get("approvals"), app.get(f"approvals/{RUN}"), app.decide(RUN), app.decide("no-such-run")):
            assert code(answer) == (403, "access_denied")
        assert runs.get(RUN).state == State.AWAITING_APPROVAL

    def test_a_key_that_may_only_approve_asks_no_model(self, person: Person) -> None:
        body = {"model": "colours", "messages": [{"role": "user", "content": "hi"}]}
        answer = httpx.post(
            f"{person.url}/chat/completions", headers=person.headers, json=body, timeout=PATIENCE, verify=LOOPBACK
        )
        assert code(answer) == (403, "access_denied")
        assert code(person.get("models")) == (403, "access_denied")

    def test_a_key_with_both_may_both(self, api: Gateway, store: ServingTable, runs: DynamoRunStore) -> None:
        both = Person(api, a_key(store, "chat", "approve")[0])
        assert both.get("models").status_code == 200
        assert both.decide(RUN).status_code == 200

    @pytest.mark.parametrize("how", ["revoked", "expired", "gone", "unknown to an older authorizer"])
    def test_a_key_that_api_gateway_still_remembers_does_not_say_yes(
        self, how: str, function: ModuleType, store: ServingTable, runs: DynamoRunStore
    ) -> None:
        secret, key = a_key(store, "approve", expires_at=NOW + timedelta(days=1))
        context = keys.Caller.of(key).to_context()
        if how == "revoked":
            store.revoke_key(key.id, NOW)
        elif how == "expired":
            then = {":then": (NOW - timedelta(seconds=1)).isoformat()}
            store._table.update({"pk": "KEYS", "sk": key.digest}, "SET expires_at = :then", then, "expiring")
        elif how == "gone":
            store._table.delete([{"pk": "KEYS", "sk": key.digest}], "deleting")
        else:
            del context["digest"], context["scopes"]
        with Gateway(lambda *_: {"context": context}, function.handler, function.handler) as gateway:
            assert code(Person(gateway, secret).decide(RUN)) == (401, "invalid_api_key")
        assert runs.get(RUN).state == State.AWAITING_APPROVAL


@pytest.mark.parametrize(
    ("body", "wrong", "param"),
    [
        (b"", "invalid_json", None),
        (b"{", "invalid_json", None),
        (b"[]", "invalid_type", None),
        (b"{}", "missing_required_parameter", "decision"),
        (b'{"decision": "yes"}', "invalid_value", "decision"),
        (b'{"decision": true}', "invalid_value", "decision"),
        (b'{"decision": "approve", "by": "person:boss"}', "unknown_parameter", "by"),
        (b'{"decision": "approve", "reason": 7}', "invalid_type", "reason"),
        (b'{"decision": "approve", "reason": "\\u001b[2J"}', "invalid_value", "reason"),
        (b'{"decision": "approve", "reason": "' + b"x" * 501 + b'"}', "invalid_value", "reason"),
        (b"[" * 100_000, "invalid_json", None),
    ],
)
def test_a_wrong_body_is_refused_by_name_and_decides_nothing(
    body: bytes, wrong: str, param: str | None, person: Person, runs: DynamoRunStore
) -> None:
    answer = httpx.post(
        f"{person.url}/approvals/{RUN}", headers=person.headers, content=body, timeout=PATIENCE, verify=LOOPBACK
    )
    assert code(answer) == (400, wrong)
    assert answer.json()["error"]["param"] == param
    assert runs.get(RUN).state == State.AWAITING_APPROVAL


def test_a_reason_of_any_letters_and_signs_stays_what_it_is(person: Person, runs: DynamoRunStore) -> None:
    reason = "đồng ý <!channel> [bold]\n& *ok*"
    assert person.decide(RUN, reason=reason).status_code == 200
    assert runs.get(RUN).history[-1].reason == reason


def test_logs_have_ids_and_no_reasons(person: Person, function: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    monkeypatch.setattr(function.logger.registered_handler, "stream", stream)
    person.decide(RUN, reason="the boss is away")
    said = stream.getvalue()
    assert RUN in said
    assert '"decision": "approve"' in said.replace('":"', '": "')
    assert "boss" not in said
