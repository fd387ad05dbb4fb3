"""Every public file that lies beside the repository: what `tailor check` makes of it. People agree with this table."""

import json

import pytest
import typer
from typer.testing import CliRunner

from tailor_cli.check import check
from tests.unit.datasets.conftest import SHARED_DATA

app = typer.Typer()
app.command()(check)
runner = CliRunner()
pytestmark = pytest.mark.skipif(not SHARED_DATA.is_dir(), reason="the public data are not here")

FINE = ["--method", "fine-tuning"]
PROMPTS = ["--method", "distillation"]
GRADED = ["--method", "reinforcement", "--model", "nova-2-lite"]
TEXT = ["--method", "continued-pre-training", "--model", "titan-text-express"]
NO_DATASETS = {".png", ".jpg", ".md", ""}
# The file, what it is for, rows that are used, and the errors. Ten rows are too few for reinforcement, three for Nova.
FILES: list[tuple[str, list[str], int, set[str]]] = [
    ("dialogsum/reference-inference.json", FINE, 0, {"no-rows", "row-not-an-object"}),
    ("dialogsum/training-data.jsonl", FINE, 1000, set()),
    ("dialogsum/training-data.jsonl", PROMPTS, 1000, set()),
    ("dialogsum/validation-data.json", FINE, 0, {"rows-unrecognised", "no-rows"}),
    ("fastchat/dummy_conversation.json", FINE, 500, set()),
    ("llama-factory/alpaca_en_demo.json", FINE, 999, set()),
    ("llama-factory/c4_demo.jsonl", TEXT, 335, set()),
    ("llama-factory/dataset_info.json", FINE, 0, {"no-data"}),
    ("llama-factory/glaive_toolcall_en_demo.json", FINE, 109, {"tools-not-supported"}),
    ("llama-factory/mllm_demo.json", FINE, 6, {"too-few-rows"}),
    ("llama-factory/v1_multimodal_demo.jsonl", FINE, 24, set()),
    ("llama-factory/wiki_demo.txt", TEXT, 167, set()),
    ("mathvista/prompt_template.txt", FINE, 0, {"no-data"}),
    ("mathvista/reference_results.jsonl", FINE, 0, {"rows-unrecognised", "no-rows"}),
    ("mathvista/sample_data.jsonl", FINE, 20, set()),
    ("nova-forge-sdk/csv_train_test_data.csv", FINE, 20, set()),
    ("nova-forge-sdk/openai_sft_multimodal_test_data.jsonl", FINE, 5, {"too-few-rows"}),
    ("nova-forge-sdk/openai_sft_test_data.jsonl", FINE, 10, set()),
    (
        "nova-forge-sdk/openai_sft_tool_test_data.jsonl",
        FINE,
        1,
        {"too-few-rows", "tools-not-supported"},
    ),
    (
        "nova-forge-sdk/rft_multiturn_invalid_empty_prompt.jsonl",
        GRADED,
        1,
        {"question-missing", "too-few-rows"},
    ),
    ("nova-forge-sdk/rft_multiturn_invalid_info_string.jsonl", GRADED, 2, {"too-few-rows"}),
    ("nova-forge-sdk/rft_multiturn_invalid_missing_id.jsonl", GRADED, 2, {"too-few-rows"}),
    (
        "nova-forge-sdk/rft_multiturn_invalid_missing_prompt.jsonl",
        GRADED,
        0,
        {"rows-unrecognised", "no-rows"},
    ),
    ("nova-forge-sdk/rft_multiturn_invalid_openai_role.jsonl", GRADED, 0, {"no-rows", "unknown-role"}),
    ("nova-forge-sdk/rft_multiturn_valid.csv", GRADED, 5, {"too-few-rows"}),
    ("nova-forge-sdk/rft_multiturn_valid_flat.jsonl", GRADED, 5, {"too-few-rows"}),
    ("nova-forge-sdk/rft_multiturn_valid_minimal.jsonl", GRADED, 5, {"too-few-rows"}),
    ("nova-forge-sdk/rft_multiturn_valid_nested.jsonl", GRADED, 5, {"too-few-rows"}),
    ("nova-forge-sdk/rft_multiturn_valid_openai.jsonl", GRADED, 5, {"too-few-rows"}),
    ("nova-forge-sdk/rft_test_data.jsonl", GRADED, 10, {"too-few-rows"}),
    ("nova-forge-sdk/sft_train_samples_converse.json", FINE, 3, {"too-few-rows"}),
    ("nova-forge-sdk/sft_train_samples_converse.jsonl", FINE, 8, set()),
    ("nova-forge-sdk/unstructured_json_test.jsonl", FINE, 6, {"too-few-rows"}),
    ("nova-forge-sdk/unstructured_rft_data.jsonl", GRADED, 5, {"too-few-rows"}),
    ("openai-cookbook/toy_chat_fine_tuning.jsonl", FINE, 4, {"first-turn", "too-few-rows"}),
    ("vivqa-x/ViVQA-X_val.json", FINE, 0, {"media-missing", "no-rows"}),
]


@pytest.mark.parametrize(("name", "options", "used", "errors"), FILES, ids=[f"{row[0]}-{row[1][1]}" for row in FILES])
def test_file(name: str, options: list[str], used: int, errors: set[str]) -> None:
    result = runner.invoke(app, [str(SHARED_DATA / name), "--json", *options])
    report = json.loads(result.stdout)
    found = {row["code"] for row in report["findings_by_code"] if row["severity"] == "error"}
    assert found - {"unusable-rows"} == errors  # which says nothing but that there are such rows
    assert report["counts"]["used"] == used
    assert (result.exit_code, report["usable"]) == ((1, False) if errors else (0, True))
    assert all(found["fix"] for found in report["findings"] if found["severity"] == "error")


def test_no_file_is_forgotten() -> None:
    there = {
        path.relative_to(SHARED_DATA).as_posix()
        for path in SHARED_DATA.rglob("*")
        if path.is_file() and path.suffix not in NO_DATASETS and path.parent.name != "vectors"
    }
    assert there == {name for name, *_ in FILES}
