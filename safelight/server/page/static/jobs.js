// The helper's long work, as it happens; it comes back by itself after the helper was away.

import { get } from "./api.js";
import { Events } from "./events.js";

export const OVER = new Set(["done", "failed", "cancelled"]);

const KINDS = { index: "Index", rebuild: "Rebuild", recover: "Recover", duplicates: "Look for duplicates" };

/** What a job is called: "Index Pictures". */
export const called = (job) => `${KINDS[job.kind]} ${job.title}`;

export class Jobs extends EventTarget {
  #events;
  #listed = false; // whether all that were there when the page came are known

  /** Events: change, end (detail: a job that has just ended), away, back. */
  constructor() {
    super();
    this.jobs = new Map(); // id -> job, the newest last
    this.away = false; // whether the helper does not answer
    this.#events = new Events({ take: (kind, data) => this.#hear(kind, data), asked: () => this.#retell() });
  }

  /** Listen, until the page is closed. */
  listen() {
    this.#events.listen();
  }

  get running() {
    return [...this.jobs.values()].filter((job) => !OVER.has(job.state));
  }

  get newestFirst() {
    return [...this.jobs.values()].sort((a, b) => b.created.localeCompare(a.created));
  }

  /** Take a job that was started here: the stream may be late, or may have told its end already. */
  started(job) {
    const known = this.jobs.get(job.id);
    if (!known) this.#take(job);
    else if (OVER.has(known.state)) this.#ended(known);
  }

  #hear(kind, data) {
    if (kind === "job") this.#take(JSON.parse(data));
    else if (kind === "listed") this.#listed = true;
    else if (kind === "open") this.#answered();
    else if (kind === "error") this.#missed();
  }

  /** Tell a page that has come what the stream has told so far. */
  #retell() {
    this.#events.tell(this.away ? "error" : "open");
    for (const job of this.jobs.values()) this.#events.tell("job", JSON.stringify(job));
    if (this.#listed) this.#events.tell("listed");
  }

  #take(job) {
    const before = this.jobs.get(job.id);
    this.jobs.set(job.id, job);
    // A short one is seen when it is over, and never before; what was over when the page came is no news.
    const isNews = before ? !OVER.has(before.state) : this.#listed;
    if (isNews && OVER.has(job.state)) this.#ended(job);
    this.dispatchEvent(new Event("change"));
  }

  #ended(job) {
    this.dispatchEvent(new CustomEvent("end", { detail: job }));
  }

  #answered() {
    if (!this.away) return;
    this.away = false;
    this.dispatchEvent(new Event("back"));
  }

  async #missed() {
    // The helper also ends a stream when it is well; then it answers this.
    const well = await get("/api/v1/status").then(() => true, () => false);
    if (well || this.away) return;
    this.away = true;
    this.dispatchEvent(new Event("away"));
  }
}
