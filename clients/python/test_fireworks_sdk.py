"""The page's quickstart through the official SDK: create, wait, query, scale to zero, wake, delete."""

import json
import time
import urllib.request

import fireworks
import pytest
from fireworks import AsyncFireworks, Fireworks

MODEL = "accounts/fireworks/models/llama-v3p2-3b-instruct"
SERVERLESS = "accounts/fireworks/models/llama-v3p3-70b-instruct"


def client(emulator, **options) -> Fireworks:
    return Fireworks(**{"api_key": "fw_local", "account_id": "local", "base_url": emulator.url, "max_retries": 0, **options})


def test_a_deployment_lives_its_life(emulator):
    sdk = client(emulator)
    created = sdk.deployments.create(base_model=MODEL, deployment_id="life", min_replica_count=0, max_replica_count=1)
    assert created.name == "accounts/local/deployments/life"
    assert created.state == "CREATING"
    emulator.advance(until="settled")
    assert sdk.deployments.get("life").state == "READY"

    target = f"{MODEL}#{created.name}"
    answer = sdk.completions.create(model=target, prompt="Say this is a test")
    assert answer.choices[0].text == " This is a test."
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens
    text = "".join(
        chunk.choices[0].delta.content or ""
        for chunk in sdk.chat.completions.create(model=target, messages=[{"role": "user", "content": "Say this is a test"}], stream=True)
        if chunk.choices
    )
    assert text == "This is a test."

    emulator.advance(by="2h")
    idle = sdk.deployments.get("life")
    assert (idle.state, idle.desired_replica_count, idle.replica_count) == ("READY", 0, 0)
    with pytest.raises(fireworks.InternalServerError) as scaling:
        sdk.completions.create(model=target, prompt="hi")
    assert scaling.value.status_code == 503
    assert scaling.value.body["error"]["code"] == "DEPLOYMENT_SCALING_UP"
    emulator.advance(until="settled")
    assert sdk.completions.create(model=target, prompt="hi").choices[0].text

    sdk.deployments.delete("life", ignore_checks=True)
    emulator.advance(until="settled")
    assert sdk.deployments.get("life").state == "DELETED"
    assert [item.name for item in sdk.deployments.list()] == []
    assert [item.name for item in sdk.deployments.list(show_deleted=True)] == [created.name]
    sdk.deployments.undelete("life", body={})
    assert sdk.deployments.get("life").state == "CREATING"
    sdk.deployments.delete("life", hard=True, ignore_checks=True)
    with pytest.raises(fireworks.NotFoundError):
        sdk.deployments.get("life")


def test_polling_code_finishes_at_once_with_the_skip_clock(start):
    emulator = start("--clock", "skip", "--profile", "realistic")
    sdk = client(emulator)
    sdk.deployments.create(base_model="accounts/fireworks/models/llama-v3p1-70b-instruct", deployment_id="big")
    deadline = time.monotonic() + 20
    while sdk.deployments.get("big").state != "READY":
        assert time.monotonic() < deadline
    assert sdk.completions.create(model="accounts/local/deployments/big", prompt="hi").choices


def test_update_and_scale(emulator):
    sdk = client(emulator)
    sdk.deployments.create(base_model=MODEL, deployment_id="d", max_replica_count=3)
    emulator.advance(until="settled")
    updated = sdk.deployments.update("d", base_model=MODEL, display_name="renamed", autoscaling_policy={"scale_up_window": "5s"})
    assert (updated.display_name, updated.autoscaling_policy.scale_up_window, updated.max_replica_count) == ("renamed", "5s", 3)
    sdk.deployments.scale("d", replica_count=2)
    emulator.advance(until="settled")
    assert sdk.deployments.get("d").replica_stats.ready_replica_count == 2


