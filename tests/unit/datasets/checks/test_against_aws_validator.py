"""Where AWS's own validator of Nova datasets is wrong or blind, probe by probe: what it says, and what we say.

The probes and the answers of ``nova_ft_dataset_validator.py`` (amazon-nova-samples, 22 November 2026) are in the names;
the rest of its rules are in test_checks.py.
"""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.unit.datasets.conftest import Intake, chats, converse, picture, write_jsonl

from .test_checks import TOOL, image, say, talk, video

NOTHING: dict[str, str] = {}


@dataclass(frozen=True)
class Probe:
    """``row`` is put behind good rows, at line 21. ``found``: code to severity of what must be said of it, nothing more
    where it is empty. ``hint``: what some message or fix must name."""

    title: str
    row: Any
    found: dict[str, str]
    usable: bool = False
    hint: str = ""
    settings: dict[str, Any] = field(default_factory=dict)


PREFERENCE = {
    "schemaVersion": "bedrock-conversation-2024",
    "messages": [
        {"role": "user", "content": say("q")},
        {
            "role": "assistant",
            "candidates": [
                {"preferenceLabel": "preferred", "content": say("a")},
                {"preferenceLabel": "Preferred", "content": say("b")},
            ],
        },
    ],
}
CALL = [{"toolUse": {"toolUseId": "1", "name": "f", "input": {}}}]
NOVA_2 = {"model": "nova-2-lite"}
REASONED = [{"reasoningContent": {"reasoningText": {"text": "hm"}}}]
DOCUMENT = {"document": {"format": "pdf", "name": "x", "source": {"s3Location": {"uri": "s3://b/a.pdf"}}}}

PROBES = [
    Probe("'Thought:' in a text: PASS", converse("Thought: so?", "b"), {"reserved-word": "error"}, hint="Thought -"),
    Probe("'[EOS]' in a text: PASS", converse("what is [EOS]?", "b"), {"reserved-word": "error"}),
    Probe("'operating system: linux': FAIL", converse("operating system: linux", "b"),
          {"reserved-word-perhaps": "warning"}, usable=True),
    Probe("'robot: x': FAIL", converse("the robot: x", "b"), NOTHING, usable=True),
    Probe("wrong schemaVersion: PASS", {**converse("a", "b"), "schemaVersion": "2023"},
          {"schema-version": "warning"}, usable=True, hint="bedrock-conversation-2024"),
    Probe("no schemaVersion: PASS", {"messages": converse("a", "b")["messages"]},
          {"schema-version": "warning"}, usable=True, hint="missing"),
    Probe("'sytem': PASS", converse("a", "b", sytem=say("be kind")),
          {"not-used": "warning"}, usable=True, hint="did you mean 'system'?"),
    Probe("unknown key in the content: PASS", talk([{"text": "a", "txet": "b"}], say("c")),
          {"unknown-block": "error"}, hint="did you mean 'text'?"),
    Probe("text of white space only: PASS", converse(" \t\n", "b"), {"empty-text": "error"}),
    Probe("image with empty text: PASS", talk([image(), *say("")], say("b")),
          {"empty-text": "error", "no-question": "warning"}),
    Probe("12 images over two turns: PASS",
          talk([*[image()] * 6, *say("a")], say("b"), [*[image()] * 6, *say("c")], say("d")),
          {"too-many-media": "error"}, hint="12 images"),
    Probe("2 videos over two turns: PASS", talk([video(), *say("a")], say("b"), [video(), *say("c")], say("d")),
          {"too-many-media": "error"}, hint="2 videos"),
    *(
        Probe(f"key with {sign!r}: 'only alphanumeric…'", talk([image(f"s3://b/a{sign}.png"), *say("a")], say("b")),
              {"media-key": "error"}, hint=repr(sign))
        for sign in " (="
    ),
    Probe("key with a letter beyond ASCII: PASS", talk([image("s3://b/ảnh.png"), *say("a")], say("b")),
          {"media-key": "error"}, hint="'ả'"),
    Probe("'s3://b' without a key: PASS", talk([image("s3://b"), *say("a")], say("b")), {"media-key": "error"}),
    Probe("format jpeg, key .png: PASS", talk([image("s3://b/a.png", "jpeg"), *say("a")], say("b")),
          {"media-name": "warning", "media-unchecked": "warning"}, usable=True, hint="'jpeg'"),
    Probe("format jpg: FAIL without a hint", talk([image("s3://b/a.jpg", "jpg"), *say("a")], say("b")),
          {"media-format": "info", "media-unchecked": "warning"}, usable=True, hint="'jpeg'"),
    Probe("bucketOwner 'abc': PASS", talk([image(bucketOwner="abc"), *say("a")], say("b")),
          {"media-owner": "error"}, hint="12 digits"),
    Probe("toolUse without toolConfig: PASS", talk(say("a"), CALL), {"tools-not-supported": "error"}),
    Probe("toolUse that is never answered: PASS",
          talk(say("a"), CALL, say("b"), say("c"), toolConfig={"tools": [TOOL]}), {"tools-not-supported": "error"},
          settings=NOVA_2),
    Probe("document on Nova Lite 1.0: PASS", talk([DOCUMENT, *say("a")], say("b")), {"media-not-supported": "error"}),
    Probe("DPO with empty messages: CRASH", {**PREFERENCE, "messages": []}, {"no-messages": "error"}),
    Probe("DPO with a number as message: CRASH", {**PREFERENCE, "messages": [1]}, {"wrong-type": "error"}),
    Probe("DPO labels that differ in case only: PASS", PREFERENCE, {"rows-unrecognised": "error"}, hint="DPO"),
    Probe("answer of reasoning alone: 'video_error'", talk(say("a"), REASONED), {"reasoning-unfinished": "error"}),
]  # fmt: skip
DATASET_CODES = {"unusable-rows", "few-rows", "small-test"}


