"""The learners of the other methods, and the choice of invocation logs."""

import gzip
import json
from itertools import batched
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from samples import arithmetic, manuals
from tailor_local.bedrock.data import DataError
from tailor_local.bedrock.learner.features import Prompt
from tailor_local.bedrock.learner.models import load
from tailor_local.bedrock.learner.ngrams import WordModel
from tailor_local.bedrock.learner.policy import Policy
from tailor_local.bedrock.methods.distillation import logged
from tailor_local.bedrock.methods.work import Work
from tailor_local.bedrock.storage import Storage

RATE = 1e-5
TEACHER = "amazon.nova-pro-v1:0"


def test_reading_lowers_the_loss_of_what_was_not_read() -> None:
    texts = [row["text"] for row in manuals.rows(50)]
    model = WordModel()
    before = model.loss(texts[40:])
    assert model.answer(Prompt("Máy bơm")) is None
    model.read(texts[:40])
    assert model.loss(texts[40:]) < before / 4
    assert model.loss(texts[:40]) < model.loss(texts[40:])


def test_a_reader_goes_on_by_one_word_or_by_many() -> None:
    model = WordModel()
    model.read(["Trước khi dùng, hãy đặt máy trên nền phẳng."] * 3)
    assert model.answer(Prompt("Trước khi", "Continue the text with its next word.")) == "dùng"
    assert model.answer(Prompt("Trước khi dùng")) == ", hãy đặt máy trên nền phẳng."
    assert load(model.save()).answer(Prompt("hãy đặt")) == "máy trên nền phẳng."


@settings(max_examples=30, deadline=None)
@given(st.lists(st.text(max_size=30), max_size=4))
def test_any_text_has_a_finite_loss(texts: list[str]) -> None:
    model = WordModel()
    model.read(texts[:2])
    assert 0 <= model.loss(texts) < 200


def rewarded(policy: Policy, rows: list[dict[str, Any]], rate: float) -> float:
    """Mean reward of one pass over ``rows``."""
    total = 0.0
    for batch in batched(rows, 16, strict=False):
        tried = []
        for row in batch:
            prompt = Prompt(row["messages"][1]["content"])
            ways = policy.sample(prompt, 4)
            rewards = [float(policy.done(way, prompt) == row["reference_answer"]) for way in ways]
            tried.append((prompt, ways, rewards))
            total += sum(rewards) / 4
        policy.reinforce(tried, rate)
    return total / len(rows)


def test_a_policy_moves_towards_the_reward() -> None:
    rows = list(arithmetic.rows(200))
    policy = Policy("m")
    assert policy.answer(Prompt("Lan có 2 quả táo, Mai cho Lan thêm 3.")) is None
    first = rewarded(policy, rows, RATE)
    second = rewarded(policy, rows, RATE)
    assert first < 0.75 < second
    loaded = load(policy.save())
    for row in arithmetic.rows(230):
        prompt = Prompt(row["messages"][1]["content"])
        assert loaded.answer(prompt) == policy.answer(prompt)


def test_a_policy_at_rate_nothing_stays() -> None:
    policy = Policy("m")
    rewarded(policy, list(arithmetic.rows(32)), 0)
    assert policy.answer(Prompt("2 và 3")) is None


class Logs(Storage):
    def __init__(self, files: dict[str, bytes]) -> None:
        self.files = files

    def read(self, uri: str) -> bytes:
        return self.files[uri]

    def listed(self, uri: str) -> list[str]:
        return [name for name in self.files if name.startswith(uri)]


def entry(number: int, model: str = TEACHER, **metadata: str) -> dict[str, Any]:
    message = {"role": "assistant", "content": [{"text": f"answer {number}"}]}
    return {
        "modelId": model,
        "requestMetadata": metadata,
        "input": {"inputBodyJson": {"messages": [{"role": "user", "content": [{"text": f"question {number}"}]}]}},
        "output": {"outputBodyJson": {"output": {"message": message}}},
    }


def choose(entries: list[dict[str, Any]], **config: Any) -> list[dict[str, Any]]:
    body = gzip.compress("\n".join(map(json.dumps, entries)).encode())
    storage = Logs({"s3://b/logs/1.json.gz": body, "s3://b/logs/readme.txt": b"x"})
    work = cast("Work", SimpleNamespace(storage=storage))
    return list(logged(work, {"invocationLogSource": {"s3Uri": "s3://b/logs/"}} | config, TEACHER))


@pytest.mark.parametrize(
    ("filters", "chosen"),
    [
        (None, [0, 1, 2]),
        ({"equals": {"project": "a"}}, [0, 1]),
        ({"notEquals": {"project": "a"}}, [2]),
        ({"andAll": [{"equals": {"project": "a"}}, {"equals": {"arm": "x"}}]}, [1]),
        ({"orAll": [{"equals": {"project": "b"}}, {"equals": {"arm": "x"}}]}, [1, 2]),
    ],
)
def test_logs_are_chosen_by_their_metadata(filters: Any, chosen: list[int]) -> None:
    entries = [entry(0, project="a"), entry(1, project="a", arm="x"), entry(2, project="b")]
    found = choose(entries, requestMetadataFilters=filters)
    assert [record["messages"][0]["content"][0]["text"] for record in found] == [f"question {n}" for n in chosen]


def test_only_the_teacher_s_own_answers_are_used() -> None:
    found = choose([entry(0), entry(1, model="amazon.nova-lite-v1:0")], usePromptResponse=True)
    assert [len(record["messages"]) for record in found] == [2, 1]


def test_logs_that_can_not_be_read_fail_the_job() -> None:
    storage = Logs({"s3://b/logs/1.json.gz": b"no gzip"})
    work = cast("Work", SimpleNamespace(storage=storage))
    with pytest.raises(DataError, match="Unable to parse the invocation logs"):
        list(logged(work, {"invocationLogSource": {"s3Uri": "s3://b/logs/"}}, TEACHER))
