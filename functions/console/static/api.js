// A client of /v1, which lies beside this page. The key stays in this tab.
import { language } from "./texts.js";

const BASE = new URL("v1/", location.href.split("#")[0]);
const KEY = "tailor-key";

export class ApiError extends Error {
  constructor(status, code, message) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

export const session = {
  get key() {
    return sessionStorage.getItem(KEY);
  },
  set key(value) {
    if (value) sessionStorage.setItem(KEY, value);
    else sessionStorage.removeItem(KEY);
  },
};

async function ask(method, path, body) {
  const headers = { Authorization: `Bearer ${session.key}`, "Accept-Language": language.code };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  let answer;
  try {
    answer = await fetch(new URL(path, BASE), { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
  } catch {
    throw new ApiError(0, "no_connection", "");
  }
  if (answer.ok) return answer;
  const error = await answer.json().then((found) => found.error).catch(() => null);
  throw new ApiError(answer.status, error?.code ?? "unknown", error?.message ?? answer.statusText);
}

const early = new Map();

// Asks for what a view will want, and gives it, or null. The view's own request finds it, or asks again.
export function ahead(path) {
  early.set(path, ask("GET", path).then((answer) => answer.json()).catch(() => null));
  return early.get(path);
}

export async function get(path) {
  const begun = early.get(path);
  early.delete(path);
  return (await begun) ?? (await ask("GET", path)).json();
}

export const post = async (path, body = {}) => (await ask("POST", path, body)).json();

// Yields the texts of a streamed answer as they come.
export async function* chat(body) {
  const answer = await ask("POST", "chat/completions", { ...body, stream: true });
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const lines = (rest + value).split("\n");
    rest = lines.pop();
    for (const line of lines) {
      if (!line.startsWith("data: ") || line === "data: [DONE]") continue;
      const event = JSON.parse(line.slice(6));
      if (event.error) throw new ApiError(200, event.error.code, event.error.message);
      const text = event.choices?.[0]?.delta?.content;
      if (text) yield text;
    }
  }
}
