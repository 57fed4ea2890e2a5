// A query -> photos in the grid, and one line that says what they are.

import { grid as fetchGrid, post } from "./api.js";
import { byId, number, plural } from "./dom.js";
import { Photos } from "./photos.js";
import { gridBody, isFiltered, isSearch, searchBody, told } from "./query.js";

const PAGE = 120;
const NEAREST = 24;
const DEEPEST = 10_000; // the helper goes no further
const SLOW_MS = 1_000; // the first search loads the model; what was there before is no answer
const SEARCHING = "Searching…";

export class Results {
  #asking = new AbortController();
  #hits = null; // of the search shown, or null
  #more = false;
  #showAll = false;

  constructor(grid, { count, say }) {
    this.grid = grid;
    this.count = count;
    this.say = say;
    grid.addEventListener("near-end", () => this.#continue());
  }

  /** Show what a query asks for; `keep` stays at the photos in sight. Returns whether it was shown. */
  async show(query, { keep = false } = {}) {
    this.#asking.abort();
    this.#asking = new AbortController();
    const { signal } = this.#asking;
    this.query = query;
    document.body.classList.add("busy");
    const before = this.count.textContent;
    const slow = setTimeout(() => isSearch(query) && (this.count.textContent = SEARCHING), SLOW_MS);
    try {
      if (!keep) this.say("");
      if (isSearch(query)) await this.#search(signal);
      else await this.#everything(signal, keep);
    } catch (error) {
      if (signal.aborted) return false;
      this.count.textContent = before === SEARCHING ? "" : before;
      this.say(error.message);
    } finally {
      clearTimeout(slow);
      if (!signal.aborted) document.body.classList.remove("busy");
    }
    return true;
  }

  /** Whether a search is shown that nothing really matches. */
  get isNothing() {
    return this.#hits !== null && (this.#showAll || !this.#hits.length);
  }

  async #everything(signal, keep) {
    const first = takeFirst();
    if (first && !isFiltered(this.query) && this.query.order === "time") {
      this.grid.show(first); // they came with the page; the others take a moment
      keep = true;
      await new Promise(requestAnimationFrame); // their pictures are asked for before the list of all
      signal.throwIfAborted();
    }
    const photos = Photos.fromGrid(await fetchGrid(gridBody(this.query), signal));
    this.#hits = null;
    this.#more = false;
    this.grid.show(photos, { keep });
    byId("empty").hidden = photos.count > 0 || isFiltered(this.query);
    this.count.textContent = plural(photos.count, "photo");
    if (!photos.count && isFiltered(this.query)) this.say("No photo passes these filters.");
  }

  async #search(signal) {
    byId("empty").hidden = true;
    this.#showAll = false;
    let found = await post("/api/v1/search", searchBody(this.query, 0, PAGE, false), signal);
    const reason = found.reason;
    if (!found.photos.length && found.nearest) {
      this.#showAll = true;
      found = await post("/api/v1/search", searchBody(this.query, 0, NEAREST, true), signal);
    }
    this.#hits = found.photos;
    this.#more = found.more && !this.#showAll;
    this.grid.show(Photos.fromHits(this.#hits));
    this.#tellCount();
    if (this.#showAll) this.say(`Nothing really matches “${told(this.query)}”. These come nearest.`);
    else if (!this.#hits.length) this.say(reason || "Nothing was found.");
  }

  async #continue() {
    if (!this.#more) return;
    this.#more = false;
    const { signal } = this.#asking;
    try {
      const found = await post("/api/v1/search", searchBody(this.query, this.#hits.length, PAGE, this.#showAll), signal);
      this.#hits = [...this.#hits, ...found.photos];
      this.#more = found.more && this.#hits.length + PAGE < DEEPEST;
      this.grid.show(Photos.fromHits(this.#hits), { keep: true });
      this.#tellCount();
    } catch (error) {
      if (!signal.aborted) this.say(error.message);
    }
  }

  #tellCount() {
    const known = number(this.#hits.length);
    this.count.textContent = this.#more ? `The best ${known} photos, more below` : plural(this.#hits.length, "photo");
  }
}

/** The newest photos, which the page brought along; null once they were taken, or where there are none. */
function takeFirst() {
  const { dataset } = byId("grid");
  const text = dataset.first;
  delete dataset.first;
  return text ? Photos.fromGrid(Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)).buffer) : null;
}
