// One run: where it is, what it costs, what came of it, and what can be done.
import { get } from "./api.js";
import { losses } from "./chart.js";
import { compareWith } from "./compare.js";
import { h, show } from "./dom.js";
import { action, badge, dollars, follow, moment, number, percent, points, span } from "./parts.js";
import { language, words } from "./texts.js";

const STAGE = {
  received: 0, preparing: 0, prepared: 0, rejected: 0, "awaiting-approval": 1, approved: 2, declined: 1, training: 2, "training-failed": 2,
  trained: 3, deploying: 3, "deploy-failed": 3, restoring: 3, paused: 5, deployed: 4, evaluating: 4, "evaluation-failed": 4, passed: 5, failed: 4, inconclusive: 4, live: 5, standby: 5, retired: 5,
};
const ENDED = new Set(["rejected", "declined", "training-failed", "deploy-failed", "evaluation-failed", "failed", "stopped", "superseded", "retired"]);

export function run(place, me, current, id) {
  const path = `runs/${encodeURIComponent(id)}`;
  const optional = (part) => get(`${path}/${part}`).catch((error) => { if (error.code === "not_ready") return null; throw error; });
  let seen = { changes: 0 };
  // Findings change only with the run's history, and losses while it trains: neither is read again and again.
  const load = async () => {
    const found = await get(path), changes = found.timeline.length;
    if (changes !== seen.changes || found.state === "training") {
      const same = changes === seen.changes;
      const [curve, findings] = await Promise.all([found.job ? optional("curve") : null, same ? seen.findings : found.data ? optional("findings") : null]);
      seen = { changes, curve, findings };
    }
    return { found, curve: seen.curve, findings: seen.findings };
  };
  const again = () => { location.hash = "#/runs"; location.hash = `#/runs/${id}`; };
  return follow(current, load, ({ found, curve, findings }) => show(place, page(found, curve, findings, me, again)), place);
}

function page(found, curve, findings, me, again) {
  const t = words();
  const may = (name) => me.scopes.includes(["approve", "decline"].includes(name) ? "approve" : "operate") || (name === "retry" && me.scopes.includes("approve"));
  const last = found.timeline.at(-1);
  return [
    h("p", { class: "small" }, h("a", { href: "#/runs" }, `← ${t.back}`)),
    h("div", { class: "row" }, h("h1", { class: "grow" }, `${found.project} / ${found.dataset}`), badge(found.state)),
    h("p", { class: "soft small" }, `${found.id} · ${found.origin ? t.adopted : found.method} · ${found.model} · ${t.started} `, moment(found.created_at)),
    stages(found),
    last.reason && h("p", {}, last.reason),
    found.waits && h("p", { class: "message" }, `${t.waits}: ${found.waits.message}`),
    found.origin && h("p", { class: "message" }, `${t.origin}: ${found.origin}`),
    found.newer && h("p", { class: "message" }, `${t.newer} `, h("a", { href: `#/runs/${found.newer}` }, found.newer)),
    found.answer_by && h("p", { class: "message" }, `${t.decideBy} `, moment(found.answer_by)),
    h("div", { class: "row acts" }, found.actions.filter(may).map((name) => action(name, `runs/${encodeURIComponent(found.id)}/${name}`, `${found.project} / ${found.dataset}`, again))),
    found.evaluation && evaluation(found.evaluation),
    h("div", { class: "flow" }, found.quote && cost(found.quote), found.data && data(found.data), reports(found.links), timeline(found.timeline)),
    found.job && !found.origin && h("section", { class: "card" }, h("h2", {}, t.training), training(curve)),
    findings && report(findings),
    compareWith(found),
  ];
}

function stages(found) {
  const t = words();
  const states = found.timeline.map((change) => change.state);
  const reached = Math.max(...states.map((state) => STAGE[state] ?? 0));
  const at = STAGE[found.state] ?? reached;
  const mark = (place) => (place === at ? (ENDED.has(found.state) ? "ended" : found.state === "live" ? "done" : "now") : place < at ? "done" : "");
  return h("ol", { class: "stages" }, t.stages.map((name, place) => h("li", { class: mark(place), "aria-current": place === at ? "step" : null }, name)));
}

