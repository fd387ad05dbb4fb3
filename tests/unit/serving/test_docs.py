"""docs/api.md names every error code, every parameter and every limit that the code has."""

import re

from tailor.serving import aliases, errors, keys, responses_request, schema
from tailor.serving.responses_request import ResponsesRequest
from tailor.serving.schema import ChatRequest
from tests.unit.serving.gateway import ROOT, gateway_responses

DOCS = (ROOT / "docs" / "api.md").read_text()


def test_every_error_code_is_documented_and_no_other() -> None:
    sources = [path.read_text() for path in (ROOT / "layers/tailor/tailor/serving").glob("*.py")]
    library = ROOT / "layers/tailor/tailor"
    sources += [
        (library / "aws/rest.py").read_text(),
        *(path.read_text() for path in (library / "management").glob("*.py")),
    ]
    used = {code for source in sources for code in re.findall(r'code="([a-z_0-9]+)"', source)}
    used |= set(schema._CODES.values()) | {"invalid_type", "invalid_value", "context_length_exceeded"}
    used |= {kind.code for kind in errors._BEDROCK.values()}
    used |= {errors._UNAVAILABLE.code, errors._BUG.code}
    for response in gateway_responses().values():
        used |= set(re.findall(r'"code":"([a-z_0-9]+)"', response["ResponseTemplates"]["application/json"]))
    documented = set(re.findall(r"^\| \d{3} \| `(\w+)` \|", DOCS, re.MULTILINE))
    assert used == documented


def test_the_table_says_of_every_parameter_what_becomes_of_it() -> None:
    for heading, request, ignored in (
        ("## Parameters", ChatRequest, schema.IGNORED),
        ("### Responses", ResponsesRequest, responses_request.IGNORED),
    ):
        section = re.split(r"^#", DOCS.partition(f"\n{heading}\n")[2], maxsplit=1, flags=re.MULTILINE)[0]
        rows = re.findall(r"^\| ((?:`\w+`(?:, )?)+) \| (.+) \|$", section, re.MULTILINE)
        fates = {name: fate for names, fate in rows for name in re.findall(r"\w+", names)}
        assert fates.keys() >= request.model_fields.keys(), request.model_fields.keys() - fates.keys()
        assert {name for name, fate in fates.items() if fate.startswith("ignored")} == ignored.keys()
    assert f"used, up to {schema.MAX_ANSWERS}:" in DOCS


def test_limits_are_those_of_the_code() -> None:
    rules = aliases.MediaRules()
    assert f"at most {rules.images} a request, each up to {rules.image_bytes / 2**20:g} MiB" in DOCS
    assert ", ".join(rules.image_formats) in DOCS
    assert f"up to {schema.MAX_METADATA} pairs" in DOCS
    assert f"has {keys._RANDOM_BYTES * 8} random bits" in DOCS
