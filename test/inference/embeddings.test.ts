import { OpenAI } from "openai";
import { describe, expect, test } from "vitest";
import { createEmulator } from "../../src/index.ts";
import { fresh } from "../support/api.ts";

const EMBEDDINGS = "/inference/v1/embeddings";
const RERANK = "/inference/v1/rerank";
const QWEN = "fireworks/qwen3-embedding-8b";
const NOMIC = "nomic-ai/nomic-embed-text-v1.5";

const dot = (left: number[], right: number[]): number => left.reduce((sum, value, at) => sum + value * right[at]!, 0);

async function asker() {
  const { call } = await fresh();
  const ask = async (more: object) => (await call("POST", EMBEDDINGS, { model: NOMIC, ...more })).body;
  const vectors = async (more: object): Promise<number[][]> =>
    (await ask(more)).data.map((each: any) => each.embedding);
  return { call, ask, vectors };
}

describe("embeddings", () => {
  test("the body is OpenAI's, with the model's full name and a timing header", async () => {
    const { call } = await asker();
    const { body, headers } = await call("POST", EMBEDDINGS, { model: QWEN, input: "hello world" });
    expect(Object.keys(body)).toEqual(["object", "data", "model", "usage"]);
    expect(body).toMatchObject({
      object: "list",
      data: [{ object: "embedding", index: 0 }],
      model: "accounts/fireworks/models/qwen3-embedding-8b",
      usage: { prompt_tokens: 2, total_tokens: 2 },
    });
    expect(body.data[0].embedding).toHaveLength(4096);
    expect(headers.get("fireworks-server-processing-time")).toMatch(/^\d+\.\d{3}$/);
  });

  test("unit vectors: equal texts are equal, similar ones nearer than unrelated ones", async () => {
    const { vectors } = await asker();
    const [one, same, near, far] = (await vectors({
      input: [
        "How do I reset my password?",
        "How do I reset my password?",
        "Resetting a forgotten password",
        "The harvest of olives in Crete",
      ],
    })) as [number[], number[], number[], number[]];
    expect(one).toEqual(same);
    for (const each of [one, near, far]) expect(dot(each, each)).toBeCloseTo(1, 5);
    expect(dot(one, near)).toBeGreaterThan(dot(one, far) + 0.2);
    const [empty] = (await vectors({ input: "" })) as [number[]];
    expect(dot(empty, empty)).toBeCloseTo(1, 5);
  });

  test("fewer dimensions are the beginning of more, and stay unit vectors", async () => {
    const { ask, vectors } = await asker();
    const [[whole], [part]] = [
      await vectors({ input: "olive oil" }),
      await vectors({ input: "olive oil", dimensions: 64 }),
    ] as [number[][], number[][]];
    expect(part).toHaveLength(64);
    const scale = part![0]! / whole![0]!;
    for (const [at, value] of part!.entries()) expect(value).toBeCloseTo(whole![at]! * scale, 4);
    expect(dot(part!, part!)).toBeCloseTo(1, 5);
    expect((await ask({ input: "x", dimensions: 769 })).error.message).toBe(
      "dimensions must be between 1 and 768: 769",
    );
  });

  test("base64 is little-endian float32", async () => {
    const { ask, vectors } = await asker();
    const [plain] = await vectors({ input: "olive oil" });
    const bytes = Buffer.from(
      (await ask({ input: "olive oil", encoding_format: "base64" })).data[0].embedding,
      "base64",
    );
    expect(bytes.length).toBe(768 * 4);
    for (const [at, value] of plain!.entries()) expect(bytes.readFloatLE(at * 4)).toBeCloseTo(value, 6);
  });

  test("tokens, lists of tokens, and objects with a template are inputs", async () => {
    const { ask, vectors } = await asker();
    expect((await ask({ input: [1, 2, 3] })).usage.prompt_tokens).toBe(3);
    expect((await ask({ input: [[1, 2], [3]] })).data).toHaveLength(2);
    const rendered = await vectors({ input: [{ title: "olive", body: "oil" }], prompt_template: "{{title}} {{body}}" });
    expect(rendered).toEqual(await vectors({ input: "olive oil" }));
  });

  test("return_logits gives logits of those tokens, and probabilities when normalised", async () => {
    const { vectors } = await asker();
    expect((await vectors({ input: "x", return_logits: [2753, 9454] }))[0]).toHaveLength(2);
    const [chances] = await vectors({ input: "x", return_logits: [2753, 9454], normalize: true });
    expect(chances![0]! + chances![1]!).toBeCloseTo(1, 6);
  });

  test("the OpenAI client reads them, in both encodings", async () => {
    await using emulator = await createEmulator({ port: 0 });
    const client = new OpenAI({ apiKey: "k", baseURL: `${emulator.url}/inference/v1` });
    const [packed, plain] = [
      await client.embeddings.create({ model: NOMIC, input: "olive oil" }),
      await client.embeddings.create({ model: NOMIC, input: "olive oil", encoding_format: "float" }),
    ];
    expect(packed.data[0]!.embedding[5]).toBeCloseTo(plain.data[0]!.embedding[5]!, 6);
  });

  test.each([
    [{}, "Field required, field: 'input'"],
    [{ input: "x", nonsense: 1 }, "Extra inputs are not permitted, field: 'nonsense', value: 1"],
    [{ input: "word ".repeat(9000) }, "The prompt is too long: 9001, model maximum context length: 8192"],
  ])("%j is refused", async (more, message) => {
    expect((await (await asker()).ask(more)).error.message).toBe(message);
  });
});

describe("rerank", () => {
  const query = "reset password";
  const documents = ["Olive harvest in Crete", "How to reset your password", "Password rules"];

  test("documents by how well they answer, scores between 0 and 1", async () => {
    const { call } = await asker();
    const { body } = await call("POST", RERANK, { model: "fireworks/qwen3-reranker-8b", query, documents });
    expect(Object.keys(body)).toEqual(["object", "model", "data", "usage"]);
    expect(body.data.map(({ index }: { index: number }) => index)).toEqual([1, 2, 0]);
    expect(body.data[0].document).toBe(documents[1]);
    for (const { relevance_score: score } of body.data) expect(score > 0 && score < 1).toBe(true);
    expect(body.model).toBe("fireworks/qwen3-reranker-8b");
    expect(body.usage.prompt_tokens).toBe(body.usage.total_tokens);
  });

  test("top_n, return_documents, and the other key", async () => {
    const { call } = await fresh({ rerankKey: "results" });
    const { body } = await call("POST", RERANK, { query, documents, top_n: 1, return_documents: false });
    expect(body.results).toEqual([{ index: 1, relevance_score: expect.any(Number) }]);
    expect(body.model).toBe("accounts/fireworks/models/qwen3-reranker-8b");
    expect((await call("POST", RERANK, { query, documents: [] })).status).toBe(400);
  });
});
