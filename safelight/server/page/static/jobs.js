// The helper's long work, as it happens: a stream that comes back by itself after the helper was away.

import { get } from "./api.js";

const AGAIN_MS = 2000;
export const OVER = new Set(["done", "failed", "cancelled"]);

const KINDS = { index: "Index", rebuild: "Rebuild", recover: "Recover", duplicates: "Look for duplicates" };

/** What a job is called: "Index Pictures". */
export const called = (job) => `${KINDS[job.kind]} ${job.title}`;

export class Jobs extends EventTarget {
  #stream = null;
  #listed = false; // whether all that were there when the page came are known

  constructor() {
    super();
    this.jobs = new Map(); // id -> job, the newest last
    this.away = false; // whether the helper does not answer
    // A browser holds six connections to one place: pages that nobody sees would keep the others waiting.
    document.addEventListener("visibilitychange", () => (document.hidden ? this.#stream?.close() : this.listen()));
  }

  /** Listen, until the page is closed. Events: change, end (detail: a job that has just ended), away, back. */
  listen() {
    this.#stream?.close();
    if (document.hidden) return; // opened behind another page, or the helper came back meanwhile: when somebody looks
    this.#stream = new EventSource("/api/v1/events");
    this.#stream.addEventListener("job", ({ data }) => this.#take(JSON.parse(data)));
    this.#stream.addEventListener("listed", () => (this.#listed = true));
    this.#stream.addEventListener("open", () => this.#answered());
    this.#stream.addEventListener("error", () => {
      this.#missed();
      // A browser tries again by itself, but not after an answer that was a refusal.
      if (this.#stream.readyState === EventSource.CLOSED) setTimeout(() => this.listen(), AGAIN_MS);
    });
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
