"""The figures of docs/costs.md follow from the catalogue's prices."""

from decimal import Decimal

from tailor import catalog
from tailor.catalog import PriceItem
from tests.unit.contracts.template import ROOT

PAGE = (ROOT / "docs" / "costs.md").read_text("utf-8")
IDLE = Decimal("6.15")


def price(model: str, item: PriceItem) -> Decimal:
    found = catalog.model(model).price(item)
    assert found is not None
    assert found.amount is not None
    assert f"${found.amount:f}" in PAGE
    assert str(found.as_of) in PAGE
    return found.amount


def month(runs: int, models: int, calls: int) -> list[Decimal]:
    tokens_in, tokens_out = Decimal("0.8"), Decimal("0.06")
    asked = tokens_in * price("nova-micro", "custom-input") + tokens_out * price("nova-micro", "custom-output")
    return [runs * 8000 * price("nova-micro", "training"), models * price("nova-micro", "storage"), calls * asked]


def test_a_months_lines_and_sums_are_those_of_the_page() -> None:
    assert "**$6.15**" in (ROOT / "docs" / "operations.md").read_text("utf-8")
    for lines in (month(4, 8, 100_000), month(60, 100, 10_000_000)):
        for amount in (*lines, IDLE + sum(lines)):
            assert f"${amount:,.2f}" in PAGE
    unit = price("nova-lite", "provisioned")
    assert f"${unit * 8 * 22:,.2f}" in PAGE
    assert f"${unit * 24 * 30:,.2f}" in PAGE
