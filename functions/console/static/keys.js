// Keys of the reader's projects: who has one, what it may do, when it was used; make, rotate and revoke them.
import { get, post } from "./api.js";
import { h, show } from "./dom.js";
import { keyWords } from "./keys-texts.js";
import { day, dialog, dollars, failure, follow, moment, number } from "./parts.js";
import { words } from "./texts.js";

const LASTS = [30, 90, 180, 365];
const GRACE = [0, 1, 24, 168];
const TONES = { usable: "good", expired: "off", revoked: "bad" };
let ended = false;

export const mayManageKeys = (me) => me.scopes.includes("keys");
const lent = (me) => me.scopes.filter((scope) => scope !== "keys");

export function keys(place, me, current) {
  const t = keyWords();
  if (!mayManageKeys(me)) return show(place, h("h1", {}, t.title), h("p", { class: "message" }, t.noKeys));
  const list = h("div", { "aria-live": "polite" });
  const older = [];
  let turn = 0;
  const again = () => { older.length = 0; turn += 1; start(); };
  const all = h("input", { type: "checkbox", id: "ended", checked: ended, onchange: () => { ended = all.checked; again(); } });
  show(place, h("div", { class: "row" }, h("h1", { class: "grow" }, t.title), h("button", { type: "button", class: "primary", onclick: () => create(me, again) }, t.make)),
    h("p", { class: "soft" }, t.lead), h("label", { class: "check", for: "ended" }, all, t.ended), list);
  const page = (after) => get(`keys?${new URLSearchParams({ ...(ended ? {} : { state: "usable" }), ...(after && { after }) })}`);
  const start = () => {
    const mine = turn;
    return follow(() => current() && mine === turn, page, (found) => {
      const draw = (last) => {
        const more = last.has_more && h("button", { type: "button", onclick: async () => { older.push(await page(last.last_id)); draw(older.at(-1)); } }, t.more);
        const every = [found, ...older].flatMap((each) => each.data);
        show(list, every.length ? h("ul", { class: "plain" }, every.map((key) => entry(key, again))) : h("p", { class: "card soft" }, t.none), more);
      };
      draw(older.at(-1) ?? found);
    }, list);
  };
  return start();
}

function entry(key, again) {
  const t = keyWords();
  const limits = [key.limits.requests_per_minute && `${number(key.limits.requests_per_minute)} ${t.minute}`, key.limits.tokens_per_day && `${number(key.limits.tokens_per_day)} ${t.tokens}`,
    key.limits.budget_usd !== null && `${dollars(key.limits.budget_usd)} ${t.perMonth}`].filter(Boolean);
  return h("li", { class: "card" },
    h("div", { class: "row" }, h("h2", { class: "grow name" }, key.name, key.own && h("span", { class: "soft" }, ` (${t.yours})`)), h("span", { class: `badge ${TONES[key.state]}` }, t.states[key.state])),
    h("p", {}, h("strong", {}, key.projects.join(", ")), ": ", key.scopes.map((scope) => t.scope[scope] ?? scope).join("; "), limits.length > 0 && ` (${limits.join(", ")})`),
    h("p", { class: "soft small" }, `${t.used}: `, key.last_used ? day(key.last_used) : t.never, key.expires_at && [` · ${t.until} `, moment(key.expires_at)], ` · ${t.by} ${key.created_by || "–"} · `, h("span", { class: "code" }, key.id)),
    key.shared && h("p", { class: "soft small" }, t.shared),
    h("div", { class: "row" }, key.actions.includes("rotate") && h("button", { type: "button", "aria-label": `${t.rotate}: ${key.name}`, onclick: () => rotate(key, again) }, t.rotate),
      key.actions.includes("revoke") && h("button", { type: "button", class: "danger", "aria-label": `${t.revoke}: ${key.name}`, onclick: () => revoke(key, again) }, t.revoke)));
}

