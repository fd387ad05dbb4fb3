"""Every rule of the service, and every place where other validators are wrong or blind, one row at a time."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.unit.datasets.conftest import Intake, chats, converse, write_jsonl

S3 = "s3://my-bucket/data/"


def image(uri: str = S3 + "a.png", format: str = "png", **location: Any) -> dict[str, Any]:
    return {"image": {"format": format, "source": {"s3Location": {"uri": uri, **location}}}}


def video(uri: str = S3 + "a.mp4", format: str = "mp4") -> dict[str, Any]:
    return {"video": {"format": format, "source": {"s3Location": {"uri": uri}}}}


def talk(*contents: list[dict[str, Any]], **fields: Any) -> dict[str, Any]:
    """Turns of user and assistant, in this order."""
    roles = ("user", "assistant")
    messages = [{"role": roles[place % 2], "content": content} for place, content in enumerate(contents)]
    return {"schemaVersion": "bedrock-conversation-2024", "messages": messages, **fields}


def say(text: str) -> list[dict[str, Any]]:
    return [{"text": text}]


def roles(*names: str) -> dict[str, Any]:
    messages = [{"role": name, "content": say(f"text {place}")} for place, name in enumerate(names)]
    return {"schemaVersion": "bedrock-conversation-2024", "messages": messages}


TOOL = {"toolSpec": {"name": "f", "description": "d", "inputSchema": {"json": {"type": "object"}}}}

ERRORS: list[tuple[str, str, Any]] = [
    ("Thought:", "reserved-word", converse("Thought: is it so?", "yes")),
    ("[EOS]", "reserved-word", converse("what is [EOS] for", "yes")),
    ("<image>", "reserved-word", converse("see <image>", "yes")),
    ("in the system prompt", "reserved-word", converse("a", "b", system=[{"text": "System: be kind"}])),
    ("white space only", "empty-text", converse(" \n ", "b")),
    ("an empty answer", "empty-text", converse("a", "")),
    ("12 images over two turns", "too-many-media",
        talk([*[image()] * 6, *say("a")], say("b"), [*[image()] * 6, *say("c")], say("d"))),
    ("2 videos over two turns", "too-many-media", talk([video(), *say("a")], say("b"), [video(), *say("c")], say("d"))),
    ("image and video", "image-with-video", talk([image(), video(), *say("a")], say("b"))),
    ("a key with a letter beyond ASCII", "media-key", talk([image(S3 + "ảnh.png"), *say("a")], say("b"))),
    ("a bucket without a key", "media-key", talk([image("s3://b"), *say("a")], say("b"))),
    ("an owner that is none", "media-owner", talk([image(bucketOwner="abc"), *say("a")], say("b"))),
    ("an image in an answer", "block-in-wrong-turn", talk(say("a"), [image(), *say("b")])),
    ("assistant first", "first-turn", roles("assistant", "user", "assistant")),
    ("no answer", "no-answer", talk(say("a"), say("b"), say("c"))),
    ("two questions in a row", "turn-order", roles("user", "user", "assistant")),
    ("tools", "tools-not-supported", talk(say("a"), say("b"), toolConfig={"tools": [TOOL]})),
    ("a call of a tool without definition", "tools-not-supported",
        talk(say("a"), [{"toolUse": {"toolUseId": "1", "name": "f", "input": {}}}])),
    ("reasoning that is cut off", "reasoning-unfinished", talk(say("a"), say("<think>hm"))),
    ("reasoning without an answer", "reasoning-unfinished",
        talk(say("a"), [{"reasoningContent": {"reasoningText": {"text": "hm"}}}])),
    ("wrongly decoded, and a byte is lost", "mojibake", converse("M\u00c3 u g\u00c3\u00ac th\u00e1\u00ba\u00bf?", "b")),
    ("more tokens than fit", "too-many-tokens", converse("a " * 150_000, "b")),
]  # fmt: skip

WARNINGS: list[tuple[str, str, Any]] = [
    ("other capitals", "reserved-word-perhaps", converse("my operating system: linux", "ok")),
    (
        "reasoning",
        "reasoning-not-supported",
        talk(say("a"), [{"reasoningContent": {"reasoningText": {"text": "hm"}}}, *say("b")]),
    ),
    ("tags of reasoning", "reasoning-not-supported", converse("a", "<think>hm</think>b")),
    ("in an answer", "reserved-word-perhaps", converse("who?", "User: me")),
    ("perhaps too long", "perhaps-too-many-tokens", converse("a " * 50_000, "b")),
    ("an image without a question", "no-question", talk([image()], say("b"))),
    ("U+FFFD", "replacement-character", converse("qu\ufffd tr\ufffdnh", "b")),
    ("an address", "personal-email", converse("write to an.nguyen@example.com", "b")),
    ("a phone", "personal-phone", converse("gọi 0912 345 678 nhé", "b")),
    ("a phone abroad", "personal-phone", converse("call +44 20 7946 0958 now", "b")),
    ("a card", "personal-card", converse("4111 1111 1111 1111 is my card", "b")),
    ("an access key", "secret-key", converse("AKIAIOSFODNN7EXAMPLE", "b")),
    ("an object that is not at hand", "media-unchecked", talk([image(), *say("what is it?")], say("b"))),
]

SOUND: list[tuple[str, Any]] = [
    ("robot: holds no Bot:", converse("the robot: x", "y")),
    ("a plain URL", converse("see https://example.com/User", "y")),
    ("digits that fail Luhn", converse("order 4111 1111 1111 1112", "y")),
    ("long numbers", converse("pi is 3.14159265358979", "yes")),
    ("quotes and accents", converse("“Đây” – naïve café…", "Ở đâu?")),
    ("system text", converse("a", "b", system=[{"text": "Be kind."}])),
]


@pytest.mark.parametrize(("code", "row"), [case[1:] for case in ERRORS], ids=[case[0] for case in ERRORS])
def test_a_row_that_the_service_would_refuse_is_an_error(code: str, row: Any, dataset: Path, intake: Intake) -> None:
    write_jsonl(dataset / "a.jsonl", [*chats(20), row])
    outcome = intake()
    assert not outcome.report.usable
    found = outcome.found(code)
    assert [(finding["line"], finding["severity"]) for finding in found] == [(21, "error")] * len(found)
    assert found
    assert all(finding["message"] and finding["fix"] for finding in found)


@pytest.mark.parametrize(("code", "row"), [case[1:] for case in WARNINGS], ids=[case[0] for case in WARNINGS])
def test_a_doubtful_row_is_a_warning_and_stays(code: str, row: Any, dataset: Path, intake: Intake) -> None:
    write_jsonl(dataset / "a.jsonl", [*chats(20), row])
    outcome = intake()
    assert outcome.report.usable, outcome.report.headline
    assert outcome.report.counts["used"] == 21
    assert {finding["severity"] for finding in outcome.found(code)} == {"warning"}


@pytest.mark.parametrize("row", [case[1] for case in SOUND], ids=[case[0] for case in SOUND])
def test_a_sound_row_is_not_complained_about(row: Any, dataset: Path, intake: Intake) -> None:
    write_jsonl(dataset / "a.jsonl", [*chats(20), row])
    outcome = intake()
    assert outcome.report.usable
    assert [found for found in outcome.report.findings if found["line"] == 21] == []


def test_every_problem_of_a_row_is_told_at_once(dataset: Path, intake: Intake) -> None:
    row = talk([*say("User: a@b.example.com"), *say(" ")], say("c"), say("d"))
    write_jsonl(dataset / "a.jsonl", [*chats(20), row])
    outcome = intake()
    of_row = {found["code"]: found["path"] for found in outcome.report.findings if found["line"] == 21}
    assert of_row["reserved-word"] == "$.messages[0].content[0].text"
    assert of_row["personal-email"] == "$.messages[0].content[0].text"
    assert of_row["empty-text"] == "$.messages[0].content[1].text"
    assert of_row["no-answer"] == "$.messages[2]"


def test_all_bad_rows_are_reported_and_the_rest_is_counted(dataset: Path, intake: Intake) -> None:
    bad = [converse("", "x") for _ in range(7)]
    write_jsonl(dataset / "a.jsonl", [bad[0], *chats(20), *bad[1:]])
    outcome = intake()
    assert [found["line"] for found in outcome.found("empty-text")] == [1, *range(22, 28)]
    assert outcome.report.counts["rows"] == 27
    assert outcome.report.counts["used"] == 20


def test_nova_micro_takes_no_images(dataset: Path, intake: Intake) -> None:
    write_jsonl(dataset / "a.jsonl", [*chats(20), talk([image(), *say("a")], say("b"))])
    (found,) = intake(model="nova-micro").found("media-not-supported")
    assert found["message"] == "nova-micro does not take images in training data"
    assert found["fix"] == "remove them, or choose a model that does"


def test_a_split_without_a_test_needs_a_test_set(dataset: Path, intake: Intake) -> None:
    write_jsonl(dataset / "train.jsonl", chats(60))
    split = {"train": 1, "validation": 0, "test": 0}
    outcome = intake(split=split)
    assert not outcome.report.usable
    assert "nothing-to-test" in outcome.codes
    write_jsonl(dataset / "test.jsonl", [converse(f"And {n} times two?", f"{2 * n}") for n in range(40)])
    outcome = intake(split=split)
    assert outcome.report.usable
    assert outcome.report.counts["test"] == 40


def test_a_method_that_takes_no_images_is_not_blamed_on_the_model(dataset: Path, intake: Intake) -> None:
    write_jsonl(dataset / "a.jsonl", [*chats(120), talk([image(), *say("a")], say("b"))])
    (found,) = intake(model="nova-lite", method="distillation").found("media-not-supported")
    assert found["message"] == "the method distillation does not take images in training data"
    assert found["fix"] == "remove them, or choose a method (nova-lite: fine-tuning) that does"


@pytest.mark.parametrize("on_error", ["reject", "skip"])
def test_where_no_row_is_usable_nobody_is_told_to_go_on_without_them(
    dataset: Path, intake: Intake, on_error: str
) -> None:
    write_jsonl(dataset / "a.jsonl", [converse("", "x") for _ in range(20)])
    outcome = intake(data={"on_error": on_error})
    assert not outcome.report.usable
    assert outcome.report.headline.startswith("The dataset can't be used: 20 of 20 rows are not usable, most often")
    assert {"no-rows", "empty-text"} <= outcome.codes
    assert {"unusable-rows", "too-many-unusable-rows"}.isdisjoint(outcome.codes)


def test_nova_2_lite_takes_reasoning_but_no_webp(dataset: Path, intake: Intake) -> None:
    reasoned = talk(say("a"), [{"reasoningContent": {"reasoningText": {"text": "hm"}}}, *say("b")])
    write_jsonl(dataset / "a.jsonl", [*chats(20), reasoned])
    assert "reasoning-not-supported" not in intake(model="nova-2-lite").codes


def test_distillation_takes_prompts_alone_but_no_long_lines(dataset: Path, intake: Intake) -> None:
    prompts = [
        {"messages": [{"role": "user", "content": say(f"Explain {n}.")}], "schemaVersion": "bedrock-conversation-2024"}
        for n in range(150)
    ]
    long = {"messages": [{"role": "user", "content": say("x" * 17_000)}], "schemaVersion": "bedrock-conversation-2024"}
    write_jsonl(dataset / "a.jsonl", prompts)
    assert intake(method="distillation").report.usable
    write_jsonl(dataset / "a.jsonl", [*prompts, long])
    assert intake(method="distillation").found("line-too-long")[0]["line"] == 151


def test_reinforcement_needs_no_tools_and_warns_without_reference(dataset: Path, intake: Intake) -> None:
    rows: list[dict[str, Any]] = [
        {
            "messages": [{"role": "user", "content": f"How much is {n} + 1?"}],
            "reference_answer": str(n + 1),
            "level": "easy",
        }
        for n in range(150)
    ]
    del rows[3]["reference_answer"]
    write_jsonl(dataset / "a.jsonl", rows)
    outcome = intake(method="reinforcement", model="nova-2-lite")
    assert outcome.report.usable, outcome.report.headline
    assert [found["line"] for found in outcome.found("no-reference")] == [4]
    row = next(row for row in outcome.lines("prepared/train.jsonl") if row.get("reference_answer"))
    assert row["level"] == "easy"
    assert row["messages"][0]["role"] == "user"


def test_too_few_rows_for_the_model(dataset: Path, intake: Intake) -> None:
    write_jsonl(dataset / "a.jsonl", chats(7))
    assert "too-few-rows" in intake().codes


def test_just_enough_rows_are_all_trained_on(dataset: Path, intake: Intake) -> None:
    write_jsonl(dataset / "a.jsonl", chats(8))
    outcome = intake()
    assert outcome.report.usable
    assert outcome.report.counts["train"] == 8
    assert "held-out-reduced" in outcome.codes


def test_no_validation_file_for_a_model_that_takes_none(dataset: Path, intake: Intake) -> None:
    write_jsonl(dataset / "a.jsonl", chats(300))
    outcome = intake(model="nova-2-lite")
    assert outcome.report.counts["validation"] == 0
    assert not (outcome.folder / "runs/r/prepared/validation.jsonl").exists()
    assert outcome.report.counts["test"] > 0


def test_one_kind_of_media_in_a_dataset(dataset: Path, intake: Intake) -> None:
    rows = [talk([image(S3 + f"{n}.png"), *say("a")], say("b")) for n in range(10)]
    rows += [talk([video(S3 + f"{n}.mp4"), *say("a")], say("b")) for n in range(10)]
    write_jsonl(dataset / "a.jsonl", rows)
    assert "images-and-videos" in intake().codes


@pytest.mark.parametrize("text", ["\ud800", "a\udfffb"])
def test_half_a_character_is_named(text: str, dataset: Path, intake: Intake) -> None:
    line = json.dumps(converse(text, "b"))
    rows = "".join(json.dumps(row) + "\n" for row in chats(20))
    (dataset / "a.jsonl").write_text(rows + line + "\n", "utf-8")
    outcome = intake()
    assert outcome.report.counts["rejected"] == 1


def test_metrics_for_labels_are_refused_for_free_text(dataset: Path, intake: Intake) -> None:
    write_jsonl(dataset / "a.jsonl", chats(300))
    half = {"train": 0.5, "validation": 0, "test": 0.5}
    assert "too-many-labels" not in intake(split=half).codes
    outcome = intake(evaluation={"metric": "macro_f1"}, split=half)
    assert not outcome.report.usable
    told = next(found for found in outcome.report.findings if found["code"] == "too-many-labels")
    assert "macro_f1 takes at most 100 labels" in told["message"]
