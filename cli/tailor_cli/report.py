"""`tailor report`: download a run's data report and evaluation report."""

from pathlib import Path
from typing import Annotated

import typer

from tailor.errors import InvalidInputError, NotFoundError
from tailor_cli.context import AsJson, out, say_json, session, shown_errors
from tailor_cli.runs import RunId, find

PAGES = {  # among a run's files → what the page is about
    "report/report.html": "data",
    "report/report.vi.html": "data-vi",
    "evaluation/report.html": "evaluation",
    "evaluation/report.vi.html": "evaluation-vi",
    "evaluation/labels.html": "labels",
    "evaluation/sealed/report.html": "sealed",
    "evaluation/sealed/report.vi.html": "sealed-vi",
    "evaluation/sealed/labels.html": "sealed-labels",
}


def report(
    run_id: RunId,
    to: Annotated[
        Path, typer.Option(metavar="DIR", help="folder for the reports; created if it does not exist")
    ] = Path(),
    as_json: AsJson = False,
) -> None:
    """Download a run's reports and its page for labels (HTML), and print the files' paths."""
    with shown_errors():
        run = find(run_id)
        pages = dict[Path, bytes]()
        for name, about in PAGES.items():
            try:
                pages[to / f"{run.id}-{about}.html"] = session.bucket.read(f"{run.files}{name}")
            except NotFoundError:
                continue
        if not pages:
            raise NotFoundError(
                f"run {run.id} has no report yet",
                hint=f"its state is {run.state}; follow it with tailor watch {run.id}",
            )
        try:
            to.mkdir(parents=True, exist_ok=True)
            for file, page in pages.items():
                file.write_bytes(page)
                if not as_json:
                    out.print(str(file), markup=False, soft_wrap=True)
        except OSError as error:
            raise InvalidInputError(
                f"can't write to {to}: {error.strerror}", hint="give another folder with --to"
            ) from error
        if as_json:
            say_json({"run": run.id, "files": list(map(str, pages))})
