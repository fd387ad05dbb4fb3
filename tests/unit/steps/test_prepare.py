import shutil
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tailor import metrics
from tailor.errors import RetryableError
from tailor.runs import MAX_ATTEMPTS, Run, State
from tailor.serving.aliases import Alias, Version
from tailor.steps.frozen import MANIFEST
from tailor.steps.prepare import prepare
from tailor.steps.preparing import PrepareServices
from tailor.storage import FolderStorage
from tests.unit.steps.fakes import NOW, MemoryAliases, MemoryRuns, OneFunction, OpenRegion
from tests.unit.steps.uploads import opened
from tests.unit.versions import VersionedFolder

ROWS = "question,answer\n" + "".join(f"Thủ đô của nước số {n} là gì?,Thành phố {n}\n" for n in range(60))
PREFIX = "uploads/capitals/quiz/"


class Setting:
    def __init__(
        self, tmp_path: Path, recipe: str = "model: nova-micro", prefix: str = PREFIX, rows: str = ROWS
    ) -> None:
        self.bucket, self.runs, self.scratch = VersionedFolder(tmp_path / "bucket"), MemoryRuns(), tmp_path / "scratch"
        self.bucket.write(f"{prefix}data.csv", rows.encode())
        self.bucket.write(f"{prefix}tailor.yaml", recipe.encode())
        self.id = opened(prefix, self.bucket, self.runs, NOW).id

    def prepare(self, after: timedelta = timedelta(), **changes: Any) -> Run | None:
        shutil.rmtree(self.scratch, ignore_errors=True)
        self.scratch.mkdir()
        settings: dict[str, Any] = {
            "bucket": self.bucket,
            "runs": self.runs,
            "bucket_owner": "123456789012",
            "asker": None,
            "aliases": MemoryAliases(),
            "fan_out": OneFunction(State.PREPARING),
            "offers": OpenRegion(),
            "region": "us-east-1",
        }
        services = PrepareServices(**(settings | changes))
        return prepare(self.id, services, scratch=self.scratch, lease_seconds=900, now=NOW + after)


def test_the_logs_of_a_distillation_are_compared_with_the_held_out_rows(tmp_path: Path) -> None:
    recipe = "{model: nova-micro, method: distillation, distillation: {logs: {uri: 's3://my-logs/a/'}}}"
    opened_buckets = []

    def open_bucket(name: str) -> FolderStorage:
        opened_buckets.append(name)
        return FolderStorage(tmp_path / "none")

    run = Setting(tmp_path, recipe).prepare(open_bucket=open_bucket)
    assert run is not None
    assert (run.state, opened_buckets) == (State.PREPARED, ["my-logs"])
    assert "logs-not-compared" in [found.code for found in run.report.findings]


def test_the_system_prompt_that_all_rows_share_is_kept_for_the_live_version(tmp_path: Path) -> None:
    recipe = "model: nova-micro\ndata: {system: Answer in one word.}"
    run = Setting(tmp_path / "one", recipe).prepare()
    assert run is not None
    assert (run.state, run.report.system) == (State.PREPARED, "Answer in one word.")
    too_long = Setting(tmp_path / "long", recipe.replace("one word", "one word " + "please " * 3000)).prepare()
    assert too_long is not None
    assert (too_long.state, too_long.report.system) == (State.PREPARED, None)
    without = Setting(tmp_path / "none").prepare()
    assert without is not None
    assert without.report.system is None


def test_rows_with_prompts_of_their_own_leave_the_live_version_without_one(tmp_path: Path) -> None:
    head, *rows = ROWS.splitlines()
    each = [f"{head},system", *(f"{row},Answer as number {n % 7}." for n, row in enumerate(rows))]
    run = Setting(tmp_path, rows="\n".join(each)).prepare()
    assert run is not None
    assert (run.state, run.report.system) == (State.PREPARED, None)


def test_a_good_dataset_is_prepared_and_quoted_once(tmp_path: Path) -> None:
    setting = Setting(tmp_path)
    run = setting.prepare()
    assert run is not None
    assert run.state == State.PREPARED
    assert run.report.counts["rows"] == 60
    assert run.quote
    assert run.quote.lines
    assert any(file.key.endswith("prepared/manifest.json") for file in setting.bucket.list(run.files))
    assert setting.prepare() is None


def test_a_version_that_is_live_is_quoted_as_one_to_ask(tmp_path: Path) -> None:
    aliases = MemoryAliases()
    aliases.save_alias(
        Alias(project="capitals", live=Version(run="capitals-a", deployment="arn:d", model="nova-micro"))
    )
    for given, words in ((aliases, "; live version: "), (MemoryAliases(), "; versions that go live meanwhile: ")):
        run = Setting(tmp_path / words[2:6]).prepare(aliases=given)
        assert run is not None
        assert run.quote
        [how] = [line.how for line in run.quote.lines if line.item == "evaluation"]
        assert words in how


