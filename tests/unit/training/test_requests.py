"""Every request that a method builds is one that Bedrock's own service model takes."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tailor import catalog
from tailor.errors import InvalidInputError, RecipeError
from tailor.names import run_id
from tailor.recipe import Hyperparameters, Recipe
from tailor.runs import Run
from tailor.training.methods import build_job
from tailor.training.request import Job
from tests.unit.training.contract import request_problems

ROLE = "arn:aws:iam::123456789012:role/tailor-customization"
GRADER = "arn:aws:lambda:us-east-1:123456789012:function:tailor-grade"
PAIRS = [
    (model.name, method) for model in catalog.models() for method in model.methods if model.methods[method].bedrock
]
Build = Callable[..., Any]


def request(run: Run, manifest: dict[str, Any], **changes: Any) -> dict[str, Any]:
    model = catalog.model(run.recipe.model)
    given: dict[str, Any] = {
        "bucket": "tailor-data",
        "role_arn": ROLE,
        "tags": {"tailor:project": run.project},
        "grader_arn": GRADER,
        "region": model.regions[0],
    }
    return build_job(Job(run, model, manifest, **(given | changes)))


@pytest.mark.parametrize(("model", "method"), PAIRS)
@pytest.mark.parametrize("rows", [8, 100, 1000, 5001, 20000])
def test_every_model_and_method(model: str, method: Any, rows: int, run: Build, manifest: Build) -> None:
    built = request(run(Recipe(method=method, model=model)), manifest(train=rows))
    assert request_problems("CreateModelCustomizationJob", built) == ""
    assert built["baseModelIdentifier"] == catalog.model(model).training_id


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    project=st.from_regex(r"[a-z0-9]+(-[a-z0-9]+)*", fullmatch=True).filter(lambda name: len(name) <= 63),
    dataset=st.from_regex(r"[a-z0-9]+(-[a-z0-9]+)*", fullmatch=True).filter(lambda name: len(name) <= 63),
    attempt=st.integers(1, 9),
    rows=st.integers(1, 25000),
    epochs=st.none() | st.integers(1, 5),
    rate=st.none() | st.floats(1e-6, 1e-4),
)
def test_any_name_and_setting(
    project: str,
    dataset: str,
    attempt: int,
    rows: int,
    epochs: int | None,
    rate: float | None,
    run: Build,
    manifest: Build,
) -> None:
    recipe = Recipe(hyperparameters=Hyperparameters(epochs=epochs, learning_rate=rate))
    started = run(recipe, project=project, dataset=dataset, job={"attempt": attempt})
    started = started.model_copy(update={"id": run_id("tailor", project, dataset, started.fingerprint)})
    built = request(started, manifest(train=rows))
    assert request_problems("CreateModelCustomizationJob", built) == ""
    assert "e" not in built["hyperParameters"]["learningRate"]
    assert request(started, manifest(train=rows)) == built


def test_names_and_token_are_the_runs_and_a_second_attempt_has_its_own(run: Build, manifest: Build) -> None:
    first = run(Recipe())
    built = request(first, manifest())
    assert built["jobName"] == built["customModelName"] == built["clientRequestToken"] == first.id
    again = request(run(Recipe(), job={"attempt": 2}), manifest())
    assert again["jobName"] == again["clientRequestToken"] == f"{first.id}-2"


def test_data_lies_in_the_runs_folder(run: Build, manifest: Build) -> None:
    started = run(Recipe())
    built = request(started, manifest())
    folder = f"s3://tailor-data/runs/{started.project}/{started.id}/"
    assert built["trainingDataConfig"] == {"s3Uri": f"{folder}prepared/train.jsonl"}
    assert built["validationDataConfig"] == {"validators": [{"s3Uri": f"{folder}prepared/validation.jsonl"}]}
    assert built["outputDataConfig"] == {"s3Uri": f"{folder}job/"}
    assert built["jobTags"] == built["customModelTags"] == [{"key": "tailor:project", "value": "colours"}]


@pytest.mark.parametrize(("model", "validation"), [("nova-lite", 0), ("nova-2-lite", 100)])
def test_no_validation_data_where_there_is_none_or_the_model_takes_none(
    model: str, validation: int, run: Build, manifest: Build
) -> None:
    built = request(run(Recipe(model=model)), manifest(validation=validation))
    assert "validationDataConfig" not in built


@pytest.mark.parametrize(
    ("model", "rows", "epochs", "warmup"),
    [
        ("nova-lite", 3200, "2", "20"),
        ("nova-micro", 6400, "1", "10"),
        ("nova-pro", 800, "3", "2"),
        ("nova-lite", 20000, "1", "100"),
        ("nova-2-lite", 4800, "2", "20"),
    ],
)
def test_hyperparameters_follow_the_size_of_the_data(
    model: str, rows: int, epochs: str, warmup: str, run: Build, manifest: Build
) -> None:
    sent = request(run(Recipe(model=model)), manifest(train=rows))["hyperParameters"]
    assert sent == {"epochCount": epochs, "learningRate": "0.00001", "learningRateWarmupSteps": warmup}


def test_what_the_recipe_sets_is_kept(run: Build, manifest: Build) -> None:
    recipe = Recipe(hyperparameters=Hyperparameters(epochs=4, learning_rate=5e-6, warmup_steps=0))
    sent = request(run(recipe), manifest())["hyperParameters"]
    assert sent == {"epochCount": "4", "learningRate": "0.000005", "learningRateWarmupSteps": "0"}


def test_all_settings_that_do_not_fit_are_named_at_once(run: Build, manifest: Build) -> None:
    recipe = Recipe(hyperparameters=Hyperparameters(epochs=50, batch_size=8))
    with pytest.raises(RecipeError) as error:
        request(run(recipe), manifest())
    assert {problem.where for problem in error.value.problems} == {
        "hyperparameters.epochs",
        "hyperparameters.batch_size",
    }


class TestDistillation:
    def test_the_teacher_is_the_catalogues_first_or_the_recipes(self, run: Build, manifest: Build) -> None:
        built = request(run(Recipe(method="distillation")), manifest())
        teacher = built["customizationConfig"]["distillationConfig"]["teacherModelConfig"]
        assert teacher["teacherModelIdentifier"] == "amazon.nova-pro-v1:0"
        chosen = Recipe(method="distillation", model="llama-3-2-1b", teacher="llama-3-3-70b")
        built = request(run(chosen), manifest())
        teacher = built["customizationConfig"]["distillationConfig"]["teacherModelConfig"]
        assert teacher["teacherModelIdentifier"] == "us.meta.llama3-3-70b-instruct-v1:0"

    def test_a_teacher_that_can_not_teach_the_student_is_refused(self, run: Build, manifest: Build) -> None:
        with pytest.raises(RecipeError) as error:
            request(run(Recipe(method="distillation", teacher="llama-3-3-70b")), manifest())
        assert "nova-pro" in error.value.problems[0].fix

    def test_hyperparameters_are_refused(self, run: Build, manifest: Build) -> None:
        recipe = Recipe(method="distillation", hyperparameters=Hyperparameters(epochs=2))
        with pytest.raises(RecipeError, match="no hyperparameters"):
            request(run(recipe), manifest())

    @pytest.mark.parametrize(
        ("filters", "exclude", "sent"),
        [
            ({}, {}, None),
            ({"project": "colours"}, {}, {"equals": {"project": "colours"}}),
            (
                {"project": "colours"},
                {"arm": "base"},
                {"andAll": [{"equals": {"project": "colours"}}, {"notEquals": {"arm": "base"}}]},
            ),
        ],
    )
    def test_prompts_from_invocation_logs(
        self, filters: Any, exclude: Any, sent: Any, run: Build, manifest: Build
    ) -> None:
        logs = {"uri": "s3://tailor-logs/bedrock/", "use_responses": True, "filters": filters, "exclude": exclude}
        recipe = Recipe.model_validate({"method": "distillation", "distillation": {"logs": logs}})
        built = request(run(recipe), manifest())
        assert request_problems("CreateModelCustomizationJob", built) == ""
        config = built["trainingDataConfig"]["invocationLogsConfig"]
        assert config["usePromptResponse"] is True
        assert config.get("requestMetadataFilters") == sent
        assert "s3Uri" not in built["trainingDataConfig"]


class TestReinforcement:
    def test_hyperparameters_are_typed_and_the_grader_is_named(self, run: Build, manifest: Build) -> None:
        recipe = Recipe.model_validate(
            {
                "method": "reinforcement",
                "model": "nova-2-lite",
                "hyperparameters": {"epochs": 3},
                "reinforcement": {"samples_per_prompt": 8, "reasoning_effort": "low"},
            }
        )
        built = request(run(recipe), manifest())
        sent = built["customizationConfig"]["rftConfig"]
        assert sent["graderConfig"] == {"lambdaGrader": {"lambdaArn": GRADER}}
        assert sent["hyperParameters"]["epochCount"] == 3
        assert sent["hyperParameters"]["trainingSamplePerPrompt"] == 8
        assert sent["hyperParameters"]["reasoningEffort"] == "low"
        assert "hyperParameters" not in built

    def test_without_a_reward_function_there_is_no_job(self, run: Build, manifest: Build) -> None:
        with pytest.raises(InvalidInputError, match="reward function"):
            request(run(Recipe(method="reinforcement", model="nova-2-lite")), manifest(), grader_arn="")


def test_a_model_that_does_not_know_the_method_is_refused(run: Build, manifest: Build) -> None:
    with pytest.raises(InvalidInputError, match="can't be customized"):
        request(run(Recipe(method="reinforcement")), manifest())


@pytest.mark.parametrize(
    "wrong", [{"jobName": "a_b"}, {"baseModelIdentifier": "Nova Lite"}, {"jobname": "a"}, {"roleArn": 3}]
)
def test_the_check_itself_finds_what_is_wrong(wrong: dict[str, Any], run: Build, manifest: Build) -> None:
    assert request_problems("CreateModelCustomizationJob", request(run(Recipe()), manifest()) | wrong)
