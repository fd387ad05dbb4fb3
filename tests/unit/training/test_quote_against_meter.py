"""The quote against the stand-in's meter: what is trained on and what is asked lies in the range that was quoted.

The meter knows nothing of the quote: it counts by its own rules (`tailor_local.bedrock.tokens`) what lies in the
prepared files, read as a job and a call read them.
"""

import csv
import io
import json
from collections.abc import Callable, Iterable
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from samples.generate import WRITERS, generate
from tailor import catalog
from tailor.costs import CostLine, Quote
from tailor.datasets.prepare import prepare_dataset
from tailor.evaluation.gate import judge as judges
from tailor.evaluation.questions.arms import Arm
from tailor.evaluation.questions.plan import questions_of
from tailor.evaluation.questions.section import QuestionSet
from tailor.recipe import Evaluation, Recipe
from tailor.run_records import EvaluationRecord
from tailor.runs import Run
from tailor.storage import FolderStorage, Storage
from tailor.tokens import Estimator
from tailor.training import methods
from tailor.training.calls import examples_in
from tailor.training.request import Job as TrainingJob
from tailor_local.bedrock import conversation, foundation, tokens
from tailor_local.bedrock.context import Standin
from tailor_local.bedrock.faults import Faults
from tailor_local.bedrock.methods.distillation import Distillation
from tailor_local.bedrock.methods.fine_tuning import FineTuning
from tailor_local.bedrock.methods.pretraining import Pretraining
from tailor_local.bedrock.methods.work import Work
from tailor_local.bedrock.state import Job, State
from tailor_local.bedrock.storage import Storage as JobStorage

PRICES: dict[Any, Decimal] = {
    item: Decimal(price)
    for item, price in {"input": "0.1", "output": "0.4", "custom-input": "0.15", "custom-output": "0.5"}.items()
}
BUCKET, RUN, TODAY = "tailor-data", "runs/r/", date(2026, 11, 22)
WORDS = "một câu trả lời"
VIETNAMESE = (
    "Khách hàng hỏi: máy xay có bảo hành không?",
    "Xin chào! Đơn hàng số 48213 của tôi (đặt ngày 3/11) vẫn chưa tới, nhờ kiểm tra giúp.",
    "Ừ.",
)
ENGLISH = (
    "The customer asks whether the warranty of an uninterruptible power supply is transferable.",
    "Is it OK? A: no. B: 12.5 %. C: I do not know - ask at the desk; it is open 9-17, Mon-Fri.",
    "Why?",
)
SYMBOLS = ('{"a": [1, 2, {"b": null}], "c": -0.5}', "for (i=0;i<n;++i){a[i]+=b[i];}", "☎ → “…” «✓»", "1+2=3", "||--||")
LAYOUT = ("| name      |        value |\n| --------- | ------------ |\n", "Item\n\n\n\n\t\t\tprice\n" + " " * 400)
PICTURES = (
    ("nova-lite", 24, (160, 120)),
    ("nova-lite", 24, (900, 450)),
    ("nova-pro", 24, (1250, 1000)),
    ("nova-2-lite", 230, (40, 30)),
    ("llama-3-2-11b", 120, (160, 120)),
    ("llama-3-2-11b", 120, (600, 400)),
)


class Bucket(FolderStorage):
    """A folder that says it is a bucket."""

    def uri(self, key: str) -> str:
        return f"s3://{BUCKET}/{key}"


