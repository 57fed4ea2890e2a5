// The bar of the selection: what can be done with the photos that are selected.

import { get } from "./api.js";
import { byId, el, plural } from "./dom.js";
import { copy } from "./details.js";

const MOST_TERMS = 30; // the helper weighs 32
const MOST_PATHS = 1000;

export class Chosen {
  constructor({ selection, ask, say }) {
    Object.assign(this, { selection, ask, say });
    this.bar = byId("chosen");
    selection.addEventListener("change", () => this.#draw());
  }

  /** Look for more like these, or for less like those. */
  like(weight) {
    const ids = [...this.selection.ids];
    if (!ids.length) return;
    if (ids.length > MOST_TERMS) {
      this.say(`At most ${MOST_TERMS} photos can be weighed at once; ${ids.length} are selected.`);
      return;
    }
    this.selection.clear();
    this.ask((query) => ({
      ...query,
      // Together they weigh as much as one: twenty photos do not drown the words.
      terms: [
        ...query.terms.filter(({ picture }) => !ids.includes(picture)),
        ...ids.map((picture) => ({ picture, weight: Math.sign(weight) * Math.max(0.01, Number((1 / ids.length).toFixed(3))) })),
      ],
    }));
  }

  #draw() {
    const count = this.selection.size;
    this.bar.hidden = !count;
    if (!count) return;
    const button = (label, title, run) => el("button", { type: "button", title, onclick: run }, label);
    this.bar.replaceChildren(
      el("strong", { role: "status" }, `${plural(count, "photo")} selected`),
      button("More like these", "Key: m", () => this.like(1)),
      button("Less like those", "Key: l", () => this.like(-1)),
      button("Copy paths", "The paths of the selected photos, one a line", () => this.#copyPaths()),
      button("Clear", "Key: Esc", () => this.selection.clear()),
    );
  }

  async #copyPaths() {
    const ids = [...this.selection.ids].slice(0, MOST_PATHS);
    try {
      const paths = [];
      for (const id of ids) {
        const { places, name } = await get(`/api/v1/photos/${id}`);
        paths.push(places.find((place) => place.path)?.path ?? name);
      }
      await copy(paths.join("\n"), this.say);
    } catch (error) {
      this.say(error.message);
    }
  }
}
