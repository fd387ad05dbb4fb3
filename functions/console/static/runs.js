// All runs, the most recently changed first.
import { get } from "./api.js";
import { h, show } from "./dom.js";
import { badge, follow, moment } from "./parts.js";
import { words } from "./texts.js";

const FEW = 20, MANY = 100;
let project = "", onlyOpen = false;

const page = (limit) => `runs?${new URLSearchParams({ limit: String(limit), ...(project && { project }), ...(onlyOpen && { state: "open" }) })}`;
export const FIRST_PAGE = page(FEW);

export function runs(place, me, current) {
  const t = words();
  const list = h("div", { "aria-live": "polite" });
  let shown = FEW;
  const again = () => { state.turn += 1; start(); };
  const state = { turn: 0 };
  const chooser = h("select", { id: "project", onchange: (event) => { project = event.target.value; again(); } },
    h("option", { value: "" }, t.allProjects), me.projects.map((name) => h("option", { value: name, selected: name === project }, name)));
  const open = h("input", { type: "checkbox", id: "open", checked: onlyOpen, onchange: (event) => { onlyOpen = event.target.checked; again(); } });
  open.style.width = "auto";
  show(place, h("h1", {}, t.runs),
    h("div", { class: "row" }, h("label", { for: "project", class: "small" }, t.project), chooser, open, h("label", { for: "open", class: "small" }, t.onlyOpen)), list);
  const start = () => {
    const mine = state.turn;
    return follow(() => current() && mine === state.turn, () => get(page(shown)), (found) => {
      const more = found.has_more && shown < MANY && h("button", { type: "button", onclick: () => { shown = MANY; again(); } }, t.more);
      show(list, runList(found), more);
    }, list);
  };
  return start();
}

export const runList = (found) => (found.data.length ? h("ul", { class: "runs" }, found.data.map(entry)) : h("p", { class: "card soft" }, words().noRuns));

function entry(found) {
  const t = words();
  return h("li", {}, h("a", { href: `#/runs/${found.id}` },
    h("span", { class: "name" }, `${found.project} / ${found.dataset}`), badge(found.state),
    h("span", { class: "soft small" }, `${found.method} · ${found.model} · `, moment(found.changed_at)), h("span"),
    found.reason && h("span", { class: "why small" }, found.reason)));
}
