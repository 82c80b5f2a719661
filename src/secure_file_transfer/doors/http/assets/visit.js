// Comfort for the pages of links; without it they do all that matters. It only ever writes text, never markup.
"use strict";
const root = document.documentElement;
const say = (key) => root.dataset[key.replace(/-([a-z])/g, (_, letter) => letter.toUpperCase())];
const make = (tag, className, text) => {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
};

// --- moments, in the time of whoever reads -------------------------------------------------------------------------

const moment = new Intl.DateTimeFormat(root.lang === "fa" ? "fa-IR" : root.lang, { dateStyle: "long", timeStyle: "short" });
for (const time of document.querySelectorAll('time[datetime*="T"]')) time.textContent = moment.format(new Date(time.dateTime));

// --- texts ---------------------------------------------------------------------------------------------------------

const SHOWN = 64 * 1024;

async function showText(figure) {
  const answer = await fetch(figure.dataset.text, { headers: { range: `bytes=0-${SHOWN - 1}` } });
  if (!answer.ok) return;
  const bytes = new Uint8Array(await answer.arrayBuffer());
  const cut = bytes.length === SHOWN;
  let text;
  try {
    // A cut may go through a character: what it left of it is held back.
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes, { stream: cut });
  } catch {
    return; // no text, whatever its name says
  }
  if (text.includes("\0")) return;
  figure.querySelector("pre").textContent = text;
  document.getElementById("begin").hidden = !cut;
  figure.hidden = false;
  figure.parentElement.querySelector(":scope > .icon")?.remove();
}
for (const figure of document.querySelectorAll("[data-text]")) showText(figure).catch(() => {});

// --- sending -------------------------------------------------------------------------------------------------------

class Sending {
  constructor(form) {
    this.form = form;
    this.input = form.querySelector("input[type=file]");
    this.many = this.input.multiple;
    this.queue = [];
    this.busy = 0;
    this.list = make("ul", "sending");
    this.list.setAttribute("aria-live", "off");
    this.flat = "flat" in form.dataset;
    this.hint = make("p", "hint");
    this.hint.setAttribute("role", "status");
    this.told = make("p", "told");
    this.told.setAttribute("role", "status");
    this.#dress();
    addEventListener("beforeunload", (event) => {
      if (this.queue.some((item) => item.state === "sending" || item.state === "waiting")) event.preventDefault();
    });
  }

  /** A place to drop upon and buttons to choose with, instead of the plain form. */
  #dress() {
    const place = make("div", "drop");
    place.append(make("p", "", say("drop-here")));
    const choose = make("button", "button", say("choose-files"));
    choose.type = "button";
    choose.addEventListener("click", () => this.input.click());
    place.append(choose);
    if (this.many && "webkitdirectory" in this.input) place.append(this.#folderButton());
    this.input.classList.add("visually-hidden");
    this.input.tabIndex = -1;
    this.input.setAttribute("aria-hidden", "true");
    this.input.addEventListener("change", () => this.#take([...this.input.files].map((file) => [file, ""]), this.input));
    this.form.querySelector("button[type=submit]").remove();
    this.form.querySelector(".field").prepend(place);
    this.form.append(this.hint, this.list, this.told);
    this.#drops(place);
  }

  #folderButton() {
    const picker = make("input", "visually-hidden");
    picker.type = "file";
    picker.webkitdirectory = true;
    picker.tabIndex = -1;
    picker.setAttribute("aria-hidden", "true");
    picker.addEventListener("change", () => {
      const below = (file) => file.webkitRelativePath.split("/").slice(0, -1).join("/");
      this.#take([...picker.files].map((file) => [file, below(file)]), picker);
    });
    const choose = make("button", "button plain", say("choose-folder"));
    choose.type = "button";
    choose.addEventListener("click", () => picker.click());
    const both = make("span");
    both.append(choose, picker);
    return both;
  }

  #drops(place) {
    const carries = (event) => event.dataTransfer?.types.includes("Files");
    let depth = 0;
    const over = (by) => place.classList.toggle("over", (depth = Math.max(0, depth + by)) > 0);
    addEventListener("dragenter", (event) => carries(event) && over(1));
    addEventListener("dragleave", (event) => carries(event) && over(-1));
    addEventListener("dragover", (event) => carries(event) && event.preventDefault());
    addEventListener("drop", async (event) => {
      if (!carries(event)) return;
      event.preventDefault();
      over(-depth);
      const entries = [...event.dataTransfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
      const files = entries.length ? [] : [...event.dataTransfer.files].map((file) => [file, ""]);
      for (const entry of entries) await walk(entry, "", files);
      this.#take(this.many ? files : files.slice(0, 1));
    });
  }

  #take(files, picker) {
    for (const [file, below] of files) this.queue.push(new Item(this, file, below));
    if (picker) picker.value = "";
    if (this.flat && files.some(([, below]) => below)) this.hint.textContent = say("folders-flat");
    if (files.length) this.told.textContent = "";
    this.go();
  }

  /** One after the other: the server publishes each as it is whole, and a phone has one connection that counts. */
  go() {
    if (this.busy) return;
    const next = this.queue.find((item) => item.state === "waiting");
    if (next) {
      this.busy = 1;
      next.send().finally(() => {
        this.busy = 0;
        this.go();
      });
    } else if (this.queue.length) {
      const failed = this.queue.some((item) => item.state === "failed");
      const any = this.queue.some((item) => item.state === "sent");
      this.told.textContent = failed ? say("some-failed") : any ? say("all-sent") : "";
      this.told.classList.toggle("done", any && !failed);
      if (any) look().catch(() => {});
    }
  }
}

