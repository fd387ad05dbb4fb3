"""Public files that nobody here wrote, where they lie beside the repository."""

from collections import Counter
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tailor.datasets.example import Example
from tailor.datasets.formats import DatasetReader, read_dataset
from tailor.recipe import Data, Method
from tailor.storage import FolderStorage

ROOT = Path(__file__).parents[5] / "shared" / "data"
pytestmark = pytest.mark.skipif(not ROOT.is_dir(), reason="the public data are not here")

FINE_TUNING = {
    "dialogsum/training-data.jsonl": ("prompt-completion", 1000, 0),
    "dialogsum/validation-data.json": ("unknown", 0, 11),
    "dialogsum/reference-inference.json": ("unknown", 0, 11),
    "fastchat/dummy_conversation.json": ("sharegpt", 500, 0),
    "llama-factory/alpaca_en_demo.json": ("alpaca", 999, 0),
    "llama-factory/c4_demo.jsonl": ("plain-text", 0, 300),
    "llama-factory/glaive_toolcall_en_demo.json": ("sharegpt", 300, 0),
    "llama-factory/mllm_demo.json": ("sharegpt", 6, 0),
    "llama-factory/v1_multimodal_demo.jsonl": ("openai-chat", 24, 0),
    "mathvista/sample_data.jsonl": ("question-answer", 20, 0),
    "nova-forge-sdk/csv_train_test_data.csv": ("question-answer", 20, 0),
    "nova-forge-sdk/openai_sft_multimodal_test_data.jsonl": ("openai-chat", 5, 0),
    "nova-forge-sdk/openai_sft_test_data.jsonl": ("openai-chat", 10, 0),
    "nova-forge-sdk/openai_sft_tool_test_data.jsonl": ("openai-chat", 8, 0),
    "nova-forge-sdk/rft_multiturn_invalid_empty_prompt.jsonl": ("question-answer", 1, 1),
    "nova-forge-sdk/rft_multiturn_invalid_missing_prompt.jsonl": ("unknown", 0, 2),
    "nova-forge-sdk/rft_multiturn_invalid_openai_role.jsonl": ("prompt-completion", 0, 2),
    "nova-forge-sdk/sft_train_samples_converse.json": ("converse", 3, 0),
    "nova-forge-sdk/sft_train_samples_converse.jsonl": ("converse", 8, 0),
    "nova-forge-sdk/unstructured_json_test.jsonl": ("question-answer", 6, 0),
    "nova-forge-sdk/unstructured_rft_data.jsonl": ("question-answer", 0, 5),
    "openai-cookbook/toy_chat_fine_tuning.jsonl": ("openai-chat", 5, 0),
    "vivqa-x/ViVQA-X_val.json": ("question-answer", 1459, 0),
}
OTHER_METHODS: dict[tuple[str, Method], tuple[str, int, int]] = {
    ("llama-factory/c4_demo.jsonl", "continued-pre-training"): ("plain-text", 300, 0),
    ("llama-factory/wiki_demo.txt", "continued-pre-training"): ("plain-text", 30, 0),
    ("llama-factory/alpaca_en_demo.json", "continued-pre-training"): ("unknown", 0, 999),
    ("dialogsum/validation-data.json", "distillation"): ("prompts", 11, 0),
    ("dialogsum/reference-inference.json", "distillation"): ("prompts", 11, 0),
    ("nova-forge-sdk/rft_multiturn_valid_minimal.jsonl", "distillation"): ("prompts", 5, 0),
    ("nova-forge-sdk/rft_test_data.jsonl", "reinforcement"): ("reinforcement", 10, 0),
    ("nova-forge-sdk/rft_multiturn_valid.csv", "reinforcement"): ("reinforcement", 5, 0),
    ("nova-forge-sdk/rft_multiturn_valid_nested.jsonl", "reinforcement"): ("reinforcement", 5, 0),
    ("nova-forge-sdk/rft_multiturn_valid_openai.jsonl", "reinforcement"): ("reinforcement", 5, 0),
    ("nova-forge-sdk/unstructured_rft_data.jsonl", "reinforcement"): ("reinforcement", 5, 0),
}
CASES = [(name, "fine-tuning", expected) for name, expected in FINE_TUNING.items()] + [
    (name, method, expected) for (name, method), expected in OTHER_METHODS.items()
]


def read(tmp_path: Path, folder: str, method: Method = "fine-tuning") -> DatasetReader:
    return read_dataset(FolderStorage(ROOT), f"{folder}/", Data(), method, tmp_path)


@cache
def counted(folder: str, method: Method) -> dict[str, tuple[str, int, int]]:
    """The format of each file, and how many of its rows are examples and how many are rejected."""
    with TemporaryDirectory() as scratch:
        reader = read(Path(scratch), folder, method)
        counts = Counter((row.file, type(row) is Example) for row in reader)
    return {file.name: (file.format, counts[file.name, True], counts[file.name, False]) for file in reader.files}


@pytest.mark.parametrize(("name", "method", "expected"), CASES)
def test_recognised_and_counted(name: str, method: Method, expected: tuple[str, int, int]) -> None:
    folder, _, file = name.partition("/")

    assert counted(folder, method)[file] == expected


def test_images_are_found_beside_the_rows_that_name_another_folder(tmp_path: Path) -> None:
    reader = read(tmp_path, "mathvista")

    refs = [
        block.ref
        for row in reader
        if isinstance(row, Example)
        for block in row.turns[0].blocks
        if hasattr(block, "ref")
    ]

    assert len(refs) == 20
    assert all(ref and reader.media.resolve(ref) for ref in refs)
    assert all(finding.severity != "error" for finding in reader.findings)


def test_vietnamese_questions_keep_their_parts(tmp_path: Path) -> None:
    first = next(iter(read(tmp_path, "vivqa-x")))

    assert isinstance(first, Example)
    assert (first.id, first.category, first.references) == ("393271001", "does this", ["có"])
