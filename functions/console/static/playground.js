// Ask the live version of a project, with a picture.
import { chat } from "./api.js";
import { h, show } from "./dom.js";
import { failure } from "./parts.js";
import { words } from "./texts.js";

export async function playground(place, me) {
  const t = words();
  if (!me.scopes.includes("chat")) return show(place, h("h1", {}, t.playground), h("p", { class: "message" }, t.noChat));
  const project = h("select", { id: "model" }, me.projects.map((name) => h("option", { value: name }, name)));
  const question = h("textarea", { id: "question", required: true });
  const preview = h("div");
  const picture = h("input", { id: "image", type: "file", accept: "image/png,image/jpeg,image/gif,image/webp", onchange: () => showPicture(picture, preview) });
  const answer = h("div", { class: "answer", "aria-live": "polite" });
  const go = h("button", { class: "primary" }, t.ask);
  const submit = async (event) => {
    event.preventDefault();
    go.disabled = true;
    show(answer, h("span", { class: "soft" }, t.asking));
    try {
      await ask(project.value, question.value, picture.files[0], answer);
    } catch (error) {
      show(answer, failure(error));
    }
    go.disabled = false;
  };
  show(place, h("h1", {}, t.playground), h("div", { class: "columns" },
    h("form", { class: "card", onsubmit: submit }, h("label", { for: "model" }, t.model), project, h("label", { for: "question" }, t.question), question,
      h("label", { for: "image" }, t.image), picture, preview, h("p", {}, go)),
    h("section", { class: "card" }, h("h2", {}, t.answer), answer)));
}

async function ask(model, text, file, answer) {
  const content = [{ type: "text", text }];
  if (file) content.unshift({ type: "image_url", image_url: { url: await read(file) } });
  let first = true;
  for await (const piece of chat({ model, temperature: 0, messages: [{ role: "user", content }] })) {
    if (first) answer.replaceChildren();
    first = false;
    answer.append(piece);
  }
  if (first) answer.replaceChildren();
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
