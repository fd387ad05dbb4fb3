"""Create, list and revoke the API keys of apps."""

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Column, Table

from tailor.errors import InvalidInputError
from tailor.serving import keys
from tailor_cli.context import err, out, person, session, shown_errors

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__)
_SPAN = re.compile(r"(\d{1,4})([hd])")


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="name of the key, for example the app that uses it")],
    project: Annotated[
        list[str], typer.Option("--project", "-p", help="project whose model the key may call; repeatable")
    ],
    scope: Annotated[
        list[str],
        typer.Option(
            "--scope",
            "-s",
            help="chat: call models; read: see runs; approve: costs; operate: stop, promote, …; repeatable",
        ),
    ] = ["chat"],  # noqa: B006  (typer copies it)
    expires: Annotated[str, typer.Option(help="12h, 90d, a date such as 2027-06-30, or never")] = "365d",
    requests_per_minute: Annotated[
        int | None, typer.Option(min=1, help="maximum requests per minute; default: no limit")
    ] = None,
    tokens_per_day: Annotated[
        int | None, typer.Option(min=1, help="maximum input and output tokens per day; default: no limit")
    ] = None,
) -> None:
    """Create a key and print it, once, on standard output. It is stored nowhere."""
    with shown_errors():
        now = datetime.now(UTC)
        limits = keys.RateLimits(requests_per_minute=requests_per_minute, tokens_per_day=tokens_per_day)
        wrong = sorted(set(scope) - set(keys.SCOPES))
        if wrong:
            raise InvalidInputError(f"there is no scope {wrong[0]!r}", hint=f"scopes: {', '.join(keys.SCOPES)}")
        secret, key = keys.create(
            session.serving,
            name,
            project,
            scopes=[known for known in keys.SCOPES if known in scope],
            by=person(),
            expires_at=_expiry(expires, now),
            limits=limits,
            now=now,
        )
        for called in key.projects if "chat" in key.scopes else ():
            if session.serving.alias(called).live is None:
                err.print(f"[yellow]note[/]  {called} has no live model yet")
        until = f"until {key.expires_at:%Y-%m-%d %H:%M} UTC" if key.expires_at else "without an expiry date"
        allowed = f"{', '.join(key.projects)} ({', '.join(key.scopes)})"
        err.print(f"key [bold]{key.id}[/] for {allowed}, {until}. Keep it safe: it can't be shown again.")
        typer.echo(secret)


@app.command("list")
def list_keys(
    project: Annotated[str | None, typer.Option("--project", "-p", help="only keys that may call this project")] = None,
) -> None:
    """List keys, never their secrets."""
    with shown_errors():
        now = datetime.now(UTC)
        found = [key for key in session.serving.all_keys() if project is None or project in key.projects]
        table = Table(
            Column("id", no_wrap=True),
            Column("name", overflow="fold"),
            Column("projects", overflow="fold"),
            Column("scopes", overflow="fold"),
            Column("state", no_wrap=True),
            Column("until", no_wrap=True),
            Column("limits", overflow="fold"),
            Column("made by", overflow="fold"),
            box=None,
            header_style="bold",
        )
        for key in found:
            until = f"{key.expires_at:%Y-%m-%d}" if key.expires_at else "never"
            allowed = (", ".join(key.projects), ", ".join(key.scopes))
            columns = (key.id, key.name, *allowed, _state(key, now), until, _limits(key), key.created_by)
            table.add_row(*map(escape, columns))
        out.print(table if found else "no keys")


@app.command()
def revoke(key_id: Annotated[str, typer.Argument(metavar="ID", help="the key's id, from tailor keys list")]) -> None:
    """Revoke a key permanently. API Gateway may still accept it for up to a minute."""
    with shown_errors():
        key = session.serving.revoke_key(key_id, datetime.now(UTC))
        out.print(f"revoked {key.id} ({escape(key.name)})")


def _expiry(text: str, now: datetime) -> datetime | None:
    if text == "never":
        return None
    if span := _SPAN.fullmatch(text):
        count = int(span[1])
        return now + (timedelta(hours=count) if span[2] == "h" else timedelta(days=count))
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        message = f"--expires {text!r} is not a duration, a date or never"
        raise InvalidInputError(message, hint="give for example 12h, 90d, 2027-06-30 or never") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _state(key: keys.ApiKey, now: datetime) -> str:
    if key.revoked_at:
        return "revoked"
    return "usable" if key.usable(now) else "expired"


def _limits(key: keys.ApiKey) -> str:
    limits = {"/min": key.limits.requests_per_minute, " tokens/day": key.limits.tokens_per_day}
    return ", ".join(f"{value}{unit}" for unit, value in limits.items() if value) or "none"
