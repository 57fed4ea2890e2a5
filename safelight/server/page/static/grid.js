// A justified grid of any number of photos, of which only those in sight are elements.

import { beside, boxOf, justify, ratio, rowAt, rowOf } from "./layout.js";
import { ScrollMap } from "./scrollmap.js";
import { get, picture } from "./api.js";
import { el, number, standing } from "./dom.js";

const GAP = 4;
const SPARE = 0.6; // how much is kept ready above and below, of what is seen
const FAST = 1.5; // screens in a frame: pictures that fly past are not asked for
const REST_MS = 120;

export class Grid extends EventTarget {
  #cells = new Map(); // index -> element
  #unused = [];
  #map = new ScrollMap();
  #shift = 0;
  #frame = 0;
  #resting = 0;
  #rest = null;
  #width = 0;

  /** Events: open (detail: index), select (detail: {index, range}), near-end, focus-photo, scrolled. */
  constructor(box, list, selection) {
    super();
    this.box = box;
    this.list = list;
    this.selection = selection;
    this.photos = null;
    this.active = 0; // has the focus, or gets it by Tab
    this.scores = false;
    box.addEventListener("scroll", () => this.#soon(), { passive: true });
    list.addEventListener("click", (event) => this.#clicked(event));
    list.addEventListener("focusin", (event) => this.#focused(event));
    list.addEventListener("error", ({ target }) => target.hasAttribute("src") && this.#noPicture(target.parentNode), true);
    selection.addEventListener("change", () => this.#mark());
    new ResizeObserver(() => this.#resized()).observe(box);
  }

  /** Show other photos; with `keep` the one at the top stays in sight where it is among them. */
  show(photos, { keep = false } = {}) {
    const anchor = keep && this.photos?.count ? this.#anchor() : null;
    const focused = keep && this.photos?.count ? this.photos.id(this.active) : null;
    const hadFocus = keep && this.list.contains(document.activeElement);
    this.photos = photos;
    // What stays where it is in the list keeps its picture: nothing flickers when more is known.
    for (const [index, cell] of [...this.#cells]) if (index >= photos.count || cell.dataset.id !== photos.id(index)) this.#release(index);
    this.active = Math.max(0, focused === null ? 0 : photos.indexOf(focused));
    this.#lay(anchor);
    if (hadFocus && photos.count) (this.#cells.get(this.active) ?? this.#fill(this.active)).focus({ preventScroll: true });
  }

  /** Move the focus to a photo and bring it into sight. */
  focus(index) {
    if (!this.photos?.count) return;
    const before = this.#cells.get(this.active);
    if (before) before.tabIndex = -1;
    this.active = Math.max(0, Math.min(this.photos.count - 1, index));
    this.reveal(this.active);
    const cell = this.#cells.get(this.active) ?? this.#fill(this.active);
    cell.tabIndex = 0;
    cell.focus({ preventScroll: true });
  }

  /** Bring a photo into sight. */
  reveal(index) {
    const { y, height } = boxOf(this.layout, this.photos.aspects, index, GAP);
    const { top, seen } = this.#map;
    if (y < top + GAP) this.#go(y - GAP);
    else if (y + height > top + seen - GAP) this.#go(y + height - seen + GAP);
    this.#render();
  }

  /** The photo that lies by arrows from the active one. */
  towards(key) {
    const { photos, layout, active } = this;
    const rows = Math.max(1, Math.floor(this.#map.seen / (this.wanted + GAP)) - 1);
    const vertical = (steps) => {
      let index = active;
      for (let i = 0; i < Math.abs(steps); i += 1) index = beside(layout, photos.aspects, index, Math.sign(steps), GAP);
      return index;
    };
    switch (key) {
      case "ArrowLeft": return active - 1;
      case "ArrowRight": return active + 1;
      case "ArrowUp": return vertical(-1);
      case "ArrowDown": return vertical(1);
      case "PageUp": return vertical(-rows);
      case "PageDown": return vertical(rows);
      case "Home": return 0;
      case "End": return photos.count - 1;
      default: return null;
    }
  }

  /** What is in sight: the first photo of the uppermost row, and how much of all lies above, from 0 to 1. */
  get place() {
    const { top, seen, total } = this.#map;
    return { index: this.photos.count ? this.layout.start[rowAt(this.layout, top)] : 0, share: total > seen ? top / (total - seen) : 0 };
  }

  /** Where a photo is on the screen, for the viewer to grow from; null where it is out of sight. */
  thumb(index) {
    return this.#cells.get(index)?.firstChild ?? null;
  }

  /** Name a photo for those who hear the page. */
  describe(index, text) {
    this.#cells.get(index)?.setAttribute("aria-label", text);
  }

  showScores(on) {
    this.scores = on;
    for (const [index, cell] of this.#cells) this.#write(cell, index);
  }

  #clicked(event) {
    const cell = event.target.closest("[role=option]");
    if (!cell) return;
    const index = Number(cell.dataset.index);
    this.focus(index);
    const selecting = event.shiftKey || event.ctrlKey || event.metaKey || event.target.classList.contains("mark");
    if (selecting) this.#tell("select", { index, range: event.shiftKey });
    else this.#tell("open", index);
  }

  #focused(event) {
    const index = Number(event.target.dataset?.index ?? NaN);
    if (Number.isNaN(index)) return;
    this.active = index;
    this.#tell("focus-photo", index);
  }

  #tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }

  #resized() {
    // Only the width decides the layout; a keyboard that slides in on a phone changes the height alone.
    if (this.list.clientWidth === this.#width) this.#map.resize(this.#map.total, this.box.clientHeight);
    else if (this.photos) this.#lay(this.photos.count ? this.#anchor() : null);
    if (this.photos) this.#soon();
  }

  /** What to keep in sight; nothing at the very top, where what is new is to be seen. */
  #anchor() {
    if (this.#map.top < GAP) return null;
    const row = rowAt(this.layout, this.#map.top);
    return { id: this.photos.id(this.layout.start[row]), by: this.#map.top - this.layout.top[row] };
  }

  #lay(anchor) {
    this.#width = this.list.clientWidth;
    this.wanted = this.#width < 600 ? 124 : 208;
    this.layout = justify(this.photos.aspects, Math.max(1, this.#width), this.wanted, GAP);
    const index = anchor ? this.photos.indexOf(anchor.id) : -1;
    const top = index < 0 ? 0 : this.layout.top[rowOf(this.layout, index)] + anchor.by;
    this.#map.resize(this.layout.total, this.box.clientHeight);
    this.list.style.height = `${this.#map.height}px`;
    for (const [index, cell] of this.#cells) {
      this.#write(cell, index);
      this.#place(cell, boxOf(this.layout, this.photos.aspects, index, GAP));
    }
    this.#go(top);
    this.#render();
  }

  #go(top) {
    this.box.scrollTop = this.#map.go(top);
    this.#map.at = this.#map.scale === 1 ? this.#map.at : this.box.scrollTop; // browsers round
  }

  #soon() {
    this.#frame ||= requestAnimationFrame(() => {
      this.#frame = 0;
      const before = this.#map.top;
      this.#map.moved(this.box.scrollTop);
      this.#resting = Math.abs(this.#map.top - before) > FAST * this.#map.seen ? performance.now() + REST_MS : this.#resting;
      this.#render();
      if (this.#map.top !== before) this.#tell("scrolled");
      clearTimeout(this.#rest);
      this.#rest = setTimeout(() => this.#settle(), REST_MS);
    });
  }

  #settle() {
    this.#resting = 0;
    if (this.#map.scale !== 1) {
      // Scrolled since the last frame: putting the box back would take that away. The next frame settles again.
      if (this.box.scrollTop !== this.#map.at) return this.#soon();
      this.#go(this.#map.top);
    }
    this.#render();
  }

  #render() {
    const { layout, photos } = this;
    if (!photos || !layout) return;
    const { top, seen, shift } = this.#map;
    const first = layout.start[rowAt(layout, top - SPARE * seen)];
    const lastRow = rowAt(layout, top + (1 + SPARE) * seen);
    const end = layout.rows ? layout.start[lastRow + 1] : 0;
    for (const index of [...this.#cells.keys()]) {
      const kept = index === this.active && this.#cells.get(index) === document.activeElement;
      if ((index < first || index >= end) && !kept) this.#release(index);
    }
    if (shift !== this.#shift) {
      this.#shift = shift;
      for (const [index, cell] of this.#cells) this.#place(cell, boxOf(layout, photos.aspects, index, GAP));
    }
    for (let row = rowOf(layout, first); end && row <= lastRow; row += 1) this.#row(row);
    if (end >= photos.count) this.#tell("near-end");
  }

  #row(row) {
    const height = this.layout.height[row];
    const y = this.layout.top[row];
    const load = performance.now() >= this.#resting;
    let x = 0;
    for (let index = this.layout.start[row]; index < this.layout.start[row + 1]; index += 1) {
      const width = ratio(this.photos.aspects[index]) * height;
      let cell = this.#cells.get(index);
      if (!cell) {
        cell = this.#take(index);
        this.#place(cell, { x, y, width, height });
      }
      if (load && !cell.dataset.asked) this.#load(cell, index, Math.max(width, height));
      x += width + GAP;
    }
  }

  #fill(index) {
    const cell = this.#take(index);
    this.#place(cell, boxOf(this.layout, this.photos.aspects, index, GAP));
    return cell;
  }

  #take(index) {
    const cell = this.#unused.pop() ?? newCell();
    this.#cells.set(index, cell);
    cell.dataset.index = index;
    cell.dataset.id = this.photos.id(index);
    this.#write(cell, index);
    this.list.insertBefore(cell, this.#behind(index));
    return cell;
  }

  /** The element that a photo goes before: readers follow the order of elements. */
  #behind(index) {
    const { lastElementChild: last, children } = this.list;
    if (!last || Number(last.dataset.index) < index) return null;
    return [...children].find((other) => Number(other.dataset.index) > index);
  }

  #write(cell, index) {
    const hit = this.photos.hit(index);
    cell.tabIndex = index === this.active ? 0 : -1;
    cell.setAttribute("aria-posinset", index + 1);
    cell.setAttribute("aria-setsize", this.photos.count);
    cell.setAttribute("aria-selected", this.selection.has(this.photos.id(index)));
    const [, , score, away] = cell.children;
    away.textContent = standing(hit?.state);
    away.hidden = !away.textContent;
    cell.title = [hit?.name, away.textContent].filter(Boolean).join(", ");
    score.hidden = !(this.scores && hit);
    score.textContent = score.hidden ? "" : hit.score.toFixed(3);
    const absent = cell.querySelector(".absent")?.textContent;
    const name = absent ?? hit?.name ?? `Photo ${number(index + 1)}`;
    // What is seen is heard, in the same order.
    const said = [score.textContent, absent ? "" : away.textContent].filter(Boolean).join(" ");
    cell.setAttribute("aria-label", [name, said].filter(Boolean).join(", "));
  }

  #place(cell, { x, y, width, height }) {
    cell.style.transform = `translate(${x}px, ${y + this.#shift}px)`;
    cell.style.width = `${width}px`;
    cell.style.height = `${height}px`;
  }

  #load(cell, index, pixels) {
    cell.dataset.asked = "1";
    // A picture a little too small cannot be told apart at this size, and costs a quarter.
    cell.firstChild.src = picture(this.photos.id(index), 0.8 * pixels * Math.min(2, devicePixelRatio));
  }

  /** In place of a picture that cannot be had say whose it is, and why. */
  async #noPicture(cell) {
    const { id, index } = cell.dataset;
    cell.firstChild.className = "broken";
    const photo = await get(`/api/v1/photos/${id}`).catch(() => null);
    if (!photo || cell.dataset.id !== id || cell.firstChild.className !== "broken") return;
    const why = photo.places.map(({ state }) => standing(state)).find(Boolean) ?? "has no picture here";
    cell.append(el("span", { class: "absent" }, el("strong", {}, photo.name), " ", el("span", {}, why)));
    this.#write(cell, Number(index));
  }

  #release(index) {
    const cell = this.#cells.get(index);
    this.#cells.delete(index);
    cell.remove();
    cell.firstChild.removeAttribute("src"); // what is still under way is given up
    cell.firstChild.className = "";
    cell.querySelector(".absent")?.remove();
    delete cell.dataset.asked;
    this.#unused.push(cell);
  }

  #mark() {
    for (const [index, cell] of this.#cells) {
      cell.setAttribute("aria-selected", this.selection.has(this.photos.id(index)));
    }
  }
}

function newCell() {
  const image = el("img", { alt: "", decoding: "async", draggable: false });
  image.addEventListener("load", () => (image.className = "there"));
  return el("div", { class: "cell", role: "option" }, image, el("span", { class: "mark" }), el("span", { class: "score", hidden: true }), el("span", { class: "away", hidden: true }));
}
