// New dataset: choose files, send them, look at the first rows, start the run.
import { get, post } from "./api.js";
import { h, show } from "./dom.js";
import { chosen, dropped, suggested } from "./files.js";
import { failure, moment, number, span } from "./parts.js";
import { preview } from "./preview.js";
import { language, words } from "./texts.js";
import { Uploader } from "./uploader.js";
import { uploadWords } from "./upload-texts.js";

const SHOWN_FILES = 6;
const DRAWN_EVERY = 250; // milliseconds
let uploader = null; // it goes on while other views are looked at

addEventListener("beforeunload", (event) => {
  if (uploader && ["sending", "paused", "failed"].includes(uploader.state)) event.preventDefault();
});

export const mayUpload = (me) => me.scopes.includes("upload") || me.scopes.includes("operate");

export async function upload(place, me, current, path) {
  const t = uploadWords();
  if (!mayUpload(me)) return show(place, h("h1", {}, t.title), h("p", { class: "message" }, t.noUpload));
  if (uploader && uploader.path === path) return follow(place, current);
  const [project, dataset] = path.split("/");
  let open = null;
  if (project && dataset) {
    open = await get(`uploads/${path}`).catch((error) => (error.status === 404 ? null : Promise.reject(error)));
    if (!current()) return;
    if (open && !open.remaining.length) return preview(place, path, current);
  }
  choose(place, me, current, { project, dataset, open });
}

const bytes = (size) => {
  const units = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"];
  const step = Math.min(units.length - 1, size < 1000 ? 0 : Math.floor(Math.log10(size) / 3));
  return new Intl.NumberFormat(language.code, { style: "unit", unit: units[step], unitDisplay: "short", maximumSignificantDigits: 3 }).format(size / 1000 ** step);
};

function choose(place, me, current, { project, dataset, open }) {
  const t = uploadWords();
  const projects = h("select", { id: "project" }, me.projects.map((name) => h("option", { value: name, selected: name === project }, name)));
  const name = h("input", { id: "dataset", required: true, maxlength: 63, pattern: "[a-z0-9]+(-[a-z0-9]+)*", autocomplete: "off", "aria-describedby": "dataset-hint", value: dataset ?? "" });
  const folder = h("input", { type: "file", id: "folder", class: "away", tabindex: "-1", "aria-hidden": "true", webkitdirectory: true, multiple: true, onchange: () => take(chosen(folder)) });
  const single = h("input", { type: "file", id: "files", class: "away", tabindex: "-1", "aria-hidden": "true", multiple: true, onchange: () => take(chosen(single)) });
  const summary = h("div", { "aria-live": "polite" });
  const problem = h("div");
  const go = h("button", { class: "primary", disabled: true }, t.upload);
  const zone = h("div", { class: "drop" },
    h("p", { class: "big-hint" }, t.drop), h("p", { class: "soft" }, t.or),
    h("p", { class: "row center" },
      h("button", { type: "button", onclick: () => folder.click() }, t.chooseFolder),
      h("button", { type: "button", onclick: () => single.click() }, t.chooseFiles)), folder, single);
  let files = null;
  const take = (found) => {
    if (!found.size) return;
    files = found;
    const [first] = found.keys();
    const top = folder.files[0]?.webkitRelativePath.split("/")[0];
    if (!name.value) name.value = suggested(found.size === 1 ? first : top ?? first.split("/")[0]);
    const size = [...found.values()].reduce((sum, file) => sum + file.size, 0);
    show(summary, h("p", {}, `${t.chosen}: `, h("strong", {}, `${number(found.size)} ${t.files}, ${bytes(size)}`)));
    go.disabled = false;
  };
  for (const kind of ["dragenter", "dragover"]) zone.addEventListener(kind, (event) => { event.preventDefault(); zone.classList.add("over"); });
  zone.addEventListener("dragleave", () => zone.classList.remove("over"));
  zone.addEventListener("drop", async (event) => {
    event.preventDefault();
    zone.classList.remove("over");
    take(await dropped(event.dataTransfer));
  });
  const begin = async (replace) => {
    go.disabled = true;
    const path = `${projects.value}/${name.value}`;
    const made = new Uploader(path, files, () => made.draw?.());
    try {
      await made.begin(replace);
    } catch (error) {
      go.disabled = false;
      const conflict = error.code === "upload_conflict";
      return show(problem, conflict ? h("p", { class: "message", role: "alert" }, `${t.conflict} `, h("button", { type: "button", onclick: () => begin(true) }, t.replace)) : failure(error));
    }
    uploader = made;
    history.replaceState(null, "", `#/upload/${path}`);
    if (current()) follow(place, current);
  };
  show(place, h("h1", {}, t.title), h("p", { class: "soft" }, t.lead), open && unfinished(open),
    h("form", { class: "card", onsubmit: (event) => { event.preventDefault(); begin(false); } },
      h("div", { class: "columns" },
        h("div", {}, h("label", { for: "project" }, words().project), projects),
        h("div", {}, h("label", { for: "dataset" }, t.dataset), name, h("p", { id: "dataset-hint", class: "small soft" }, t.datasetHint))),
      zone, summary, problem, h("p", {}, go)));
}

