"""A coding agent uses Tailor by the Model Context Protocol, with the official client over a real process."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from tailor.errors import InvalidInputError
from tailor_cli.mcp_server import ALLOWABLE, TOOLS, server
from tests.unit.contracts.template import ROOT

READING = {"check", "quote", "models", "runs", "show", "watch", "report", "usage", "bill"}


if TYPE_CHECKING:  # it takes two seconds to import, in each worker that collects tests
    from mcp.client import Client


def call(client: "Client", tool: str, **arguments: Any) -> Any:
    return client.call_tool(tool, arguments)


def text_of(result: Any) -> str:
    return "".join(block.text for block in result.content)


def test_an_agent_checks_a_dataset_and_is_told_what_is_wrong_with_a_call(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    rows = "".join(f"Màu thứ {number} là gì?,đỏ {number}\n" for number in range(20))
    (folder / "colours.csv").write_text(f"câu hỏi,trả lời\n{rows}", encoding="utf-8")

    from mcp import StdioServerParameters
    from mcp.client import Client
    from mcp.client.stdio import stdio_client

    async def talk() -> tuple[Any, ...]:
        program = StdioServerParameters(command=sys.executable, args=["-m", "tailor_cli.main", "mcp"], cwd=str(ROOT))
        async with Client(stdio_client(program)) as client:
            tools = (await client.list_tools()).tools
            good = await call(client, "check", path=str(folder), model="nova-micro")
            bad = await call(client, "check", path=str(tmp_path / "nowhere"))
            sly = await call(client, "check", path="--write=/tmp/elsewhere")
            spend = await call(client, "approve", run="r", reason="y")
            return client.instructions, tools, good, bad, sly, spend

    instructions, tools, good, bad, sly, spend = anyio.run(talk)
    assert "Show people the quote" in (instructions or "")
    assert {tool.name for tool in tools} == READING
    assert all(tool.annotations.read_only_hint for tool in tools)
    report = json.loads(text_of(good))
    assert {row["code"] for row in report["findings_by_code"]} >= {"columns-guessed"}
    assert report["counts"]["train"] > 0
    assert bad.is_error
    assert "nowhere" in text_of(bad)
    assert sly.is_error  # a name that begins with a dash is no option
    assert not Path("/tmp/elsewhere").exists()
    assert spend.is_error  # what changes something is not there unless it was allowed


def test_what_changes_or_spends_must_be_allowed_by_name() -> None:
    async def names(*allowed: str) -> set[str]:
        return {tool.name for tool in await server(allowed).list_tools()}

    assert anyio.run(names) == READING
    assert anyio.run(names, "push", "ask") == READING | {"push", "ask"}
    assert set(ALLOWABLE) == TOOLS.keys() - READING
    with pytest.raises(InvalidInputError, match="no tool 'shell'"):
        server(("shell",))


def test_each_tool_says_what_it_does_and_takes() -> None:
    async def tools() -> list[Any]:
        return list(await server(ALLOWABLE).list_tools())

    for tool in anyio.run(tools):
        assert tool.description
        assert tool.input_schema["type"] == "object"
        assert tool.annotations.read_only_hint == (tool.name in READING)
        assert tool.annotations.destructive_hint == (tool.name in {"decline", "stop"})
