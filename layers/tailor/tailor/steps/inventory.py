"""List what this stack has at Bedrock that bills while nobody calls: custom models and their deployments.

A price that is not known is None; it never counts as 0.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from tailor import catalog
from tailor.catalog import KINDS, DeploymentKind, Model, PriceItem
from tailor.costs import COMMITTED
from tailor.runs import Run, RunStore, find
from tailor.steps.models import is_of_others
from tailor.steps.orphans import Needed
from tailor.steps.ownership import OwnControl
from tailor.training.request import run_id_of

NOBODYS = "no run needs it"


@dataclass(frozen=True, slots=True)
class Billed:
    """An item that is billed by time. ``month``: US dollars; None if its price is unknown."""

    what: str
    name: str
    arn: str
    project: str
    run: str
    use: str
    month: Decimal | None
    price: str
    ends_at: datetime | None = None

    def document(self) -> dict[str, Any]:
        """Return the item as JSON types; amounts as text."""
        found = asdict(self)
        ends = self.ends_at.isoformat() if self.ends_at else None
        return found | {"month": None if self.month is None else str(self.month), "ends_at": ends}


@dataclass(frozen=True, slots=True)
class StackInventory:
    """Inventory of one stack. ``priced`` adds the operator's and AWS's prices to a model of the catalogue."""

    runs: RunStore
    control: OwnControl
    priced: Callable[[Model], Model] = lambda model: model

    def billed(self) -> Iterator[Billed]:
        """Yield all items that have this stack's tags, and models made elsewhere that open runs have adopted."""
        open_runs = self.runs.open_runs()
        adopted = {run.job.model_arn: run for run in open_runs if is_of_others(run) and run.job}
        for each in self.control.list_models():
            if run := adopted.get(str(each["modelArn"])):
                yield self._model(each, run)
            elif self.control.own_tags(str(each["modelArn"])) is not None:
                yield self._model(each, find(self.runs, run_id_of(str(each["modelName"]))))
        holders = {run.deployment.arn: run for run in open_runs if run.deployment and not _has_lent(run)}
        for kind in KINDS:
            for each in self.control.list_deployments(kind):
                tags = self.control.own_tags(str(each["arn"]))
                if tags is not None:
                    yield self._deployment(kind, each, tags, holders.get(str(each["arn"])))

    def _model(self, each: Mapping[str, Any], run: Run | None) -> Billed:
        month, price = self._price(run, "storage", str(each.get("baseModelArn", "")))
        use = NOBODYS if run is None else f"run is {run.state}"
        if run is not None and is_of_others(run):
            use = f"{use}; made elsewhere: this stack does not delete it"
        return Billed("custom model", str(each["modelName"]), str(each["modelArn"]), *_whose(run), use, month, price)

    def _deployment(
        self, kind: DeploymentKind, each: Mapping[str, Any], tags: Mapping[str, str], holder: Run | None
    ) -> Billed:
        """Describe what serves a run: the one that has it, which model units' tags do not tell once they are lent."""
        run = holder or (find(self.runs, tags["run"]) if tags.get("run") else None)  # the table takes no empty key
        needed = run is not None and run.is_open and Needed([run]).has(each)
        use = f"run is {run.state}" if run is not None and needed else NOBODYS
        named = (str(each["name"]), str(each["arn"]), *_whose(run))
        if kind == "on-demand":
            return Billed("deployment", *named, use, Decimal(0), "billed by token only")
        month, price = self._price(run, "provisioned", str(each.get("foundationModelArn", "")))
        units = int(each.get("modelUnits", 1))
        ends = run.deployment.ends_at if run and run.deployment and needed else None
        bound = f", committed ({each['commitmentDuration']})" if each.get("commitmentDuration") else ""
        whole = None if month is None else month * units * COMMITTED["hour"]
        what = f"{units} model unit{'' if units == 1 else 's'}{bound}"
        return Billed(what, *named, use, whole, price, each.get("commitmentExpirationTime", ends))

    def _price(self, run: Run | None, item: PriceItem, base: str) -> tuple[Decimal | None, str]:
        """Return the price of one unit and its source; None if the model or its price is unknown."""
        known = {model.name: model for model in catalog.models()}
        identifier = base.rpartition("/")[2]
        model = known.get(run.recipe.model) if run else None
        model = model or next((each for each in known.values() if identifier in each.ids), None)
        price = self.priced(model).price(item) if model else None
        if price is None or price.amount is None:
            return None, "not known"
        return price.amount, f"${price.amount:f} per {price.unit}, {price.origin}"


@dataclass(frozen=True, slots=True)
class DailyInventory:
    """Inventory that is logged once a day, at ``hour`` (UTC)."""

    inventory: StackInventory
    hour: int = 6

    def document(self, now: datetime) -> dict[str, Any] | None:
        """Return the inventory with its monthly total; None at any other minute of the day."""
        if (now.hour, now.minute) != (self.hour, 0):
            return None
        found = list(self.inventory.billed())
        month, unknown = total(found)
        return {"billed": [each.document() for each in found], "month": str(month), "prices_unknown": unknown}


def _has_lent(run: Run) -> bool:
    return run.deployment is not None and run.deployment.taken_by is not None


def _whose(run: Run | None) -> tuple[str, str]:
    return (run.project, run.id) if run else ("", "")


def total(found: list[Billed]) -> tuple[Decimal, int]:
    """Return the sum of the known monthly prices, and the number of unknown ones."""
    return sum((each.month for each in found if each.month is not None), Decimal(0)), sum(
        each.month is None for each in found
    )
