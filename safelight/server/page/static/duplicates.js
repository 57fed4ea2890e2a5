// The door to the review of duplicates: what lies behind it is fetched when it is first opened.

import { byId } from "./dom.js";
import { Refusal } from "./api.js";

export class Duplicates {
  #review = null;

  /** Follows the address: what stands there behind "#" opens and closes the review. */
  constructor({ page, jobs }) {
    Object.assign(this, { page, jobs });
    this.help = () => {};
    byId("duplicates").addEventListener("click", () => (this.isOpen ? this.leave() : this.enter()));
    page.addEventListener("asked", () => this.#follow());
    this.#follow();
  }

  get isOpen() {
    return location.hash.startsWith("#duplicates");
  }

  enter() {
    history.pushState(null, "", `${location.pathname}${location.search}#duplicates`);
    this.#follow();
  }

  leave() {
    history.pushState(null, "", location.pathname + location.search);
    this.#follow();
    byId("duplicates").focus();
  }

  async #follow() {
    byId("duplicates").setAttribute("aria-pressed", String(this.isOpen));
    if (!this.isOpen) return this.#review?.then(({ review }) => review.isOpen && review.close());
    this.#review ??= this.#fetch();
    try {
      const { review, read } = await this.#review;
      if (this.isOpen && !review.isOpen) await review.open(read(location.hash));
    } catch (error) {
      this.#review = null;
      this.page.say(error instanceof Refusal ? error.message : `The page is incomplete; reload it. (${error.message})`);
    }
    return null;
  }

  async #fetch() {
    const styles = Object.assign(document.createElement("link"), { rel: "stylesheet", href: new URL("review.css", import.meta.url).href });
    const styled = new Promise((resolve, reject) => {
      styles.onload = resolve;
      styles.onerror = () => reject(new Error("the styles of the review"));
    });
    document.head.append(styles);
    const [{ Review, read }] = await Promise.all([import("./review.js"), styled]);
    const { jobs, page } = this;
    const review = new Review({
      jobs, say: page.say, leave: () => this.leave(), help: () => this.help(),
      isBusy: () => byId("help").open || !byId("panel").hidden && byId("panel").contains(document.activeElement),
    });
    return { review, read };
  }
}
