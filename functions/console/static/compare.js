// Two runs of a project beside each other: figures, settings that differ, losses, and the questions that one answers better.
import { get } from "./api.js";
import { losses } from "./chart.js";
import { compareWords } from "./compare-texts.js";
import { h, show } from "./dom.js";
import { badge, dollars, moment, number, percent } from "./parts.js";
import { language, words } from "./texts.js";

const path = (id) => `runs/${encodeURIComponent(id)}`;

// Where a run's page lets its reader choose the other one.
export function compareWith(found) {
  const t = compareWords();
  const place = h("div");
  const name = (run) => `${run.dataset} · ${run.id.slice(-12)} · ${words().states[run.state] ?? run.state}`;
  get(`runs?${new URLSearchParams({ project: found.project, limit: "50" })}`).then(({ data }) => {
    const others = data.filter((run) => run.id !== found.id);
    const choice = h("select", { id: "other", onchange: () => { if (choice.value) location.hash = `#/compare/${found.id}/${choice.value}`; } },
      h("option", { value: "" }, t.choose), others.map((run) => h("option", { value: run.id }, name(run))));
    show(place, others.length ? h("div", { class: "row" }, h("label", { for: "other", class: "small" }, t.with), choice) : null);
  }).catch(() => {}); // the run's own page tells what is wrong
  return place;
}

export async function compare(place, me, current, asked) {
  const [first, second] = asked.split("/");
  const curve = (id) => get(`${path(id)}/curve`).catch((error) => { if (error.code === "not_ready") return null; throw error; });
  const [found, ...curves] = await Promise.all([get(`${path(first)}/comparison?${new URLSearchParams({ other: second ?? "" })}`), curve(first), curve(second ?? first)]);
  if (!current()) return;
  const t = compareWords();
  show(place, h("h1", {}, `${t.title}: ${found.project}`), figures(found.runs), recipe(found.recipe), chart(found.runs, curves), questions(found));
}

const letters = () => [compareWords().first, compareWords().second];

function scrolled(title, content) {
  return h("section", { class: "card" }, h("h2", {}, title), h("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": title }, content));
}

function figures(runs) {
  const t = compareWords();
  const share = (value) => (value === null || value === undefined ? "–" : percent(value));
  const plain = (value) => (value === null || value === undefined ? "–" : new Intl.NumberFormat(language.code, { maximumSignificantDigits: 3 }).format(value));
  const gain = ({ evaluation }) => (evaluation ? [share(evaluation.difference), evaluation.interval && h("div", { class: "soft small" }, `${share(evaluation.interval[0])} ${words().upTo} ${share(evaluation.interval[1])}`)] : "–");
  const cost = ({ cost: amounts }) => (amounts ? (amounts[0] === amounts[2] ? dollars(amounts[1]) : `${dollars(amounts[0])} ${words().upTo} ${dollars(amounts[2])}`) : words().unknown);
  const rows = [
    [t.state, (run) => badge(run.state)], [t.data, (run) => run.dataset], [t.model, (run) => `${run.model}, ${run.method}`], [t.trainRows, (run) => (run.train_rows === null ? "–" : number(run.train_rows))],
    [t.custom, (run) => h("strong", {}, share(run.evaluation?.candidate))], [t.base, (run) => (run.evaluation ? `${share(run.evaluation.baseline)} (${words().arms[run.evaluation.baseline_arm] ?? words().baseline})` : "–")], [t.gain, gain], [t.metric, (run) => run.evaluation?.metric ?? "–"],
    [t.cost, cost], [t.loss, (run) => plain(run.training_loss)], [t.validation, (run) => plain(run.validation_loss)], [t.started, (run) => moment(run.created_at)],
  ];
  const head = runs.map((run, at) => h("th", { scope: "col" }, `${letters()[at]}: `, h("a", { href: `#/${path(run.id)}` }, run.id)));
  return scrolled(t.figures, h("table", { class: "pair" }, h("thead", {}, h("tr", {}, h("td"), head)), h("tbody", {}, rows.map(([name, value]) => h("tr", {}, h("th", { scope: "row" }, name), runs.map((run) => h("td", {}, value(run))))))));
}

function recipe(differences) {
  const t = compareWords();
  if (!differences.length) return h("section", { class: "card" }, h("h2", {}, t.recipe), h("p", { class: "soft" }, t.sameRecipe));
  const value = (text) => h("td", {}, text === null ? h("span", { class: "soft" }, t.unset) : text);
  return scrolled(t.recipe, h("table", { class: "pair" }, h("thead", {}, h("tr", {}, h("th", { scope: "col" }, t.setting), letters().map((letter) => h("th", { scope: "col" }, letter)))),
    h("tbody", {}, differences.map((each) => h("tr", {}, h("th", { scope: "row", class: "code" }, each.setting), each.values.map(value))))));
}

// Both charts have one scale, so that they can be compared by looking.
function chart(runs, curves) {
  const t = compareWords(), w = words();
  const points = curves.filter(Boolean).flatMap((curve) => [...curve.training, ...curve.validation]);
  if (!points.length) return null;
  const scale = { high: Math.max(...points.map((point) => point.loss ?? 0)), last: Math.max(...points.map((point) => point.step)) };
  const names = { training: w.train, validation: w.validation, step: w.step };
  return h("section", { class: "card" }, h("h2", {}, t.losses), h("div", { class: "columns" }, runs.map((run, at) => h("div", {}, h("h3", {}, `${letters()[at]}: ${run.dataset}`),
    curves[at] ? [losses(curves[at], names, scale), h("p", { class: "small soft" }, curves[at].sentence)] : h("p", { class: "soft" }, t.noLosses)))));
}

function questions({ questions: found, no_questions: why }) {
  const t = compareWords();
  if (!found) return h("section", { class: "card" }, h("h2", {}, t.questions), h("p", { class: "soft" }, t.missing[why]));
  const figure = (name, ...value) => h("div", {}, h("div", { class: "soft small" }, name), h("div", { class: "big" }, ...value));
  const points = (value) => new Intl.NumberFormat(language.code, { style: "percent", maximumFractionDigits: 1, signDisplay: "exceptZero" }).format(value);
  const told = found.interval ? `${points(found.interval[0])} ${words().upTo} ${points(found.interval[1])} (${t.about})` : "";
  return h("section", { class: "card" }, h("h2", {}, t.questions), h("p", {}, t.shared(number(found.shared))),
    h("div", { class: "figures" }, letters().map((letter, at) => figure(letter, percent(found.scores[at]), h("div", { class: "soft small plain-weight" }, `${number(found.better[at])} ${t.better}`))), figure(t.difference, points(found.difference), h("div", { class: "soft small plain-weight" }, told))),
    h("p", { class: "soft small" }, t.decides), found.rows.length ? h("ul", { class: "plain" }, found.rows.map(question)) : h("p", { class: "soft" }, t.equal),
    found.has_more && h("p", { class: "soft small" }, t.only(number(found.rows.length))));
}

function question(found) {
  const t = compareWords(), best = Math.max(...found.answers.map((answer) => answer.score));
  const answer = ({ text, score }, at) => h("div", { class: "said" }, h("span", { class: `badge ${score === best ? "good" : "bad"}` }, `${letters()[at]} · ${percent(score)}`), " ", text);
  return h("li", { class: "question" }, h("p", {}, h("strong", {}, found.question)), h("p", { class: "soft small" }, `${found.group} · ${t.expected}: ${found.references.join(" | ")}`), h("div", { class: "columns" }, found.answers.map(answer)));
}
