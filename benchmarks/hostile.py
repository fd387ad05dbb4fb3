"""Answer mutated bodies, and say how much processor time the slowest took.

``python -m benchmarks.hostile``: 20,000 of them, each with what botocore does before it sends a request. Every answer
must be one that docs/api.md lists, and no 5xx. Prints the slowest and a table of the answers.
"""

import argparse
import time
from collections import Counter
from statistics import quantiles

from tests.unit.serving.mutations import answer, mutated, service


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--bodies", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    chat = service()
    answers: Counter[tuple[int, str | None]] = Counter()
    times: list[tuple[float, int, tuple[int, str | None]]] = []
    for path, body in mutated(arguments.bodies, arguments.seed):
        started = time.process_time()
        found = answer(chat, path, body)
        times.append((time.process_time() - started, len(body), found))
        answers[found] += 1
    for (status, code), count in sorted(answers.items(), key=str):
        print(f"{status} {code or '':28} {count:6}")
    seconds = [each for each, _, _ in times]
    cuts = quantiles(seconds, n=1000)
    print(
        f"processor time, ms: median {cuts[499] * 1000:.2f}, p99 {cuts[989] * 1000:.1f}, p99.9 {cuts[998] * 1000:.1f}"
    )
    for spent, size, found in sorted(times, reverse=True)[:5]:
        print(f"slowest: {spent * 1000:.1f} ms, {size:,} bytes, {found}")


if __name__ == "__main__":
    main()
