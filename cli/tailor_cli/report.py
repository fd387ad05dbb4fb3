"""`tailor report`: what a run's checks and its evaluation found, as pages to open in a browser."""

from pathlib import Path
from typing import Annotated

import typer

from tailor.errors import InvalidInputError, NotFoundError
from tailor_cli.context import out, session, shown_errors
from tailor_cli.runs import RunId, find

KINDS = {"report": "data", "evaluation": "evaluation"}  # folder of a run's files → what the page is about


def report(
    run_id: RunId,
    to: Annotated[Path, typer.Option(metavar="DIR", help="where the pages go; made where it is not there")] = Path(),
) -> None:
    """Fetch the pages on a run's data and on its evaluation, as far as there are any, and say where they are."""
    with shown_errors():
        run = find(run_id)
        pages = dict[Path, bytes]()
        for folder, about in KINDS.items():
            try:
                pages[to / f"{run.id}-{about}.html"] = session.bucket.read(f"{run.files}{folder}/report.html")
            except NotFoundError:
                continue
        if not pages:
            raise NotFoundError(f"run {run.id} has no report yet", hint=f"it is {run.state}")
        try:
            to.mkdir(parents=True, exist_ok=True)
            for file, page in pages.items():
                file.write_bytes(page)
                out.print(str(file), markup=False, soft_wrap=True)
        except OSError as error:
            raise InvalidInputError(
                f"nothing can be written to {to}: {error.strerror}", hint="give another --to"
            ) from error
