"""Every state has words that say what happened, what it means and what comes next."""

import itertools
import re
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from tailor.notices.messages import Notice, Reader, message_for, message_for_stall
from tailor.notices.wordings import WORDINGS
from tailor.recipe import Budget, Notifications, Recipe
from tailor.recipe_serving import Deployment
from tailor.runs import MOVES, Run, State
from tests.unit.notices.conftest import DOCUMENTS, MEASURED, ROOT, TRAINED, path_to, run_through

RUN = "colours-scenes-0f3a00000000"
UNTOLD = {"received", "preparing", "deploying", "deployed", "standby", "restoring"}


def told(run: Run, sequence: int | None = None) -> Notice:
    message = message_for(run, run.change(sequence or run.sequence))
    assert message is not None
    return message


def test_every_state_is_told_or_left_out_on_purpose() -> None:
    assert {state.value for state in State} == UNTOLD | {state.value for state in WORDINGS}
    assert not UNTOLD & {state.value for state in WORDINGS}


@pytest.mark.parametrize("state", sorted(UNTOLD))
def test_nobody_hears_of_what_is_only_on_the_way(state: str) -> None:
    run = run_through(*path_to(State(state)))
    assert run.state == state
    assert message_for(run, run.change(run.sequence)) is None


# state: (who, reason, severity, title, text, next step)
WORDS = {
    "prepared": (
        "prepare",
        "",
        "info",
        "colours: data is ready",
        "The dataset scenes passed its checks with 1 warning: 960 rows to learn from, 120 held out.",
        "The quote is $3.20 to $4.80. Within the budget, training starts automatically; above it, you are asked first.",
    ),
    "rejected": (
        "prepare",
        "The dataset can't be used: 40 of 1240 rows name images that are not there.",
        "error",
        "colours: data can't be used",
        (
            "The dataset can't be used: 40 of 1240 rows name images that are not there. "
            "Nothing was trained and nothing was spent; your upload is untouched."
        ),
        "Correct what the report lists and upload again: that starts a new run.",
    ),
    "awaiting-approval": (
        "train",
        "It may cost up to $82.00, and the budget is $50.00",
        "warning",
        "colours: training waits for your approval",
        "It may cost up to $82.00, and the budget is $50.00. Nothing is spent until somebody approves.",
        (
            f"Answer by 25 November 2026, 10:04 UTC: tailor approve {RUN} or tailor decline {RUN} or, over the API, "
            f"POST /v1/approvals/{RUN} with a key of scope approve. "
            "Without an answer it is declined."
        ),
    ),
    "approved": (
        "ann@example.com",
        "within this month's money",
        "info",
        "colours: training was approved",
        "ann@example.com approved the run. Within this month's money.",
        "Training starts now, or as soon as Bedrock's quotas and the monthly limits allow.",
    ),
    "declined": (
        "reconcile",
        "nobody approved it in time",
        "warning",
        "colours: training was declined",
        "Nobody approved it in time. Nothing was trained and nothing was spent.",
        f"To request approval again: tailor retry {RUN}, which keeps the prepared data and the quote.",
    ),
    "superseded": (
        "settle",
        "its folder was changed since: run colours-scenes-fedcba987654 has what it holds now",
        "info",
        "colours: newer data replaces this run",
        (
            f"Run {RUN} ends. Its folder was changed since: run colours-scenes-fedcba987654 has what it holds now. "
            "The request for approval is withdrawn. Nothing was spent on training."
        ),
        (
            "Nothing to do: the newer data is checked and quoted automatically, and you are asked again if approval is "
            f"needed. If it turns out to be unusable, tailor retry {RUN} continues with this run's data."
        ),
    ),
    "training": (
        "train",
        "",
        "info",
        "colours: training has started",
        "Bedrock is training nova-lite by fine-tuning on 960 rows to learn from, 120 held out.",
        f"This often takes hours; a notice follows when it ends. tailor stop {RUN} stops it.",
    ),
    "trained": (
        "track",
        "",
        "info",
        "colours: training has finished",
        "Training has finished, with losses training 0.412, validation 0.530. No app uses the model yet.",
        "It is now deployed and asked the held-out questions, as is its base model.",
    ),
    "training-failed": (
        "track",
        "Bedrock can't read the training file: check the role",
        "error",
        "colours: training failed",
        "There is no model. Bedrock can't read the training file: check the role.",
        (
            f"tailor show {RUN} has the details. Upload a corrected dataset or recipe, which starts a new run; "
            f"tailor retry {RUN} trains again on the same data."
        ),
    ),
    "stopped": (
        "ann@example.com",
        "wrong data",
        "warning",
        "colours: the run was stopped",
        "ann@example.com stopped the run while it was training. Wrong data. Training up to that point may be billed.",
        f"Nothing is running any more. To start again: tailor retry {RUN}, or upload your changes.",
    ),
    "deploy-failed": (
        "provision",
        "all 10 deployments of this account are in use",
        "error",
        "colours: the model could not be deployed",
        (
            "The model is trained, but not deployed or measured. "
            "All 10 deployments of this account are in use. Nothing changes for apps."
        ),
        (
            "The trained model is kept. tailor doctor checks permissions and quotas; then "
            f"tailor retry {RUN} deploys it again, without training it again."
        ),
    ),
    "evaluating": (
        "provision",
        "it passed, but colours-more-0123456789ab went live meanwhile: it is measured again, with that version",
        "info",
        "colours: the new model is measured again",
        (
            "The new model does not go live yet. It passed, but colours-more-0123456789ab went live meanwhile: "
            "it is measured again, with that version."
        ),
        "Only the version that is live now is asked again; all other answers are kept. A notice follows.",
    ),
    "passed": (
        "evaluate",
        "better than base by +65.8 points, surely within +52.1 to +78.0 points",
        "success",
        "colours: the new model is better",
        (
            "The new model passed its evaluation: exact match 78.3 % against 12.5 % for its base on 120 held-out rows. "
            "Better than base by +65.8 points, surely within +52.1 to +78.0 points."
        ),
        "It now goes live automatically, unless the project is offline.",
    ),
    "failed": (
        "evaluate",
        "",
        "warning",
        "colours: the new model is not better",
        (
            "The new model did not pass its evaluation: "
            "exact match 78.3 % against 12.5 % for its base on 120 held-out rows."
        ),
        "It does not go live and its deployment is taken down. Nothing changes for apps; the trained model is kept.",
    ),
    "inconclusive": (
        "evaluate",
        "11 held-out rows are fewer than the 30 that a verdict needs",
        "warning",
        "colours: the new model may or may not be better",
        (
            "The held-out rows do not decide whether the new model is better: "
            "exact match 78.3 % against 12.5 % for its base on 120 held-out rows. "
            "11 held-out rows are fewer than the 30 that a verdict needs."
        ),
        (
            "About 400 held-out rows would decide. It does not go live and its deployment is taken down. "
            "Nothing changes for apps; the trained model is kept."
        ),
    ),
    "evaluation-failed": (
        "evaluate",
        "test.jsonl is gone",
        "error",
        "colours: the new model could not be measured",
        "There is no evidence, so it does not go live. test.jsonl is gone.",
        "Its deployment is taken down. Nothing changes for apps; the trained model is kept.",
    ),
    "live": (
        "provision",
        "",
        "success",
        "colours: the custom model is live",
        'Apps that ask for model "colours" now get this version; nothing changes in the apps.',
        "The previous version, if any, is kept for 24 hours: tailor rollback colours returns to it.",
    ),
    "paused": (
        "reconcile",
        (
            "nobody has called it since 2026-11-22 08:00 UTC: its model units bill by the hour, and are deleted after "
            "2 hours without a call (deployment.idle_hours)"
        ),
        "warning",
        "colours: the live version is paused",
        (
            "colours is paused. Nobody has called it since 2026-11-22 08:00 UTC: its model units bill by the hour, and "
            "are deleted after 2 hours without a call (deployment.idle_hours). "
            'Apps that ask for model "colours" get the error model_paused.'
        ),
        (
            "The next call restores it, which takes some minutes; its model units then bill again. tailor restore "
            "colours does that now; tailor offline colours --reason WHY ends its service for good."
        ),
    ),
    "retired": (
        "provision",
        "the verdict is failed",
        "info",
        "colours: a version was taken down",
        "The version was taken down. The verdict is failed. It did not go live, and nothing changed for apps.",
        (
            "It answers no more calls. The trained model is kept in Bedrock, which bills its storage by the month; "
            "tailor promote colours-scenes-0f3a00000000 --reason WHY deploys it again and makes it live."
        ),
    ),
}


