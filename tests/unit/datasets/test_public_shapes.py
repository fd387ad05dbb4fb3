"""Datasets in the shapes that public tools, leaderboards and bug reports have: what is learnt of each, or what is said.

The datasets themselves lie beside the repository, where there is such a folder; else this skips. Each kind of shape
also has a test of its own elsewhere."""

import json
import shutil
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from tailor import catalog
from tailor.datasets.prepare import prepare_dataset
from tailor.recipe import Recipe
from tailor.storage import FolderStorage

CASES = Path(__file__).parents[3].parent / "shared/cases/intake"
pytestmark = pytest.mark.skipif(not CASES.is_dir(), reason="the public shapes are not on this machine")


class Shape(NamedTuple):
    """``used``: rows that are learnt or tested; ``codes``: of findings that there must be; ``learnt``: texts that
    stand in the prepared rows, ``never``: texts that must not; ``says``: texts of a finding."""

    case: str
    used: int
    codes: str = ""
    learnt: tuple[str, ...] = ()
    never: tuple[str, ...] = ()
    says: str = ""


SHAPES = [
    Shape("03-lf-two-images-one-tag", 0, "media-count", says="1 places for media, but 2 media"),
    Shape("04-lf-tag-no-images", 0, "media-count", says="names no file"),
    Shape("05-qwenvl-img-tags", 24, "", ("images/0.jpeg",), ("<img>", "Picture 1")),
    Shape("08-trl-images-column-type-image", 24, "", ("img/0.png",)),
    Shape("14-swift-query-images-history", 24, "", ("img/0.jpg", "Quán chào bạn", "trợ lý nhà hàng"), ("<image>",)),
    Shape("67-axolotl-images-index", 24, "", ("img/0.png", "img/0b.png")),
    Shape("68-docowl-pipe-image-tag", 24, "answer-says-nothing", ("image/0.jpg",), ("<|image|>",)),
    Shape("82-clevr", 24, "", ("CLEVR_train_000000.png",)),
    Shape("84-stvqa-only-file_path", 24, "", ("pics/0.jpg",)),
    Shape("105-mmmu", 24, "", ("img/0.png",), ("<image 1>",)),
    Shape("106-alpaca-image-tag", 24, "", ("img/0.png",), ("<image>",)),
    Shape("107-qa-csv-image-tag", 24, "", ("img/0.png",), ("<image>",)),
    Shape("108-phi3v-image_1", 24, "", ("img/0.png",), ("<|image",)),
    Shape("123-multi-image-columns", 24, "media-columns", ("a0.png", "b0.png")),
    Shape("131-four-images-two-tags", 0, "media-count", says="2 places for media, but 4 media"),
    Shape("132-trl-imgs-key", 24, "", ("img/0.png",)),
    Shape("133-messages-parts-images-null", 24),
    Shape("135-openai-vision-plus-image-key", 24, "", ("img/0.png",)),
    Shape("137-llamafactory-audio", 0, "audio-not-supported"),
    Shape("155-vlmeval-tsv-base64", 24, "", ("prepared/media/",)),
    Shape("156-hf-viewer-src", 0, "media-remote"),
    Shape("157-images-comma-cell", 24, "", ("a0.png", "b0.png")),
    Shape("170-llava-image-tag-row-without-image", 18, "media-count"),
    Shape("114-langfuse", 24, "", ("phở",)),
    Shape("143-belle-multiturn", 24, "template-removed", ("Còn nữa không?",), ("Human:", "Assistant:")),
    Shape("151-long-format-turns-csv", 24, "turns-gathered", ("phở",)),
    Shape("177-sharegpt-html", 20, "html-answer first-turn"),
    Shape("179-llama3-tokens", 24, "rendered-chat", ("phở",), ("<|",)),
    Shape("180-eos-in-answers", 24, "end-token", ("phở",), ("</s>", "<|")),
    Shape("45-guanaco-text", 24, "rendered-chat", ("phở",), ("###",)),
    Shape("46-llama-inst-text", 24, "rendered-chat", ("phở",), ("INST]", "<s>")),
    Shape("47-prompt-completion-inst-tokens", 24, "template-removed", ("Trả lời ngắn.",), ("INST]", "SYS", "</s>")),
    Shape("48-chatml-tokens", 24, "template-removed", ("phở",), ("<|im",)),
    Shape("49-claude-human-assistant", 24, "template-removed", ("phở",), ("Human:", "Assistant:")),
    Shape("50-openai-legacy-sep", 24, "template-removed", ("phở",), ("###", "END")),
    Shape("53-openai-evals-input-ideal", 24, "", ("phở", "Trả lời ngắn.")),
    Shape("71-autotrain-alpaca-text-csv", 24, "rendered-chat", ("phở", "Thực đơn 0"), ("###", "Below is")),
    Shape("72-autotrain-guanaco-text-csv", 24, "rendered-chat", ("phở",), ("###",)),
    Shape("40-jumpstart-template", 24, "file-not-used", ("phở",), ("{instruction}",)),
    Shape("110-ultrachat-data-list", 24, "", ("phở", "Còn chè.")),
    Shape("119-bedrock-batch-output", 24, "", ("phở",)),
    Shape("124-translation-dict", 0, "rows-unrecognised", says="data: {prompt: 'Translate into Vietnamese.'"),
    Shape("140-rft-ground_truth", 120, "", ("reference_answer",)),
    Shape("173-vitextcaps-nested", 24, "", ("images/0.jpg", "Một bát phở.")),
    Shape("183-axolotl-input_output-segments", 0, "rows-unrecognised", says="messages"),
    Shape("34-gemini-contents", 24, "", ("Trả lời ngắn.", "phở")),
    Shape("35-gemini-image", 24, "media-by-name", ("img/0.jpg",)),
    Shape("37-vertex-chat-author", 24, "", ("Bạn là phục vụ.", "phở")),
    Shape("39-jumpstart-dialog", 24, "", ("Trả lời ngắn.", "phở")),
    Shape("42-csv-conversations-pystring", 24, "", ("phở",)),
    Shape("43-csv-messages-json", 24, "", ("phở",)),
    Shape("44-jsonl-messages-jsonstring", 24, "", ("phở",)),
    Shape("76-glaive-raw", 0, "rendered-chat", says="can't be split"),
    Shape("94-pandas-to_json-columns", 24, "", ("phở",)),
    Shape("13-llava-system_prompt-key", 24, "", ("Giải thích điều bạn thấy.",)),
    Shape("15-swift-query-history-text", 24, "", ("Quán chào bạn", "phở")),
    Shape("16-swift-kto-label-false", 12, "marked-bad", ("cơm tấm",), ("đồ ngốc",)),
    Shape("17-lf-kto_tag", 12, "marked-bad", ("cơm tấm",), ("Đồ ngốc",)),
    Shape("18-trl-kto", 12, "marked-bad", ("cơm tấm",), ("Đồ ngốc",)),
    Shape("26-axolotl-train-false", 0, "marked-bad no-rows"),
    Shape("27-swift-loss-false", 0, "marked-bad no-rows"),
    Shape("29-reasoning_content-lite", 24, "reasoning-not-supported", ("phở",), ("để tôi nghĩ",)),
    Shape("30-reasoning_content-nova2", 24, "reasoning-read", ("reasoningContent", "để tôi nghĩ")),
    Shape("31-think-tags-lite", 24, "reasoning-not-supported", ("phở",), ("think>",)),
    Shape("32-think-tags-nova2", 24, "reasoning-read", ("reasoningContent",), ("think>",)),
    Shape("33-minimind-null-fields", 24, "reasoning-not-supported", ("phở",)),
    Shape("55-openpipe-split", 24),
    Shape("144-kto-qa-table", 12, "marked-bad", ("cơm tấm",), ("Đồ ngốc",)),
    Shape("148-split-col-names", 24),
    Shape("165-claude-thinking-nova2", 24, "reasoning-read", ("reasoningContent",)),
    Shape("181-r1-distill-csv", 24, "reasoning-read", ("Nghĩ từng bước",)),
    Shape("54-evals-input-output-ideal", 24, "", ("phở",), ('"3"',)),
    Shape("75-csv-openmath-cols", 24, "", ("Tính 0+1",)),
    Shape("85-nextqa-csv", 24, "choices-read", ("A. phở\\nB. bún chả",)),
    Shape("153-vqa-answers-liststr-csv", 24, "", ("bún chả",), ("answer_confidence",)),
    Shape("158-quiz-answers-correct-index", 0, "choice-ambiguous", says="first_choice"),
    Shape("159-quiz-answers-objects", 24, "choices-read", ('"text":"bún chả"',)),
    Shape("161-truthfulqa", 24, "", ("phở",)),
    Shape("162-excel-vn-dapan-1-4", 24, "choices-read"),
    Shape("63-coco-captions", 47, "captions-joined", ('kiểu 0.","Một bát',)),
    Shape("64-flickr8k-captions-txt", 70, "captions-joined", ('kiểu 1.","Một bát',)),
    Shape("164-claude-tool_use-parts", 0, "tools-not-supported"),
    Shape("20-lf-dpo-sharegpt", 0, "rows-unrecognised", says="answer: chosen"),
    Shape("22-dpo-output-list", 0, "rows-unrecognised", says="preference pairs"),
    Shape("25-hh-rlhf", 0, "rows-unrecognised", says="answer: chosen"),
    Shape("52-openai-batch-input", 24, "", ("phở",)),
    Shape("56-chatgpt-export", 24, "export-read", ("phở",), ("bản bị thay",)),
    Shape("57-claude-export", 24, "", ("phở",)),
    Shape("58-labelstudio-json", 24, "export-read", ("photo0.jpg", "phở")),
    Shape("62-coco-detection", 0, "rows-unrecognised", says="boxes"),
    Shape("65-flickr30k-pipe", 47, "captions-joined", ("0.jpg",)),
    Shape("78-xlam", 0, "export-read tools-not-supported"),
    Shape("91-vitext2sql", 24, "", ("select ten from",)),
    Shape("93-hf-rows-api", 24, "", ("phở",)),
    Shape("96-pandas-split-orient", 24, "", ("phở",)),
    Shape("102-hh-fix-followed", 24, "preference-pairs", ("phở",), ("Human:",)),
    Shape("103-ultrafeedback-fix-followed", 24, "preference-pairs", ("phở",)),
    Shape("113-langsmith", 24, "", ("phở",)),
    Shape("116-prodigy", 0, "rows-unrecognised export-read", says="columns: {context: text}"),
    Shape("118-titan-image-ref", 24, "prompt-taken", ("0.png",)),
    Shape("121-groundtruth-manifest", 0, "rows-unrecognised export-read", says="prompt: 'What is in this image?'"),
    Shape("125-summ-article-highlights", 0, "rows-unrecognised", says="{context: article, answer: highlights}"),
    Shape("127-fix-followed-imageref", 0, "rows-unrecognised", says="holds names of files"),
    Shape("128-fix-followed-chatgpt", 0, "rows-unrecognised", says="holds times"),
    Shape("129-fix-followed-batch", 0, "rows-unrecognised", says="holds ids"),
    Shape("152-messenger-export", 0, "rows-unrecognised", says="between named people"),
    Shape("182-messages-loss-mask-labels", 0, "rows-unrecognised", says="tokens"),
    Shape("184-sagemaker-jsonl-inputs", 120),
    Shape("189-phoner-conll", 0, "rows-unrecognised", says="a tag for each word"),
    Shape("163-setfit-label_text", 24, "", ("khen",)),
]


