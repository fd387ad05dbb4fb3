"""The stand-in's front: takes a request from the emulator, answers as Bedrock would."""

import asyncio
import json
import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from botocore.model import OperationModel

from tailor_local.bedrock import deployments, guardrails, imports, jobs, models, runtime, validation, wire
from tailor_local.bedrock.announce import Announcer
from tailor_local.bedrock.authorization import checks
from tailor_local.bedrock.context import Call, Standin
from tailor_local.bedrock.errors import ServiceError
from tailor_local.bedrock.faults import Desk, Faults, read
from tailor_local.bedrock.platform import Platform, Scope
from tailor_local.bedrock.runner import Runner
from tailor_local.bedrock.state import PHASES, Job, State, Store
from tailor_local.bedrock.wire import Answer
from tailor_local.errors import LocalCloudError
from tailor_local.sagemaker import SageMaker

log = logging.getLogger("tailor.bedrock")

CONTROL: dict[str, Callable[[Call], dict[str, Any]]] = {
    "CreateModelCustomizationJob": jobs.create_job,
    "GetModelCustomizationJob": jobs.get_job,
    "ListModelCustomizationJobs": jobs.list_jobs,
    "StopModelCustomizationJob": jobs.stop_job,
    "CreateCustomModel": imports.create_custom_model,
    "GetCustomModel": models.get_custom_model,
    "ListCustomModels": models.list_custom_models,
    "DeleteCustomModel": models.delete_custom_model,
    "CreateCustomModelDeployment": deployments.create_deployment,
    "GetCustomModelDeployment": deployments.get_deployment,
    "ListCustomModelDeployments": deployments.list_deployments,
    "UpdateCustomModelDeployment": deployments.update_deployment,
    "DeleteCustomModelDeployment": deployments.delete_deployment,
    "CreateProvisionedModelThroughput": deployments.create_throughput,
    "GetProvisionedModelThroughput": deployments.get_throughput,
    "ListProvisionedModelThroughputs": deployments.list_throughputs,
    "UpdateProvisionedModelThroughput": deployments.update_throughput,
    "DeleteProvisionedModelThroughput": deployments.delete_throughput,
    "CreateGuardrail": guardrails.create_guardrail,
    "CreateGuardrailVersion": guardrails.create_guardrail_version,
    "GetGuardrail": guardrails.get_guardrail,
    "DeleteGuardrail": guardrails.delete_guardrail,
    "GetFoundationModel": models.get_foundation_model,
    "ListFoundationModels": models.list_foundation_models,
    "TagResource": models.tag_resource,
    "UntagResource": models.untag_resource,
    "ListTagsForResource": models.list_tags,
}


