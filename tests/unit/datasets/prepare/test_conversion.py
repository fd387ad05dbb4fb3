"""Documents are read once, in processes that a bad one may end; several functions share the work."""

import os
import signal
from pathlib import Path

import pytest

from tailor import catalog
from tailor.datasets.documents import pdf as pdf_reader
from tailor.datasets.documents.model import Extracted
from tailor.datasets.prepare import Assignment, Intake, ShardPlan, estimate_work
from tailor.datasets.scale import Shards
from tailor.errors import RetryableError
from tailor.recipe import Recipe
from tailor.storage import FolderStorage
from tests.unit.datasets.conftest import Intake as Run
from tests.unit.datasets.documents.making import docx, epub, p, pdf

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # the test runner itself has threads
RECIPE = Recipe.model_validate(
    {"method": "continued-pre-training", "model": "titan-text-lite", "data": {"on_error": "skip", "max_errors": 1}}
)
_read = pdf_reader.read


class Counted(FolderStorage):
    """Counts how often each object is read as a whole; ``trouble`` is raised instead, where there is one."""

    def __init__(self, root: Path, trouble: Exception | None = None) -> None:
        super().__init__(root)
        self.log, self.trouble = root / "reads", trouble

    def read(self, key: str, start: int = 0, length: int | None = None) -> bytes:
        if self.trouble:
            raise self.trouble
        with self.log.open("a") as log:  # other processes read, too
            log.write(f"{key}\n")
        return super().read(key, start, length)


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    folder = tmp_path / "uploads/p/d"
    folder.mkdir(parents=True)
    for n in range(12):
        (folder / f"{n:02d}.pdf").write_bytes(pdf([f"This is the text of the document number {n}."]))
        (folder / f"{n:02d}.docx").write_bytes(docx(p(f"A text with the number {n}. " * 300)))
    (folder / "book.epub").write_bytes(epub("<p>A book."))
    return tmp_path


def assignment(root: Path, name: str, storage: FolderStorage | None = None) -> Assignment:
    scratch = root / name / "scratch"
    scratch.mkdir(parents=True)
    model = catalog.model(RECIPE.model)
    out = FolderStorage(root / name / "out")
    return Assignment(storage or FolderStorage(root), "uploads/p/d/", out, "r/", RECIPE, model, None, scratch)


def reports(root: Path, name: str) -> dict[str, bytes]:
    folder = root / name / "out"
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def alone(root: Path, workers: int = 1) -> dict[str, bytes]:
    with Intake(assignment(root, f"alone-{workers}")) as intake:
        intake.finish(intake.check(workers), write_unusable=True)
    return reports(root, f"alone-{workers}")


def test_documents_that_end_the_program_are_named_and_the_others_are_learnt(
    dataset: Path, intake: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read(data: bytes) -> Extracted:
        for number, ended in ((3, signal.SIGKILL), (5, signal.SIGALRM), (11, signal.SIGSEGV)):
            if f"number {number}.".encode() in data:
                os.kill(os.getpid(), ended)
        if b"number 7." in data:
            raise AttributeError("a bug")
        return _read(data)

    monkeypatch.setattr(pdf_reader, "read", read)
    outcome = intake(**RECIPE.model_dump(exclude_unset=True))
    assert outcome.report.counts["rejected"] == 4
    told = {found["file"]: found["message"] for found in outcome.found("document-damaged")}
    assert told.keys() == {"03.pdf", "05.pdf", "07.pdf", "11.pdf"}
    assert {name for name, message in told.items() if "two minutes" in message} == {"05.pdf"}
    learnt = {file["file"] for file in outcome.report.files}
    assert outcome.report.counts["used"] >= len(learnt) - 4 == 21


def test_word_files_weigh_what_they_unpack_to(dataset: Path) -> None:
    with Intake(assignment(dataset, "weighed")) as intake:
        sizes = {file.name: file.size for file in intake.reader.files}
        packed = sum(size for name, size in sizes.items() if not name.endswith(".pdf"))
        assert estimate_work(intake.reader).text == sum(sizes.values()) + 2 * packed


def test_what_storage_says_is_not_taken_for_the_documents_fault(dataset: Path) -> None:
    storage = Counted(dataset, RetryableError("slow down"))
    with Intake(assignment(dataset, "trouble", storage)) as intake, pytest.raises(RetryableError):
        intake.check(1)


def test_several_workers_and_functions_read_each_document_once(dataset: Path) -> None:
    (dataset / "uploads/p/d/04.pdf").write_bytes(b"%PDF-1.4 damaged")
    expected = alone(dataset)
    assert alone(dataset, workers=2) == expected
    work, read = FolderStorage(dataset / "work"), []
    for number in range(3):
        storage = Counted(dataset)
        given = assignment(dataset, f"shard-{number}", storage)
        shards = Shards(work, "work/r/", ShardPlan(3, 0), 1, given.scratch)
        with Intake(given) as intake:
            shards.check(number, intake)
        read.append(len(storage.log.read_text().splitlines()))
        storage.log.unlink()
    assert read == [25, 16, 8]  # each keeps its share: at once, each would read little but that
    given = assignment(dataset, "merged")
    shards = Shards(work, "work/r/", ShardPlan(3, 0), 1, given.scratch)
    assert not shards.missing()
    with Intake(given) as intake:
        intake.finish(shards.outputs, write_unusable=True)
    assert reports(dataset, "merged") == expected
