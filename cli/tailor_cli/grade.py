"""`tailor grade`: run the reward function on samples, locally and free, before training."""

import tempfile
from collections.abc import Iterator
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer
from rich.markup import escape
from rich.table import Table

from tailor.datasets.example import Media, Rejected
from tailor.datasets.formats import read_dataset
from tailor.datasets.media import Asset
from tailor.datasets.records import Encoder
from tailor.errors import InvalidInputError, Problem, RecipeError
from tailor.recipe import Data, Recipe
from tailor.rewards import REWARDS, specification
from tailor.training import bench
from tailor.training.recipe_check import read_checked
from tailor_cli.context import AsJson, out, say_json, shown_errors
from tailor_cli.language import said
from tailor_cli.sources import source_of


def grade(
    file: Annotated[
        Path,
        typer.Argument(
            help="prompts with reference answers, in any format for reinforcement", exists=True, dir_okay=False
        ),
    ],
    recipe: Annotated[
        Path | None,
        typer.Option(
            "--recipe", "-r", help="tailor.yaml; default: the rewards in the rows", exists=True, dir_okay=False
        ),
    ] = None,
    answers: Annotated[
        Path | None, typer.Option(help="JSON Lines file with an answer for each row, in the same order", exists=True)
    ] = None,
    rows: Annotated[int, typer.Option(min=1, help="maximum number of rows")] = 200,
    as_json: AsJson = False,
) -> None:
    """Try the rewards of a reinforcement recipe on samples.

    Exit code 1 if a model can't learn from them.
    """
    with shown_errors(recipe):
        chosen = _recipe(recipe) if recipe else Recipe()
        samples = _read(file, chosen.data, rows)
        if recipe is not None or REWARDS not in samples[0]:
            samples = bench.with_rewards(samples, specification(chosen))
        trials = bench.try_probes(samples)
        given = _answers(answers, samples) if answers else bench.own_answers(samples)
        if given is not None:
            trials.append(bench.try_answers(samples, given))
        advice = bench.about_trials(trials)
        if as_json:
            say_json({"trials": [_document(trial) for trial in trials], "advice": [asdict(item) for item in advice]})
            raise typer.Exit(int(bool(advice)))
        _show(trials)
        for item in advice:
            message, fix = escape(said(item.message)), escape(said(item.fix))
            out.print(f"[yellow]{item.code}[/]  {message}\n  [dim]{fix}[/]", soft_wrap=True)
        if advice:
            raise typer.Exit(1)
        out.print("[green]the rewards tell right from wrong[/]")


def _recipe(file: Path) -> Recipe:
    """Read the recipe. Raises RecipeError that lists every problem."""
    recipe, _ = read_checked(file.read_bytes())
    if recipe.method != "reinforcement":
        fix = "write 'method: reinforcement', or give the recipe that trains with these rewards"
        raise RecipeError([Problem("method", f"{recipe.method} has no rewards", fix)])
    return recipe


def _read(file: Path, data: Data, rows: int) -> list[dict[str, Any]]:
    """Return up to ``rows`` training rows, read like a dataset's. Raises InvalidInputError that names the line."""
    encoder, found = Encoder("openai-rft", None), []
    with tempfile.TemporaryDirectory(prefix="tailor-grade-") as scratch:
        source, prefix = source_of([str(file)])
        reader = read_dataset(source, prefix, data, "reinforcement", Path(scratch), only=file.name)
        for example in islice(reader, rows):
            if isinstance(example, Rejected):
                wrong = example.findings[0]
                raise InvalidInputError(f"{file}, line {wrong.line}: {wrong.message}", hint=wrong.fix)
            row = orjson.loads(encoder.encode(example, _no_media).line)
            found.append(row if example.id is None else {"id": example.id, **row})
    if not found:
        wrong = next(note for note in reader.findings if note.severity == "error")
        raise InvalidInputError(f"{file}: {wrong.message}", hint=wrong.fix)
    return found


def _no_media(media: Media) -> Asset:
    raise InvalidInputError(
        f"the row refers to {media.ref}", hint="reinforcement supports text only: remove it from the row"
    )


def _answers(file: Path, samples: list[dict[str, Any]]) -> list[str]:
    read = [value for _, value in _values(file, len(samples))]
    if len(read) < len(samples):
        raise InvalidInputError(
            f"{file} has {len(read)} answers for {len(samples)} rows",
            hint="give one answer per line, in the order of the rows",
        )
    return [str(each.get("answer", "")) if isinstance(each, dict) else str(each) for each in read]


def _values(file: Path, most: int) -> Iterator[tuple[int, Any]]:
    """Yield line numbers, from 1, and the lines' JSON values."""
    with file.open("rb") as lines:
        for number, line in islice(enumerate(lines, 1), most):
            try:
                yield number, orjson.loads(line)
            except orjson.JSONDecodeError as error:
                what = f"this is not JSON: {error}" if line.strip() else "the line is empty"
                hint = "write one JSON value per line, in UTF-8 without a byte order mark, without empty lines"
                raise InvalidInputError(f"{file}, line {number}: {what}", hint=hint) from error


def _document(trial: bench.Trial) -> dict[str, Any]:
    return {name: value for name, value in asdict(trial).items() if name != "results"}


def _show(trials: list[bench.Trial]) -> None:
    names = list(trials[0].rewards)
    rewards = names if len(names) > 1 else []  # one alone is the whole reward
    table = Table("answered by", "rows", "reward", "0", "1", *rewards, box=None, header_style="bold")
    for trial in trials:
        single = (f"{trial.rewards.get(name, 0):.2f}" for name in rewards)
        table.add_row(
            said(trial.name),
            str(trial.samples),
            f"{trial.mean:.2f}",
            f"{trial.zeros:.0%}",
            f"{trial.ones:.0%}",
            *single,
        )
    out.print(table)
