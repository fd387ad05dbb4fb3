"""The steps of a deployment: target, questions, plan, build, check of the build, change set."""

import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

import typer
import yaml
from rich.markup import escape

from tailor import catalog
from tailor.aws.stacks import (
    CallerIdentity,
    StackState,
    caller,
    change_sets,
    discard,
    failures,
    look_at,
    shell_region,
    use_region,
)
from tailor.errors import InvalidInputError
from tailor.verify.checkout import Checkout, find_checkout
from tailor_cli.built import MOST_BYTES, Build
from tailor_cli.context import local_time, out
from tailor_cli.deploying.answers import FILE, Answers, read_answers, write_answers
from tailor_cli.deploying.parameters import ASKED, Parameter, parameters_of, read_settings

ARCHITECTURES = ("arm64", "x86_64")
DEFAULT_ARCHITECTURE = "arm64"
NOTHING = "-"  # typed by a person to clear a value
OURS = ("application", "tailor")  # the tag of samconfig.toml


@dataclass(frozen=True, slots=True)
class Wish:
    """The options of the command line."""

    stack: str
    architecture: str = ""
    region: str = ""
    settings: list[str] | None = None
    ask: bool = False
    yes: bool = False
    dry_run: bool = False
    answers: Path | None = None


def run(wish: Wish) -> None:
    """Deploy as the options say. Raises TailorError with a fix if that is not possible."""
    checkout = find_checkout(Path.cwd())
    if checkout is None:
        raise InvalidInputError(
            "no checkout of Tailor found: there is no template.yaml in this folder or above it",
            hint="clone Tailor's repository, and run make deploy there",
        )
    if not wish.yes and not _somebody_can_be_asked():
        raise InvalidInputError(
            "this terminal is not interactive", hint="confirm in advance: make deploy YES=1, or --yes"
        )
    file = wish.answers or checkout.root / FILE
    remembered = read_answers(file, wish.stack)
    who = target(wish, remembered)
    state = look_at(wish.stack)
    _check_state(wish.stack, state)
    answers = _answers(wish, checkout, remembered, who, state)
    # Account and Region are remembered once something is there: a dry run elsewhere must not bind the next call.
    write_answers(file, wish.stack, replace(answers, account=remembered.account, region=remembered.region))
    _show_plan(wish.stack, answers, who, state, file)
    folder = _build(checkout, answers.architecture)
    if _deploy(wish, checkout, folder, answers, state):
        write_answers(file, wish.stack, answers)


def _somebody_can_be_asked() -> bool:
    return sys.stdin.isatty()


def target(wish: Wish, remembered: Answers) -> CallerIdentity:
    """Return the account and Region to deploy to. Raises InvalidInputError if the stack was deployed elsewhere."""
    region = wish.region or shell_region() or remembered.region
    if not region:
        if wish.yes:
            hint = "set one: make deploy REGION=us-east-1, or AWS_REGION"
            raise InvalidInputError("no AWS Region is set", hint=hint)
        region = typer.prompt("AWS Region, one where Bedrock customizes the models you want", default="us-east-1")
    use_region(region)
    who = caller()
    for what, before, now in (("account", remembered.account, who.account), ("Region", remembered.region, who.region)):
        if before and before != now:
            raise InvalidInputError(
                f"the stack {wish.stack} was deployed to {what} {before}, but this shell uses {now}",
                hint=f"change the shell's credentials or Region; or deploy another stack here: make deploy STACK="
                f"{wish.stack}-2; or, where it is gone, remove [{wish.stack}] from {wish.answers or FILE}",
            )
    return who


