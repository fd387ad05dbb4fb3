"""Where the live version can't answer, the previous one or the base does, marked as such; under the guardrail."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import openai
import pytest
from openai import OpenAI

from tailor.aws.serving import ServingTable
from tailor.serving import aliases
from tailor.serving.aliases import Guardrail, MediaRules, Version
from tailor.serving.errors import ModelCallError
from tailor.serving.usage import Usage
from tailor.steps.pricing import pricing_of
from tests.unit.serving.gateway import ScriptedRuntime, converse_answer

ASK: list[Any] = [{"role": "user", "content": "Màu gì?"}]
BASE = "us.amazon.nova-lite-v1:0"
THROTTLED = ModelCallError("ThrottlingException", "slow down")
PIXEL = "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"
Live = Callable[..., None]


@pytest.fixture
def two(store: ServingTable, version: Callable[..., Version], live: Version) -> Live:
    """Have a second version live, before the first one."""

    def promote(**fields: Any) -> None:
        second = version("colours-scenes-2", system="Hai.", **fields)
        aliases.promote(store, "colours", second, live.run, "test")

    return promote


def counted(store: ServingTable) -> dict[str, Usage]:
    today = datetime.now(UTC).date()
    return {row.run: row for row in store.usage("colours", today - timedelta(days=1), today)}


@pytest.mark.parametrize(("kind", "run"), [("previous", "colours-scenes-1"), ("base", "base:nova-lite")])
@pytest.mark.parametrize("stream", [False, True])
def test_another_answers_and_says_so(
    client: OpenAI, runtime: ScriptedRuntime, store: ServingTable, two: Live, kind: str, run: str, stream: bool
) -> None:
    two(fallback=kind, base=BASE, guardrail=Guardrail(id="abc123", version="2"))
    runtime.answers = [THROTTLED, converse_answer({"text": "đỏ"})]
    mark = {"to": kind, "instead_of": "colours-scenes-2", "code": "rate_limit_exceeded"}
    raw = client.chat.completions.with_raw_response.create(model="colours", messages=ASK, stream=stream)
    assert (raw.headers["x-tailor-fallback"], raw.headers["x-tailor-version"]) == (kind, run)
    answer: Any = raw.parse()
    chunks = list(answer) if stream else [answer]
    assert {chunk.system_fingerprint for chunk in chunks} == {run}
    assert all(chunk.tailor_fallback == mark for chunk in chunks)
    first, second = runtime.requests
    named = {"guardrailIdentifier": "abc123", "guardrailVersion": "2"}
    assert first["guardrailConfig"] == second["guardrailConfig"] == named
    assert second["modelId"] == (BASE if kind == "base" else first["modelId"])
    assert second["system"] == [{"text": "Hai." if kind == "base" else "Trả lời ngắn gọn."}]
    rows = counted(store)
    assert (rows["colours-scenes-2"].requests, rows["colours-scenes-2"].throttled) == (0, 1)
    assert (rows[run].requests, rows[run].fallbacks, rows[run].output_tokens) == (1, 1, 3)


def test_responses_tell_of_it_too(client: OpenAI, runtime: ScriptedRuntime, two: Live) -> None:
    two(fallback="base", base=BASE)
    runtime.answers = [THROTTLED, converse_answer({"text": "đỏ"})] * 2
    whole: Any = client.responses.create(model="colours", input="?")
    *_, last = client.responses.create(model="colours", input="?", stream=True)
    assert whole.tailor_fallback["to"] == last.response.tailor_fallback["to"] == "base"  # type: ignore[union-attr]
    assert whole.output_text == "đỏ"


def test_the_live_version_answers_where_it_can(client: OpenAI, runtime: ScriptedRuntime, two: Live) -> None:
    two(fallback="base", base=BASE)
    answer = client.chat.completions.create(model="colours", messages=ASK)
    assert answer.system_fingerprint == "colours-scenes-2"
    assert "tailor_fallback" not in answer.model_dump()


@pytest.mark.parametrize(
    ("fallback", "failure", "model"),
    [
        (None, THROTTLED, "colours"),
        ("base", ModelCallError("ValidationException", "a bad request"), "colours"),
        ("base", ModelCallError("ModelTimeoutException", "late"), "colours"),
        ("base", THROTTLED, "colours@colours-scenes-2"),
    ],
)
def test_other_failures_and_pinned_versions_have_no_fallback(
    client: OpenAI, runtime: ScriptedRuntime, two: Live, fallback: str | None, failure: ModelCallError, model: str
) -> None:
    two(fallback=fallback, base=BASE)
    runtime.answers = [failure]
    with pytest.raises(openai.APIStatusError):
        client.chat.completions.create(model=model, messages=ASK)
    assert len(runtime.requests) == 1


def test_a_failure_stays_where_the_other_cant_answer_either(
    client: OpenAI, runtime: ScriptedRuntime, store: ServingTable, version: Callable[..., Version]
) -> None:
    text = version("colours-scenes-1", media=MediaRules(images=0))
    store.save_alias(store.alias("colours").model_copy(update={"live": text}))
    aliases.promote(store, "colours", version("colours-scenes-2", fallback="previous"), "colours-scenes-1", "test")
    runtime.answers = [THROTTLED, THROTTLED, ModelCallError("ModelErrorException", "bug")]
    shown: Any = [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": PIXEL}}]}]
    with pytest.raises(openai.RateLimitError):
        client.chat.completions.create(model="colours", messages=shown)
    with pytest.raises(openai.InternalServerError) as caught:
        client.chat.completions.create(model="colours", messages=ASK)
    assert caught.value.code == "model_error"
    rows = counted(store)
    assert (rows["colours-scenes-2"].throttled, rows["colours-scenes-1"].errors) == (2, 2)


def test_a_version_that_was_rolled_back_from_does_not_answer(
    client: OpenAI, runtime: ScriptedRuntime, store: ServingTable, two: Live
) -> None:
    two()
    aliases.rollback(store, "colours", "test")
    alias = store.alias("colours")
    assert alias.live
    store.save_alias(alias.model_copy(update={"live": alias.live.model_copy(update={"fallback": "previous"})}))
    runtime.answers = [THROTTLED]
    with pytest.raises(openai.RateLimitError):
        client.chat.completions.create(model="colours", messages=ASK)


def test_what_the_base_costs_is_its_own_price() -> None:
    pricing = pricing_of('{"nova-lite": {"input": 0.5, "output": 2, "custom-input": 1, "custom-output": 4}}')
    base, custom = pricing("base:nova-lite"), pricing("nova-lite")
    assert base
    assert custom
    assert (base.cost(1000, 1000), custom.cost(1000, 1000)) == (Decimal("2.5"), Decimal(5))
    assert pricing("base:gone") is None


@pytest.mark.parametrize("stream", [False, True])
def test_a_blocked_answer_is_filtered_content(
    client: OpenAI, runtime: ScriptedRuntime, two: Live, stream: bool
) -> None:
    two(guardrail=Guardrail(id="abc123", version="DRAFT"))
    runtime.answers = [converse_answer({"text": "Không được."}, stop="guardrail_intervened")]
    form: Any = {"type": "json_schema", "json_schema": {"name": "a", "schema": {"type": "object"}}}
    answer: Any = client.chat.completions.create(model="colours", messages=ASK, response_format=form, stream=stream)
    choices = [choice for chunk in (answer if stream else [answer]) for choice in chunk.choices]
    assert choices[-1].finish_reason == "content_filter"
    texts = [(choice.delta if stream else choice.message).content or "" for choice in choices]
    assert "".join(texts) == "Không được."


def test_the_base_answers_until_a_paused_version_is_back(
    client: OpenAI, runtime: ScriptedRuntime, store: ServingTable, two: Live
) -> None:
    two(fallback="base", base=BASE)
    now = datetime.now(UTC)
    paused = aliases.end_service(store, "colours", "colours-scenes-2", "test", "idle", now=now, returns="call").paused
    assert paused
    answer: Any = client.chat.completions.create(model="colours", messages=ASK)
    assert answer.system_fingerprint == "base:nova-lite"
    assert answer.tailor_fallback == {"to": "base", "instead_of": "colours-scenes-2", "code": "model_paused"}
    assert runtime.requests[-1]["modelId"] == BASE
    assert store.return_asked("colours", paused.at), "the call brings it back all the same"
    assert counted(store)["base:nova-lite"].fallbacks == 1
    runtime.answers = [THROTTLED]
    with pytest.raises(openai.RateLimitError):
        client.chat.completions.create(model="colours", messages=ASK)
    with pytest.raises(openai.NotFoundError):
        client.chat.completions.create(model="colours@colours-scenes-2", messages=ASK)


def test_a_paused_version_without_fallback_answers_503(client: OpenAI, store: ServingTable, two: Live) -> None:
    two(fallback="previous")
    aliases.end_service(store, "colours", "colours-scenes-2", "test", "idle", now=datetime.now(UTC), returns="call")
    with pytest.raises(openai.InternalServerError) as caught:
        client.chat.completions.create(model="colours", messages=ASK)
    assert caught.value.code == "model_paused"


@pytest.mark.parametrize("stream", [False, True])
def test_the_base_is_asked_by_name_to_compare_with(
    client: OpenAI, runtime: ScriptedRuntime, store: ServingTable, two: Live, stream: bool
) -> None:
    two(base=BASE, guardrail=Guardrail(id="abc123", version="2"))
    raw = client.chat.completions.with_raw_response.create(model="colours@base", messages=ASK, stream=stream)
    answer: Any = raw.parse()
    chunks = list(answer) if stream else [answer]
    assert {chunk.system_fingerprint for chunk in chunks} == {raw.headers["x-tailor-version"]} == {"base:nova-lite"}
    [asked] = runtime.requests
    assert (asked["modelId"], asked["system"]) == (BASE, [{"text": "Hai."}])
    assert asked["guardrailConfig"]["guardrailIdentifier"] == "abc123"
    counted_as = counted(store)["base:nova-lite"]
    assert (counted_as.requests, counted_as.fallbacks, counted_as.model) == (1, 0, "base:nova-lite")


def test_the_base_costs_within_budgets_and_is_for_keys_of_the_project_alone(
    client: OpenAI, runtime: ScriptedRuntime, store: ServingTable, two: Live
) -> None:
    two(base=BASE, fallback="previous")
    runtime.answers = [THROTTLED]
    with pytest.raises(openai.RateLimitError):
        client.chat.completions.create(model="colours@base", messages=ASK)
    aliases.set_budget(store, "colours", 0)
    with pytest.raises(openai.RateLimitError) as full:
        client.chat.completions.create(model="colours@base", messages=ASK)
    assert full.value.code == "insufficient_quota"
    assert len(runtime.requests) == 1
    with pytest.raises(openai.PermissionDeniedError):
        client.chat.completions.create(model="secret@base", messages=ASK)


def test_a_version_that_knows_no_base_has_none(client: OpenAI, runtime: ScriptedRuntime, two: Live) -> None:
    two()
    with pytest.raises(openai.NotFoundError):
        client.chat.completions.create(model="colours@base", messages=ASK)
    assert runtime.requests == []
