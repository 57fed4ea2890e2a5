// Every key of the page: one table that is both obeyed and shown.

import { byId, el } from "./dom.js";

const MOVES = new Set(["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown", "Home", "End", "PageUp", "PageDown"]);
const VIEWER = [
  ["← →", "the photo before, the photo after"],
  ["s", "photos like this one"],
  ["b", "search a part of it: draw a box"],
  ["i", "what is known of it, and where it is"],
  ["z", "zoom"],
  ["Esc", "back to the grid"],
];
const DUPLICATES = [
  ["1 … 9", "keep this photo of the group"],
  ["n", "no duplicates of each other"],
  ["i", "show this group no more"],
  ["u", "take the last decision back"],
  ["↑ ↓", "the group before, the next group"],
  ["c", "compare large; back to the list"],
  ["← →", "compare with another photo of the group"],
  ["Space f", "swap the two; flicker"],
  ["b", "beside each other, or one over the other"],
  ["+ - 0", "closer, farther, whole; w a s d move"],
  ["Esc", "back"],
];

export class Keys {
  /** `deeds`: {key: {what, run}}, for when no photo is large; `isBusy()`: whether one is. */
  constructor({ grid, selection, deeds, isBusy }) {
    Object.assign(this, { grid, selection, deeds, isBusy });
    this.help = byId("help");
    byId("keys").addEventListener("click", () => this.showHelp());
    document.addEventListener("keydown", (event) => this.#pressed(event));
  }

  showHelp() {
    const row = ([keys, what]) => el("tr", {}, el("th", { scope: "row" }, ...keys.split(" ").map((key) => el("kbd", {}, key))), el("td", {}, what));
    const own = Object.entries(this.deeds).map(([key, { what }]) => [key === "Escape" ? "Esc" : key, what]);
    const inGrid = [["← ↑ ↓ →", "go from photo to photo; Home, End, Page Up and Page Down too"], ["Enter", "open a photo"],
      ["Space x", "select it"], ["Shift ←", "select up to there; Shift with a click too"], ...own];
    this.help.replaceChildren(
      el("h2", { id: "help-title" }, "Keys"),
      el("div", { class: "columns" },
        el("table", {}, el("caption", {}, "Among the photos"), el("tbody", {}, ...inGrid.map(row))),
        el("table", {}, el("caption", {}, "One photo large"), el("tbody", {}, ...VIEWER.map(row))),
        el("table", {}, el("caption", {}, "Duplicates"), el("tbody", {}, ...DUPLICATES.map(row)))),
      el("form", { method: "dialog" }, el("button", { class: "main" }, "Close")),
    );
    this.help.showModal();
  }

  #pressed(event) {
    if (this.isBusy() || this.help.open || event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    const inGrid = event.target === document.body || event.target.id === "box" || event.target.closest("#grid");
    if (inGrid && this.#inGrid(event)) return event.preventDefault();
    const typing = event.target.closest("input, select, textarea, dialog");
    const deed = this.deeds[event.key];
    if (!deed || (typing && event.key !== "Escape")) return;
    event.preventDefault();
    deed.run(event);
  }

  #inGrid({ key, shiftKey }) {
    const { grid, selection } = this;
    if (!grid.photos?.count) return false;
    const onPhoto = document.activeElement?.getAttribute("role") === "option";
    if (MOVES.has(key)) {
      if (shiftKey && onPhoto && !selection.anchor) selection.extend(grid.photos, grid.active);
      grid.focus(onPhoto ? grid.towards(key) : grid.active);
      if (shiftKey) selection.extend(grid.photos, grid.active);
      return true;
    }
    if (!onPhoto) return false;
    if (key === "Enter") grid.dispatchEvent(new CustomEvent("open", { detail: grid.active }));
    else if (key === " " || key === "x") grid.dispatchEvent(new CustomEvent("select", { detail: { index: grid.active, range: shiftKey } }));
    else return false;
    return true;
  }
}
