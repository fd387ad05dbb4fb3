import { createOpenAI } from "@ai-sdk/openai";
import { run } from "./ai_scenarios.mjs";
import { API_KEY, BASE_URL, FLAKY_URL } from "./common.mjs";

await run(createOpenAI({ apiKey: API_KEY, baseURL: BASE_URL }), createOpenAI({ apiKey: API_KEY, baseURL: FLAKY_URL }));
