// Ask the live version of a project, with a picture, and its base model beside it.
import { chat } from "./api.js";
import { h, show } from "./dom.js";
import { failure } from "./parts.js";
import { language, words } from "./texts.js";

export async function playground(place, me) {
  const t = words();
  if (!me.scopes.includes("chat")) return show(place, h("h1", {}, t.playground), h("p", { class: "message" }, t.noChat));
  const project = h("select", { id: "model" }, me.projects.map((name) => h("option", { value: name }, name)));
  const question = h("textarea", { id: "question", required: true });
  const preview = h("div");
  const picture = h("input", { id: "image", type: "file", accept: "image/png,image/jpeg,image/gif,image/webp", onchange: () => showPicture(picture, preview) });
  const both = h("input", { id: "both", type: "checkbox", checked: true, onchange: () => { base.card.hidden = !both.checked; } });
  const custom = answerCard(t.candidate), base = answerCard(t.baseline);
  const go = h("button", { class: "primary" }, t.ask);
  const submit = async (event) => {
    event.preventDefault();
    go.disabled = true;
    const image = picture.files[0] && await read(picture.files[0]);
    const answers = [ask(project.value, question.value, image, custom)];
    if (both.checked) answers.push(ask(`${project.value}@base`, question.value, image, base));
    await Promise.all(answers);
    go.disabled = false;
  };
  show(place, h("h1", {}, t.playground),
    h("form", { class: "card", onsubmit: submit },
      h("div", { class: "columns" }, h("div", {}, h("label", { for: "model" }, t.model), project, h("label", { for: "question" }, t.question), question),
        h("div", {}, h("label", { for: "image" }, t.image), picture, preview)),
      h("label", { class: "check both", for: "both" }, both, t.askBase), h("p", {}, go)),
    h("div", { class: "columns" }, custom.card, base.card));
}

function answerCard(title) {
  const text = h("div", { class: "answer", "aria-live": "polite" }), took = h("p", { class: "soft small" });
  return { text, took, card: h("section", { class: "card" }, h("h2", {}, title), text, took) };
}

// Shows one model's answer as it comes, and how long it took; what fails is told in its place, beside the other's answer.
async function ask(model, text, image, { text: shown, took }) {
  const content = [...(image ? [{ type: "image_url", image_url: { url: image } }] : []), { type: "text", text }];
  const began = performance.now(), t = words();
  let first = null;
  took.textContent = "";
  show(shown, h("span", { class: "soft" }, t.asking));
  try {
    for await (const piece of chat({ model, temperature: 0, messages: [{ role: "user", content }] })) {
      if (first === null) shown.replaceChildren();
      first ??= performance.now() - began;
      shown.append(piece);
    }
    if (first === null) shown.replaceChildren();
    const seconds = (time) => new Intl.NumberFormat(language.code, { maximumSignificantDigits: 2 }).format(time / 1000);
    took.textContent = `${first === null ? "" : `${t.firstWord} ${seconds(first)} ${t.seconds}, `}${t.whole} ${seconds(performance.now() - began)} ${t.seconds}`;
  } catch (error) {
    show(shown, error.code === "model_not_found" && model.endsWith("@base") ? h("p", { class: "message" }, t.noBase) : failure(error));
  }
}

function read(file) {
  return new Promise((done, failed) => {
    const reader = new FileReader();
    reader.onload = () => done(reader.result);
    reader.onerror = () => failed(reader.error);
    reader.readAsDataURL(file);
  });
}

async function showPicture(picture, preview) {
  const file = picture.files[0];
  show(preview, file && h("img", { class: "preview", src: await read(file), alt: file.name }));
}
