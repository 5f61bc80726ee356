"""Starts the built emulator for each test, on a free port and in memory, with a clock that only the test moves."""

import json
import pathlib
import subprocess
import urllib.request

import pytest

ROOT = pathlib.Path(__file__).parents[2]


class Emulator:
    def __init__(self, *flags: str) -> None:
        command = ["node", str(ROOT / "dist/cli/main.js"), "start", "--json", "--port", "0", "--memory", *flags]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self.url = json.loads(self.process.stdout.readline())["url"]

    def control(self, path: str, body: dict) -> dict:
        request = urllib.request.Request(f"{self.url}/__emulator{path}", json.dumps(body).encode(), method="POST")
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)

    def advance(self, **target: str) -> dict:
        return self.control("/clock:advance", target)

    def stop(self) -> None:
        self.process.terminate()
        assert self.process.wait(timeout=10) == 0


@pytest.fixture
def start():
    running = []

    def start(*flags: str) -> Emulator:
        running.append(Emulator(*flags))
        return running[-1]

    yield start
    for emulator in running:
        emulator.stop()


@pytest.fixture
def emulator(start):
    return start("--clock", "manual")
