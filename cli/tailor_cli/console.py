"""`tailor console`: a link to the console with a key for one working day."""

from datetime import UTC, datetime, timedelta
from typing import Annotated
from urllib.parse import quote

import typer

from tailor.serving import keys
from tailor_cli.api_client import base_url
from tailor_cli.completing import project_names
from tailor_cli.context import AsJson, err, local_time, out, person, say_json, session, shown_errors

HOURS = 12
GRANTED_DAYS = 365


def console(
    project: Annotated[
        list[str],
        typer.Argument(metavar="PROJECT…", help="project to show; several may be named", autocompletion=project_names),
    ],
    read_only: Annotated[bool, typer.Option("--read-only", help="the link shows runs and changes nothing")] = False,
    manage_keys: Annotated[
        bool,
        typer.Option("--manage-keys", help="the link may also make keys, which last up to a year, and revoke them"),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Print a link to the console that works for 12 hours.

    Whoever has it may do all there: send it to nobody.
    """
    with shown_errors():
        now = datetime.now(UTC)
        scopes: tuple[keys.Scope, ...] = ("read",) if read_only else keys.LENT_SCOPES
        scopes += ("keys",) if manage_keys else ()
        until = now + timedelta(hours=HOURS)
        name = f"console of {person().removeprefix('person:')}"[:100]
        secret, key = keys.create(
            session.serving,
            name,
            project,
            scopes=scopes,
            by=person(),
            expires_at=until,
            grants_until=now + timedelta(days=GRANTED_DAYS) if manage_keys else None,
            now=now,
        )
        revoke = session.addressed(f"tailor keys revoke {key.id}")
        err.print(f"For {', '.join(key.projects)}, until {local_time(until)}. To end it before: {revoke}")
        # Behind "#": browsers don't send it, so it is in no log.
        link = f"{address()}#key={quote(secret)}"
        if as_json:
            say_json({"link": link, "projects": key.projects, "key": key.id, "expires_at": until.isoformat()})
        else:
            out.print(link, markup=False, soft_wrap=True)


def address() -> str:
    """Return the console's address, on AWS or on the local cloud."""
    return f"{base_url().removesuffix('/v1')}/console"
