"""Run the cheapest model once for real: train, deploy, measure, make live, call, and take down again."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from tailor.costs import cents
from tailor.names import RECIPE_FILE, UPLOADS
from tailor.runs import TERMINAL, Run, State
from tailor.serving import keys
from tailor.steps import steer
from tailor.training.approval import committed
from tailor.verify.after.runs import PERMISSIONS, find_run, settled
from tailor.verify.answer import CannotCheckError
from tailor.verify.check import Check
from tailor.verify.world import World

DATASET = "training"
MOST = Decimal(3)
"""Maximum cost of the run in US dollars, with a month of storage, of which a day is used."""
HOURS = 6.0
_ROWS = 120
_KINDS = ("Hóa đơn", "Giao hàng", "Bảo hành", "Đổi trả")
_RECIPE = """\
model: nova-micro
split: {train: 0.6, validation: 0.1, test: 0.3}
hyperparameters: {epochs: 1}
budget: {limit: 0}
evaluation: {few_shot: 0, regression: false}
notifications: {slack: false}
"""
_SAID = "tailor verify --train"
_DECIDED = TERMINAL | {State.LIVE}


def _train(world: World) -> dict[str, Any]:
    _upload(world)
    run = settled(world, DATASET)
    if run.state != State.AWAITING_APPROVAL:
        return {"went live": False, "states": _states(run), "reason": run.history[-1].reason}
    _approve(world, run)
    run = _wait(world, _DECIDED)
    if run.state == State.RETIRED:  # its verdict was not "passed", as is likely with so few rows: a person insists
        stack = world.deployed
        steer.promote_by_hand(run, stack.services, by=stack.by, reason=_SAID, now=_now())
        run = _wait(world, frozenset({State.LIVE, State.DEPLOY_FAILED}))
    live = run.state == State.LIVE
    answered, streamed = _call(world) if live else ("not asked", False)
    return {
        "went live": live,
        "answered": answered,
        "streamed": streamed,
        "taken down": _take_down(world, run),
        "states": _states(_found(world)),
        "verdict": run.evaluation.verdict or "none",
        "reason": "" if live else run.history[-1].reason,
        "minutes": _minutes(run),
    }


def _upload(world: World) -> None:
    rows = [
        json.dumps(
            {
                "question": f"Khách {number} hỏi về {_KINDS[number % 4].lower()}: phòng nào?",
                "answer": _KINDS[number % 4],
            },
            ensure_ascii=False,
        )
        for number in range(_ROWS)
    ]
    prefix = f"{UPLOADS}{world.name}/{DATASET}/"
    world.deployed.bucket.write(f"{prefix}questions.jsonl", "\n".join(rows).encode(), "application/jsonl")
    world.deployed.bucket.write(prefix + RECIPE_FILE, _RECIPE.encode(), "application/yaml")


def _approve(world: World, run: Run) -> None:
    """Approve the run if its price is known and small and a person agrees; otherwise decline it. Raises
    CannotCheckError."""
    stack = world.deployed
    most = committed(run.quote) if run.quote else None
    if most is None:
        why = f"what it would cost is not known: {run.history[-1].reason}"
    elif most.high > MOST:
        why = f"it would cost up to ${cents(most.high)}, more than ${MOST}"
    elif not world.agreed(f"Training Nova Micro costs up to ${cents(most.high)}, a month of storage included. Go on?"):
        why = "nobody agreed to its price"
    else:
        steer.approve(run, stack.runs, by=stack.by, reason=_SAID, now=_now())
        return
    steer.decline(run, stack.runs, by=stack.by, reason=_SAID, now=_now())
    raise CannotCheckError(why)


def _wait(world: World, states: frozenset[State]) -> Run:
    run = world.until(lambda: _found(world), lambda found: found.state in states, HOURS * 3600)
    if run.state not in states:
        raise CannotCheckError(f"the run is still {run.state} after {HOURS:g} hours")
    return run


def _call(world: World) -> tuple[str, bool]:
    """Return the status of a chat completion by the project's name, "empty" if it has no text; and whether another one
    arrived completely and in more than one piece."""
    secret, _ = keys.create(world.deployed.serving, world.named("app"), [world.name], by=world.deployed.by)
    body = {"model": world.name, "messages": [{"role": "user", "content": "Khách hỏi về giao hàng: phòng nào?"}]}
    headers = {"authorization": f"Bearer {secret}", "content-type": "application/json"}
    url = f"{world.deployed.api}/chat/completions"
    response = world.deployed.http("POST", url, headers, json.dumps(body).encode())
    if response.status != 200:
        return str(response.status), False
    stream = world.deployed.http("POST", url, headers, json.dumps({**body, "stream": True}).encode())
    streamed = stream.body.endswith(b"data: [DONE]\n\n") and stream.pieces > 1
    return "200" if json.loads(response.body)["choices"][0]["message"]["content"] else "empty", streamed


def _take_down(world: World, run: Run) -> bool:
    """Return whether the run ends as retired. Its model is deleted with everything that this call created."""
    if run.state == State.LIVE:
        world.deployed.take_offline(run.project, _SAID)
    return world.until(lambda: _found(world), lambda found: found.state in TERMINAL, 600).state in TERMINAL


def _minutes(run: Run) -> dict[str, float]:
    """Return how long each state lasted, in minutes."""
    pairs = zip(run.history, run.history[1:], strict=False)
    return {str(one.state): round((following.at - one.at).total_seconds() / 60, 1) for one, following in pairs}


def _found(world: World) -> Run:
    run = find_run(world, DATASET)
    if run is None:
        raise CannotCheckError("the run is gone")
    return run


def _states(run: Run) -> list[str]:
    return [str(state) for state in run.states]


def _now() -> datetime:
    return datetime.now(UTC)


CHECKS = (
    Check(
        id="training",
        assumption="A run completes: a job trains, its model becomes active, is deployed and evaluated, answers "
        "under the project's name, as a stream if requested, and is removed when it is taken offline.",
        source="https://docs.aws.amazon.com/bedrock/latest/userguide/deploy-custom-model-on-demand.html",
        when="only when asked",
        cost=MOST,
        expected={"went live": True, "answered": "200", "streamed": True, "taken down": True},
        look=_train,
        permissions=(
            *PERMISSIONS,
            "bedrock:DeleteCustomModelDeployment",
            "bedrock:GetCustomModelDeployment",
        ),
        varies=frozenset({"states", "verdict", "minutes", "reason"}),
    ),
)
