"""Runs the demo: ``python -m tailor_local.demo [METHOD] [--keep]``. Ends 0 only if everything that it shows is true."""

import argparse
import csv
import io
import json
import os
import shutil
import sys
import tempfile
import time
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

from openai import OpenAI
from rich.markup import escape

from samples.generate import generate
from tailor.aws.clients import client
from tailor.errors import TailorError
from tailor.recipe import Method
from tailor.runs import TERMINAL, Run, State
from tailor.serving import keys
from tailor.steps.steer import approve
from tailor_cli import language
from tailor_cli.context import session
from tailor_cli.push import push_dataset
from tailor_local.cloud import PORT_SETTING, LocalCloud, api_address, port_from_environment
from tailor_local.demo import calls, show
from tailor_local.demo.listeners import Inbox, Slack
from tailor_local.demo.methods import DEMOS, Demo, DemoError
from tailor_local.errors import LocalCloudError
from tailor_local.places import ROOT
from tailor_local.quotas import QUOTAS, RAISED

# A cloud of its own on a free port, so that one of `make up` is left alone.
PORT = port_from_environment() if PORT_SETTING in os.environ else 0
LOG = ROOT / ".local" / "demo.log"
PATIENCE = 300.0  # seconds without a change of the run, on a machine that is slow or busy
QUESTIONS = 5


def main(method: Method, *, keep: bool = False) -> None:
    demo = DEMOS[method]
    with tempfile.TemporaryDirectory() as folder, Slack() as slack, ExitStack() as ending:
        show.title(f"A dataset: {demo.what}")
        data = Path(folder) / "data"
        generate(data, method, demo.rows)
        images, files = len(list(data.glob("images/*"))), sorted(path.name for path in data.iterdir() if path.is_file())
        show.line("made", ", ".join([*([f"{images} images"] if images else []), *files]))
        for note in demo.notes:
            show.line("method", note)
        show.title("The local cloud: template.yaml, deployed with sam")
        began = time.monotonic()
        # To keep it, it is the one that `tailor --local` uses.
        port, directory = (None, None) if keep else (PORT, Path(folder) / "cloud")
        cloud = LocalCloud(port, directory, background=keep, faults=demo.faults, raised=RAISED)
        ending.enter_context(cloud)
        ending.callback(shutil.copyfile, cloud.log, LOG)  # for those who want to know what happened behind it
        os.environ.update(cloud.environment())
        secret = client("secretsmanager").create_secret(
            Name="tailor/webhooks", SecretString=json.dumps({"slack": slack.url})
        )
        cloud.deploy({"WebhooksSecretArn": secret["ARN"], "AllowInsecureWebhook": "true"})
        show.line("ready", f"at {cloud.endpoint} after {time.monotonic() - began:.0f} s, with IAM enforced")
        rate, new = "custom-requests-a-minute", QUOTAS["custom-requests-a-minute"].new
        show.line("account", f"its quota of {new} requests a minute to custom models was raised to {RAISED[rate]:,}")
        link = console_link(cloud, demo)
        show.address("console", link)
        inbox = Inbox(session.stack.notices_topic)
        started, _ = push_dataset([data], f"{demo.project}/{demo.dataset}")
        run = follow(started)
        tell(run, demo, inbox, slack)
        call(run, demo, cloud.endpoint)
        check_nothing_was_lost()
        if keep:
            cloud.deploy()  # without this demo's Slack, which ends now
            ending.pop_all()
            tell_how_to_go_on(cloud, demo, link)
            return
    show.title("Done: from an upload to answered calls, and nothing is left running")
    show.line("keep it", "KEEP=1 make demo leaves the cloud and its console up")
    show.line("try next", "make up, then .venv/bin/tailor --local push YOUR-DATA PROJECT/DATASET --wait")
    show.line("or", ".venv/bin/tailor check YOUR-DATA --model nova-lite")


def console_link(cloud: LocalCloud, demo: Demo) -> str:
    """Return the console's address with a key for the demo's project."""
    until = datetime.now(UTC) + timedelta(hours=12)
    secret, _ = keys.create(
        session.serving, "demo's console", [demo.project], scopes=keys.SCOPES, by="person:demo", expires_at=until
    )
    return f"{cloud.console_url}#key={secret}"


def tell_how_to_go_on(cloud: LocalCloud, demo: Demo, link: str) -> None:
    """Print what keeps running, and how to use and stop it."""
    show.title("Done: from an upload to answered calls. The local cloud runs on")
    show.address("console", link)
    show.address(f"API (model {demo.project})", cloud.api_url)
    show.line("ask it", f".venv/bin/tailor --local chat {demo.project}")
    show.line("look", f".venv/bin/tailor --local show {demo.project}")
    show.line("stop it", "make down")


