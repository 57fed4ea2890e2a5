// Two photos of a group, large: beside each other or one over the other, always at the same place and zoom.

import { picture } from "./api.js";
import { el } from "./dom.js";
import { decided, groupButtons, isSeries, keepButton, measures, relation, title } from "./group.js";

const FLICKER_MS = 700; // slow enough for everybody's eyes
const CLOSEST = 16;
const STEP = 1.5;
const PAN = 0.15; // of the pane
const STRIP = 60; // photos below the two
const WAY = "(width < 700px)";

export class Compare {
  #zoom = 1;
  #x = 0; // how far the picture is moved, of the pane's width
  #y = 0;
  #timer = null;

  /** `act(what, keeper)` decides about the group shown; `turn(by)` goes to another. */
  constructor({ act, turn }) {
    Object.assign(this, { act, turn });
    this.other = null;
    this.group = null;
    this.over = matchMedia(WAY).matches; // one over the other
    this.first = false; // of two that lie over each other: whether the one to keep is on top
    this.element = el("div", { class: "compare" });
    this.panes = [newPane(), newPane()];
    this.stage = el("div", { class: "stage", tabIndex: 0, role: "group", "aria-label": "The photos, at the same place and zoom" }, ...this.panes.map(({ element }) => element));
    this.told = el("p", { class: "unseen", role: "status" });
    this.stage.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
    this.stage.addEventListener("pointerdown", (event) => this.#drag(event));
    this.stage.addEventListener("click", () => this.over && !this.dragged && this.#swap());
    this.stage.addEventListener("dblclick", (event) => this.#zoomTo(this.#zoom > 1 ? 1 : 4, event));
  }

  /** Show a group; the photo to keep beside the one that was chosen to be looked at, or the next best. */
  show(group, place) {
    const another = group !== this.group;
    this.group = group;
    const { members } = group;
    this.base = members.find(({ id }) => id === group.keeper) ?? members[0];
    if (!members.includes(this.other) || this.other === this.base) this.other = members.find((member) => member !== this.base) ?? this.base;
    if (another) {
      this.#zoom = 1;
      this.#x = this.#y = 0;
      this.first = false;
    }
    this.#draw(place);
    if (another) this.stage.focus({ preventScroll: true });
  }

  /** Fetch the pictures of the group that comes next. */
  prepare(group) {
    for (const { id } of group?.members.slice(0, 2) ?? []) new Image().src = this.#source(id);
  }

  stop() {
    clearInterval(this.#timer);
    this.#timer = null;
  }

  /** What a key does here; null where nothing. */
  deed(key, target) {
    const move = (x, y) => () => this.#move(this.#x + x, this.#y + y);
    if (key === " ") return target.tagName === "BUTTON" ? null : () => this.#swap();
    return {
      f: () => this.#flicker(), b: () => this.#way(!this.over),
      ArrowLeft: () => this.#choose(-1), ArrowRight: () => this.#choose(1),
      "+": () => this.#zoomTo(this.#zoom * STEP), "=": () => this.#zoomTo(this.#zoom * STEP), "-": () => this.#zoomTo(this.#zoom / STEP), 0: () => this.#zoomTo(1),
      w: move(0, PAN), a: move(PAN, 0), s: move(0, -PAN), d: move(-PAN, 0),
    }[key] ?? null;
  }

  #draw(place) {
    this.place = place ?? this.place;
    const { group } = this;
    const focused = this.element.contains(document.activeElement) ? document.activeElement : null;
    const tool = (way, label, key, run, pressed) => el("button", { type: "button", title: `Key: ${key}`, "aria-pressed": pressed, onclick: run }, label);
    const tools = [
      tool("over", "One over the other", "b", () => this.#way(!this.over), String(this.over)),
      tool("swap", "Swap", "Space", () => this.#swap(), null),
      tool("flicker", "Flicker", "f", () => this.#flicker(), String(this.#timer !== null)),
      tool("out", "−", "-", () => this.#zoomTo(this.#zoom / STEP), null),
      tool("in", "+", "+", () => this.#zoomTo(this.#zoom * STEP), null),
    ];
    ["over", "swap", "flicker", "out", "in"].forEach((way, n) => (tools[n].dataset.way = way));
    tools[3].setAttribute("aria-label", "Farther away");
    tools[4].setAttribute("aria-label", "Closer");
    this.element.replaceChildren(
      el("div", { class: "compare-head" },
        el("button", { type: "button", "aria-label": "The group before", title: "Key: ↑", onclick: () => this.turn(-1) }, "‹"),
        el("span", { class: "quiet" }, this.place),
        el("button", { type: "button", "aria-label": "The next group", title: "Key: ↓", onclick: () => this.turn(1) }, "›"),
        el("h3", {}, title(group)), isSeries(group) ? el("span", { class: "quiet small" }, "belong together, no duplicates") : null, decided(group),
        el("div", { class: "buttons" }, ...tools), el("div", { class: "buttons" }, ...groupButtons(group, this.act))),
      this.stage,
      el("ul", { class: "strip" }, ...this.#around().map((index) => this.#strip(group.members[index], index))),
      this.told,
    );
    this.#fill();
    if (focused) (this.element.querySelector(`[data-way="${focused.dataset.way}"]`) ?? this.stage).focus({ preventScroll: true });
  }

  /** The places in the group of the photos around the one that is compared: few of a time-lapse fit. */
  #around() {
    const { members } = this.group;
    const from = Math.max(0, Math.min(members.indexOf(this.other) - STRIP / 2, members.length - STRIP));
    return members.slice(from, from + STRIP).map((_, place) => from + place);
  }

  #strip(member, index) {
    const { group } = this;
    const shown = member === this.base || member === this.other;
    const look = el("button", { type: "button", class: "look", "aria-label": `Compare ${member.name}`, "aria-pressed": String(shown), onclick: () => this.#look(member) }, el("img", { alt: "", src: picture(member.id, 160) }));
    return el("li", { class: shown ? "shown" : "" }, look, isSeries(group) ? null : keepButton(group, index, this.act));
  }

  #fill() {
    const pair = [this.base, this.other];
    this.stage.classList.toggle("over", this.over);
    this.panes.forEach((pane, n) => {
      const member = pair[n];
      pane.element.classList.toggle("under", this.over && (n === 0) !== this.first);
      pane.element.classList.toggle("kept", !isSeries(this.group) && member.id === this.group.keeper);
      if (pane.image.dataset.id !== member.id) {
        pane.image.dataset.id = member.id;
        pane.image.src = this.#source(member.id);
        pane.image.alt = member.name;
      }
      pane.name.textContent = member.name;
      pane.facts.textContent = [!isSeries(this.group) && member.id === this.group.keeper ? "keep" : "", relation(this.group, member), measures(member)].filter(Boolean).join(" · ");
    });
    this.#place();
    if (this.over) this.told.textContent = `Shown: ${pair[this.first ? 0 : 1].name}`;
  }

  #source(id) {
    return picture(id, this.#zoom > 1.2 ? 2560 : Math.max(innerWidth, innerHeight) * Math.min(2, devicePixelRatio) * (this.over ? 1 : 0.6));
  }

  #look(member) {
    this.other = member;
    this.first = false;
    this.#draw();
  }

  #choose(by) {
    const others = this.group.members.filter((member) => member !== this.base);
    this.#look(others[(others.indexOf(this.other) + by + others.length) % others.length] ?? this.base);
  }

  #way(over) {
    this.over = over;
    if (!over) this.stop();
    this.#draw();
  }

  #swap() {
    if (!this.over) return this.#way(true);
    this.first = !this.first;
    return this.#fill();
  }

  #flicker() {
    if (this.#timer !== null) this.stop();
    else {
      this.over = true;
      this.#timer = setInterval(() => (this.stage.isConnected ? this.#swap() : this.stop()), FLICKER_MS);
    }
    this.#draw();
  }

  // Place and zoom, of both

  #place() {
    for (const { image } of this.panes) image.style.transform = `translate(${100 * this.#x}%, ${100 * this.#y}%) scale(${this.#zoom})`;
    this.stage.dataset.zoom = this.#zoom.toFixed(2);
  }

  #move(x, y) {
    const most = (this.#zoom - 1) / 2;
    this.#x = Math.max(-most, Math.min(most, x));
    this.#y = Math.max(-most, Math.min(most, y));
    this.#place();
  }

  /** Zoom, around what the pointer is on; without one, around the middle. */
  #zoomTo(wanted, event = null) {
    const before = this.#zoom;
    this.#zoom = Math.max(1, Math.min(CLOSEST, wanted));
    if (before <= 1.2 && this.#zoom > 1.2) for (const { image } of this.panes) image.src = picture(image.dataset.id, 2560);
    const at = event ? this.#at(event) : { x: 0, y: 0 };
    const by = this.#zoom / before;
    this.#move(at.x - (at.x - this.#x) * by, at.y - (at.y - this.#y) * by);
  }

  #at(event) {
    const pane = event.target.closest(".pane")?.getBoundingClientRect() ?? this.stage.getBoundingClientRect();
    return { x: (event.clientX - pane.left) / pane.width - 0.5, y: (event.clientY - pane.top) / pane.height - 0.5 };
  }

  #wheel(event) {
    event.preventDefault();
    this.#zoomTo(this.#zoom * Math.exp(-event.deltaY / 400), event);
  }

  #drag(event) {
    this.dragged = false;
    if (this.#zoom <= 1 || event.button) return;
    event.preventDefault();
    this.stage.focus({ preventScroll: true });
    this.stage.setPointerCapture(event.pointerId);
    const pane = this.panes[1].element.getBoundingClientRect();
    let [lastX, lastY] = [event.clientX, event.clientY];
    this.stage.onpointermove = ({ clientX, clientY }) => {
      this.dragged = true;
      this.#move(this.#x + (clientX - lastX) / pane.width, this.#y + (clientY - lastY) / pane.height);
      [lastX, lastY] = [clientX, clientY];
    };
    this.stage.onpointerup = this.stage.onpointercancel = () => (this.stage.onpointermove = null);
  }
}

function newPane() {
  const image = el("img", { alt: "", draggable: false });
  const name = el("strong", {});
  const facts = el("span", { class: "quiet small" });
  return { image, name, facts, element: el("div", { class: "pane" }, el("div", { class: "view" }, image), el("div", { class: "caption" }, name, facts)) };
}
