"""The OpenAI client, pointed at the emulator by its base URL alone."""

import openai
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
