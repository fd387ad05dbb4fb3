"use strict";
// One question after the other, by keys 1, 2, 3 or by mouse. Labels stay in this browser until they are exported.
(() => {
  const form = document.querySelector("form");
  const { run, answers } = form.dataset;
  const sections = [...document.querySelectorAll("section.row")];
  const fields = [...document.querySelectorAll("fieldset")];
  const name = document.querySelector("#by");
  const store = `tailor-labels:${run}:${answers}`;
  let at = 0;

  const chosen = (field) => field.querySelector("input:checked")?.value ?? null;
  const open = () => fields.filter((field) => chosen(field) === null);

  function save() {
    const kept = { by: name.value, values: Object.fromEntries(fields.map((field) => [field.name, chosen(field)])) };
    try {
      localStorage.setItem(store, JSON.stringify(kept));
    } catch {
      // A browser that keeps nothing for files: the page must stay open until the export.
    }
  }

  function load() {
    try {
      const kept = JSON.parse(localStorage.getItem(store) ?? "{}");
      name.value = kept.by ?? "";
      for (const field of fields) {
        const box = [...field.querySelectorAll("input")].find((input) => input.value === kept.values?.[field.name]);
        if (box) box.checked = true;
      }
    } catch {
      // The same, or what was kept is damaged: begin anew.
    }
  }

  function show() {
    const current = fields[at].closest("section");
    for (const section of sections) section.hidden = section !== current;
    for (const field of fields) field.classList.toggle("now", field === fields[at]);
    const left = open().length;
    document.querySelector("#done").textContent = String(fields.length - left);
    document.querySelector("progress").value = fields.length - left;
    document.querySelector("#finished").hidden = left > 0;
    const target = fields[at].querySelector("input:checked") ?? fields[at].querySelector("input");
    target.focus({ preventScroll: false });
  }

  function go(to) {
    at = Math.max(0, Math.min(fields.length - 1, to));
    show();
  }

  function row(step) {
    const place = sections.indexOf(fields[at].closest("section")) + step;
    if (place >= 0 && place < sections.length) go(fields.indexOf(sections[place].querySelector("fieldset")));
  }

  function choose(number) {
    const box = fields[at].querySelectorAll("input")[number - 1];
    if (!box) return;
    box.checked = true;
    save();
    go(at + 1);
  }

  function labels() {
    return sections.map((section) => {
      const value = (part) => {
        const field = section.querySelector(`fieldset[data-part="${part}"]`);
        return field ? chosen(field) : null;
      };
      const same = section.dataset.same === "yes";
      const first = value("first");
      return {
        row: section.dataset.row,
        first,
        second: same ? first : value("second"),
        better: same ? (first === null ? null : "equal") : value("better"),
      };
    });
  }

  function download() {
    const text = JSON.stringify({ schema: 1, run, answers, by: name.value.trim(), labels: labels() }, null, 2);
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text + "\n"], { type: "application/json" }));
    link.download = `labels-${run}.json`;
    link.click();
    URL.revokeObjectURL(link.href);
  }

  document.addEventListener("keydown", (event) => {
    if (event.target === name || event.ctrlKey || event.metaKey || event.altKey) return;
    const actions = {
      ArrowRight: () => row(1),
      ArrowLeft: () => row(-1),
      Backspace: () => go(at - 1),
      e: download,
    };
    const act = "123".includes(event.key) ? () => choose(Number(event.key)) : actions[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  });
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("change", (event) => {
    at = fields.indexOf(event.target.closest("fieldset"));
    save();
    show();
  });
  name.addEventListener("change", save);
  document.querySelector("#export").addEventListener("click", download);
  document.querySelector("#back").addEventListener("click", () => row(-1));
  document.querySelector("#next").addEventListener("click", () => row(1));
  load();
  go(fields.indexOf(open()[0] ?? fields[0]));
})();
