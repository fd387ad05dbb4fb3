// What several views share: how states, times, amounts and failures look, and asking before something is done.
import { post } from "./api.js";
import { h, show } from "./dom.js";
import { language, words } from "./texts.js";

const EVERY = 5000;
const GOOD = new Set(["live", "passed", "deployed"]);
const BAD = new Set(["rejected", "training-failed", "deploy-failed", "evaluation-failed", "failed"]);
const WAIT = new Set(["awaiting-approval", "inconclusive"]);
const OFF = new Set(["retired", "stopped", "superseded", "declined", "standby", "paused"]);
const NEEDS_REASON = new Set(["promote", "offline"]);

export function badge(state) {
  const tone = GOOD.has(state) ? "good" : BAD.has(state) ? "bad" : WAIT.has(state) ? "wait" : OFF.has(state) ? "off" : "work";
  return h("span", { class: `badge ${tone}` }, words().states[state] ?? state);
}

// In Vietnamese 29/11/2026, as notices and the command line write it.
const date = () => (language.code === "vi" ? { day: "2-digit", month: "2-digit", year: "numeric" } : { day: "numeric", month: "short", year: "numeric" });

export function moment(text) {
  const form = { ...date(), hour: language.code === "vi" ? "2-digit" : "numeric", minute: "2-digit", second: "2-digit" };
  return h("time", { datetime: text }, new Intl.DateTimeFormat(language.code, form).format(new Date(text)));
}

export function day(text) {
  return h("time", { datetime: text }, new Intl.DateTimeFormat(language.code, { ...date(), timeZone: "UTC" }).format(new Date(text)));
}

export function span(seconds) {
  const t = words();
  if (seconds < 90) return `${Math.round(seconds)} ${t.seconds}`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} ${t.minutes}`;
  if (seconds < 129600) return `${Math.round(seconds / 3600)} ${t.hours}`;
  return `${Math.round(seconds / 86400)} ${t.days}`;
}

// In Vietnamese "3,20 USD", as reports and notices write it.
const currency = () => ({ style: "currency", currency: "USD", currencyDisplay: language.code === "vi" ? "code" : "symbol" });
export const dollars = (amount, digits = {}) => new Intl.NumberFormat(language.code, { ...currency(), ...digits }).format(amount);
export const number = (value) => new Intl.NumberFormat(language.code).format(value);
// A difference of two shares, as reports write it: +63 points.
export const points = (share) => `${new Intl.NumberFormat(language.code, { maximumFractionDigits: 1, signDisplay: "exceptZero" }).format(100 * share)} ${words().points}`;
export const percent = (share) => new Intl.NumberFormat(language.code, { style: "percent", maximumFractionDigits: 1 }).format(share);

export function failure(error) {
  const text = words().errors[error.code] ?? error.message ?? String(error);
  return h("p", { class: "message bad", role: "alert" }, text);
}

// Look now and every few seconds while the view is shown; what is the same is not drawn again, so that focus stays.
export async function follow(current, load, draw, place) {
  let before = "";
  for (;;) {
    try {
      const found = await load();
      if (!current()) return;
      const now = JSON.stringify(found, (name, value) => (name === "links" ? undefined : value)) + language.code;
      if (now !== before) draw(found);
      before = now;
    } catch (error) {
      if (!current()) return;
      before = "";
      show(place, failure(error));
      if (error.status >= 400 && error.status < 500 && error.status !== 429) return;
    }
    do await new Promise((wake) => setTimeout(wake, EVERY));
    while (document.hidden || document.querySelector("dialog[open]"));
    if (!current()) return;
  }
}

// A button that says what will happen, takes the reason, and tells what came of it.
export function action(name, path, subject, after, more = {}) {
  const t = words();
  const tone = ["stop", "retire", "offline", "decline"].includes(name) ? "danger" : ["approve", "promote"].includes(name) ? "primary" : "";
  return h("button", { type: "button", class: tone, onclick: () => ask(name, path, subject, after, more) }, t.actions[name]);
}

function ask(name, path, subject, after, more) {
  const t = words();
  const reason = h("input", { id: "reason", maxlength: 500, autocomplete: "off", "aria-describedby": "consequence" });
  const send = () => {
    if (NEEDS_REASON.has(name) && !reason.value.trim()) throw new Error(t.reasonNeeded);
    return post(path, { ...more, reason: reason.value });
  };
  dialog(`${t.actions[name]}: ${subject}`, [h("p", { id: "consequence" }, t.consequence[name]), h("label", { for: "reason" }, t.reason), reason], t.actions[name], send, after);
}

// A question with one answer that does something. ``send`` throws what is wrong, which is shown. It is cancelled by Escape too, unless it can't be undone by that.
export function dialog(title, content, verb, send, after, tone = "primary", cancelled = true) {
  const problem = h("div"), go = h("button", { class: tone }, verb);
  const submit = async (event) => {
    event.preventDefault();
    go.disabled = true;
    try {
      const found = await send();
      shown.close();
      after(found);
    } catch (error) {
      go.disabled = false;
      show(problem, failure(error));
    }
  };
  const shown = h("dialog", { "aria-labelledby": "asked", onclose: () => shown.remove(), oncancel: (event) => cancelled || event.preventDefault() },
    h("form", { onsubmit: submit }, h("h2", { id: "asked" }, title), content, problem,
      h("p", { class: "row" }, go, cancelled && h("button", { type: "button", onclick: () => shown.close() }, words().cancel))));
  document.body.append(shown);
  shown.showModal();
}
