"""What each format makes of its rows, beyond the documented example."""

import base64
import gzip
import io
import json
from pathlib import Path
from typing import Any, ClassVar

import pytest

from tailor.datasets.example import Example, Media, Raw, Rejected, Text
from tailor.recipe import Data, Method
from tests.unit.datasets.support import PIXEL, codes, examples, open_dataset, rejections, texts


def rows_of(tmp_path: Path, *rows: Any, method: Method = "fine-tuning", data: Data | None = None) -> list[Example]:
    content = "".join(f"{json.dumps(row)}\n" for row in rows)
    return examples(open_dataset(tmp_path, {"d.jsonl": content}, method=method, data=data))


def user(*content: Any) -> dict[str, Any]:
    return {"role": "user", "content": list(content)}


ANSWER = {"role": "assistant", "content": [{"text": "a"}]}


def converse(*messages: Any, **more: Any) -> dict[str, Any]:
    return {"schemaVersion": "bedrock-conversation-2024", "messages": list(messages), **more}


class TestConverse:
    def test_blocks_of_all_kinds(self, tmp_path: Path) -> None:
        location = {"uri": "s3://b/k.png", "bucketOwner": "123456789012"}
        result = {"toolUseId": "1", "content": [{"text": "sunny"}]}
        row = converse(
            user({"text": "q"}, {"image": {"format": "png", "source": {"s3Location": location}}}),
            {"role": "assistant", "content": [{"reasoningContent": {"reasoningText": {"text": "hm"}}}, {"text": "a"}]},
            user({"toolResult": result}, {"video": {"format": "mp4", "source": {"bytes": "AAAA"}}}),
            ANSWER,
            system=[{"text": "one"}, {"text": "two"}],
            toolConfig={"tools": [{"toolSpec": {"name": "weather"}}]},
        )

        (example,) = rows_of(tmp_path, row)

        assert example.turns[0].blocks[1] == Media("image", "s3://b/k.png", None, "png", "123456789012")
        assert example.turns[1].blocks[0] == Raw("reasoningContent", {"reasoningText": {"text": "hm"}})
        assert example.turns[2].blocks == [Raw("toolResult", result), Media("video", data=b"\0\0\0", format="mp4")]
        assert example.system == "one\n\ntwo"
        assert example.extra["tools"] == [{"toolSpec": {"name": "weather"}}]

    def test_everything_wrong_is_said_at_once(self, tmp_path: Path) -> None:
        row = converse(
            {"role": "User", "content": [{"txt": "q"}, {"text": 5}]},
            {"role": "bot", "content": "a"},
            user({"image": {"format": "png", "source": {"s3Location": {}}}}, {"video": {"source": {"bytes": "%%"}}}),
            system=[{"txt": "x"}],
        )
        reader = open_dataset(
            tmp_path, {"d.jsonl": json.dumps(converse(user({"text": "q"}), ANSWER)) + f"\n{json.dumps(row)}\n"}
        )

        (bad,) = rejections(reader)

        assert {(finding.code, finding.path) for finding in bad.findings} == {
            ("unknown-role", "$.messages[0].role"),
            ("unknown-block", "$.messages[0].content[0]"),
            ("wrong-type", "$.messages[0].content[1].text"),
            ("unknown-role", "$.messages[1].role"),
            ("wrong-type", "$.messages[1].content"),
            ("wrong-type", "$.messages[2].content[0].image.source.s3Location.uri"),
            ("bad-base64", "$.messages[2].content[1].video.source.bytes"),
            ("wrong-type", "$.system[0].text"),
        }
        assert "'text'" in next(finding.fix for finding in bad.findings if finding.code == "unknown-block")

    def test_preference_pairs_are_named(self, tmp_path: Path) -> None:
        candidates = [
            {"content": [{"text": label}], "preferenceLabel": label} for label in ("preferred", "non-preferred")
        ]
        pair = converse(user({"text": "q"}), {"role": "assistant", "candidates": candidates})
        reader = open_dataset(
            tmp_path, {"d.jsonl": f"{json.dumps(converse(user({'text': 'q'}), ANSWER))}\n" * 2 + json.dumps(pair)}
        )

        (rejected,) = rejections(reader)

        assert "DPO" in rejected.findings[0].message
        assert rejected.findings[0].path == "$.messages[1].candidates"

    def test_other_keys_of_messages_are_told(self, tmp_path: Path) -> None:
        row = converse(user({"text": "q"}), {**ANSWER, "note": 5})
        reader = open_dataset(tmp_path, {"d.jsonl": f"{json.dumps(row)}\n" * 3})
        assert len(examples(reader)) == 3
        (told,) = [found for found in reader.findings if found.code == "not-used"]
        assert "'note'" in told.message
        assert "3 rows" in told.message

    def test_odd_keys_and_versions_are_reported_once(self, tmp_path: Path) -> None:
        row = converse(user({"text": "q"}), ANSWER, sytem=[{"text": "s"}]) | {"schemaVersion": "2023"}
        reader = open_dataset(tmp_path, {"d.jsonl": f"{json.dumps(row)}\n" * 5})

        examples(reader)
        examples(reader)

        found = {finding.code: finding for finding in reader.findings}
        assert "'system'" in found["not-used"].fix
        assert "(5 rows" in found["not-used"].message
        assert found["schema-version"].line == 1


