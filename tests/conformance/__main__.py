"""Run real clients against the API on a local cloud, and write the table of docs/clients.md.

``make conformance`` runs all of it; ``python -m tests.conformance CLIENT…`` runs some and writes nothing. Each client
has an environment of its own under .conformance/, because their requirements contradict each other. Packages come from
the registries; nothing else is fetched. With ``--skip-missing``, a client that can't be installed is no failure.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tailor.aws.serving import ServingTable
from tailor.serving import aliases, keys
from tailor.serving.aliases import Version
from tailor_local.cloud import LocalCloud, api_address
from tailor_local.quotas import RAISED
from tests.conformance.relay import Relay
from tests.integration.standin import make_bench

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent
PLACE = ROOT / ".conformance"
PAGE = ROOT / "docs" / "clients.md"
SHAPES = ROOT / "tests" / "unit" / "serving" / "shapes.jsonl"
INSTALLING = 240  # seconds
SCENARIOS = ("chat", "image", "stream", "tools", "structured", "errors", "retries")
MODEL = "colours"
MARK = "<!-- table by make conformance -->"


@dataclass(frozen=True)
class Client:
    """A client. ``packages``: the first one's version is shown, none for a command; ``script`` is in clients/."""

    name: str
    title: str
    packages: tuple[str, ...]
    script: str

    @property
    def node(self) -> bool:
        return self.script.endswith(".mjs")


CLIENTS = (
    Client("openai", "openai (Python), sync", ("openai",), "openai_sync.py"),
    Client("openai-async", "openai (Python), async", ("openai",), "openai_async.py"),
    Client("openai-responses", "openai (Python), Responses", ("openai",), "openai_responses.py"),
    Client("langchain", "LangChain (Python)", ("langchain-openai",), "langchain_chat.py"),
    Client("llamaindex", "LlamaIndex, OpenAILike", ("llama-index-llms-openai-like",), "llamaindex.py"),
    Client("litellm", "LiteLLM SDK", ("litellm",), "litellm_sdk.py"),
    Client("litellm-proxy", "LiteLLM proxy", ("litellm[proxy]",), "litellm_proxy.py"),
    Client("pydantic-ai", "Pydantic AI", ("pydantic-ai-slim[openai]",), "pydantic_agents.py"),
    Client("instructor", "instructor", ("instructor",), "instructor_modes.py"),
    Client("agents", "OpenAI Agents SDK, Responses", ("openai-agents",), "openai_agents_sdk.py"),
    Client("haystack", "Haystack", ("haystack-ai",), "haystack_chat.py"),
    Client("semantic-kernel", "Semantic Kernel (Python)", ("semantic-kernel",), "semantic.py"),
    Client("dspy", "DSPy", ("dspy",), "dspy_programs.py"),
    Client("autogen", "AutoGen", ("autogen-ext[openai]", "autogen-agentchat"), "autogen_agents.py"),
    Client("curl", "curl", (), "curl.py"),
    Client("openai-node", "openai (Node)", ("openai", "zod"), "openai_node.mjs"),
    Client("ai-sdk", "Vercel AI SDK, openai-compatible", ("@ai-sdk/openai-compatible", "ai", "zod"), "ai_sdk.mjs"),
    Client("ai-sdk-responses", "Vercel AI SDK, openai", ("@ai-sdk/openai", "ai", "zod"), "ai_sdk_responses.mjs"),
    Client("langchain-js", "LangChain (JavaScript)", ("@langchain/openai", "@langchain/core", "zod"), "langchain.mjs"),
)


@dataclass(frozen=True)
class Outcome:
    """Outcome of each scenario of a client: ``ok``, ``-`` where the client has no such thing, or what went wrong."""

    client: Client
    version: str
    found: dict[str, str]


