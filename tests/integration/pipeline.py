"""The deployed pipeline as an integration test uses it."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import httpx

from tailor.aws.clients import client
from tailor.aws.runs import DynamoRunStore
from tailor.aws.s3 import S3Storage
from tailor.aws.serving import ServingTable
from tailor.names import UPLOADS, run_id
from tailor.runs import TERMINAL, Run, State
from tailor.serving import keys
from tailor.steps.folders import fingerprint
from tailor_local.cloud import LocalCloud, api_address
from tailor_local.demo.listeners import Inbox, Slack
from tailor_local.deployment import STACK
from tests.waiting import PATIENCE, until


@dataclass
class Pipeline:
    cloud: LocalCloud
    outputs: dict[str, str]
    slack: Slack
    inbox: Inbox
    stack: str = STACK

    def __post_init__(self) -> None:
        self.runs = DynamoRunStore(self.outputs["RunsTableName"])
        self.bucket = S3Storage(self.outputs["BucketName"])
        self.serving = ServingTable(self.outputs["ServingTableName"])

    @property
    def api(self) -> str:
        return api_address(self.cloud.endpoint, self.outputs["ApiUrl"], self.outputs["ApiId"])

    def upload(self, target: str, files: dict[str, bytes]) -> str:
        """Writes files in the order given; returns the id of the run that must follow."""
        prefix = f"{UPLOADS}{target}/"
        for name, data in files.items():
            self.bucket.write(prefix + name, data)
        project, dataset = target.split("/")
        return run_id(self.stack, project, dataset, fingerprint(prefix, list(self.bucket.list(prefix))))

    def wait(self, run: str, *states: State) -> Run:
        """Until the run is in one of ``states``; says yes where it asks for approval."""

        def look() -> Run | None:
            found = next((one for one in self.runs.project_runs(run.split("-")[0]) if one.id == run), None)
            if found is None or found.state in states:
                return found
            if found.state == State.AWAITING_APPROVAL:
                self.decide(run, "approve")
            assert found.state not in TERMINAL, f"{run} ended as {found.state}: {found.history[-1].reason}"
            return found

        found = until(look, lambda found: found is not None and found.state in states, pause=0.2)
        assert found is not None
        return found

    def ended(self, run: str) -> Run:
        """Until the run has ended, however it did."""
        return until(lambda: self.runs.get(run), lambda found: found.state in TERMINAL, pause=0.2)

    def decide(self, run: str, decision: str, secret: str = "") -> httpx.Response:
        """Over the API, with a key of the run's project that may; or with any other one."""
        project = self.runs.get(run).project
        secret = secret or keys.create(self.serving, "approver", [project], scopes=["approve"])[0]
        return httpx.post(
            f"{self.api}/approvals/{run}",
            headers={"Authorization": f"Bearer {secret}"},
            json={"decision": decision, "reason": "a test"},
            timeout=PATIENCE,
        )

    def dead(self) -> list[str]:
        """Bodies of dead letters; reading takes them out."""
        letters: list[str] = []
        for name in ("UndeliveredEventsUrl", "FailedInvocationsUrl", "UploadsDeadLettersUrl"):
            answer = client("sqs").receive_message(QueueUrl=self.outputs[name], MaxNumberOfMessages=10)
            for message in answer.get("Messages", []):
                letters.append(message["Body"])
                client("sqs").delete_message(QueueUrl=self.outputs[name], ReceiptHandle=message["ReceiptHandle"])
        return letters

    def notices(self, project: str, count: int, *titles: str) -> tuple[list[str], list[str]]:
        """Titles that SNS and Slack got about a project, once there are ``count`` of each and ``titles`` among them."""

        def look() -> tuple[list[str], list[str]]:
            subjects = [subject for subject in self.inbox.read() if subject.startswith(f"{project}:")]
            slack = [text for message in self.slack.messages if f" {project}:" in (text := str(message["text"]))]
            return subjects, slack

        def all_there(found: tuple[list[str], list[str]]) -> bool:
            subjects, slack = found
            told = all(title in subjects and any(title in text for text in slack) for title in titles)
            return min(len(subjects), len(slack)) >= count and told

        return until(look, all_there, pause=0.2)

    def function(self, part: str) -> str:
        pages: Iterable[dict[str, Any]] = client("lambda").get_paginator("list_functions").paginate()
        return next(str(f["FunctionName"]) for page in pages for f in page["Functions"] if part in f["FunctionName"])

    def jobs(self, name: str) -> list[dict[str, Any]]:
        answer = client("bedrock").list_model_customization_jobs(nameContains=name)
        return list(answer["modelCustomizationJobSummaries"])

    def deployments(self, name: str) -> list[dict[str, Any]]:
        answer = client("bedrock").list_custom_model_deployments(nameContains=name)
        return list(answer.get("modelDeploymentSummaries", []))

    def findings(self, run: Run) -> list[dict[str, Any]]:
        lines = self.bucket.read(f"{run.files}report/findings.jsonl").splitlines()
        return [json.loads(line) for line in lines]
