"""Minimal gateway in the shape of bedrock-access-gateway, for comparison: FastAPI, boto3 clients at import.

Written for this comparison, with only what one chat request needs; a real gateway does more.
"""

import os
import time
from typing import Annotated, Any

import boto3
from botocore.config import Config
from fastapi import APIRouter, Depends, FastAPI, HTTPException
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from mangum import Mangum
from pydantic import BaseModel, Field

RUNTIME = boto3.client("bedrock-runtime", config=Config(read_timeout=60, retries={"max_attempts": 1}))
CATALOGUE = boto3.client("bedrock", config=Config(connect_timeout=5))
BEARER = HTTPBearer()


class ChatMessage(BaseModel):
    """One message of a chat."""

    role: str
    content: str | list[dict[str, Any]]


class GatewayRequest(BaseModel):
    """Body of a chat request."""

    model: str
    messages: list[ChatMessage]
    temperature: float | None = Field(default=None, ge=0, le=2)
    max_tokens: int | None = None
    stream: bool = False


class GatewayChoice(BaseModel):
    """One answer."""

    index: int = 0
    message: ChatMessage
    finish_reason: str | None = None


class GatewayResponse(BaseModel):
    """Body of an answer."""

    id: str
    object: str = "chat.completion"
    created: int
    model: str
    choices: list[GatewayChoice]
    usage: dict[str, int]


def allowed(credentials: Annotated[HTTPAuthorizationCredentials, Depends(BEARER)]) -> None:
    """Refuse a wrong key."""
    if credentials.credentials != os.environ["API_KEY"]:
        raise HTTPException(status_code=401, detail="Invalid API Key")


router = APIRouter(prefix="/chat", dependencies=[Depends(allowed)])


@router.post("/completions", response_model=GatewayResponse)
def complete(request: GatewayRequest) -> GatewayResponse:
    """Answer a chat request."""
    messages: list[Any] = [
        {"role": message.role, "content": [{"text": str(message.content)}]} for message in request.messages
    ]
    answer = RUNTIME.converse(modelId=request.model, messages=messages, inferenceConfig={"maxTokens": 100})
    told = answer["usage"]
    text = "".join(block.get("text", "") for block in answer["output"]["message"]["content"])
    counts = {"prompt_tokens": told["inputTokens"], "completion_tokens": told["outputTokens"]}
    return GatewayResponse(
        id="chatcmpl-1",
        created=int(time.time()),
        model=request.model,
        choices=[GatewayChoice(message=ChatMessage(role="assistant", content=text), finish_reason="stop")],
        usage=counts | {"total_tokens": told["totalTokens"]},
    )


app = FastAPI()
app.include_router(router, prefix="/v1")
handler = Mangum(app)
