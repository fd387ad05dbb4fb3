import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { run } from "./ai_scenarios.mjs";
import { API_KEY, BASE_URL, FLAKY_URL } from "./common.mjs";

const given = { name: "tailor", apiKey: API_KEY, supportsStructuredOutputs: true };
await run(createOpenAICompatible({ ...given, baseURL: BASE_URL }), createOpenAICompatible({ ...given, baseURL: FLAKY_URL }));