def main() -> int:
    """Run the clients that are named, or all; return the number of scenarios that failed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("clients", nargs="*", metavar="CLIENT", help=", ".join(client.name for client in CLIENTS))
    parser.add_argument("--skip-missing", action="store_true", help="do not fail for a client that can't be installed")
    given = parser.parse_args()
    if unknown := set(given.clients) - {client.name for client in CLIENTS}:
        parser.error(f"no such client: {', '.join(sorted(unknown))}")
    wanted = [client for client in CLIENTS if not given.clients or client.name in given.clients]
    with served() as (relay, secret):
        outcomes = [_run(client, relay, secret) for client in wanted]
        if len(wanted) == len(CLIENTS):
            _write_shapes(relay)
    if given.skip_missing:
        for each in (each for each in outcomes if not each.version):
            print(f"SKIPPED {each.client.title}: {each.found['chat']}")
        outcomes = [each for each in outcomes if each.version]
    failed = [(each.client.title, name, said) for each in outcomes for name, said in each.found.items() if _bad(said)]
    for title, name, said in failed:
        print(f"{title}: {name}: {said}")
    if len(wanted) == len(CLIENTS):
        text = PAGE.read_text()
        PAGE.write_text(text.partition(MARK)[0] + MARK + "\n\n" + table(outcomes))
    print(f"{len(failed)} of {sum(len(each.found) for each in outcomes)} failed")
    return min(len(failed), 100)


def _write_shapes(relay: Relay) -> None:
    """Keep the body of each request once by its shape: tests/unit/serving/test_shapes.py sends them to the core."""
    kept: dict[tuple[str, str, str], dict[str, Any]] = {}
    for each in relay.shapes:
        meant_to_fail = each["body"].get("messages") == [] or "previous_response_id" in each["body"]
        if each["body"].get("model") == MODEL and not meant_to_fail:
            kept.setdefault((each["client"], each["path"], json.dumps(_shape(each["body"]), sort_keys=True)), each)
    SHAPES.write_text("".join(json.dumps(each, ensure_ascii=False) + "\n" for each in kept.values()))


def _shape(value: object) -> object:
    """Return a document without its texts and numbers, and with lists of one kind of item shortened."""
    if isinstance(value, dict):
        kinds = ("type", "role", "tool_choice")
        return {name: each if name in kinds and isinstance(each, str) else _shape(each) for name, each in value.items()}
    return [_shape(each) for each in value] if isinstance(value, list) else type(value).__name__


def _bad(said: str) -> bool:
    return said not in ("ok", "-")


def table(outcomes: list[Outcome]) -> str:
    """Return the outcomes as Markdown."""
    today = f"{datetime.now(UTC):%Y-%m-%d}"
    lines = [f"| client | version | {' | '.join(SCENARIOS)} | tried |", "|" + "---|" * (len(SCENARIOS) + 3)]
    for each in outcomes:
        cells = [said if not _bad(said := each.found.get(name, "not run")) else "**fails**" for name in SCENARIOS]
        lines.append(f"| {each.client.title} | {each.version} | {' | '.join(cells)} | {today} |")
    return "\n".join(lines) + "\n"


@contextmanager
def served() -> Iterator[tuple[Relay, str]]:
    """Deploy to a local cloud of its own, with a live model; yield a relay before its API, and a key."""
    folder = Path(tempfile.mkdtemp(prefix="conformance-"))
    cloud = LocalCloud(port=0, directory=folder, pace=1.0, raised=RAISED)
    cloud.start()
    try:
        outputs = cloud.deploy({})
        bench = make_bench(cloud)
        made = bench.finished(bench.submit())
        os.environ.update(cloud.environment())
        serving = ServingTable(outputs["ServingTableName"])
        version = Version(run=f"{MODEL}-1", deployment=bench.deployed(made["outputModelArn"], MODEL), model="nova-lite")
        aliases.promote(serving, MODEL, version, None, "conformance")
        secret, _ = keys.create(serving, "conformance", [MODEL])
        with Relay(api_address(cloud.endpoint, outputs["ApiUrl"], outputs["ApiId"])) as relay:
            yield relay, secret
    finally:
        cloud.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _run(client: Client, relay: Relay, secret: str) -> Outcome:
    try:
        command, version = (_node if client.node else _python if client.packages else _command)(client)
    except (OSError, subprocess.SubprocessError) as error:
        return Outcome(client, "", dict.fromkeys(SCENARIOS, f"not installed: {error}"))
    given = {
        "BASE_URL": relay.plain(client.name),
        "FLAKY_URL": relay.flaky(client.name),
        "API_KEY": secret,
        "MODEL": MODEL,
    }
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    quiet = {"OPENAI_API_KEY": "unused", "OPENAI_AGENTS_DISABLE_TRACING": "1", "LITELLM_LOCAL_MODEL_COST_MAP": "True"}
    try:
        ran = subprocess.run(command, env=kept | quiet | given, capture_output=True, text=True, timeout=300)
    except subprocess.TimeoutExpired:
        return Outcome(client, version, dict.fromkeys(SCENARIOS, "timed out"))
    found: dict[str, str] = {}
    for line in ran.stdout.splitlines():
        if line.startswith("RESULT "):
            scenario, said = json.loads(line.removeprefix("RESULT "))
            found[scenario] = said
    for name in SCENARIOS:
        found.setdefault(name, f"no result: {ran.stderr[-300:]}")
    print(client.title, version, found, flush=True)
    return Outcome(client, version, found)


def _python(client: Client) -> tuple[list[str], str]:
    place = PLACE / client.packages[0].replace("[", "-").rstrip("]")
    python = place / "bin" / "python"
    uv = str(Path(sys.executable).parent / "uv")
    if not python.exists():
        subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, str(place)], check=True)
        given = os.environ | {"VIRTUAL_ENV": str(place)}
        installing = [uv, "pip", "install", "--quiet", *client.packages]
        subprocess.run(installing, env=given, check=True, timeout=INSTALLING)
    name = client.packages[0].partition("[")[0]
    code = f"import importlib.metadata as m; print(m.version({name!r}))"
    version = subprocess.run([python, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
    return [str(python), str(HERE / "clients" / client.script)], version


def _command(client: Client) -> tuple[list[str], str]:
    said = subprocess.run([client.name, "--version"], capture_output=True, text=True, check=True).stdout
    return [sys.executable, str(HERE / "clients" / client.script)], said.split()[1]


def _node(client: Client) -> tuple[list[str], str]:
    place = PLACE / "node" / client.name
    if not (place / "node_modules").exists():
        place.mkdir(parents=True, exist_ok=True)
        (place / "package.json").write_text('{"private": true, "type": "module"}')
        installing = ["npm", "install", "--silent", "--no-fund", "--no-audit", *client.packages]
        subprocess.run(installing, cwd=place, check=True, timeout=INSTALLING)
    for script in (HERE / "clients").glob("*.mjs"):
        shutil.copy(script, place)
    package = json.loads((place / "node_modules" / client.packages[0] / "package.json").read_text())
    return ["node", str(place / client.script)], str(package["version"])


if __name__ == "__main__":
    raise SystemExit(main())
