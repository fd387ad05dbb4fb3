"""Prepare an evaluation job of Bedrock, whose judge scores existing answers: its dataset and its request.

Evaluation jobs can't call a custom model's on-demand deployment, so Tailor brings the answers it has. One job judges
one arm, at most 1,000 prompts of 4 KB.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from tailor.errors import InvalidInputError
from tailor.evaluation.questions.held_out import Answer, Row

MOST_PROMPTS = 1_000
PROMPT_BYTES = 4 * 1024
METRICS = ("Builtin.Correctness", "Builtin.Completeness", "Builtin.FollowingInstructions", "Builtin.Refusal")
# What judge jobs take, although the service model's list of task types does not have it.
_TASK = "General"


def dataset(rows: Sequence[Row], answers: Mapping[str, Answer], source: str) -> bytes:
    """Return JSON Lines with the question, the reference and the arm's answer. Rows without an answer or with too long
    a prompt are left out; raises InvalidInputError if none is left."""
    lines = [
        {
            "prompt": row.question,
            **({"referenceResponse": row.references[0]} if row.references else {}),
            **({"category": row.category} if row.category else {}),
            "modelResponses": [{"response": answers[row.id].answer, "modelIdentifier": source}],
        }
        for row in rows
        if row.id in answers and answers[row.id].answer.strip() and 0 < len(row.question.encode()) <= PROMPT_BYTES
    ]
    if not lines:
        raise InvalidInputError("there is no answer that a judge could look at")
    return b"".join(orjson.dumps(line) + b"\n" for line in lines[:MOST_PROMPTS])


def request(*, name: str, role_arn: str, source: str, judge: str, dataset_uri: str, output_uri: str) -> dict[str, Any]:
    """Return the CreateEvaluationJob request. ``source`` names the arm in the dataset, ``judge`` is a model id."""
    measured = {
        "taskType": _TASK,
        "dataset": {"name": name, "datasetLocation": {"s3Uri": dataset_uri}},
        "metricNames": list(METRICS),
    }
    return {
        "jobName": name,
        "clientRequestToken": name,
        "roleArn": role_arn,
        "applicationType": "ModelEvaluation",
        "evaluationConfig": {
            "automated": {
                "datasetMetricConfigs": [measured],
                "evaluatorModelConfig": {"bedrockEvaluatorModels": [{"modelIdentifier": judge}]},
            }
        },
        "inferenceConfig": {"models": [{"precomputedInferenceSource": {"inferenceSourceIdentifier": source}}]},
        "outputDataConfig": {"s3Uri": output_uri},
    }
