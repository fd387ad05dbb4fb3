"""`tailor judge`: have a Bedrock evaluation job judge the answers of a run's evaluation."""

import hashlib
import re
from typing import Annotated

import typer

from tailor import catalog
from tailor.aws import evaluation_jobs
from tailor.aws.access import region
from tailor.errors import InvalidInputError, NotFoundError
from tailor.evaluation.asking import judge_job
from tailor.evaluation.questions import read_answers, read_rows
from tailor_cli.context import AsJson, out, say_json, session, shown_errors
from tailor_cli.runs import RunId, find

_ROLE = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:role/\S+")


def judge(
    run_id: RunId,
    role: Annotated[str, typer.Option(help="ARN of a role that Bedrock evaluation jobs may assume")],
    arm: Annotated[
        str, typer.Option(help="model whose answers are judged: candidate, base, base-few-shot, live or teacher")
    ] = "candidate",
    model: Annotated[str, typer.Option(help="judge model (tailor models lists them)")] = "nova-pro",
    as_json: AsJson = False,
) -> None:
    """Start a Bedrock evaluation job on a run's answers.

    AWS bills the judge's tokens.
    """
    with shown_errors():
        if session.local:
            hint = "only Bedrock runs them: judge a run in an AWS account, without --local"
            raise InvalidInputError("the local cloud has no judge jobs", hint=hint)
        if not _ROLE.fullmatch(role):
            hint = "for example arn:aws:iam::123456789012:role/NAME"
            raise InvalidInputError(f"--role {role!r} is not the ARN of a role", hint=hint)
        run = find(run_id)
        folder = run.results
        rows = read_rows(session.bucket.read(f"{run.files}prepared/test.jsonl"), "test.jsonl")
        try:
            answers = read_answers(session.bucket.read(f"{folder}answers/{arm}.jsonl"), arm)
        except NotFoundError as error:
            message = f"run {run.id} has no answers of the arm {arm!r}"
            raise NotFoundError(message, hint="it needs a finished evaluation that asked this arm") from error
        # A job name is limited to fewer characters than a run id and an arm can have.
        name = f"judge-{arm}-{hashlib.sha256(run.id.encode()).hexdigest()[:24]}"
        key = f"{folder}judge/{arm}/dataset.jsonl"
        session.bucket.write(key, judge_job.dataset(rows, answers, name), "application/jsonl")
        request = judge_job.request(
            name=name,
            role_arn=role,
            source=name,
            judge=catalog.model(model).invoked_in(region()),
            dataset_uri=session.bucket.uri(key),
            output_uri=session.bucket.uri(f"{folder}judge/{arm}/"),
        )
        arn = evaluation_jobs.create(request)
        results = session.bucket.uri(f"{folder}judge/{arm}/")
        if as_json:
            say_json({"run": run.id, "arm": arm, "job": arn, "name": name, "results": results})
            return
        out.print(f"started [bold]{name}[/]  {arn}")
        out.print(f"results will be in {results}", soft_wrap=True)
