import json
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from tailor_cli.curve import train_curve
from tailor_cli.evaluate import NOT_PASSED, evaluate

app = typer.Typer()
app.command()(evaluate)
app.command()(train_curve)


def write(folder: Path, name: str, rows: list[dict[str, Any]]) -> Path:
    path = folder / f"{name}.jsonl"
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")
    return path


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    """400 rows in 200 groups; the candidate has all that the baseline has and ten points more."""
    references = [{"id": f"q{place}", "references": ["đỏ"], "group": f"g{place // 2}"} for place in range(400)]
    base = [{"id": f"q{place}", "answer": "Đỏ." if place % 10 < 5 else "xanh"} for place in range(400)]
    ours = [{"id": f"q{place}", "answer": "đỏ" if place % 10 < 6 else "xanh"} for place in range(400)]
    arguments = []
    contents: dict[str, list[dict[str, Any]]] = {"references": references, "candidate": ours, "baseline": base}
    for name, rows in contents.items():
        arguments += [f"--{name}", str(write(tmp_path, name, rows))]
    return arguments


def run(*arguments: str) -> Any:
    return CliRunner().invoke(app, list(arguments))


def test_json_holds_the_figures(files: list[str]) -> None:
    result = run("evaluate", *files, "--json")
    assert result.exit_code == 0
    found = json.loads(result.stdout)
    assert found["verdict"] == "passed"
    assert (found["metric"], found["candidate"], found["baseline"]) == ("exact_match", 0.6, 0.5)
    assert found["difference"] == pytest.approx(0.1)
    assert len(found["interval"]) == 2
    assert found["interval"][0] < 0.1 < found["interval"][1]
    assert (found["rows"], found["groups"]) == (400, 200)
    assert found["p_value"] < 0.001
    assert 0 < found["minimum_detectable_effect"] < 0.1
    assert found["normaliser"].startswith("vi-norm:v3|")


def test_people_get_a_sentence_and_a_table(files: list[str]) -> None:
    result = run("evaluate", *files)
    assert result.exit_code == 0
    assert "The candidate is better: exact match 60.0 % against 50.0 % for the baseline" in result.stdout
    assert "token_f1" in result.stdout


def test_metric_margin_language_and_steps_can_be_chosen(files: list[str]) -> None:
    result = run(
        "evaluate",
        *files,
        "--metric",
        "token_f1",
        "--margin",
        "0.2",
        "--language",
        "en",
        "--switch",
        "num=off",
        "--json",
    )
    found = json.loads(result.stdout)
    assert (found["metric"], found["verdict"], found["language"]) == ("token_f1", "failed", "en")
    assert "num:off" in found["normaliser"]


def test_a_pass_can_be_required(files: list[str]) -> None:
    assert run("evaluate", *files, "--require-pass").exit_code == 0
    assert run("evaluate", *files, "--margin", "0.5", "--require-pass").exit_code == NOT_PASSED


def test_a_missing_answer_is_wrong(files: list[str]) -> None:
    candidate = Path(files[3])
    candidate.write_text("".join(candidate.read_text("utf-8").splitlines(keepends=True)[:200]), "utf-8")
    found = json.loads(run("evaluate", *files, "--json").stdout)
    assert found["candidate"] == 0.3
    assert found["missing"]["candidate"] == 200
    assert "200 of 400 answers of the candidate are missing" in run("evaluate", *files).stdout


def test_missing_answers_of_the_baseline_do_not_make_a_candidate_look_good(files: list[str]) -> None:
    Path(files[5]).write_text("", "utf-8")
    found = json.loads(run("evaluate", *files, "--json").stdout)
    assert (found["verdict"], found["baseline"]) == ("inconclusive", 0)
    assert "400 answers of the baseline are missing" in found["reasons"][0]


def test_references_that_are_blank_are_none(files: list[str]) -> None:
    Path(files[1]).write_text('{"id": "q0", "references": [" "]}', "utf-8")
    assert "1 rows have no reference" in run("evaluate", *files).output


def test_a_metric_of_conduct_that_decides_is_shown(files: list[str]) -> None:
    assert "answer_language" in run("evaluate", *files, "--metric", "answer-language").stdout


def test_a_languages_code_may_be_written_as_people_do(files: list[str]) -> None:
    for code in ("VI", "vi-VN", "vi_VN"):
        assert json.loads(run("evaluate", *files, "--language", code, "--json").stdout)["normaliser"].startswith("vi-")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--metric", "accuracy"], "there is no metric 'accuracy'"),
        (["--switch", "tone"], "is not understood"),
        (["--switch", "tones=off"], "no normaliser has the step 'tones'"),
        (["--language", "vi", "--switch", "tones=off"], "the normaliser for 'vi' does not have the step 'tones'"),
        (["--language", "tiếng Việt"], "is not a language code"),
    ],
)
def test_wrong_choices_are_named(files: list[str], arguments: list[str], message: str) -> None:
    result = run("evaluate", *files, *arguments)
    assert result.exit_code == 1
    assert message in " ".join(result.output.split())


def test_an_unknown_id_is_an_error(files: list[str]) -> None:
    with Path(files[3]).open("a", encoding="utf-8") as file:
        file.write('{"id": "other", "answer": "x"}\n')
    result = run("evaluate", *files)
    assert result.exit_code == 1
    assert "candidate.jsonl: 1 of its 401 ids are not among the references: 'other'" in " ".join(result.output.split())


def test_curves_in_words(tmp_path: Path) -> None:
    path = tmp_path / "step_wise_training_metrics.csv"
    losses = [2.0, 1.2, 0.7, 0.5, 0.41, 0.4, 0.4, 0.4, 0.4, 0.4]
    path.write_text(
        "step_number,epoch_number,training_loss,perplexity\n" + "".join(f"{n},0,{v},1\n" for n, v in enumerate(losses))
    )
    assert "Converged" in run("train-curve", str(path)).stdout
    found = json.loads(run("train-curve", str(path), "--json").stdout)
    assert found["state"] == "converged"
    assert len(found["curves"][0]["points"]) == 10
    path.write_text("a,b\n1,2\n")
    result = run("train-curve", str(path))
    assert result.exit_code == 1
    assert "no column training_loss" in result.output