def test_the_words_of_every_told_state_are_tested() -> None:
    assert set(WORDS) == {state.value for state in WORDINGS}


@pytest.mark.parametrize("state", WORDS)
def test_words(state: str) -> None:
    by, reason, severity, title, text, next_step = WORDS[state]
    message = told(run_through(*path_to(State(state)), by=by, reason=reason))
    assert (message.severity, message.title) == (severity, title)
    assert message.text == text
    assert message.next_step == next_step


@pytest.mark.parametrize("state", [*WORDS, "live-retired", "stalled"])
def test_commands_are_told_as_the_reader_begins_them_and_end_before_a_full_stop(state: str) -> None:
    """So that they can be copied: what each needs is there, and no full stop is copied along."""
    if state == "stalled":
        stall = {"level": "warn", "phase": "room", "message": "No room"} | dict.fromkeys(
            ("since", "at"), "2026-11-22T10:00:00+00:00"
        )
        message = message_for_stall(run_through(*TRAINED, stall=stall), Reader("tailor --stack blue"))
        assert message is not None
    else:
        path = (*MEASURED, "passed", "live", "retired") if state == "live-retired" else path_to(State(state))
        run = run_through(*path)
        told = message_for(run, run.change(run.sequence), Reader("tailor --stack blue"))
        assert told is not None
        message = told
    text = " ".join([message.text, message.next_step])
    assert not re.search(r"\btailor (?!--stack blue )", text)
    assert not re.search(rf"promote {RUN}(?! --reason)", text)
    assert f"{RUN}." not in text


