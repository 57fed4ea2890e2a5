// Scroll positions of a box that browsers cut off -> positions in a layout of any height. Pure.
//
// Blink makes nothing taller than 16,777,216 CSS pixels at two device pixels each, others less. Past the cap small
// movements are taken as they are, so that a wheel feels the same everywhere; jumps are taken in proportion, so that
// the scroll bar reaches everything; and at rest the box is put back to where the proportion says.

export const CAP = 8_000_000;

export class ScrollMap {
  constructor(cap = CAP) {
    this.cap = cap;
    this.top = 0; // in the layout
    this.at = 0; // in the box
    this.resize(0, 1);
  }

  /** Take a new height of the layout and of what is seen of it. */
  resize(total, seen) {
    this.seen = seen;
    this.total = total;
    this.height = Math.min(total, this.cap);
    this.scale = total > this.cap ? (total - seen) / (this.cap - seen) : 1;
    this.top = Math.max(0, Math.min(this.top, total - seen));
    this.at = this.top / this.scale;
  }

  /** What to add to a y of the layout to get a y of the box. */
  get shift() {
    return this.scale === 1 ? 0 : Math.round(this.at - this.top);
  }

  /** The box was scrolled. */
  moved(at) {
    const by = at - this.at;
    this.at = at;
    const last = Math.max(0, this.total - this.seen);
    if (this.scale === 1) this.top = at;
    else if (at <= 0) this.top = 0;
    else if (at >= this.height - this.seen - 1) this.top = last;
    else if (Math.abs(by) <= 2 * this.seen) this.top = Math.max(0, Math.min(last, this.top + by));
    else this.top = at * this.scale;
  }

  /** Go to a y of the layout; returns where the box is to be scrolled to. */
  go(top) {
    this.top = Math.max(0, Math.min(top, this.total - this.seen));
    this.at = this.top / this.scale;
    return this.at;
  }
}
