"""Events of runs, uploads, budgets and leftovers → a notice by SNS, Slack, Teams and webhook, once for each channel."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import MetricUnit, single_metric
from aws_lambda_powertools.utilities.typing import LambdaContext

from tailor.aws.notices import MovedRuns, SecretText, SentOnce, SlackThreads, Topic, post, waiter
from tailor.aws.queues import StepQueue, consumes
from tailor.aws.runs import DynamoRunStore
from tailor.aws.tracing import traced
from tailor.errors import NotFoundError, RetryableError, TailorError
from tailor.events import (
    BUDGET_REACHED,
    ORPHAN_FOUND,
    RUN_STALLED,
    UPLOAD_ANSWERED,
    BudgetReached,
    OrphanFound,
    RunChanged,
    UploadAnswered,
    detail,
)
from tailor.notices.channels import Channel, SendResult, SlackChannel, SnsChannel, TeamsChannel, Wait, WebhookChannel
from tailor.notices.delivery import Delivery, Once, deliver, refresh
from tailor.notices.digest import DIGEST_DUE, Window, is_collected, is_routine, message_for_digest
from tailor.notices.hooks import Hooks, SlackApp, Webhooks
from tailor.notices.messages import (
    Notice,
    Reader,
    message_for,
    message_for_budget,
    message_for_orphan,
    message_for_stall,
    message_for_upload,
)
from tailor.notices.slack_app import API, SlackApi, SlackAppChannel
from tailor.notices.words import Language
from tailor.runs import Run
from tailor.settings import Settings, SettingsError


@dataclass(frozen=True, slots=True)
class Subject:
    """The subject of an event. ``message`` is None if people are not notified of a run's change."""

    project: str
    message: Notice | None
    run: Run | None = None
    slack: bool = True
    window: Window | None = None


class NotifySettings(Settings):
    queue_url: str
    runs_table: str
    sent_table: str
    notices_topic_arn: str
    webhooks_secret_arn: str = ""
    allow_insecure_webhook: bool = False
    reports_url: str = ""
    console_url: str = ""
    tailor_command: str = "tailor"
    notice_language: Language = "en"
    slack_api: str = API


settings = NotifySettings.load()
logger = Logger()
runs = DynamoRunStore(settings.runs_table)
topic = Topic(settings.notices_topic_arn)
secret = SecretText(settings.webhooks_secret_arn) if settings.webhooks_secret_arn else None
sent = SentOnce(settings.sent_table)
moved = MovedRuns(settings.sent_table)
queue = StepQueue(settings.queue_url)
threads = SlackThreads(settings.sent_table)
reader = Reader(settings.tailor_command, settings.reports_url, settings.console_url, settings.notice_language)


@logger.inject_lambda_context
@consumes(queue)
@traced("notify")
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, bool]:
    """Return whether each channel accepted the notice. Raises RetryableError if one must be tried again."""
    subject = subject_of(event)
    if subject is None:
        return {}
    once, told = sent.within(context), list(channels(subject, waiter(context)))
    message = None if waits_for_digest(subject, once) else subject.message
    delivery = deliver(message, told, once) if message else Delivery()
    refresh(told, delivery)
    notice = message.id if message else f"{subject.run.id} as it is" if subject.run else ""
    report(delivery, notice)
    if delivery.failures:
        raise RetryableError(f"{notice} could not be sent by {', '.join(delivery.failures)}")
    if subject.window:
        moved.forget(subject.window)
    return {name: outcome.sent for name, outcome in delivery.outcomes.items()}


def subject_of(event: dict[str, Any]) -> Subject | None:
    """Return what an event is about; None if the run or its change is gone."""
    kind, told = event.get("detail-type"), detail(event)
    if kind == DIGEST_DUE:
        window = Window(**told)
        own = replace(reader, language=window.language)
        digest = message_for_digest(window, moved.lines(window), own)
        return Subject(window.project, digest, slack=window.slack, window=window) if digest else None
    if kind == UPLOAD_ANSWERED:
        message = message_for_upload(UploadAnswered.model_validate(told), reader)
        return Subject(message.project, message)
    if kind == BUDGET_REACHED:
        message = message_for_budget(BudgetReached.model_validate(told), reader)
        return Subject(message.project, message)
    if kind == ORPHAN_FOUND:
        message = message_for_orphan(OrphanFound.model_validate(told), reader)
        return Subject(message.project, message)
    change = RunChanged.model_validate(told)
    try:
        run = runs.get(change.run)
        if kind == RUN_STALLED:
            return Subject(run.project, message_for_stall(run, reader), run, slack=run.recipe.notifications.slack)
        told_now = message_for(run, run.change(change.sequence), reader)
        return Subject(run.project, told_now, run, slack=run.recipe.notifications.slack)
    except NotFoundError as error:
        logger.warning("nothing to tell", reason=error.message)
        return None


def waits_for_digest(subject: Subject, once: Once) -> bool:
    """Return whether the notice waits for a digest because many runs change. Repeated calls get the same result."""
    notice = subject.message
    if notice is None or not is_routine(notice):
        return False
    now = datetime.now(UTC)
    window = Window.at(now, subject.project, notice.language, slack=subject.slack)

    def decide() -> SendResult:
        return SendResult(sent=not is_collected(notice, window, moved, queue.send_later, now))

    return not once(f"{notice.id}-digest", decide).sent


def channels(subject: Subject, wait: Wait) -> Iterator[Channel]:
    run, hooks = subject.run, hooks_of(subject.project)
    yield SnsChannel(topic)
    if hooks.slack and subject.slack:
        if isinstance(hooks.slack, SlackApp):
            api = SlackApi(hooks.slack.token, post, wait, settings.slack_api)
            yield SlackAppChannel(hooks.slack, api, threads, reader, run)
        else:
            yield SlackChannel(str(hooks.slack), post, wait)
    if hooks.teams:
        yield TeamsChannel(str(hooks.teams), post, wait)
    if hooks.webhook:
        yield WebhookChannel(str(hooks.webhook.url), hooks.webhook.secret, post, wait)


def hooks_of(project: str) -> Hooks:
    try:
        text = secret.read() if secret else ""
        return Webhooks.parse(text, allow_insecure=settings.allow_insecure_webhook).of(project)
    except SettingsError as error:
        # Another delivery would find the same secret: the alarm on this metric calls the operator.
        logger.error("webhooks are off", reason=error.message)
        count("NoticesRefused", "secret")
        return Hooks()


def report(delivery: Delivery, notice: str) -> None:
    for name, outcome in delivery.outcomes.items():
        if outcome.sent:
            logger.info("sent", notice=notice, channel=name)
        else:
            logger.error("refused for good", notice=notice, channel=name, reason=outcome.reason)
            count("NoticesRefused", name)
    for name, failure in delivery.failures.items():
        if isinstance(failure, TailorError):
            logger.warning("not sent yet", notice=notice, channel=name, reason=failure.message)
        else:
            logger.error("not sent", notice=notice, channel=name, exc_info=failure)


def count(name: str, channel: str) -> None:
    with single_metric(name=name, unit=MetricUnit.Count, value=1) as metric:
        metric.add_metadata(key="channel", value=channel)
