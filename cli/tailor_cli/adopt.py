"""`tailor adopt`: measure, gate and serve a model that was made elsewhere."""

from pathlib import Path
from typing import Annotated

import typer

from tailor.errors import InvalidInputError
from tailor.steps.adopting import Adopting, examine
from tailor.steps.adopting import adopt as begin
from tailor_cli.context import AsJson, in_words, person, session, shown_errors
from tailor_cli.push import checked_dataset, upload
from tailor_cli.runs import Project, Reason, now, tell
from tailor_cli.watch import DAY, follow


def adopt(
    project: Project,
    model: Annotated[
        str,
        typer.Argument(
            metavar="MODEL",
            help="a custom model's ARN, a SageMaker model package's ARN, or a checkpoint in SageMaker's bucket (s3://)",
        ),
    ],
    base: Annotated[str | None, typer.Option(help="its base model, where Bedrock does not tell it")] = None,
    dataset: Annotated[str | None, typer.Option(help="on whose held-out rows it is measured")] = None,
    data: Annotated[
        list[Path] | None,
        typer.Option(exists=True, help="files or a folder to upload as --dataset; default: the project's last dataset"),
    ] = None,
    reason: Reason = "",
    wait: Annotated[bool, typer.Option("--wait", help="follow the run until it finishes or needs your input")] = False,
    as_json: AsJson = False,
) -> None:
    """Measure a model that was made elsewhere against its base, and serve it if it passes.

    Nothing is trained. What is no custom model of Bedrock yet is imported first.
    """
    with shown_errors(interrupted="the same command again goes on"):
        if data and not dataset:
            raise InvalidInputError("--data needs a name for the dataset", hint="add --dataset NAME")
        if not session.stack.import_role:  # its functions would train in place of adopting
            raise InvalidInputError("this stack is of a version that adopts no models", hint="update it: make deploy")
        services = Adopting(session.bucket, session.runs, session.control, session.stack.name)
        origin = examine(model, base, session.control, project=project)
        if data and dataset:
            prefix, files = checked_dataset(data, project, dataset)
            upload(files, prefix)
        made = begin(project, origin, services, dataset=dataset, by=person(), reason=reason, now=now())
        run, known = made.run, not made.begins
        message = f"run {run.id} measures it on {run.project}/{run.dataset}, next to {run.recipe.model}"
        if known:
            message = f"this model was adopted before, on the same data: run {run.id} is {in_words(run.state)}"
        tell(run, message, f"tailor watch {run.id}", as_json=as_json, new=not known)
    if wait:
        follow(run, DAY, as_json=as_json)
