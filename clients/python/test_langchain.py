"""langchain-fireworks: its chat model, its legacy LLM, its embeddings and its reranker."""

import langchain_fireworks
import openai
import pydantic
import pytest
from langchain_core.exceptions import ContextOverflowError
from langchain_core.messages import HumanMessage, ToolMessage

SERVERLESS = "accounts/fireworks/models/llama-v3p1-8b-instruct"


def chat(emulator, model: str = SERVERLESS, **options) -> langchain_fireworks.ChatFireworks:
    # the client below it appends /v1 to its base
    return langchain_fireworks.ChatFireworks(model=model, api_key="fw_local", base_url=f"{emulator.url}/inference", **options)


def test_invoke_and_stream(emulator):
    answer = chat(emulator).invoke("Say this is a test")
    assert answer.content == "This is a test."
    assert answer.usage_metadata["output_tokens"] == 5
    chunks = list(chat(emulator).stream("Say this is a test"))
    assert len(chunks) > 3
    assert "".join(chunk.content for chunk in chunks) == "This is a test."


def test_tools(emulator):
    def get_weather(city: str) -> str:
        """The weather of a city."""
        return f"rain in {city}"

    model = chat(emulator).bind_tools([get_weather])
    question = HumanMessage("What is the weather in Oslo?")
    call = model.invoke([question])
    assert [(each["name"], each["args"]) for each in call.tool_calls] == [("get_weather", {"city": "Oslo"})]
    told = ToolMessage(get_weather(**call.tool_calls[0]["args"]), tool_call_id=call.tool_calls[0]["id"])
    assert model.invoke([question, call, told]).content


@pytest.mark.parametrize("method", ["function_calling", "json_schema"])
def test_structured_output(emulator, method):
    class Contact(pydantic.BaseModel):
        name: str
        email: str
        age: int

    contact = chat(emulator).with_structured_output(Contact, method=method).invoke("A contact")
    assert isinstance(contact, Contact)
    assert "@" in contact.email


def test_legacy_completions(emulator):
    model = langchain_fireworks.Fireworks(model=SERVERLESS, api_key="fw_local", base_url=f"{emulator.url}/inference/v1/completions", max_tokens=8)
    assert model.invoke("Say this is a test").strip() == "This is a test."


def test_embeddings_and_reranking(emulator):
    sdk = openai.OpenAI(api_key="fw_local", base_url=f"{emulator.url}/inference/v1")
    embeddings = langchain_fireworks.FireworksEmbeddings(model="nomic-ai/nomic-embed-text-v1.5", api_key="fw_local")
    embeddings.client = sdk  # its own has the service's address written into it
    assert [len(vector) for vector in embeddings.embed_documents(["one", "two"])] == [768, 768]
    reranker = langchain_fireworks.FireworksRerank(
        model="fireworks/qwen3-reranker-8b", fireworks_api_key="fw_local", base_url=f"{emulator.url}/inference/v1"
    )
    ranked = reranker.rerank(["stones and sand", "the sea is salty"], "why is the sea salty")
    assert [item["index"] for item in ranked] == [1, 0]


def test_errors_and_retries(emulator):
    with pytest.raises(ContextOverflowError):
        chat(emulator, model="accounts/fireworks/models/qwen3-8b").invoke("word " * 50_000)
    emulator.control("/faults", {"times": 1, "respond": {"status": 503}})
    assert chat(emulator, max_retries=2).invoke("Say hello").content == "Hello."
