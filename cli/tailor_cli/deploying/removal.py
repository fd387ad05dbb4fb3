"""Remove a stack, after ending what it has at Bedrock: deleting the stack would not end that."""

import os
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import typer

from tailor.aws.bedrock import Bedrock
from tailor.aws.sagemaker import SageMaker
from tailor.aws.stacks import StackState, look_at
from tailor.catalog import KINDS
from tailor.errors import InvalidInputError, NotFoundError, NotOursError, RetryableError
from tailor.steps.ending import end_project
from tailor.verify.checkout import find_checkout
from tailor_cli.context import err, in_a_line, out, person, session
from tailor_cli.deploying.answers import FILE, read_answers
from tailor_cli.deploying.steps import Wish, check_ours, target
from tailor_cli.language import said

PAUSE = 5.0
REASON = "the stack is removed"
KEPT = ("BucketName", "RunsTableName", "ServingTableName")  # outputs of what outlives the stack


@dataclass(frozen=True, slots=True)
class Removal:
    """The options of the command line."""

    stack: str
    region: str = ""
    yes: bool = False
    answers: Path | None = None
    timeout: float = 1800


def remove(wish: Removal) -> None:
    """Remove the stack as the options say. Raises TailorError with a fix if that is not possible."""
    checkout = find_checkout(Path.cwd())
    file = wish.answers or (checkout.root if checkout else Path.cwd()) / FILE
    who = target(
        Wish(stack=wish.stack, region=wish.region, yes=True, answers=wish.answers), read_answers(file, wish.stack)
    )
    state = look_at(wish.stack)
    if state is None or not state.exists:
        out.print(f"there is no stack {wish.stack} in account {who.account}, {who.region}: nothing to remove")
        return
    check_ours(wish.stack, state)
    works = "RunsTableName" in state.outputs  # not one whose first deployment failed
    open_runs = session.runs.open_runs() if works else []
    out.print(f"stack {wish.stack} in account {who.account}, {who.region}, as {who.arn}", soft_wrap=True)
    out.print(f"{len(open_runs)} runs are open: jobs are stopped, and no model answers any more")
    if not wish.yes:
        typer.confirm(said(f"Remove {wish.stack}"), abort=True, err=True)
    if works:
        end_everything(wish.timeout)
    _sam_delete(wish.stack, who.region)
    _say_what_stays(state)


def end_everything(timeout: float) -> None:
    """End all runs, stop the stack's jobs and delete its deployments. Raises InvalidInputError after ``timeout``."""
    said, deadline = set[str](), time.monotonic() + timeout
    while waits := _end_runs():
        for wait in sorted(set(waits) - said):
            err.print(in_a_line(f"waiting: {wait}"), soft_wrap=True, markup=False)
            said.add(wait)
        if time.monotonic() > deadline:
            hint = "give the same command again later"
            raise InvalidInputError(f"not everything has ended: {'; '.join(waits[:3])}", hint=hint)
        time.sleep(PAUSE)
    control = session.control
    for job in Bedrock().open_jobs():
        with suppress(NotOursError, NotFoundError):
            control.stop_job(str(job["jobArn"]))
    if session.sagemaker is not None:
        for job in SageMaker().open_jobs():
            with suppress(NotOursError, NotFoundError, RetryableError):
                session.sagemaker.stop_job(str(job["TrainingJobArn"]))
    for kind in KINDS:
        for each in list(control.list_deployments(kind)):
            control.delete_deployment(str(each["arn"]))
    for bound in control.list_deployments("provisioned"):
        if bound.get("commitmentExpirationTime") and control.own_tags(str(bound["arn"])) is not None:
            until = f"{bound['commitmentExpirationTime']:%Y-%m-%d %H:%M} UTC"
            warning = f"committed until {until}, when somebody must delete it or AWS renews it: {bound['arn']}"
            err.print(in_a_line(warning), soft_wrap=True, markup=False)


def _end_runs() -> list[str]:
    projects = {run.project for run in session.runs.open_runs()}
    how = {"by": person(), "reason": REASON, "now": datetime.now(UTC)}
    return [wait for project in sorted(projects) for wait in end_project(project, session.services, **how)]


def _sam_delete(stack: str, region: str) -> None:
    command = [str(Path(sys.executable).with_name("sam")), "delete", "--no-prompts"]
    command += ["--stack-name", stack, "--region", region]
    environment = {**os.environ, "SAM_CLI_TELEMETRY": "0"}
    done = subprocess.run(command, env=environment, check=False)  # noqa: S603  (SAM itself)
    if done.returncode:
        raise InvalidInputError(f"the stack {stack} was not removed", hint="what SAM says above names the cause")


def _say_what_stays(state: StackState) -> None:
    kept = [state.outputs[name] for name in KEPT if name in state.outputs]
    if kept:
        out.print("What holds your data stays, and is billed until you delete it:")
        for name in kept:
            out.print(f"  {name}")
        out.print("Custom models stay too. tailor erase PROJECT, before this, removes a project with its models.")