@pytest.mark.parametrize("shape", SHAPES, ids=[shape.case for shape in SHAPES])
def test_a_public_shape(shape: Shape, tmp_path: Path) -> None:
    (case,) = [each for each in _cases() if each["case"] == shape.case]
    folder = tmp_path / "uploads/uploads/team/set"
    shutil.copytree(CASES / shape.case / "in", folder)
    text = (folder / "tailor.yaml").read_text("utf-8") if (folder / "tailor.yaml").exists() else "{}"
    recipe = Recipe.model_validate({**yaml.safe_load(text), "method": case["method"], "model": case["model"]})
    (tmp_path / "scratch").mkdir()

    report = prepare_dataset(
        FolderStorage(tmp_path / "uploads"),
        "uploads/team/set/",
        FolderStorage(tmp_path / "out"),
        "run/",
        recipe,
        catalog.model(case["model"]),
        bucket_owner=None,
        scratch=tmp_path / "scratch",
        workers=1,
        write_unusable=True,
    )

    told = {found["code"]: found["message"] + found["fix"] for found in report.findings}
    written = "\n".join(path.read_text("utf-8") for path in (tmp_path / "out").rglob("prepared/*.jsonl"))
    assert report.counts["used"] == shape.used, report.findings
    assert set(shape.codes.split()) <= told.keys(), report.findings
    assert [text for text in shape.learnt if text not in written] == []
    assert [text for text in shape.never if text in written] == []
    assert shape.says in " ".join(told.values())


def _cases() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((CASES / "cases.json").read_text("utf-8"))
    return found
