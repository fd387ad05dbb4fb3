// The page's frame: who is signed in, where the address points, and when to look again.
import { get, session } from "./api.js";
import { h, show } from "./dom.js";
import { keys, mayManageKeys } from "./keys.js";
import { keyWords } from "./keys-texts.js";
import { failure } from "./parts.js";
import { playground } from "./playground.js";
import { run, runs } from "./runs.js";
import { serving } from "./serving.js";
import { language, words } from "./texts.js";
import { mayUpload, upload } from "./upload.js";
import { uploadWords } from "./upload-texts.js";
import { usage } from "./usage.js";
import { usageWords } from "./usage-texts.js";

const EVERY = 5000;
const VIEWS = { runs, upload, serving, usage, playground, keys };
const TITLES = { upload: uploadWords, usage: usageWords, keys: keyWords };
let me = null;
let turn = 0;

function takeKeyFromAddress() {
  const found = /^#key=(.+)$/.exec(location.hash);
  if (!found) return;
  session.key = decodeURIComponent(found[1]);
  history.replaceState(null, "", location.pathname);
}

function frame(...content) {
  const t = words();
  const [view] = place();
  const link = (name) => h("a", { href: `#/${name}`, "aria-current": view === name ? "page" : null }, TITLES[name]?.().title ?? t[name]);
  const other = language.code === "vi" ? "en" : "vi";
  const switchLanguage = () => { language.code = other; draw(); };
  document.documentElement.lang = language.code;
  show(document.body,
    h("a", { class: "skip", href: "#content", onclick: (event) => { event.preventDefault(); document.getElementById("content").focus(); } }, t.skip),
    h("header", { class: "top" },
      h("div", { class: "brand" }, h("img", { src: "console/icon.svg", alt: "" }), "Tailor"),
      me ? h("nav", { "aria-label": "Tailor" }, link("runs"), mayUpload(me) && link("upload"), link("serving"), mayManageKeys(me) && link("keys"), link("playground")) : h("div", { class: "grow" }),
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

function place() {
  const [view, ...rest] = location.hash.replace(/^#\//, "").split("/").map(decodeURIComponent);
  return [VIEWS[view] ? view : "runs", rest.join("/")];
}

async function draw() {
  const mine = ++turn; // a view that was left must not draw any more
  const current = () => mine === turn;
  if (!session.key) return signIn();
  try {
    me ??= await get("key");
  } catch (error) {
    if (!current()) return;
    if (error.status !== 401) return frame(failure(error), retryLater(current));
    session.key = null;
    return signIn(error);
  }
  const [view, id] = place();
  document.title = `${id || (TITLES[view]?.().title ?? words()[view])} · Tailor`;
  frame(h("p", { class: "soft" }, words().loading));
  const content = document.getElementById("content");
  content.focus({ preventScroll: true });
  try {
    await (view === "runs" && id ? run(content, id, me, current) : VIEWS[view](content, me, current, id));
  } catch (error) {
    if (current()) show(content, failure(error));
  }
}

function retryLater(current) {
  setTimeout(() => current() && draw(), EVERY);
  return null;
}

takeKeyFromAddress();
addEventListener("hashchange", () => { takeKeyFromAddress(); draw(); });
draw();
