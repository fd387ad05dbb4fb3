"""Training data is checked as the service checks it."""

import copy
import io
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from tailor_local.bedrock import data, foundation, preferences
from tailor_local.bedrock.data import DataError
from tailor_local.bedrock.storage import Storage, StorageError, split

LITE = foundation.of_model("amazon.nova-lite-v1:0:300k")
MICRO = foundation.of_model("amazon.nova-micro-v1:0:128k")
IMAGE = {"image": {"format": "png", "source": {"s3Location": {"uri": "s3://data/a.png"}}}}
RECORD: dict[str, Any] = {
    "schemaVersion": "bedrock-conversation-2024",
    "system": [{"text": "Trả lời ngắn."}],
    "messages": [
        {"role": "user", "content": [IMAGE, {"text": "Màu gì?"}]},
        {"role": "assistant", "content": [{"text": "đỏ"}]},
    ],
}


class Objects(Storage):
    """A bucket in memory."""

    def __init__(self, objects: dict[str, bytes]) -> None:
        self.objects = objects

    def read(self, uri: str) -> bytes:
        if uri not in self.objects:
            raise StorageError("AccessDenied", *split(uri))
        return self.objects[uri]


def changed(path: str, value: Any) -> dict[str, Any]:
    record = copy.deepcopy(RECORD)
    *way, last = path.split(".")
    place: Any = record
    for step in way:
        place = place[int(step) if step.isdecimal() else step]
    place[int(last) if last.isdecimal() else last] = value
    return record


def test_a_record_becomes_turns() -> None:
    row = data.check_record(RECORD, 1, LITE, "FINE_TUNING")
    assert row.turns == (("user", "Màu gì?", ("s3://data/a.png",)), ("assistant", "đỏ", ()))
    assert row.system == "Trả lời ngắn."


@pytest.mark.parametrize(
    ("record", "complaint"),
    [
        (changed("schemaVersion", "v1"), "schemaVersion must be bedrock-conversation-2024"),
        (changed("messages", []), "messages must be a list that is not empty"),
        (changed("messages.0.role", "system"), "the role of a message must be user or assistant"),
        (changed("messages.1.role", "user"), "roles must alternate"),
        (changed("messages", RECORD["messages"][:1]), "the last message must be from the assistant"),
        (changed("messages.0.content", []), "the content of a message must be a list"),
        (changed("messages.0.content.1", {"text": " "}), "can't hold this text block"),
        (changed("messages.0.content.1", {"toolUse": {}}), "can't hold this toolUse block"),
        (changed("messages.1.content.0", IMAGE), "a assistant message can't hold this image block"),
        (changed("messages.0.content.0.image.format", "bmp"), "the format of a image must be one of png"),
        (changed("messages.0.content.0.image.source", {"bytes": "AA=="}), "a image must have an s3Location"),
        (changed("messages.0.content", [IMAGE] * 11), "at most 10 images"),
        (changed("messages.0.content.1.text", "User: hi"), "reserved keyword User:"),
        (changed("system.0.text", "say [EOS]"), "reserved keyword [EOS]"),
        (changed("system", "Trả lời"), "system must be a list"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(record: dict[str, Any], complaint: str) -> None:
    with pytest.raises(DataError) as refused:
        data.check_record(record, 7, LITE, "FINE_TUNING")
    assert str(refused.value).startswith("Invalid record at line 7: ")
    assert complaint in str(refused.value)


def test_a_text_model_takes_no_images() -> None:
    with pytest.raises(DataError, match="Nova Micro does not take images"):
        data.check_record(RECORD, 1, MICRO, "FINE_TUNING")


def test_llama_takes_prompts_and_completions() -> None:
    llama = foundation.of_model("meta.llama3-1-8b-instruct-v1:0:128k")
    row = data.check_record({"prompt": "User: hi", "completion": "hello"}, 1, llama, "FINE_TUNING")
    assert row.turns == (("user", "User: hi", ()), ("assistant", "hello", ()))
    with pytest.raises(DataError, match="two keys, prompt and completion"):
        data.check_record(RECORD, 1, llama, "FINE_TUNING")


@pytest.mark.parametrize("text", ["", "{}\n\n{}\n", "not json\n", "[1]\n", '{"a": 1}\n \n'])
def test_files_that_are_no_jsonl_fail_in_aws_s_words(text: str) -> None:
    storage = Objects({"s3://data/in/train.jsonl": text.encode()})
    with pytest.raises(DataError) as refused:
        data.read_lines(storage, "s3://data/in/train.jsonl")
    assert str(refused.value) == (
        "Unable to parse Amazon S3 file: train.jsonl. Data files must conform to JSONL format."
    )


def test_unreadable_files_and_media_fail_in_aws_s_words() -> None:
    storage = Objects({"s3://data/train.jsonl": json.dumps(RECORD).encode()})
    for uri, key in (("s3://data/other.jsonl", "other.jsonl"), ("s3://data/train.jsonl", "a.png")):
        with pytest.raises(DataError) as refused:
            data.conversations(storage, uri, LITE, "FINE_TUNING")
        assert str(refused.value) == (
            f"Could not validate GetObject permissions to access Amazon S3 bucket: data at key {key}"
        )


def test_media_must_lie_beside_the_data_and_be_images() -> None:
    elsewhere = changed("messages.0.content.0.image.source.s3Location.uri", "s3://other/a.png")
    with pytest.raises(DataError, match="must be in the bucket of the training file"):
        data.conversations(Objects({"s3://data/t": json.dumps(elsewhere).encode()}), "s3://data/t", LITE, "FINE_TUNING")
    broken = Objects({"s3://data/t": json.dumps(RECORD).encode(), "s3://data/a.png": b"no image"})
    with pytest.raises(DataError, match="line 1: Could not process image"):
        data.conversations(broken, "s3://data/t", LITE, "FINE_TUNING")


@pytest.mark.parametrize(("method", "rows"), [("FINE_TUNING", 7), ("FINE_TUNING", 20_001), ("DISTILLATION", 99)])
def test_counts_have_limits(method: str, rows: int) -> None:
    with pytest.raises(DataError, match=f"The data has {rows} records"):
        data.check_count(method, rows)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=6) | st.sampled_from(["user", "assistant", "png"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["text", "role", "content", "image", "video", "source", "format", "s3Location", "uri"]),
            inner,
            max_size=3,
        )
    ),
    max_leaves=12,
)


