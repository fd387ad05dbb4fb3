import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from functions.grade.app import handler
from tailor import rewards as grading
from tailor.errors import InvalidInputError
from tailor.recipe import Recipe
from tailor.rewards import REWARDS, grade, specification
from tailor.training import bench
from tests.waiting import ends

ROOT = Path(__file__).resolve().parents[3]


def spec(*rewards: dict[str, Any], language: str = "auto") -> dict[str, Any]:
    settings = {"reinforcement": {"rewards": list(rewards)}, "evaluation": {"language": language}}
    return specification(Recipe.model_validate(settings))


def sample(answer: str, reference: Any, rewards: Any = None, id: str = "a") -> dict[str, Any]:
    metadata = {"reference_answer": reference} | ({REWARDS: rewards} if rewards else {})
    messages = [{"role": "user", "content": "?"}, {"role": "assistant", "content": answer}]
    return {"id": id, "messages": messages, "metadata": metadata}


def reward(*args: Any) -> float:
    return float(grade([sample(*args)])[0]["aggregate_reward_score"])


class TestContract:
    def test_a_list_in_a_list_out_with_the_same_ids(self) -> None:
        found = grade([sample("4", "4", id="x"), sample("5", "4", id="y")])
        assert [each["id"] for each in found] == ["x", "y"]
        assert [each["aggregate_reward_score"] for each in found] == [1.0, 0.0]
        assert found[0]["metrics_list"] == [{"name": "exact-match", "value": 1.0, "type": "Reward"}]

    def test_the_other_documented_input_with_the_reference_beside_the_messages(self) -> None:
        messages = [{"role": "user", "content": "?"}, {"role": "nova_assistant", "content": [{"text": "4"}]}]
        found = grade([{"id": "x", "messages": messages, "reference_answer": "4"}])
        assert found[0]["aggregate_reward_score"] == 1.0

    @pytest.mark.parametrize(
        "bad",
        [
            None,
            7,
            "text",
            {},
            {"id": "b", "messages": []},
            {"id": "b", "messages": [{"role": "user", "content": "?"}], "metadata": {"reference_answer": "4"}},
            {"id": "b", "messages": [{"role": "assistant", "content": "4"}]},
            {"id": "b", "messages": [{"role": "assistant", "content": "4"}], "metadata": {REWARDS: {"rewards": 3}}},
        ],
    )
    def test_a_bad_sample_gets_0_and_does_not_spoil_the_others(self, bad: Any) -> None:
        found = grade([bad, sample("4", "4")])
        assert found[0]["aggregate_reward_score"] == 0.0
        assert found[0]["metrics_list"][0]["name"] == "ungradable"
        assert found[1]["aggregate_reward_score"] == 1.0

    def test_what_is_no_list_is_refused(self) -> None:
        with pytest.raises(InvalidInputError):
            grade({"samples": []})

    def test_the_function_hands_it_through(self) -> None:
        class Context:
            function_name = function_version = aws_request_id = "grade"
            memory_limit_in_mb = 128
            invoked_function_arn = "arn:aws:lambda:us-east-1:123456789012:function:grade"

        event = json.loads((ROOT / "events/grade_samples.json").read_text("utf-8"))
        found = handler(event, Context())  # type: ignore[arg-type]
        assert [(each["id"], each["aggregate_reward_score"]) for each in found] == [
            ("sample-1", 1.0),
            ("sample-2", 0.0),
        ]

    @settings(max_examples=40, deadline=None)
    @given(
        st.lists(
            st.recursive(
                st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
                lambda inner: (
                    st.lists(inner, max_size=3)
                    | st.dictionaries(
                        st.sampled_from(["id", "messages", "metadata", "reference_answer", "role", "content", "text"]),
                        inner,
                    )
                ),
                max_leaves=10,
            ),
            max_size=4,
        )
    )
    def test_no_json_breaks_it_and_rewards_stay_between_0_and_1(self, samples: Any) -> None:
        found = grade(samples)
        assert len(found) == len(samples)
        assert all(0.0 <= each["aggregate_reward_score"] <= 1.0 for each in found)


