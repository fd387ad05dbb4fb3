"""Act on clicks in Slack: signed by Slack, by a person who may, on what the button was shown for.

Signatures are those of docs.slack.dev/authentication/verifying-requests-from-slack: ``v0=`` and the HMAC-SHA256 of
``v0:<timestamp>:<body>`` with the app's signing secret, five minutes at most. Slack waits three seconds for the answer,
whose body it ignores (docs.slack.dev/interactivity/handling-user-interaction): people are told over ``response_url``.
"""

import hashlib
import hmac
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, Protocol
from urllib.parse import parse_qs

from pydantic import BaseModel, Field, ValidationError

from tailor.errors import InvalidInputError, TailorError
from tailor.notices import slack
from tailor.notices.cards import SCOPES, Action, facts_of, quote_digest
from tailor.notices.hooks import SlackApp, Webhooks
from tailor.notices.messages import PLAIN, Reader
from tailor.notices.words import WORDS, Language
from tailor.printable import one_line
from tailor.runs import Run, RunStore, State, find
from tailor.serving.errors import ApiError
from tailor.serving.service import ApiAnswer
from tailor.steps import steer
from tailor.steps.services import RunServices

FRESH_SECONDS = 300
_SIGNATURE, _TIMESTAMP = "x-slack-signature", "x-slack-request-timestamp"
_REASON = "promoted by a button in Slack, after it passed"


class Seen(Protocol):
    def __call__(self, key: str) -> bool:
        """Remember a key for a while; return whether it is new. One caller alone gets True."""


class Respond(Protocol):
    def __call__(self, url: str, body: Mapping[str, Any]) -> None:
        """Post to a response URL of Slack. Failures are logged, never raised: the action is done by then."""


class _Named(BaseModel):
    id: str


class _Member(_Named):
    name: str = ""
    username: str = ""
    team_id: str = ""


class _Pressed(BaseModel):
    action_id: str
    value: str = ""


class Shown(BaseModel):
    """The value of a button: what it was shown for (:mod:`tailor.notices.cards` writes it)."""

    run: str
    sequence: int
    quote: str

    def insist_on(self, run: Run, language: Language) -> None:
        """Raise :class:`OutdatedError` where the run has moved on, or its quote is another one."""
        words, last = WORDS[language], run.history[-1]
        if run.sequence != self.sequence:
            decided = last.state in (State.APPROVED, State.DECLINED)
            template = words.decided if decided else words.moved_on
            raise OutdatedError(template.format(by=last.by, state=words.states[last.state]))
        if quote_digest(run) != self.quote:
            raise OutdatedError(words.other_quote.format(quote=facts_of(run, language).quote))


class Click(BaseModel):
    """An interaction payload of type ``block_actions``, as far as it matters here."""

    type: Literal["block_actions"]
    user: _Member
    team: _Named | None = None
    channel: _Named | None = None
    actions: Annotated[list[_Pressed], Field(min_length=1)]
    response_url: str = ""
    message: dict[str, Any] = {}

    @property
    def person(self) -> str:
        """Return how a run's history names the person."""
        name = one_line(self.user.username or self.user.name)[:80]
        return f"slack:{self.user.id} ({name})" if name else f"slack:{self.user.id}"

    @property
    def is_at_home(self) -> bool:
        """Return whether the person belongs to the workspace of the app, and is no guest of a shared channel."""
        return self.team is not None and self.user.team_id == self.team.id


class OutdatedError(TailorError):
    """Raised where a button no longer stands for what it was shown for."""

    code = "outdated"


class NotAllowedHereError(TailorError):
    """Raised where a person or a channel may not decide."""

    code = "not-allowed-here"


@dataclass(frozen=True, slots=True)
class AsShown(RunStore):
    """A store whose run is the one that a button was shown for, whenever it is read: also after a lost race."""

    runs: RunStore
    shown: Shown
    language: Language

    def get(self, run_id: str) -> Run:
        """Return the run. Raises OutdatedError."""
        run = self.runs.get(run_id)
        if run_id == self.shown.run:
            self.shown.insist_on(run, self.language)
        return run

    def create(self, run: Run) -> bool:
        return self.runs.create(run)

    def save(self, run: Run) -> Run:
        return self.runs.save(run)

    def open_runs(self, unreadable: list[str] | None = None, most: int | None = None) -> list[Run]:
        return self.runs.open_runs(unreadable, most)

    def project_runs(self, project: str) -> list[Run]:
        return self.runs.project_runs(project)

    def newest_runs(self, project: str, until: datetime | None = None, page: int | None = None) -> Iterator[Run]:
        return self.runs.newest_runs(project, until, page)


@dataclass(frozen=True, slots=True)
class Right:
    """The secret's content, the signing secret of a request, and the language of who is told."""

    hooks: Webhooks
    secret: str
    language: Language


