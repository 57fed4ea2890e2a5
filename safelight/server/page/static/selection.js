// Which photos are selected, by id: it survives another order, another layout, and a reload of the list.

export class Selection extends EventTarget {
  constructor() {
    super();
    this.ids = new Set();
    this.anchor = null; // where a range begins: an id
  }

  has(id) {
    return this.ids.has(id);
  }

  get size() {
    return this.ids.size;
  }

  toggle(id) {
    if (!this.ids.delete(id)) this.ids.add(id);
    this.anchor = id;
    this.#changed();
  }

  /** Select everything from the anchor to here. */
  extend(photos, index) {
    const from = this.anchor === null ? index : photos.indexOf(this.anchor);
    if (from < 0) return this.toggle(photos.id(index));
    for (let i = Math.min(from, index); i <= Math.max(from, index); i += 1) this.ids.add(photos.id(i));
    this.anchor ??= photos.id(index);
    return this.#changed();
  }

  clear() {
    this.ids.clear();
    this.anchor = null;
    this.#changed();
  }

  #changed() {
    this.dispatchEvent(new Event("change"));
  }
}
