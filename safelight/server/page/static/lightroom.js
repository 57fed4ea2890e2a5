// A collection in Lightroom, made from the search that is shown: queued here, made by the plug-in there.

import { get, post } from "./api.js";
import { el } from "./dom.js";
import { searchBody, told } from "./query.js";

const LOOK_MS = 3000;
const STATES = { waiting: "waits for Lightroom", taken: "Lightroom is at it", done: "done", failed: "failed" };

export class LightroomPanel {
  constructor(page) {
    this.page = page;
  }

  async fill(body) {
    const name = el("input", { id: "lightroom-name", maxLength: 200, required: true, value: told(this.page.query).slice(0, 200) });
    const choice = (value, text, checked) => el("label", { class: "choice" }, el("input", { type: "radio", name: "lightroom-kind", value, checked }), el("span", { class: "name" }, text));
    this.there = el("p", { role: "status" }, "…");
    this.queued = el("div", { class: "jobs" });
    const form = el(
      "form", { class: "place" },
      el("label", { for: "lightroom-name" }, "Name of the collection", name),
      choice("smart", "Smart collection: it follows as photos are indexed", true),
      choice("collection", "Collection of what matches now", false),
      el("button", { class: "main" }, "Make it in Lightroom"),
    );
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#push(name.value.trim(), form.elements["lightroom-kind"].value === "smart");
    });
    body.replaceChildren(this.there, form, el("h3", {}, "Queued lately"), this.queued);
    this.#look();
  }

  async #push(name, smart) {
    const search = searchBody(this.page.query, 0, 1, false);
    try {
      this.#draw(await post("/api/v1/lightroom/queue", { name, smart, search }));
      this.page.say("");
    } catch (error) {
      this.page.say(error.message);
    }
  }

  /** Look how it stands, again and again while the panel is open. */
  async #look() {
    const { there } = this;
    try {
      const queue = await get("/api/v1/lightroom/queue");
      if (!there.isConnected || there !== this.there) return;
      this.#draw(queue);
    } catch (error) {
      this.page.say(error.message);
    }
    setTimeout(() => there.isConnected && there === this.there && this.#look(), LOOK_MS);
  }

  #draw({ plugins, actions }) {
    const alive = plugins.find((plugin) => plugin.alive);
    const line = alive
      ? `Lightroom is there, with ${alive.name}: it asks within a minute, and shows a preview before it changes anything.`
      : plugins.length
        ? `Lightroom has not asked lately (last seen with ${plugins[0].name}). What is queued is made once it runs.`
        : "No Lightroom with our plug-in has ever asked. To put the plug-in in: safelight lightroom install";
    if (this.there.textContent !== line) this.there.textContent = line; // readers are told of changes alone
    this.there.className = alive ? "alive" : "quiet";
    this.queued.replaceChildren(...actions.map((action) => el(
      "div", { class: "job" },
      el("strong", {}, action.name),
      el("span", { class: action.state === "failed" ? "error" : "quiet" }, `${action.smart ? "smart collection" : "collection"}, ${STATES[action.state]}`),
      action.says ? el("span", { class: "small" }, action.says) : null,
    )));
    if (!actions.length) this.queued.replaceChildren(el("p", { class: "quiet" }, "Nothing yet."));
  }
}
