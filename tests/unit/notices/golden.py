"""Every message on every channel in every language, as it is sent, kept in ``golden/`` and shown in the docs.

``GOLDEN=write pytest tests/unit/notices/test_golden.py`` writes the files anew; read the change before you commit it.
"""

import json
from collections.abc import Callable, Mapping
from datetime import timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any, get_args

from tailor.events import BudgetReached, OrphanFound, UploadAnswered, detail
from tailor.notices import slack, teams
from tailor.notices.cards import buttons_of, card_of
from tailor.notices.channels import document, plain_text, subject
from tailor.notices.digest import Moved, Window, message_for_digest
from tailor.notices.hooks import SlackApp
from tailor.notices.messages import (
    Notice,
    Reader,
    message_for,
    message_for_budget,
    message_for_orphan,
    message_for_stall,
    message_for_upload,
)
from tailor.notices.words import Language
from tailor.recipe import Patience, Recipe
from tailor.runs import Run, State
from tests.unit.contracts.template import ROOT, event_of
from tests.unit.notices.conftest import MEASURED, START, TRAINED, path_to, run_through
from tests.unit.notices.test_messages import WORDS

FOLDER = Path(__file__).with_name("golden")
PREVIEWS = ROOT / "docs" / "notification-previews.md"
LANGUAGES: tuple[Language, ...] = get_args(Language)
APP = SlackApp(
    token="xoxb-123456789012-abcdefghijkl",
    channel="C0123456789",
    signing_secret="8f742231b10e8888abcd99yyyzzz85a5",
    approve="channel",
    operate="channel",
)
JOB = {"arn": "arn:aws:bedrock:us-east-1:123456789012:model-customization-job/abc"}
DEPLOYMENT = {"arn": "arn:aws:bedrock:us-east-1:123456789012:custom-model-deployment/abc"}
ORIGIN = {
    "source": "arn:aws:bedrock:us-east-1:123456789012:custom-model/amazon.nova-lite-v1:0:300k/abc123def456",
    "base": "nova-lite",
    "imported": False,
}
ADOPTED: dict[str, Any] = {"adopted": ORIGIN}
WAITS = {"quote": {"lines": [], "model": "nova-lite", "method": "fine-tuning"}}


def reader(language: Language) -> Reader:
    return Reader("tailor", "https://reports.example/bucket?prefix=", "https://tailor.example/prod/console", language)


def runs() -> dict[str, Run]:
    """A run for each of its notices, by the notice's name."""
    lost = (
        "Its deployment arn:aws:bedrock:us-east-1:123456789012:custom-model-deployment/abc is gone or has failed, and "
        "Tailor did not delete it: apps get errors until it is deployed again, which takes some minutes"
    )
    live = (*MEASURED, "passed", "live")
    found = {state: run_through(*path_to(State(state)), by=by, reason=why) for state, (by, why, *_) in WORDS.items()}
    return found | {
        "adoption-waits": run_through(
            *path_to(State.AWAITING_APPROVAL), by="train", reason="What this costs is not known: Evaluation", **ADOPTED
        ),
        "adopting": run_through(*path_to(State.TRAINING), by="train", reason="nothing is trained", **ADOPTED),
        "not-adopted": run_through(
            *path_to(State.TRAINING_FAILED),
            by="reconcile",
            reason="the model's base is nova-micro, and not nova-lite",
            **ADOPTED | {"adopted": ORIGIN | {"source": "s3://customer-escrow-123456789012-a/job", "imported": True}},
        ),
        "again": run_through(*path_to(State.DECLINED), "prepared", by="ann@example.com", reason="with more money"),
        "deployed-again": run_through(
            *TRAINED, "deploying", "trained", by="reconcile", reason="Bedrock gave no reason"
        ),
        "back": run_through(*live, "paused", "restoring", "live", by="ann@example.com"),
        "lost": run_through(*live, "restoring", by="reconcile", reason=lost),
        "offline": run_through(*live, "retired", by="ann@example.com", reason="it costs too much"),
        "rolled-back": run_through(*live, "standby", "live", by="ann@example.com", reason="rolled back"),
    }


