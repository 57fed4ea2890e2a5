// The filters: what the library knows of its photos, with counts, to tick.

import { get } from "./api.js";
import { el, library, number } from "./dom.js";
import { toggled, withFilter } from "./query.js";

const FEW = 8; // shown before one asks for all
const LISTS = [
  ["folders", "folder_id", "Folders"],
  ["sources", "source", "Kinds of library"],
  ["albums", "album", "Albums"],
  ["people", "person", "People"],
  ["keywords", "keyword", "Keywords"],
  ["labels", "label", "Recognised by the library"],
  ["cameras", "camera", "Cameras"],
  ["formats", "format", "Formats"],
  ["media", "media", "Kinds of picture"],
];

export class Filters {
  #opened = new Set(["years", "folders", "albums", "people"]);
  #all = new Set();

  constructor(page) {
    this.page = page;
    this.ask = page.ask;
    this.body = null;
  }

  async fill(body) {
    this.body = body;
    body.replaceChildren(el("p", { class: "quiet" }, "Counting…"));
    try {
      this.facets = await get("/api/v1/facets");
      this.show();
    } catch (error) {
      this.page.say(error.message);
    }
  }

  /** Draw again, after the query changed. */
  show() {
    if (!this.body?.isConnected || !this.facets) return;
    const focused = document.activeElement?.id;
    const scrolled = this.body.scrollTop;
    const { query } = this.page;
    const clear = el("button", { type: "button", onclick: () => this.ask((before) => ({ ...before, filters: {} })) }, "Clear all filters");
    clear.disabled = !Object.keys(query.filters).length;
    this.body.replaceChildren(
      clear,
      this.#when(query),
      this.#stars(query),
      this.#written(query),
      ...LISTS.map(([facet, name, title]) => this.#list(facet, name, title, query)).filter(Boolean),
    );
    this.body.scrollTop = scrolled;
    if (focused) document.getElementById(focused)?.focus();
  }

  #when({ filters }) {
    const set = (name) => ({ target }) => this.ask((before) => withFilter(before, name, target.value.trim()));
    const field = (name, label) => el(
      "label",
      {},
      label,
      el("input", { id: `filter-${name}`, value: filters[name] ?? "", placeholder: "2019, 2019-07, 2y", maxLength: 40, onchange: set(name) }),
    );
    const years = [...this.facets.years].sort((a, b) => b.value.localeCompare(a.value)).map(({ value, photos }) => {
      const held = filters.since === value && filters.until === value;
      const choose = () => this.ask((before) => withFilter(withFilter(before, "since", held ? "" : value), "until", held ? "" : value));
      return this.#choice(`year-${value}`, value, photos, held, choose);
    });
    return this.#section("years", "When", [el("div", { class: "pair" }, field("since", "From"), field("until", "To")), ...this.#few("years", years)]);
  }

  #stars({ filters }) {
    const rate = ({ target }) => this.ask((before) => withFilter(before, "rating", Number(target.value)));
    const options = [0, 1, 2, 3, 4, 5].map((stars) => el(
      "option",
      { value: String(stars), selected: (filters.rating ?? 0) === stars },
      stars ? `${"★".repeat(stars)} or more` : "any",
    ));
    const like = () => this.ask((before) => withFilter(before, "favorite", !before.filters.favorite));
    return this.#section("stars", "Rating", [
      el("label", {}, "Stars", el("select", { id: "filter-rating", onchange: rate }, ...options)),
      this.#choice("favorite", "Favourites only", null, Boolean(filters.favorite), like),
    ]);
  }

  /** What is looked for in what is written of a photo. */
  #written({ filters }) {
    const set = (name) => ({ target }) => {
      const words = target.value.trim();
      this.ask((before) => withFilter(before, name, words ? [words] : null));
    };
    const field = (name, label) => el(
      "label",
      {},
      label,
      el("input", { id: `filter-${name}`, value: filters[name]?.[0] ?? "", maxLength: 200, onchange: set(name) }),
    );
    return this.#section("written", "Place and title", [field("place", "Place"), field("text", "Title or caption")]);
  }

  #list(facet, name, title, query) {
    const held = new Set(query.filters[name] ?? []);
    const choices = this.facets[facet].map((item) => {
      const value = item.id ?? item.value;
      const toggle = () => this.ask((before) => toggled(before, name, value));
      const choice = this.#choice(`${name}-${value}`, item.name ?? (name === "source" ? library(item.value) : item.value), item.photos, held.has(value), toggle);
      choice.title = item.path ?? "";
      return choice;
    });
    return choices.length ? this.#section(facet, title, this.#few(facet, choices)) : null;
  }

  #few(name, choices) {
    if (choices.length <= FEW + 2 || this.#all.has(name)) return choices;
    const all = () => {
      this.#all.add(name);
      this.show();
    };
    // Those that are ticked are never out of sight.
    const shown = choices.filter((choice, place) => place < FEW || choice.querySelector("input").checked);
    return [...shown, el("button", { type: "button", class: "more", onclick: all }, `All ${number(choices.length)}`)];
  }

  #choice(id, label, photos, checked, toggle) {
    const box = el("input", { type: "checkbox", id: `filter-${id}`, checked, onchange: toggle });
    const count = photos === null ? null : el("span", { class: "quiet" }, number(photos));
    return el("label", { class: "choice" }, box, el("span", { class: "name" }, label), count);
  }

  #section(name, title, content) {
    const section = el("details", { open: this.#opened.has(name) }, el("summary", {}, title), ...content);
    section.addEventListener("toggle", () => (section.open ? this.#opened.add(name) : this.#opened.delete(name)));
    return section;
  }
}
