// What the library is made of: places to index, work that is under way, and what could not be read.

import { get, post } from "./api.js";
import { el, library, number, plural } from "./dom.js";
import { called, OVER } from "./jobs.js";

const STATES = { queued: "waits", running: "", paused: "paused", done: "done", failed: "failed", cancelled: "cancelled" };
const OUTCOMES = new Set(["indexed", "unchanged", "skipped", "failed", "missing", "recovered", "written", "groups", "series"]);
const SHOWN = 5;
const PAGE = 100;

export class LibraryPanel {
  /** `changed()`: another model answers from now on. */
  constructor({ jobs, say, changed }) {
    Object.assign(this, { jobs, say, changed });
    this.body = null;
    jobs.addEventListener("change", () => this.#drawJobs());
    for (const event of ["end", "back"]) jobs.addEventListener(event, () => this.body?.isConnected && this.fill(this.body));
  }

  async fill(body) {
    this.body = body;
    try {
      const [status, { places }, { models }] = await Promise.all(["status", "places", "models"].map((what) => get(`/api/v1/${what}`)));
      const active = models.find((model) => model.active);
      this.work = el("div", { class: "jobs" });
      const trouble = status.photos.skipped + status.photos.failed + status.photos.missing;
      const unread = trouble ? this.#problems("/api/v1/problems", `${plural(trouble, "photo")} skipped, failed or missing`) : "";
      if (unread && this.unread?.isConnected) unread.open = this.unread.open; // who reads it goes on when a job ends
      this.unread = unread;
      body.replaceChildren(
        status.photos.total ? el("p", {}, summary(status)) : welcome(),
        active.here ? "" : this.#chooseModel(active, models.filter(({ here }) => here)),
        this.work,
        el("h3", {}, "Places"),
        ...places.map((place) => this.#place(place, active)),
        places.length ? "" : el("p", { class: "quiet" }, "No place of photos was found by itself."),
        elsewhere(),
        unread,
        active.here ? this.#models(models) : "",
        el("p", { class: "quiet small" }, `Safelight ${status.version}, model ${active.name}. Nothing leaves this computer.`),
      );
      this.#drawJobs();
    } catch (error) {
      this.say(error.message);
    }
  }

  /** Where the model that is asked for is not here, offer those that are. */
  #chooseModel(active, here) {
    const offer = ({ id, name, note }) => el(
      "div", { class: "place" },
      el("div", { class: "name" }, el("strong", {}, name), el("span", { class: "quiet small" }, note)),
      el("button", { type: "button", class: "main", onclick: () => this.#use(id) }, `Use ${name}`),
    );
    const how = el("p", { class: "quiet small" }, `To have ${active.name}${active.size_mb ? ` (${number(active.size_mb)} MB, once)` : ""}, type `, el("code", {}, `safelight model fetch ${active.name}`), " in a terminal.");
    return el(
      "div", { class: "welcome" },
      el("h3", {}, "First a model"),
      el("p", {}, `A model is what sees what is in a photo. ${active.name} is not on this computer yet. ${here.length ? "Choose one that is:" : "Nor is any other."}`),
      ...here.map(offer),
      how,
    );
  }

  /** Offer the other models that are here, if there are any. */
  #models(models) {
    const here = models.filter(({ here }) => here);
    if (here.length < 2) return "";
    const option = ({ id, name, seen, active }) => el("option", { value: id, selected: active }, `${name}${seen ? `, knows ${plural(seen, "picture")}` : ""}`);
    return el("label", {}, "Model", el("select", { onchange: ({ target }) => this.#use(target.value) }, ...here.map(option)));
  }

  async #use(id) {
    try {
      const { models } = await post("/api/v1/models/use", { id });
      const { name, seen } = models.find(({ active }) => active);
      this.changed();
      this.say(seen ? `Searches now use ${name}.` : `Searches now use ${name}. It knows no pictures yet: index your places with it.`);
    } catch (error) {
      this.say(error.message);
    }
    this.fill(this.body);
  }

  #place(place, model) {
    const start = (kind) => async ({ target }) => {
      target.disabled = true;
      try {
        this.jobs.started(await post("/api/v1/jobs", { kind, place: place.id }));
      } catch (error) {
        this.say(error.message);
        target.disabled = false;
      }
    };
    const label = place.indexed ? "Look for changes" : "Index";
    const away = place.state !== "online";
    return el(
      "div",
      { class: "place" },
      el("div", { class: "name" }, el("strong", {}, place.name), el("span", { class: "quiet small" }, `${library(place.source)} · ${place.path}`)),
      away ? el("span", { class: "quiet" }, "not connected") : null,
      place.indexable
        ? el("button", { type: "button", class: place.indexed ? "" : "main", disabled: away || !model.here, title: model.here ? "" : "Choose a model first", onclick: start("index"), "aria-label": `${label}: ${place.name}` }, label)
        : null,
      place.recoverable && !away
        ? el("button", { type: "button", onclick: start("recover"), title: "Save the photos that its previews hold, beside your pictures" }, "Recover previews")
        : null,
    );
  }

  /** Draw the last jobs; elements stay as long as their state does, or a press of a button would fall between two. */
  #drawJobs() {
    if (!this.work?.isConnected) return;
    const shown = lastOfEach(this.jobs.newestFirst).slice(0, SHOWN);
    const before = this.drawn ?? new Map();
    this.drawn = new Map(shown.map((job) => [`${job.id} ${job.state}`, before.get(`${job.id} ${job.state}`) ?? this.#job(job)]));
    shown.forEach((job) => this.drawn.get(`${job.id} ${job.state}`).update(job));
    const elements = [...this.drawn.values()].map(({ element }) => element);
    if (elements.some((element, place) => this.work.children[place] !== element)) this.work.replaceChildren(...elements);
  }

  #job(job) {
    const act = (verb) => () => post(`/api/v1/jobs/${job.id}/${verb}`).catch((error) => this.say(error.message));
    const button = (verb, label) => el("button", { type: "button", onclick: act(verb), "aria-label": `${label}: ${job.title}` }, label);
    const over = OVER.has(job.state);
    const bar = el("progress", { "aria-label": job.title });
    const stage = el("p", { class: "quiet" });
    const remarks = el("div", { class: "quiet" });
    const unread = (job.counts.skipped ?? 0) + (job.counts.failed ?? 0);
    const element = el(
      "div",
      { class: "job" },
      el("div", {}, el("strong", {}, called(job)), " ", el("span", { class: "quiet" }, STATES[job.state])),
      over ? null : bar,
      stage,
      job.error ? el("p", { class: "error" }, job.error) : null,
      remarks,
      over ? null : el("div", { class: "buttons" }, job.state === "paused" ? button("resume", "Go on") : button("pause", "Pause"), button("cancel", "Stop")),
      over && unread ? this.#problems(`/api/v1/jobs/${job.id}/problems`, `What was left out of this, and why (${number(unread)})`) : null,
    );
    const update = (now) => {
      if (now.total_final && now.total) Object.assign(bar, { max: now.total, value: now.done });
      stage.textContent = over ? outcomes(now) : now.total > 1 ? `${now.stage} ${number(now.done)} of ${number(now.total)}` : now.stage;
      remarks.replaceChildren(...now.remarks.map((remark) => el("p", {}, remark)));
    };
    return { element, update };
  }

  #problems(path, title) {
    const list = el("ul", { class: "problems" });
    const section = el("details", {}, el("summary", {}, title), list);
    let offset = 0;
    const load = async () => {
      try {
        const { problems, more } = await get(`${path}?limit=${PAGE}&offset=${offset}`);
        offset += problems.length;
        list.append(...problems.map((item) => el("li", {}, el("span", {}, item.path), el("span", { class: "quiet" }, `${item.state}: ${item.reason}`))));
        const next = el("button", { type: "button", onclick: () => (next.remove(), load()) }, "More");
        if (more) section.append(next);
      } catch (error) {
        this.say(error.message);
      }
    };
    section.addEventListener("toggle", load, { once: true });
    return section;
  }
}

/** Of the jobs that are over only the last one of each work: what failed and was mended since is of no use. */
function lastOfEach(newestFirst) {
  const seen = new Set();
  return newestFirst.filter(({ kind, title, state }) => {
    const work = `${kind} ${title}`;
    const isOld = seen.has(work) && OVER.has(state);
    seen.add(work);
    return !isOld;
  });
}

function summary({ summary: said, photos: { indexed, different } }) {
  return different < indexed ? `${said}; they are ${plural(different, "different picture")}, as copies are shown once` : said;
}

function outcomes({ counts }) {
  const held = Object.entries(counts).filter(([what, count]) => count && OUTCOMES.has(what));
  return held.map(([what, count]) => `${number(count)} ${what}`).join(", ");
}

function welcome() {
  return el(
    "div",
    { class: "welcome" },
    el("h3", {}, "Welcome"),
    el("p", {}, "Choose where your photos are. Safelight looks at each of them once and remembers what it shows; the photos stay where they are, unchanged."),
  );
}

function elsewhere() {
  return el("p", { class: "quiet small" }, "A folder that is not listed here: type ", el("code", {}, "safelight index FOLDER"), " in a terminal.");
}