class Bedrock:
    """``directory`` keeps trained models; it must outlive the process where state is kept."""

    def __init__(self, platform: Platform, directory: Path, faults: Faults) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self.desk = Desk(faults)
        self.store = Store()
        self.announcer = Announcer(platform, self.desk)
        self.platform = platform
        self._standin = Standin(platform, self.store, self.desk, directory, self._start_job)
        self._runner = Runner(self._standin, self.announcer)
        self.sagemaker = SageMaker(self._standin, self.announcer)

    def _start_job(self, scope: Scope, job: Job) -> None:
        self._runner.start(scope, job)

    async def handle(
        self, service: str, method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, list[str]]
    ) -> tuple[int, dict[str, str], Any]:
        """``service`` is bedrock or bedrock-runtime. The body of the answer is bytes, or chunks of a stream."""
        found = wire.match(service, method, path)
        if found is None:
            return wire.refusal(service, ServiceError("UnknownOperationException", f"No operation at {method} {path}."))
        operation, labels = found
        self.store.count(operation.name)
        # In a thread: an operation may read S3, which the same event loop serves.
        return await asyncio.to_thread(self._answer, service, operation, labels, query, headers, body)

    def _answer(
        self,
        service: str,
        operation: OperationModel,
        labels: dict[str, str],
        query: dict[str, list[str]],
        headers: dict[str, str],
        body: bytes,
    ) -> tuple[int, dict[str, str], Any]:
        try:
            request = wire.parse(operation, labels, query, headers, body)
            call = Call.of(self._standin, operation.name, request, headers)
            self._authorise(call)
            fault = self.desk.refusal(operation.name)
            if fault:
                raise ServiceError(fault.code, fault.message)
            validation.check(operation.input_shape, request)
            return self._perform(service, operation, call)
        except ServiceError as error:
            log.info("%s refused: %s", operation.name, error.code)
            return wire.refusal(service, error)
        except Exception:
            log.exception("%s broke down", operation.name)
            return wire.refusal(
                service, ServiceError("InternalServerException", "The stand-in broke down; see its log.")
            )

    def _perform(self, service: str, operation: OperationModel, call: Call) -> tuple[int, dict[str, str], Any]:
        if service == "bedrock-runtime":
            return runtime.perform(operation, call)
        act = CONTROL.get(operation.name)
        if act is None:
            raise ServiceError("ValidationException", f"{operation.name} is not part of this stand-in.")
        with self.store.lock:
            return wire.answer(operation, act(call))

    def _authorise(self, call: Call) -> None:
        for check in checks(call.operation, call.request, call.scope):
            denial = self.platform.denial(call.headers, check.action, check.resource, check.context)
            if denial:
                raise ServiceError("AccessDeniedException", denial)

    def quota(self, name: str) -> int:
        """Return a quota of the account (tailor_local.quotas)."""
        return self._standin.quota(name)

    def saved(self) -> dict[str, Any]:
        with self.store.lock:
            return json.loads(json.dumps(self.store.state.to_json()))  # type: ignore[no-any-return]

    def restore(self, data: dict[str, Any]) -> None:
        """Take up an earlier state; jobs and imports that were running start their work again."""
        with self.store.lock:
            self.store.state = State.from_json(data)
            for job in self.store.state.jobs.values():
                if job.status in jobs.OPEN:
                    for phase in PHASES:
                        job.phases[phase]["status"] = "NotStarted"
                    _, _, _, region, account, _ = job.arn.split(":", 5)
                    self._runner.start(Scope(account, region), job)
            self.sagemaker.resume()
            for model in self.store.state.models.values():
                if not (model.weights or model.failure):
                    _, _, _, region, account, _ = model.arn.split(":", 5)
                    imports.start(self._standin, Scope(account, region), model)

    def reset(self) -> None:
        with self.store.lock:
            self.store.state = State()
            self.store.calls.clear()
            self.announcer.sent.clear()
            self.desk.replace(Faults())

    def control(self, method: str, path: str, body: bytes) -> Answer:
        """Return the tests' own API beside AWS's, for setting faults and reading what happened."""
        if path == "/_tailor/faults" and method == "PUT":
            return self._set_faults(body)
        if method != "GET":
            return 405, {"Content-Type": wire.JSON}, b"{}"
        shown: Mapping[str, Callable[[], Any]] = {
            "/_tailor/faults": lambda: self.desk.faults.model_dump(),
            "/_tailor/calls": lambda: self.store.calls,
            "/_tailor/events": lambda: self.announcer.sent,
            "/_tailor/usage": lambda: self.store.state.usage,
            "/_tailor/state": self.saved,
        }
        if path not in shown:
            return 404, {"Content-Type": wire.JSON}, json.dumps({"paths": list(shown)}).encode()
        with self.store.lock:
            return 200, {"Content-Type": wire.JSON}, json.dumps(shown[path](), ensure_ascii=False).encode()

    def _set_faults(self, body: bytes) -> Answer:
        try:
            self.desk.replace(read(body or b"{}"))
        except LocalCloudError as error:
            return 400, {"Content-Type": wire.JSON}, json.dumps({"message": str(error)}).encode()
        return 200, {"Content-Type": wire.JSON}, json.dumps(self.desk.faults.model_dump()).encode()
