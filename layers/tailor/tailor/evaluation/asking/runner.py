"""Ask every arm every question, at the pace that the models allow, and never twice.

Answers are kept by row id in small files, addressed by section, arm and chunk, so that a lost chunk can't shift answers
against references and separate workers never write the same file. What was answered before a stop stays answered.
"""

import hashlib
import threading
import time
from collections.abc import Callable, Collection, Container, Iterator, Sequence
from dataclasses import dataclass

from tailor.errors import EvaluationError, TailorError
from tailor.evaluation.questions.arms import Arm
from tailor.evaluation.questions.held_out import Answer, Row, read_answers, said_by, write_answers
from tailor.evaluation.questions.section import QuestionSet
from tailor.llm import Asker, Pace, ask
from tailor.storage import Storage

WORKERS = 8
_FLUSH_SECONDS = 1.0
_HOPELESS = 10
# Not the row's fault, and not charged: asked again when an evaluation continues.
_ASK_AGAIN = frozenset({"not-allowed", "not-found", "try-again"})


class AnswerStore:
    """The chunk files of one evaluation, under ``prefix``."""

    def __init__(self, files: Storage, prefix: str) -> None:
        self._files = files
        self._prefix = prefix

    def load(self, section: QuestionSet, chunks: Container[int]) -> dict[str, dict[int, dict[str, Answer]]]:
        """Return the answers so far by arm, chunk and row id; only of these chunks, so that each worker reads only its
        own."""
        found: dict[str, dict[int, dict[str, Answer]]] = {arm.name: {} for arm in section.arms}
        arms = {_folder(arm): arm.name for arm in section.arms}
        folder = f"{self._prefix}{section.name}/"
        for file in self._files.list(folder):
            arm, _, name = file.key.removeprefix(folder).partition("/")
            if arm in arms and name.endswith(".jsonl") and (chunk := int(name.removesuffix(".jsonl"))) in chunks:
                found[arms[arm]][chunk] = read_answers(self._files.read(file.key), file.key)
        return found

    def save(self, section: str, arm: Arm, chunk: int, answers: Collection[Answer]) -> None:
        ordered = sorted(answers, key=lambda answer: answer.id)
        self._files.write(
            f"{self._prefix}{section}/{_folder(arm)}/{chunk:05d}.jsonl", write_answers(ordered), "application/jsonl"
        )


def _folder(arm: Arm) -> str:
    """Return the folder of an arm's answers, by model too: another live version has other answers."""
    return f"{arm.name}-{hashlib.sha256(arm.model_id.encode()).hexdigest()[:8]}"


@dataclass(frozen=True, slots=True)
class CallProgress:
    """Calls, over all sections and arms, of the chunks to be asked. ``asked`` counts those of this call."""

    done: int
    total: int
    asked: int

    @property
    def complete(self) -> bool:
        return self.done >= self.total


@dataclass(slots=True)
class _Task:
    section: QuestionSet
    arm: Arm
    chunk: int
    row: Row


