"""The docs say what is there: settings, commands, links."""

import re
import shlex
from collections.abc import Mapping
from decimal import Decimal
from functools import cache
from pathlib import Path

import click
import pytest

from tailor import catalog
from tailor.commands import NAMES
from tailor.recipe import Recipe
from tailor.runs import State
from tailor_cli.deploying.parameters import ASKED
from tailor_cli.main import COMMANDS, GROUPS, load
from tailor_cli.recipe import starter
from tailor_local.demo.show import WHAT_HAPPENS
from tests.unit.contracts.template import ROOT, template

PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md")), ROOT / "samples" / "README.md"]


def test_the_recipe_page_lists_every_setting_with_its_default() -> None:
    assert f"```yaml\n{starter()}```" in (ROOT / "docs" / "recipe.md").read_text()


def test_the_recipe_that_is_printed_is_the_default_one() -> None:
    assert Recipe.parse(starter()) == Recipe()


def test_every_setting_is_explained() -> None:
    bare = [line for line in starter().splitlines() if not line.endswith(":") and "#" not in line]
    assert bare == ["description: ''"]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text()):
        assert (page.parent / target).exists(), target


def test_every_command_is_described_and_those_in_the_readme_exist() -> None:
    assert all(command.help or command.get_short_help_str() for command in commands().values())
    named = set(re.findall(r"\btailor (?:--local )?([a-z][a-z-]+)\b", "".join(page.read_text() for page in PAGES)))
    prose = {"was", "can", "itself", "knows", "takes", "deploys", "reads", "is"}
    assert named - set(commands()) - prose == set()


def test_what_the_library_says_names_commands_that_exist() -> None:
    assert set(commands()) == NAMES


SPANS = re.compile(r"^(?:\$ )?(tailor .+)$|[`(](tailor [^`)]+)[`)]", re.MULTILINE)
SAID = re.compile(
    r"\btailor(?: --local)? [a-z-]+ (?:RUN|PROJECT(?: MODEL)?|\{[^}]+\})(?: --[a-z-]+(?: (?:[A-Z]+\b|\{[^}]+\}))?)*"
)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_in_the_docs_are_whole(page: Path) -> None:
    """Whoever pastes one gets no error about an option: those that it has exist, and those that it needs are there."""
    for found in SPANS.finditer(page.read_text()):
        wrong_with = incomplete((found[1] or found[2]).partition(" #")[0])
        assert not wrong_with, f"{found[0]}: {wrong_with}"


def test_commands_in_what_tailor_says_are_whole() -> None:
    said = 0
    for folder in ("layers/tailor/tailor", "cli/tailor_cli"):
        for path in (ROOT / folder).rglob("*.py"):
            for found in SAID.findall(path.read_text()):
                said += 1
                assert not incomplete(found), f"{path.name}: {found}: {incomplete(found)}"
    assert said > 10


def incomplete(line: str) -> str:
    """What keeps a command from being taken, as far as its words tell; a name alone is a mention."""
    words = [word for word in shlex.split(line.replace("…", "")) if word != "--local"]
    _, *rest = words[words.index("tailor") :]
    command = commands().get(rest[0]) if len(rest) > 1 else None
    if command is None:
        return ""
    rest = rest[1:]
    if isinstance(command, click.Group):
        named = rest[0] if rest[0] in command.commands or "list" not in command.commands else "list"
        command, rest = command.commands[named], rest[1:]
    options = {flag: option for option in command.params if isinstance(option, click.Option) for flag in option.opts}
    given = [word for word in rest if word.startswith("-") and word != "-"]
    if unknown := set(given) - set(options):
        return f"there is no {unknown}"
    needed = {option.name for option in command.params if isinstance(option, click.Option) and option.required}
    if missing := needed - {options[flag].name for flag in given}:
        return f"{missing} is missing"
    values = sum(not options[flag].is_flag for flag in given)
    arguments = [each for each in command.params if isinstance(each, click.Argument) and each.required]
    return f"{len(arguments)} arguments are needed" if len(rest) - len(given) - values < len(arguments) else ""


@cache
def commands() -> Mapping[str, click.Command]:
    return {name: load(name) for name in COMMANDS}


def test_alarms_point_to_a_heading_of_the_operations_page() -> None:
    text = (ROOT / "docs" / "operations.md").read_text()
    for resource in template()["Resources"].values():
        if resource["Type"] == "AWS::CloudWatch::Alarm":
            for heading in re.findall(r'docs/operations\.md, "([^"]+)"', resource["Properties"]["AlarmDescription"]):
                assert f"### {heading}" in text