@pytest.mark.parametrize("state", WORDS)
def test_what_no_step_recorded_is_left_out(state: str) -> None:
    message = told(run_through(*path_to(State(state)), bare=True))
    for sentence in (message.text, message.next_step, *(field.value for field in message.fields)):
        assert not re.search(r"None|nan|\{|  |: \.|\.\.", sentence)
    assert message.text.endswith(".")
    assert message.next_step.endswith(".")
    assert all(field.label and field.value for field in message.fields)


@pytest.mark.parametrize("state", WORDS)
def test_documents_with_little_or_unknown_content_do_no_harm(state: str) -> None:
    odd: dict[str, Any] = {
        "report": {"counts": {"seen": 3}, "colour": "red"},
        "quote": {**unpriced(), "total": "?"},
        "job": {"loss": "low"},
    }
    message = told(run_through(*path_to(State(state)), **odd, evaluation={"difference": 0.1, "spread": 3}))
    assert message.text.endswith(".")


def test_figures_stand_in_fields_too() -> None:
    fields = {field.label: field.value for field in told(run_through(*path_to(State.PASSED))).fields}
    assert fields == {
        "Result": "exact match 78.3 % against 12.5 % for its base",
        "Difference": "+65.8 points (95 % interval +52.1 to +78.0)",
        "Measured on": "120 held-out rows",
        "Spent so far": "$3.20 to $4.80",
    }


def test_what_was_spent_is_that_of_the_change_however_late_it_is_told() -> None:
    job = {"arn": "arn:job", "phases": {"training": {"status": "InProgress", "since": "2026-11-22T10:00:00+00:00"}}}
    stopped = told(run_through(*path_to(State.STOPPED), job=job))
    assert ("Spent so far", "$0.00 to $4.80") in [(field.label, field.value) for field in stopped.fields]
    unknown = told(run_through(*path_to(State.TRAINED), quote=unpriced()))
    assert ("Spent so far", "at least $0.00; unknown: Training") in [(f.label, f.value) for f in unknown.fields]


def unpriced() -> dict[str, Any]:
    line = {"item": "training", "title": "Training", "every": "once", "how": "unknown"}
    return {"model": "nova-lite", "method": "fine-tuning", "lines": [line]}


