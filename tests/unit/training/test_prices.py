"""Whose a price is: your own, AWS's Price List, the catalogue's; and what others paid where there is none."""

import json
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from decimal import Decimal
from types import MappingProxyType
from typing import Any

import pytest

from tailor import catalog
from tailor.errors import InvalidInputError, NotAllowedError
from tailor.recipe import Recipe
from tailor.training.approval import needs_approval
from tailor.training.methods import quote
from tailor.training.preflight import check_price
from tailor.training.price_list import A_DAY, A_WHILE, PATIENCE, Listed, amount_in
from tailor.training.prices import OPTION, PriceBook, read_options

Build = Callable[..., Any]
TODAY = date(2026, 11, 29)
LITE, MICRO = catalog.model("nova-lite"), catalog.model("nova-micro")
TRAINING = "USE1-NovaLite-Customization-Training"
PICTURES = {"images": 300}


def entry(usage_type: str, usd: str, unit: str = "1K tokens") -> str:
    dimension = {"unit": unit, "pricePerUnit": {"USD": usd}}
    terms = {"OnDemand": {"A.B": {"priceDimensions": {"A.B.C": dimension}}}}
    return json.dumps({"product": {"attributes": {"usagetype": usage_type}}, "terms": terms})


class List:
    """The Price List of a test: usage type → entries. ``fails``: the error that it raises instead."""

    def __init__(
        self, entries: Mapping[str, Iterable[str]] = MappingProxyType({}), *, fails: Exception | None = None
    ) -> None:
        self.entries, self.fails, self.seconds = entries, fails, 0.0
        self.asked: list[str] = []
        self.now = 0.0

    def products(self, usage_type: str) -> list[str]:
        self.asked.append(usage_type)
        self.now += self.seconds
        if self.fails:
            raise self.fails
        return list(self.entries.get(usage_type, []))


def listed(the_list: List) -> Listed:
    return Listed(the_list, "us-east-1", clock=lambda: the_list.now)


def with_training(usd: str = "0.0020000000") -> List:
    return List({TRAINING: [entry(TRAINING, usd)]})


@pytest.mark.parametrize(
    ("unit", "usd", "item", "amount"),
    [
        ("1K tokens", "0.0010000000", "training", "0.001"),
        ("1M tokens", "2.0", "training", "0.002"),
        ("Model/Month", "1.95", "storage", "1.95"),
        ("hour", "60.5", "provisioned", "60.5"),
        ("Hrs", "60.5", "provisioned", "60.5"),
        ("1B tokens", "1", "training", None),  # never scaled by a guess
        ("hour", "1", "training", None),
        ("1K tokens", "0.0000000000", "training", None),
        ("1K tokens", "-1", "training", None),
        ("1K tokens", "NaN", "training", None),
        ("1K tokens", "free", "training", None),
    ],
)
def test_an_entry_is_read_in_its_own_unit_or_not_at_all(unit: str, usd: str, item: Any, amount: str | None) -> None:
    found = amount_in([entry("X", usd, unit)], "X", item)
    assert found == (None if amount is None else Decimal(amount))


def test_two_prices_are_none_and_the_same_twice_is_one() -> None:
    assert amount_in([entry("X", "1"), entry("X", "2")], "X", "training") is None
    assert amount_in([entry("X", "1"), entry("X", "1.0")], "X", "training") == 1
    assert amount_in([entry("X-priority", "2"), entry("X", "1")], "X", "training") == 1


@pytest.mark.parametrize("text", ["", "[]", "{}", "null", '{"product": 1}', '{"terms": {"OnDemand": {"a": 1}}}'])
def test_what_is_no_entry_has_no_price(text: str) -> None:
    assert amount_in([text, entry("X", "1")], "X", "training") == 1
    assert amount_in([text], "X", "training") is None


def test_your_own_price_comes_first_then_the_list_then_the_catalogue() -> None:
    micro = "USE1-NovaMicro-Customization-Training"
    aws = listed(List({micro: [entry(micro, "0.0012")]}))

    def price(book: PriceBook) -> catalog.Price | None:
        return book.priced(MICRO, TODAY).price("training")

    own = {"nova-micro": {"training": Decimal("0.005")}}
    found = [price(PriceBook(own, aws)), price(PriceBook({}, aws)), price(PriceBook())]
    assert [each.amount for each in found if each] == [Decimal("0.005"), Decimal("0.0012"), Decimal("0.001")]
    assert [each.origin for each in found if each] == [
        "your parameter Prices",
        "AWS Price List, 2026-11-29",
        "catalogue, 2026-08-31",
    ]


def test_every_line_of_a_quote_says_whose_its_prices_are(manifest: Build) -> None:
    custom = [f"USE1-NovaLite-{way}-tokens-custom-model" for way in ("input", "output")]
    the_list = List({name: [entry(name, "0.0001")] for name in (TRAINING, *custom)})
    book = PriceBook({}, listed(the_list))
    found = quote(manifest(), Recipe(model="nova-lite"), LITE, priced=lambda model: book.priced(model, TODAY))
    lines = {line.item: line for line in found.lines}
    assert lines["training"].price_from == "AWS Price List, 2026-11-29"
    assert lines["training"].known
    assert lines["training"].how.endswith("at $0.0001 per 1,000 tokens")
    assert lines["evaluation"].price_from == "catalogue, 2025-07-20; AWS Price List, 2026-11-29"
    assert lines["storage"].price_from == "catalogue, 2026-08-31"


