// The month that is in sight, beside the scroll bar, while one scrolls through photos in the order of time.

import { post } from "./api.js";
import { byId } from "./dom.js";
import { gridBody } from "./query.js";

const STAYS_MS = 900;

export class Months {
  #hiding = null;
  #photos = null; // the list that the months are of
  #ends = []; // [place behind the month's last photo, its name]

  constructor(page) {
    this.page = page;
    this.label = byId("month");
    page.grid.addEventListener("scrolled", () => this.#show());
  }

  #show() {
    const { grid } = this.page;
    if (grid.photos !== this.#photos) this.#read(grid.photos);
    const { index, share } = grid.place;
    const name = this.#ends.find(([end]) => index < end)?.[1];
    this.label.hidden = !name;
    if (!name) return;
    if (this.label.textContent !== name) this.label.textContent = name;
    this.label.style.setProperty("--share", share.toFixed(4));
    clearTimeout(this.#hiding);
    this.#hiding = setTimeout(() => (this.label.hidden = true), STAYS_MS);
  }

  /** Ask for the months of a list, once it is scrolled through. */
  async #read(photos) {
    this.#photos = photos;
    this.#ends = [];
    if (this.page.isSearch) return;
    const { months } = await post("/api/v1/grid/months", gridBody(this.page.query)).catch(() => ({ months: [] }));
    if (this.#photos !== photos) return;
    let end = 0;
    this.#ends = months.map(({ month, photos: count }) => [(end += count), named(month)]);
  }
}

const names = new Intl.DateTimeFormat(undefined, { month: "long", year: "numeric" });

function named(month) {
  const day = new Date(`${month}-15T12:00:00`);
  return Number.isNaN(day.getTime()) ? (month ?? "No date") : names.format(day);
}