def test_a_rejected_run_names_the_most_frequent_findings() -> None:
    fields = {field.label: field.value for field in told(run_through(*path_to(State.REJECTED))).fields}
    assert fields["Problem"] == "40 × image-missing"
    assert fields["Unusable rows"] == "40 of 1,240"
    assert "duplicate-row" not in str(fields)


def test_numbers_may_be_decimals_as_dynamodb_returns_them() -> None:
    evaluation = {
        name: Decimal(str(value)) if isinstance(value, float) else value
        for name, value in DOCUMENTS["evaluation"].items()
    }
    evaluation["interval"] = [Decimal("0.521"), Decimal("0.78")]
    message = told(run_through(*path_to(State.PASSED), evaluation=evaluation))
    assert "78.3 % against 12.5 %" in message.text


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ({"low": None, "expected": None, "high": None}, "unknown"),
        ({"low": "2", "expected": "2", "high": "2"}, "$2.00"),
        ({"low": "1000", "expected": "1200", "high": "1234.5"}, "$1,000.00 to $1,234.50"),
    ],
)
def test_a_price_that_is_not_known_is_called_unknown(line: dict[str, str | None], said: str) -> None:
    quote = {**DOCUMENTS["quote"], "lines": [DOCUMENTS["quote"]["lines"][0] | line]}
    message = told(run_through(*path_to(State.PREPARED), quote=quote))
    assert {field.label: field.value for field in message.fields}["Quote"] == said
    if said == "unknown":
        assert message.next_step == "The price of training is unknown, so you are asked before anything is spent."


def test_without_a_reason_a_waiting_run_says_why_it_waits() -> None:
    assert told(run_through(*path_to(State.AWAITING_APPROVAL))).text.startswith(
        "Training is quoted at $3.20 to $4.80, above the budget."
    )
    bare = told(run_through(*path_to(State.AWAITING_APPROVAL), bare=True))
    assert bare.text.startswith("The price of training is unknown.")


def test_the_deadline_is_the_one_that_the_run_was_given() -> None:
    quote = DOCUMENTS["quote"] | {"approval": {"reason": "", "until": "2026-12-01T09:30:00+00:00"}}
    message = told(run_through(*path_to(State.AWAITING_APPROVAL), quote=quote))
    assert "Answer by 1 December 2026, 09:30 UTC" in message.next_step
    short = Recipe(budget=Budget(approval_hours=1))
    assert "10:04 UTC" not in told(run_through(*path_to(State.AWAITING_APPROVAL), recipe=short)).next_step


def test_a_late_message_still_tells_its_own_change() -> None:
    run = run_through(*MEASURED, "passed", "live")
    for sequence, change in enumerate(run.history, 1):
        message = message_for(run, run.change(sequence))
        if message is not None:
            assert (message.state, message.sequence, message.at) == (change.state, sequence, change.at)
            assert message.id == f"{RUN}-{sequence}"
    assert "data is ready" in told(run, 3).title


def test_a_late_question_does_not_ask_for_what_is_decided() -> None:
    run = run_through(*path_to(State.AWAITING_APPROVAL), "approved", "training")
    message = told(run, 4)
    assert message.state == "awaiting-approval"
    assert message.next_step == "No answer is needed any more: the run is now training."


def test_rollback_and_override_say_who() -> None:
    back = told(run_through(*MEASURED, "passed", "live", "standby", "live", by="ann@example.com"))
    assert back.text.startswith(
        'ann@example.com rolled back: apps that ask for model "colours" get this earlier version'
    )
    forced = told(run_through(*MEASURED, "failed", "live", by="ann@example.com", reason="the test set was wrong"))
    assert "ann@example.com made this version live although its evaluation did not pass (failed)." in forced.text
    assert forced.text.endswith("The test set was wrong.")


@pytest.mark.parametrize(
    ("earlier", "said"),
    [
        ((*MEASURED, "inconclusive", "retired"), "live although its evaluation did not pass (inconclusive)."),
        ((*TRAINED, "deploying", "deploy-failed"), "live although it was never measured."),
        ((*MEASURED, "passed", "live", "standby", "retired"), "live again."),
    ],
)
def test_a_version_that_was_deployed_again_says_who_wanted_it_and_against_what(
    earlier: tuple[str, ...], said: str
) -> None:
    message = told(run_through(*earlier, "restoring", "live", by="ann@example.com", reason="the test set was wrong"))
    assert (
        f"ann@example.com made this version, which had been taken down, {said} The test set was wrong." in message.text
    )


