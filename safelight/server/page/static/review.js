// Duplicates, to be gone through: all groups in a list, or one at a time, compared.

import { get, post } from "./api.js";
import { Compare } from "./compare.js";
import { byId, el, number, plural } from "./dom.js";
import { Decisions } from "./decisions.js";
import { drawGroup, KIND_NAMES } from "./group.js";
import { OVER } from "./jobs.js";

const PAGE = 40;
const SENSITIVITIES = { exact: "Exact copies only", strict: "Whole pictures", normal: "Also crops and edits", loose: "Also much changed" };
const SHOWN = { all: "All groups", open: "Not decided", decided: "Decided" };

/** What the part of the address behind "#" says; null where it speaks of something else. */
export function read(hash) {
  const given = new URLSearchParams(hash.slice(1));
  if (!given.has("duplicates")) return null;
  const one = (name, choices, usual) => (given.get(name) in choices ? given.get(name) : usual);
  return { sensitivity: one("sensitivity", SENSITIVITIES, "normal"), show: one("show", SHOWN, "all"), kind: one("kind", KIND_NAMES, "") };
}

function write({ sensitivity, show, kind }) {
  const parts = [sensitivity !== "normal" && `sensitivity=${sensitivity}`, show !== "all" && `show=${show}`, kind && `kind=${encodeURIComponent(kind)}`];
  return ["#duplicates", ...parts.filter(Boolean)].join("&");
}

export class Review {
  #asked = 0; // answers of earlier questions are dropped
  #cards = new Map(); // group -> element
  #typed = Promise.resolve();

