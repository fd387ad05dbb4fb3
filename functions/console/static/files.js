// Files that a person dropped or chose, by their names in the dataset.

// A folder alone gives its content: its own name is not part of the dataset's names.
function withoutCommonFolder(found) {
  const first = found[0]?.[0].split("/")[0];
  const common = found.length && found.every(([name]) => name.startsWith(`${first}/`));
  return new Map(found.map(([name, file]) => [common ? name.slice(first.length + 1) : name, file]));
}

export function chosen(input) {
  return withoutCommonFolder([...input.files].map((file) => [file.webkitRelativePath || file.name, file]));
}

export async function dropped(transfer) {
  // The entries must be taken at once: they are gone when the event is over.
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  if (!entries.length) return new Map([...transfer.files].map((file) => [file.name, file]));
  const found = [];
  for (const entry of entries) await walk(entry, "", found);
  return withoutCommonFolder(found);
}

async function walk(entry, above, found) {
  if (entry.isFile) {
    found.push([above + entry.name, await new Promise((done, failed) => entry.file(done, failed))]);
    return;
  }
  const reader = entry.createReader();
  for (;;) { // browsers give a hundred at a time
    const some = await new Promise((done, failed) => reader.readEntries(done, failed));
    if (!some.length) return;
    for (const inside of some) await walk(inside, `${above}${entry.name}/`, found);
  }
}

// The name for the folder of "Màu Sắc.csv": mau-sac.
export function suggested(text) {
  const plain = text.replace(/\.[a-z0-9]+$/i, "").toLowerCase().replaceAll("đ", "d").normalize("NFD").replace(/\p{M}/gu, "");
  return (plain.match(/[a-z0-9]+/g) ?? []).join("-").slice(0, 63).replace(/-$/, "");
}

export async function digest(blob) {
  const bytes = new Uint8Array(await crypto.subtle.digest("SHA-256", await blob.arrayBuffer()));
  return btoa(String.fromCharCode(...bytes));
}
