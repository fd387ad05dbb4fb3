// What each project's name leads to.
import { get } from "./api.js";
import { h, show } from "./dom.js";
import { action, follow } from "./parts.js";
import { words } from "./texts.js";
import { usageWords } from "./usage-texts.js";

export function serving(place, me, current) {
  const load = () => Promise.all(me.projects.map((name) => get(`models/${encodeURIComponent(name)}/service`)));
  const again = () => { location.hash = "#/runs"; location.hash = "#/serving"; };
  return follow(current, load, (found) => show(place, h("h1", {}, words().serving), found.map((each) => card(each, me, again))), place);
}

function card(found, me, again) {
  const t = words();
  const may = me.scopes.includes("operate");
  const link = (id) => h("a", { href: `#/runs/${id}` }, id);
  const back = (id) => may && action("rollback", `models/${encodeURIComponent(found.id)}/rollback`, id, again, { to: id });
  return h("section", { class: "card" }, h("h2", {}, found.id),
    found.offline_reason !== null && h("p", { class: "message bad" }, `${t.offlineBecause} ${found.offline_reason}`),
    h("div", { class: "row" }, h("div", { class: "grow" }, found.live ? [`${t.live}: `, link(found.live)] : t.nothingLive),
      h("a", { href: `#/usage/${encodeURIComponent(found.id)}` }, usageWords().title),
      found.live && may && action("offline", `models/${encodeURIComponent(found.id)}/offline`, found.id, again)),
    found.previous.length > 0 && [h("p", { class: "soft small" }, t.previous),
      found.previous.map((id) => h("div", { class: "row" }, h("div", { class: "grow" }, link(id)), back(id)))]);
}
