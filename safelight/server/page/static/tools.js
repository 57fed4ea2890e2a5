// All that is there besides photos and the search field: panels, keys, the viewer and what it offers.

import { get } from "./api.js";
import { Chosen } from "./chosen.js";
import { cutOut } from "./crop.js";
import { details } from "./details.js";
import { byId } from "./dom.js";
import { Duplicates } from "./duplicates.js";
import { Filters } from "./filters.js";
import { Jobs } from "./jobs.js";
import { Keys } from "./keys.js";
import { LibraryPanel } from "./library.js";
import { LightroomPanel } from "./lightroom.js";
import { Months } from "./months.js";
import { Panel } from "./panel.js";
import { follow } from "./progress.js";
import { Viewer } from "./viewer.js";

/** Wire them to the page; returns what a photo is opened with. */
export function start(page) {
  const jobs = new Jobs();
  const filters = new Filters(page);
  const library = new LibraryPanel({ jobs, say: page.say, changed: () => page.isSearch && page.show() });
  const lightroom = new LightroomPanel(page);
  const chosen = new Chosen(page);
  new Months(page);
  const panel = new Panel({
    filters: { title: "Filters", button: byId("filters"), fill: (body) => filters.fill(body) },
    library: { title: "Library", button: byId("library"), fill: (body) => library.fill(body) },
    lightroom: { title: "To Lightroom", button: byId("lightroom"), fill: (body) => lightroom.fill(body) },
  });
  const viewer = openViewer(page);
  byId("scores").addEventListener("click", () => toggleScores(page.grid));
  page.addEventListener("asked", () => filters.show());
  const offer = () => {
    byId("scores").hidden = byId("lightroom").hidden = !page.isSearch;
    if (!page.isSearch && panel.isOpen("lightroom")) panel.close();
  };
  page.addEventListener("asked", offer);
  offer();
  nameForReaders(page.grid);
  const duplicates = new Duplicates({ page, jobs });
  bindKeys({ page, panel, chosen, viewer, duplicates });
  follow(jobs, { page, isBusy: () => viewer.isOpen || duplicates.isOpen, isTold: () => panel.isOpen("library") });
  for (const name of ["filters", "scores", "library", "duplicates", "keys"]) byId(name).disabled = false;
  document.body.dataset.ready = "1";
  jobs.listen();
  get("/api/v1/status").then(({ photos }) => photos.total || panel.open("library"), (error) => page.say(error.message));
  return { viewer };
}

function openViewer(page) {
  const viewer = new Viewer(page.grid, [
    { name: "similar", label: "Similar", title: "Photos like this one (s)", key: "s", run: (id) => (viewer.close(), page.similar(id)) },
    { name: "part", label: "Part", title: "Search a part of it: draw a box (b)", key: "b", run: () => searchPart(viewer, page) },
    { name: "details", label: "Details", title: "What is known of it, and where it is (i)", key: "i", run: () => toggleDetails(viewer, page) },
  ]);
  page.addEventListener("said", ({ detail }) => viewer.say(detail));
  page.addEventListener("left", () => viewer.close());
  return viewer;
}

async function searchPart(viewer, page) {
  const { image } = viewer;
  if (!image?.complete) return;
  const part = await cutOut(image, viewer.element);
  if (!part) return;
  viewer.close();
  page.searchBox.send(part);
}

function toggleDetails(viewer, { say }) {
  if (viewer.side) viewer.setSide(null);
  else viewer.setSide((id) => details(id, { say, back: () => viewer.setSide(null) }));
}

function toggleScores(grid) {
  grid.showScores(!grid.scores);
  byId("scores").setAttribute("aria-pressed", grid.scores);
}

/** Tell those who hear the page what a photo of the whole library is called; the list has but ids. */
function nameForReaders(grid) {
  let resting = 0;
  const name = async (photos, index) => {
    const photo = await get(`/api/v1/photos/${photos.id(index)}`).catch(() => null);
    if (!photo || grid.photos !== photos) return;
    grid.describe(index, [photo.title || photo.name, photo.taken_at?.slice(0, 10)].filter(Boolean).join(", "));
  };
  grid.addEventListener("focus-photo", ({ detail }) => {
    clearTimeout(resting);
    if (!grid.photos.hit(detail)) resting = setTimeout(() => name(grid.photos, detail), 150);
  });
}

function bindKeys({ page, panel, chosen, viewer, duplicates }) {
  const { grid, selection } = page;
  const deeds = {
    "/": { what: "search", run: () => byId("words").select() },
    s: { what: "photos like this one", run: () => grid.photos?.count && page.similar(grid.photos.id(grid.active)) },
    m: { what: "more like the selected ones", run: () => chosen.like(1) },
    l: { what: "less like the selected ones", run: () => chosen.like(-1) },
    f: { what: "filters", run: () => panel.toggle("filters") },
    g: { what: "the library: places, work, what was left out", run: () => panel.toggle("library") },
    d: { what: "duplicates", run: () => duplicates.enter() },
    c: { what: "scores", run: () => toggleScores(grid) },
    Escape: { what: "clear the selection; back to the photos", run: () => (selection.size ? selection.clear() : grid.focus(grid.active)) },
    "?": { what: "these keys", run: () => keys.showHelp() },
  };
  const keys = new Keys({ grid, selection, deeds, isBusy: () => viewer.isOpen || duplicates.isOpen });
  duplicates.help = () => keys.showHelp();
}
