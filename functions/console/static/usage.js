// What calls of a project's model were and cost: a bar for each day, and tables by key and version.
import { get } from "./api.js";
import { bars } from "./chart.js";
import { h, show } from "./dom.js";
import { follow, dollars as money, number } from "./parts.js";
import { usageWords } from "./usage-texts.js";

const DAYS = [7, 31, 92];
const SMALL = 0.1; // dollars: below, two digits that say something, because a short answer costs less than a cent

export function usage(place, me, current, asked) {
  const [project, days] = [asked.split("/")[0], Number(asked.split("/")[1]) || DAYS[1]];
  const load = () => get(`models/${encodeURIComponent(project)}/usage?days=${days}`);
  return follow(current, load, (found) => show(place, heading(project, days), body(found)), place);
}

function heading(project, days) {
  const t = usageWords();
  const link = (each) => h("a", { href: `#/usage/${encodeURIComponent(project)}/${each}`, "aria-current": each === days ? "page" : null }, `${each} ${t.days}`);
  return [h("p", {}, h("a", { href: "#/serving" }, t.back)), h("h1", {}, `${t.title}: ${project}`), h("nav", { class: "row", "aria-label": t.days }, DAYS.map(link)), h("p", { class: "soft small" }, t.lead)];
}

function body(found) {
  const t = usageWords();
  if (!found.total) return h("p", {}, t.none);
  const days = everyDay(found);
  const chart = (title, values, unit) => h("section", { class: "card" }, h("h2", {}, title), bars(days, values, title, unit));
  return [
    h("section", { class: "card" }, h("div", { class: "figures" }, figures(found).map(([name, value]) => h("div", {}, h("div", { class: "soft small" }, name), h("div", { class: "big" }, value))))),
    found.budget && h("section", { class: "card" }, h("h2", {}, `${t.budget} ${found.budget.month}`), h("p", {}, `${dollars(found.budget.spent_usd)} ${t.of} ${dollars(found.budget.limit_usd)}`),
      h("meter", { min: 0, max: Number(found.budget.limit_usd) || 1, value: Number(found.budget.spent_usd), "aria-label": t.budget })),
    Number(found.total.known_cost_usd) > 0 && chart(t.byDay, days.map((day) => Number(day.line?.known_cost_usd ?? 0)), (value) => dollars(value)),
    chart(t.callsByDay, days.map((day) => day.line?.requests ?? 0), (value) => number(value)),
    table(t.keys, t.key, found.keys), table(t.versions, t.version, found.versions),
  ];
}

function figures(found) {
  const t = usageWords(), sum = found.total;
  return [[t.cost, cost(sum)], [t.requests, number(sum.requests)], [t.errors, number(sum.errors)], [t.throttled, number(sum.throttled)], [t.slow, sum.p95_ms === null ? "–" : `${number(sum.p95_ms)} ms`]];
}

function everyDay(found) {
  const lines = new Map(found.days.map((line) => [line.name, line]));
  const days = [];
  for (let at = Date.parse(found.first_day); at <= Date.parse(found.last_day); at += 86400000) {
    const name = new Date(at).toISOString().slice(0, 10);
    days.push({ name, line: lines.get(name) });
  }
  return days;
}

function table(title, first, lines) {
  const t = usageWords();
  const heads = [first, t.requests, t.errors, t.throttled, t.tokensIn, t.tokensOut, t.images, t.cost];
  const row = (line) => [line.requests, line.errors, line.throttled, line.input_tokens, line.output_tokens, line.images].map((value) => h("td", { class: "number" }, number(value)));
  return h("section", { class: "card" }, h("h2", {}, title), h("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": title }, h("table", {}, h("thead", {}, h("tr", {}, heads.map((head) => h("th", { scope: "col", class: head === first ? null : "number" }, head)))),
    h("tbody", {}, lines.map((line) => h("tr", {}, h("th", { scope: "row" }, line.name), row(line), h("td", { class: "number" }, cost(line))))))));
}

function cost(line) {
  if (line.cost_usd !== null) return dollars(line.cost_usd);
  return Number(line.known_cost_usd) ? `${dollars(line.known_cost_usd)} + ${usageWords().unknown}` : usageWords().unknown;
}

function dollars(value) {
  const amount = Number(value);
  return money(amount, amount && amount < SMALL ? { maximumSignificantDigits: 2 } : { maximumFractionDigits: 2 });
}
