"""Alarms that say where to read on, a dashboard of what there is, a log without people's data."""

import io
import json
import re
from contextlib import redirect_stdout
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from tailor.runs import State
from tailor.steps.reconcile import ReconcileResult
from tests.unit.contracts.template import ROOT, functions, template
from tests.unit.contracts.test_events import context, environment, load
from tests.unit.steps.fakes import NOW, a_run

__all__ = ["environment"]

RESOURCES = template()["Resources"]
ALARMS = {name: item["Properties"] for name, item in RESOURCES.items() if item["Type"] == "AWS::CloudWatch::Alarm"}
OPERATIONS = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
HEADINGS = set(re.findall(r"^#+ (.+)$", OPERATIONS, re.MULTILINE))
KNOWN = {"AWS::StackName": "tailor", "AWS::Region": "us-east-1", "Links": "", "DocsUrl": "https://docs.example"}


def filled(text: str) -> str:
    return re.sub(r"\$\{([\w:.]+)\}", lambda found: KNOWN.get(found[1], found[1]), text)


def dashboard() -> tuple[dict[str, Any], str]:
    body, names = RESOURCES["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]
    _, links, plain = names["Links"]["Fn::If"]
    for text in (links, plain):
        json.loads(f'"{filled(text["Fn::Sub"])}"')  # it is put into a string of JSON
    return json.loads(filled(body)), json.loads(f'"{filled(links["Fn::Sub"])}"')


@pytest.mark.parametrize("name", sorted(ALARMS))
def test_an_alarm_says_where_to_read_what_to_do(name: str) -> None:
    (section,) = re.findall(r'See docs/operations.md, "(.+)"\.$', ALARMS[name]["AlarmDescription"]) or [None]
    assert section in HEADINGS or "docs/notifications.md" in ALARMS[name]["AlarmDescription"]


def test_the_dashboard_shows_all_alarms_and_functions_and_links_to_what_is_there() -> None:
    body, links = dashboard()
    (shown,) = [widget["properties"]["alarms"] for widget in body["widgets"] if widget["type"] == "alarm"]
    assert sorted(shown) == sorted(f"{name}.Arn" for name in ALARMS)
    errors = next(
        widget["properties"] for widget in body["widgets"] if "Errors" in widget["properties"].get("title", "")
    )
    assert len(errors["metrics"]) == len(functions())
    anchors = {heading.lower().replace(" ", "-") for heading in HEADINGS}
    named = re.findall(r"\(https://docs\.example/operations\.md#([^)]+)\)", links)
    assert len(named) > 10
    assert set(named) <= anchors
    referred = set(
        re.findall(r"\$\{(\w+)(?:\.\w+)?\}", RESOURCES["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"][0])
    )
    assert referred - {"Links"} <= RESOURCES.keys()


def test_each_function_that_works_on_runs_or_answers_is_a_segment_of_its_own_name() -> None:
    """Not the authorizer and the console, which load little: API Gateway tells their time. Bedrock calls grade."""
    named = {
        name: re.findall(r'^@traced\("(\w+)"\)$', (ROOT / "functions" / name / "app.py").read_text(), re.MULTILINE)
        for name in functions()
    }
    untraced: dict[str, list[str]] = {"authorize": [], "console": [], "grade": []}
    assert {name: found for name, found in named.items() if found != [name]} == untraced
    assert template()["Globals"]["Function"]["Tracing"] == "Active"


def test_a_web_acl_is_put_before_the_stage_that_people_call_and_only_where_there_is_one() -> None:
    firewall = RESOURCES["ApiFirewall"]
    assert template()["Conditions"][firewall["Condition"]] == {"Fn::Not": [{"Fn::Equals": [{"Ref": "WebAclArn"}, ""]}]}
    assert firewall["Properties"]["WebACLArn"] == {"Ref": "WebAclArn"}
    assert firewall["Properties"]["ResourceArn"]["Fn::Sub"].endswith("::/restapis/${Api}/stages/${Api.Stage}")


def test_the_access_log_holds_ids_times_and_outcomes_alone() -> None:
    setting = RESOURCES["Api"]["Properties"]["AccessLogSetting"]["Fn::If"][1]
    said = set(re.findall(r"\$context\.[\w.]+", setting["Format"]))
    assert said == {
        f"$context.{name}"
        for name in (
            *("requestId", "requestTimeEpoch", "httpMethod", "resourcePath", "status", "responseLatency"),
            *("responseLength", "integration.latency", "error.responseType", "authorizer.principalId"),
        )
    }
    json.loads(setting["Format"])


def metrics(text: str) -> dict[tuple[str, str], float]:
    """Values by metric and state of what was written."""
    found = {}
    for line in text.splitlines():
        document = json.loads(line)
        for described in document.get("_aws", {}).get("CloudWatchMetrics", []):
            assert (described["Namespace"], sorted(described["Dimensions"][0])) == ("Tailor", ["service", "state"])
            for metric in described["Metrics"]:
                (value,) = document[metric["Name"]]
                found[metric["Name"], document["state"]] = value
    return found


@pytest.mark.usefixtures("environment")
def test_reconcile_counts_open_runs_by_state_and_publish_the_time_in_each(monkeypatch: pytest.MonkeyPatch) -> None:
    reconcile, publish = load("reconcile"), load("publish")
    states = {State.APPROVED: (12, 90.5), State.LIVE: (1, 3600.0)}
    monkeypatch.setattr(reconcile, "reconciler", SimpleNamespace(round=lambda _: ReconcileResult(states=states)))
    monkeypatch.setattr(reconcile, "logger", SimpleNamespace(info=lambda *_, **__: None))
    with redirect_stdout(io.StringIO()) as said:
        reconcile.handler.__wrapped__({}, context())
    assert metrics(said.getvalue()) == {
        ("Runs", "approved"): 12,
        ("LongestInState", "approved"): 90.5,
        ("Runs", "live"): 1,
        ("LongestInState", "live"): 3600,
    }
    old = a_run(State.PREPARED)
    new = old.moved(State.TRAINING, by="train", now=NOW + timedelta(minutes=2))
    monkeypatch.setattr(publish, "bus", SimpleNamespace(send=lambda *_: None))
    for before, after, expected in ((old, new, {("SecondsInState", "prepared"): 120}), (new, new, {})):
        monkeypatch.setattr(publish, "images", lambda _, pair=(before, after): pair)
        monkeypatch.setattr(publish, "logger", SimpleNamespace(info=lambda *_, **__: None))
        with redirect_stdout(io.StringIO()) as said:
            publish.announce(SimpleNamespace(raw_event={}))
        assert metrics(said.getvalue()) == expected