def test_the_table_of_idle_costs_counts_the_alarms_and_adds_up() -> None:
    section = (ROOT / "docs/operations.md").read_text().partition("## Costs when idle")[2]
    lines = [line for line in section.splitlines() if line.startswith("|") and "$" in line]
    rows = [[cell.strip(" *$") for cell in line.split("|")[1:4]] for line in lines]
    named = {what: (Decimal(full), Decimal(free)) for what, full, free in rows if ";" not in full}
    storage = {amount for what, (amount, _) in named.items() if what.startswith("each custom model")}
    assert storage == {price.amount for model in catalog.models() if (price := model.price("storage"))}
    *items, total = [amounts for what, amounts in named.items() if not what.startswith("each custom model")]
    assert list(total) == [sum(column) for column in zip(*items, strict=True)]
    alarms = sum(item["Type"] == "AWS::CloudWatch::Alarm" for item in template()["Resources"].values())
    assert named[f"{alarms} alarms"] == (alarms * Decimal("0.10"), max(0, alarms - 10) * Decimal("0.10"))


def test_make_targets_in_the_readme_exist() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"\bmake ([a-z-]+)\b", (ROOT / "README.md").read_text())) - {"out"} <= targets


def test_the_readme_shows_the_demos_words_for_each_state() -> None:
    shown = re.findall(r"^ +\d+\.\d s +(\S+) +(.+) → (.+)$", (ROOT / "README.md").read_text(), re.MULTILINE)
    assert len(shown) == 5
    assert [(now, then) for _, now, then in shown] == [WHAT_HAPPENS[State(state)] for state, _, _ in shown]


def test_modules_are_where_the_changelog_says_that_they_moved() -> None:
    table = (ROOT / "CHANGELOG.md").read_text().partition("| was | is |")[2]
    moved = re.findall(r"^\| `([\w.]+)` \| `([\w.]+)` \|$", table, re.MULTILINE)
    assert moved
    library = ROOT / "layers/tailor/tailor"
    for _, now in moved:
        path = library / now.replace(".", "/")
        assert path.with_suffix(".py").exists() or (path / "__init__.py").exists() or now == "catalog.teacher_of", now


def test_what_the_security_page_claims_has_a_test_for_each_line() -> None:
    rows = [line for line in (ROOT / "docs" / "security.md").read_text().splitlines() if line.startswith("| ")]
    claims = [line for line in rows if not line.startswith("| threat |")]
    assert len(claims) > 30
    for claim in claims:
        shown = re.findall(r"`([\w/]+\.py)::(test_\w+)`", claim.rpartition(" | ")[2])
        assert shown, claim
        for file, name in shown:
            assert f"def {name}(" in (ROOT / "tests" / file).read_text(), f"{file}: {name}"


def test_the_deployment_page_has_every_parameter_with_its_default_and_says_which_are_asked() -> None:
    page = (ROOT / "docs" / "deploy.md").read_text()
    rows = re.findall(r"^\| `([A-Z]\w+)` \| (.*?) \| .+ \|$", page.replace("(empty)", ""), re.MULTILINE)
    defaults = {name: str(rules.get("Default", "")) for name, rules in template()["Parameters"].items()}
    by_hand = {"AlarmEmail": "the address for notices"}  # of the command, not of the template
    assert dict(rows) == defaults | by_hand
    assert [name for name, _ in rows[: len(ASKED)]] == list(ASKED)


def test_the_page_of_the_command_line_lists_the_commands_by_group() -> None:
    page = (ROOT / "docs" / "cli.md").read_text()
    rows = re.findall(r"^\| (data|runs|serving|account) \| (.+) \|$", page, re.MULTILINE)
    assert {group: re.findall(r"`([\w-]+)`", names) for group, names in rows} == {
        group.lower(): list(names) for group, names in GROUPS.items()
    }


def _without_comments(block: str) -> str:
    """Return a block without the comments behind its commands, which each README has in its language."""
    return re.sub(r" +# .*", "", block)


def test_the_vietnamese_readme_shows_the_same_commands_and_links_as_the_english_one() -> None:
    english, vietnamese = (ROOT / name for name in ("README.md", "README.vi.md"))
    block = re.compile(r"^```(?:console|yaml|python)\n.*?^```$", re.MULTILINE | re.DOTALL)
    blocks = block.findall(vietnamese.read_text())
    assert len(blocks) >= 5
    known = [_without_comments(each) for each in block.findall(english.read_text())]
    assert [each for each in blocks if _without_comments(each) not in known] == []
    link = re.compile(r"\]\(((?:docs/)?[\w.-]+)")
    lacking = set(link.findall(english.read_text())) - set(link.findall(vietnamese.read_text()))
    assert lacking <= {"README.vi.md", "docs/findings.md", "docs/clients.md"}
