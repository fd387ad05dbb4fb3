"""`tailor labels`: add people's labels of a run's answers to its report."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from tailor.evaluation.labels import take_labels
from tailor_cli.context import AsJson, out, say_json, session, shown_errors
from tailor_cli.runs import RunId, find


def labels(
    run_id: RunId,
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="JSON that labels.html exported")],
    as_json: AsJson = False,
) -> None:
    """Report how well a run's metric and judge agree with people, and add that to its report.

    The labels come from the page labels.html, which tailor report fetches.
    """
    with shown_errors():
        run = find(run_id)
        report = take_labels(session.bucket, run, file.read_bytes())
        found = report["labels"]
        if as_json:
            say_json({"run": run.id, **found})
            return
        out.print(f"{found['answers']} answers labelled{', by ' + found['by'] if found['by'] else ''}", markup=False)
        for name, about in (("metric", f"metric {report['metric']}"), ("judge", "judge")):
            if found[name]:
                out.print(f"the {about} agrees with people in {_said(found[name])}", markup=False, soft_wrap=True)
        out.print(f"written into {session.bucket.uri(f'{run.results}report.html')}", markup=False, soft_wrap=True)


def _said(found: Mapping[str, Any]) -> str:
    shares = f"{found['accuracy']:.0%} of {found['labels']} labels"
    if found["kappa"] is None:
        return f"{shares}; Cohen's kappa is unknown: all labels are alike"
    low, high = found["kappa_interval"]
    return f"{shares}, Cohen's kappa {found['kappa']:.2f} ({low:.2f} to {high:.2f})"
