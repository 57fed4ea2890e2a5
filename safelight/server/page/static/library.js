// What the library is made of: places to index, work that is under way, and what could not be read.

import { get, post } from "./api.js";
import { el, number, plural } from "./dom.js";
import { called, OVER } from "./jobs.js";

const STATES = { queued: "waits", running: "", paused: "paused", done: "done", failed: "failed", cancelled: "cancelled" };
const OUTCOMES = new Set(["indexed", "unchanged", "skipped", "failed", "missing", "recovered", "written", "groups", "series"]);
const SOURCES = { photos: "Apple Photos", lightroom: "Lightroom", takeout: "Google Takeout", previews: "Lightroom's previews" };
const SHOWN = 5;
const PAGE = 100;

export class LibraryPanel {
  constructor({ jobs, say }) {
    this.jobs = jobs;
    this.say = say;
    this.body = null;
    jobs.addEventListener("change", () => this.#drawJobs());
    for (const event of ["end", "back"]) jobs.addEventListener(event, () => this.body?.isConnected && this.fill(this.body));
  }

  async fill(body) {
    this.body = body;
    try {
      const [status, { places }] = await Promise.all([get("/api/v1/status"), get("/api/v1/places")]);
      this.work = el("div", { class: "jobs" });
      const trouble = status.photos.skipped + status.photos.failed + status.photos.missing;
      body.replaceChildren(
        status.photos.total ? el("p", {}, status.summary) : welcome(),
        status.model.here ? "" : modelMissing(status.model.name),
        this.work,
        el("h3", {}, "Places"),
        ...places.map((place) => this.#place(place)),
        places.length ? "" : el("p", { class: "quiet" }, "No place of photos was found by itself."),
        elsewhere(),
        trouble ? this.#problems("/api/v1/problems", `${plural(trouble, "photo")} skipped, failed or missing`) : "",
        el("p", { class: "quiet small" }, `Safelight ${status.version}, model ${status.model.name.split(/[\\/]/).at(-1)}. Nothing leaves this computer.`),
      );
      this.#drawJobs();
    } catch (error) {
      this.say(error.message);
    }
  }

  #place(place) {
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
      el("div", { class: "name" }, el("strong", {}, place.name), el("span", { class: "quiet small" }, `${SOURCES[place.source] ?? place.source} · ${place.path}`)),
      away ? el("span", { class: "quiet" }, "not connected") : null,
      place.source === "previews" // they are read with their catalog
        ? null
        : el("button", { type: "button", class: place.indexed ? "" : "main", disabled: away, onclick: start("index"), "aria-label": `${label}: ${place.name}` }, label),
      place.recoverable && !away
        ? el("button", { type: "button", onclick: start("recover"), title: "Save the photos that its previews hold, beside your pictures" }, "Recover previews")
        : null,
    );
  }

  /** Draw the last jobs; elements stay as long as their state does, or a press of a button would fall between two. */
  #drawJobs() {
    if (!this.work?.isConnected) return;
    const shown = this.jobs.newestFirst.slice(0, SHOWN);
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
      stage.textContent = over ? outcomes(now) : now.total ? `${now.stage} ${number(now.done)} of ${number(now.total)}` : now.stage;
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

/** The page cannot fetch a model; what can, is typed. */
function modelMissing(name) {
  return el(
    "div",
    { class: "welcome" },
    el("h3", {}, "A model is needed first"),
    el("p", {}, `What looks at photos, the model ${name}, is not on this computer yet. To fetch it once, type in a terminal: `, el("code", {}, `safelight model fetch ${name}`)),
    el("p", {}, "Or try without it: ", el("code", {}, "safelight model use starter"), ", then ", el("code", {}, "safelight stop"), " and ", el("code", {}, "safelight serve --open"), "."),
  );
}

function elsewhere() {
  return el("p", { class: "quiet small" }, "A folder that is not listed here: type ", el("code", {}, "safelight index FOLDER"), " in a terminal.");
}