@pytest.mark.parametrize("probe", PROBES, ids=[probe.title for probe in PROBES])
def test_probe(probe: Probe, dataset: Path, intake: Intake) -> None:
    write_jsonl(dataset / "a.jsonl", [*chats(20), probe.row])
    outcome = intake(**probe.settings)
    assert outcome.report.usable is probe.usable, outcome.report.headline
    told = [found for found in outcome.report.findings if found["code"] not in {*DATASET_CODES, "format-recognised"}]
    assert {found["code"]: found["severity"] for found in told if found["code"] in probe.found} == probe.found
    assert {found["code"] for found in told if found["severity"] == "error"} <= probe.found.keys()
    assert all(found["line"] in (21, None) for found in told)
    assert not told or probe.found
    assert any(probe.hint in found["message"] + found["fix"] for found in told) or not probe.hint
    assert outcome.report.counts["used"] == (21 if "error" not in probe.found.values() else 20)


def test_reinforcement_without_tools_is_fine_and_without_reference_doubtful(dataset: Path, intake: Intake) -> None:
    rows = [{"messages": [{"role": "user", "content": f"Add {n}."}], "reference_answer": "x"} for n in range(120)]
    del rows[7]["reference_answer"]
    write_jsonl(dataset / "a.jsonl", rows)
    outcome = intake(method="reinforcement", **NOVA_2)
    assert outcome.report.usable
    assert [(found["line"], found["severity"]) for found in outcome.found("no-reference")] == [(8, "warning")]


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("a.docx", b"PK\3\4 rows", "no-data"),
        ("a.jsonl", b"", "no-data"),
        ("a.jsonl", b"\n \n\n", "file-empty"),
    ],
)
def test_what_is_no_data_is_no_pass(name: str, content: bytes, code: str, dataset: Path, intake: Intake) -> None:
    (dataset / name).write_bytes(content)
    outcome = intake()
    assert not outcome.report.usable
    assert outcome.found(code)[0]["severity"] == "error"


