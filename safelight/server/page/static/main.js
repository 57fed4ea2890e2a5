// The page: wires the parts together, and holds the one thing they share, the query.

import { get } from "./api.js";
import { Chosen } from "./chosen.js";
import { cutOut } from "./crop.js";
import { details } from "./details.js";
import { byId, number } from "./dom.js";
import { Filters } from "./filters.js";
import { Grid } from "./grid.js";
import { Jobs } from "./jobs.js";
import { Keys } from "./keys.js";
import { LibraryPanel } from "./library.js";
import { Panel } from "./panel.js";
import { isSearch, read, write } from "./query.js";
import { Results } from "./results.js";
import { SearchBox } from "./searchbox.js";
import { Selection } from "./selection.js";
import { Viewer } from "./viewer.js";

const FEW = 200;
const SOON_MS = 2_000;
const SELDOM_MS = 20_000;

let query = read(location.search);
let naming = 0; // waits for the focus to rest
let refreshed = 0; // when the photos were last fetched because of a job
const selection = new Selection();
const grid = new Grid(byId("box"), byId("grid"), selection);
const results = new Results(grid, { count: byId("count"), say });
const searchBox = new SearchBox({ ask, say });
const jobs = new Jobs();
const filters = new Filters({ ask, query: () => query, say });
const library = new LibraryPanel({ jobs, say });
const chosen = new Chosen({ selection, ask, say });
const panel = new Panel({
  filters: { title: "Filters", button: byId("filters"), fill: (body) => filters.fill(body) },
  library: { title: "Library", button: byId("library"), fill: (body) => library.fill(body) },
});
const viewer = new Viewer(grid, [
  { name: "similar", label: "Similar", title: "Photos like this one (s)", key: "s", run: similar },
  { name: "part", label: "Part", title: "Search a part of it: draw a box (b)", key: "b", run: searchPart },
  { name: "details", label: "Details", title: "What is known of it, and where it is (i)", key: "i", run: toggleDetails },
]);

/** Show a line to the user; "" takes it away. */
function say(text) {
  byId("notice").textContent = text;
  byId("notice").hidden = !text;
  viewer.say(text);
}

/** Ask for something else: `change` gets the query and returns another. */
function ask(change) {
  query = change(query);
  history.pushState(null, "", write(query) || "/");
  show();
}

function show(options) {
  searchBox.show(query);
  filters.show();
  byId("order").value = isSearch(query) ? "best" : query.order;
  byId("order").disabled = isSearch(query);
  const held = Object.keys(query.filters).length;
  byId("filters").textContent = held ? `Filters (${held})` : "Filters";
  document.title = query.words ? `${query.words} · Safelight` : "Safelight";
  return results.show(query, options);
}

function similar(id) {
  viewer.close();
  ask((before) => ({ ...before, words: "", terms: [{ picture: id, weight: 1 }] }));
}

async function searchPart() {
  const image = viewer.image;
  if (!image?.complete) return;
  const part = await cutOut(image, viewer.element);
  if (!part) return;
  viewer.close();
  searchBox.send(part);
}

function toggleDetails() {
  if (viewer.side) viewer.setSide(null);
  else viewer.setSide((id) => details(id, { say, back: () => viewer.setSide(null) }));
}

function toggleScores() {
  grid.showScores(!grid.scores);
  byId("scores").setAttribute("aria-pressed", grid.scores);
}

function select({ index, range }) {
  if (range) selection.extend(grid.photos, index);
  else selection.toggle(grid.photos.id(index));
}

/** Tell those who hear the page what a photo of the whole library is called; the list has but ids. */
async function name(photos, index) {
  const photo = await get(`/api/v1/photos/${photos.id(index)}`).catch(() => null);
  if (photo && grid.photos === photos) grid.describe(index, [photo.title || photo.name, photo.taken_at?.slice(0, 10)].filter(Boolean).join(", "));
}

function drawProgress() {
  const job = jobs.running.at(0);
  const share = job?.total ? ` ${number(job.done)} of ${number(job.total)}` : "";
  byId("library").textContent = job ? `Library: ${job.state === "paused" ? "paused" : "at work"}${share}` : "Library";
}

addEventListener("popstate", () => {
  viewer.close();
  query = read(location.search);
  show();
});
byId("order").addEventListener("change", ({ target }) => {
  const seed = Math.floor(Math.random() * 1e9);
  ask((before) => ({ ...before, order: target.value, seed }));
});
byId("scores").addEventListener("click", toggleScores);
grid.addEventListener("focus-photo", ({ detail }) => {
  clearTimeout(naming);
  if (!grid.photos.hit(detail)) naming = setTimeout(() => name(grid.photos, detail), 150);
});
grid.addEventListener("open", ({ detail }) => viewer.open(detail));
grid.addEventListener("select", ({ detail }) => select(detail));
/** While photos come in, show them now and then; soon, where there are hardly any yet. */
function refresh() {
  const every = (grid.photos?.count ?? 0) < FEW ? SOON_MS : SELDOM_MS;
  if (!jobs.running.length || isSearch(query) || viewer.isOpen || performance.now() < refreshed + every) return;
  refreshed = performance.now();
  show({ keep: true });
}

jobs.addEventListener("change", drawProgress);
jobs.addEventListener("change", refresh);
jobs.addEventListener("end", () => isSearch(query) || show({ keep: true }));
jobs.addEventListener("away", () => say("Safelight's helper does not answer; this page goes on by itself once it is back. To start it: safelight serve"));
jobs.addEventListener("back", () => {
  say("");
  show({ keep: true });
});

const keys = new Keys({
  grid,
  selection,
  isBusy: () => viewer.isOpen,
  deeds: {
    "/": { what: "search", run: () => byId("words").select() },
    s: { what: "photos like this one", run: () => grid.photos?.count && similar(grid.photos.id(grid.active)) },
    m: { what: "more like the selected ones", run: () => chosen.like(1) },
    l: { what: "less like the selected ones", run: () => chosen.like(-1) },
    f: { what: "filters", run: () => panel.toggle("filters") },
    g: { what: "the library: places, work, what was left out", run: () => panel.toggle("library") },
    c: { what: "scores", run: toggleScores },
    Escape: { what: "clear the selection; back to the photos", run: () => (selection.size ? selection.clear() : grid.focus(grid.active)) },
    "?": { what: "these keys", run: () => keys.showHelp() },
  },
});

show().then(() => {
  // Later than the first photos: nobody waits for these.
  jobs.listen();
  get("/api/v1/status").then(({ photos }) => photos.total || panel.open("library"), (error) => say(error.message));
});
