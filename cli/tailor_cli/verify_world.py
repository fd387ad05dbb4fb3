"""Connect `tailor verify` to its account, checkout and stack, and redact what must not be written down."""

import os
import time
from pathlib import Path

from tailor.aws.calls import BotoCalls
from tailor.aws.http import PooledHttpClient
from tailor.aws.stacks import caller
from tailor.errors import NotFoundError
from tailor.runs import State
from tailor.verify.checkout import find_checkout
from tailor.verify.deployed import Deployed
from tailor.verify.record import Where
from tailor.verify.redact import Redactor
from tailor.verify.world import PREFIX, World, session_name
from tailor_cli.built import Build
from tailor_cli.context import person, session

LOCAL_POLL = 0.2  # seconds: what takes minutes on AWS takes seconds there
_WAITING = frozenset({State.AWAITING_APPROVAL, State.LIVE, State.STANDBY, State.PAUSED})


def surroundings(*, with_stack: bool) -> World:
    """Return the surroundings, without a stack if none is deployed. Raises TailorError if AWS can't be asked at all."""
    who = caller()
    world = World(BotoCalls(), who.region, who.account, session_name(time.time()), find_checkout(Path.cwd()))
    if session.local:
        world.poll = LOCAL_POLL
    if world.checkout:
        world.build = built_in(world.checkout.root)
    if with_stack:
        try:
            world.stack = deployed()
        except NotFoundError:
            return world
    return world


def deployed() -> Deployed:
    """Return the stack that this command reaches. Raises NotFoundError."""
    stack = session.stack
    return Deployed(
        name=stack.name,
        bucket_name=stack.bucket,
        runs_table=stack.runs_table,
        serving_table=stack.serving_table,
        api=api_of(stack.api_url, stack.api_id),
        api_id=stack.api_id,
        dead_letters=(stack.undelivered_events, stack.failed_invocations, stack.uploads_dead_letters),
        customization_role=stack.customization_role,
        by=person(),
        bucket=session.bucket,
        runs=session.runs,
        serving=session.serving,
        control=session.control,
        http=PooledHttpClient(),
    )


def built_in(root: Path) -> Build | None:
    """Return the build folder for this stack: of `make deploy` or the local cloud, else of `sam build`; None if there
    is none."""
    folders = [*_built_for_the_stack(root), *([] if session.local else [root / ".aws-sam" / "build"])]
    return next((Build(folder) for folder in folders if (folder / "template.yaml").is_file()), None)


def _built_for_the_stack(root: Path) -> list[Path]:
    try:  # a checkout's own, with SAM's packages: no wheel brings them
        from tailor_cli.deploying.answers import FILE, read_answers
        from tailor_local.deployment import architecture, build_folder
    except ModuleNotFoundError:
        return []
    processor = architecture() if session.local else read_answers(root / FILE, session.stack_name).architecture
    return [build_folder(root, processor)] if processor else []


def api_of(url: str, identifier: str) -> str:
    """Return the API's base URL as it is reached from here: the local cloud serves it at its own address."""
    if not session.local:
        return url
    from tailor_local.cloud import api_address  # no wheel has it

    return api_address(os.environ["AWS_ENDPOINT_URL"], url, identifier)


def working(world: World) -> list[str]:
    """Return the ids of the stack's runs that are in progress, except those of ``tailor verify``."""
    open_runs = world.deployed.runs.open_runs()
    return [run.id for run in open_runs if run.state not in _WAITING and not run.project.startswith(PREFIX)]


def asked() -> Where:
    """Name the service that the calls of this process reach."""
    if session.local:
        return "the local cloud"
    elsewhere = any(name.startswith("AWS_ENDPOINT_URL") and value for name, value in os.environ.items())
    return "another endpoint" if elsewhere else "AWS"


def redactor(world: World) -> Redactor:
    """Return the redactor that keeps the account, the stack and this machine out of the record."""
    known = {world.account: "account"} | _this_machine()
    if world.checkout:
        known[str(world.checkout.root)] = "checkout"
    if stack := world.stack:
        role = stack.customization_role.rpartition("/")[2]
        known |= {stack.bucket_name: "bucket", stack.runs_table: "table", stack.serving_table: "table"}
        known |= {stack.api_id: "api", role: "role", stack.by: "person", stack.by.rpartition(":")[2]: "person"}
        if stack.name != "tailor":
            known[stack.name] = "stack"
    return Redactor(known)


def _this_machine() -> dict[str, str]:
    """Return what errors may reveal about this machine and its owner."""
    profile = os.environ.get("AWS_PROFILE") or os.environ.get("AWS_DEFAULT_PROFILE") or "default"
    named = {} if profile == "default" else {profile: "profile"}
    return named | ({} if Path.home() == Path("/") else {str(Path.home()): "home"})