def test_a_price_is_asked_for_once_a_day() -> None:
    the_list = with_training()
    prices = listed(the_list)
    assert [price.item for price in prices.prices(LITE, TODAY)] == ["training"]
    asked = len(the_list.asked)
    assert asked == len(LITE.usage_types("us-east-1"))
    prices.prices(LITE, TODAY)
    assert len(the_list.asked) == asked  # those that the list does not have are remembered too
    the_list.now += A_DAY
    prices.prices(LITE, TODAY)
    assert len(the_list.asked) == 2 * asked


def test_a_list_that_can_not_be_asked_is_left_alone_for_a_while_and_said(manifest: Build) -> None:
    the_list = List(fails=NotAllowedError("asking for prices: not authorized to perform: pricing:GetProducts"))
    prices = listed(the_list)
    book = PriceBook({}, prices)
    found = quote(
        manifest(),
        Recipe(model="nova-micro"),
        MICRO,
        priced=lambda model: book.priced(model, TODAY),
        notes=lambda: book.notes,
    )
    assert found.unknown == ()  # the catalogue's prices hold
    assert "pricing:GetProducts): the catalogue's prices hold" in found.assumptions[-1]
    assert len(the_list.asked) == 1
    prices.prices(LITE, TODAY)
    assert len(the_list.asked) == 1
    the_list.now += A_WHILE
    the_list.fails = None
    prices.prices(LITE, TODAY)
    assert len(the_list.asked) > 1
    assert book.notes == ()


def test_a_slow_list_takes_seconds_and_what_it_said_counts() -> None:
    the_list = with_training()
    the_list.seconds = PATIENCE * 0.6
    prices = listed(the_list)
    assert [price.item for price in prices.prices(LITE, TODAY)] == ["training"]
    assert len(the_list.asked) == 2
    assert "longer than 10 seconds" in prices.problem


def test_a_model_whose_name_in_the_list_is_unknown_is_not_asked_for() -> None:
    the_list = List()
    assert listed(the_list).prices(catalog.model("llama-3-1-8b"), TODAY) == []
    assert Listed(the_list, "eu-west-1").prices(LITE, TODAY) == []
    assert the_list.asked == []


def test_options_are_prices_of_the_model_or_a_clear_error() -> None:
    own = read_options(["training=0.002", "custom-input=0.00006"], LITE)
    assert own == {"nova-lite": {"training": Decimal("0.002"), "custom-input": Decimal("0.00006")}}
    price = PriceBook(own, given_as=OPTION).priced(LITE, TODAY).price("training")
    assert price is not None
    assert price.origin == "your option --price"
    for wrong in ("training", "training=", "training=cheap", "training=0", "training=nan", "tuition=1"):
        with pytest.raises(InvalidInputError) as error:
            read_options([wrong], LITE)
        assert "--price training=0.002" in error.value.hint


class TestWhatOthersPaid:
    def line(self, manifest: Build, **counts: Any) -> Any:
        recipe = Recipe.model_validate({"model": "nova-lite", "hyperparameters": {"epochs": 5}})
        return quote(manifest(**counts), recipe, LITE).lines[0]

    @pytest.mark.parametrize(("rows", "low", "high"), [(300, "2.10", "2.50"), (900, "6.30", "7.50")])
    def test_it_bounds_as_many_rows_with_images(self, manifest: Build, rows: int, low: str, high: str) -> None:
        training = self.line(manifest, train=rows, **PICTURES)
        assert training.observed == (Decimal(low), Decimal(high))
        assert f"about ${low} to ${high}" in training.how
        assert "it is no price" in training.how

    def test_it_is_no_price(self, manifest: Build) -> None:
        recipe = Recipe.model_validate({"model": "nova-lite", "budget": {"limit": 1000}})
        found = quote(manifest(**PICTURES), recipe, LITE)
        assert not found.lines[0].known
        assert found.total("once") is None
        reason = needs_approval(found, recipe, Decimal(1000))
        assert reason is not None
        assert "Training Amazon Nova Lite (others paid about $" in reason
        assert "which is no price" in reason

    def test_rows_without_images_are_not_like_those(self, manifest: Build) -> None:
        assert self.line(manifest, images=0).observed is None

    def test_a_price_makes_it_needless(self, manifest: Build) -> None:
        own = {"training": Decimal("0.002")}
        found = quote(manifest(**PICTURES), Recipe(model="nova-lite"), LITE.priced(own, TODAY))
        assert found.lines[0].observed is None


def test_what_has_no_price_names_the_parameter_and_the_option(manifest: Build) -> None:
    found = quote(manifest(), Recipe(model="nova-lite"), LITE)
    unknown = [line for line in found.lines if not line.known]
    assert {line.item for line in unknown} == {"training", "evaluation"}
    for line in unknown:
        item = "training" if line.item == "training" else "custom-input"
        assert f'Prices to {{"nova-lite": {{"{item}": VALUE}}}}' in line.how
        assert f"tailor quote --price {item}=VALUE" in line.how


def test_doctor_says_whether_training_has_a_price() -> None:
    recipe = Recipe(model="nova-lite")
    known = check_price(recipe, LITE, PriceBook({}, listed(with_training())))
    assert known.status == "ok"
    assert known.message.startswith("training costs $0.002 per 1,000 tokens (AWS Price List, ")
    unknown = check_price(recipe, LITE, PriceBook({}, listed(List(fails=NotAllowedError("refused")))))
    assert unknown.status == "warning"
    assert "could not be asked (refused)" in unknown.message
    assert "stack's parameter Prices" in unknown.remedy
    reinforced = check_price(Recipe(model="nova-2-lite", method="reinforcement"), LITE, PriceBook())
    assert "billed by the hour" in reinforced.message
