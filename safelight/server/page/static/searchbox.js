// The search field, its chips, and pictures that are dropped, pasted or chosen.

import { picture, upload } from "./api.js";
import { byId, el, number } from "./dom.js";
import { split } from "./query.js";

const pasted = new Map(); // name of an upload -> address of the picture here, while the page is open

export class SearchBox {
  /** `ask(change)` is called with a function from the old query to the new one; `say` shows a line. */
  constructor({ ask, say }) {
    this.ask = ask;
    this.say = say;
    this.words = byId("words");
    this.chips = byId("chips");
    byId("search").addEventListener("submit", (event) => this.#submit(event));
    byId("pick").addEventListener("click", () => byId("file").click());
    byId("file").addEventListener("change", () => this.#given(byId("file").files));
    document.addEventListener("paste", (event) => this.#paste(event));
    document.addEventListener("dragover", (event) => this.#over(event));
    document.addEventListener("dragleave", (event) => event.relatedTarget ?? this.#dropping(false));
    document.addEventListener("drop", (event) => this.#drop(event));
  }

  /** Show what a query asks for. */
  show(query) {
    this.words.value = query.words;
    this.chips.hidden = !query.terms.length;
    this.chips.replaceChildren(...query.terms.map((term, index) => this.#chip(term, index)));
  }

  /** Search with a picture, beside what is asked for already. */
  async send(blob, { alone = true } = {}) {
    document.body.classList.add("busy");
    try {
      const name = await upload(blob);
      pasted.set(name, URL.createObjectURL(blob));
      const term = { picture: name, weight: 1 };
      this.ask((query) => (alone ? { ...query, words: "", terms: [term] } : { ...query, terms: [...query.terms, term] }));
    } catch (error) {
      this.say(error.message);
    } finally {
      document.body.classList.remove("busy");
    }
  }

  #submit(event) {
    event.preventDefault();
    const { words, terms } = split(this.words.value);
    this.ask((query) => ({ ...query, words, terms: [...query.terms, ...terms] }));
  }

  #chip(term, index) {
    const less = term.weight < 0;
    const name = term.text ?? "this picture";
    const times = Math.abs(term.weight) === 1 ? "" : number(Math.abs(term.weight));
    const change = (edit) => () => this.ask((query) => ({ ...query, terms: edit([...query.terms]) }));
    const turn = change((terms) => terms.with(index, { ...term, weight: -term.weight }));
    const drop = change((terms) => terms.toSpliced(index, 1));
    const source = term.picture && (pasted.get(term.picture) ?? (term.picture.startsWith("up-") ? null : picture(term.picture, 160)));
    const what = source ? el("img", { src: source, alt: "a picture" }) : el("span", {}, name);
    const title = less ? `Less of ${name}; press for more of it` : `More of ${name}; press for less of it`;
    return el(
      "span",
      { class: less ? "chip less" : "chip" },
      el("button", { type: "button", class: "sign", title, "aria-label": title, onclick: turn }, `${less ? "−" : "+"}${times}`),
      what,
      el("button", { type: "button", class: "drop", "aria-label": `Take ${name} away`, onclick: drop }, "×"),
    );
  }

  #paste(event) {
    const file = [...(event.clipboardData?.files ?? [])].find((item) => item.type.startsWith("image/"));
    if (!file) return;
    event.preventDefault();
    this.send(file);
  }

  #over(event) {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    this.#dropping(true);
  }

  #drop(event) {
    if (!event.dataTransfer?.files.length) return;
    event.preventDefault();
    this.#dropping(false);
    this.#given(event.dataTransfer.files);
  }

  #given(files) {
    if (files[0]) this.send(files[0]);
    byId("file").value = "";
  }

  #dropping(on) {
    document.body.classList.toggle("dropping", on);
  }
}