class Hands(JobStorage):
    """What a job's role may do: read the bucket, and ask a teacher who answers with one word."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def read(self, uri: str) -> bytes:
        return (self._folder / uri.removeprefix(f"s3://{BUCKET}/")).read_bytes()

    @property
    def models(self) -> Any:
        answer = {"output": {"message": {"content": [{"text": "giao hàng"}]}}}
        return SimpleNamespace(converse=lambda **request: answer)


@dataclass
class Prepared:
    folder: Path
    recipe: Recipe
    model: catalog.Model
    manifest: dict[str, Any]

    def quote(self, *, live: bool = False) -> Quote:
        train = (self.folder / f"{RUN}prepared/train.jsonl").read_bytes()
        examples = examples_in(train, self.recipe, self.model)
        return methods.quote(
            self.manifest,
            self.recipe,
            self.model,
            live=live,
            examples=examples,
            priced=lambda model: model.priced(PRICES, TODAY),
        )

    def job(self) -> dict[str, Any]:
        """The request of the run's job, as Tailor builds it."""
        run = cast("Run", SimpleNamespace(id="r", files=RUN, recipe=self.recipe, job={}, project="p", dataset="d"))
        role = "arn:aws:iam::123456789012:role/r"
        return methods.build_job(TrainingJob(run, self.model, self.manifest, BUCKET, role, {}))

    def trained(self) -> int:
        """What the job meters: its data are read, checked and counted; nothing is learned."""
        state, base = State(), foundation.of_model(self.model.training_id)
        standin = SimpleNamespace(
            state=state, store=SimpleNamespace(lock=nullcontext()), desk=SimpleNamespace(faults=Faults())
        )
        job = cast(
            "Job", SimpleNamespace(request=self.job(), base=base.training_id, method=self.job()["customizationType"])
        )
        hands, scope = Hands(self.folder), cast("Any", None)
        learner = LEARNERS[job.method](Work(job, base, hands, cast("Standin", standin), scope, lambda: None))
        learner.read()
        learner.prepare()
        return state.usage[f"training/{base.training_id}"]["inputTokens"]

    def asked(self, *, live: bool = False) -> dict[str, float]:
        """What the evaluation meters, in US dollars by line of the quote: all that it asks, answered with a few words.

        The judge sees the pairs of what the sheet says that candidate and base answered."""
        run = cast("Run", SimpleNamespace(id="r", files=RUN, evaluation=EvaluationRecord()))
        arms = [Arm("candidate", "c"), Arm("base", "b"), *([Arm("live", "l")] if live else [])]
        questions = questions_of(Bucket(self.folder), run, self.recipe, arms)
        base = foundation.of_model(self.model.training_id)
        cost = {"evaluation": sum(self.metered(section, base) for section in questions.sections)}
        if self.recipe.evaluation.judge:
            sheet = SimpleNamespace(
                rows=questions.rows, answer=lambda arm, row: SimpleNamespace(answer=f"{arm}: {WORDS}")
            )
            judge = catalog.model(self.recipe.evaluation.judge)
            asked = judges.section(
                cast("Any", sheet),
                "base",
                judge.invoked_in("us-east-1"),
                self.recipe.evaluation.judge_rows,
                calls=judge.family == "nova",
            )
            cost["judge"] = self.metered(asked, foundation.of_model(judge.training_id))
        return cost

    def metered(self, section: QuestionSet, base: foundation.FoundationModel) -> float:
        cost = 0.0
        for arm in section.arms:
            custom = arm.name in ("candidate", "live")
            for row in section.rows:
                _, count = conversation.prompt_of(section.build(row, arm), base, Hands(self.folder).read)
                cost += count * self.price("custom-input" if custom else "input")
                cost += tokens.of_text(WORDS) * self.price("custom-output" if custom else "output")
        return cost / 1000

    def price(self, item: Any) -> float:
        price = self.model.price(item)
        assert price is not None
        assert price.amount is not None
        return float(price.amount)


LEARNERS: dict[str, Callable[[Work], Any]] = {
    "FINE_TUNING": FineTuning,
    "DISTILLATION": Distillation,
    "CONTINUED_PRE_TRAINING": Pretraining,
}


def prepare(folder: Path, recipe: Recipe) -> Prepared:
    """The dataset in ``uploads/p/d`` of ``folder``, prepared as the pipeline does it."""
    bucket: Storage = Bucket(folder)
    scratch = folder / "scratch"
    scratch.mkdir()
    model = catalog.model(recipe.model).priced(PRICES, TODAY)
    report = prepare_dataset(
        bucket, "uploads/p/d/", bucket, RUN, recipe, model, bucket_owner="123456789012", scratch=scratch
    )
    assert report.usable, report.headline
    return Prepared(folder, recipe, model, report.manifest)


def upload(folder: Path) -> Path:
    out = folder / "uploads/p/d"
    out.mkdir(parents=True)
    return out


def write_rows(out: Path, texts: Iterable[str], answer: str = "Câu trả lời số {n}: yes.") -> None:
    rows = [
        {"prompt": f"{text} ({n})", "completion": answer.format(n=n)}
        for n, text in zip(range(120), repeated(texts), strict=False)
    ]
    lines = (json.dumps(row, ensure_ascii=False) for row in rows)
    (out / "rows.jsonl").write_text("\n".join(lines), "utf-8")


def write_images(out: Path, images: int, size: tuple[int, int]) -> None:
    with (out / "questions.csv").open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(("question", "answer", "image"))
        for number in range(images):
            (out / f"{number}.png").write_bytes(picture(size, number))
            rows.writerow((f"Ảnh số {number} có màu gì?", f"màu {number}", f"{number}.png"))


def repeated(texts: Iterable[str]) -> Iterable[str]:
    return (text for _ in range(120) for text in texts)


def picture(size: tuple[int, int], shade: int) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, (shade % 256, shade * 7 % 256, 90)).save(out, "PNG", compress_level=1)
    return out.getvalue()


def assert_within(metered: float, low: float, high: float, least: float = 1e-9) -> None:
    assert least <= low <= metered <= high, f"{metered:,} is not within {low:,} to {high:,}"