function timeline(changes) {
  const t = words();
  const took = (place) => place + 1 < changes.length && ` · ${span((new Date(changes[place + 1].at) - new Date(changes[place].at)) / 1000)}`;
  const entries = changes.map((change, place) => h("li", {}, h("strong", {}, t.states[change.state] ?? change.state), h("span", { class: "soft small" }, took(place)),
    h("div", { class: "soft small" }, moment(change.at), ` · ${change.by}`), change.reason && h("div", { class: "small" }, change.reason)));
  return h("section", { class: "card" }, h("h2", {}, t.timeline), h("ol", { class: "timeline" }, entries));
}

function amount(low, high) {
  if (low === null || high === null) return words().unknown;
  return Number(low) === Number(high) ? dollars(low) : `${dollars(low)} ${words().upTo} ${dollars(high)}`;
}

function cost(quote) {
  const t = words();
  const lines = quote.lines.map((line) => h("tr", {}, h("td", {}, line.title, h("div", { class: "soft small" }, line.how)),
    h("td", { class: "number" }, amount(line.low, line.high), h("div", { class: "soft small" }, t[line.every]))));
  return h("section", { class: "card" }, h("h2", {}, t.cost),
    h("div", { class: "scroll" }, h("table", {}, h("thead", {}, h("tr", {}, h("th", { scope: "col" }, t.item), h("th", { scope: "col", class: "number" }, t.amount))), h("tbody", {}, lines))),
    quote.advice.map((text) => h("p", { class: "message" }, text)));
}

function data(found) {
  const t = words();
  const names = ["rows", "train", "validation", "test", "rejected"].filter((name) => found.counts[name]);
  return h("section", { class: "card" }, h("h2", {}, t.data), h("p", {}, found.headline),
    h("dl", {}, names.map((name) => [h("dt", {}, t[name]), h("dd", {}, number(found.counts[name]))])));
}

function reports(links) {
  const t = words();
  const link = (address, name) => address && h("a", { class: "button", href: address, target: "_blank", rel: "noopener noreferrer" }, name);
  if (!links.data_report && !links.evaluation_report) return null;
  return h("section", { class: "card" }, h("h2", {}, t.reports),
    h("div", { class: "row" }, link((language.code === "vi" && links.data_report_vi) || links.data_report, t.dataReport), link((language.code === "vi" && links.evaluation_report_vi) || links.evaluation_report, t.evaluationReport),
      link(links.labels, t.labels)), h("p", { class: "soft small" }, t.linkHint));
}

function evaluation(found) {
  const t = words();
  const shown = (value) => (value === null ? "–" : percent(value));
  const figure = (name, text) => h("div", {}, h("div", { class: "soft small" }, name), h("div", { class: "big" }, text));
  const interval = found.interval && `${points(found.interval[0])} ${t.upTo} ${points(found.interval[1])}`;
  return h("section", { class: "card" }, h("h2", {}, t.evaluation), h("p", {}, found.headline || t.verdicts[found.verdict]),
    h("div", { class: "figures" }, figure(t.candidate, shown(found.candidate)), figure(t.arms[found.baseline_arm] ?? t.baseline, shown(found.baseline)), figure(t.difference, found.difference === null ? "–" : points(found.difference))),
    h("p", { class: "soft small" }, [found.metric, interval, found.rows && `${t.on} ${number(found.rows)} ${t.heldOut}`].filter(Boolean).join(" · ")),
    found.reasons.length > 0 && h("ul", { class: "small" }, found.reasons.map((text) => h("li", {}, text))));
}

function training(curve) {
  const t = words();
  if (!curve) return h("p", { class: "soft" }, t.noCurve);
  return [losses(curve, { training: t.train, validation: t.validation, step: t.step }), h("p", {}, curve.sentence), curve.advice && h("p", { class: "soft" }, curve.advice)];
}

function report(findings) {
  const t = words();
  if (!findings.data.length) return h("section", { class: "card" }, h("h2", {}, t.findings), h("p", { class: "soft" }, t.noFindings));
  const tones = { error: "bad", warning: "wait", info: "off" };
  const rows = findings.data.map((found) => h("tr", {}, h("td", {}, h("span", { class: `badge ${tones[found.severity]}` }, t.severity[found.severity])),
    h("td", {}, found.message, h("div", { class: "soft small" }, `${t.fix}: ${found.fix}`)),
    h("td", { class: "small place" }, found.file, found.lines.length > 0 && h("div", { class: "soft" }, `${t.lines} ${found.lines.slice(0, 5).join(", ")}${found.count > 5 ? "…" : ""}`))));
  return h("section", { class: "card" }, h("h2", {}, t.findings), h("div", { class: "scroll" }, h("table", {}, h("tbody", {}, rows))));
}
