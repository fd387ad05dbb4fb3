"""The parts of a CreateModelCustomizationJob request that all methods share.

Names and the token are derived from the run, so a repeat finds the existing job. A second attempt after an internal
error of Bedrock (``run.job.attempt`` is 2) gets its own names and token.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from tailor.catalog import MethodFacts, Model
from tailor.recipe import Recipe
from tailor.runs import Run
from tailor.training import advice

TRAIN_FILE = "prepared/train.jsonl"
VALIDATION_FILE = "prepared/validation.jsonl"
JOB_FOLDER = "job/"
_LATER_ATTEMPT = re.compile(r"(?<=-[0-9a-f]{12})-[1-9]\d?$")  # a run's id ends with twelve hexadecimal digits
MOST_ATTEMPTS = 99


def job_name(run: Run) -> str:
    """Return the name of a run's current job, custom model and token: at most 61 characters, valid in every API."""
    return job_names(run)[-1]


def job_names(run: Run) -> list[str]:
    """Return the names of all of a run's jobs and custom models so far, the current one last."""
    return [run.id, *(f"{run.id}-{attempt}" for attempt in range(2, attempt_of(run) + 1))]


def attempt_of(run: Run) -> int:
    """Return the number of the run's current job, from 1."""
    return run.job.attempt if run.job else 1


def run_id_of(job_name: str) -> str:
    """Return the id of the run that a job or custom model of this name belongs to."""
    return _LATER_ATTEMPT.sub("", job_name)


@dataclass(frozen=True, slots=True)
class Job:
    """A run's customization job before it is submitted.

    ``grader_arn``, the reward function, is for reinforcement; ``kms_key`` encrypts the custom model, where given.
    """

    run: Run
    model: Model
    manifest: Mapping[str, Any]
    bucket: str
    role_arn: str
    tags: Mapping[str, str]
    grader_arn: str = ""
    region: str = ""
    kms_key: str = ""

    @property
    def recipe(self) -> Recipe:
        return self.run.recipe

    @property
    def facts(self) -> MethodFacts:
        """Return the catalogue's facts for the method. Raises InvalidInputError if the model does not support it."""
        return self.model.method(self.recipe.method)

    @property
    def advised(self) -> dict[str, float | str]:
        """Return the recipe's values, or the advised ones, by the recipe's names. Raises RecipeError."""
        advised = advice.hyperparameters(self.recipe, self.facts, int(self.manifest["rows"]["train"]))
        return {name: chosen.value for name, chosen in advised.items()}

    @property
    def hyperparameters(self) -> dict[str, float | str]:
        """Return ``advised`` by Bedrock's names."""
        return {self.facts.hyperparameters[name].bedrock: value for name, value in self.advised.items()}

    def request(self, customization_type: str, **own: Any) -> dict[str, Any]:
        """Return the complete request; ``own`` adds the method's fields or replaces common ones.

        It has validation data only if the model uses some and there is some.
        """
        name = job_name(self.run)
        folder = f"s3://{self.bucket}/{self.run.files}"
        pairs = [{"key": key, "value": value} for key, value in sorted(self.tags.items())]
        request: dict[str, Any] = {
            "jobName": name,
            "customModelName": name,
            "clientRequestToken": name,
            "roleArn": self.role_arn,
            "baseModelIdentifier": self.model.training_id,
            "customizationType": customization_type,
            "trainingDataConfig": {"s3Uri": folder + TRAIN_FILE},
            "outputDataConfig": {"s3Uri": folder + JOB_FOLDER},
        }
        if self.kms_key:
            request["customModelKmsKeyId"] = self.kms_key
        if pairs:
            request |= {"jobTags": pairs, "customModelTags": pairs}
        if self.facts.takes_validation_set and int(self.manifest["rows"].get("validation", 0)):
            request["validationDataConfig"] = {"validators": [{"s3Uri": folder + VALIDATION_FILE}]}
        return request | own


def as_texts(values: Mapping[str, float | str]) -> dict[str, str]:
    """Return hyperparameters as the API's string map: plain decimals, no exponent."""
    return {
        name: value if isinstance(value, str) else format(Decimal(repr(value)), "f") for name, value in values.items()
    }
