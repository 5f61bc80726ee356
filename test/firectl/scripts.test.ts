import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { startServer } from "../support/server.ts";

const shims = fileURLToPath(new URL("../../shims", import.meta.url));

/** Runs a script as a CI job would: by bash, with the shim on its path. */
async function bash(script: string, url: string): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const home = mkdtempSync(join(tmpdir(), "firectl-script-"));
  const child = spawn("bash", ["-c", script], {
    cwd: home,
    env: { ...process.env, HOME: home, PATH: `${shims}:${process.env["PATH"]}`, FIREWORKS_BASE_URL: url },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  const code = await new Promise<number | null>((resolve) => child.on("close", resolve));
  rmSync(home, { recursive: true, force: true });
  return { code, stdout, stderr };
}

test("deploy, poll until READY, ask, tear down in a trap", { timeout: 60_000 }, async () => {
  await using server = await startServer("--memory", "--clock", "skip");
  const { code, stdout, stderr } = await bash(
    `set -euo pipefail
    id=$(firectl create deployment llama-v3p2-3b-instruct --max-replica-count 1 2>/dev/null | grep '^Name:' | grep -oE 'deployments/[a-z0-9]+' | cut -d/ -f2)
    trap 'firectl delete deployment "$id" --ignore-checks 2>/dev/null; echo torn down' EXIT
    for try in $(seq 1 30); do
      state=$(firectl get deployment "$id" 2>/dev/null | grep State: | awk '{print $2}')
      [ "$state" = READY ] && break
      sleep 0.1
    done
    [ "$state" = READY ]
    curl -sf "$FIREWORKS_BASE_URL/inference/v1/completions" -H 'Authorization: Bearer k' \\
      -d "{\\"model\\": \\"accounts/fireworks/models/llama-v3p2-3b-instruct#accounts/local/deployments/$id\\", \\"prompt\\": \\"Say this is a test\\"}" | jq -r '.choices[0].text'`,
    server.url,
  );
  expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: " This is a test.\ntorn down\n", stderr: "" });
});

test("clean up what is left over: a loop over the JSON of a list", { timeout: 60_000 }, async () => {
  await using server = await startServer("--memory", "--clock", "skip", "--gpu-quota", "none");
  const { code, stdout } = await bash(
    `set -euo pipefail
    for id in keep ci-1 ci-2; do firectl deployment create llama-v3p2-3b-instruct --deployment-id "$id" --wait > /dev/null; done
    firectl deployment list -o json | jq -r '.[].name' | grep -E '/ci-' | while read -r name; do
      firectl deployment delete "$name" --hard --ignore-checks
    done
    firectl deployment list -o json | jq -r '.[] | "\\(.name) \\(.state) \\(.replica_count)"'`,
    server.url,
  );
  expect({ code, stdout }).toEqual({ code: 0, stdout: "accounts/local/deployments/keep READY 1\n" });
});

test("a script that does not check stops at the first error, with a word on stderr", { timeout: 60_000 }, async () => {
  await using server = await startServer("--memory", "--clock", "skip");
  const { code, stdout, stderr } = await bash(
    `set -euo pipefail
    firectl deployment create llama-v3p2-3b-instruct --deployment-id d --wait | grep State:
    curl -sf "$FIREWORKS_BASE_URL/v1/completions" -H 'Authorization: Bearer k' -d '{"model": "accounts/local/deployments/d", "prompt": "x"}' > /dev/null
    firectl deployment delete d
    echo never`,
    server.url,
  );
  expect(code).toBe(1);
  expect(stdout).toBe("State: READY\n");
  expect(stderr).toBe(
    "Error: rpc error: code = FailedPrecondition desc = deployment has received inference requests in the last hour, pass --ignore-checks to skip this check\n",
  );
});

test("waiting ends at its time, and by Ctrl-C", { timeout: 60_000 }, async () => {
  await using server = await startServer("--memory", "--clock", "manual");
  const late = await bash(
    "firectl deployment create llama-v3p2-3b-instruct --deployment-id d --wait --wait-timeout 300ms",
    server.url,
  );
  expect([late.code, late.stderr]).toEqual([
    1,
    "Error: rpc error: code = DeadlineExceeded desc = accounts/local/deployments/d is CREATING after 0.3s\n",
  ]);
  const child = spawn(join(shims, "firectl"), ["deployment", "create", "llama-v3p2-3b-instruct", "--wait"], {
    env: { ...process.env, FIREWORKS_BASE_URL: server.url },
    stdio: "ignore",
  });
  const ended = new Promise<NodeJS.Signals | null>((resolve) => child.on("close", (_, signal) => resolve(signal)));
  while ((await server.status()).counts.deployments < 2) await new Promise((resolve) => setTimeout(resolve, 20));
  child.kill("SIGINT");
  expect(await ended).toBe("SIGINT");
});
