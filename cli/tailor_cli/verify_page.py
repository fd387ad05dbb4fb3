"""Write the pages' parts about the checks of `tailor verify`: ``python -m tailor_cli.verify_page`` in the checkout.

Each part stands between two comments of a page; what is around it is written by hand.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from tailor.verify import CHECKS, CLEANERS, record
from tailor.verify.check import Check
from tailor.verify.record import CheckEntry, VerifyRecord
from tailor.verify.replay import observed_on_aws

OBSERVED = Path("docs/observed")
"""Folder of records from AWS."""


def parts(records: Iterable[VerifyRecord]) -> Mapping[tuple[str, str], str]:
    """Return the text of each written part by page and name."""
    return {
        ("docs/limits.md", "assumptions"): assumptions(CHECKS, observed_on_aws(records)),
        ("docs/verify.md", "checks"): "\n".join(_checks()),
        ("docs/verify.md", "permissions"): "\n".join(_permissions()),
        ("docs/verify.md", "fields"): "\n".join(_fields()),
    }


def records(root: Path) -> list[VerifyRecord]:
    """Return all records in the checkout. Raises InvalidInputError for a file that is not a record."""
    return [record.read(path.read_bytes(), str(path)) for path in sorted((root / OBSERVED).glob("*.json"))]


def written(page: str, name: str, text: str) -> str:
    """Return ``page`` with ``text`` as its part ``name``. Raises LookupError if it has no such part."""
    begin, end = f"<!-- {name}: written by python -m tailor_cli.verify_page -->\n", f"<!-- end of {name} -->"
    pattern = re.compile(re.escape(begin) + r".*?" + re.escape(end), re.DOTALL)
    if not pattern.search(page):
        raise LookupError(f"the page has no part {name}")
    return pattern.sub(lambda _: f"{begin}{text}\n{end}", page)


def assumptions(checks: Iterable[Check], seen: Mapping[str, CheckEntry]) -> str:
    """List what Tailor assumes of AWS, each with what a record from AWS says of it."""
    return "\n".join(f"- {check.assumption} (`{check.id}`) {_said(seen.get(check.id))}" for check in checks)


def _said(entry: CheckEntry | None) -> str:
    if entry is None:
        return "**Never observed.**"
    return "Observed on AWS: as assumed." if entry.verdict == "as assumed" else f"Observed on AWS: **{entry.why}**"


def _checks() -> Iterator[str]:
    yield "| check | when | costs at most |\n|---|---|---|"
    for check in CHECKS:
        yield f"| `{check.id}` | {check.when} | {f'${check.cost}' if check.cost else 'nothing'} |"


def _permissions() -> Iterator[str]:
    """Yield actions by when they are needed; those of cleaning with the checks that create something."""
    always = {
        "sts:GetCallerIdentity",
        *(action for item in CLEANERS if not item.deployed for action in item.permissions),
    }
    of_stack = {action for item in CLEANERS if item.deployed for action in item.permissions}
    by_time: dict[str, set[str]] = {}
    for check in CHECKS:
        cleaning = of_stack if check.when != "before deploying" else set[str]()
        by_time.setdefault(check.when, set()).update(check.permissions, cleaning)
    yield "| when | actions |\n|---|---|"
    yield f"| always | {_listed(always)} |"
    for when, actions in by_time.items():
        yield f"| {when} | {_listed(actions - always)} |"


def _listed(actions: Iterable[str]) -> str:
    return ", ".join(f"`{action}`" for action in sorted(actions))


def _fields() -> Iterator[str]:
    yield "| field | what |\n|---|---|"
    for kind, prefix in ((VerifyRecord, ""), (CheckEntry, "checks[].")):
        for name, field in kind.model_fields.items():
            yield f"| `{prefix}{name}` | {field.description} |"


def main() -> None:
    root = Path.cwd()
    for (page, name), text in parts(records(root)).items():
        path = root / page
        path.write_text(written(path.read_text(encoding="utf-8"), name, text), encoding="utf-8")


if __name__ == "__main__":
    main()
