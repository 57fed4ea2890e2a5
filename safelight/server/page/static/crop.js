// "Search this part": a box that is drawn on the photo with the pointer, or moved with the keys, and cut out here.

import { el } from "./dom.js";

const LEAST = 16; // pixels of a box that is meant
const STEP = 0.04;
const LONGEST = 1024; // no model looks closer

/** Draw a box over an image within `host`; resolves to a picture of that part, or null where one gave up. */
export function cutOut(image, host) {
  return new Promise((resolve) => {
    const whole = image.getBoundingClientRect();
    const around = host.getBoundingClientRect();
    const frame = { x: whole.left - around.left, y: whole.top - around.top, width: whole.width, height: whole.height };
    let box = { x: frame.x + frame.width / 4, y: frame.y + frame.height / 4, width: frame.width / 2, height: frame.height / 2 };
    const drawn = el("div", { class: "box" });
    const hint = el("p", {}, "Draw a box around what to look for. Keys: arrows move it, Shift with arrows resize it, Enter searches.");
    const over = el("div", { class: "cut", tabIndex: 0, role: "group", "aria-label": "Choose a part of the photo" }, hint, drawn);

    const show = () => Object.assign(drawn.style, { transform: `translate(${box.x}px, ${box.y}px)`, width: `${box.width}px`, height: `${box.height}px` });
    const finish = async (wanted) => {
      over.remove();
      resolve(wanted ? await cut(image, frame, box) : null);
    };
    over.addEventListener("pointerdown", (event) => {
      event.preventDefault();
      over.focus();
      over.setPointerCapture(event.pointerId);
      const from = inside(event, around, frame);
      over.onpointermove = (moved) => {
        const to = inside(moved, around, frame);
        box = { x: Math.min(from.x, to.x), y: Math.min(from.y, to.y), width: Math.abs(to.x - from.x), height: Math.abs(to.y - from.y) };
        show();
      };
      over.onpointerup = () => {
        over.onpointermove = over.onpointerup = null;
        if (box.width >= LEAST && box.height >= LEAST) finish(true);
      };
    });
    over.addEventListener("keydown", (event) => {
      event.stopPropagation(); // the viewer has keys of its own
      if (event.key === "Escape") finish(false);
      else if (event.key === "Enter") finish(true);
      else if (event.key.startsWith("Arrow")) {
        event.preventDefault();
        box = moved(box, frame, event.key, event.shiftKey);
        show();
      }
    });
    host.append(over);
    show();
    over.focus();
  });
}

function inside(event, around, frame) {
  return {
    x: Math.max(frame.x, Math.min(frame.x + frame.width, event.clientX - around.left)),
    y: Math.max(frame.y, Math.min(frame.y + frame.height, event.clientY - around.top)),
  };
}

function moved(box, frame, key, resize) {
  const by = STEP * Math.max(frame.width, frame.height);
  const dx = { ArrowLeft: -by, ArrowRight: by }[key] ?? 0;
  const dy = { ArrowUp: -by, ArrowDown: by }[key] ?? 0;
  if (resize) {
    const width = Math.max(LEAST, Math.min(box.width + dx, frame.x + frame.width - box.x));
    return { ...box, width, height: Math.max(LEAST, Math.min(box.height + dy, frame.y + frame.height - box.y)) };
  }
  const x = Math.max(frame.x, Math.min(box.x + dx, frame.x + frame.width - box.width));
  return { ...box, x, y: Math.max(frame.y, Math.min(box.y + dy, frame.y + frame.height - box.height)) };
}

function cut(image, frame, box) {
  const scale = image.naturalWidth / frame.width;
  const shrink = Math.min(1, LONGEST / (scale * Math.max(box.width, box.height)));
  const canvas = el("canvas", { width: Math.max(1, Math.round(box.width * scale * shrink)), height: Math.max(1, Math.round(box.height * scale * shrink)) });
  const part = [(box.x - frame.x) * scale, (box.y - frame.y) * scale, box.width * scale, box.height * scale];
  canvas.getContext("2d").drawImage(image, ...part, 0, 0, canvas.width, canvas.height);
  return new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", 0.92));
}