// A group of boxes to check; the first ones are checked already.
function boxes(legend, names, told, checked) {
  const inputs = names.map((name, place) => [name, h("input", { type: "checkbox", id: `${legend}-${place}`, checked: checked.includes(name) })]);
  return { chosen: () => inputs.filter(([, input]) => input.checked).map(([name]) => name),
    shown: h("fieldset", {}, h("legend", {}, legend), inputs.map(([name, input]) => h("label", { class: "check", for: input.id }, input, told(name)))) };
}

const choice = (id, values, told, usual) => h("select", { id }, values.map((value) => h("option", { value, selected: value === usual }, told(value))));
const field = (label, input, hint) => h("div", {}, h("label", { for: input.id }, label), input, hint);

function create(me, again) {
  const t = keyWords();
  const name = h("input", { id: "key-name", required: true, maxlength: 100, autocomplete: "off", "aria-describedby": "key-name-hint" });
  const projects = boxes(t.projects, me.projects, (each) => each, me.projects.slice(0, 1)), scopes = boxes(t.scopes, lent(me), (each) => t.scope[each] ?? each, lent(me).slice(0, 1));
  const days = choice("key-days", LASTS, t.lasts, 90);
  const [budget, perMinute, perDay] = [["key-budget", "0.01", "0"], ["key-minute", "1", "1"], ["key-day", "1", "1"]].map(([id, step, min]) => h("input", { id, type: "number", inputmode: "decimal", step, min }));
  const send = () => {
    if (!projects.chosen().length || !scopes.chosen().length) throw new Error(t.one);
    return post("keys", { name: name.value.trim(), projects: projects.chosen(), scopes: scopes.chosen(), days: Number(days.value),
      ...(budget.value && { budget_usd: budget.value }), ...(perMinute.value && { requests_per_minute: Number(perMinute.value) }), ...(perDay.value && { tokens_per_day: Number(perDay.value) }) });
  };
  dialog(t.make, [field(t.name, name, h("p", { id: "key-name-hint", class: "small soft" }, t.nameHint)), projects.shown, scopes.shown, field(t.days, days),
    h("details", {}, h("summary", {}, t.limits), field(t.budget, budget), field(t.perMinute, perMinute), field(t.perDay, perDay))], t.create, send, (made) => reveal(made, again));
}

function rotate(key, again) {
  const t = keyWords();
  const grace = choice("key-grace", GRACE, t.hours, 24), days = choice("key-days", LASTS, t.lasts, 90);
  dialog(`${t.rotate}: ${key.name}`, [h("p", {}, t.rotateLead), field(t.grace, grace), field(t.days, days)], t.rotate,
    () => post(`keys/${key.id}/rotate`, { grace_hours: Number(grace.value), days: Number(days.value) }), (made) => reveal(made, again));
}

function revoke(key, again) {
  const t = keyWords();
  dialog(`${t.revoke}: ${key.name}`, [h("p", {}, t.revokeLead), key.own && h("p", { class: "message bad" }, t.revokeOwn)], t.revoke, () => post(`keys/${key.id}/revoke`), again, "danger");
}

// Shows a new secret, which is in this dialog alone: it is gone when the dialog closes.
function reveal(made, again) {
  const t = keyWords();
  const secret = h("input", { id: "secret", class: "code", readonly: true, value: made.secret, onfocus: () => secret.select() }), told = h("p", { role: "status", class: "small" });
  const copy = async () => {
    secret.select();
    await navigator.clipboard.writeText(made.secret).catch(() => document.execCommand("copy")); // a browser may not let pages write there
    told.textContent = t.copied;
  };
  dialog(t.secret, [h("p", { class: "message" }, t.onlyNow), h("label", { for: "secret" }, made.name), h("div", { class: "row nowrap" }, secret, h("button", { type: "button", onclick: copy }, t.copy)), told,
    made.replaced_until && h("p", {}, `${t.replaces} `, moment(made.replaced_until))], t.done, async () => null, again, "primary", false);
}
