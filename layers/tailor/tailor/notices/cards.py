"""Compose a run's card: its current state as the first message of its thread, and the buttons that act on it.

A button carries what it was shown for: the run, its sequence, and a digest of its quote. A click on an old message can
so approve nothing else (:mod:`tailor.management.slack`).
"""

import hashlib
import json
from dataclasses import dataclass
from typing import Literal

from tailor.notices.facts import Facts
from tailor.notices.hooks import SlackApp
from tailor.notices.messages import Notice, Reader, message_for
from tailor.notices.vietnamese_facts import VietnameseFacts
from tailor.notices.words import WORDS, Language
from tailor.runs import Run, State

Action = Literal["approve", "decline", "stop", "promote"]
Scope = Literal["approve", "operate"]
SCOPES: dict[Action, Scope] = {"approve": "approve", "decline": "approve", "stop": "operate", "promote": "operate"}
STOPPABLE = frozenset(
    {State.PREPARED, State.APPROVED, State.TRAINING, State.TRAINED, State.DEPLOYING, State.DEPLOYED, State.EVALUATING}
)


@dataclass(frozen=True, slots=True)
class Button:
    """A button that acts on a run. ``question``: what a person confirms; ``value``: what the click carries."""

    action: Action
    label: str
    title: str
    question: str
    value: str
    cancel: str


@dataclass(frozen=True, slots=True)
class Card:
    """The current state of a run. ``told``: the last notice about it, None if there was none yet."""

    title: str
    told: Notice | None
    buttons: tuple[Button, ...]


def card_of(run: Run, reader: Reader, app: SlackApp) -> Card:
    """Return a run's card, with the buttons that its state and the app allow."""
    told = (message_for(run, change, reader) for change in reversed(run.history))
    last = next((message for message in told if message), None)
    language = reader.for_run(run).language
    title = f"{run.project} / {run.dataset}: {WORDS[language].states[run.state]}"
    return Card(title, last, buttons_of(run, app, language))


def buttons_of(run: Run, app: SlackApp, language: Language = "en") -> tuple[Button, ...]:
    """Return the buttons for a run's state for which somebody has the scope. Automatic promotions have none."""
    possible: dict[Action, bool] = {
        "approve": run.state == State.AWAITING_APPROVAL,
        "decline": run.state == State.AWAITING_APPROVAL,
        "promote": run.state == State.PASSED and not run.recipe.deployment.promote,
        "stop": run.state in STOPPABLE,
    }
    return tuple(
        _button(action, run, language) for action, can in possible.items() if can and app.offers(SCOPES[action])
    )


def quote_digest(run: Run) -> str:
    """Return 16 hex digits that change with any amount of the run's quote."""
    if run.quote is None:
        return "none"
    document = {name: value for name, value in run.quote.document().items() if name != "approval"}
    return hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()[:16]


def facts_of(run: Run, language: Language) -> Facts:
    """Return the run's current figures."""
    return (VietnameseFacts if language == "vi" else Facts)(run, run.history[-1])


def _button(action: Action, run: Run, language: Language) -> Button:
    words, facts = WORDS[language], facts_of(run, language)
    price = words.no_price
    if facts.has_price:
        template = words.price_and_hosting if facts.hosting else words.price
        price = template.format(quote=facts.quote, hosting=facts.hosting)
    label, question = words.buttons[action], words.questions[action].format(price=price, project=run.project)
    value = json.dumps({"run": run.id, "sequence": run.sequence, "quote": quote_digest(run)}, separators=(",", ":"))
    return Button(action, label, f"{label}: {run.project} / {run.dataset}", question, value, words.cancel)
