"""The commands of this part, as a person at a terminal meets them; nothing here asks AWS."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from tailor import catalog
from tailor.aws import clients
from tailor.aws.price_list import PriceList
from tailor.errors import RetryableError
from tailor.recipe import Recipe
from tailor.training.preflight import PreflightCheck
from tailor_cli import doctor, models
from tailor_cli.context import Session
from tailor_cli.grade import grade
from tailor_cli.models import models as models_command
from tailor_cli.quote import quote

app = typer.Typer()
for command in (models_command, quote, grade, doctor.doctor):
    app.command()(command)


def run(*arguments: str, code: int = 0) -> str:
    found = CliRunner().invoke(app, list(arguments), terminal_width=200)
    assert found.exit_code == code, found.output
    return found.output


ROW = b'{"messages": [{"role": "user", "content": "2 + 2?"}], "reference_answer": "4"}'
GRADED = "method: reinforcement\nmodel: nova-2-lite\n"


class TestModels:
    def test_every_model_is_listed(self) -> None:
        shown = run("models", "--offline")
        assert all(model.name in shown for model in catalog.models())
        assert "unknown" in shown

    def test_one_model_with_limits_hyperparameters_and_sources(self) -> None:
        shown = run("models", "nova-lite", "--offline")
        for part in ("amazon.nova-lite-v1:0:300k", "20,000", "learning_rate", "teachers", "https://", "unknown per"):
            assert part in shown

    def test_a_wrong_name_suggests_the_right_one(self) -> None:
        assert "did you mean 'nova-lite'" in run("models", "nova-lit", "--offline", code=1)

    def test_json_for_machines(self) -> None:
        assert len(json.loads(run("models", "--json"))) == len(catalog.models())
        assert json.loads(run("models", "nova-pro", "--json"))["name"] == "nova-pro"

    def test_what_the_region_offers_is_shown_beside_it(self, monkeypatch: pytest.MonkeyPatch) -> None:
        offered = {"FINE_TUNING": frozenset({"amazon.nova-lite-v1:0:300k"}), "DISTILLATION": frozenset()}
        monkeypatch.setattr(models, "_ask_region", lambda: {"CONTINUED_PRE_TRAINING": frozenset(), **offered})
        assert "does not list it" in run("models", "nova-micro")
        assert "this Region" in run("models", "nova-lite")

    def test_without_a_region_the_catalogue_is_still_shown(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in ("AWS_DEFAULT_REGION", "AWS_REGION", "AWS_PROFILE"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
        clients.client.cache_clear()
        shown = run("models")
        assert "no AWS Region is set" in shown
        assert "nova-micro" in shown

    def test_without_credentials_the_catalogue_is_still_shown(self, monkeypatch: pytest.MonkeyPatch) -> None:
        class NoAccount:
            def foundation_models(self, customization: str) -> Any:
                raise RetryableError("listing foundation models: Unable to locate credentials")

        monkeypatch.setattr("tailor.aws.bedrock.Bedrock", NoAccount)
        shown = run("models")
        assert "could not ask AWS what this Region offers" in shown
        assert "nova-lite" in shown


@pytest.fixture
def sums(tmp_path: Path) -> Path:
    rows = [
        {"messages": [{"role": "user", "content": f"What is {n} and {n}?"}], "reference_answer": str(2 * n)}
        for n in range(150)
    ]
    (tmp_path / "sums.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (tmp_path / "tailor.yaml").write_text("method: reinforcement\nmodel: nova-2-lite\n")
    return tmp_path


@pytest.fixture
def answers(tmp_path: Path) -> Path:
    rows = [{"prompt": f"Question number {n}?", "completion": f"The answer is {n}."} for n in range(300)]
    (tmp_path / "data.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (tmp_path / "tailor.yaml").write_text("model: nova-micro\n")
    return tmp_path


class TestQuote:
    @pytest.fixture(autouse=True)
    def no_list(self, monkeypatch: pytest.MonkeyPatch) -> list[str]:
        """AWS can't be reached; returns the usage types that were asked for."""
        asked: list[str] = []

        def products(self: PriceList, usage_type: str) -> list[str]:
            asked.append(usage_type)
            raise RetryableError("asking for prices: no route to host")

        monkeypatch.setattr(PriceList, "products", products)
        return asked

    def test_without_aws_the_catalogues_prices_hold_and_it_is_said(self, answers: Path, no_list: list[str]) -> None:
        shown = run("quote", str(answers))
        assert "catalogue, 2026-08-31" in shown
        assert "no route to host): the catalogue's prices hold" in shown
        assert no_list == ["USE1-NovaMicro-Customization-Training"]
        assert "Price List" not in run("quote", str(answers), "--offline")
        assert len(no_list) == 1

    def test_the_lists_price_comes_before_the_catalogues(self, answers: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def products(self: PriceList, usage_type: str) -> list[str]:
            dimension = {"unit": "1K tokens", "pricePerUnit": {"USD": "0.0020000000"}}
            terms = {"OnDemand": {"A": {"priceDimensions": {"B": dimension}}}}
            return [json.dumps({"product": {"attributes": {"usagetype": usage_type}}, "terms": terms})]

        monkeypatch.setattr(PriceList, "products", products)
        shown = run("quote", str(answers), "--model", "nova-lite")
        assert "AWS Price List, 20" in shown
        assert "At most $" in shown

    def test_a_price_of_ones_own_comes_first_and_makes_it_known(self, answers: Path) -> None:
        prices = ("training=0.002", "custom-input=0.00006", "custom-output=0.00024")
        options = [part for price in prices for part in ("--price", price)]
        shown = run("quote", str(answers), "--model", "nova-lite", *options)
        assert "your option --price" in shown
        assert "At most $" in shown
        wrong = run("quote", str(answers), "--price", "tuition=1", code=1)
        assert "the price tuition = 1 of nova-micro can't be used" in wrong

    def test_what_is_unknown_says_how_to_make_it_known(self, answers: Path) -> None:
        shown = run("quote", str(answers), "--model", "nova-lite")
        assert 'set the stack\'s parameter Prices to {"nova-lite": {"training": VALUE}}' in shown
        assert "tailor quote --price training=VALUE" in shown

    def test_a_folder_gets_a_quote_with_its_assumptions(self, answers: Path) -> None:
        shown = run("quote", str(answers))
        for part in ("Training Amazon Nova Micro", "At most $", "2026-08-31", "tokenisers", "epochs = "):
            assert part in shown

    def test_an_unknown_price_is_said_to_be_unknown(self, answers: Path) -> None:
        shown = run("quote", str(answers), "--model", "nova-lite")
        assert "no trustworthy price for training Amazon Nova Lite" in shown
        assert "At most" not in shown

    def test_json_for_machines(self, answers: Path) -> None:
        found = json.loads(run("quote", str(answers), "--json"))
        assert found["model"] == "nova-micro"
        assert len(found["totals"]["once"]) == 3

    def test_a_recipe_that_does_not_fit_the_model_is_named(self, answers: Path) -> None:
        (answers / "tailor.yaml").write_text("hyperparameters: {epochs: 9}\n")
        assert "hyperparameters.epochs" in run("quote", str(answers), code=1)

    def test_a_dataset_that_can_not_be_used_has_no_quote(self, tmp_path: Path) -> None:
        (tmp_path / "data.jsonl").write_text('{"nothing": "known"}\n')
        assert "tailor check" in run("quote", str(tmp_path), code=1)


class TestGrade:
    def test_rewards_that_can_teach(self, sums: Path) -> None:
        assert "tell right from wrong" in run("grade", str(sums / "sums.jsonl"), "--recipe", str(sums / "tailor.yaml"))

    def test_rewards_that_can_not_teach_end_with_1(self, sums: Path) -> None:
        recipe = sums / "loose.yaml"
        recipe.write_text(GRADED + "reinforcement: {rewards: [{kind: format, pattern: '.*'}]}\n")
        shown = run("grade", str(sums / "sums.jsonl"), "--recipe", str(recipe), code=1)
        assert "all-ones" in shown

    def test_a_models_answers_are_tried_too(self, sums: Path) -> None:
        given = sums / "answers.jsonl"
        given.write_text("".join(json.dumps({"answer": "no idea"}) + "\n" for _ in range(150)))
        assert "all-zeros" in run("grade", str(sums / "sums.jsonl"), "--answers", str(given), code=1)

    @pytest.mark.parametrize(
        ("content", "says"),
        [
            (b"", "is empty"),
            (b"{\n", "bad.jsonl: this is not JSON"),
            (b'{"messages": []}\n', "line 1: the format of the rows is not recognised"),
            (b'{"messages": [1, 2]}\n', "line 1: the format of the rows is not recognised"),
            (ROW + b'\n{"prompt": "", "answer": "4"}\n', "line 2: the prompt is empty"),
            (ROW.replace(b'"4"', b"true"), "line 1: the reference answer is"),
            (bytes(range(256)), "this is not text"),
            (b'{"messages": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "line 1"),
        ],
    )
    def test_a_file_that_is_none_is_named(self, content: bytes, says: str, tmp_path: Path) -> None:
        (tmp_path / "bad.jsonl").write_bytes(content)
        assert says in run("grade", str(tmp_path / "bad.jsonl"), code=1)

    @pytest.mark.parametrize(
        ("content", "says"), [(b"no\n", "line 1: this is not JSON"), (b'"4"\n', "1 answers for 150 rows")]
    )
    def test_answers_that_are_none_are_named(self, content: bytes, says: str, sums: Path) -> None:
        (sums / "answers.jsonl").write_bytes(content)
        assert says in run("grade", str(sums / "sums.jsonl"), "--answers", str(sums / "answers.jsonl"), code=1)

    @pytest.mark.parametrize(
        "content",
        [
            b'{"prompt": "2 + 2?", "answer": "4"}\n{"prompt": "2 + 3?", "answer": "5"}\n',
            b'{"question": "2 + 2?", "answer": "4"}\n\n{"question": "2 + 3?", "answer": "5"}\n',
            b"question,answer\n2 + 2?,4\n2 + 3?,5\n",
            b"\xef\xbb\xbf" + ROW + b"\n" + ROW.replace(b'"4"', b'"5"'),
            (ROW + b"\n" + ROW.replace(b'"4"', b'"5"')).decode().encode("utf-16"),
        ],
    )
    def test_rows_are_read_as_a_datasets_are(self, content: bytes, tmp_path: Path) -> None:
        (tmp_path / "p.jsonl").write_bytes(content)
        assert "tell right from wrong" in run("grade", str(tmp_path / "p.jsonl"))

    def test_a_prompt_without_a_reference_can_not_be_graded(self, tmp_path: Path) -> None:
        (tmp_path / "p.jsonl").write_bytes(b'{"prompt": "a"}\n')
        assert "ungradable" in run("grade", str(tmp_path / "p.jsonl"), code=1)

    @pytest.mark.parametrize(
        ("text", "says"),
        [
            ("{method: fine-tuning}", "rbad.yaml: method: fine-tuning has no rewards"),
            ("reinforcment: {}", "rbad.yaml: reinforcment: there is no such setting"),
            ("method: [", "rbad.yaml: line 1"),
            (GRADED + "reinforcement: {rewards: [{kind: magic}]}", "rbad.yaml: reinforcement.rewards.0.kind"),
            (GRADED + "evaluation: {metric: magic}", "rbad.yaml: evaluation.metric"),
        ],
    )
    def test_what_is_wrong_with_the_given_recipe_names_its_file(self, text: str, says: str, sums: Path) -> None:
        recipe = sums / "rbad.yaml"
        recipe.write_text(text)
        shown = run("grade", str(sums / "sums.jsonl"), "-r", str(recipe), code=1)
        assert says in shown
        assert "tailor.yaml" not in shown

    def test_a_reference_nested_too_deeply_breaks_nothing(self, tmp_path: Path) -> None:
        deep = b"[" * 900 + b"]" * 900
        (tmp_path / "deep.jsonl").write_bytes(ROW.replace(b'"4"', deep))
        assert "line 1" in run("grade", str(tmp_path / "deep.jsonl"), code=1)

    def test_a_pattern_that_takes_for_ever_is_named(self, tmp_path: Path) -> None:
        (tmp_path / "tailor.yaml").write_text(
            GRADED + "reinforcement: {rewards: [{kind: format, pattern: '(a+)+b'}]}\n"
        )
        (tmp_path / "slow.jsonl").write_bytes(ROW.replace(b'"4"', b'"' + b"a" * 40 + b'"'))
        recipe = str(tmp_path / "tailor.yaml")
        assert "slow-pattern" in run("grade", str(tmp_path / "slow.jsonl"), "--recipe", recipe, code=1)


class Few:
    """Service Quotas of an account that may call custom models four times a minute."""

    def quotas(self, service: str) -> list[dict[str, Any]]:
        name = "(Model customization) Sum of on demand custom model deployment requests per minute for Amazon Nova "
        return [
            {"QuotaName": name + model, "QuotaCode": f"L-{number}", "Value": 4.0, "Adjustable": False}
            for number, model in enumerate(("Micro", "Lite"))
        ]


class TestDoctor:
    def test_a_dataset_brings_its_model_and_is_told_how_long_its_evaluation_takes(
        self, answers: Path, checks: list[PreflightCheck]
    ) -> None:
        shown = run("doctor", "--dataset", str(answers))
        assert "4 requests a minute of a custom Amazon Nova Micro" in shown
        assert "the evaluation takes at least" in shown
        assert "of a custom Amazon Nova Micro at 4 a minute" in shown
        assert "give --dataset or --run" in run("doctor", "--dataset", str(answers), "--run", "x", code=1)

    def test_a_quota_that_is_not_listed_is_no_failure(self, checks: list[PreflightCheck]) -> None:
        shown = run("doctor")
        assert "4 requests a minute of a custom Amazon Nova Lite" in shown
        assert "unknown" in shown

    @pytest.fixture
    def checks(self, monkeypatch: pytest.MonkeyPatch) -> list[PreflightCheck]:
        found = [PreflightCheck("model", "ok", "it is there")]

        class Stack:
            bucket, customization_role, train_role, grade_function = "data", "role", "train", "grade"
            webhooks_secret, sagemaker_training, training_role, import_role = "", "disabled", "", ""
            prices = '{"nova-lite": {"training": 0.002}}'

        def preflight(recipe: Recipe, *_: Any, **__: Any) -> list[PreflightCheck]:
            return [*found, PreflightCheck("asked", "ok", recipe.method)]

        monkeypatch.setattr(Session, "stack", Stack())
        monkeypatch.setattr(doctor, "region", lambda: "us-east-1")
        monkeypatch.setattr(doctor, "Bedrock", object)
        monkeypatch.setattr(doctor, "AwsAccess", object)
        monkeypatch.setattr(doctor, "preflight", preflight)
        monkeypatch.setattr(doctor, "ServiceQuotas", Few)
        return found

    def test_all_is_well(self, checks: list[PreflightCheck]) -> None:
        assert "it is there" in run("doctor")

    def test_a_failure_shows_its_remedy_and_ends_with_1(self, checks: list[PreflightCheck]) -> None:
        checks.append(PreflightCheck("read", "failed", "the role may not read", "let it"))
        shown = run("doctor", code=1)
        assert "the role may not read" in shown
        assert "let it" in shown

    def test_another_method_can_be_asked_for(self, checks: list[PreflightCheck]) -> None:
        assert "distillation" in run("doctor", "--method", "distillation")

    @pytest.mark.parametrize("wrong", [("--method", "magic"), ("--model", "nova-9"), ("--method", "reinforcement")])
    def test_what_does_not_exist_is_refused(self, wrong: tuple[str, str], checks: list[PreflightCheck]) -> None:
        run("doctor", *wrong, code=1)
