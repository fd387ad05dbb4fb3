"""`tailor train-curve`: describe a job's training and validation loss, with a small chart."""

from pathlib import Path
from typing import Annotated

import orjson
import typer
from rich.markup import escape

from tailor.errors import InvalidInputError
from tailor.evaluation.curves import Curve, merged, read_curve, read_in_words
from tailor_cli.context import out, say_json, shown_errors

_BLOCKS = "▁▂▃▄▅▆▇█"
_WIDTH = 60


def train_curve(
    files: Annotated[
        list[Path], typer.Argument(help="the job's CSV files of training and validation metrics", exists=True)
    ],
    as_json: Annotated[bool, typer.Option("--json", help="print only JSON")] = False,
) -> None:
    """Describe a training curve: converged, still falling, overfitting or diverged."""
    with shown_errors():
        curves = [read_curve(_read(file), str(file)) for file in files]
        reading = read_in_words(curves)
    if as_json:
        found = {"state": reading.state, "sentence": reading.sentence, "advice": reading.advice}
        document = {**found, "curves": [curve.as_dict() for curve in curves]}
        say_json(orjson.dumps(document, option=orjson.OPT_INDENT_2))
        return
    for kind in ("training", "validation"):
        points = merged(curves, kind)
        if points:
            out.print(f"[dim]{kind:>10}[/]  {_sparkline(curves, kind)}  {points[0].loss:.3g} → {points[-1].loss:.3g}")
    out.print(escape(reading.sentence), soft_wrap=True)
    if reading.advice:
        out.print(f"[yellow]What may help:[/] {escape(reading.advice)}.", soft_wrap=True)


def _read(file: Path) -> bytes:
    if file.is_dir():
        raise InvalidInputError(f"{file} is a folder", hint="name the CSV files in it")
    return file.read_bytes()


def _sparkline(curves: list[Curve], kind: str) -> str:
    losses = [point.loss for point in merged(curves, "training" if kind == "training" else "validation")]
    width = min(_WIDTH, len(losses))
    picked = [losses[place * (len(losses) - 1) // max(width - 1, 1)] for place in range(width)]
    sound = [loss for loss in picked if abs(loss) < float("inf")]
    low, high = min(sound, default=0.0), max(sound, default=1.0)
    scale = (len(_BLOCKS) - 1) / (high - low or 1)
    return "".join(_BLOCKS[int((loss - low) * scale)] if abs(loss) < float("inf") else "!" for loss in picked)