class Interview:
    """One call's questions to the models. ``deadline`` gives the seconds left; no question starts with less than
    ``reserve``."""

    def __init__(
        self,
        store: AnswerStore,
        asker: Asker,
        *,
        deadline: Callable[[], float],
        reserve: float,
        workers: int = WORKERS,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._store, self._asker = store, asker
        self._deadline, self._reserve, self._sleep = deadline, reserve, sleep
        self._workers, self._pace = workers, Pace(workers)
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._failure: BaseException | None = None
        self._answers: dict[tuple[str, Arm, int], dict[str, Answer]] = {}
        self._unsaved: set[tuple[str, Arm, int]] = set()
        self._saved_at = time.monotonic()
        self._refused: dict[str, int] = {}
        self._asked = 0

    def ask(self, sections: Sequence[QuestionSet], chunks: Collection[int] | None = None) -> CallProgress:
        """Ask what is missing, in all chunks or the given ones. Raises EvaluationError if an arm can't answer."""
        tasks = [task for section in sections for task in self._missing(section, chunks)]
        total = sum(
            len(section.chunk(chunk)) * len(section.arms) for section in sections for chunk in _chosen(section, chunks)
        )
        queue = iter(tasks)
        self._stop.clear()
        threads = [threading.Thread(target=self._work, args=(queue,), daemon=True) for _ in range(self._workers)]
        try:
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        finally:
            self._stop.set()
            for thread in threads:
                if thread.ident is not None:
                    thread.join()
            with self._lock:
                self._save()
        if self._failure is not None:
            raise self._failure
        names = {section.name for section in sections}
        done = sum(len(answers) for (name, _, _), answers in self._answers.items() if name in names)
        return CallProgress(done, total, self._asked)

    def answers(self, section: QuestionSet, arm: str) -> dict[str, Answer]:
        """Return all answers of an arm, after :meth:`ask`."""
        parts = [part for (name, who, _), part in self._answers.items() if (name, who.name) == (section.name, arm)]
        return {answer.id: answer for part in parts for answer in part.values()}

    def _missing(self, section: QuestionSet, chunks: Collection[int] | None) -> Iterator[_Task]:
        """Yield the missing questions row by row with the arms side by side, so that all are asked under the same
        conditions."""
        chosen = _chosen(section, chunks)
        stored = self._store.load(section, chosen)
        for chunk in chosen:
            rows = section.chunk(chunk)
            wanted = {row.id for row in rows}
            for arm in section.arms:
                kept = stored[arm.name].get(chunk, {})
                self._answers[section.name, arm, chunk] = {
                    identity: answer
                    for identity, answer in kept.items()
                    if identity in wanted and answer.error not in _ASK_AGAIN
                }
                if any(answer.error is None for answer in kept.values()):
                    self._refused[arm.name] = -1
            for place, row in enumerate(rows):
                turn = place % len(section.arms)
                for arm in [*section.arms[turn:], *section.arms[:turn]]:
                    if row.id not in self._answers[section.name, arm, chunk]:
                        yield _Task(section, arm, chunk, row)

    def _work(self, queue: Iterator[_Task]) -> None:
        try:
            while not self._stop.is_set() and self._deadline() > self._reserve:
                with self._lock:
                    task = next(queue, None)
                if task is None:
                    return
                answer = self._answer(task)
                if answer is None:
                    return
                self._keep(task, answer)
        except BaseException as error:
            self._failure = self._failure or error
            self._stop.set()

    def _answer(self, task: _Task) -> Answer | None:
        """Return the answer; None if time ran out first."""
        outcome = ask(
            self._asker,
            task.arm.model_id,
            task.section.build(task.row, task.arm),
            pace=self._pace,
            is_over=lambda: self._stop.is_set() or self._deadline() <= self._reserve,
            sleep=self._sleep,
        )
        if outcome is None:
            return None
        if isinstance(outcome, TailorError):
            return Answer(id=task.row.id, answer="", error=outcome.code)
        return said_by(
            task.row.id,
            outcome.text,
            stop_reason=outcome.stop_reason,
            latency_ms=outcome.latency_ms,
            input_tokens=outcome.input_tokens,
            output_tokens=outcome.output_tokens,
        )

    def _keep(self, task: _Task, answer: Answer) -> None:
        place = (task.section.name, task.arm, task.chunk)
        with self._lock:
            self._asked += 1
            self._answers[place][answer.id] = answer
            self._unsaved.add(place)
            self._check_hope(task.arm, answer)
            full = len(self._answers[place]) == len(task.section.chunk(task.chunk))
            if full or time.monotonic() - self._saved_at >= _FLUSH_SECONDS:
                self._save()

    def _save(self) -> None:
        """Store answers; a file that can't be written must not cost the answers in the others."""
        failure: BaseException | None = None
        for place in list(self._unsaved):
            try:
                self._store.save(*place, list(self._answers[place].values()))
                self._unsaved.discard(place)
            except BaseException as error:
                failure = failure or error
        self._saved_at = time.monotonic()
        if failure is not None:
            raise failure

    def _check_hope(self, arm: Arm, answer: Answer) -> None:
        """Raise EvaluationError for an arm that refuses every call from the start: its rows are not wrong answers."""
        if answer.error is None:
            self._refused[arm.name] = -1
        elif self._refused.get(arm.name, 0) >= 0:
            self._refused[arm.name] = self._refused.get(arm.name, 0) + 1
            if self._refused[arm.name] == _HOPELESS:
                raise EvaluationError(
                    f"the arm '{arm.name}' ({arm.model_id}) refused the first {_HOPELESS} calls: {answer.error}",
                    hint="check that the model is deployed, that its access is granted and that it takes such input",
                )


def _chosen(section: QuestionSet, chunks: Collection[int] | None) -> list[int]:
    return [chunk for chunk in range(section.chunks) if chunks is None or chunk in chunks]
