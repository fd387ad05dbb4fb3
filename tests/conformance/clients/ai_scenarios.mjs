// The Vercel AI SDK with either of its providers.
import { generateText, stepCountIs, streamText, tool, Output } from "ai";
import { z } from "zod";
import { IMAGE_URL, MODEL, QUESTION, TOOL_QUESTION, check, fails, report } from "./common.mjs";

export async function run(model, flaky) {
  await report({
    chat: async () => check((await generateText({ model: model(MODEL), prompt: QUESTION })).text, "text"),
    image: async () => {
      const content = [{ type: "text", text: QUESTION }, { type: "image", image: IMAGE_URL }];
      check((await generateText({ model: model(MODEL), messages: [{ role: "user", content }] })).text, "text");
    },
    stream: async () => {
      let text = "";
      const result = streamText({ model: model(MODEL), prompt: QUESTION, onError: ({ error }) => { throw error; } });
      for await (const part of result.textStream) text += part;
      check(text, "text");
    },
    tools: async () => {
      const called = [];
      const count_shapes = tool({
        description: "Counts shapes",
        inputSchema: z.object({ n: z.number().int() }),
        execute: async (given) => (called.push(given), "3"),
      });
      const asked = { model: model(MODEL), prompt: TOOL_QUESTION, tools: { count_shapes }, stopWhen: stepCountIs(3) };
      check((await generateText(asked)).text, "text");
      check(called.length === 1, "called");
    },
    structured: async () => {
      const output = Output.object({ schema: z.object({ n: z.number().int() }) });
      const result = await generateText({ model: model(MODEL), prompt: QUESTION, output });
      check(Number.isInteger((result.output ?? result.experimental_output).n), "n");
    },
    errors: async () => {
      const error = await fails(() => generateText({ model: model("no"), prompt: QUESTION, maxRetries: 0 }));
      check(error.statusCode === 404, error);
    },
    retries: async () => check((await generateText({ model: flaky(MODEL), prompt: QUESTION })).text, "text"),
  });
}
