"""CreateTrainingJob's request for a Nova model, and the recipe's file that its container reads.

AWS's SDK does it so (sagemaker-python-sdk, ``sm_recipes/utils.py`` and ``model_trainer.py``, read 2026-11-29): the
recipe lies in a channel of its own, and two hyperparameters name the base model and the recipe's path.
"""

from collections.abc import Mapping
from math import ceil
from typing import Any

import yaml

from tailor.catalog import TrainingJobFacts
from tailor.training.request import JOB_FOLDER, TRAIN_FILE, VALIDATION_FILE, Job, job_name
from tailor.training.sagemaker.facts import image_in, training_facts

RECIPE_FILE = "prepared/recipe/recipe.yaml"
"""Key of the recipe within the run's folder; the job's channel is the folder that contains it."""
_IN_CONTAINER = "/opt/ml/input/data/recipe/recipe.yaml"
_VOLUME_GB = 200
_BATCH = {"nova": 64, "nova-2": 32}  # rows in a step, as AWS's recipes have it
_PAIRS_IN_A_STEP = (64, 32, 16)
_LOSS = r"reduced_train_loss[=:]\s*(-?[0-9.]+(?:[eE][+-]?[0-9]+)?)"  # as Nova's container logs it, by AWS's SDK


def facts_of(job: Job) -> TrainingJobFacts:
    """Return the facts of SageMaker's job. Raises InvalidInputError if it trains no such model by this method."""
    return training_facts(job.facts, job.model.title, job.recipe.method)


def recipe_file(job: Job) -> bytes:
    """Return the recipe: AWS's own for adapters (LoRA), with the run's name and hyperparameters."""
    facts, chosen = facts_of(job), job.advised
    rate, warmup = float(chosen["learning_rate"]), int(chosen["warmup_steps"])
    run = {
        "name": job_name(job.run),
        "model_type": job.model.training_id,
        "model_name_or_path": facts.base,
        "replicas": facts.instances,
        "data_s3_path": "",
        "output_s3_path": "",
    }
    rows, epochs = int(job.manifest["rows"]["train"]), int(chosen["epochs"])
    if facts.recipe == "nova-dpo":
        return _written(run, _preferences(facts, chosen, rows))
    common = {"max_length": facts.context_tokens, "global_batch_size": _BATCH[facts.recipe]}
    if facts.recipe == "nova-2":
        steps = max(4, ceil(rows * epochs / _BATCH["nova-2"]))
        training: dict[str, Any] = {
            "max_steps": steps,
            "save_steps": steps,
            **common,
            "reasoning_enabled": False,
            "lr_scheduler": {"warmup_steps": min(warmup, steps), "min_lr": rate / 10},
            "optim_config": {"lr": rate, "weight_decay": 0.0, "adam_beta1": 0.9, "adam_beta2": 0.95},
            "peft": {"peft_scheme": "lora", "lora_tuning": {"alpha": 64, "lora_plus_lr_ratio": 64.0}},
        }
    else:
        training = {
            **common,
            "trainer": {"max_epochs": epochs},
            "model": {
                **_NO_DROPOUT,
                "optim": _optimizer(rate, warmup, eps=1e-06, weight_decay=0.0),
                "peft": {
                    "peft_scheme": "lora",
                    "lora_tuning": {"loraplus_lr_ratio": 16.0, "alpha": 128, "adapter_dropout": 0.01},
                },
            },
        }
    return _written(run, training)


_NO_DROPOUT = {"hidden_dropout": 0.0, "attention_dropout": 0.0, "ffn_dropout": 0.0}


def _written(run: Mapping[str, Any], training: Mapping[str, Any]) -> bytes:
    return yaml.safe_dump({"run": run, "training_config": training}, sort_keys=False).encode()


def _optimizer(rate: float, warmup: int, *, eps: float, weight_decay: float) -> dict[str, Any]:
    return {
        "lr": rate,
        "name": "distributed_fused_adam",
        "adam_w_mode": True,
        "eps": eps,
        "weight_decay": weight_decay,
        "betas": [0.9, 0.999],
        "sched": {"warmup_steps": warmup, "constant_steps": 0, "min_lr": rate / 10},
    }


def _preferences(facts: TrainingJobFacts, chosen: Mapping[str, float | str], rows: int) -> dict[str, Any]:
    """Return the training section for preference pairs: as many in a step as the recipe takes and there are."""
    epochs, rate = int(chosen["epochs"]), float(chosen["learning_rate"])
    batch = next((each for each in _PAIRS_IN_A_STEP if each <= rows), _PAIRS_IN_A_STEP[-1])
    warmup = min(int(chosen["warmup_steps"]), ceil(rows * epochs / batch))
    return {
        "max_length": facts.context_tokens,
        "global_batch_size": batch,
        "trainer": {"max_epochs": epochs},
        "model": {
            **_NO_DROPOUT,
            "optim": _optimizer(rate, warmup, eps=1e-08, weight_decay=0.01),
            "dpo_cfg": {"beta": float(chosen["beta"])},
            "peft": {
                "peft_scheme": "lora",
                "lora_tuning": {"loraplus_lr_ratio": 20.0, "alpha": 64, "adapter_dropout": 0.01},
            },
        },
    }


def build_request(job: Job, *, max_hours: float) -> dict[str, Any]:
    """Return CreateTrainingJob's request. The job's name is the run's, so that a repeat finds the same job.

    Args:
        max_hours: SageMaker stops the job after them; what the quote counts.
    Raises:
        InvalidInputError: SageMaker does not train this model by this method, or not in this Region.
    """
    facts = facts_of(job)
    folder = f"s3://{job.bucket}/{job.run.files}"
    channels = [
        _channel("train", folder + TRAIN_FILE),
        _channel("recipe", folder + RECIPE_FILE.rpartition("/")[0] + "/"),
    ]
    if job.facts.takes_validation_set and int(job.manifest["rows"].get("validation", 0)):
        channels.insert(1, _channel("validation", folder + VALIDATION_FILE))
    output: dict[str, Any] = {"S3OutputPath": folder + JOB_FOLDER}
    resources: dict[str, Any] = {
        "InstanceType": facts.instance_type,
        "InstanceCount": facts.instances,
        "VolumeSizeInGB": _VOLUME_GB,
    }
    if job.kms_key:
        output["KmsKeyId"] = resources["VolumeKmsKeyId"] = job.kms_key
    return {
        "TrainingJobName": job_name(job.run),
        "AlgorithmSpecification": {
            "TrainingImage": image_in(job.region, facts),
            "TrainingInputMode": "File",
            "MetricDefinitions": [{"Name": "training_loss", "Regex": _LOSS}],
        },
        "HyperParameters": {"base_model": facts.base, "sagemaker_recipe_local_path": _IN_CONTAINER},
        "InputDataConfig": channels,
        "OutputDataConfig": output,
        "ResourceConfig": resources,
        "StoppingCondition": {"MaxRuntimeInSeconds": int(max_hours * 3600)},
        "RoleArn": job.role_arn,
        "Tags": [{"Key": key, "Value": value} for key, value in sorted(job.tags.items())],
    }


def _channel(name: str, uri: str) -> dict[str, Any]:
    source = {"S3DataType": "S3Prefix", "S3Uri": uri, "S3DataDistributionType": "FullyReplicated"}
    return {"ChannelName": name, "DataSource": {"S3DataSource": source}}


def output_of(name: str, files: str) -> str:
    """Return the key of what a job of this name leaves in the run's folder ``files``."""
    return f"{files}{JOB_FOLDER}{name}/output/output.tar.gz"
