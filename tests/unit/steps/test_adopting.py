"""A model that was made elsewhere: which is refused, what it is measured on, and that nobody's model is deleted."""

import json
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tailor.costs import Quote
from tailor.errors import ConflictError, InvalidInputError, NotFoundError, NotOursError, TailorError
from tailor.names import UPLOADS
from tailor.recipe import Recipe
from tailor.recipe_serving import Retention
from tailor.runs import Run, State
from tailor.steps import uploading
from tailor.steps.adopting import Adopting, Adoption, adopt, examine
from tailor.steps.frozen import freeze, frozen_upload
from tailor.steps.models import delete_models, retention_over
from tailor.steps.ownership import OwnControl, Owner
from tailor.steps.provision import provision
from tailor.steps.reconcile import Reconciler
from tailor.steps.services import RunServices
from tailor.steps.steer import retry, stop
from tailor.steps.train import TrainServices, train
from tailor.steps.upload_request import read_request
from tailor.steps.uploading import IncompleteError, LocalFile
from tailor.training.line import JobQueue
from tests.unit.steps.fakes import (
    ARN,
    NOW,
    MemoryAliases,
    MemoryBus,
    MemoryControl,
    MemoryFolders,
    MemoryRuns,
    MemoryWakeUps,
    OpenRegion,
    a_run,
    unlimited,
)
from tests.unit.steps.test_train import MANIFEST
from tests.unit.steps.uploads import open_folder, opened
from tests.unit.versions import VersionedFolder

OURS, THEIRS = Owner("tailor", "prod"), Owner("tailor-dev", "dev")
MODEL = f"{ARN}:custom-model/amazon.nova-micro-v1:0:128k/abcdefghi123"
PACKAGE = "arn:aws:sagemaker:us-east-1:123456789012:model-package/colours/1"
CHECKPOINT = "s3://customer-escrow-123456789012-smtj-abc/elsewhere/checkpoint"
BASE = "arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-micro-v1:0:128k"
PREFIX = f"{UPLOADS}colours/scenes/"
FREE = Quote(model="nova-micro", method="fine-tuning", lines=())
LATER = NOW + timedelta(days=400)


class Account(MemoryControl):
    """Custom models by ARN, with their tags. One that is imported is Creating until a test says otherwise."""

    def __init__(self) -> None:
        super().__init__()
        self.models: dict[str, dict[str, Any]] = {}
        self.known: dict[str, dict[str, str]] = {}
        self.made_elsewhere({})

    def made_elsewhere(self, tags: dict[str, str], **about: Any) -> None:
        self.models[MODEL] = {"modelStatus": "Active", "baseModelArn": BASE, "modelName": "theirs"} | about
        self.models[MODEL] |= {"modelArn": MODEL, "creationTime": NOW}
        self.known[MODEL] = tags

    def tags(self, arn: str) -> dict[str, str]:
        return self.known.get(arn, {})

    def get_model(self, identifier: str) -> dict[str, Any]:
        found = [model for model in self.models.values() if identifier in (model["modelArn"], model["modelName"])]
        if not found:
            raise NotFoundError(identifier)
        return found[0]

    def create_model(self, request: Any) -> str:
        arn = super().create_model(request)
        made = {"modelArn": arn, "modelName": request["modelName"], "modelStatus": "Creating", "creationTime": NOW}
        self.models.setdefault(arn, made)
        self.known.setdefault(arn, {pair["key"]: pair["value"] for pair in request["modelTags"]})
        return arn

    def delete_model(self, identifier: str) -> None:
        super().delete_model(identifier)
        del self.models[identifier]

    def create_deployment(self, name: str, model_arn: str, *, tags: Any, **how: Any) -> str:
        arn = super().create_deployment(name, model_arn, tags=tags, **how)
        self.known[arn] = tags
        return arn