def assert_quoted(prepared: Prepared) -> None:
    """What the job trains on, and what the evaluation asks (also of a live version), lie in the quote's ranges."""
    quotes = {live: prepared.quote(live=live) for live in (False, True)}
    tokens_quoted = quotes[False].training_tokens
    assert tokens_quoted is not None
    low, expected, high = tokens_quoted
    assert low <= expected <= high
    assert_within(prepared.trained(), low, high)
    # A version may go live between the quote and the evaluation; one that is live stays, or is replaced.
    asked = {live: prepared.asked(live=live) for live in (False, True)}
    for quoted_live, live in ((False, False), (False, True), (True, True)):
        lines = {line.item: line for line in quotes[quoted_live].lines}
        for item, metered in asked[live].items():
            assert_within(metered, *ends(lines[item]), least=0 if item == "judge" else 1e-9)


def ends(line: CostLine) -> tuple[float, float]:
    assert line.low is not None
    assert line.high is not None
    return float(line.low), float(line.high)


BY_THE_HOUR = {"reinforcement", "preference-optimization"}  # no tokens are quoted for them


@pytest.mark.parametrize("method", [method for method in WRITERS if method not in BY_THE_HOUR])
def test_the_samples_are_trained_on_within_the_quote(method: str, tmp_path: Path) -> None:
    generate(upload(tmp_path), method, 150)
    recipe = Recipe.parse((tmp_path / "uploads/p/d/tailor.yaml").read_bytes())
    assert_quoted(prepare(tmp_path, recipe))


@pytest.mark.parametrize("texts", [VIETNAMESE, ENGLISH, SYMBOLS, LAYOUT], ids=["vi", "en", "symbols", "layout"])
@pytest.mark.parametrize("model", ["nova-micro", "llama-3-1-8b"])
def test_texts_are_trained_on_within_the_quote(texts: tuple[str, ...], model: str, tmp_path: Path) -> None:
    write_rows(upload(tmp_path), texts)
    assert_quoted(prepare(tmp_path, Recipe(model=model)))


@pytest.mark.parametrize(("model", "images", "size"), PICTURES)
def test_images_are_trained_on_within_the_quote(model: str, images: int, size: tuple[int, int], tmp_path: Path) -> None:
    write_images(upload(tmp_path), images, size)
    assert_quoted(prepare(tmp_path, Recipe(model=model)))


@pytest.mark.parametrize("judge", ["nova-pro", "llama-3-2-11b"])
@pytest.mark.parametrize("texts", [VIETNAMESE, SYMBOLS], ids=["vi", "symbols"])
def test_what_a_judge_reads_is_within_the_quote(texts: tuple[str, ...], judge: str, tmp_path: Path) -> None:
    write_rows(upload(tmp_path), texts)
    assert_quoted(prepare(tmp_path, Recipe(model="nova-micro", evaluation=Evaluation(judge=judge))))


def test_a_judge_of_another_family_looks_at_the_images_too(tmp_path: Path) -> None:
    write_images(upload(tmp_path), 24, (160, 120))
    recipe = Recipe(model="nova-lite", evaluation=Evaluation(judge="llama-3-2-11b"))
    assert_quoted(prepare(tmp_path, recipe))


def test_worked_examples_much_longer_than_most_rows_are_quoted_as_they_are(tmp_path: Path) -> None:
    """Examples whose answers differ are shown first: here the few that are a page long."""
    rows = [{"prompt": f"Câu {n}?", "completion": f"{n} {'dài ' * 400}" if n % 10 == 0 else "có"} for n in range(120)]
    lines = (json.dumps(row, ensure_ascii=False) for row in rows)
    (upload(tmp_path) / "rows.jsonl").write_text("\n".join(lines), "utf-8")
    assert_quoted(prepare(tmp_path, Recipe(model="nova-micro", evaluation=Evaluation(max_tokens=8, regression=False))))


@settings(max_examples=300, deadline=None)
@given(st.text(st.sampled_from("ab cdđườ\n{}().,1-"), max_size=200))
def test_any_ordinary_text_lies_in_its_range(text: str) -> None:
    found = Estimator(catalog.model("nova-micro").tokens, None).text(len(text), text.encode())
    assert found.low <= tokens.of_text(text) <= found.high


@settings(max_examples=200, deadline=None)
@given(
    st.integers(1, 8000), st.integers(1, 8000), st.sampled_from([("nova-lite", "Amazon"), ("llama-3-2-11b", "Meta")])
)
def test_an_image_of_any_size_lies_in_its_range(width: int, height: int, model: tuple[str, str]) -> None:
    name, provider = model
    metered = tokens.by_size(width, height, provider)
    found = Estimator(catalog.model(name).tokens, None).image(width, height)
    assert found.low <= metered <= found.high
    unknown = Estimator(catalog.model(name).tokens, None).image(0, 0)
    assert unknown.low <= metered


def test_the_meter_is_near_what_the_documentation_says() -> None:
    documented = {(900, 450): 800, (900, 900): 1300, (1400, 900): 1800, (1800, 900): 2400, (1300, 1300): 2600}
    for (width, height), count in documented.items():
        assert abs(tokens.by_size(width, height, "Amazon") / count - 1) < 0.15
        found = Estimator(catalog.model("nova-lite").tokens, None).image(width, height)
        assert found.low <= count <= found.high
