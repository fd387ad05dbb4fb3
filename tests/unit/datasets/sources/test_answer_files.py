"""VQA v2 and its kin as they are published: questions in one file, answers in another, images named by COCO's ids."""

import json
from pathlib import Path
from typing import Any

import pytest

from tailor.datasets.example import Example, Media, Rejected
from tailor.datasets.formats import DatasetReader
from tests.unit.datasets.support import PIXEL, codes, examples, open_dataset, rejections, texts

QUESTIONS = "v2_OpenEnded_mscoco_{}2014_questions.json"
ANNOTATIONS = "v2_mscoco_{}2014_annotations.json"


def questions(ids: list[int], subset: str = "train") -> bytes:
    """Built like ``v2_OpenEnded_mscoco_train2014_questions.json``."""
    head: dict[str, Any] = {
        "info": {"description": "This is v2.0 of the VQA dataset.", "url": "http://visualqa.org", "version": "2.0"},
        "task_type": "Open-Ended",
        "data_type": "mscoco",
        "license": {"url": "http://creativecommons.org/licenses/by/4.0/"},
        "data_subtype": f"{subset}2014",
    }
    rows = [{"image_id": n // 10, "question": f"What is {n}?", "question_id": n} for n in ids]
    return json.dumps({**head, "questions": rows}).encode()


def annotations(ids: list[int], subset: str = "train") -> bytes:
    """Built like ``v2_mscoco_train2014_annotations.json``: ten answers each."""
    rows = [
        {
            "question_type": "what is",
            "multiple_choice_answer": f"thing {n}",
            "answers": [
                {"answer": f"thing {n}" if at < 7 else "net", "answer_confidence": "yes", "answer_id": at + 1}
                for at in range(10)
            ],
            "image_id": n // 10,
            "answer_type": "other",
            "question_id": n,
        }
        for n in ids
    ]
    head = {"info": {"version": "2.0"}, "license": {"name": "CC"}, "data_subtype": f"{subset}2014"}
    return json.dumps({**head, "annotations": rows}).encode()


def images(*ids: int, subset: str = "train") -> dict[str, bytes | str]:
    return {f"{subset}2014/COCO_{subset}2014_{id:012d}.jpg": PIXEL for id in ids}


def vqa(tmp_path: Path, asked: list[int], answered: list[int]) -> DatasetReader:
    files: dict[str, bytes | str] = {
        QUESTIONS.format("train"): questions(asked),
        ANNOTATIONS.format("train"): annotations(answered),
        **images(42, 43),
    }
    return open_dataset(tmp_path, files)


def test_questions_get_the_answers_with_their_ids(tmp_path: Path) -> None:
    reader = vqa(tmp_path, [420, 421, 430], [430, 420, 421])
    first, second, third = examples(reader)
    assert [texts(row)[-1] for row in (first, second, third)] == ["thing 420", "thing 421", "thing 430"]
    assert first.references == ["thing 420", "net"]
    assert (first.file, first.line, first.id, first.category) == (QUESTIONS.format("train"), 1, "420", "what is")
    picture = third.turns[0].blocks[0]
    assert isinstance(picture, Media)
    found = reader.media.resolve(picture.ref or "")
    assert found is not None
    assert found.name == "train2014/COCO_train2014_000000000043.jpg"
    assert "files-joined" in codes(reader)


def test_what_has_no_other_half_is_listed_where_it_stands(tmp_path: Path) -> None:
    rows = list(vqa(tmp_path, [420, 421, 430], [420, 421, 421, 99]))
    listed = {(row.file, row.line): row.findings[0].code for row in rows if isinstance(row, Rejected)}
    assert sum(isinstance(row, Example) for row in rows) == 2
    assert listed == {
        (QUESTIONS.format("train"), 3): "answer-missing",
        (ANNOTATIONS.format("train"), 3): "answer-repeated",
        (ANNOTATIONS.format("train"), 4): "question-missing",
    }


def test_the_published_parts_stay_parts(tmp_path: Path) -> None:
    files: dict[str, bytes | str] = {**images(1), **images(2, subset="val")}
    for subset, id in (("train", 10), ("val", 20)):
        files[QUESTIONS.format(subset)] = questions([id], subset)
        files[ANNOTATIONS.format(subset)] = annotations([id], subset)
    rows = examples(open_dataset(tmp_path, files))
    assert [(texts(row)[-1], row.split) for row in rows] == [("thing 10", "train"), ("thing 20", "validation")]


def test_tables_are_joined_too(tmp_path: Path) -> None:
    reader = open_dataset(
        tmp_path,
        {"questions.csv": "id,question\na,Who?\nb,When?\n", "answers.csv": "id,answer\nb,now\na,me\n"},
    )
    assert [texts(row) for row in examples(reader)] == [["Who?", "me"], ["When?", "now"]]


@pytest.mark.parametrize(
    "answers",
    [
        pytest.param("id,answer\nx,now\ny,me\n", id="other ids"),
        pytest.param("id,answer\na,now\ny,me\nz,you\n", id="mostly other ids"),
        pytest.param("key,answer\na,now\nb,me\n", id="no ids"),
        pytest.param("id,answer\na,now\na,then\na,me\n", id="ids that repeat"),
    ],
)
def test_files_that_do_not_belong_together_are_not_joined(tmp_path: Path, answers: str) -> None:
    reader = open_dataset(tmp_path, {"questions.csv": "id,question\na,Who?\nb,When?\n", "answers.csv": answers})
    assert {row.findings[0].code for row in rejections(reader)} == {"rows-unrecognised"}
    assert "files-joined" not in codes(reader)


def test_a_file_that_breaks_off_loses_nothing_before_the_break(tmp_path: Path) -> None:
    files: dict[str, bytes | str] = {
        QUESTIONS.format("train"): questions([420, 421, 422]),
        ANNOTATIONS.format("train"): annotations([420, 421, 422])[:-300],
        **images(42),
    }
    reader = open_dataset(tmp_path, files)
    rows = list(reader)
    assert sum(isinstance(row, Example) for row in rows) == 2
    listed = [(row.file, row.line, row.findings[0].code) for row in rows if isinstance(row, Rejected)]
    assert listed[0] == (QUESTIONS.format("train"), 3, "answer-missing")
    assert (listed[1][0], len(listed)) == (ANNOTATIONS.format("train"), 2)