def test_typed_errors(start):
    emulator = start("--clock", "manual", "--auth", "known")
    sdk = client(emulator)
    with pytest.raises(fireworks.AuthenticationError) as wrong_key:
        client(emulator, api_key="fw_wrong").completions.create(model=SERVERLESS, prompt="hi")
    assert wrong_key.value.body["error"]["code"] == "UNAUTHORIZED"
    with pytest.raises(fireworks.PermissionDeniedError):
        client(emulator, api_key="fw_wrong").deployments.get("d")
    with pytest.raises(fireworks.NotFoundError) as no_model:
        sdk.completions.create(model="accounts/fireworks/models/nothing", prompt="hi")
    assert no_model.value.body["error"]["param"] == "model"
    sdk.deployments.create(base_model=MODEL, deployment_id="d")
    with pytest.raises(fireworks.ConflictError):
        sdk.deployments.create(base_model=MODEL, deployment_id="d")
    with pytest.raises(fireworks.BadRequestError) as bad:
        sdk.deployments.create(base_model=MODEL, extra_body={"loadTargets": {}})
    assert 'unknown field "loadTargets"' in str(bad.value)
    with pytest.raises(fireworks.BadRequestError) as extra:
        sdk.chat.completions.create(model=SERVERLESS, messages=[{"role": "user", "content": "hi"}], extra_body={"nonsense": 1})
    assert "Extra inputs are not permitted, field: 'nonsense'" in str(extra.value)


def test_lists_page_by_themselves(emulator):
    sdk = client(emulator)
    names = [model.name for model in sdk.models.list(account_id="fireworks", page_size=7)]
    assert len(names) > 25
    assert len(set(names)) == len(names)
    assert sdk.models.get("deepseek-v3", account_id="fireworks").base_model_details.moe
    assert [account.name for account in sdk.accounts.list()] == ["accounts/local"]


def test_conversations_are_remembered(emulator):
    messages = [
        {"role": "user", "content": "My name is Alice."},
        {"role": "assistant", "content": "Nice to meet you."},
        {"role": "user", "content": "What is my name?"},
    ]
    answer = client(emulator).chat.completions.create(model=SERVERLESS, messages=messages)
    assert "alice" in answer.choices[0].message.content.lower()


def test_the_async_client(emulator):
    import asyncio

    async def ask() -> str:
        async with AsyncFireworks(api_key="fw_local", account_id="local", base_url=emulator.url) as sdk:
            answer = await sdk.chat.completions.create(model=SERVERLESS, messages=[{"role": "user", "content": "Say hello"}])
            return answer.choices[0].message.content

    assert asyncio.run(ask()) == "Hello."


def test_messages_and_tools(emulator):
    sdk = client(emulator)
    question = [{"role": "user", "content": "What is the weather in Oslo?"}]
    schema = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
    message = sdk.messages.create(model=SERVERLESS, max_tokens=200, messages=question, tools=[{"name": "get_weather", "input_schema": schema}])
    assert message.stop_reason == "tool_use"
    tools = [{"type": "function", "function": {"name": "get_weather", "parameters": schema}}]
    choice = sdk.chat.completions.create(model=SERVERLESS, messages=question, tools=tools).choices[0]
    assert choice.finish_reason == "tool_calls"
    assert choice.message.tool_calls[0].function.arguments == '{"city":"Oslo"}'


def test_reasoning_and_what_is_told_besides(emulator):
    answer = client(emulator).chat.completions.create(
        model="accounts/fireworks/models/qwen3-8b",
        messages=[{"role": "user", "content": "Why?"}],
        logprobs=True,
        top_logprobs=2,
        raw_output=True,
        return_token_ids=True,
    )
    [choice] = answer.choices
    assert choice.message.reasoning_content
    assert len(choice.logprobs.content) == len(choice.token_ids) == answer.usage.completion_tokens
    assert len(choice.raw_output.prompt_token_ids) == answer.usage.prompt_tokens


def test_a_sandbox_is_a_base_url(emulator):
    request = urllib.request.Request(f"{emulator.url}/sandboxes", b'{"name": "w1", "clock": "skip"}', method="POST")
    with urllib.request.urlopen(request) as answer:
        sdk = client(emulator, base_url=json.load(answer)["url"])
    sdk.deployments.create(base_model=MODEL, deployment_id="mine")
    while sdk.deployments.get("mine").state != "READY":
        pass
    target = f"{MODEL}#accounts/local/deployments/mine"
    assert sdk.completions.create(model=target, prompt="Say this is a test").choices[0].text == " This is a test."
    assert [item.name for item in client(emulator).deployments.list()] == []
