"""Compare what the local cloud reads quickly with what the emulator reads."""

import json
from unittest.mock import Mock

import pytest
import yaml

from tailor_local.hooks import readings
from tailor_local.hooks.needed import inside
from tests.unit.contracts.template import ROOT

POLICY = json.dumps({"Statement": {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}})


def test_a_template_means_the_same_to_the_quick_parser(monkeypatch: pytest.MonkeyPatch) -> None:
    engine, text = inside("services.cloudformation.engine"), (ROOT / "template.yaml").read_text()
    monkeypatch.setattr(engine, "CfnLoader", engine.CfnLoader)  # is put back
    before = engine._parse_template(text)
    readings.read_templates_quickly()
    assert issubclass(engine.CfnLoader, yaml.CSafeLoader)
    assert engine._parse_template(text) == before


def test_a_policy_is_parsed_once_and_what_a_request_does_to_it_stays_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    evaluator = inside("core.iam_evaluator")
    parse = Mock(wraps=evaluator.parse_policy_document)
    monkeypatch.setattr(evaluator, "parse_policy_document", parse)
    readings.read_policies_once()
    evaluator.parse_policy_document(POLICY).clear()
    assert len(evaluator.parse_policy_document(POLICY)) == 1
    parse.assert_called_once_with(POLICY)
