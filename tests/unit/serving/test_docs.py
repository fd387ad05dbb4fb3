"""docs/api.md names every error code, every parameter and every limit that the code has."""

import re

from tailor.serving import aliases, errors, keys, schema
from tailor.serving.schema import ChatRequest
from tests.unit.serving.gateway import ROOT, gateway_responses

DOCS = (ROOT / "docs" / "api.md").read_text()


def test_every_error_code_is_documented_and_no_other() -> None:
    sources = [path.read_text() for path in (ROOT / "layers/tailor/tailor/serving").glob("*.py")]
    library = ROOT / "layers/tailor/tailor"
    sources += [(library / "aws/rest.py").read_text(), (library / "steps/approvals.py").read_text()]
    used = {code for source in sources for code in re.findall(r'code="([a-z_0-9]+)"', source)}
    used |= set(schema._CODES.values()) | {"invalid_type", "invalid_value", "context_length_exceeded"}
    used |= {kind.code for kind in errors._BEDROCK.values()}
    used |= {errors._UNAVAILABLE.code, errors._BUG.code}
    for response in gateway_responses().values():
        used |= set(re.findall(r'"code":"([a-z_0-9]+)"', response["ResponseTemplates"]["application/json"]))
    documented = set(re.findall(r"^\| \d{3} \| `(\w+)` \|", DOCS, re.MULTILINE))
    assert used == documented


def test_the_table_says_of_every_parameter_what_becomes_of_it() -> None:
    rows = dict(re.findall(r"^\| ((?:`\w+`(?:, )?)+) \| (.+) \|$", DOCS, re.MULTILINE))
    fates = {name: fate for names, fate in rows.items() for name in re.findall(r"\w+", names)}
    assert fates.keys() >= ChatRequest.model_fields.keys()
    assert {name for name in ChatRequest.model_fields if fates[name].startswith("ignored")} == schema.IGNORED.keys()
    assert f"used, up to {schema.MAX_ANSWERS}:" in fates["n"]


def test_limits_are_those_of_the_code() -> None:
    rules = aliases.MediaRules()
    assert f"at most {rules.images} a request, each up to {rules.image_bytes / 2**20:g} MiB" in DOCS
    assert ", ".join(rules.image_formats) in DOCS
    assert f"up to {schema.MAX_METADATA} pairs" in DOCS
    assert f"has {keys._RANDOM_BYTES * 8} random bits" in DOCS
