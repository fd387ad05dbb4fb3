"""Word problems with a number as the answer: the sample for reinforcement fine-tuning.

The rows are OpenAI-shaped; ``reference_answer`` is what the reward function compares with.
"""

import random
from collections.abc import Iterator
from typing import Any

SYSTEM = "Giải bài toán và chỉ trả lời bằng một số."
NAMES = ("Lan", "Minh", "Hoa", "Nam", "Mai", "Tuấn", "Linh", "Bình", "Thảo", "Dũng")
THINGS = ("quả táo", "quyển vở", "viên bi", "cái kẹo", "bông hoa", "con tem", "cây bút", "quả bóng")
HIGHEST = 12  # of each number in a problem


def rows(count: int) -> Iterator[dict[str, Any]]:
    """Up to 2,000 different problems: ``{"messages", "reference_answer", "type"}``."""
    if count > 2000:
        raise ValueError(f"there are at most 2000 problems, not {count}")
    rng = random.Random("arithmetic")
    problems = (_add, _take_away, _multiply, _share)
    seen: set[str] = set()
    while len(seen) < count:
        kind, text, answer = problems[len(seen) % len(problems)](rng)
        if text in seen:
            continue
        seen.add(text)
        messages = [{"role": "system", "content": SYSTEM}, {"role": "user", "content": text}]
        yield {"messages": messages, "reference_answer": str(answer), "type": kind}


Problem = tuple[str, str, int]


def _add(rng: random.Random) -> Problem:
    (name, other), thing = rng.sample(NAMES, 2), rng.choice(THINGS)
    first, second = rng.randint(2, HIGHEST), rng.randint(2, HIGHEST)
    text = f"{name} có {first} {thing}, {other} cho {name} thêm {second} {thing}."
    return "addition", f"{text} Hỏi {name} có tất cả bao nhiêu {thing}?", first + second


def _take_away(rng: random.Random) -> Problem:
    (name, other), thing = rng.sample(NAMES, 2), rng.choice(THINGS)
    rest, given = rng.randint(1, HIGHEST), rng.randint(1, HIGHEST)
    text = f"{name} có {rest + given} {thing}, {name} cho {other} {given} {thing}."
    return "subtraction", f"{text} Hỏi {name} còn lại bao nhiêu {thing}?", rest


def _multiply(rng: random.Random) -> Problem:
    name, thing = rng.choice(NAMES), rng.choice(THINGS)
    boxes, each = rng.randint(2, 9), rng.randint(2, 9)
    text = f"{name} có {boxes} hộp, mỗi hộp có {each} {thing}."
    return "multiplication", f"{text} Hỏi {name} có tất cả bao nhiêu {thing}?", boxes * each


def _share(rng: random.Random) -> Problem:
    name, thing = rng.choice(NAMES), rng.choice(THINGS)
    friends, each = rng.randint(2, 9), rng.randint(2, 9)
    text = f"{name} chia đều {friends * each} {thing} cho {friends} bạn."
    return "division", f"{text} Hỏi mỗi bạn được bao nhiêu {thing}?", each