class Stage:
    """A stack and its steps. ``package_tags`` are those of every model package."""

    def __init__(self, folder: Path) -> None:
        self.account, self.runs, self.aliases = Account(), MemoryRuns(), MemoryAliases()
        self.bucket: Any = VersionedFolder(folder)
        self.control = OwnControl(self.account, OURS)
        self.package_tags: dict[str, str] = {}

    def lies_there(self) -> None:
        self.bucket.write(f"{PREFIX}data.csv", b"question,answer\nx,y\n")

    def prepared(self) -> Run:
        """A run of the dataset whose data were prepared."""
        self.lies_there()
        run = opened(PREFIX, self.bucket, self.runs, NOW)
        for state in (State.PREPARING, State.PREPARED):
            run = self.runs.save(run.moved(state, by="prepare", now=NOW))
        return run

    def adopt(self, source: str = MODEL, base: str | None = None, dataset: str | None = None) -> Adoption:
        services = Adopting(self.bucket, self.runs, self.control, "tailor")
        origin = examine(source, base, self.control, project="colours")
        return adopt("colours", origin, services, dataset=dataset, by="person:linh", reason="", now=NOW)

    def trained(self, run: Run) -> Run:
        """Move an adopted run through prepare, whose work is done elsewhere, and through train."""
        for state in (State.PREPARING, State.PREPARED):
            run = self.runs.save(run.moved(state, by="prepare", now=NOW, quote=FREE))
        return self.train(run)

    def train(self, run: Run) -> Run:
        self.bucket.write(f"{run.files}prepared/manifest.json", json.dumps(MANIFEST).encode())
        services = TrainServices(
            bucket=self.bucket,
            bucket_name="tailor-bucket",
            runs=self.runs,
            control=self.control,
            role_arn="arn:aws:iam::123456789012:role/tailor-CustomizationRole",
            budget_limit=Decimal(50),
            tags=OURS.tags,
            offers=OpenRegion(),
            region="us-east-1",
            spending=unlimited(self.runs),
            import_role_arn="arn:aws:iam::123456789012:role/tailor-ImportRole",
            package_tags=lambda arn: self.package_tags,
        )
        train(run.id, services, now=NOW)
        return self.runs.get(run.id)

    @property
    def services(self) -> RunServices:
        return RunServices(self.runs, self.control, self.aliases)

    def reconcile(self, run: Run, after: timedelta = timedelta()) -> Run:
        line = JobQueue(OpenRegion(), unlimited(self.runs))
        folders, wake_ups = MemoryFolders(), MemoryWakeUps()
        reconciler = Reconciler(self.services, MemoryBus(), line, timedelta(seconds=60), folders, wake_ups)
        assert not reconciler.round(NOW + after).failed
        return self.runs.get(run.id)

    def becomes(self, run: Run, status: str, **more: Any) -> Run:
        """Have Bedrock end the import of the run's model, and reconcile see it."""
        self.account.models[run.job_arn] |= {"modelStatus": status, **more}
        return self.reconcile(run)


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path)


def test_a_custom_model_is_measured_on_the_last_data_in_the_same_versions_and_nothing_is_trained(stage: Stage) -> None:
    before = stage.prepared()
    made = stage.adopt()
    run = made.run
    assert (made.begins, run.state, run.dataset, run.recipe.model) == (True, State.RECEIVED, "scenes", "nova-micro")
    assert run.id != before.id
    assert run.history[0].by == "person:linh"
    assert MODEL in run.history[0].reason
    stage.bucket.write(f"{PREFIX}data.csv", b"question,answer\nchanged,since\n")
    assert b"x,y" in frozen_upload(run, stage.bucket).read(f"{PREFIX}data.csv")
    assert not stage.adopt().begins, "the same model on the same data is one run"
    training = stage.trained(run)
    assert (training.state, training.job_arn, stage.account.requests) == (State.TRAINING, MODEL, [])
    trained = stage.reconcile(run)
    assert (trained.state, trained.model_arn) == (State.TRAINED, MODEL)
    assert MODEL in training.history[-1].reason


def test_its_recipe_is_that_of_the_data_with_the_models_own_base(stage: Stage) -> None:
    stage.bucket.write(f"{PREFIX}tailor.yaml", b"{model: nova-lite, trainer: sagemaker, description: ours}")
    stage.prepared()
    run = stage.adopt().run
    problems, recipe, model = read_request(run, frozen_upload(run, stage.bucket))
    assert (problems, model and model.name) == ([], "nova-micro")
    assert (recipe.model, recipe.trainer, recipe.description) == ("nova-micro", "auto", "ours")


@pytest.mark.parametrize(("source", "member"), [(PACKAGE, "customModelDataSource"), (CHECKPOINT, "modelSourceConfig")])
def test_what_is_no_custom_model_yet_is_imported_and_waited_for(stage: Stage, source: str, member: str) -> None:
    stage.prepared()
    run = stage.trained(stage.adopt(source, base="nova-micro").run)
    (request,) = stage.account.requests
    assert source in str(request[member])
    assert ("roleArn" in request) == (source == CHECKPOINT), "Bedrock reads packages with its own credentials"
    assert stage.reconcile(run).state == State.TRAINING, "Bedrock still imports it"
    trained = stage.becomes(run, "Active", baseModelArn=BASE)
    assert (trained.state, trained.model_arn) == (State.TRAINED, run.job_arn)


