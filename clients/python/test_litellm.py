"""litellm, which speaks to Fireworks in OpenAI's words and maps its errors."""

import json
import os

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # it would ask the network for prices

import litellm  # noqa: E402
import pytest  # noqa: E402

MODEL = "fireworks_ai/accounts/fireworks/models/llama-v3p1-8b-instruct"
QUESTION = [{"role": "user", "content": "What is the weather in Oslo?"}]
TOOLS = [
    {
        "type": "function",
        "function": {
            "name": "get_weather",
            "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
        },
    }
]


def ask(emulator, **options):
    options = {"model": MODEL, "messages": [{"role": "user", "content": "Say this is a test"}], "num_retries": 0, **options}
    return litellm.completion(api_key="fw_local", api_base=f"{emulator.url}/inference/v1", **options)


def test_chat_and_stream(emulator):
    answer = ask(emulator)
    assert answer.choices[0].message.content == "This is a test."
    assert answer.usage.completion_tokens == 5
    text = "".join(chunk.choices[0].delta.content or "" for chunk in ask(emulator, stream=True))
    assert text == "This is a test."


def test_tools_and_structured_output(emulator):
    # litellm itself refuses tools for models that it does not know to take them
    [call] = ask(emulator, model="fireworks_ai/accounts/fireworks/models/kimi-k2p6", messages=QUESTION, tools=TOOLS).choices[0].message.tool_calls
    assert (call.function.name, json.loads(call.function.arguments)) == ("get_weather", {"city": "Oslo"})
    schema = {"type": "object", "properties": {"email": {"type": "string"}}, "required": ["email"]}
    answer = ask(emulator, response_format={"type": "json_schema", "json_schema": {"name": "contact", "schema": schema}})
    assert "@" in json.loads(answer.choices[0].message.content)["email"]


def test_embeddings(emulator):
    answer = litellm.embedding(
        model="fireworks_ai/nomic-ai/nomic-embed-text-v1.5", input=["one", "two"], api_key="fw_local", api_base=f"{emulator.url}/inference/v1"
    )
    assert [len(item["embedding"]) for item in answer.data] == [768, 768]


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ({"status": 429}, litellm.RateLimitError),
        ({"status": 503}, litellm.ServiceUnavailableError),
        # the model server calls its overload an invalid request, and litellm believes it
        ({"code": "service_overloaded"}, litellm.BadRequestError),
        ({"status": 500}, litellm.InternalServerError),
    ],
)
def test_errors_are_mapped(emulator, fault, error):
    emulator.control("/faults", {"times": 1, "respond": fault})
    with pytest.raises(error):
        ask(emulator)


def test_unknown_models_and_retries(emulator):
    with pytest.raises(litellm.NotFoundError):
        ask(emulator, model="fireworks_ai/accounts/fireworks/models/none")
    emulator.control("/faults", {"times": 1, "respond": {"status": 503}})
    assert ask(emulator, num_retries=2).choices[0].message.content == "This is a test."
