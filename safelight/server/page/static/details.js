// What is known of one photo, and where it lies.

import { get, post } from "./api.js";
import { el, library, number, standing } from "./dom.js";

/** Copy a text; says so. */
export async function copy(text, say) {
  try {
    await navigator.clipboard.writeText(text);
    say("Copied.");
  } catch {
    say(`Your browser does not let the page copy. The path: ${text}`);
  }
}

/** Draw the details of a photo; they arrive a moment later. */
export function details(id, { say, back }) {
  const element = el("aside", { class: "details", "aria-label": "About this photo" }, el("p", { class: "quiet" }, "…"));
  get(`/api/v1/photos/${id}`).then((photo) => draw(element, photo, { say, back }), (error) => (element.textContent = error.message));
  return element;
}

function draw(element, photo, { say, back }) {
  const facts = [
    ["Taken", photo.taken_at?.replace("T", " ")],
    ["Camera", [photo.camera, photo.lens].filter(Boolean).join(" · ")],
    ["Exposure", exposure(photo)],
    ["Size", photo.width ? `${photo.width} × ${photo.height} ${photo.format ?? ""}` : ""],
    ["Place", photo.place ?? (photo.latitude === null ? "" : `${photo.latitude.toFixed(4)}, ${photo.longitude.toFixed(4)}`)],
    ["Rating", photo.rating ? "★".repeat(photo.rating) : ""],
    ["People", photo.people.join(", ")],
    ["Albums", photo.albums.join(", ")],
    ["Keywords", photo.keywords.join(", ")],
    ["Seen as", photo.labels.join(", ")],
  ];
  element.replaceChildren(
    el("button", { type: "button", class: "plain", "aria-label": "Close details", onclick: back }, "×"),
    el("h2", {}, photo.title || photo.name),
    photo.title ? el("p", { class: "quiet" }, photo.name) : "",
    photo.caption ? el("p", {}, photo.caption) : "",
    el("dl", {}, ...facts.filter(([, value]) => value).flatMap(([name, value]) => [el("dt", {}, name), el("dd", {}, value)])),
    el("h3", {}, photo.places.length > 1 ? `In ${photo.places.length} places` : "Where it is"),
    ...photo.places.map((place) => where(place, say)),
  );
}

function exposure({ exposure_seconds: seconds, aperture, iso, focal_length_mm: focal }) {
  const time = seconds ? (seconds < 0.4 ? `1/${Math.round(1 / seconds)} s` : `${number(seconds)} s`) : "";
  return [time, aperture && `f/${aperture}`, iso && `ISO ${iso}`, focal && `${number(focal)} mm`].filter(Boolean).join(" · ");
}

function where(place, say) {
  const act = (verb) => () => post(`/api/v1/photos/${place.id}/${verb}`).catch((error) => say(error.message));
  const isFile = place.source === "folder";
  return el(
    "div",
    { class: "where" },
    el("p", { class: "path" }, place.path ?? place.name),
    el("p", { class: "quiet small" }, [library(place.source), standing(place.state)].filter(Boolean).join(" · ")),
    el(
      "div",
      { class: "buttons" },
      place.path && el("button", { type: "button", onclick: () => copy(place.path, say) }, "Copy path"),
      place.path && el("button", { type: "button", onclick: act("reveal") }, "Show in its folder"),
      el("button", { type: "button", onclick: act("open") }, isFile ? "Open" : "Open in its library"),
    ),
  );
}