def test_an_import_that_fails_is_tried_again_under_another_name(stage: Stage) -> None:
    stage.prepared()
    run = stage.trained(stage.adopt(CHECKPOINT, base="nova-micro").run)
    failed = stage.becomes(run, "Failed", failureMessage="Amazon Bedrock could not read the model artifacts.")
    assert (failed.state, "could not read" in failed.history[-1].reason) == (State.TRAINING_FAILED, True)
    again = retry(failed, stage.runs, bucket=stage.bucket, by="person:linh", reason="", now=NOW)
    assert stage.train(again).state == State.TRAINING
    assert [request["modelName"] for request in stage.account.requests] == [run.id, f"{run.id}-2"]


def test_a_base_that_bedrock_knows_better_ends_the_run(stage: Stage) -> None:
    stage.prepared()
    run = stage.trained(stage.adopt(CHECKPOINT, base="nova-lite").run)
    ended = stage.becomes(run, "Active", baseModelArn=BASE)
    assert ended.state == State.TRAINING_FAILED
    assert "base is nova-micro, and not nova-lite" in ended.history[-1].reason


def test_a_stopped_import_leaves_no_model_and_a_stopped_adoption_leaves_the_model(stage: Stage) -> None:
    stage.prepared()
    for source, base, left in ((CHECKPOINT, "nova-micro", [MODEL]), (MODEL, None, [MODEL])):
        run = stage.trained(stage.adopt(source, base=base).run)
        stop(run, stage.services, by="person:linh", reason="wrong one", now=NOW)
        ended = stage.reconcile(run)
        assert ended.state == State.STOPPED
        assert "person:linh stopped it" in ended.history[-1].reason
        assert list(stage.account.models) == left


def test_an_import_that_can_not_be_ended_yet_is_deleted_once_it_is_done(stage: Stage) -> None:
    stage.prepared()
    run = stage.trained(stage.adopt(CHECKPOINT, base="nova-micro").run)
    stage.account.fail["delete_model"] = ConflictError("it is being made")
    stop(run, stage.services, by="person:linh", reason="wrong one", now=NOW)
    assert len(stage.account.models) == 2
    assert stage.becomes(run, "Active").state == State.STOPPED
    assert list(stage.account.models) == [MODEL]


def test_an_import_that_hangs_ends_with_the_recipes_patience(stage: Stage) -> None:
    stage.prepared()
    run = stage.trained(stage.adopt(CHECKPOINT, base="nova-micro").run)
    late = stage.reconcile(run, after=timedelta(hours=run.recipe.patience.deploying_hours))
    assert late.stall
    assert (late.stall.level, late.stall.phase) == ("stuck", "importing")
    assert stage.reconcile(run).state == State.STOPPED
    assert list(stage.account.models) == [MODEL]


@pytest.mark.parametrize(
    ("about", "given", "error", "words"),
    [
        ({"tags": THEIRS.tags}, {}, NotOursError, "belongs to the stack tailor-dev"),
        ({"tags": OURS.tags | {"run": "colours-scenes-1", "project": "colours"}}, {}, InvalidInputError, "itself"),
        ({"modelStatus": "Failed", "failureMessage": "no room"}, {}, InvalidInputError, "is Failed: no room"),
        ({"baseModelArn": None}, {}, InvalidInputError, "does not say what its base is"),
        ({"baseModelArn": BASE.replace("micro", "mega")}, {}, InvalidInputError, "which Tailor does not know"),
        ({}, {"base": "nova-lite"}, InvalidInputError, "base is nova-micro, and not nova-lite"),
        ({}, {"base": "nova-mikro"}, InvalidInputError, "there is no base model 'nova-mikro'"),
        ({}, {"source": CHECKPOINT}, InvalidInputError, "nobody says which base"),
        ({}, {"source": "s3://my-bucket/model"}, InvalidInputError, "names no model"),
        ({}, {"source": MODEL.replace("i123", "i124")}, NotFoundError, "i124"),
        ({}, {"dataset": "others"}, NotFoundError, "colours/others has no prepared data"),
    ],
)
def test_what_can_not_be_adopted_is_refused_and_opens_no_run(
    stage: Stage, about: dict[str, Any], given: dict[str, Any], error: type[TailorError], words: str
) -> None:
    stage.prepared()
    stage.account.made_elsewhere(about.pop("tags", {}), **about)
    with pytest.raises(error, match=words):
        stage.adopt(**given)
    assert len(stage.runs.items) == 1


