"""`tailor evaluate`: apply the metrics, the statistics and the gate to answers in files, without AWS."""

from pathlib import Path
from typing import Annotated, Any

import orjson
import typer
from rich.markup import escape
from rich.table import Table

from tailor.errors import InvalidInputError
from tailor.evaluation.gate import Plan, Policy
from tailor.evaluation.offline import evaluate_files
from tailor.evaluation.questions import CANDIDATE
from tailor.evaluation.scoring import in_words
from tailor.normalisers import check_switches
from tailor.recipe import language_code
from tailor_cli.context import out, say_json, shown_errors
from tailor_cli.language import said

NOT_PASSED = 3
_COLOURS = {"passed": "green", "failed": "red", "inconclusive": "yellow"}


def evaluate(
    references: Annotated[Path, typer.Option(help='JSON Lines: {"id", "references": […], "group"?}', exists=True)],
    candidate: Annotated[Path, typer.Option(help='JSON Lines: {"id", "answer"}', exists=True)],
    baseline: Annotated[Path, typer.Option(help='JSON Lines: {"id", "answer"}', exists=True)],
    metric: Annotated[str, typer.Option(help="metric that decides the verdict, or auto")] = "exact_match",
    margin: Annotated[
        float, typer.Option(min=0, max=1, help="how much better the candidate must be, as a fraction")
    ] = 0.0,
    minimum_rows: Annotated[int, typer.Option(min=1, help="with fewer rows the verdict is inconclusive")] = 30,
    confidence: Annotated[float, typer.Option(min=0.5, max=0.999, help="confidence level of the interval")] = 0.95,
    language: Annotated[str, typer.Option(help="language of the answers: vi, en, … or auto")] = "auto",
    switch: Annotated[
        list[str] | None, typer.Option(help="a step of the normaliser, for example num=off or iy=on; repeatable")
    ] = None,
    require_pass: Annotated[bool, typer.Option(help=f"exit with {NOT_PASSED} unless the verdict is passed")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="print only JSON")] = False,
) -> None:
    """Decide whether a candidate's answers beat a baseline's.

    A missing answer counts as wrong; an unknown id is an error.
    """
    with shown_errors():
        plan = Plan(
            metric=metric,
            language=_language(language),
            switches=dict(map(_switch, switch or [])),
            policy=Policy(margin, minimum_rows, confidence),
        )
        check_switches(plan.language, plan.switches)
        result = evaluate_files(references, {CANDIDATE: candidate, "baseline": baseline}, plan)
    if as_json:
        say_json(orjson.dumps(result, option=orjson.OPT_INDENT_2))
    else:
        _show(result)
    if require_pass and result["verdict"] != "passed":
        raise typer.Exit(NOT_PASSED)


def _language(text: str) -> str:
    try:
        return language_code(text)
    except ValueError as error:
        raise InvalidInputError(
            f"--language: {error}", hint="give a language code, for example --language vi"
        ) from error


def _switch(text: str) -> tuple[str, bool]:
    name, _, state = text.partition("=")
    if state not in ("on", "off"):
        raise InvalidInputError(
            f"--switch {text!r} is not understood", hint="give NAME=on or NAME=off, for example --switch num=off"
        )
    return name, state == "on"


def _show(result: dict[str, Any]) -> None:
    colour = _COLOURS[result["verdict"]]
    out.print(f"[bold {colour}]{said(result['verdict'])}[/]  {escape(said(result['headline']))}", soft_wrap=True)
    for reason in result["reasons"]:
        out.print(f"  [dim]·[/] {escape(said(reason))}", soft_wrap=True)
    out.print(f"  [dim]· {escape(said(in_words(result['gain'])))}[/]", soft_wrap=True)
    for arm, count in result["missing"].items():
        if count:
            out.print(
                f"[yellow]{count} of {result['rows']} answers of the {escape(arm)} are missing:[/] they count as wrong",
                soft_wrap=True,
            )
    table = Table("metric", "candidate", "baseline", "difference", "interval", box=None, pad_edge=False)
    for item in result["metrics"]:
        low, high = item["interval"]
        style = "bold" if item["metric"] == result["metric"] else ""
        table.add_row(
            item["metric"],
            f"{item['candidate']:.1%}",
            f"{item['baseline']:.1%}",
            f"{100 * item['difference']:+.1f}",
            f"{100 * low:+.1f} to {100 * high:+.1f}",
            style=style,
        )
    out.print(table)
    for name, found in result["corpus"].items():
        whole, rows = (
            ", ".join(f"{escape(arm)} {score:.1%}" for arm, score in found[kind].items())
            for kind in ("corpus", "mean_of_rows")
        )
        out.print(
            f"[dim]{name} of the whole set: {whole}; mean of rows: {rows} · {found['signature']}[/]", soft_wrap=True
        )
    out.print(
        f"[dim]{result['rows']} rows in {result['groups']} groups · p = {result['p_value']:.3g} ({result['test']}) · "
        f"smallest detectable difference: {100 * result['minimum_detectable_effect']:.1f} points · "
        f"{escape(result['normaliser'])}[/]",
        soft_wrap=True,
    )
