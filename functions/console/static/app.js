// The page's frame: who is signed in, where the address points, and when to look again.
import { ahead, get, session } from "./api.js";
import { h, show } from "./dom.js";
import { failure } from "./parts.js";
import { FIRST_PAGE, runList, runs } from "./runs.js";
import { language, words } from "./texts.js";

const EVERY = 5000;
// What is seen first is there at once; the other views come when they are looked at.
const VIEWS = {
  runs: async (...given) => (given.at(-1) ? (await import("./run.js")).run(...given) : runs(...given)),
  upload: async (...given) => (await import("./upload.js")).upload(...given),
  serving: async (...given) => (await import("./serving.js")).serving(...given),
  usage: async (...given) => (await import("./usage.js")).usage(...given),
  playground: async (...given) => (await import("./playground.js")).playground(...given),
  keys: async (...given) => (await import("./keys.js")).keys(...given),
  compare: async (...given) => (await import("./compare.js")).compare(...given),
};
let me = null;
let turn = 0;

const may = (...scopes) => scopes.some((scope) => me.scopes.includes(scope));

function takeKeyFromAddress() {
  const found = /^#key=(.+)$/.exec(location.hash);
  if (!found) return;
  session.key = decoded(found[1]);
  history.replaceState(null, "", location.pathname);
}

function frame(...content) {
  const t = words();
  const [view] = place();
  const link = (name) => h("a", { href: `#/${name}`, "aria-current": view === name ? "page" : null }, t[name]);
  const other = language.code === "vi" ? "en" : "vi";
  const switchLanguage = () => { language.code = other; draw(); };
  document.documentElement.lang = language.code;
  show(document.body,
    h("a", { class: "skip", href: "#content", onclick: (event) => { event.preventDefault(); document.getElementById("content").focus(); } }, t.skip),
    h("header", { class: "top" },
      h("div", { class: "brand" }, h("img", { src: "console/icon.svg", alt: "" }), "Tailor"),
      me ? h("nav", { "aria-label": "Tailor" }, link("runs"), may("upload", "operate") && link("upload"), link("serving"), may("keys") && link("keys"), link("playground")) : h("div", { class: "grow" }),
      h("button", { type: "button", lang: other, onclick: switchLanguage }, t.language),
      me && h("button", { type: "button", onclick: signOut }, t.signOut)),
    h("main", { id: "content", tabindex: "-1" }, ...content));
}

function signOut() {
  session.key = null;
  me = null;
  draw();
}

function signIn(problem) {
  const t = words();
  const field = h("input", { id: "key", type: "password", autocomplete: "off", required: true });
  const submit = (event) => { event.preventDefault(); session.key = field.value.trim(); draw(); };
  frame(h("div", { class: "card" },
    h("h1", {}, t.signIn), h("p", { class: "soft" }, t.signInLead), problem && failure(problem),
    h("form", { onsubmit: submit }, h("label", { for: "key" }, t.key), field,
      h("p", { class: "small soft" }, t.howKey), h("button", { class: "primary" }, t.open))));
  field.focus();
}

// An address that was cut or typed wrongly may hold half a character: it names nothing, and is no reason to stop.
function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function place() {
  const [view, ...rest] = location.hash.replace(/^#\//, "").split("/").map(decoded);
  return [VIEWS[view] ? view : "runs", rest.join("/")];
}

async function draw() {
  const mine = ++turn; // a view that was left must not draw any more
  const current = () => mine === turn;
  if (!session.key) return signIn();
  try {
    me ??= await firstLook(current);
  } catch (error) {
    if (!current()) return;
    if (error.status !== 401) return frame(failure(error), retryLater(current));
    session.key = null;
    return signIn(error);
  }
  if (!current()) return;
  if (!location.hash) history.replaceState(null, "", `#/${landing()}`);
  const [view, id] = place();
  document.title = `${id || words()[view]} · Tailor`;
  frame(h("p", { class: "soft" }, words().loading));
  const content = document.getElementById("content");
  content.focus({ preventScroll: true });
  try {
    await VIEWS[view](content, me, current, id);
  } catch (error) {
    if (current()) show(content, failure(error));
  }
}

// The runs come first, by a request of their own: another one beside it might wait for a second function to start.
async function firstLook(current) {
  if (place().join("") === "runs") {
    const found = await ahead(FIRST_PAGE);
    if (found && current()) frame(h("h1", {}, words().runs), runList(found));
  }
  return get("key");
}

// Where a key leads that can't see runs: to what it can do.
function landing() {
  if (may("read", "approve", "operate")) return "runs";
  return may("chat") ? "playground" : may("upload") ? "upload" : "keys";
}

function retryLater(current) {
  setTimeout(() => current() && draw(), EVERY);
  return null;
}

takeKeyFromAddress();
addEventListener("hashchange", () => { takeKeyFromAddress(); draw(); });
// The script waits for nothing, not even for the style: its first request is then on its way while that comes.
if (document.body) draw();
else addEventListener("DOMContentLoaded", draw);