function unfinished(open) {
  const t = uploadWords();
  return h("div", { class: "message", role: "status" }, h("strong", {}, t.unfinished), ` (${number(open.files)} ${t.files}, ${bytes(open.bytes)}; ${t.begun} `, moment(open.begun_at),
    `; ${bytes(open.bytes - open.remaining_bytes)} ${t.arrived}). `, t.again);
}

// Shows the upload that goes on. Only what changes is drawn anew, so that focus stays where it is.
function follow(place, current) {
  const t = uploadWords();
  const mine = uploader;
  const bar = h("progress", { max: mine.total || 1, "aria-label": t.progress });
  const figures = h("p", { class: "soft" }), told = h("p", { role: "status" }), files = h("ul", { class: "uploads" }), problem = h("div");
  const steer = h("button", { type: "button", onclick: () => (mine.state === "sending" ? mine.pause() : mine.go()) });
  const ignored = mine.known.ignored.length;
  show(place, h("h1", {}, t.title), h("p", { class: "soft" }, mine.path.replace("/", " / ")),
    h("section", { class: "card" }, h("h2", {}, t.progress), bar, figures, told, problem, h("p", {}, steer),
      ignored ? h("p", { class: "small soft" }, `${t.ignoredFiles} ${number(ignored)}`) : null),
    h("section", { class: "card" }, h("h2", {}, t.perFile), files));
  let drawn = 0, later = null;
  const draw = () => {
    if (!current() || uploader !== mine) return;
    if (mine.state === "arrived") return preview(place, mine.path, current);
    const due = drawn + DRAWN_EVERY - performance.now();
    clearTimeout(later);
    if (due > 0) {
      later = setTimeout(draw, due);
      return;
    }
    drawn = performance.now();
    bar.value = mine.total ? mine.sent : 1;
    const left = mine.state === "sending" && mine.secondsLeft !== null ? `, ${span(mine.secondsLeft)} ${t.left}` : "";
    figures.textContent = `${bytes(mine.sent)} / ${bytes(mine.total)}${left}`;
    const state = { sending: t.sending, paused: t.pausing, failed: t.broken }[mine.state];
    if (told.textContent !== state) told.textContent = state;
    steer.textContent = { sending: t.pause, paused: t.resume, failed: t.retry }[mine.state];
    show(problem, mine.state === "failed" && reason(mine.error));
    show(files, ...rows(mine));
  };
  mine.draw = draw;
  draw();
}

function reason(error) {
  const t = uploadWords();
  if (error instanceof DOMException) return h("p", { class: "message bad", role: "alert" }, t.unreadable);
  if (error.status === 403 || error.status === 400) return h("p", { class: "message bad", role: "alert" }, t.refused);
  return failure(error);
}

function rows(mine) {
  const t = uploadWords();
  const moving = [], waiting = [];
  for (const [name, { sent, total }] of mine.byFile) if (sent < total) (sent ? moving : waiting).push([name, sent, total]);
  const shown = [...moving, ...waiting].slice(0, SHOWN_FILES);
  const found = shown.map(([name, sent, total]) => h("li", {}, h("span", { class: "name" }, name),
    h("span", { class: "soft small" }, sent ? `${bytes(sent)} / ${bytes(total)}` : `${bytes(total)}, ${t.waiting}`),
    h("progress", { max: total, value: sent, "aria-label": name })));
  const rest = moving.length + waiting.length - shown.length, there = mine.byFile.size - moving.length - waiting.length;
  found.push(h("li", { class: "soft small" }, [rest ? `${number(rest)} ${t.more}` : "", `${number(there)} / ${number(mine.byFile.size)} ${t.there}`].filter(Boolean).join("; ")));
  return found;
}

export function forget(path) {
  if (uploader?.path === path) uploader = null;
}