def _check_state(stack: str, state: StackState | None) -> None:
    """Raise InvalidInputError if the stack can't be updated or is not Tailor's."""
    if state is None or not state.exists:
        return
    check_ours(stack, state)
    if state.status in ("ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED", "DELETE_FAILED"):
        why = "".join(f"\n      {each}" for each in failures(stack, None)[:3])
        raise InvalidInputError(
            f"the first deployment of the stack {stack} failed, and what is left of it ({state.status}) can't be "
            f"updated.{why}",
            hint=f"mend the cause, remove the stack (make destroy{named(stack)}), and deploy again",
        )
    if state.status.endswith("_IN_PROGRESS"):
        raise InvalidInputError(
            f"the stack {stack} is being changed now: {state.status}",
            hint="wait until that has finished, then try again",
        )
    if state.status == "UPDATE_ROLLBACK_FAILED":
        raise InvalidInputError(
            f"an update of the stack {stack} failed and could not be undone ({state.status}): {state.reason}",
            hint=f"aws cloudformation continue-update-rollback --stack-name {stack}",
        )


def check_ours(stack: str, state: StackState) -> None:
    """Raise InvalidInputError if the stack is not Tailor's."""
    name, value = OURS
    if state.tags.get(name) != value:
        raise InvalidInputError(
            f"there is a stack {stack} in this account and Region already, and it is not Tailor's",
            hint="choose another name: make deploy STACK=NAME",
        )


def named(stack: str) -> str:
    """Return the options that name a stack; empty for the default one."""
    return "" if stack == "tailor" else f" STACK={stack}"


def _answers(
    wish: Wish, checkout: Checkout, remembered: Answers, who: CallerIdentity, state: StackState | None
) -> Answers:
    """Return what to deploy: options override the file, which overrides the stack's current parameters."""
    known = parameters_of(checkout.template)
    deployed = state.parameters if state and state.exists else {}
    given = {name: known[name].check(value) for name, value in remembered.parameters.items() if name in known}
    given |= read_settings(wish.settings or [], known)
    if not wish.yes:
        asked = [name for name in ASKED if wish.ask or name not in given]
        if asked:
            out.print(f"\nAn empty answer keeps the default; [bold]{NOTHING}[/] clears it. Details: docs/deploy.md.")
        for name in asked:
            default = given.get(name, deployed.get(name, known[name].default))
            if name == "AlarmEmail" and not default:
                default = given.get("NotificationEmail", "")
            given[name] = _asked(known[name], default)
    architecture = wish.architecture or remembered.architecture or deployed.get("Architecture") or DEFAULT_ARCHITECTURE
    if architecture not in ARCHITECTURES:
        raise InvalidInputError(
            f"there is no architecture {architecture!r}", hint=f"one of {', '.join(ARCHITECTURES)}: make deploy ARCH=…"
        )
    return Answers(who.account, who.region, architecture, given)


def _asked(parameter: Parameter, default: str) -> str:
    """Ask for a parameter's value until the template accepts it; return it."""
    while True:
        answer = str(typer.prompt(f"{ASKED[parameter.name]}", default=default, show_default=bool(default))).strip()
        try:
            return parameter.check("" if answer == NOTHING else answer)
        except InvalidInputError as error:
            out.print(f"[yellow]{escape(error.message)}: {escape(error.hint)}[/]")


def _show_plan(stack: str, answers: Answers, who: CallerIdentity, state: StackState | None, file: Path) -> None:
    known = f"changes what is there since {local_time(state.since)}" if state and state.exists else "new"
    lines = {
        "account": f"{who.account}, as {who.arn}",
        "Region": who.region,
        "stack": f"{stack} ({known})",
        "architecture": answers.architecture,
        **{name: value or "(empty)" for name, value in answers.parameters.items()},
        "remembered in": str(file),
    }
    out.print()
    for name, value in lines.items():
        out.print(f"  {name:<18} {escape(value)}", soft_wrap=True)
    places = sorted({region for model in catalog.models() for region in model.regions})
    if who.region not in places:
        out.print(f"  [yellow]No model that Tailor knows is customized in {who.region}, but in {', '.join(places)}.[/]")


