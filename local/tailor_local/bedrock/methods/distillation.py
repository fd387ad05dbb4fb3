"""Distillation: the teacher is asked every prompt, through Converse and with the job's role; the student learns what it
says. Where a row holds an answer of its own, the student learns that one."""

import gzip
import json
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from botocore.exceptions import ClientError

from tailor_local.bedrock import data, tokens
from tailor_local.bedrock.data import SCHEMA, DataError, Row
from tailor_local.bedrock.learner.classifier import Classifier, Example
from tailor_local.bedrock.learner.features import Prompt
from tailor_local.bedrock.methods.fine_tuning import learn
from tailor_local.bedrock.methods.work import Curve, Work
from tailor_local.bedrock.storage import StorageError

METHOD = "DISTILLATION"
ASKING = 4  # calls at a time
USUAL_ANSWER = 1000  # tokens


class Distillation:
    def __init__(self, work: Work) -> None:
        self._work = work
        self.model = Classifier()
        self._rows: list[Row] = []
        self._examples: list[Example] = []
        config = work.job.request["customizationConfig"]["distillationConfig"]["teacherModelConfig"]
        self._teacher: str = config["teacherModelIdentifier"]
        self._longest: int = config.get("maxResponseLengthForInference", USUAL_ANSWER)

    def read(self) -> None:
        work = self._work
        if work.training_uri is not None:
            self._rows = data.conversations(work.storage, work.training_uri, work.base, METHOD).rows
        else:
            logs = work.job.request["trainingDataConfig"]["invocationLogsConfig"]
            records = list(logged(work, logs, self._teacher))
            self._rows = [data.check_record(record, n, work.base, METHOD) for n, record in enumerate(records, 1)]
        data.check_count(METHOD, len(self._rows))

    def prepare(self) -> None:
        with ThreadPoolExecutor(ASKING) as askers:
            answers = list(askers.map(self._ask, self._rows))
        spent = 0
        for row, answer in zip(self._rows, answers, strict=True):
            role, text, _ = row.turns[-1]
            golden = text if role == "assistant" else None
            question = row.turns[-2][1] if golden is not None else text
            history = [row.system, *(said for _, said, _ in row.turns[: -2 if golden is not None else -1])]
            self._examples.append(Example(Prompt(question, " ".join(history)), golden or answer))
            spent += tokens.of_text(question) + tokens.of_text(golden or answer)
        self._work.meter(spent * self._work.epochs)

    def _ask(self, row: Row) -> str:
        self._work.check()
        turns = row.turns[:-1] if row.turns[-1][0] == "assistant" else row.turns
        request: dict[str, Any] = {
            "modelId": self._teacher,
            "messages": [{"role": role, "content": [{"text": text}]} for role, text, _ in turns],
            "inferenceConfig": {"maxTokens": self._longest},
        }
        if row.system:
            request["system"] = [{"text": row.system}]
        try:
            answer = self._work.storage.models.converse(**request)
        except ClientError as error:
            raise DataError(
                f"Could not invoke the teacher model {self._teacher}: {error.response['Error']['Message']}"
            ) from error
        return str(answer["output"]["message"]["content"][0]["text"])

    def train(self) -> Curve:
        return learn(self.model, self._examples, [], self._work)


def logged(work: Work, logs: Mapping[str, Any], teacher: str) -> Iterable[dict[str, Any]]:
    """Records out of Bedrock's invocation logs that fit the filters; their answers only where the teacher gave them."""
    uri = logs["invocationLogSource"]["s3Uri"]
    try:
        files = [uri] if uri.endswith(".gz") else [name for name in work.storage.listed(uri) if name.endswith(".gz")]
        for file in files:
            for line in gzip.decompress(work.storage.read(file)).decode().splitlines():
                entry = json.loads(line)
                if _fits(entry.get("requestMetadata") or {}, logs.get("requestMetadataFilters")):
                    keeps = logs.get("usePromptResponse", False) and teacher in str(entry.get("modelId"))
                    yield _record(entry, keeps)
    except StorageError as error:
        raise DataError(
            f"Could not validate GetObject permissions to access Amazon S3 bucket: {error.bucket} at key {error.key}"
        ) from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"Unable to parse the invocation logs at {uri}.") from error


def _record(entry: dict[str, Any], with_answer: bool) -> dict[str, Any]:
    asked = entry["input"]["inputBodyJson"]
    messages = list(asked["messages"])
    if with_answer:
        messages.append(entry["output"]["outputBodyJson"]["output"]["message"])
    return {"schemaVersion": SCHEMA, "system": asked.get("system") or [], "messages": messages}


def _fits(metadata: dict[str, str], filters: Mapping[str, Any] | None) -> bool:
    if not filters:
        return True
    ((kind, wanted),) = filters.items()
    if kind in ("andAll", "orAll"):
        results = [_fits(metadata, part) for part in wanted]
        return all(results) if kind == "andAll" else any(results)
    ((key, value),) = wanted.items()
    return bool(metadata.get(key) == value) is (kind == "equals")
