import OpenAI from "openai";
import { zodResponseFormat } from "openai/helpers/zod";
import { z } from "zod";
import { API_KEY, BASE_URL, FLAKY_URL, IMAGE_URL, MODEL, QUESTION, TOOL_QUESTION, check, fails, report } from "./common.mjs";

const client = new OpenAI({ baseURL: BASE_URL, apiKey: API_KEY });
const messages = [{ role: "user", content: QUESTION }];
const Count = z.object({ n: z.number().int() });
const parameters = { type: "object", properties: { n: { type: "integer" } }, required: ["n"] };
const tools = [{ type: "function", function: { name: "count_shapes", parameters } }];

await report({
  chat: async () => {
    const answer = await client.chat.completions.create({ model: MODEL, messages, max_completion_tokens: 50 });
    check(answer.choices[0].message.content, "content");
    const models = [];
    for await (const model of client.models.list()) models.push(model.id);
    check(models.join() === MODEL, models);
    check((await client.responses.create({ model: MODEL, input: QUESTION })).output_text, "responses");
  },
  image: async () => {
    const content = [{ type: "image_url", image_url: { url: IMAGE_URL } }, { type: "text", text: QUESTION }];
    const answer = await client.chat.completions.create({ model: MODEL, messages: [{ role: "user", content }] });
    check(answer.choices[0].message.content, "content");
  },
  stream: async () => {
    const stream = client.chat.completions.stream({ model: MODEL, messages });
    let text = "";
    for await (const chunk of stream) text += chunk.choices[0]?.delta?.content ?? "";
    check(text && (await stream.finalContent()) === text, "content");
  },
  tools: async () => {
    const called = [];
    const count = { name: "count_shapes", parameters, parse: JSON.parse, function: (given) => (called.push(given), "3") };
    const runner = client.chat.completions.runTools({
      model: MODEL,
      messages: [{ role: "user", content: TOOL_QUESTION }],
      tools: [{ type: "function", function: count }],
    });
    check(await runner.finalContent(), "content");
    check(called.length === 1, "called");
  },
  structured: async () => {
    const answer = await client.chat.completions.parse({
      model: MODEL,
      messages,
      response_format: zodResponseFormat(Count, "count"),
    });
    check(Number.isInteger(answer.choices[0].message.parsed.n), "parsed");
  },
  errors: async () => {
    const error = await fails(() => client.chat.completions.create({ model: "no", messages, tools }));
    check(error instanceof OpenAI.NotFoundError && error.code === "model_not_found", error);
  },
  retries: async () => {
    const flaky = new OpenAI({ baseURL: FLAKY_URL, apiKey: API_KEY });
    check((await flaky.chat.completions.create({ model: MODEL, messages })).choices[0].message.content, "content");
  },
});
