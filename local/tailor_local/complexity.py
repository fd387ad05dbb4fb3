"""Measure the complexity of an EventBridge rule, by which AWS refuses rules with many wildcards.

AWS does not document the measure, but its open-source rule engine has it: github.com/aws/event-ruler, classes
`MachineComplexityEvaluator` and `ByteMachine`. The complexity of a field is the largest number of places in its
wildcard patterns at which the match of one value can stand at the same time. That of a rule is the largest of its
fields. Only `wildcard` counts, and `anything-but` of it: prefixes, suffixes and exact values add nothing.

This gives the engine's own numbers, but where alternatives of one `anything-but`, or two equal ones, share punctuation
after a wildcard: these measure up to 2 more here.
"""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

LIMIT = 9  # public reports: rules of 8 and 9 were taken, of 12 and 16 refused
CAP = 200  # a rule that reaches this is not measured further
STAR = -1  # stands for the wildcard among the bytes of a pattern

State = tuple[object, ...]
Edges = dict[int, set[State]]  # by byte, or STAR for every byte


class _Wildcard(NamedTuple):
    """One wildcard text. The texts of one `anything-but` are of one ``pattern``, and count as one."""

    pattern: State
    tokens: tuple[int, ...]


def rule_complexity(pattern: Mapping[str, Any]) -> int:
    """Return the complexity of an event pattern, 0 where it has no wildcard, at most ``CAP``.

    Branches of one `$or` are measured as if all of them were in one rule: never less than AWS measures.
    """
    fields: dict[tuple[str, ...], list[Any]] = {}
    for path, values in _fields(pattern, ()):
        fields.setdefault(path, []).extend(values)
    return max((_field_complexity(values) for values in fields.values()), default=0)


def _fields(pattern: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], list[Any]]]:
    for name, value in pattern.items():
        if name == "$or" and isinstance(value, list):
            for branch in value:
                yield from _fields(branch, path)
        elif isinstance(value, Mapping):
            yield from _fields(value, (*path, name))
        else:
            yield (*path, name), value


def _field_complexity(values: list[Any]) -> int:
    wildcards = [wildcard for value in values for wildcard in _wildcards(value)]
    return _most_at_once(*_machine(wildcards)) if wildcards else 0


def _wildcards(value: Any) -> Iterator[_Wildcard]:
    if not isinstance(value, Mapping):
        return
    if isinstance(text := value.get("wildcard"), str):
        yield _Wildcard(("wildcard", text), _tokens(text))
    if isinstance(excluded := value.get("anything-but"), Mapping) and (texts := excluded.get("wildcard")):
        texts = [texts] if isinstance(texts, str) else texts
        for text in sorted(set(texts)):
            yield _Wildcard(("anything-but", *sorted(set(texts))), _tokens(text))


def _tokens(text: str) -> tuple[int, ...]:
    """Return the bytes of a wildcard text, within the quotes of its JSON string; a backslash makes the next byte
    literal."""
    tokens, literal = [ord('"')], False
    for byte in text.encode():
        if literal or byte not in b"*\\":
            tokens.append(byte)
            literal = False
        elif byte == ord("*"):
            tokens.append(STAR)
        else:
            literal = True
    return (*tokens, ord('"'))


def _machine(wildcards: list[_Wildcard]) -> tuple[dict[State, Edges], dict[State, set[State]]]:
    """Return the states that all texts together can be in, their transitions, and which patterns each state can lead
    to.

    Texts share the states of what they have in common up to and including the first wildcard.
    """
    edges: dict[State, Edges] = {(): {}}
    leads_to: dict[State, set[State]] = {}
    for number, (pattern, tokens) in enumerate(wildcards):
        shared = tokens.index(STAR) + 1 if STAR in tokens else len(tokens) - 1
        before: State = ()
        state: State = ()
        for index, token in enumerate(tokens, 1):
            if index == len(tokens):
                following: State = (pattern,)
            else:
                following = tokens[:index] if index <= shared else (number, index)
            edges[state].setdefault(token, set()).add(following)
            edges.setdefault(following, {})
            if token == STAR:
                edges[following].setdefault(STAR, set()).add(following)
            elif index > 1 and tokens[index - 2] == STAR:  # a wildcard also stands for nothing
                edges[before].setdefault(token, set()).add(following)
            leads_to.setdefault(following, set()).add(pattern)
            before, state = state, following
    return edges, leads_to


def _most_at_once(edges: dict[State, Edges], leads_to: dict[State, set[State]]) -> int:
    """Return the largest count over all the sets of states that some value leads to."""
    start = frozenset[State]([()])
    seen, left, most = {start}, [start], 0
    while left and most < CAP:
        current = left.pop()
        everywhere = {state for each in current for state in edges[each].get(STAR, ())}
        bytes_ = {byte for each in current for byte in edges[each]}
        for byte in bytes_:
            reached = frozenset(everywhere.union(*(edges[each].get(byte, ()) for each in current)))
            if reached not in seen:
                seen.add(reached)
                left.append(reached)
                most = max(most, _count(reached, edges, leads_to))
    return min(most, CAP)


def _count(states: frozenset[State], edges: dict[State, Edges], leads_to: dict[State, set[State]]) -> int:
    """Return the states with those of a following wildcard, which may match nothing."""
    nexts = [state for each in states for state in edges[each].get(STAR, ()) if state not in states]
    return sum(len(leads_to[state]) for state in (*states, *nexts))