@pytest.mark.parametrize(
    ("recipe", "words"),
    [
        ("modle: nova-lite", "did you mean 'model'?"),
        ("model: nova-litee", "nova-lite"),
        ("model: nova-micro\nevaluation: {metric: exact-mtach}", "did you mean 'exact_match'?"),
        ("model: nova-micro\ndeployment: {kind: provisioned}", "they need an end"),
        ("model: nova-micro\nhyperparameters: {epochs: 99}", "1 to 5"),
        ("model: nova-micro\nevaluation: {judge: nova-por}", "did you mean 'nova-pro'?"),
        ("model: nova-micro\nevaluation: {max_tokens: 5001}", "choose 1 to 5,000"),
        ("model: nova-micro\nmethod: distillation\ndistillation: {max_answer_tokens: 6000}", "choose 1 to 5,000"),
    ],
)
def test_a_recipe_that_can_not_be_followed_is_rejected_with_what_to_do(tmp_path: Path, recipe: str, words: str) -> None:
    setting = Setting(tmp_path, recipe)
    run = setting.prepare()
    assert run is not None
    assert run.state == State.REJECTED
    assert words in setting.bucket.read(f"{run.files}report/findings.jsonl").decode()
    assert not any("/prepared/" in file.key for file in setting.bucket.list(run.files))


def test_folder_names_that_aws_would_refuse_are_rejected_with_better_ones(tmp_path: Path) -> None:
    setting = Setting(tmp_path, prefix="uploads/Thủ Đô/Bộ 1/")
    run = setting.prepare()
    assert run is not None
    assert run.state == State.REJECTED
    findings = setting.bucket.read(f"{run.files}report/findings.jsonl").decode()
    assert "thu-do" in findings
    assert "bo-1" in findings


def test_a_folder_that_changed_since_is_not_trained_on_where_an_earlier_version_opened_the_run(tmp_path: Path) -> None:
    setting = Setting(tmp_path)
    setting.bucket.delete([f"{setting.runs.get(setting.id).files}{MANIFEST}"])  # earlier versions wrote none
    setting.bucket.write(f"{PREFIX}more.csv", b"question,answer\na,b\n")
    run = setting.prepare()
    assert run is not None
    assert run.state == State.REJECTED
    assert "files again" in setting.bucket.read(f"{run.files}report/findings.jsonl").decode()


def test_storage_that_fails_now_is_retried_at_once_and_no_verdict_on_the_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    setting = Setting(tmp_path)
    with monkeypatch.context() as patch:

        def throttled(*_: Any) -> bytes:
            raise RetryableError("slow down")

        patch.setattr(setting.bucket, "read", throttled)
        patch.setattr(setting.bucket, "open", throttled)
        with pytest.raises(RetryableError):
            setting.prepare()
    run = setting.prepare()
    assert run is not None
    assert run.state == State.PREPARED


def test_what_kills_the_function_every_time_is_given_up_and_said(tmp_path: Path) -> None:
    setting = Setting(tmp_path)
    for attempt in range(MAX_ATTEMPTS):
        # Killed: nothing is saved, and the lease has to run out.
        run = setting.runs.get(setting.id)
        state = run.moved(State.PREPARING, by="prepare") if run.state == State.RECEIVED else run
        setting.runs.save(state.model_copy(update={"attempts": attempt + 1, "lease_until": NOW}))
    rejected = setting.prepare(timedelta(seconds=1))
    assert rejected is not None
    assert rejected.state == State.REJECTED
    assert "gave-up" in setting.bucket.read(f"{rejected.files}report/findings.jsonl").decode()


def test_metric_names_are_known_without_loading_what_computes_them() -> None:
    assert set(metrics.names()) == set(metrics.all_metrics())
    assert metrics.get("exact-match") is metrics.get("exact_match")


def test_a_recipe_that_breaks_the_step_each_time_is_given_up_with_a_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    setting = Setting(tmp_path)
    monkeypatch.setattr("tailor.steps.upload_request.read_checked", lambda text: 1 / 0)
    for _ in range(MAX_ATTEMPTS):
        with pytest.raises(ZeroDivisionError):
            setting.prepare()
    rejected = setting.prepare()
    assert rejected is not None
    assert rejected.state == State.REJECTED
    assert "gave-up" in setting.bucket.read(f"{rejected.files}report/findings.jsonl").decode()
