import tomllib
from datetime import date
from importlib.resources import files

import pytest

from tailor import catalog
from tailor.errors import InvalidInputError, NotFoundError

ALL = catalog.models()


def names(model: catalog.Model) -> str:
    return model.name


def test_every_table_of_facts_names_a_source_that_exists() -> None:
    document = tomllib.loads(files("tailor").joinpath("catalog.toml").read_text("utf-8"))
    shared = ("limits", "hyperparameters", "training_jobs", *catalog.SHARED, "reserved_words", "models")
    tables = [table for kind in shared for table in document[kind].values()]
    tables += [facts for entry in document["models"].values() for facts in entry.get("methods", {}).values()]
    tables += document["prices"]
    assert {table.get("source") for table in tables} <= document["sources"].keys()
    unused = document["sources"].keys() - {table["source"] for table in tables}
    assert not unused


@pytest.mark.parametrize("model", ALL, ids=names)
def test_sources_are_dated_links(model: catalog.Model) -> None:
    sources = [model.source, model.lifecycle.source, model.hosting.source, model.tokens.source]
    sources += [model.answers.source] if model.answers else []
    sources += [facts.source for facts in model.methods.values()]
    sources += [price.source for price in model.prices]
    for source in sources:
        assert source.url.startswith("https://")
        assert date(2025, 1, 1) < source.checked


@pytest.mark.parametrize("model", ALL, ids=names)
def test_ids_are_unique_and_lead_to_the_name(model: catalog.Model) -> None:
    for identifier in model.ids:
        assert [other.name for other in ALL if identifier in other.ids] == [model.name]
        with pytest.raises(NotFoundError) as error:
            catalog.model(identifier)
        assert error.value.hint == f"did you mean {model.name!r}?"
    assert catalog.model(model.name) is model


@pytest.mark.parametrize("model", ALL, ids=names)
def test_limits_are_in_order(model: catalog.Model) -> None:
    for facts in model.methods.values():
        limits = facts.limits
        assert 0 < limits.min_rows <= limits.recommended_rows <= limits.max_rows
        assert limits.context_tokens >= 4096
        assert bool(limits.images_per_example) == bool(limits.image_formats)
        assert bool(limits.videos_per_example) == bool(limits.video_formats)


@pytest.mark.parametrize("model", ALL, ids=names)
def test_hyperparameter_defaults_fit_their_ranges(model: catalog.Model) -> None:
    for facts in model.methods.values():
        for name, parameter in facts.hyperparameters.items():
            assert facts.hyperparameters_source
            assert parameter.default is not None
            assert parameter.check(name, parameter.default) == parameter.default


def test_teachers_are_in_the_catalogue_and_alive() -> None:
    pairs = [(model, facts) for model in ALL for method, facts in model.methods.items() if method == "distillation"]
    assert pairs
    for model, facts in pairs:
        assert facts.teachers
        for teacher in facts.teachers:
            assert catalog.model(teacher).lifecycle.status != "retired"
            assert catalog.model(teacher).family == model.family


def test_models_that_are_trained_today_have_a_region_and_a_way_to_be_served() -> None:
    for model in ALL:
        if model.can_be_trained:
            assert model.regions
            assert model.hosting.kinds
    assert not any(model.can_be_trained for model in ALL if model.lifecycle.status == "retired")


def test_no_price_is_zero_and_prices_are_dated() -> None:
    for model in ALL:
        for price in model.prices:
            assert price.amount is None or price.amount > 0
            assert price.currency == "USD"
            assert price.as_of <= date(2026, 11, 22)


def test_an_unknown_price_is_unknown() -> None:
    assert catalog.model("nova-lite").price("training") is None
    known = catalog.model("nova-micro").price("training", "us-east-1")
    assert known is not None
    assert str(known.amount) == "0.001"
    assert catalog.model("nova-micro").price("training", "eu-west-1") is None


@pytest.mark.parametrize(
    ("asked", "suggested"),
    [("nova-lit", "nova-lite"), ("Nova_Micro", "nova-micro"), ("amazon.nova-pro-v1:0:300k", "nova-pro")],
)
def test_an_unknown_model_suggests_the_nearest(asked: str, suggested: str) -> None:
    with pytest.raises(NotFoundError) as error:
        catalog.model(asked)
    assert suggested in error.value.hint


def test_a_method_that_a_model_does_not_know_names_models_that_do() -> None:
    with pytest.raises(InvalidInputError) as error:
        catalog.model("nova-lite").method("reinforcement")
    assert "nova-2-lite" in error.value.hint
    with pytest.raises(InvalidInputError) as error:
        catalog.model("nova-pro").method("continued-pre-training")
    assert "nova-micro, nova-lite, nova-2-lite" in error.value.hint


def test_values_out_of_range_name_the_range() -> None:
    epochs = catalog.model("nova-lite").method("fine-tuning").hyperparameters["epochs"]
    with pytest.raises(InvalidInputError, match="1 to 5"):
        epochs.check("epochs", 6)
    effort = catalog.model("nova-2-lite").method("reinforcement").hyperparameters["reasoning_effort"]
    with pytest.raises(InvalidInputError, match="low, medium, high"):
        effort.check("reasoning_effort", "enormous")
