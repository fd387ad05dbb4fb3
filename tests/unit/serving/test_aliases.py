"""Live versions: promotion, rollback, and two people at once."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from tailor.aws.serving import ServingTable
from tailor.errors import ConflictError, InvalidInputError, NotFoundError
from tailor.recipe import Method
from tailor.serving import aliases
from tailor.serving.aliases import Alias, MediaRules, Version
from tailor.serving.media import rules_for

Build = Callable[..., Version]


def runs(alias: Alias) -> tuple[str | None, list[str]]:
    return alias.live.run if alias.live else None, [version.run for version in alias.previous]


def test_promotion_keeps_what_it_replaces_newest_first(store: ServingTable, version: Build) -> None:
    now = datetime(2026, 11, 22, tzinfo=UTC)
    assert runs(store.alias("colours")) == (None, [])
    aliases.promote(
        store, "colours", version("1", system="ngắn", media=MediaRules(images=3)), None, "provision", now=now
    )
    aliases.promote(store, "colours", version("2"), "1", "provision")
    alias = aliases.promote(store, "colours", version("3"), "2", "person:kim")
    assert runs(alias) == ("3", ["2", "1"])
    assert store.alias("colours") == alias
    first = alias.find("1")
    assert first is not None
    assert (first.system, first.media.images, first.promoted_at, first.promoted_by) == ("ngắn", 3, now, "provision")


def test_promoting_twice_is_promoting_once(store: ServingTable, version: Build) -> None:
    first = aliases.promote(store, "colours", version("1"), None, "provision")
    assert aliases.promote(store, "colours", version("1"), None, "provision") == first


def test_a_promotion_that_saw_another_version_live_is_refused(store: ServingTable, version: Build) -> None:
    aliases.promote(store, "colours", version("1"), None, "provision")
    for seen in (None, "0"):
        with pytest.raises(ConflictError):
            aliases.promote(store, "colours", version("2"), seen, "provision")
    assert runs(store.alias("colours")) == ("1", [])


def test_of_two_writes_from_the_same_reading_one_wins(store: ServingTable, version: Build) -> None:
    for moves in (1, 2):
        reading = store.alias("colours")
        store.save_alias(reading.model_copy(update={"live": version(f"a{moves}")}))
        with pytest.raises(ConflictError):
            store.save_alias(reading.model_copy(update={"live": version(f"b{moves}")}))
        assert runs(store.alias("colours"))[0] == f"a{moves}"


def test_rollback_goes_to_the_version_before_or_to_one_by_name(store: ServingTable, version: Build) -> None:
    for number in range(1, 4):
        aliases.promote(store, "colours", version(str(number)), str(number - 1) if number > 1 else None, "provision")
    assert runs(aliases.rollback(store, "colours", "person:kim")) == ("2", ["3", "1"])
    assert runs(aliases.rollback(store, "colours", "person:kim", to="1")) == ("1", ["2", "3"])
    assert runs(aliases.rollback(store, "colours", "person:kim", to="1")) == ("1", ["2", "3"])
    with pytest.raises(NotFoundError) as caught:
        aliases.rollback(store, "colours", "person:kim", to="9")
    assert "2, 3" in caught.value.hint
    with pytest.raises(NotFoundError):
        aliases.rollback(store, "empty", "person:kim")


def test_rollback_twice_never_returns_to_what_was_rolled_back_from(store: ServingTable, version: Build) -> None:
    for number in range(1, 4):
        aliases.promote(store, "colours", version(str(number)), str(number - 1) if number > 1 else None, "provision")
    now = datetime(2026, 11, 22, tzinfo=UTC)
    aliases.rollback(store, "colours", "person:kim", now=now)
    alias = aliases.rollback(store, "colours", "person:linh", now=now)
    assert runs(alias) == ("1", ["2", "3"])
    marks = {run: mark and (mark.by, mark.to) for run in "123" for mark in [aliases.rolled_back(alias, run)]}
    assert marks == {"1": None, "2": ("person:linh", "1"), "3": ("person:kim", "2")}
    with pytest.raises(NotFoundError, match="rolled back from: 2, 3") as caught:
        aliases.rollback(store, "colours", "person:kim")
    assert "--to" in caught.value.hint
    assert store.alias("colours") == alias

    again = aliases.rollback(store, "colours", "person:kim", to="2")
    assert runs(again) == ("2", ["1", "3"])
    assert aliases.rolled_back(again, "2") is None
    promoted = aliases.promote(store, "colours", version("3"), "2", "person:kim")
    assert aliases.rolled_back(promoted, "3") is None
    assert runs(aliases.rollback(store, "colours", "person:kim"))[0] == "2"


def test_an_incomplete_promotion_never_brings_back_what_was_rolled_back_from(
    store: ServingTable, version: Build
) -> None:
    for number in range(1, 3):
        aliases.promote(store, "colours", version(str(number)), str(number - 1) if number > 1 else None, "provision")
    aliases.rollback(store, "colours", "person:kim")
    assert runs(aliases.withdraw(store, "colours", "1")) == (None, ["2"])


def test_a_version_is_forgotten_before_its_deployment_goes(store: ServingTable, version: Build) -> None:
    aliases.promote(store, "colours", version("1"), None, "provision")
    aliases.promote(store, "colours", version("2"), "1", "provision")
    assert runs(aliases.forget(store, "colours", "1")) == ("2", [])
    assert runs(aliases.forget(store, "colours", "1")) == ("2", [])
    with pytest.raises(ConflictError):
        aliases.forget(store, "colours", "2")


def test_what_a_version_takes_follows_from_its_model_and_method() -> None:
    text_only: list[tuple[str, Method]] = [("nova-micro", "fine-tuning"), ("nova-lite", "distillation")]
    unknown: list[tuple[str, Method]] = [("nothing", "fine-tuning"), ("nova-lite", "reinforcement")]
    assert rules_for("nova-lite", "fine-tuning") == MediaRules(videos=1)
    assert rules_for("nova-2-lite", "fine-tuning").video_formats == ("mp4", "mov", "mkv")
    assert rules_for("nova-2-lite", "fine-tuning").image_formats == ("png", "jpeg", "gif")
    for model, method in text_only:
        assert (rules_for(model, method).images, rules_for(model, method).videos) == (0, 0)
    for model, method in unknown:
        with pytest.raises((NotFoundError, InvalidInputError)):
            rules_for(model, method)
