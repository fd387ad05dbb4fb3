"""Images with captions, and other rows that bring no question."""

import json
from pathlib import Path
from typing import Any

import pytest

from tailor.recipe import Columns, Data
from tests.unit.datasets.conftest import Intake, picture
from tests.unit.datasets.support import PIXEL, codes, examples, open_dataset, rejections, texts

IMAGES: dict[str, bytes | str] = {f"{n}.png": PIXEL for n in range(3)}
ENGLISH = ["A red circle on a white page.", "Two green squares side by side.", "A blue line from left to right."]
VIETNAMESE = ["Một hình tròn đỏ trên nền trắng.", "Hai hình vuông xanh cạnh nhau.", "Một đường thẳng màu xanh."]


def _metadata(captions: list[str], **more: Any) -> dict[str, bytes | str]:
    rows = [{"file_name": f"{n}.png", "text": caption, **more} for n, caption in enumerate(captions)]
    return IMAGES | {"metadata.jsonl": "\n".join(json.dumps(row, ensure_ascii=False) for row in rows)}


@pytest.mark.parametrize(
    ("captions", "asked"), [(ENGLISH, "Describe this image."), (VIETNAMESE, "Mô tả hình ảnh này.")]
)
def test_captions_are_asked_for_in_their_language_and_that_is_said(
    tmp_path: Path, captions: list[str], asked: str
) -> None:
    reader = open_dataset(tmp_path, _metadata(captions))

    assert [texts(example) for example in examples(reader)] == [
        [f"<{n}.png> {asked}", caption] for n, caption in enumerate(captions)
    ]
    (found,) = [finding for finding in reader.findings if finding.code == "prompt-taken"]
    assert (found.severity, asked in found.message) == ("warning", True)
    assert "data: {prompt: " in found.fix


def test_the_recipe_says_what_is_asked(tmp_path: Path) -> None:
    reader = open_dataset(tmp_path, _metadata(ENGLISH), data=Data(prompt="What is drawn?"))

    assert texts(examples(reader)[0])[0] == "<0.png> What is drawn?"
    assert {finding.severity for finding in reader.findings} == {"info"}


def test_coco_with_a_row_for_each_caption(tmp_path: Path) -> None:
    images = [{"id": n, "file_name": f"{n}.png"} for n in range(3)]
    rows = [{"image_id": n % 3, "id": n, "caption": f"caption {n}"} for n in range(6)]
    document = json.dumps({"info": {}, "images": images, "annotations": rows, "licenses": []})

    found = examples(open_dataset(tmp_path, IMAGES | {"captions_train2017.json": document}))

    assert [texts(example)[1] for example in found] == [f"caption {n}" for n in range(6)]
    assert texts(found[4])[0] == "<1.png> Describe this image."


def test_karpathys_json_with_all_captions_of_an_image(tmp_path: Path) -> None:
    sentences = [{"raw": "A dog runs.", "tokens": ["a"]}, {"raw": "A running dog.", "tokens": ["a"]}]
    images = [{"filename": f"{n}.png", "imgid": n, "sentences": sentences, "split": "restval"} for n in range(3)]
    reader = open_dataset(tmp_path, IMAGES | {"dataset.json": json.dumps({"images": images, "dataset": "flickr30k"})})

    first, *_ = examples(reader)

    assert (texts(first)[1], first.references, first.split) == (
        "A dog runs.",
        ["A dog runs.", "A running dog."],
        "train",
    )


def test_a_table_of_captions(tmp_path: Path) -> None:
    found = examples(open_dataset(tmp_path, IMAGES | {"d.csv": "ảnh,chú thích\n0.png,Một hình tròn đỏ.\n"}))

    assert texts(found[0]) == ["<0.png> Mô tả hình ảnh này.", "Một hình tròn đỏ."]


def test_labels_of_images_need_a_question(tmp_path: Path) -> None:
    files = IMAGES | {"d.csv": "image,label\n0.png,cat\n1.png,dog\n"}
    rejected = rejections(open_dataset(tmp_path / "a", files))
    assert "data: {prompt: " in rejected[0].findings[0].fix

    first, _ = examples(open_dataset(tmp_path / "b", files, data=Data(prompt="Con gì?")))
    assert texts(first) == ["<0.png> Con gì?", "cat"]


def test_labels_of_texts(tmp_path: Path) -> None:
    data = Data(prompt="Khen hay chê?", columns=Columns(context="text"))

    (example,) = examples(open_dataset(tmp_path, {"d.csv": "text,label\nRất tốt.,khen\n"}, data=data))

    assert texts(example) == ["Rất tốt.\n\nKhen hay chê?", "khen"]


def test_questions_of_the_rows_are_not_replaced(tmp_path: Path) -> None:
    reader = open_dataset(tmp_path, {"d.csv": "question,answer\nWho?,me\n"}, data=Data(prompt="What?"))

    assert texts(examples(reader)[0])[0] == "Who?"
    assert "prompt-unused" in codes(reader)


def test_a_text_beside_an_answer_is_no_caption(tmp_path: Path) -> None:
    files = _metadata(["What is it?", "Who is it?", "Why?"], answer="a circle")

    assert {row.findings[0].code for row in rejections(open_dataset(tmp_path, files))} == {"rows-unrecognised"}


def test_a_missing_caption_is_listed(tmp_path: Path) -> None:
    (rejected,) = rejections(open_dataset(tmp_path, _metadata([*ENGLISH[:2], " "])))

    assert rejected.findings[0].code == "answer-missing"


def test_several_captions_of_a_picture_are_learnt_and_tested_as_several_answers(dataset: Path, intake: Intake) -> None:
    for n in range(12):
        (dataset / f"{n}.png").write_bytes(picture(n))
    rows = [f"{n}.png,caption {n}{letter},{'train' if n > 1 else 'test'}" for letter in "aba" for n in range(12)]
    (dataset / "captions.csv").write_text("\n".join(["image,caption,split", *rows]), "utf-8")

    outcome = intake()

    tested = [row["references"] for row in outcome.lines("prepared/test.jsonl")]
    assert tested == [["caption 0a", "caption 0b"], ["caption 1a", "caption 1b"]]
    (joined,) = outcome.found("captions-joined")
    assert "4 further captions count as correct answers for 2 pictures" in joined["message"]
    assert not outcome.found("conflicting-answers")
    assert outcome.report.counts["left_out"] == 4
