"""`tailor doctor`: check whether a job would start in this account and Region, and how to fix what prevents it."""

from dataclasses import asdict
from typing import Annotated

import orjson
import typer
from rich.markup import escape
from rich.table import Table

from tailor import catalog
from tailor.aws.access import AwsAccess, region
from tailor.aws.bedrock import Bedrock
from tailor.aws.notices import SecretText, post
from tailor.aws.price_list import PriceList
from tailor.aws.service_quotas import ServiceQuotas
from tailor.catalog import Model
from tailor.errors import InvalidInputError, NotFoundError, RetryableError
from tailor.notices.app_check import check_app
from tailor.notices.hooks import Webhooks
from tailor.recipe import METHODS, Recipe
from tailor.settings import SettingsError
from tailor.training.capacity import check_capacity, check_instances
from tailor.training.preflight import Place, PreflightCheck, preflight
from tailor.training.price_list import Listed
from tailor.training.prices import PriceBook, read_prices
from tailor.training.quote import Basis
from tailor_cli.context import AsJson, out, say_json, session, shown_errors
from tailor_cli.language import said
from tailor_cli.quote import count
from tailor_cli.runs import find
from tailor_cli.sources import recipe_of, source_of

STYLES = {"ok": "green", "warning": "yellow", "failed": "bold red", "unknown": "dim"}


def doctor(
    model: Annotated[str, typer.Option(help="base model to check for")] = "nova-lite",
    method: Annotated[str, typer.Option(help=f"one of {', '.join(METHODS)}")] = "fine-tuning",
    dataset: Annotated[
        str | None, typer.Option(metavar="FOLDER", help="also say how long the evaluation of this dataset takes")
    ] = None,
    run: Annotated[str | None, typer.Option(metavar="RUN", help="the same for a run that is prepared")] = None,
    as_json: AsJson = False,
) -> None:
    """Check role, permissions, model, Region, price, quotas and keys.

    Exit code 1 if a job would not start. A dataset or a run brings its own model and method.
    """
    with shown_errors():
        basis = _basis(dataset, run)
        recipe, base = (basis.recipe, basis.model) if basis else _asked_for(model, method)
        stack = session.stack
        place = Place(
            region=region(),
            bucket=stack.bucket,
            role_arn=stack.customization_role,
            caller_arn=stack.train_role,
            grader_arn=stack.grade_function,
            training_jobs=stack.sagemaker_training == "enabled",
            training_role_arn=stack.training_role,
            import_role_arn=stack.import_role,
        )
        prices = PriceBook(read_prices(stack.prices), Listed(PriceList(), place.region))
        checks = preflight(recipe, base, place, offers=Bedrock(), access=AwsAccess(), prices=prices)
        checks += check_capacity(ServiceQuotas(), base, place.region, basis)
        if place.training_jobs:
            checks += check_instances(ServiceQuotas(), base, recipe.method)
        checks += _check_slack(stack.webhooks_secret)
        if as_json:
            say_json([{**asdict(check), "remedy": session.addressed(check.remedy)} for check in checks])
        else:
            show(checks)
        if any(check.status == "failed" for check in checks):
            raise typer.Exit(1)


def _check_slack(secret_arn: str) -> list[PreflightCheck]:
    """Return a check of each Slack app in the webhooks secret, which the caller may not be allowed to read."""
    if not secret_arn:
        return []
    try:
        apps = dict.fromkeys(Webhooks.parse(SecretText(secret_arn).read(), allow_insecure=True).slack_apps)
    except SettingsError as error:
        return [PreflightCheck("slack", "warning", error.message, error.hint)]
    except RetryableError as error:
        return [PreflightCheck("slack", "unknown", error.message)]
    return [check_app(app, post) for app in apps]


def _asked_for(model: str, method: str) -> tuple[Recipe, Model]:
    """Return a recipe of this method on this model. Raises InvalidInputError where there is none."""
    if method not in METHODS:
        raise InvalidInputError(f"there is no method {method!r}", hint=f"known methods: {', '.join(METHODS)}")
    base = catalog.model(model)
    recipe = Recipe.model_validate({"model": base.name, "method": method})
    base.method(recipe.method)
    return recipe, base


def _basis(dataset: str | None, run_id: str | None) -> Basis | None:
    """Return what to count: a local dataset, or what a run was prepared from. None for neither."""
    if dataset and run_id:
        raise InvalidInputError("give --dataset or --run, not both")
    if dataset:
        storage, prefix = source_of([dataset])
        recipe, base = recipe_of(storage, prefix, {})
        manifest, examples = count(storage, prefix, recipe, base)
        return Basis(manifest, recipe, base, examples=examples)
    if not run_id:
        return None
    run = find(run_id)
    try:
        manifest = orjson.loads(session.bucket.read(f"{run.files}prepared/manifest.json"))
    except NotFoundError as error:
        raise NotFoundError(f"run {run.id} is not prepared, so nothing is counted", hint="wait for it") from error
    live = session.serving.alias(run.project).live is not None
    return Basis(manifest, run.recipe, catalog.model(run.recipe.model), live=live)


def show(checks: list[PreflightCheck]) -> None:
    """Print the checks as a table, each with its status and its remedy."""
    table = Table("check", "", "", box=None, header_style="bold")
    for check in checks:
        remedy = f"\n→ {escape(session.addressed(said(check.remedy)))}" if check.remedy else ""
        status = f"[{STYLES[check.status]}]{said(check.status)}[/]"
        table.add_row(said(check.name), status, escape(said(check.message)) + remedy)
    out.print(table)
