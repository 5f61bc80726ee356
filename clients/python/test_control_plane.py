"""Every method of the official SDK for models, addons, shapes, users, keys and secrets: least and full, strictly validated."""

import json
import pathlib
import re
import struct
import urllib.request

import fireworks
import pytest
from fireworks import Fireworks

BASE = "accounts/fireworks/models/llama-v3p2-3b-instruct"
SERVERLESS = "accounts/fireworks/models/gpt-oss-120b"


REFERENCE = pathlib.Path(__file__).parents[3] / "shared/reference/fireworks-api.json"
README = pathlib.Path(__file__).parents[2] / "README.md"
walked = set()


@pytest.fixture
def sdk(emulator):
    options = {"api_key": "fw_local", "account_id": "local", "base_url": emulator.url, "max_retries": 0}
    yield Fireworks(**options, _strict_response_validation=True)
    with urllib.request.urlopen(f"{emulator.url}/__emulator/requests?pageSize=200") as answer:
        walked.update((row["method"], row["path"]) for row in json.load(answer)["requests"] if row["status"] == 200)


def safetensors(**tensors: list) -> bytes:
    header, end = {}, 0
    for name, shape in tensors.items():
        size = 2
        for each in shape:
            size *= each
        header[name] = {"dtype": "BF16", "shape": shape, "data_offsets": [end, end + size]}
        end += size
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + bytes(end)


def put(url: str, data: bytes) -> None:
    headers = {"content-type": "application/octet-stream", "x-goog-content-length-range": f"{len(data)},{len(data)}"}
    with urllib.request.urlopen(urllib.request.Request(url, data, headers, method="PUT")) as answer:
        assert answer.status == 200


def upload(sdk: Fireworks, model: str, files: dict) -> None:
    sizes = {name: str(len(data)) for name, data in files.items()}
    urls = sdk.models.get_upload_endpoint(model, filename_to_size=sizes).filename_to_signed_urls
    for name, data in files.items():
        put(urls[name], data)
    assert sdk.models.validate_upload(model).warnings == []


BASE_FILES = {
    "config.json": json.dumps({"architectures": ["LlamaForCausalLM"], "model_type": "llama", "max_position_embeddings": 4096}).encode(),
    "model.safetensors": safetensors(w=[100, 10]),
    "tokenizer_config.json": json.dumps({"chat_template": "{{ messages }}"}).encode(),
}
ADDON_FILES = {
    "adapter_config.json": json.dumps({"r": 8, "target_modules": ["q_proj"]}).encode(),
    "adapter_model.safetensors": safetensors(**{"base.layers.0.self_attn.q_proj.lora_A.weight": [8, 4]}),
}


def test_models(sdk, emulator):
    least = {"kind": "HF_BASE_MODEL", "base_model_details": {"checkpoint_format": "HUGGINGFACE"}}
    created = sdk.models.create(model_id="least", model=least)
    assert (created.name, created.state) == ("accounts/local/models/least", "UPLOADING")
    full = {
        **least,
        "display_name": "Full",
        "description": "All there is",
        "base_model_details": {"checkpoint_format": "HUGGINGFACE", "world_size": 1, "model_type": "llama", "moe": False, "tunable": True},
        "context_length": 4096,
        "conversation_config": {"style": "llama-chat", "system": "Be kind"},
        "public": True,
        "supports_tools": True,
        "github_url": "https://example.com",
        "hugging_face_url": "https://example.com",
    }
    sdk.models.create(model_id="full", model=full)
    upload(sdk, "full", BASE_FILES)
    model = sdk.models.get("full")
    assert (model.state, model.context_length, model.base_model_details.parameter_count) == ("READY", 4096, "1000")
    assert sdk.models.update("full", display_name="Renamed", description="New").display_name == "Renamed"
    assert [each.name for each in sdk.models.list(filter='state="READY"', order_by="name desc", page_size=1)] == [model.name]
    sdk.models.prepare("full", precision="FP8")
    urls = sdk.models.get_download_endpoint("full").filename_to_signed_urls
    with urllib.request.urlopen(urls["model.safetensors"]) as answer:
        assert answer.read() == BASE_FILES["model.safetensors"]
    sdk.deployments.create(base_model=model.name, deployment_id="own")
    emulator.advance(until="settled")
    assert sdk.completions.create(model=model.name, prompt="Say hello").choices[0].text
    with pytest.raises(fireworks.BadRequestError, match="active deployments"):
        sdk.models.delete("full")
    sdk.deployments.delete("own", hard=True, ignore_checks=True)
    sdk.models.delete("full")
    with pytest.raises(fireworks.NotFoundError):
        sdk.models.get("full")
    with pytest.raises(fireworks.ConflictError):
        sdk.models.create(model_id="least", model=least)


def test_addons(sdk, emulator):
    sdk.models.create(model_id="lora", model={"peft_details": {"base_model": BASE, "r": 8, "target_modules": ["q_proj"]}})
    upload(sdk, "lora", ADDON_FILES)
    deployment = sdk.deployments.create(base_model=BASE, deployment_id="d", enable_addons=True)
    emulator.advance(until="settled")
    loaded = sdk.lora.load(model="accounts/local/models/lora", deployment=deployment.name, display_name="Mine", description="x", public=False)
    assert (loaded.state, loaded.default) == ("DEPLOYING", True)
    emulator.advance(by="1s")
    name = loaded.name.split("/")[-1]
    assert sdk.lora.get(name).state == "DEPLOYED"
    assert sdk.chat.completions.create(model="accounts/local/models/lora", messages=[{"role": "user", "content": "hi"}]).choices
    assert sdk.lora.update(name, display_name="Other").display_name == "Other"
    assert len([each.name for each in sdk.lora.list(order_by="name")]) == 2
    assert sdk.models.get("lora").deployed_model_refs[0].deployment == deployment.name
    sdk.lora.unload(name)
    emulator.advance(by="1s")
    with pytest.raises(fireworks.NotFoundError):
        sdk.lora.get(name)


