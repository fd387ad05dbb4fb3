// Sends the pieces of an upload: a few at once, each again after a failure, with a pause where the person wants one.
import { post } from "./api.js";
import { digest } from "./files.js";

const AT_ONCE = 4;
const LINKS = 32;
const LINKED_BYTES = 64 * 1024 * 1024;
const TRIES = 8;
const FIRST_WAIT = 1000, LONGEST_WAIT = 30000;
const SPEED_OVER = 15000; // milliseconds over which the speed is measured

const wait = (time) => new Promise((wake) => setTimeout(wake, time));

class Refused extends Error {
  constructor(status) {
    super(`S3: ${status}`);
    this.status = status;
  }
}

export class Uploader {
  // files: File by name. changed: called when something is to be shown.
  constructor(path, files, changed) {
    this.path = path;
    this.files = files;
    this.changed = changed;
    this.state = "new"; // sending, paused, arrived, failed
    this.error = null;
    this.known = null; // the API's document of the upload
    this.total = 0;
    this.sent = 0;
    this.byFile = new Map(); // name → {total, sent}
    this.samples = [];
    this.running = 0;
  }

  get secondsLeft() {
    const [first] = this.samples, last = this.samples.at(-1);
    if (!first || last.at - first.at < 1000 || last.sent === first.sent) return null;
    return (this.total - this.sent) * (last.at - first.at) / (last.sent - first.sent) / 1000;
  }

  async begin(replace = false) {
    const files = [...this.files].map(([name, file]) => ({ name, size: file.size, modified: file.lastModified }));
    this.known = await post(`uploads/${this.path}`, { files, replace });
    this.total = this.known.bytes;
    this.sent = this.known.bytes - this.known.remaining_bytes;
    const ignored = new Set(this.known.ignored);
    for (const { name, size } of files) if (!ignored.has(name)) this.byFile.set(name, { total: size, sent: size });
    for (const piece of this.known.remaining) this.byFile.get(piece.name).sent -= piece.size;
    this.queue = this.known.remaining.map((piece) => ({ ...piece, tries: 0 }));
    this.linked = [];
    this.go();
  }

  go() {
    this.state = "sending";
    this.error = null;
    this.samples = [];
    while (this.running < AT_ONCE) this.work();
    this.changed();
  }

  pause() { // what is under way is finished, so that no byte is sent twice
    this.state = "paused";
    this.changed();
  }

  async work() {
    this.running += 1;
    try {
      while (this.state === "sending") {
        const piece = await this.next();
        if (!piece) break;
        await this.send(piece);
      }
    } catch (error) {
      this.error = error;
      this.state = "failed";
    }
    this.running -= 1;
    if (!this.running && this.state === "sending" && !this.queue.length && !this.linked.length) this.state = "arrived";
    this.changed();
  }

  async next() {
    while (this.linking) await this.linking;
    if (this.linked.length) return this.linked.shift();
    if (!this.queue.length) return null;
    this.linking = this.link().finally(() => { this.linking = null; });
    await this.linking;
    return this.linked.shift();
  }

  // Ask for some addresses. Each is for the bytes whose digest is sent, so these are read here and again when they are sent.
  async link() {
    const some = [];
    let size = 0;
    while (this.queue.length && some.length < LINKS && size < LINKED_BYTES) {
      some.push(this.queue.shift());
      size += some.at(-1).size;
    }
    try {
      for (const piece of some) piece.sha256 = await digest(this.bytes(piece));
      const asked = some.map(({ name, part, sha256 }) => ({ name, part, sha256 }));
      const { data } = await this.insist(() => post(`uploads/${this.path}/links`, { pieces: asked }));
      data.forEach(({ url, headers }, place) => Object.assign(some[place], { url, headers }));
      this.linked.push(...some);
    } catch (error) {
      this.queue.unshift(...some);
      throw error;
    }
  }

  bytes({ name, offset, size }) {
    return this.files.get(name).slice(offset, offset + size);
  }

  async send(piece) {
    const before = this.sent;
    const file = this.byFile.get(piece.name);
    let told = 0;
    const progress = (sent) => {
      file.sent += sent - told;
      this.sent += sent - told;
      told = sent;
      this.sample();
      this.changed();
    };
    try {
      await put(piece.url, piece.headers, this.bytes(piece), progress);
      progress(piece.size);
    } catch (error) {
      progress(0);
      piece.tries += 1;
      if (piece.tries >= TRIES) {
        this.queue.unshift({ ...piece, tries: 0 });
        throw error;
      }
      this.queue.push(piece); // with a new address: this one may be too old
      await pauseAfter(piece.tries);
    }
    if (this.sent < before) this.samples = [];
  }

  async insist(ask) {
    for (let tries = 1; ; tries += 1) {
      try {
        return await ask();
      } catch (error) {
        const passing = error.status === 0 || error.status === 429 || error.status >= 500;
        if (!passing || tries === TRIES) throw error;
        await pauseAfter(tries);
      }
    }
  }

  sample() {
    const at = performance.now();
    this.samples.push({ at, sent: this.sent });
    while (at - this.samples[0].at > SPEED_OVER) this.samples.shift();
  }
}

async function pauseAfter(tries) {
  if (!navigator.onLine) await new Promise((wake) => addEventListener("online", wake, { once: true }));
  await wait(Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** (tries - 1)) * (0.5 + Math.random() / 2));
}

// fetch tells nothing of how far it is.
function put(url, headers, body, progress) {
  return new Promise((done, failed) => {
    const request = new XMLHttpRequest();
    request.open("PUT", url);
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.upload.onprogress = (event) => progress(event.loaded);
    request.onload = () => (request.status === 200 ? done() : failed(new Refused(request.status)));
    request.onerror = () => failed(new Refused(0));
    request.send(body);
  });
}
