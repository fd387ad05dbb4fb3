"""Measure a crowd at the local API: ``python -m benchmarks.crowd``.

It starts a local cloud of its own with a small model, and lets a burst of clients ask while no function of the API has
started yet. Then as many clients as ``--clients`` ask again and again for ``--seconds``, every other one with
``stream``. Each answer is compared with what the model said to the same question before, and the usage that was
counted with the sum of what the answers say. It ends with 1 where anything is wrong. Client and cloud
share the machine.
"""

import argparse
import asyncio
import json
import os
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import httpx

from tailor.aws.serving import ServingTable
from tailor.serving import keys
from tailor.serving.aliases import Version, promote
from tailor.serving.keys import RateLimits
from tailor_local.cloud import LocalCloud
from tests.integration.standin import BUCKET, CONFUSED_DEPUTY, DATA, Bench, jsonl, make_role, record

PROJECT, PATIENCE = "crowd", 120.0
MANY = 1_000_000
QUESTIONS = [f"Bảng số {number} có màu gì?" for number in range(8)]


@dataclass
class Seen:
    seconds: list[float] = field(default_factory=list)
    statuses: dict[str, int] = field(default_factory=dict)
    wrong: int = 0
    tokens: int = 0

    @property
    def answers(self) -> int:
        return self.statuses.get("200", 0)

    def note(self, status: str, began: float) -> None:
        self.statuses[status] = self.statuses.get(status, 0) + 1
        self.seconds.append(time.perf_counter() - began)

    def line(self, what: str, took: float) -> str:
        cuts = statistics.quantiles(self.seconds, n=100) if len(self.seconds) > 1 else [0.0] * 99
        rate = self.answers / took
        return (
            f"{what}: {self.statuses}, {self.wrong} wrong, {rate:.1f} answers/s, "
            f"p50 {cuts[49]:.2f} s, p99 {cuts[98]:.2f} s, slowest {max(self.seconds):.2f} s"
        )


def train(cloud: LocalCloud) -> str:
    """Return a deployed model's ARN."""
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket=BUCKET)
    rows = [
        record(text, colour) for text, colour in zip(QUESTIONS, ["đỏ", "xanh lá cây", "vàng", "tím"] * 2, strict=True)
    ]
    s3.put_object(Bucket=BUCKET, Key="train.jsonl", Body=jsonl(rows * 8))
    role = make_role(cloud, "customization", "bedrock.amazonaws.com", DATA, CONFUSED_DEPUTY)
    bench = Bench(cloud, cloud.client("bedrock"), cloud.client("bedrock-runtime"), s3, role)
    return bench.deployed(bench.finished(bench.submit())["outputModelArn"], PROJECT)


async def ask(client: httpx.AsyncClient, url: str, number: int, stream: bool, seen: Seen) -> str:
    began = time.perf_counter()
    message = {"role": "user", "content": QUESTIONS[number]}
    body: dict[str, Any] = {"model": PROJECT, "messages": [message], "stream": stream}
    body |= {"stream_options": {"include_usage": True}} if stream else {}
    try:
        answer = await client.post(url, json=body)
    except httpx.HTTPError as error:
        seen.note(type(error).__name__, began)
        return ""
    if answer.status_code != 200:
        seen.note(str(answer.status_code), began)
        return ""
    text, usage = read(answer.text) if stream else whole(answer.json())
    seen.note("200" if usage else "broken off", began)
    seen.tokens += usage.get("total_tokens", 0)
    return text


def whole(document: Any) -> tuple[str, dict[str, int]]:
    return document["choices"][0]["message"]["content"], document["usage"]


def read(events: str) -> tuple[str, dict[str, int]]:
    """Return the text and usage of a stream; no usage if it is incomplete."""
    if not events.endswith("data: [DONE]\n\n"):
        return "", {}
    chunks = [json.loads(line.removeprefix("data: ")) for line in events.split("\n\n")[:-2]]
    deltas = (choice["delta"] for chunk in chunks for choice in chunk["choices"])
    return "".join(delta.get("content") or "" for delta in deltas), chunks[-1]["usage"]


async def crowd(url: str, key: str, clients: int, seconds: float, right: dict[int, str]) -> tuple[Seen, float]:
    """Ask as many clients at once, each until the time is up, once at least."""
    seen, turns, began = Seen(), count(), time.perf_counter()
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=None)
    headers = {"Authorization": f"Bearer {key}"}
    async with httpx.AsyncClient(headers=headers, timeout=PATIENCE, limits=limits) as client:

        async def one(streams: bool) -> None:
            while True:
                number = next(turns) % len(QUESTIONS)
                text = await ask(client, url, number, streams, seen)
                seen.wrong += bool(text) and text != right.setdefault(number, text)
                if time.perf_counter() - began >= seconds:
                    return

        await asyncio.gather(*(one(bool(number % 2)) for number in range(clients)))
    return seen, time.perf_counter() - began


def counted(store: ServingTable) -> tuple[int, int]:
    today = datetime.now(UTC).date()
    found = store.usage(PROJECT, today - timedelta(days=1), today)
    return sum(each.requests for each in found), sum(each.input_tokens + each.output_tokens for each in found)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--burst", type=int, default=50, help="clients at once while nothing has started")
    parser.add_argument("--clients", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=60)
    chosen = parser.parse_args()
    quotas = {"custom-requests-a-minute": MANY}
    with tempfile.TemporaryDirectory() as folder, LocalCloud(0, Path(folder), pace=1.0, raised=quotas) as cloud:
        os.environ.update(cloud.environment())
        store = ServingTable(cloud.outputs["ServingTableName"])
        version = Version(run="crowd-1", deployment=train(cloud), model="nova-lite")
        promote(store, PROJECT, version, None, "benchmark")
        key = keys.create(store, "benchmark", [PROJECT], limits=RateLimits(requests_per_minute=MANY))[0]
        url = f"{cloud.api_url}/chat/completions"
        right: dict[int, str] = {}
        burst, took = asyncio.run(crowd(url, key, chosen.burst, 0, right))
        print(burst.line(f"cold, {chosen.burst} at once", took), flush=True)
        warm, took = asyncio.run(crowd(url, key, chosen.clients, chosen.seconds, right))
        print(warm.line(f"warm, {chosen.clients} for {chosen.seconds:.0f} s", took), flush=True)
        answers, tokens = burst.answers + warm.answers, burst.tokens + warm.tokens
        print(f"answers and tokens {answers, tokens}, counted {counted(store)}; {len(set(right.values()))} texts")
        sound = counted(store) == (answers, tokens) and not burst.wrong + warm.wrong
        return 0 if sound and {*burst.statuses, *warm.statuses} == {"200"} else 1


if __name__ == "__main__":
    sys.exit(main())