def test_a_version_that_could_not_be_deployed_again_is_not_called_unmeasured() -> None:
    failed = told(run_through(*MEASURED, "failed", "retired", "restoring", "deploy-failed", reason="no capacity"))
    assert "was to go live again could not be deployed. No capacity." in failed.text
    assert "not measured" not in failed.text


@pytest.mark.parametrize(
    ("earlier", "by", "said"),
    [
        (("deploying",), "reconcile", "The deployment failed. Nothing is trained or paid for again."),
        (
            ("deploying", "deploy-failed"),
            "ann@example.com",
            "ann@example.com retried the deployment of the trained model. The deployment failed. Nothing is trained",
        ),
    ],
)
def test_another_attempt_to_deploy_is_not_told_as_another_training(
    earlier: tuple[str, ...], by: str, said: str
) -> None:
    message = told(run_through(*TRAINED, *earlier, "trained", by=by, reason="the deployment failed"))
    assert (message.severity, message.title) == ("info", "colours: the deployment is retried")
    assert message.text.startswith(said)
    assert "raining has finished" not in message.text


def test_a_first_evaluation_is_not_told() -> None:
    run = run_through(*MEASURED)
    assert run.state == State.EVALUATING
    assert message_for(run, run.change(run.sequence)) is None


def test_a_verdict_that_was_overtaken_too_often_asks_for_no_more_rows() -> None:
    reason = "it passed, but colours-more-0123456789ab went live meanwhile, for the 3rd time"
    message = told(run_through(*MEASURED, "passed", "inconclusive", by="provision", reason=reason))
    assert message.text.startswith("The new model was not compared with the version that is live now. It passed, but")
    assert "would decide" not in message.next_step
    assert f"tailor promote {RUN}" in message.next_step


def test_what_a_taken_down_version_means_depends_on_where_it_was() -> None:
    standby = told(run_through(*MEASURED, "passed", "live", "standby", "retired", by="reconcile"))
    assert standby.text.endswith("A rollback to it is no longer possible.")
    person = told(run_through(*MEASURED, "passed", "retired", by="ann@example.com"))
    assert person.text == "ann@example.com took the version down. It never went live."


def test_the_end_of_a_pause_is_told() -> None:
    live = (*MEASURED, "passed", "live", "paused")
    back = told(run_through(*live, "restoring", "live", by="reconcile", reason="it answers again"))
    assert (back.severity, back.title) == ("success", "colours: the live version is back")
    assert "get its answers again" in back.text
    person = told(run_through(*live, "restoring", "live", by="ann@example.com"))
    assert person.text.startswith("ann@example.com restored this version.")
    assert told(run_through(*live, "retired", by="reconcile")).text.endswith("It will not be restored automatically.")
    failed = told(run_through(*live, "restoring", "deploy-failed", reason="no units"))
    assert "Apps that ask for it get an error." in failed.text


def test_the_end_of_a_live_version_is_the_projects() -> None:
    ended = run_through(*MEASURED, "passed", "live", "retired", by="ann@example.com", reason="it invents prices")
    message = told(ended)
    assert (message.severity, message.title) == ("warning", "colours: the project is offline")
    assert message.text == (
        "ann@example.com took colours offline. It invents prices. "
        'Apps that ask for model "colours" get the error model_offline.'
    )
    assert f"tailor promote {RUN}" in message.next_step
    assert "until then, nothing goes live automatically" in message.next_step


def test_model_units_are_told_with_their_price_before_and_their_end_after() -> None:
    hosting = {"item": "hosting", "title": "Hosting on 2 model units, for at most 8 hours", "every": "hour", "how": ""}
    priced = hosting | {"low": "40", "expected": "40", "high": "40", "periods": "8"}
    for line, words in ((priced, "$40.00 an hour, $320.00 in all"), (hosting, "unknown an hour")):
        run = run_through(*path_to(State.AWAITING_APPROVAL), quote={**DOCUMENTS["quote"], "lines": [line]})
        fields = {field.label: field.value for field in told(run).fields}
        assert fields["Hosting"] == f"2 model units, for at most 8 hours: {words}"
    deployment = {"arn": "arn:units", "ends_at": "2026-11-23T18:00:00+00:00"}
    live = told(run_through(*path_to(State.LIVE), deployment=deployment))
    assert "are deleted on 23 November 2026, 18:00 UTC" in live.next_step
    over = told(run_through(*MEASURED, "passed", "live", "retired", by="reconcile", reason="its units had an end"))
    assert over.text.startswith("colours is offline. Its units had an end.")
    assert "only a newer version that passes goes live" in over.next_step