def stalls() -> dict[str, Run]:
    def stalled(path: tuple[str, ...], phase: str, message: str, level: str = "warn", **more: Any) -> Run:
        stall = {"level": level, "phase": phase, "message": message, "since": START, "at": START + timedelta(hours=6)}
        return run_through(*path, stall=stall, job=JOB, deployment=DEPLOYMENT, **more)

    training, deploying = TRAINED[:4], (*TRAINED, "deploying")
    slow = "The job has shown no progress for 36.0 hours while training. After 72 hours it counts as stuck"
    stuck = (
        "The job has shown no progress for 72.0 hours while training: more than the 72 hours of the recipe's "
        "patience. Jobs that hang here seldom recover"
    )
    only_warn = Recipe(patience=Patience(stop=False))
    month = "$510.00 would be booked for project colours this month, and the limit is $500.00"
    idle = "Nobody has called it since 2026-11-20 10:00 UTC; its model units are deleted at 2026-11-22 10:00 UTC"
    made = "The deployment is still being made after 1 hours; it usually takes minutes"
    return {
        "stalled-training": stalled(training, "training", slow),
        "stuck-training": stalled(training, "training", stuck, "stuck", recipe=only_warn),
        "stuck-stopping": stalled(training, "stopping", stuck, "stuck"),
        "stalled-deploying": stalled(deploying, "deploying", made),
        "no-room": stalled(TRAINED, "room", "Bedrock said: Too many custom model deployments"),
        "model-not-active": stalled(
            TRAINED, "model", "The custom model is not active after 1 hours; it usually takes minutes"
        ),
        "month-used-up": stalled(path_to(State.APPROVED), "budget", month),
        "nobody-calls": stalled((*MEASURED, "passed", "live"), "idle", idle),
    }


def others() -> dict[str, Callable[[Reader], Notice]]:
    """Notices that are not about one run."""
    upload = UploadAnswered.model_validate(detail(event_of("notify_upload_answered")))
    budget = BudgetReached.model_validate(detail(event_of("notify_budget_reached")))
    orphan = OrphanFound.model_validate(detail(event_of("notify_orphan_found")))
    spent = budget.model_copy(update={"percent": 100, "spent": Decimal("50.01"), "kind": "key", "owner": "k0123456789"})
    left = orphan.model_copy(update={"removed": not orphan.removed})
    return {
        "upload": lambda reader: message_for_upload(upload, reader),
        "budget": lambda reader: message_for_budget(budget, reader),
        "budget-of-a-key-used-up": lambda reader: message_for_budget(spent, reader),
        "leftover": lambda reader: message_for_orphan(orphan, reader),
        "leftover-otherwise": lambda reader: message_for_orphan(left, reader),
    }


def moved() -> list[str]:
    """What twelve runs of a digest did."""
    states = ["training"] * 7 + ["trained"] * 3 + ["prepared"] * 2
    return [
        Moved(f"colours-set-{number}-0f3a00000000", 4, f"set-{number}", state).line()
        for number, state in enumerate(states)
    ]


def notices(language: Language) -> dict[str, Notice]:
    """Every message by its name."""
    told = reader(language)
    found = {name: message_for(run, run.history[-1], told) for name, run in runs().items()}
    found |= {name: message_for_stall(run, told) for name, run in stalls().items()}
    found |= {name: make(told) for name, make in others().items()}
    found["digest"] = message_for_digest(Window("colours", language, True, START.isoformat()), moved(), told)
    assert all(found.values()), found
    return {name: notice for name, notice in found.items() if notice}


def _email(language: Language) -> str:
    return "".join(
        f"{'=' * 20} {name}\nSubject: {subject(notice)}\n\n{plain_text(notice)}\n"
        for name, notice in notices(language).items()
    )


def _each(make: Callable[[Notice], Any]) -> Callable[[Language], str]:
    return lambda language: _json({name: make(notice) for name, notice in notices(language).items()})


def _threads(language: Language) -> str:
    told = reader(language)
    found = {}
    for name, run in runs().items():
        notice = message_for(run, run.history[-1], told)
        assert notice is not None
        first = slack.card(card_of(run, told, APP))
        found[name] = {"first": first, "reply": slack.payload(notice, buttons_of(run, APP, language))}
    return _json(found)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1) + "\n"


CHANNELS: Mapping[str, Callable[[Language], str]] = {
    "email.{}.txt": _email,
    "slack-webhook.{}.json": _each(slack.payload),
    "slack-thread.{}.json": _threads,
    "teams.{}.json": _each(teams.payload),
    "webhook.{}.json": _each(document),
}


def files() -> dict[Path, Callable[[], str]]:
    """Return what makes the text of each golden file, and of the previews in the docs."""
    found = {FOLDER / name.format(each): partial(make, each) for name, make in CHANNELS.items() for each in LANGUAGES}
    return found | {PREVIEWS: previews}


def previews() -> str:
    """The page of the docs: each message as e-mail in both languages."""
    lines = [
        "# Previews of notifications",
        "",
        "Each message as e-mail, in English and Vietnamese, for a run of an example project. When each is sent:",
        "[notifications.md](notifications.md). As they are sent to Slack, Teams and webhooks, they are in",
        "[`tests/unit/notices/golden`](../tests/unit/notices/golden). This page is made from the code, and tested.",
    ]
    both = {language: notices(language) for language in LANGUAGES}
    for name in both["en"]:
        lines += ["", f"## {name}"]
        for language in LANGUAGES:
            notice = both[language][name]
            lines += ["", "```text", f"Subject: {subject(notice)}", "", plain_text(notice).rstrip(), "```"]
    return "\n".join(lines) + "\n"
