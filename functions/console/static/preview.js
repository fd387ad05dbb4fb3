// After the upload: what the first rows show, what the columns mean, and the start of the run.
import { post } from "./api.js";
import { h, show } from "./dom.js";
import { dollars, failure, number } from "./parts.js";
import { words } from "./texts.js";
import { forget } from "./upload.js";
import { uploadWords } from "./upload-texts.js";

const SEVERITIES = ["error", "warning", "info"];

export async function preview(place, path, current) {
  const t = uploadWords();
  const shown = h("div");
  const state = { seen: null, columns: {}, askFirst: true, recipe: null };
  const heading = h("h1", { tabindex: "-1" }, t.preview);
  show(place, heading, h("p", { class: "soft" }, path.replace("/", " / ")), h("p", { class: "message good", role: "status" }, t.allThere), shown);
  heading.focus();
  const look = async () => {
    show(shown, h("p", { class: "soft", role: "status" }, t.looking));
    try {
      state.seen = await post(`uploads/${path}/preview`, wanted(state));
    } catch (error) {
      state.seen = null;
      if (error.status > 0 && error.status < 500) return current() && show(shown, failure(error), start(place, path, state));
    }
    if (!current()) return;
    if (state.seen) show(shown, ...found(state, look), start(place, path, state));
    else show(shown, h("p", { class: "message", role: "alert" }, t.noPreview), start(place, path, state));
  };
  await look();
}

const wanted = ({ columns, recipe }) => ({ columns, ...(recipe === null ? {} : { recipe }) });

function found(state, look) {
  const { seen } = state, t = uploadWords();
  const counts = `${number(seen.checked)} ${words().rows}, ${number(seen.rejected)} ${words().rejected}`;
  const told = seen.whole ? `${seen.usable ? t.mayStart : t.cantUse} ${seen.headline}` : counts;
  return [
    h("section", { class: "card" }, h("h2", {}, seen.whole ? t.allChecked : t.previewOf),
      h("p", { class: seen.usable === false || seen.rejected ? "message bad" : "soft" }, told),
      seen.findings.length ? [h("h3", {}, t.ofDataset), remarks(firstOfEach(seen.findings))] : null),
    ...seen.files.map((file, place) => table(file, place, state, look)),
    recipe(state, look),
    quote(seen.quote),
  ];
}

// One finding of each code: what many files share is said once.
const firstOfEach = (findings) => [...new Map(findings.toReversed().map((found) => [found.code, found])).values()];

function remarks(findings) {
  const sorted = [...findings].sort((one, other) => SEVERITIES.indexOf(one.severity) - SEVERITIES.indexOf(other.severity));
  return h("ul", { class: "remarks" }, sorted.map(({ severity, message, fix }) => h("li", {},
    h("span", { class: `badge ${{ error: "bad", warning: "wait", info: "off" }[severity]}` }, words().severity[severity]), ` ${message}. `, h("span", { class: "soft" }, fix))));
}

function table(file, place, state, look) {
  const t = uploadWords();
  const pictures = file.rows.some((row) => row.pictures.length);
  const head = file.columns.map((column, at) => {
    const id = `role-${place}-${at}`;
    const options = [["", t.notUsed], ...Object.entries(t.roles)].map(([role, name]) => h("option", { value: role, selected: role === (column.role ?? "") }, name));
    const select = h("select", { id, onchange: () => {
      for (const [role, name] of Object.entries(state.columns)) if (name === column.name) delete state.columns[role];
      if (select.value) state.columns[select.value] = column.name;
      look();
    } }, options);
    return h("th", { scope: "col" }, h("label", { for: id, title: column.fate }, column.name), select);
  });
  const rows = file.rows.map((row) => h("tr", {}, h("td", { class: "number" }, row.line),
    pictures ? h("td", {}, row.pictures.map((picture) => h("img", { class: "thumb", src: picture, alt: "" }))) : null,
    row.cells.map((cell) => h("td", {}, cell)), h("td", { class: "said" }, row.findings.length ? remarks(row.findings) : h("span", { class: "soft" }, t.fine))));
  return h("section", { class: "card" }, h("h2", {}, file.name), h("p", { class: "small soft" }, t.recognised),
    h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": file.name }, h("table", { class: "sample" },
      h("thead", {}, h("tr", {}, h("th", { scope: "col" }, t.line), pictures ? h("th", { scope: "col" }, t.roles.image) : null, head, h("th", { scope: "col" }, t.remarks))),
      h("tbody", {}, rows))));
}

function recipe(state, look) {
  const t = uploadWords();
  const text = h("textarea", { id: "recipe", class: "code", spellcheck: "false", rows: 8, "aria-describedby": "recipe-hint" });
  text.value = state.seen.recipe;
  const again = h("button", { type: "button", onclick: () => { state.recipe = text.value; state.columns = {}; look(); } }, t.lookAgain);
  const problems = state.seen.recipe_problems;
  return h("section", { class: "card" },
    h("details", { open: problems.length > 0 }, h("summary", {}, `${t.recipe}: ${state.seen.model}, ${state.seen.method}`),
      problems.length ? h("div", { class: "message bad", role: "alert" }, h("p", {}, t.unreadRecipe), h("ul", {}, problems.map((each) => h("li", {}, each)))) : null,
      h("label", { for: "recipe" }, "tailor.yaml"), text, h("p", { id: "recipe-hint", class: "small soft" }, t.recipeHint), again));
}

function quote(found) {
  const t = uploadWords(), w = words();
  if (!found) return h("p", { class: "soft" }, t.priceLater);
  const amount = ({ low, high }) => (low === null ? w.unknown : low === high ? dollars(low) : `${dollars(low)} ${w.upTo} ${dollars(high)}`);
  return h("section", { class: "card" }, h("h2", {}, w.cost), h("table", {}, h("thead", {}, h("tr", {}, h("th", { scope: "col" }, w.item), h("th", { class: "number", scope: "col" }, w.amount))),
    h("tbody", {}, found.lines.map((line) => h("tr", {}, h("td", {}, line.title, " ", h("span", { class: "soft small" }, w[line.every])), h("td", { class: "number" }, amount(line)))))));
}

function start(place, path, state) {
  const t = uploadWords();
  const problem = h("div");
  const ask = h("input", { type: "checkbox", id: "ask-first", checked: state.askFirst, onchange: () => { state.askFirst = ask.checked; } });
  const go = h("button", { type: "button", class: "primary", onclick: async () => {
    go.disabled = true;
    show(problem, h("p", { class: "soft", role: "status" }, t.starting));
    try {
      await post(`uploads/${path}/done`, { ...wanted(state), ask_first: ask.checked });
    } catch (error) {
      go.disabled = false;
      return show(problem, failure(error));
    }
    forget(path);
    const done = h("h1", { tabindex: "-1" }, t.started);
    show(place, done, h("p", { class: "soft" }, t.priceLater), h("p", {}, h("a", { class: "button", href: "#/runs" }, t.toRuns)));
    done.focus();
  } }, t.start);
  return h("section", { class: "card" }, h("label", { class: "check", for: "ask-first" }, ask, t.askFirst), problem, h("p", {}, go));
}
