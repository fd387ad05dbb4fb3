"""Events of runs, uploads, budgets and leftovers → a notice by SNS, Slack and webhook, once for each channel."""

from collections.abc import Iterator
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import MetricUnit, single_metric
from aws_lambda_powertools.utilities.typing import LambdaContext

from tailor.aws.notices import SecretText, SentOnce, Topic, post, waiter
from tailor.aws.queues import StepQueue, taken_from
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
from tailor.notices.channels import Channel, SlackChannel, SnsChannel, Wait, WebhookChannel
from tailor.notices.delivery import Delivery, deliver
from tailor.notices.hooks import Hooks, Webhooks
from tailor.notices.messages import (
    Message,
    message_for,
    message_for_budget,
    message_for_orphan,
    message_for_stall,
    message_for_upload,
)
from tailor.runs import Run
from tailor.settings import Settings, SettingsError


class NotifySettings(Settings):
    queue_url: str
    runs_table: str
    sent_table: str
    notices_topic_arn: str
    webhooks_secret_arn: str = ""
    allow_insecure_webhook: bool = False
    reports_url: str = ""
    tailor_command: str = "tailor"


settings = NotifySettings.load()
logger = Logger()
runs = DynamoRunStore(settings.runs_table)
topic = Topic(settings.notices_topic_arn)
secret = SecretText(settings.webhooks_secret_arn) if settings.webhooks_secret_arn else None
sent = SentOnce(settings.sent_table)


@logger.inject_lambda_context
@taken_from(StepQueue(settings.queue_url))
@traced("notify")
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, bool]:
    """For each channel, whether it took the notice. Raises RetryableError where one has to be tried again."""
    found = found_in(event)
    if found is None:
        return {}
    message, run = found
    delivery = deliver(message, channels(message.project, run, waiter(context)), sent.within(context))
    report(delivery, message)
    if delivery.failures:
        raise RetryableError(f"{message.id} could not be sent by {', '.join(delivery.failures)}")
    return {name: outcome.sent for name, outcome in delivery.outcomes.items()}


def found_in(event: dict[str, Any]) -> tuple[Message, Run | None] | None:
    """Return the message of an event and the run that it is about, if any; None where there is nothing to tell."""
    kind, told = event.get("detail-type"), detail(event)
    if kind == UPLOAD_ANSWERED:
        return message_for_upload(UploadAnswered.model_validate(told), command=settings.tailor_command), None
    if kind == BUDGET_REACHED:
        return message_for_budget(BudgetReached.model_validate(told), command=settings.tailor_command), None
    if kind == ORPHAN_FOUND:
        return message_for_orphan(OrphanFound.model_validate(told), command=settings.tailor_command), None
    change = RunChanged.model_validate(told)
    try:
        run = runs.get(change.run)
        if kind == RUN_STALLED:
            message = message_for_stall(run, command=settings.tailor_command)
        else:
            entry = run.change(change.sequence)
            message = message_for(run, entry, reports_url=settings.reports_url, command=settings.tailor_command)
    except NotFoundError as error:
        logger.warning("nothing to tell", reason=error.message)
        return None
    return (message, run) if message else None


def channels(project: str, run: Run | None, wait: Wait) -> Iterator[Channel]:
    yield SnsChannel(topic)
    hooks = hooks_of(project)
    if hooks.slack and (run is None or run.recipe.notifications.slack):
        yield SlackChannel(str(hooks.slack), post, wait)
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


def report(delivery: Delivery, message: Message) -> None:
    for name, outcome in delivery.outcomes.items():
        if outcome.sent:
            logger.info("sent", notice=message.id, channel=name)
        else:
            logger.error("refused for good", notice=message.id, channel=name, reason=outcome.reason)
            count("NoticesRefused", name)
    for name, failure in delivery.failures.items():
        if isinstance(failure, TailorError):
            logger.warning("not sent yet", notice=message.id, channel=name, reason=failure.message)
        else:
            logger.error("not sent", notice=message.id, channel=name, exc_info=failure)


def count(name: str, channel: str) -> None:
    with single_metric(name=name, unit=MetricUnit.Count, value=1) as metric:
        metric.add_metadata(key="channel", value=channel)
