// One photo, large: PhotoSwipe over the photos of the grid, of which it asks for those it shows.

import { picture } from "./api.js";
import { el } from "./dom.js";

const SIDE = 368; // pixels of what stands beside the photo, as page.css has it
const NARROW = 900; // in a window that is narrower it lies over the photo

const styles = new URL("vendor/photoswipe/photoswipe.css", import.meta.url);

/** Loads PhotoSwipe and its styles, once, when a photo is first opened. */
let loading = null;
function load() {
  loading ??= Promise.all([import("./vendor/photoswipe/photoswipe.esm.min.js"), addStyles()]).then(([module]) => module.default);
  return loading;
}

function addStyles() {
  const link = Object.assign(document.createElement("link"), { rel: "stylesheet", href: styles.href });
  return new Promise((resolve, reject) => {
    link.onload = resolve;
    link.onerror = () => reject(new Error("the page lacks its styles; reload it"));
    document.head.append(link);
  });
}

export class Viewer {
  /** `tools`: [{name, title, key, run(id, viewer)}], shown as buttons. */
  constructor(grid, tools) {
    this.grid = grid;
    this.tools = tools;
    this.shown = null; // PhotoSwipe, while it is open
    this.side = null;
    this.makeSide = null;
    this.line = null;
  }

  get isOpen() {
    return this.shown !== null;
  }

  get id() {
    return this.photos.id(this.shown.currIndex);
  }

  async open(index) {
    const PhotoSwipe = await load();
    if (this.shown) return;
    const { grid } = this;
    this.photos = grid.photos;
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    const shown = new PhotoSwipe({
      index,
      dataSource: { items: [], gallery: null },
      bgOpacity: 1,
      loop: false,
      preload: [1, 2],
      returnFocus: false,
      showHideAnimationType: still ? "none" : "zoom",
      wheelToZoom: true,
      paddingFn: ({ x }) => ({ top: 60, bottom: 16, left: 8, right: this.side && x > NARROW ? SIDE : 8 }),
    });
    shown.addFilter("numItems", () => this.photos.count);
    shown.addFilter("itemData", (_, at) => this.#item(at));
    shown.addFilter("thumbEl", (_, __, at) => grid.thumb(at) ?? undefined);
    shown.addFilter("placeholderSrc", (source, slide) => grid.thumb(slide.index)?.currentSrc || source);
    shown.on("uiRegister", () => this.tools.forEach((tool, order) => this.#register(shown, tool, order)));
    shown.on("change", () => this.#changed(shown));
    shown.on("keydown", ({ originalEvent }) => this.#key(originalEvent));
    shown.on("openingAnimationEnd", () => (shown.element.dataset.ready = "1"));
    shown.on("destroy", () => this.#closed(shown.currIndex));
    this.shown = shown;
    shown.init();
    shown.element.setAttribute("aria-label", "Photo");
  }

  /** Close it; one that is still opening is deaf to that, and closes once it is open. */
  close() {
    const { shown } = this;
    if (shown?.opener.isOpening) shown.on("openingAnimationEnd", () => shown.close());
    else shown?.close();
  }

  get element() {
    return this.shown.element;
  }

  /** The picture that is shown, as an element; null while there is none. */
  get image() {
    return this.shown?.currSlide?.content?.element ?? null;
  }

  /** Show something beside the photo: `make(id)` gives it, for each photo anew; null takes it away. */
  setSide(make) {
    const before = Boolean(this.side);
    this.side?.remove();
    this.side = null;
    this.makeSide = make;
    if (make && this.shown) {
      this.side = make(this.id);
      this.element.append(this.side);
    }
    if (this.shown && before !== Boolean(this.side)) this.shown.updateSize(true); // the photo makes room
  }

  /** Show a line over the photo. */
  say(text) {
    this.line?.remove();
    this.line = null;
    if (!this.shown || !text) return;
    this.line = el("p", { class: "line", role: "status" }, text);
    this.element.append(this.line);
  }

  #item(index) {
    const id = this.photos.id(index);
    const hit = this.photos.hit(index);
    const ratio = hit?.width ? hit.width / hit.height : this.photos.aspects[index] / 1000;
    const screen = Math.max(innerWidth, innerHeight) * Math.min(2, devicePixelRatio);
    const longer = Math.max(2560, screen);
    const [width, height] = ratio >= 1 ? [longer, longer / ratio] : [longer * ratio, longer];
    const name = hit?.name ?? `Photo ${index + 1}`;
    return { id, src: picture(id, screen > 1280 ? 2560 : 1280), width: Math.round(width), height: Math.round(height), alt: name };
  }

  #register(shown, { name, title, label, run }, order) {
    shown.ui.registerElement({
      name: `tool-${name}`,
      order: 8 + order / 10, // after the counter, before zoom
      isButton: true,
      tagName: "button",
      title,
      ariaLabel: `${label}: ${title}`,
      html: `<span>${label}</span>`, // a word of ours
      onClick: () => run(this.id, this),
    });
  }

  #changed(shown) {
    this.grid.reveal(shown.currIndex);
    if (this.makeSide && shown.element) this.setSide(this.makeSide);
  }

  #key(event) {
    if (event.key === "Escape") this.close();
    const tool = this.tools.find(({ key }) => key === event.key);
    if (!tool || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    tool.run(this.id, this);
  }

  #closed(index) {
    this.shown = this.side = this.makeSide = this.line = null;
    if (this.grid.photos === this.photos) this.grid.focus(index); // else something else was asked for meanwhile
  }
}