class Clicks:
    """The endpoint of Slack's interactions. ``hooks`` reads the secret; ``reader`` is who presses."""

    def __init__(
        self,
        hooks: Callable[[], Webhooks],
        services: RunServices,
        seen: Seen,
        respond: Respond,
        reader: Reader = PLAIN,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._hooks = hooks
        self._services = services
        self._seen = seen
        self._respond = respond
        self._reader = reader
        self._clock = clock

    def take(self, body: bytes, headers: Mapping[str, str]) -> ApiAnswer:
        """Answer ``POST /slack/interactions``: act, tell the person, and acknowledge.

        Raises:
            ApiError: the request is not Slack's, too old, sent before, or no interaction.
        """
        hooks, given = self._hooks(), {name.lower(): value for name, value in headers.items()}
        secret = self._verified(hooks, body, given)
        click = _read(body)
        action = next((pressed for pressed in click.actions if pressed.action_id in SCOPES), None)
        if action is None:  # a link: the browser has opened it
            return ApiAnswer("")
        if not self._seen(hashlib.sha256(given[_SIGNATURE].encode()).hexdigest()):
            raise ApiError(409, "this request was answered before", code="repeated_request")
        facts = {"action": action.action_id, "person": click.user.id}
        try:
            shown = Shown.model_validate_json(action.value)
            facts["run"] = shown.run
            run = find(self._services.runs, shown.run)
            reader = self._reader.for_run(run) if run else self._reader
            self._act(action.action_id, run, shown, click, Right(hooks, secret, reader.language))  # type: ignore[arg-type]
        except ValidationError:
            raise ApiError(400, "the button's value is not Tailor's", code="invalid_value", param="value") from None
        except TailorError as error:
            facts["refused"] = error.code
            hint = f": {error.hint}" if error.hint else ""
            self._tell(click, self._reader.text(f"{error.message}{hint}."))
        else:
            self._show(click, WORDS[reader.language].done[action.action_id])
        return ApiAnswer("", facts=facts)

    def _verified(self, hooks: Webhooks, body: bytes, given: Mapping[str, str]) -> str:
        """Return the signing secret by which the request is Slack's."""
        stamp, signature = given.get(_TIMESTAMP, ""), given.get(_SIGNATURE, "")
        secrets = sorted({app.signing_secret for app in hooks.slack_apps if app.signing_secret})
        fresh = stamp.isascii() and stamp.isdigit() and len(stamp) < 12
        fresh = fresh and abs(self._clock().timestamp() - int(stamp)) <= FRESH_SECONDS
        fits = [each for each in secrets if hmac.compare_digest(signed(each, stamp, body), signature.encode())]
        if not (fresh and fits):
            message = "this is not signed by Slack, for an app that this installation knows, within five minutes"
            raise ApiError(401, message, code="invalid_signature")
        return fits[0]

    def _act(self, action: Action, run: Run | None, shown: Shown, click: Click, right: Right) -> Run:
        words = WORDS[right.language]
        if run is None:
            raise NotAllowedHereError(words.gone)
        app = right.hooks.of(run.project).slack
        channel = click.channel.id if click.channel else ""
        if not isinstance(app, SlackApp) or (app.signing_secret, app.channel) != (right.secret, channel):
            raise NotAllowedHereError(words.other_channel.format(project=run.project))
        if not app.may(SCOPES[action], click.user.id, home=click.is_at_home):
            raise NotAllowedHereError(words.may_not.format(action=words.buttons[action].lower(), project=run.project))
        shown.insist_on(run, right.language)
        by, now, services = click.person, self._clock(), self._services
        if action in ("approve", "decline"):
            act = {"approve": steer.approve, "decline": steer.decline}[action]
            return act(run, AsShown(services.runs, shown, right.language), by=by, reason="", now=now)
        if action == "stop":
            return steer.stop(run, services, by=by, reason="by a button in Slack", now=now)
        if run.state != State.PASSED:
            raise InvalidInputError(words.passed_only)
        return steer.promote_by_hand(run, services, by=by, reason=_REASON, now=now)

    def _tell(self, click: Click, text: str) -> None:
        """Tell the person, and nobody else, why nothing was done."""
        body = {"response_type": "ephemeral", "replace_original": False, "text": slack.escape(text, slack.TEXT)}
        self._respond(click.response_url, body)

    def _show(self, click: Click, done: str) -> None:
        """Replace the message's buttons by who decided."""
        who = done.format(who=f"<@{click.user.id}>")
        blocks = [each for each in click.message.get("blocks", []) if each.get("block_id") != slack.DECISIONS]
        said = {"type": "context", "elements": [{"type": "mrkdwn", "text": who}]}
        text = str(click.message.get("text") or who)
        self._respond(click.response_url, {"replace_original": True, "text": text, "blocks": [*blocks, said]})


def signed(secret: str, timestamp: str, body: bytes) -> bytes:
    """Return the signature that Slack gives a request."""
    base = b"v0:" + timestamp.encode() + b":" + body
    return f"v0={hmac.digest(secret.encode(), base, hashlib.sha256).hex()}".encode()


def _read(body: bytes) -> Click:
    """Return a form's interaction. Raises ApiError 400."""
    try:
        [payload] = parse_qs(body.decode("ascii"), strict_parsing=True)["payload"]
        return Click.model_validate(json.loads(payload))
    except (ValueError, KeyError):
        raise ApiError(400, "this is no interaction with a button", code="invalid_value", param="payload") from None