def test_reinforcement_on_a_model_that_has_none_is_refused_by_name(dataset: Path, intake: Intake) -> None:
    from tailor.errors import InvalidInputError

    write_jsonl(dataset / "a.jsonl", chats(20))
    with pytest.raises(InvalidInputError, match="nova-pro can't be customized by reinforcement"):
        intake(method="reinforcement", model="nova-pro")


def test_latin_1_bytes_name_line_and_place_instead_of_a_traceback(dataset: Path, intake: Intake) -> None:
    rows = [converse(f"Cà phê số {n}?", "đây") for n in range(20)]
    good = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()
    (dataset / "a.jsonl").write_bytes(good + b'{"messages": "caf\xe9"}\n')
    (found,) = intake().found("not-utf8")
    assert found["line"] == 21
    assert "0xe9 at position 18" in found["message"]


def test_a_byte_order_mark_is_accepted_and_said(dataset: Path, intake: Intake) -> None:
    rows = "".join(json.dumps(row) + "\n" for row in chats(20))
    (dataset / "a.jsonl").write_text("\ufeff" + rows, "utf-8")
    outcome = intake()
    assert outcome.report.counts["used"] == 20
    assert "byte-order-mark" in outcome.codes


def test_a_bad_first_row_hides_nothing_and_is_counted_honestly(dataset: Path, intake: Intake) -> None:
    write_jsonl(dataset / "a.jsonl", [converse("", "b"), *chats(20)])
    outcome = intake()
    assert outcome.found("empty-text")[0]["line"] == 1
    assert "too-few-rows" not in outcome.codes
    assert (outcome.report.counts["used"], outcome.report.counts["rejected"]) == (20, 1)


def test_identical_rows_are_warned_of(dataset: Path, intake: Intake) -> None:
    write_jsonl(dataset / "a.jsonl", [converse("a", "b")] * 8)
    assert len(intake().found("duplicate-row")) == 7


def test_a_validation_file_that_is_the_training_file_is_an_error(dataset: Path, intake: Intake) -> None:
    write_jsonl(dataset / "train.jsonl", chats(20))
    write_jsonl(dataset / "validation.jsonl", chats(20))
    outcome = intake()
    assert not outcome.report.usable
    assert len(outcome.found("leaked-row")) == 20


# Rules of the official pages that the script does not check.


def test_images_and_videos_may_not_be_in_one_dataset(dataset: Path, intake: Intake) -> None:
    rows = [talk([image(f"s3://b/{n}.png"), *say(f"a{n}")], say("b")) for n in range(9)]
    rows += [talk([video(f"s3://b/{n}.mp4"), *say(f"a{n}")], say("b")) for n in range(9)]
    write_jsonl(dataset / "a.jsonl", rows)
    assert intake().found("images-and-videos")[0]["severity"] == "error"


def test_blank_lines_are_told_and_are_not_in_the_prepared_data(dataset: Path, intake: Intake) -> None:
    (dataset / "a.jsonl").write_text("\n\n".join(json.dumps(row) for row in chats(20)) + "\n\n", "utf-8")
    outcome = intake()
    assert outcome.report.usable
    assert "blank-line" in outcome.codes
    assert "\n\n" not in (outcome.folder / "runs/r/prepared/train.jsonl").read_text("utf-8")


def test_what_a_row_claims_is_compared_with_the_bytes(dataset: Path, intake: Intake) -> None:
    (dataset / "a.png").write_bytes(picture(1))
    rows = [talk([image("a.png", "jpeg"), *say(f"What is {n}?")], say("b")) for n in range(20)]
    write_jsonl(dataset / "a.jsonl", rows)
    outcome = intake()
    assert outcome.report.usable
    assert "'jpeg'" in outcome.found("media-name")[0]["message"]
    record = outcome.lines("prepared/train.jsonl")[0]
    assert record["messages"][0]["content"][0]["image"]["format"] == "png"