  /** `leave()`: the user goes back to the photos; `help()` shows the keys; `isBusy()`: something lies over this. */
  constructor({ jobs, say, leave, help, isBusy }) {
    Object.assign(this, { jobs, say, leave, help, isBusy });
    this.element = byId("review");
    this.decisions = new Decisions({ say, changed: (group) => this.#redraw(group) });
    this.compare = new Compare({ act: (what, keeper) => this.#act(what, keeper), turn: (by) => this.#turn(by) });
    document.addEventListener("keydown", (event) => this.#key(event));
    addEventListener("focus", () => this.isOpen && this.#catchUp());
    jobs.addEventListener("change", () => this.#drawWork());
    jobs.addEventListener("end", ({ detail }) => detail.kind === "duplicates" && this.isOpen && this.#load());
  }

  get isOpen() {
    return !this.element.hidden;
  }

  async open(asked) {
    this.asked = asked;
    this.groups = [];
    byId("box").inert = true;
    this.element.hidden = false;
    this.comparing = false;
    this.#frame();
    this.heading.focus();
    await this.#load();
  }

  close() {
    byId("box").inert = false;
    this.element.hidden = true;
    this.element.replaceChildren();
    this.compare.stop();
  }

  #frame() {
    const choose = (name, choices, label) => el(
      "label", {}, el("span", { class: "unseen" }, label),
      el("select", { id: `review-${name}`, onchange: ({ target }) => this.#ask({ [name]: target.value }) },
        ...Object.entries(choices).map(([value, text]) => el("option", { value, selected: this.asked[name] === value }, text))),
    );
    this.heading = el("h2", { tabIndex: -1 }, "Duplicates");
    this.count = el("p", { class: "quiet", role: "status" });
    this.way = el("button", { type: "button", onclick: () => this.#compare(!this.comparing) }, "One by one");
    this.look = el("button", { type: "button", onclick: () => this.#look() }, "Look again");
    this.work = el("div", { class: "review-work", hidden: true });
    this.failure = el("p", { class: "review-work error", role: "alert", hidden: true });
    this.body = el("div", { class: "review-body" });
    this.body.addEventListener("scroll", () => this.#near(), { passive: true });
    this.element.replaceChildren(
      el("div", { class: "review-head" }, this.heading, this.count,
        choose("kind", { "": "All kinds", ...KIND_NAMES }, "Kind"), choose("show", SHOWN, "Which groups"),
        choose("sensitivity", SENSITIVITIES, "What counts as a duplicate"), this.way, this.look,
        el("button", { type: "button", class: "plain", "aria-label": "Back to the photos", title: "Back to the photos (Esc)", onclick: () => this.leave() }, "×")),
      this.work,
      this.failure,
      this.body,
    );
    this.#drawWork();
  }

  #ask(change) {
    this.asked = { ...this.asked, ...change };
    history.replaceState(null, "", location.pathname + location.search + write(this.asked));
    this.#load();
  }

  async #load() {
    const turn = (this.#asked += 1);
    try {
      const found = await this.#fetch(0);
      if (turn !== this.#asked || !this.isOpen) return;
      this.groups = found.groups;
      this.total = found.total;
      this.active = Math.max(0, this.groups.findIndex((group) => !group.decision));
      this.#tell(found);
      this.#draw(found);
      if (this.groups.length && (this.element.contains(document.activeElement) || document.activeElement === document.body)) this.#focus(this.active);
    } catch (error) {
      this.say(error.message);
    }
  }

  #fetch(offset, limit = PAGE) {
    const { kind, show, sensitivity } = this.asked;
    const given = new URLSearchParams({ sensitivity, show, limit, offset, ...(kind && { kind }) });
    return get(`/api/v1/duplicates?${given}`);
  }

  /** Show what was found elsewhere, by a command in a terminal, while one was away from this page. */
  async #catchUp() {
    const found = await this.#fetch(0, 1).catch(() => null);
    if (found && this.isOpen && found.looked !== this.looked) await this.#load();
  }

  #tell({ looked, kinds, decided, changed, failed }) {
    const { series = 0, ...duplicates } = kinds;
    this.of = Object.values(duplicates).reduce((sum, count) => sum + count, 0);
    this.decided = decided;
    this.series = series;
    this.looked = looked;
    this.changed = changed;
    this.failed = failed;
    this.failure.textContent = failed && `The last look for duplicates failed: ${failed}`;
    this.#drawCount();
    this.#drawWork();
  }

  #drawCount() {
    const parts = [`${plural(this.of, "group")}, ${number(this.decided)} decided`, this.series && `${number(this.series)} series`];
    this.count.textContent = this.looked ? `${parts.filter(Boolean).join(" · ")}${this.changed ? ". Photos have come or gone since: look again." : ""}` : "";
    this.look.textContent = this.looked ? "Look again" : "Look for duplicates";
    this.look.className = this.looked && !this.changed ? "look-again" : "look-again main";
  }

  #draw() {
    this.#cards.clear();
    this.compare.stop();
    this.way.textContent = this.comparing ? "All at once" : "One by one";
    this.way.disabled = !this.groups.length;
    this.body.classList.toggle("one", this.comparing && this.groups.length > 0);
    this.element.classList.toggle("comparing", this.comparing);
    if (!this.groups.length) this.body.replaceChildren(this.#nothing());
    else if (this.comparing) this.#drawOne();
    else {
      this.list = el("div", { class: "groups" });
      this.body.replaceChildren(this.list);
      this.#append(this.groups);
    }
  }

  #nothing() {
    const text = !this.looked && this.failed
      ? "Nothing is known of duplicates yet, as looking for them failed. Nothing was deleted or changed; look again once that is mended."
      : !this.looked
      ? "Safelight has not looked for duplicates in this way yet. It compares what it knows of your photos; nothing is deleted or changed, whatever it finds."
      : this.total || this.of || this.series ? "No group is of this kind." : "No photo is there twice.";
    return el("p", { class: "nothing quiet" }, text);
  }

  #append(groups) {
    this.list.append(...groups.map((group) => {
      const card = this.#card(group);
      this.#cards.set(group, card);
      return card;
    }));
  }

  #card(group) {
    const card = drawGroup(group, {
      act: (what, keeper) => this.#act(what, keeper, group),
      open: (member) => this.#open(group, member),
    });
    card.tabIndex = this.groups.indexOf(group) === this.active ? 0 : -1;
    card.addEventListener("focusin", () => this.#activate(this.groups.indexOf(group)));
    return card;
  }

  #activate(index) {
    if (index === this.active || index < 0) return;
    const before = this.#cards.get(this.groups[this.active]);
    if (before) before.tabIndex = -1;
    this.active = index;
    const card = this.#cards.get(this.groups[index]);
    if (card) card.tabIndex = 0;
  }

  #redraw(group) {
    this.#drawCount();
    if (this.comparing) return this.#drawOne();
    const before = this.#cards.get(group);
    if (!before) return;
    const focused = before.contains(document.activeElement);
    const card = this.#card(group);
    before.replaceWith(card);
    this.#cards.set(group, card);
    if (focused) card.focus({ preventScroll: true });
  }

  /** Fetch more groups when the end of the list is near. */
  async #near() {
    if (this.comparing || this.body.scrollTop + 2 * this.body.clientHeight < this.body.scrollHeight) return;
    await this.#more();
  }

  async #more() {
    if (this.fetching || this.groups.length >= this.total) return;
    this.fetching = true;
    const turn = this.#asked;
    try {
      // What was decided meanwhile no longer counts among the open ones.
      const here = this.asked.show === "all" ? this.groups.length : this.groups.filter(({ decision }) => Boolean(decision) === (this.asked.show === "decided")).length;
      const { groups } = await this.#fetch(here);
      if (turn !== this.#asked) return;
      this.groups.push(...groups);
      if (!groups.length) this.total = this.groups.length;
      if (!this.comparing) this.#append(groups);
    } catch (error) {
      this.say(error.message);
    } finally {
      this.fetching = false;
    }
  }

  // What people do

  #focus(index) {
    this.#activate(Math.max(0, Math.min(this.groups.length - 1, index)));
    if (this.comparing) return this.#drawOne();
    const card = this.#cards.get(this.groups[this.active]);
    card?.focus({ preventScroll: true });
    card?.scrollIntoView({ block: "nearest" });
    if (this.active > this.groups.length - 6) this.#more();
  }

  async #turn(by) {
    if (this.active + by >= this.groups.length) await this.#more();
    this.#focus(this.active + by);
  }

  async #act(what, keeper = null, group = this.groups[this.active]) {
    this.#activate(this.groups.indexOf(group));
    const wasDecided = Boolean(group.decision);
    if (what === "undo") {
      const back = await this.decisions.undo();
      if (back) this.#settled(back, true);
      if (this.groups.includes(back)) this.#focus(this.groups.indexOf(back));
      return;
    }
    const done = what === "forget" ? await this.decisions.forget(group) : await this.decisions.decide(group, what, keeper);
    if (!done) return;
    this.#settled(group, wasDecided);
    if (what !== "forget" && !wasDecided) this.#turn(1);
  }

  #settled(group, wasDecided) {
    if (group.kind !== "series") this.decided += Number(Boolean(group.decision)) - Number(wasDecided);
    this.#drawCount();
  }

