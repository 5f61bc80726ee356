"""The OpenAI client, pointed at the emulator by its base URL alone."""

import json

import openai
import pydantic
import pytest

SERVERLESS = "accounts/fireworks/models/llama-v3p1-8b-instruct"


def client(emulator) -> openai.OpenAI:
    return openai.OpenAI(api_key="fw_local", base_url=f"{emulator.url}/inference/v1", max_retries=0)


def test_chat_and_stream(emulator):
    sdk = client(emulator)
    messages = [{"role": "user", "content": "Say this is a test"}]
    assert sdk.chat.completions.create(model=SERVERLESS, messages=messages).choices[0].message.content == "This is a test."
    chunks = list(sdk.chat.completions.create(model=SERVERLESS, messages=messages, stream=True, stream_options={"include_usage": True}))
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices) == "This is a test."
    assert chunks[-1].usage.completion_tokens == 5


def test_models(emulator):
    sdk = client(emulator)
    ids = [model.id for model in sdk.models.list()]
    assert SERVERLESS in ids
    assert sdk.models.retrieve(SERVERLESS).id == SERVERLESS


def test_errors(emulator):
    with pytest.raises(openai.NotFoundError):
        client(emulator).chat.completions.create(model="nothing", messages=[{"role": "user", "content": "hi"}])
    with pytest.raises(openai.BadRequestError):
        client(emulator).chat.completions.create(model=SERVERLESS, messages=[{"role": "user", "content": "hi"}], temperature=9)


TOOLS = [
    {
        "type": "function",
        "function": {
            "name": "get_weather",
            "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
        },
    }
]
WEATHER = [{"role": "user", "content": "What is the weather in Oslo?"}]


def test_tools_whole_and_streamed(emulator):
    sdk = client(emulator)
    choice = sdk.chat.completions.create(model=SERVERLESS, messages=WEATHER, tools=TOOLS).choices[0]
    assert choice.finish_reason == "tool_calls"
    [call] = choice.message.tool_calls
    assert (call.function.name, json.loads(call.function.arguments)) == ("get_weather", {"city": "Oslo"})
    chunks = list(sdk.chat.completions.create(model=SERVERLESS, messages=WEATHER, tools=TOOLS, stream=True))
    pieces = [piece for chunk in chunks for piece in chunk.choices[0].delta.tool_calls or []]
    assert pieces[0].id == call.id
    assert "".join(piece.function.arguments for piece in pieces) == call.function.arguments


def test_structured_output(emulator):
    class Trip(pydantic.BaseModel):
        city: str
        days: int
        stops: list[str]

    answer = client(emulator).chat.completions.parse(model=SERVERLESS, messages=WEATHER, response_format=Trip)
    assert isinstance(answer.choices[0].message.parsed, Trip)


def test_embeddings(emulator):
    answer = client(emulator).embeddings.create(model="fireworks/qwen3-embedding-8b", input=["olive oil", "olive oil", "snow"])
    [one, same, other] = [item.embedding for item in answer.data]
    assert len(one) == 4096
    assert one == same != other


def test_retries(emulator):
    sdk = openai.OpenAI(api_key="fw_local", base_url=f"{emulator.url}/inference/v1", max_retries=2)
    fault = {"times": 2, "respond": {"code": "service_overloaded", "headers": {"retry-after-ms": "1"}}}
    emulator.control("/faults", fault)
    assert sdk.chat.completions.create(model=SERVERLESS, messages=WEATHER).choices[0].finish_reason == "stop"
    emulator.control("/faults", {"respond": {"status": 429, "headers": {"retry-after-ms": "1"}}})
    with pytest.raises(openai.RateLimitError, match="exceeded your rate limit"):
        sdk.chat.completions.create(model=SERVERLESS, messages=WEATHER)