class TestOpenAIChat:
    def test_media_and_tools(self, tmp_path: Path) -> None:
        url = "data:image/png;base64," + base64.b64encode(PIXEL).decode()
        call = {"id": "c1", "type": "function", "function": {"name": "look", "arguments": '{"at": 1}'}}
        parts = [{"type": "text", "text": "What?"}, {"type": "image_url", "image_url": {"url": url}}]
        row = {
            "messages": [
                {"role": "developer", "content": "Be brief."},
                {"role": "user", "content": parts},
                {"role": "assistant", "content": None, "tool_calls": [call]},
                {"role": "tool", "tool_call_id": "c1", "content": "a pixel"},
                {"role": "user", "content": "And?"},
                {"role": "assistant", "content": "A pixel."},
            ],
            "tools": [
                {
                    "type": "function",
                    "function": {"name": "look", "description": "Looks.", "parameters": {"type": "object"}},
                }
            ],
        }

        (example,) = rows_of(tmp_path, row)

        assert example.system == "Be brief."
        assert example.turns[0].blocks[1] == Media("image", data=PIXEL, format="png")
        assert [turn.role for turn in example.turns] == ["user", "assistant", "user", "assistant"]
        assert example.turns[1].blocks == [Raw("toolUse", {"toolUseId": "c1", "name": "look", "input": {"at": 1}})]
        assert example.turns[2].blocks[1] == Text("And?")
        spec = {"name": "look", "description": "Looks.", "inputSchema": {"json": {"type": "object"}}}
        assert example.extra["tools"] == [{"toolSpec": spec}]

    def test_claude_system_and_weights(self, tmp_path: Path) -> None:
        messages = [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a", "weight": 1}]
        reader = open_dataset(
            tmp_path, {"d.jsonl": json.dumps({"system": "S", "messages": messages, "topic": "x"}) + "\n"}
        )

        (example,) = examples(reader)

        assert example.system == "S"
        assert [found.path for found in reader.findings if found.code == "not-used"] == ["$.topic"]

    @pytest.mark.parametrize(
        ("message", "code"),
        [
            ({"role": "narrator", "content": "x"}, "unknown-role"),
            ({"content": "x"}, "unknown-role"),
            ({"role": "user", "content": 5}, "wrong-type"),
            ({"role": "user", "content": [{"type": "audio"}]}, "audio-not-supported"),
            ({"role": "user", "content": [{"type": "hologram"}]}, "unknown-block"),
            ({"role": "user", "content": [{"type": "image_url"}]}, "media-count"),
            ({"role": "user", "content": [{"type": "image_url", "image_url": 5}]}, "media-missing"),
            ({"role": "user", "content": [{"type": "image_url", "image_url": "data:image/png,x"}]}, "bad-data-url"),
            (
                {"role": "user", "content": [{"type": "image_url", "image_url": "data:image/png;base64,!"}]},
                "bad-base64",
            ),
            ({"role": "assistant", "tool_calls": [{"function": {"name": "f", "arguments": "{"}}]}, "bad-tool-call"),
            (
                {"role": "system", "content": [{"type": "image_url", "image_url": {"url": "a.png"}}]},
                "media-not-allowed",
            ),
            ("hello", "wrong-type"),
        ],
    )
    def test_bad_messages(self, tmp_path: Path, message: Any, code: str) -> None:
        good = {"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}]}
        lines = [good, good, {"messages": [message]}]
        reader = open_dataset(tmp_path, {"d.jsonl": "".join(f"{json.dumps(row)}\n" for row in lines)})

        (bad,) = rejections(reader)

        assert (bad.line, [finding.code for finding in bad.findings]) == (3, [code])


class TestShareGPT:
    def test_media_take_the_places_of_their_tags(self, tmp_path: Path) -> None:
        turns = [
            {"from": "human", "value": "First <image> then <video>?"},
            {"from": "gpt", "value": "Both."},
            {"role": "user", "content": "And now?"},
            {"role": "assistant", "content": "None."},
        ]
        (example,) = rows_of(tmp_path, {"conversations": turns, "images": ["a.png"], "videos": "b.mp4"})

        assert example.turns[0].blocks == [
            Text("First"),
            Media("image", "a.png"),
            Text("then"),
            Media("video", "b.mp4"),
            Text("?"),
        ]
        assert [turn.role for turn in example.turns] == ["user", "assistant", "user", "assistant"]

    def test_media_without_tags_come_first(self, tmp_path: Path) -> None:
        turns = [{"from": "human", "value": "What?"}, {"from": "gpt", "value": "A cat."}]

        (example,) = rows_of(tmp_path, {"conversations": turns, "image": "cat.jpg", "id": 7})

        assert texts(example)[0] == "<cat.jpg> What?"
        assert example.id == "7"

    def test_more_tags_than_media(self, tmp_path: Path) -> None:
        turns = [{"from": "human", "value": "<image><image>?"}, {"from": "gpt", "value": "Two."}]
        reader = open_dataset(tmp_path, {"d.json": json.dumps([{"conversations": turns, "images": ["a.png"]}])})

        assert rejections(reader)[0].findings[0].code == "media-count"

    def test_tools(self, tmp_path: Path) -> None:
        turns = [
            {"from": "system", "value": "S"},
            {"from": "human", "value": "Weather?"},
            {"from": "gpt", "value": "I look."},
            {"from": "function_call", "value": '{"name": "weather", "arguments": {"city": "Huế"}}'},
            {"from": "observation", "value": "sunny"},
            {"from": "gpt", "value": "Sunny."},
        ]
        tools = json.dumps([{"name": "weather", "description": "d", "parameters": {"type": "object"}}])

        (example,) = rows_of(tmp_path, {"conversations": turns, "tools": tools})

        use = Raw("toolUse", {"toolUseId": "call-3-0", "name": "weather", "input": {"city": "Huế"}})
        assert [turn.role for turn in example.turns] == ["user", "assistant", "user", "assistant"]
        assert example.turns[1].blocks == [Text("I look."), use]
        assert example.turns[2].blocks == [Raw("toolResult", {"toolUseId": "call-3-0", "content": [{"text": "sunny"}]})]
        assert example.extra["tools"][0]["toolSpec"]["name"] == "weather"


def test_alpaca_with_history_and_dolly(tmp_path: Path) -> None:
    alpaca = {"instruction": "Translate.", "input": "hai", "output": "two", "history": [["một", "one"]], "system": "S"}
    (example,) = rows_of(tmp_path / "a", alpaca)
    (dolly,) = rows_of(tmp_path / "d", {"instruction": "Who?", "context": "", "response": "Me.", "category": "open"})

    assert texts(example) == ["một", "one", "Translate.\nhai", "two"]
    assert example.system == "S"
    assert (texts(dolly), dolly.category) == (["Who?", "Me."], "open")


def test_prompt_and_completion_as_messages(tmp_path: Path) -> None:
    row = {"prompt": [{"role": "system", "content": "S"}, {"role": "user", "content": "q"}], "answer": "a"}

    (example,) = rows_of(tmp_path, row)

    assert (texts(example), example.system) == (["q", "a"], "S")


class TestQuestionAnswer:
    def test_several_answers(self, tmp_path: Path) -> None:
        answers = [{"answer": "red"}, {"answer": "dark red"}, {"answer": "dark red"}]

        first, second, third = rows_of(
            tmp_path,
            {"question": "q", "answer": answers},
            {"question": "q", "answer": ["x", "y"]},
            {"question": "q", "answer": 3},
        )

        assert (texts(first)[1], first.references) == ("dark red", ["red", "dark red"])
        assert (texts(second)[1], second.references) == ("x", ["x", "y"])
        assert texts(third)[1] == "3"

    def test_parts_of_the_record(self, tmp_path: Path) -> None:
        row = {"question": "q", "answer": "a", "system": "S", "group": "doc1", "split": "dev", "id": 5, "type": 2}

        (example,) = rows_of(tmp_path, row)

        assert (example.system, example.group, example.split, example.id) == ("S", "doc1", "validation", "5")
        assert example.category == "2"

    def test_system_prompt_of_the_recipe(self, tmp_path: Path) -> None:
        (example,) = rows_of(tmp_path, {"question": "q", "answer": "a"}, data=Data(system="Short."))

        assert example.system == "Short."

    def test_the_column_whose_values_are_files_names_the_image(self, tmp_path: Path) -> None:
        table = "image,img_id,question,answer\nphoto,17.png,q,a\n"
        reader = open_dataset(tmp_path, {"d.csv": table, "images/17.png": PIXEL})

        assert texts(examples(reader)[0])[0] == "<17.png> q"

    def test_answers_are_not_needed_for_distillation(self, tmp_path: Path) -> None:
        (example,) = rows_of(tmp_path, {"question": "q", "answer": ""}, method="distillation")

        assert texts(example) == ["q"]

    def test_annotations_in_lists_with_images_behind(self, tmp_path: Path) -> None:
        document = {
            "info": {"version": "1"},
            "annotations": [{"id": 1, "image_id": 7, "question": "q", "answer": "a"}],
            "images": [{"id": 7, "filename": "7.jpg"}],
        }
        reader = open_dataset(tmp_path, {"d.json": json.dumps(document)})

        (example,) = examples(reader)

        assert texts(example)[0] == "<7.jpg> q"

    def test_rows_by_split_and_by_id(self, tmp_path: Path) -> None:
        qa = {"question": "q", "answer": "a"}
        splits = open_dataset(tmp_path / "s", {"d.json": json.dumps({"train": [qa, qa], "test": [qa]})})
        by_id = open_dataset(tmp_path / "i", {"d.json": json.dumps({"x1": {**qa, "more": {"a": {}}}, "x2": qa})})
        objects = open_dataset(tmp_path / "o", {"d.json": json.dumps(qa, indent=1) + "\n" + json.dumps(qa, indent=1)})

        assert [example.split for example in examples(splits)] == ["train", "train", "test"]
        assert [example.id for example in examples(by_id)] == ["x1", "x2"]
        assert len(examples(objects)) == 2

    def test_a_document_that_was_cut_off_gives_what_came_before(self, tmp_path: Path) -> None:
        rows = [{"question": f"q{number}", "answer": "a"} for number in range(9)]
        content = json.dumps({"version": 1, "data": ["broken", *rows]})
        reader = open_dataset(tmp_path, {"d.json": content[:-30]})

        found = list(reader)

        assert [type(row).__name__ for row in found][:3] == ["Rejected", "Example", "Example"]
        assert len(found) >= 9
        assert isinstance(found[-1], Rejected)
        assert "beyond row" in found[-1].findings[0].message

    def test_nested_questions_that_are_broken_are_listed_one_by_one(self, tmp_path: Path) -> None:
        row = {"image": "a.png", "qas": [{"question": "q", "answer": "a"}, {"question": "", "answer": "a"}, 5]}
        reader = open_dataset(tmp_path, {"d.json": json.dumps([row])})

        rows = list(reader)

        assert [type(row).__name__ for row in rows] == ["Example", "Rejected", "Rejected"]


def test_parquet_with_image_structs(tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    rows = [{"image": {"bytes": PIXEL, "path": "a.png"}, "question": f"q{n}", "answer": ["a", "b"]} for n in range(25)]
    buffer = io.BytesIO()
    parquet.write_table(pyarrow.Table.from_pylist(rows), buffer, row_group_size=10)

    found = examples(open_dataset(tmp_path, {"data/train-00000-of-00001.parquet": buffer.getvalue()}))

    assert len(found) == 25
    assert found[0].turns[0].blocks == [Media("image", data=PIXEL), Text("q0")]
    assert (found[24].line, found[24].references) == (25, ["a", "b"])


def test_parquet_with_messages(tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    image = {"format": "png", "source": {"bytes": base64.b64encode(PIXEL).decode()}}
    row = converse(user({"text": "q", "image": None}, {"text": None, "image": image}), ANSWER)
    buffer = io.BytesIO()
    parquet.write_table(pyarrow.Table.from_pylist([row]), buffer)

    (example,) = examples(open_dataset(tmp_path, {"d.parquet": buffer.getvalue()}))

    assert example.turns[0].blocks == [Text("q"), Media("image", data=PIXEL, format="png")]


class TestPlainText:
    def test_a_line_is_a_document(self, tmp_path: Path) -> None:
        data = Data(documents="lines")
        reader = open_dataset(tmp_path, {"a.txt": "một\n\nhai\r\n"}, method="continued-pre-training", data=data)

        assert [(example.document, example.line) for example in examples(reader)] == [("một", 1), ("hai", 3)]

    def test_wrapped_lines_are_joined(self, tmp_path: Path) -> None:
        block = "dòng thứ nhất\ndòng thứ hai\ndòng thứ ba\n"
        text, data = f"{block}\n{block}\n{block}", Data(documents="lines")
        reader = open_dataset(tmp_path, {"a.txt": text}, method="continued-pre-training", data=data)

        found = examples(reader)

        assert [example.line for example in found] == [1, 5, 9]
        assert found[1].document == block.strip()

    def test_text_is_no_data_for_fine_tuning(self, tmp_path: Path) -> None:
        files: dict[str, bytes | str] = {"notes.txt": "hello", "d.csv": "question,answer\nq,a\n"}
        reader = open_dataset(tmp_path, files)

        assert len(examples(reader)) == 1
        assert "file-not-used" in codes(reader)

    def test_questions_are_no_text_for_pre_training(self, tmp_path: Path) -> None:
        reader = open_dataset(tmp_path, {"d.csv": "question,answer\nq,a\n"}, method="continued-pre-training")

        assert rejections(reader)[0].findings[0].code == "method-mismatch"


class TestInvocationLogs:
    LOG: ClassVar[dict[str, str]] = {"schemaType": "ModelInvocationLog", "modelId": "m", "requestId": "r"}

    def test_other_requests_than_converse(self, tmp_path: Path) -> None:
        messages = {"messages": [{"role": "user", "content": "q"}], "system": "S"}
        deltas = [{"delta": {"text": "A"}}, {"type": "ping"}, {"contentBlockDelta": {"delta": {"text": "B"}}}]
        logs = [
            {**self.LOG, "input": {"inputBodyJson": messages}, "output": {"outputBodyJson": deltas}},
            {
                **self.LOG,
                "input": {"inputBodyJson": {"prompt": "q"}},
                "output": {"outputBodyJson": {"generation": "AB"}},
            },
            {**self.LOG, "input": {"inputBodyJson": messages}, "output": {}},
        ]
        content = gzip.compress("".join(f"{json.dumps(log)}\n" for log in logs).encode())
        reader = open_dataset(tmp_path, {"AWSLogs/1/x.json.gz": content}, method="distillation")

        first, second, third = examples(reader)

        assert (texts(first), first.system, first.extra["modelId"]) == (["q", "AB"], "S", "m")
        assert texts(second) == ["q", "AB"]
        assert texts(third) == ["q"]

    def test_bodies_that_lie_elsewhere(self, tmp_path: Path) -> None:
        log = {**self.LOG, "input": {"inputBodyS3Path": "s3://b/k"}, "output": {}}
        reader = open_dataset(tmp_path, {"d.jsonl": json.dumps(log) + "\n"}, method="distillation")

        assert rejections(reader)[0].findings[0].code == "log-without-body"


def test_reinforcement_keeps_the_graders_fields(tmp_path: Path) -> None:
    nested = {"id": "2", "metadata": {"prompt": "2+2?", "answer": 4, "task": "math"}}
    flat = {"id": "1", "prompt": "2+2?", "answer": "4", "level": {"n": 1}, "tools": [{"type": "function"}]}

    first, second = rows_of(tmp_path, flat, nested, method="reinforcement")

    assert (texts(first), first.references) == (["2+2?"], ["4"])
    assert first.extra == {"reference_answer": "4", "level": {"n": 1}, "tools": [{"type": "function"}]}
    assert second.extra == {"reference_answer": "4", "task": "math"}


def test_a_format_that_the_recipe_names(tmp_path: Path) -> None:
    row = {"prompt": "p", "completion": "c", "question": "q", "answer": "a"}

    (example,) = rows_of(tmp_path / "known", row, data=Data(format="question-answer"))
    reader = open_dataset(tmp_path / "unknown", {"d.jsonl": json.dumps(row)}, data=Data(format="sharegtp"))

    assert texts(example) == ["q", "a"]
    assert "recipe-format-unknown" in codes(reader)
    assert rejections(reader)


def test_unknown_rows_are_listed_with_their_keys(tmp_path: Path) -> None:
    reader = open_dataset(tmp_path, {"d.jsonl": '{"foo": "What is it?", "answer": "a"}\n'})

    (bad,) = rejections(reader)

    assert bad.findings[0].code == "rows-unrecognised"
    assert "'foo'" in bad.findings[0].message
    assert "columns: {question: foo}" in bad.findings[0].fix


def test_files_named_after_parts(tmp_path: Path) -> None:
    qa = "question,answer\nq,a\n"
    reader = open_dataset(tmp_path, {"train.csv": qa, "x_val.csv": qa, "test-1.csv": qa})
    alone = open_dataset(tmp_path / "alone", {"train.csv": qa})

    assert {example.file: example.split for example in examples(reader)} == {
        "train.csv": "train",
        "x_val.csv": "validation",
        "test-1.csv": "test",
    }
    assert [example.split for example in examples(alone)] == [None]


def test_questions_about_one_passage_get_it_and_stay_together(tmp_path: Path) -> None:
    rows = [
        {
            "context": "Huế là kinh đô.",
            "question": "Where?",
            "answers": {"text": ["Huế", "ở Huế"], "answer_start": [0]},
        },
        {"context": "Huế là kinh đô.", "question": "What?", "answers": {"text": ["kinh đô"], "answer_start": [7]}},
        {"context": "", "question": "Why?", "answers": {"text": ["so"], "answer_start": [0]}},
    ]
    first, second, third = examples(open_dataset(tmp_path, {"d.json": json.dumps(rows)}))
    assert texts(first) == ["Huế là kinh đô.\n\nWhere?", "Huế"]
    assert first.references == ["Huế", "ở Huế"]
    assert first.group == second.group
    assert (texts(third)[0], third.group) == ("Why?", None)


def test_an_image_as_claude_takes_it(tmp_path: Path) -> None:
    source = {"type": "base64", "media_type": "image/png", "data": base64.b64encode(PIXEL).decode()}
    content = [{"type": "image", "source": source}, {"type": "text", "text": "What?"}]
    row = {"messages": [{"role": "user", "content": content}, {"role": "assistant", "content": "a dot"}]}
    (example,) = examples(open_dataset(tmp_path, {"d.jsonl": json.dumps(row)}))
    picture = example.turns[0].blocks[0]
    assert isinstance(picture, Media)
    assert (picture.data, picture.format) == (PIXEL, "png")