@pytest.mark.parametrize(("project", "named"), [("colours", "colours-scenes-1"), ("sounds", "RUN")])
def test_who_made_a_model_is_told_to_its_own_project_alone(stage: Stage, project: str, named: str) -> None:
    stage.account.made_elsewhere(OURS.tags | {"run": "colours-scenes-1", "project": "colours"})
    with pytest.raises(InvalidInputError) as refused:
        examine(MODEL, None, stage.control, project=project)
    assert f"tailor promote {named} --reason WHY" in refused.value.hint


@pytest.mark.parametrize(("source", "base"), [(MODEL, None), (PACKAGE, "nova-micro")])
def test_tags_of_another_stack_that_came_later_end_the_run(stage: Stage, source: str, base: str | None) -> None:
    stage.prepared()
    run = stage.adopt(source, base=base).run
    stage.account.known[MODEL] = stage.package_tags = THEIRS.tags
    ended = stage.trained(run)
    assert (ended.state, stage.account.requests) == (State.TRAINING_FAILED, [])
    assert "belongs to the stack tailor-dev" in ended.history[-1].reason


def test_data_that_are_uploaded_for_it_train_nothing(stage: Stage) -> None:
    given = [LocalFile("data.csv", 20, 1)]
    uploading.begin(given, stage.bucket, PREFIX, by="person:linh", now=NOW)
    with pytest.raises(IncompleteError, match="not complete"):
        stage.adopt(dataset="scenes")
    stage.lies_there()
    run = stage.adopt(dataset="scenes").run
    assert stage.bucket.read(f"{PREFIX}_UPLOADING") == b"", "the upload is ended"
    settled = open_folder(PREFIX, stage.bucket, stage.runs, NOW)
    assert (settled.run.id, settled.begins, len(stage.runs.items)) == (run.id, False, 1)
    _, _, model = read_request(run, frozen_upload(run, stage.bucket))
    assert model is not None
    assert model.method("fine-tuning").limits.min_rows == 0, "rows to be measured on are enough"


def test_the_same_data_are_trained_on_where_they_are_uploaded_later(stage: Stage) -> None:
    stage.prepared()
    adopted = stage.adopt().run
    trained = open_folder(PREFIX, stage.bucket, stage.runs, NOW + timedelta(minutes=5))
    assert trained.run.adopted is None
    assert stage.runs.get(adopted.id).state == State.RECEIVED, "it goes on beside the other run"
    stage.bucket.write(f"{PREFIX}data.csv", b"question,answer\nother,data\n")
    open_folder(PREFIX, stage.bucket, stage.runs, NOW + timedelta(minutes=9))
    assert stage.runs.get(adopted.id).state == State.SUPERSEDED


def test_an_adopted_model_is_deployed_and_taken_down_and_never_deleted(stage: Stage) -> None:
    stage.prepared()
    run = stage.reconcile(stage.trained(stage.adopt().run))
    provision(run.id, stage.services, tags=OURS.tags, now=NOW)
    run = stage.runs.get(run.id)
    assert (run.state, list(stage.account.deployments)) == (State.DEPLOYING, [run.deployment_arn])
    stage.account.deployments[run.deployment_arn]["status"] = "Active"
    run = stage.reconcile(run)
    ended = stop(run, stage.services, by="person:linh", reason="", now=NOW)
    assert (ended.state, stage.account.deployments) == (State.RETIRED, {})
    assert retention_over(ended, LATER) == ""
    with pytest.raises(ConflictError, match="made elsewhere") as refused:
        delete_models(ended, stage.services, by="person:linh", reason="", now=NOW)
    assert MODEL in refused.value.hint
    assert list(stage.account.models) == [MODEL]


def test_an_imported_model_is_ours_and_kept_no_longer_than_the_recipe_says(stage: Stage) -> None:
    stage.prepared()
    run = stage.becomes(stage.trained(stage.adopt(CHECKPOINT, base="nova-micro").run), "Active")
    ended = stop(run, stage.services, by="person:linh", reason="", now=NOW)
    assert "did not pass" in retention_over(ended.model_copy(update={"recipe": Recipe(retention=Retention())}), LATER)
    delete_models(ended, stage.services, by="reconcile", reason="over", now=LATER)
    assert list(stage.account.models) == [MODEL]


def test_the_last_data_are_those_that_were_prepared(stage: Stage) -> None:
    before = stage.prepared()
    stage.runs.create(a_run(State.RECEIVED, id="colours-newer-0123456789ab", dataset="newer"))
    assert stage.adopt().run.dataset == before.dataset
    gone = a_run(State.TRAINED, id="colours-gone-0123456789ab", dataset="gone", prefix=f"{UPLOADS}colours/gone/")
    stage.runs.create(gone)
    freeze(gone, [], stage.bucket)
    with pytest.raises(NotFoundError, match="not there any more"):
        stage.adopt(dataset="gone")