def follow(run: Run) -> Run:
    """Show each change as it comes, and approve the quote when the run asks."""
    show.title(f"The run {run.id}")
    began, seen = time.monotonic(), 0
    moved = began
    while True:
        for change in run.history[seen:]:
            moved = time.monotonic()
            show.change(change, moved - began)
        seen = run.sequence
        if run.state == State.AWAITING_APPROVAL:
            show.line("approval", f"{run.history[-1].reason}: the demo says yes for you (tailor approve)")
            run = approve(run, session.runs, by="person:demo", reason="the demo says yes", now=datetime.now(UTC))
            continue
        if run.state == State.LIVE:
            return run
        if run.state in TERMINAL:
            raise DemoError(f"the run ended as {run.state}: {run.history[-1].reason}")
        if time.monotonic() - moved > PATIENCE:
            raise DemoError(f"the run has been {run.state} for {PATIENCE:.0f} seconds")
        time.sleep(0.25)
        run = session.runs.get(run.id)


def tell(run: Run, demo: Demo, inbox: Inbox, slack: Slack) -> None:
    """Print the findings, the quote, the notices, the curve, the verdict, and the method's own measure."""
    show.findings(run, demo.split)
    show.quote(run)
    told = {State.PREPARED, State.AWAITING_APPROVAL, State.TRAINED, State.PASSED, State.LIVE}
    wanted = sum(change.state in told for change in run.history)
    deadline = time.monotonic() + 30
    while len(inbox.read()) < wanted and time.monotonic() < deadline:
        time.sleep(0.5)
    show.notices(inbox.subjects, slack.messages)
    if not slack.messages or len(inbox.subjects) != len(set(inbox.subjects)):
        raise DemoError(f"{len(inbox.subjects)} notices by SNS and {len(slack.messages)} in Slack are not one a change")
    if run.job and run.job.trainer == "sagemaker":  # whose jobs leave no curve, only its last value
        show.line("loss", f"{run.job.training_loss:.3f} at the end, of a training job of SageMaker")
    else:
        show.curve(read_curve(run), demo.loss)
    show.verdict(run)
    if run.evaluation.verdict != State.PASSED:
        raise DemoError("the candidate did not pass")
    report = json.loads(session.bucket.read(f"{run.files}evaluation/report.json"))
    show.measure(demo.measure(report))


def read_curve(run: Run) -> list[dict[str, str]]:
    for file in session.bucket.list(f"{run.files}job/"):
        if file.key.endswith("step_wise_training_metrics.csv"):
            return list(csv.DictReader(io.StringIO(session.bucket.read(file.key).decode())))
    raise DemoError("the job left no training metrics")


def call(run: Run, demo: Demo, endpoint: str) -> None:
    show.title(f"An app's calls, with the OpenAI client: {QUESTIONS} questions that were held out")
    secret, _ = keys.create(session.serving, "demo", [demo.project])
    api = OpenAI(base_url=api_address(endpoint, session.stack.api_url, session.stack.api_id), api_key=secret)
    base = calls.answers_of_base(run, session.bucket)
    report = json.loads(session.bucket.read(f"{run.files}evaluation/report.json"))
    asked, began = [], time.monotonic()
    for row in calls.held_out(run, session.bucket, QUESTIONS):
        answer = api.chat.completions.create(model=demo.project, messages=calls.messages(row, session.bucket))
        text = answer.choices[0].message.content
        if not text or answer.usage is None or not answer.usage.total_tokens:
            raise DemoError("the API gave no answer")
        asked.append(calls.scored(row, base.get(row["id"], ""), text, report, run.recipe.reinforcement.rewards))
    show.answers(asked)
    show.line("took", f"{time.monotonic() - began:.1f} s; the base model's answers are from the run's evaluation")
    if asked[0].custom_right is not None:
        show.score(asked, run)


def check_nothing_was_lost() -> None:
    stack = session.stack
    for queue in (stack.undelivered_events, stack.failed_invocations, stack.uploads_dead_letters):
        answer = client("sqs").receive_message(QueueUrl=queue, MaxNumberOfMessages=10)
        if answer.get("Messages"):
            raise DemoError(f"there are dead letters in {queue}: {answer['Messages'][0]['Body'][:500]}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        prog="python -m tailor_local.demo", description="The main job, on the local cloud."
    )
    parser.add_argument("method", nargs="?", choices=DEMOS, default="fine-tuning")
    parser.add_argument("--keep", action="store_true", help="leave the local cloud up")
    chosen = parser.parse_args()
    language.use(language.chosen([], os.environ))
    try:
        main(chosen.method, keep=chosen.keep)
    except KeyboardInterrupt:
        show.console.print("\n" + show.said("stopped; nothing is left running"))
        sys.exit(130)
    except LocalCloudError as error:
        show.console.print(f"\n[bold red]{show.said('The demo failed:')}[/] {escape(show.said(str(error)))}")
        sys.exit(error.exit_code)
    except TailorError as error:
        show.console.print(
            f"\n[bold red]{show.said('The demo failed:')}[/] {show.said(error.message)} {show.said(error.hint)}"
        )
        sys.exit(1)
