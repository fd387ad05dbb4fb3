import re
from typing import Any

import botocore.session
import orjson
import pytest
from botocore.validate import ParamValidator

from tailor.errors import InvalidInputError
from tailor.evaluation.asking.judge_job import MOST_PROMPTS, dataset, request
from tailor.evaluation.questions.held_out import Answer, Row

SERVICE = botocore.session.get_session().get_service_model("bedrock")


def row(place: int, text: str = "Màu gì?") -> Row:
    return Row(f"r{place}", ("đỏ",), "g", "colour", ({"role": "user", "content": [{"text": text}]},))


def test_answers_become_one_line_each_and_what_can_not_be_judged_is_left_out() -> None:
    rows = [row(0), row(1), row(2, "dài " * 2000), row(3)]
    answers = {"r0": Answer("r0", "đỏ"), "r1": Answer("r1", "", error="try-again"), "r2": Answer("r2", "đỏ")}
    lines = dataset(rows, answers, "ours").splitlines()
    assert [orjson.loads(line) for line in lines] == [
        {
            "prompt": "Màu gì?",
            "referenceResponse": "đỏ",
            "category": "colour",
            "modelResponses": [{"response": "đỏ", "modelIdentifier": "ours"}],
        }
    ]


def test_a_job_takes_no_more_than_it_may() -> None:
    rows = [row(place) for place in range(MOST_PROMPTS + 50)]
    answers = {one.id: Answer(one.id, "đỏ") for one in rows}
    assert len(dataset(rows, answers, "ours").splitlines()) == MOST_PROMPTS
    with pytest.raises(InvalidInputError, match="no answer"):
        dataset(rows, {}, "ours")


def test_the_request_is_what_the_service_model_asks_for() -> None:
    made = request(
        name="colours-scenes-0f3a-candidate",
        role_arn="arn:aws:iam::123456789012:role/judge",
        source="colours-scenes-0f3a-candidate",
        judge="amazon.nova-pro-v1:0",
        dataset_uri="s3://bucket/runs/r/evaluation/judge/candidate/dataset.jsonl",
        output_uri="s3://bucket/runs/r/evaluation/judge/candidate/",
    )
    shape: Any = SERVICE.operation_model("CreateEvaluationJob").input_shape
    assert not ParamValidator().validate(made, shape).has_errors()
    for member, value in (
        ("jobName", made["jobName"]),
        ("roleArn", made["roleArn"]),
        ("clientRequestToken", made["jobName"]),
    ):
        assert re.fullmatch(shape.members[member].metadata["pattern"], value)
