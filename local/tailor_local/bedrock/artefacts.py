"""The files that a job leaves under its outputDataConfig, where AWS writes them and with AWS's columns."""

import csv
import io
import math
from collections.abc import Iterable, Sequence

from tailor_local.bedrock.learner.classifier import Step
from tailor_local.bedrock.state import Job
from tailor_local.bedrock.storage import Storage

TRAINING = "training_artifacts/step_wise_training_metrics.csv"
VALIDATION = "validation_artifacts/post_fine_tuning_validation/validation/validation_metrics.csv"
WRITE_CHECK = ".write_access_check_file.temp"


def folder(job: Job) -> str:
    output = job.request["outputDataConfig"]["s3Uri"].rstrip("/")
    return f"{output}/model-customization-job-{job.id}"


def write_training(storage: Storage, job: Job, steps: Iterable[Step]) -> None:
    rows = [(step.number, step.epoch, step.loss, _perplexity(step.loss)) for step in steps]
    header = ("step_number", "epoch_number", "training_loss", "perplexity")
    storage.write(f"{folder(job)}/{TRAINING}", _csv(header, rows))


def write_validation(storage: Storage, job: Job, steps: Iterable[Step]) -> None:
    rows = [(step.number, step.epoch, step.loss, _perplexity(step.loss)) for step in steps]
    header = ("step_number", "epoch_number", "validation_loss", "perplexity")
    storage.write(f"{folder(job)}/{VALIDATION}", _csv(header, rows))


def _perplexity(loss: float) -> float:
    return math.exp(min(loss, 50.0))


def _csv(header: Sequence[str], rows: Iterable[tuple[int, int, float, float]]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows((number, epoch, f"{loss:.6g}", f"{perplexity:.6g}") for number, epoch, loss, perplexity in rows)
    return text.getvalue().encode()