class TestRewards:
    @pytest.mark.parametrize(
        ("answer", "reference", "rewards", "expected"),
        [
            ("Màu đỏ.", "màu đỏ", spec({"kind": "exact-match"}, language="vi"), 1.0),
            ("đỏ", ["xanh", "đỏ"], spec({"kind": "exact-match"}), 1.0),
            ("red hat", "red car", spec({"kind": "token-f1"}), 0.5),
            ("Kết quả là 1.250.", "1250", spec({"kind": "numeric"}, language="vi"), 1.0),
            ("12.4", 12, spec({"kind": "numeric", "tolerance": 0.5}), 1.0),
            ("12.6", 12, spec({"kind": "numeric", "tolerance": 0.5}), 0.0),
            ("none", 12, spec({"kind": "numeric"}), 0.0),
            ("<answer>4</answer>", "", spec({"kind": "format", "pattern": r"<answer>\d+</answer>"}), 1.0),
            ("4", "", spec({"kind": "format", "pattern": r"<answer>\d+</answer>"}), 0.0),
            ('{"a": 1, "b": 2}', None, spec({"kind": "json", "keys": ["a", "b"]}), 1.0),
            ('{"a": 1}', None, spec({"kind": "json", "keys": ["a", "b"]}), 0.5),
            ("[1]", None, spec({"kind": "json"}), 1.0),
            ("no json", None, spec({"kind": "json"}), 0.0),
            ('{"a": 1}', {"a": 1}, spec({"kind": "json"}), 1.0),
            ('{"a": 2}', {"a": 1}, spec({"kind": "json", "keys": ["a"]}), 0.0),
        ],
    )
    def test_kinds(self, answer: str, reference: Any, rewards: Any, expected: float) -> None:
        assert reward(answer, reference, rewards) == pytest.approx(expected)

    def test_the_whole_is_the_weighted_mean(self) -> None:
        rewards = spec({"kind": "exact-match", "weight": 3}, {"kind": "format", "pattern": r"\d+", "weight": 1})
        assert reward("5", "4", rewards) == pytest.approx(0.25)
        assert reward("4", "4", rewards) == 1.0

    def test_two_rewards_of_a_kind_are_told_apart(self) -> None:
        rewards = spec({"kind": "format", "pattern": "a"}, {"kind": "format", "pattern": "b"})
        found = grade([sample("a", "", rewards)])[0]
        assert [(each["name"], each["value"]) for each in found["metrics_list"]] == [("format", 1.0), ("format-2", 0.0)]

    def test_a_pattern_that_would_take_for_ever_earns_nothing(self) -> None:
        with ends():
            assert reward("a" * 60 + "!", "", spec({"kind": "format", "pattern": r"(a+)+b"})) == 0.0

    def test_many_slow_matches_do_not_take_a_functions_whole_time(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Fifteen minutes are over after 900 seconds; the clock of this test is the timer that each match is given."""
        given: list[float] = []

        @contextmanager
        def slow(seconds: float) -> Iterator[None]:
            given.append(seconds)
            yield
            raise TimeoutError

        monkeypatch.setattr(grading, "_at_most", slow)
        rewards = spec({"kind": "format", "pattern": "a"})
        rows = [sample("a", "", rewards, id=str(number)) for number in range(5000)]
        results = grade(rows)
        assert sum(given) < 200
        assert given[0] == 1
        assert all(result["metrics_list"][-1]["name"] == "slow-pattern" for result in results)

    def test_the_specification_travels_as_json_in_the_rows(self) -> None:
        rewards = spec({"kind": "numeric", "tolerance": 0.5}, language="vi")
        assert json.loads(json.dumps(rewards)) == rewards
        assert reward("4.5", "4", rewards) == 1.0


ROWS = [{"messages": [{"role": "user", "content": f"{n} + 1?"}], "reference_answer": str(n + 1)} for n in range(20)]


class TestBench:
    def advice(self, rows: Any, rewards: Any, answers: list[str] | None = None) -> set[str]:
        rows = bench.with_rewards(rows, rewards)
        trials = bench.try_probes(rows)
        if answers is not None:
            trials.append(bench.try_answers(rows, answers))
        return {each.code for each in bench.about_trials(trials)}

    def test_rewards_that_tell_right_from_wrong_pass(self) -> None:
        answers = [str(n + n % 2) for n in range(20)]
        assert self.advice(ROWS, spec({"kind": "numeric"}), answers) == set()

    def test_a_reward_that_everything_earns_is_found(self) -> None:
        found = self.advice(ROWS, spec({"kind": "format", "pattern": ".*"}))
        assert found == {"nothing-is-rewarded", "all-ones"}

    def test_a_reward_that_the_reference_does_not_earn_is_found(self) -> None:
        found = self.advice(ROWS, spec({"kind": "format", "pattern": "<answer>.*</answer>"}))
        assert "right-is-not-rewarded" in found

    @pytest.mark.parametrize(("answer", "code"), [("wrong", "all-zeros"), (None, "all-ones")])
    def test_answers_that_are_nearly_all_0_or_1_are_found(self, answer: str | None, code: str) -> None:
        answers = [answer or str(n + 1) for n in range(20)]
        assert code in self.advice(ROWS, spec({"kind": "numeric"}), answers)

    def test_rows_without_a_reference_are_found(self) -> None:
        rows = [{"messages": [{"role": "user", "content": "?"}]}]
        assert "ungradable" in self.advice(rows, spec({"kind": "exact-match"}))

    def test_the_rows_own_answers_are_used_where_all_have_one(self) -> None:
        answered = [{"messages": [*row["messages"], {"role": "assistant", "content": "7"}]} for row in ROWS]
        assert bench.own_answers(answered) == ["7"] * 20
        assert bench.own_answers([*answered, ROWS[0]]) is None