async function walk(entry, below, found) {
  if (entry.isFile) {
    found.push([await new Promise((good, bad) => entry.file(good, bad)), below]);
    return;
  }
  const reader = entry.createReader();
  const here = below ? `${below}/${entry.name}` : entry.name;
  for (;;) {
    const some = await new Promise((good, bad) => reader.readEntries(good, bad));
    if (!some.length) return;
    for (const each of some) await walk(each, here, found);
  }
}

class Item {
  constructor(sending, file, below) {
    this.sending = sending;
    this.file = file;
    this.below = below;
    this.row = make("li");
    const name = make("bdi", "name", below ? `${below}/${file.name}` : file.name);
    this.bar = make("progress");
    this.bar.max = 1;
    this.bar.value = 0;
    this.bar.setAttribute("aria-label", file.name);
    this.note = make("span", "note-text");
    this.act = make("button", "quiet");
    this.act.type = "button";
    this.act.addEventListener("click", () => (this.state === "failed" ? this.again() : this.cancel()));
    this.row.append(name, this.note, this.act, this.bar);
    sending.list.append(this.row);
    this.#become("waiting");
  }

  #become(state, told = "") {
    this.state = state;
    this.row.className = state;
    this.note.textContent = told || say(state);
    this.act.textContent = say(state === "failed" ? "again" : "cancel");
    this.act.setAttribute("aria-label", `${this.act.textContent} ${this.file.name}`);
    this.act.hidden = state === "sent";
  }

  again() {
    this.#become("waiting");
    this.sending.go();
  }

  cancel() {
    this.asking?.abort();
    this.sending.queue = this.sending.queue.filter((item) => item !== this);
    this.row.remove();
    this.sending.form.querySelector(".drop button").focus();
    this.sending.go();
  }

  send() {
    this.#become("sending");
    return new Promise((over) => {
      const asking = (this.asking = new XMLHttpRequest());
      const to = this.sending.form.action + (this.below ? `?into=${encodeURIComponent(this.below)}` : "");
      asking.open("POST", to);
      asking.setRequestHeader("accept", "application/json");
      asking.upload.onprogress = (event) => (this.bar.value = event.loaded / (event.total || 1));
      asking.onload = () => {
        this.bar.value = asking.status < 300 ? 1 : 0;
        if (asking.status < 300) this.#become("sent");
        else this.#become("failed", toldOf(asking));
      };
      asking.onerror = () => this.#become("failed", say("offline"));
      asking.onloadend = over;
      const form = new FormData();
      form.append("files", this.file, this.file.name);
      asking.send(form);
    });
  }
}

function toldOf(asking) {
  try {
    return JSON.parse(asking.responseText).told;
  } catch {
    return say("failed");
  }
}

const form = document.getElementById("send");
const sending = form && new Sending(form);

// --- answers and warnings ------------------------------------------------------------------------------------------

const LOOK_MS = 6000;
/** How long after the last touch of a page it still looks: a page that lies open keeps no place on a full server. */
const ATTENTION_MS = 120_000;
const said = document.getElementById("said");
const NEWS = ["#said", "#warnings", ...(location.search ? [] : ["section.files"])];
let touched = Date.now();

/** Takes the news out of the same page as the server writes it now: it is ours, and a parser runs nothing of it. */
async function look() {
  const answer = await fetch(location.pathname, { headers: { accept: "text/html" } });
  if (!answer.ok) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  // An operator has begun to talk: that part of the page is not here yet.
  if (!said && page.getElementById("chat") && !sending?.busy) location.reload();
  for (const selector of NEWS) {
    const old = document.querySelector(selector);
    const now = page.querySelector(selector);
    if (!old || !now || now.innerHTML === old.innerHTML || old.contains(document.activeElement)) continue;
    old.replaceChildren(...[...now.childNodes].map((node) => document.importNode(node, true)));
    if (old === said) old.scrollTop = old.scrollHeight;
  }
}

if (said) {
  document.getElementById("look")?.remove();
  said.scrollTop = said.scrollHeight;
  const chat = document.getElementById("chat");
  chat.addEventListener("submit", async (event) => {
    event.preventDefault();
    const line = chat.elements.say;
    const sent = { method: "POST", body: new URLSearchParams(new FormData(chat)) };
    const answer = await fetch(chat.action, sent).catch(() => null);
    if (!answer?.ok) return chat.submit(); // the page of the server tells what is wrong
    line.value = "";
    chat.elements.key.value = crypto.randomUUID();
    line.focus();
    await look();
  });
}
// The page of one file in a folder has the address of that file: looking there would fetch it.
if (document.getElementById("warnings") && !new URLSearchParams(location.search).has("view")) {
  for (const touch of ["pointermove", "keydown", "scroll"]) {
    addEventListener(touch, () => (touched = Date.now()), { passive: true });
  }
  setInterval(() => document.hidden || Date.now() - touched > ATTENTION_MS || look().catch(() => {}), LOOK_MS);
}
