// The one panel at the side: filters, or the library.

import { byId, el } from "./dom.js";

export class Panel {
  #name = null;

  /** `parts`: {name: {title, button, fill(element)}}; fill may return a promise. */
  constructor(parts) {
    this.parts = parts;
    this.element = byId("panel");
    for (const [name, { button }] of Object.entries(parts)) button.addEventListener("click", () => this.toggle(name));
    this.element.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      event.stopPropagation();
      this.close();
    });
  }

  isOpen(name) {
    return this.#name === name;
  }

  toggle(name) {
    if (this.isOpen(name)) this.close();
    else this.open(name);
  }

  open(name) {
    this.#show(name);
    const { title, fill } = this.parts[name];
    const body = el("div", { class: "panel-body" });
    const close = el("button", { type: "button", class: "plain", "aria-label": "Close", onclick: () => this.close() }, "×");
    const heading = el("h2", { tabIndex: -1 }, title);
    this.element.setAttribute("aria-label", title);
    this.element.replaceChildren(el("div", { class: "panel-head" }, heading, close), body);
    heading.focus();
    fill(body);
  }

  close() {
    const button = this.parts[this.#name]?.button;
    this.#show(null);
    button?.focus();
  }

  #show(name) {
    this.#name = name;
    this.element.hidden = name === null;
    for (const [other, { button }] of Object.entries(this.parts)) button.setAttribute("aria-expanded", other === name);
  }
}
