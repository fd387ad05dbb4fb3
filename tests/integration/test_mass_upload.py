"""Many uploads at once in an account that may run ten functions: a few are prepared at a time, and apps get answers."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise

from openai import OpenAI, OpenAIError

from tailor.runs import Run, State
from tailor.serving import keys
from tailor.serving.aliases import Version, promote
from tests.integration.pipeline import Pipeline
from tests.unit.contracts.template import template
from tests.waiting import PATIENCE, until

DATASETS = 24
ROWS = b"question,answer\n" + b"".join(b"%d + %d?,%d\n" % (n, n, n + n) for n in range(60))
AT_ONCE = template()["Parameters"]["StepConcurrency"]["Default"]


def most_at_once(runs: list[Run]) -> int:
    """Return how many of the runs were being prepared at the same moment, by their histories."""
    steps = []
    for run in runs:
        for change, after in pairwise(run.history):
            if change.state == State.PREPARING:
                steps += [(change.at, 1), (after.at, -1)]
    busy, most = 0, 0
    for _, step in sorted(steps):
        busy += step
        most = max(most, busy)
    return most


@contextmanager
def asking(api: OpenAI, model: str) -> Iterator[list[str | OpenAIError | None]]:
    """An app that asks one question after the other, and what it got: texts and errors."""
    answers: list[str | OpenAIError | None] = []
    ends = threading.Event()

    def ask() -> None:
        while not ends.is_set():
            try:
                said = api.chat.completions.create(model=model, messages=[{"role": "user", "content": "Màu gì?"}])
                answers.append(said.choices[0].message.content)
            except OpenAIError as error:
                answers.append(error)
            ends.wait(0.1)

    app = threading.Thread(target=ask)
    app.start()
    try:
        yield answers
    finally:
        ends.set()
        app.join()


def test_many_uploads_are_prepared_a_few_at_a_time_and_apps_get_answers_meanwhile(
    pipeline: Pipeline, deployment: str
) -> None:
    promote(pipeline.serving, "busy", Version(run="busy-1", deployment=deployment, model="nova-lite"), None, "test")
    secret, _ = keys.create(pipeline.serving, "app", ["busy"])
    api = OpenAI(base_url=pipeline.api, api_key=secret, timeout=PATIENCE)  # it tries twice more, as apps do
    assert api.chat.completions.create(model="busy", messages=[{"role": "user", "content": "Màu gì?"}]).choices
    with asking(api, "busy") as answers:
        for number in range(DATASETS):
            pipeline.upload(f"mass/sums-{number}", {"sums.csv": ROWS + b"%d?,%d\n" % (number, number)})
        before = (State.RECEIVED, State.PREPARING)
        runs = until(
            lambda: pipeline.runs.project_runs("mass"),
            lambda found: len(found) == DATASETS and not any(run.state in before for run in found),
            pause=1,
        )
    assert {run.states.count(State.PREPARING) for run in runs} == {1}
    assert not any(run.state == State.REJECTED for run in runs)
    assert most_at_once(runs) <= AT_ONCE
    print(f"{most_at_once(runs)} at once, {len(answers)} answers")
    assert [answer for answer in answers if not isinstance(answer, str)] == []
    assert len(answers) > 1
    assert pipeline.dead() == []
