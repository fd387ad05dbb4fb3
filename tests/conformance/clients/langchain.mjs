import { AIMessage, HumanMessage, ToolMessage } from "@langchain/core/messages";
import { tool } from "@langchain/core/tools";
import { ChatOpenAI } from "@langchain/openai";
import { z } from "zod";
import { API_KEY, BASE_URL, FLAKY_URL, IMAGE_URL, MODEL, QUESTION, TOOL_QUESTION, check, fails, report } from "./common.mjs";

const chatModel = (model = MODEL, baseURL = BASE_URL) =>
  new ChatOpenAI({ model, apiKey: API_KEY, configuration: { baseURL } });
const Count = z.object({ n: z.number().int() });

await report({
  chat: async () => check((await chatModel().invoke([["system", "Ngắn gọn."], ["human", QUESTION]])).content, "content"),
  image: async () => {
    const content = [{ type: "text", text: QUESTION }, { type: "image_url", image_url: { url: IMAGE_URL } }];
    check((await chatModel().invoke([new HumanMessage({ content })])).content, "content");
  },
  stream: async () => {
    let text = "";
    for await (const chunk of await chatModel().stream(QUESTION)) text += chunk.content;
    check(text, "content");
  },
  tools: async () => {
    const count = tool(async () => "3", { name: "count_shapes", description: "Counts shapes", schema: Count });
    const bound = chatModel().bindTools([count]);
    const question = new HumanMessage({ content: TOOL_QUESTION, name: "linh" });
    const asked = await bound.invoke([question]);
    check(asked instanceof AIMessage && asked.tool_calls.length === 1, "call");
    const result = new ToolMessage({ content: "3", tool_call_id: asked.tool_calls[0].id, name: "count_shapes" });
    check((await bound.invoke([question, asked, result])).content, "content");
  },
  structured: async () => {
    for (const method of ["jsonSchema", "functionCalling"]) {
      const said = await chatModel().withStructuredOutput(Count, { method, name: "count" }).invoke(QUESTION);
      check(Number.isInteger(said.n), method);
    }
  },
  errors: async () => check((await fails(() => chatModel("no").invoke(QUESTION))).status === 404, "404"),
  retries: async () => check((await chatModel(MODEL, FLAKY_URL).invoke(QUESTION)).content, "content"),
});