@settings(max_examples=100, deadline=None)
@given(values, values)
def test_any_json_is_a_row_or_an_error(system: Any, messages: Any) -> None:
    record = {"schemaVersion": "bedrock-conversation-2024", "system": system, "messages": messages}
    try:
        data.check_record(record, 1, LITE, "FINE_TUNING")
    except DataError as error:
        assert "line 1" in str(error)


def png() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (30, 30), "red").save(file, "PNG")
    return file.getvalue()


PNG = png()


def pair(**changes: Any) -> dict[str, Any]:
    """A preference pair in AWS's format about a picture, with changes of its last turn."""
    candidates = [
        {"content": [{"text": text}], "preferenceLabel": label}
        for text, label in (("Màu đỏ ạ.", "preferred"), ("đỏ", "non-preferred"))
    ]
    last = {"role": "assistant", "candidates": candidates} | changes
    return {"messages": [RECORD["messages"][0], last]}


def read_pair(record: dict[str, Any]) -> Any:
    objects = Objects({"s3://data/a.png": PNG, "s3://data/train.jsonl": json.dumps(record).encode()})
    return preferences.read(objects, "s3://data/train.jsonl", LITE).pairs


def test_a_pair_becomes_a_prompt_with_both_answers() -> None:
    ((found),) = read_pair(pair())
    assert (found.prompt.question, found.better, found.worse) == ("Màu gì?", "Màu đỏ ạ.", "đỏ")
    assert found.prompt.images == (PNG,)


CANDIDATE = {"content": [{"text": "x"}], "preferenceLabel": "preferred"}


@pytest.mark.parametrize(
    ("record", "complaint"),
    [
        (RECORD, "the last turn must be the assistant's, with candidates"),
        (pair(content=[{"text": "x"}]), "the last turn must be the assistant's, with candidates"),
        (pair(candidates=[CANDIDATE]), "it must have two candidates"),
        (pair(candidates=[CANDIDATE, CANDIDATE]), "one candidate must be labelled"),
        (pair(candidates=[CANDIDATE, CANDIDATE | {"preferenceLabel": "rejected"}]), "one candidate must be labelled"),
        (pair(candidates=[CANDIDATE | {"rank": 1}]), "a candidate must have content and a preferenceLabel"),
        (pair(candidates=[CANDIDATE | {"content": [IMAGE]}]), "the content of a candidate must be text"),
        (pair() | {"rank": 1}, "unknown key rank"),
        ({"messages": [{"role": "assistant", "content": [{"text": "x"}]}, *pair()["messages"][1:]]}, "roles must"),
    ],
)
def test_a_record_that_is_no_pair_in_awss_format_fails_the_job(record: dict[str, Any], complaint: str) -> None:
    with pytest.raises(DataError) as refused:
        read_pair(record)
    assert complaint in str(refused.value)