def test_shapes(sdk):
    shapes = list(sdk.deployment_shapes.list(account_id="fireworks", target_model=BASE))
    assert len(shapes) == 3
    shape = sdk.deployment_shapes.get(shapes[0].name.split("/")[-1], account_id="fireworks")
    assert shape.base_model == BASE
    [version] = sdk.deployment_shape_versions.list(shape.name.split("/")[-1], account_id="fireworks")
    found = sdk.deployment_shape_versions.get(version.name.split("/")[-1], account_id="fireworks", deployment_shape_id=shape.name.split("/")[-1])
    assert found.latest_validated
    assert sdk.deployments.create(base_model=BASE, deployment_shape=shape.name).deployment_shape == version.name


def test_users_keys_and_secrets(sdk):
    user = sdk.users.create(role="user", user_id="ann", display_name="Ann", email="ann@acme.example", service_account=False)
    assert sdk.users.get("ann") == user
    assert sdk.users.update("ann", role="contributor").role == "contributor"
    assert [each.name.split("/")[-1] for each in sdk.users.list()] == ["ann", "owner"]
    made = sdk.api_keys.create("ann", api_key={"display_name": "ci", "expire_time": "2030-01-01T00:00:00Z"})
    assert made.key.startswith(made.prefix)
    [listed] = sdk.api_keys.list("ann")
    assert (listed.key_id, listed.key) == (made.key_id, "")
    sdk.api_keys.delete("ann", key_id=made.key_id)
    assert list(sdk.api_keys.list("ann")) == []
    secret = sdk.secrets.create(key_name="TOKEN", name="accounts/local/secrets/token", value="hush")
    assert not secret.value
    assert sdk.secrets.update("token", key_name="OTHER").key_name == "OTHER"
    assert sdk.secrets.get("token").key_name == "OTHER"
    assert len(list(sdk.secrets.list())) == 1
    sdk.secrets.delete("token")
    assert sdk.accounts.get(account_id="local").name == "accounts/local"
    assert [each.name for each in sdk.accounts.list()] == ["accounts/local"]


def test_deployments(sdk, emulator):
    least = sdk.deployments.create(base_model=BASE, deployment_id="least")
    assert (least.state, least.max_replica_count) == ("CREATING", 1)
    full = sdk.deployments.create(
        base_model=BASE,
        deployment_id="full",
        display_name="Full",
        description="All there is",
        accelerator_type="NVIDIA_H100_80GB",
        accelerator_count=1,
        precision="BF16",
        min_replica_count=1,
        max_replica_count=2,
        autoscaling_policy={
            "scale_up_window": "15s",
            "scale_down_window": "60s",
            "scale_to_zero_window": "600s",
            "load_targets": {"default": 0.5},
        },
        placement={"region": "US_IOWA_1"},
        enable_addons=True,
        enable_session_affinity=True,
        max_context_length=4096,
        direct_route_type="INTERNET",
        direct_route_api_keys=["directkey1"],
        disable_auto_deploy=True,
    )
    assert (full.autoscaling_policy.scale_up_window, full.placement.region) == ("15s", "US_IOWA_1")
    emulator.advance(until="settled")
    assert sdk.deployments.get("full").state == "READY"
    assert sdk.deployments.update("full", base_model=BASE, display_name="Renamed").display_name == "Renamed"
    sdk.deployments.scale("full", replica_count=2)
    assert [each.name.split("/")[-1] for each in sdk.deployments.list(filter='display_name="Renamed"', order_by="name")] == ["full"]
    sdk.deployments.delete("full", ignore_checks=True)
    emulator.advance(until="settled")
    assert sdk.deployments.undelete("full", body={}).state == "CREATING"


def test_messages(sdk):
    sdk.messages.create(model=SERVERLESS, max_tokens=8, messages=[{"role": "user", "content": "hi"}])


def answered() -> set:
    """What the README's coverage table says is answered."""
    rows = re.findall(r"^\| ([a-z_.]+) \| ([a-z_, ]+) \| [a-z_, -]+ \|$", README.read_text(), re.MULTILINE)
    return {f"{resource}.{verb}" for resource, verbs in rows for verb in verbs.split(", ")}


@pytest.mark.skipif(not REFERENCE.exists(), reason="the reference lies beside the project where it is developed")
def test_the_coverage_table_shows_what_was_walked():
    endpoints = json.loads(REFERENCE.read_text())["endpoints"]

    def was_walked(each: dict) -> bool:
        pattern = re.compile("(/inference)?" + re.sub(r"\{[^}]+\}", "[^/:]+", each["path"]) + "$")
        return any(method == each["method"] and pattern.match(path) for method, path in walked)

    table = answered()
    assert {each["sdk"] for each in endpoints if was_walked(each)} == {each["sdk"] for each in endpoints if each["sdk"] in table}
