// What the parts of the page share: the query, the photos that answer it, and one line to the user.

import { byId } from "./dom.js";
import { Grid } from "./grid.js";
import { isSearch, read, write } from "./query.js";
import { Results } from "./results.js";
import { SearchBox } from "./searchbox.js";
import { Selection } from "./selection.js";

/** Events: asked (another query), said (detail: the line), left (back or forward was pressed). */
export class Page extends EventTarget {
  constructor() {
    super();
    this.query = read(location.search);
    this.say = this.say.bind(this);
    this.ask = this.ask.bind(this);
    this.selection = new Selection();
    this.grid = new Grid(byId("box"), byId("grid"), this.selection);
    this.results = new Results(this.grid, { count: byId("count"), say: this.say });
    this.searchBox = new SearchBox(this);
    byId("order").addEventListener("change", ({ target }) => this.#reorder(target.value));
    addEventListener("popstate", () => {
      this.dispatchEvent(new Event("left"));
      this.query = read(location.search);
      this.show();
    });
  }

  get isSearch() {
    return isSearch(this.query);
  }

  /** Show a line to the user; "" takes it away. */
  say(text) {
    byId("notice").textContent = text;
    byId("notice").hidden = !text;
    this.dispatchEvent(new CustomEvent("said", { detail: text }));
  }

  /** Ask for something else: `change` gets the query and returns another. */
  ask(change) {
    this.query = change(this.query);
    history.pushState(null, "", write(this.query) || "/");
    this.show();
  }

  /** Show the photos that answer; `keep` stays at those in sight. */
  show(options) {
    const { query } = this;
    this.searchBox.show(query);
    byId("order").value = this.isSearch ? "best" : query.order;
    byId("order").disabled = this.isSearch;
    const held = Object.keys(query.filters).length;
    byId("filters").textContent = held ? `Filters (${held})` : "Filters";
    document.title = query.words ? `${query.words} · Safelight` : "Safelight";
    this.dispatchEvent(new Event("asked"));
    return this.results.show(query, options);
  }

  /** Look for photos like one. */
  similar(id) {
    this.ask((before) => ({ ...before, words: "", terms: [{ picture: id, weight: 1 }] }));
  }

  #reorder(order) {
    const seed = Math.floor(Math.random() * 1e9);
    this.ask((before) => ({ ...before, order, seed }));
  }
}
