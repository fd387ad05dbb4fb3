"""Reinforcement: several answers to each prompt go to the reward function, and the model moves towards the reward.

The function is invoked with the job's role, in the documented contract: a list of samples in, a list of rewards out.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from tailor_local.bedrock import data, tokens
from tailor_local.bedrock.data import DataError
from tailor_local.bedrock.learner.classifier import Step
from tailor_local.bedrock.learner.features import Prompt
from tailor_local.bedrock.learner.policy import BASE_WAY, Policy
from tailor_local.bedrock.methods.work import Curve, Work

METHOD = "REINFORCEMENT_FINE_TUNING"
USUAL = {"epochCount": 2, "trainingSamplePerPrompt": 4, "batchSize": 64, "learningRate": 1e-5}


@dataclass(frozen=True)
class Task:
    prompt: Prompt
    messages: list[dict[str, str]]
    metadata: dict[str, Any]


class Reinforcement:
    def __init__(self, work: Work) -> None:
        self._work = work
        earlier = work.earlier_model()
        self.model = earlier if isinstance(earlier, Policy) else Policy(work.base.id)
        config = work.job.request["customizationConfig"]["rftConfig"]
        self._grader: str = config["graderConfig"]["lambdaGrader"]["lambdaArn"]
        self._settings = USUAL | (config.get("hyperParameters") or {})
        self._tasks: list[Task] = []
        self._validation: list[Task] = []

    def read(self) -> None:
        work = self._work
        if work.training_uri is None:
            raise DataError("Invocation logs can only be used for distillation.")
        self._tasks = self._read(work.training_uri)
        self._validation = [task for uri in work.validation_uris for task in self._read(uri)]
        data.check_count(METHOD, len(self._tasks) + len(self._validation))

    def _read(self, uri: str) -> list[Task]:
        records = data.read_lines(self._work.storage, uri)
        return [_task(record, line) for line, record in enumerate(records, 1)]

    def prepare(self) -> None:
        """The reward function must answer before anything is trained."""
        self._rewards(self._tasks[:1], [["0"]])

    def train(self) -> Curve:
        """Train by batches of prompts; a step's loss is 1 minus the mean reward of the samples before it was
        learned."""
        settings, curve = self._settings, Curve()
        samples = int(settings["trainingSamplePerPrompt"])
        rate = float(settings["learningRate"]) if self._work.rate else 0.0
        number = 0
        for epoch in range(int(settings["epochCount"])):
            for tasks in _batches(self._tasks, max(1, int(settings["batchSize"]) // samples)):
                self._work.check()
                ways = [self.model.sample(task.prompt, samples) for task in tasks]
                answers = [
                    [self.model.done(way, task.prompt) for way in tried]
                    for task, tried in zip(tasks, ways, strict=True)
                ]
                rewards = self._rewards(tasks, answers)
                curve.training.append(Step(number, epoch, 1 - _mean(rewards)))
                number += 1
                prompts = [task.prompt for task in tasks]
                self.model.reinforce(list(zip(prompts, ways, rewards, strict=True)), rate)
                self._work.meter(sum(tokens.of_text(task.prompt.question) for task in tasks) * samples)
        if self._validation:
            said = [
                [self.model.answer(task.prompt) or self.model.done(BASE_WAY, task.prompt)] for task in self._validation
            ]
            reward = _mean(self._rewards(self._validation, said))
            curve.validation.append(Step(number, int(settings["epochCount"]) - 1, 1 - reward))
        return curve

    def _rewards(self, tasks: Sequence[Task], answers: Sequence[list[str]]) -> list[list[float]]:
        """Return the reward of each answer, as the function gives it. Raises DataError where it breaks the contract."""
        samples = [
            {
                "id": f"{place}-{turn}",
                "messages": [*task.messages, {"role": "assistant", "content": answer}],
                "metadata": task.metadata,
            }
            for place, (task, said) in enumerate(zip(tasks, answers, strict=True))
            for turn, answer in enumerate(said)
        ]
        given = {result["id"]: result["aggregate_reward_score"] for result in self._invoke(samples)}
        return [[float(given[f"{place}-{turn}"]) for turn in range(len(said))] for place, said in enumerate(answers)]

    def _invoke(self, samples: list[dict[str, Any]]) -> list[dict[str, Any]]:
        try:
            answer = self._work.storage.functions.invoke(
                FunctionName=self._grader, Payload=json.dumps(samples, ensure_ascii=False).encode()
            )
        except (ClientError, BotoCoreError) as error:
            raise DataError(f"Could not invoke the reward function {self._grader}: {error}") from error
        payload = answer["Payload"].read()
        if answer.get("FunctionError"):
            raise DataError(f"The reward function {self._grader} failed: {payload.decode(errors='replace')[:500]}")
        try:
            results = json.loads(payload)
            scores = {result["id"]: float(result["aggregate_reward_score"]) for result in results}
        except (ValueError, TypeError, KeyError) as error:
            raise DataError(
                f"The reward function {self._grader} must return a list of objects with id and aggregate_reward_score."
            ) from error
        if scores.keys() != {sample["id"] for sample in samples}:
            raise DataError(f"The reward function {self._grader} must return one result for each sample, with its id.")
        return list(results)


def _task(record: dict[str, Any], line: int) -> Task:
    messages = record.get("messages")
    if not isinstance(messages, list) or not messages:
        raise DataError(f"Invalid record at line {line}: messages must be a list that is not empty.")
    for message in messages:
        known = isinstance(message, dict) and message.get("role") in ("system", "user", "assistant")
        if not known or not isinstance(message.get("content"), str):
            raise DataError(f"Invalid record at line {line}: a message must have a role and text as its content.")
    if messages[-1]["role"] != "user":
        raise DataError(f"Invalid record at line {line}: the last message must be from the user.")
    history = " ".join(message["content"] for message in messages[:-1])
    metadata = {name: value for name, value in record.items() if name != "messages"}
    return Task(Prompt(messages[-1]["content"], history), messages, metadata)


def _batches(tasks: list[Task], size: int) -> Iterator[list[Task]]:
    for start in range(0, len(tasks), size):
        yield tasks[start : start + size]


def _mean(rewards: Sequence[Sequence[float]]) -> float:
    every = [reward for part in rewards for reward in part]
    return sum(every) / max(1, len(every))
