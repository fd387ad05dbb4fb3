"""Runs the demo. Ends 0 only where everything that it shows is true."""

import base64
import csv
import io
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from openai import OpenAI

from samples.generate import generate
from tailor.aws.clients import client
from tailor.errors import TailorError
from tailor.runs import TERMINAL, Run, State
from tailor.serving import keys
from tailor.steps.steer import approve
from tailor_cli.context import session
from tailor_cli.push import push_dataset
from tailor_local.cloud import PORT_SETTING, ROOT, LocalCloud, port_from_environment
from tailor_local.demo import show
from tailor_local.demo.listeners import Inbox, Slack

PROJECT, DATASET = "colours", "scenes"
# A cloud of its own on a free port, so that one of `make up` is left alone.
PORT = port_from_environment() if PORT_SETTING in os.environ else 0
LOG = ROOT / ".local" / "demo.log"
PATIENCE = 240.0  # seconds for the whole run


class DemoError(TailorError):
    """Something that the demo promised did not happen."""


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, Slack() as slack:
        show.title("A dataset: 400 drawn scenes with Vietnamese questions")
        data = Path(folder) / "data"
        generate(data)
        show.line("made", f"{len(list(data.glob('images/*')))} images, questions.csv, tailor.yaml")
        show.title("The local cloud: template.yaml, deployed with sam")
        began = time.monotonic()
        with LocalCloud(port=PORT, directory=Path(folder) / "cloud") as cloud, kept(cloud.log):
            os.environ.update(cloud.environment())
            secret = client("secretsmanager").create_secret(
                Name="tailor/webhooks", SecretString=json.dumps({"slack": slack.url})
            )
            cloud.deploy({"WebhooksSecretArn": secret["ARN"], "AllowInsecureWebhook": "true"})
            show.line("ready", f"at {cloud.endpoint} after {time.monotonic() - began:.0f} s, with IAM enforced")
            inbox = Inbox(session.stack.notices_topic)
            run = follow(push_dataset(data, f"{PROJECT}/{DATASET}"))
            tell(run, inbox, slack)
            call(run, data, cloud.endpoint)
            check_nothing_was_lost()
        show.title("Done: from an upload to an answered call, and nothing is left running")
        show.line("try next", "make up, then .venv/bin/tailor --local push YOUR-DATA PROJECT/DATASET --wait")
        show.line("or", ".venv/bin/tailor check YOUR-DATA --model nova-lite")


@contextmanager
def kept(log: Path) -> Iterator[None]:
    """The cloud's log outlives the demo, for those who want to know what happened behind it."""
    try:
        yield
    finally:
        shutil.copyfile(log, LOG)


def follow(run: Run) -> Run:
    """Shows each change as it comes, and says yes to the quote when the run asks."""
    show.title(f"The run {run.id}")
    began, seen = time.monotonic(), 0
    while True:
        for change in run.history[seen:]:
            show.change(change, time.monotonic() - began)
        seen = run.sequence
        if run.state == State.AWAITING_APPROVAL:
            show.line("approval", f"{run.history[-1].reason}: the demo says yes for you (tailor approve)")
            run = approve(run, runs=session.runs, by="person:demo", reason="the demo says yes", now=datetime.now(UTC))
            continue
        if run.state == State.LIVE:
            return run
        if run.state in TERMINAL:
            raise DemoError(f"the run ended as {run.state}: {run.history[-1].reason}")
        if time.monotonic() - began > PATIENCE:
            raise DemoError(f"the run is still {run.state} after {PATIENCE:.0f} seconds")
        time.sleep(0.25)
        run = session.runs.get(run.id)


def tell(run: Run, inbox: Inbox, slack: Slack) -> None:
    """The findings, the quote, who was told, the curve, the verdict."""
    show.findings(run)
    show.quote(run)
    wanted = {State.PREPARED, State.AWAITING_APPROVAL, State.TRAINED, State.PASSED, State.LIVE}
    deadline = time.monotonic() + 30
    while len(inbox.read()) < len(wanted) and time.monotonic() < deadline:
        time.sleep(0.5)
    show.notices(inbox.subjects, slack.messages)
    if not slack.messages or len(inbox.subjects) != len(set(inbox.subjects)):
        raise DemoError(f"{len(inbox.subjects)} notices by SNS and {len(slack.messages)} in Slack are not one a change")
    show.curve(read_curve(run))
    show.verdict(run)
    if run.evaluation["verdict"] != State.PASSED or run.evaluation["interval"][0] <= 0:
        raise DemoError("the candidate is not better than its base")


def read_curve(run: Run) -> list[dict[str, str]]:
    for file in session.bucket.list(f"{run.files}job/"):
        if file.key.endswith("step_wise_training_metrics.csv"):
            return list(csv.DictReader(io.StringIO(session.bucket.read(file.key).decode())))
    raise DemoError("the job left no training metrics")


def call(run: Run, data: Path, endpoint: str) -> None:
    """One chat completion through the API, with the official client, about an image that was held out."""
    show.title("An app's call, with the OpenAI client")
    row = json.loads(session.bucket.read(f"{run.files}prepared/test.jsonl").split(b"\n")[0])
    question = next(block["text"] for block in row["messages"][-1]["content"] if "text" in block)
    uri = next(
        block["image"]["source"]["s3Location"]["uri"] for block in row["messages"][-1]["content"] if "image" in block
    )
    image = session.bucket.read(uri.removeprefix(f"s3://{session.stack.bucket}/"))
    secret, _ = keys.create(session.serving, "demo", [PROJECT])
    api = OpenAI(base_url=api_url(endpoint), api_key=secret)
    began = time.monotonic()
    answer = api.chat.completions.create(
        model=PROJECT,
        messages=[
            {
                "role": "user",
                "content": [
                    {
                        "type": "image_url",
                        "image_url": {"url": f"data:image/png;base64,{base64.b64encode(image).decode()}"},
                    },
                    {"type": "text", "text": question},
                ],
            }
        ],
    )
    text = answer.choices[0].message.content
    show.line("asked", f"{question}  [dim](a held-out image; wanted: {row['references'][0]})[/]")
    show.line("answered", f"[bold]{text}[/]  [dim]{answer.model}, {time.monotonic() - began:.1f} s[/]")
    if not text or answer.usage is None or not answer.usage.total_tokens:
        raise DemoError("the API gave no answer")


def api_url(endpoint: str) -> str:
    stage = session.stack.api_url.rsplit("/", 2)[-2]
    return f"{endpoint}/restapis/{session.stack.api_id}/{stage}/_user_request_/v1"


def check_nothing_was_lost() -> None:
    for queue in (session.stack.undelivered_events, session.stack.failed_invocations):
        answer = client("sqs").receive_message(QueueUrl=queue, MaxNumberOfMessages=10)
        if answer.get("Messages"):
            raise DemoError(f"there are dead letters in {queue}: {answer['Messages'][0]['Body'][:500]}")


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        show.console.print("\nstopped; nothing is left running")
        sys.exit(130)
    except TailorError as error:
        show.console.print(f"\n[bold red]The demo failed:[/] {error.message} {error.hint}")
        sys.exit(1)
