"""The measure gives the numbers of AWS's own engine; reports on the service are beside them."""

import pytest

from tailor_local.complexity import CAP, LIMIT, rule_complexity

# event-ruler at commit 337e8d9, built and run on these patterns.
MEASURED = [
    (0, ["uploads/a.csv"]),
    (0, [{"prefix": "uploads/"}, {"suffix": ".csv"}, {"suffix": {"equals-ignore-case": ".csv"}}]),
    (0, [{"anything-but": {"prefix": "a*"}}, {"equals-ignore-case": "*"}]),
    (1, [{"wildcard": "no-wildcard"}]),
    (2, [{"wildcard": "*"}]),
    (2, [{"wildcard": "uploads/*"}]),
    (2, [{"wildcard": r"literal\*star*"}]),
    (2, [{"wildcard": "*.csv"}]),
    (8, [{"wildcard": f"*.{ending}"} for ending in ("a", "bb", "cc", "dd")]),
    (9, [{"wildcard": f"*:stack/N{n}/*"} for n in range(3)]),
    (12, [{"wildcard": f"*:stack/N{n}/*"} for n in range(4)]),
    (16, [{"wildcard": f"*/datasync/*.e{n}"} for n in range(4)]),
    (4, [{"anything-but": {"wildcard": ["*a*", "b*c"]}}]),
    (4, [{"wildcard": "*đ*á*"}]),
    (7, [{"wildcard": "*a*a*a"}, {"wildcard": "b*"}]),
    (9, [{"wildcard": "a*b*c*d*e"}, {"wildcard": "a*bb*cc"}]),
]


@pytest.mark.parametrize(("value", "values"), MEASURED, ids=str)
def test_a_field_measures_as_much_as_in_awss_engine(value: int, values: list[object]) -> None:
    assert rule_complexity({"detail": {"object": {"key": values}}}) == value


def test_of_several_fields_the_most_complex_one_counts() -> None:
    pattern = {"source": [{"wildcard": "*.*"}], "detail": {"key": [{"wildcard": "*.csv"}], "other": ["a"]}}
    assert rule_complexity(pattern) == max(rule_complexity({name: value}) for name, value in pattern.items()) > 2


def test_branches_count_together_where_they_are_of_one_field() -> None:
    branches = [{"key": [{"wildcard": f"*.{ending}"}]} for ending in ("a", "b", "c", "d", "e")]
    assert rule_complexity({"$or": branches}) == 10
    assert rule_complexity({"$or": [{"a": [{"wildcard": "*.a"}]}, {"b": [{"wildcard": "*.b"}]}]}) == 2


def test_the_limit_lies_between_what_aws_took_and_what_it_refused() -> None:
    assert 9 <= LIMIT < 12


def test_a_rule_beyond_all_measure_is_measured_no_further() -> None:
    assert rule_complexity({"key": [{"wildcard": "*".join("abcdefgh" * 9)} for _ in range(30)]}) == CAP