  #open(group, member) {
    this.#activate(this.groups.indexOf(group));
    this.compare.other = member;
    this.#compare(true);
  }

  #compare(on) {
    this.comparing = on;
    this.#draw();
    if (!on) this.#focus(this.active);
  }

  #drawOne() {
    const group = this.groups[this.active];
    if (!this.body.contains(this.compare.element)) this.body.replaceChildren(this.compare.element);
    this.compare.show(group, `${number(this.active + 1)} of ${number(this.total)}`);
    this.compare.prepare(this.groups[this.active + 1]);
  }

  async #look() {
    this.look.disabled = true;
    try {
      this.jobs.started(await post("/api/v1/jobs", { kind: "duplicates", sensitivity: this.asked.sensitivity }));
    } catch (error) {
      this.say(error.message);
    }
    this.look.disabled = false;
  }

  #drawWork() {
    if (!this.isOpen || !this.work) return;
    const job = this.jobs.newestFirst.find(({ kind, state }) => kind === "duplicates" && !OVER.has(state));
    this.work.hidden = !job;
    this.look.hidden = Boolean(job);
    this.failure.hidden = Boolean(job) || !this.failed;
    if (!job) return;
    const bar = this.work.querySelector("progress") ?? el("progress", { "aria-label": "Looking for duplicates" });
    const line = this.work.querySelector("p") ?? el("p", { class: "quiet" });
    if (!bar.parentNode) this.work.append(line, bar);
    if (job.total_final && job.total) Object.assign(bar, { max: job.total, value: job.done });
    else bar.removeAttribute("value");
    const waits = job.state === "queued" ? "Looking for duplicates begins after the work before it." : "";
    line.textContent = waits || `Looking for duplicates: ${job.stage || "starting"}${job.total ? `, ${number(job.done)}` : ""}`;
  }

  #key(event) {
    const here = this.isOpen && (event.target === document.body || this.element.contains(event.target));
    if (!here || this.isBusy() || event.ctrlKey || event.metaKey || event.altKey || event.target.closest("select")) return;
    if (!this.#deed(event)) return;
    event.preventDefault();
    // One after the other: who types fast means the group that the key before leads to.
    this.#typed = this.#typed.then(() => this.isOpen && this.#deed(event)?.());
  }

  #deed({ key, target }) {
    if (key === "?") return this.help;
    if (key === "Escape") return this.comparing ? () => this.#compare(false) : this.leave;
    const group = this.groups?.[this.active];
    if (!group) return null;
    if (/^[1-9]$/.test(key)) return () => group.members[key - 1] && group.kind !== "series" && this.#act("keeper", group.members[key - 1].id);
    const deeds = {
      n: () => this.#act("different"), i: () => this.#act("ignored"), u: () => this.#act("undo"), c: () => this.#compare(!this.comparing),
      j: () => this.#turn(1), k: () => this.#turn(-1), ArrowDown: () => this.#turn(1), ArrowUp: () => this.#turn(-1),
      Home: () => this.#focus(0), End: () => this.#focus(this.groups.length - 1),
    };
    if (!this.comparing && /^Arrow(Left|Right)$/.test(key)) return () => this.#turn(key === "ArrowRight" ? 1 : -1);
    if (key === "Enter" && target.tagName !== "BUTTON") return () => this.#compare(true);
    return deeds[key] ?? (this.comparing ? this.compare.deed(key, target) : null);
  }
}