def _build(checkout: Checkout, architecture: str) -> Path:
    """Build, and compare what was built with what will be deployed."""
    from tailor_local.deployment import build  # here, because no wheel has it
    from tailor_local.errors import DeployError

    out.print(f"\nBuilding for {architecture}, which takes a minute if something changed …")
    try:
        folder = build(checkout.root, architecture)
    except DeployError as error:
        raise InvalidInputError(str(error), hint="the lines above say what failed") from error
    built = Build(folder)
    built.check(architecture)
    largest, size = max(built.sizes().items(), key=lambda item: item[1])
    out.print(
        f"Built for {architecture}; the largest function, {largest}, has {size / 2**20:.0f} of "
        f"{MOST_BYTES / 2**20:.0f} MiB with its layers."
    )
    return folder


def _deploy(wish: Wish, checkout: Checkout, folder: Path, answers: Answers, state: StackState | None) -> bool:
    """Have SAM show the change set, wait for confirmation and execute it. Return whether a stack is there."""
    before = change_sets(wish.stack)
    with tempfile.TemporaryDirectory() as scratch:
        file = Path(scratch, "parameters.yaml")  # on a command line, SAM reads quotation marks in its own way
        file.write_text(yaml.safe_dump({**answers.parameters, "Architecture": answers.architecture}), "utf-8")
        command = [str(Path(sys.executable).with_name("sam")), "deploy", "--config-env", "default"]
        command += ["--config-file", str(checkout.root / "samconfig.toml")]
        command += ["--template-file", str(folder / "template.yaml"), "--parameter-overrides", f"file://{file}"]
        command += ["--stack-name", wish.stack, "--region", answers.region]
        command += ["--no-confirm-changeset" if wish.yes or wish.dry_run else "--confirm-changeset"]
        command += ["--no-execute-changeset"] if wish.dry_run else []
        environment = {**os.environ, "SAM_CLI_TELEMETRY": "0"}
        try:
            done = subprocess.run(command, cwd=checkout.root, env=environment, check=False)  # noqa: S603  (SAM itself)
        finally:  # Ctrl-C at SAM's question too
            discard(wish.stack, change_sets(wish.stack, waiting=True) - before)
    after = look_at(wish.stack)
    if done.returncode:
        raise _failed(wish.stack, state, after)
    if wish.dry_run:
        out.print("\nNothing was deployed: the change set above was removed.")
    elif after is None or not after.exists:
        out.print("\nNothing was deployed.")
    else:
        _show_next(wish.stack, answers, after)
    return after is not None and after.exists


def _failed(stack: str, before: StackState | None, after: StackState | None) -> InvalidInputError:
    why = "".join(f"\n      {each}" for each in failures(stack, before.since if before else None)[:5]) if after else ""
    hint = "what SAM says above names the cause"
    if why:
        hint = f"mend the cause, then: make deploy{named(stack)}"
    if after and after.status in ("ROLLBACK_COMPLETE", "ROLLBACK_FAILED"):
        hint = f"mend the cause, remove what is left (make destroy{named(stack)}), then: make deploy{named(stack)}"
    return InvalidInputError(f"the stack {stack} was not deployed{':' if why else ''}{why}", hint=hint)


def _show_next(stack: str, answers: Answers, state: StackState) -> None:
    command = "tailor" if stack == "tailor" else f"tailor --stack {stack}"
    out.print(f"\n[bold green]Deployed.[/] Upload to s3://{state.outputs['BucketName']}/uploads/<project>/<dataset>/")
    out.print(f"Apps call {state.outputs['ApiUrl']}")
    if any(answers.parameters.get(name) for name in ("NotificationEmail", "AlarmEmail")):
        out.print("AWS has sent an e-mail to each address: open its link, or no notices will arrive.")
    out.print(
        f"Next: source .venv/bin/activate, export AWS_REGION={answers.region}, then run {command} doctor to check "
        "whether Bedrock would let you train."
    )