def test_a_model_that_did_not_pass_is_told_with_how_long_it_is_kept() -> None:
    kept = told(run_through(*path_to(State.FAILED), recipe=Recipe.parse("retention: {not_passed_days: 7}")))
    assert kept.next_step.endswith("the trained model is kept for 7 days (retention.not_passed_days).")


def test_a_run_that_was_stopped_before_training_cost_nothing() -> None:
    message = told(run_through("received", "preparing", "prepared", "stopped", by="ann@example.com"))
    assert message.text == "ann@example.com stopped the run while it was prepared. Nothing was spent on training."


def test_the_recipe_shapes_what_comes_next() -> None:
    recipe = Recipe(deployment=Deployment(promote=False, keep_previous_hours=0))
    passed = told(run_through(*path_to(State.PASSED), recipe=recipe))
    assert passed.next_step.startswith(f"tailor promote {RUN} --reason WHY makes it live")
    live = told(run_through(*path_to(State.LIVE), recipe=recipe))
    assert live.next_step == "The previous version, if any, is not kept, as the recipe says."


def test_somebody_is_mentioned_on_failures_only() -> None:
    recipe = Recipe(notifications=Notifications(mention="U012ABCDEF"))
    assert told(run_through(*path_to(State.TRAINING_FAILED), recipe=recipe)).mention == "U012ABCDEF"
    assert told(run_through(*path_to(State.LIVE), recipe=recipe)).mention is None


def test_links_only_where_there_is_a_url() -> None:
    run = run_through(*path_to(State.REJECTED))
    assert told(run).links == ()
    message = message_for(run, run.change(3), Reader(reports_url="https://reports.example/bucket?prefix="))
    assert message is not None
    assert [(link.label, link.url) for link in message.links] == [
        ("Open the report", f"https://reports.example/bucket?prefix=runs/{RUN}/report/report.html")
    ]
    trained = run_through(*TRAINED)
    told_trained = message_for(
        trained,
        trained.change(5),
        Reader(reports_url="https://reports.example/", console_url="https://tailor.example/console"),
    )
    assert told_trained is not None
    assert [(link.label, link.url) for link in told_trained.links] == [
        ("Open the run", f"https://tailor.example/console#/runs/{RUN}")
    ]


def test_paths_of_these_tests_are_allowed_moves() -> None:
    for state in State:
        path = [State(name) for name in path_to(state)]
        assert path[-1] == state
        assert all(after in MOVES[before] for before, after in itertools.pairwise(path))


def test_times_are_utc() -> None:
    run = run_through(*path_to(State.LIVE))
    assert told(run).at.utcoffset() == timedelta(0)


def test_the_documentation_lists_every_state_as_it_is_told() -> None:
    text = (ROOT / "docs" / "notifications.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([a-z-]+)` \| (\w+) \| ([^|]+) \|", text, re.M)
    assert rows == [(state.value, wording.severity, wording.title) for state, wording in WORDINGS.items()]
    [untold] = re.findall(r"^The states (.+) lead to one of these", text, re.M)
    assert set(re.findall(r"`([a-z-]+)`", untold)) == UNTOLD


@pytest.mark.parametrize("state", [State.PREPARED, State.AWAITING_APPROVAL])
def test_what_to_know_before_paying_is_told_before_it_is_paid(state: State) -> None:
    advice = [{"code": "few-held-out-rows", "message": "9 held-out rows can't carry a verdict", "fix": "add examples"}]
    message = told(run_through(*path_to(state), quote=DOCUMENTS["quote"] | {"advice": advice}))
    assert ("Before you pay", "9 held-out rows can't carry a verdict; add examples") in [
        (field.label, field.value) for field in message.fields
    ]
