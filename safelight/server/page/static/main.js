// The page: wires the parts together, and holds the one thing they share, the query.

import { byId } from "./dom.js";
import { Grid } from "./grid.js";
import { read, write } from "./query.js";
import { Results } from "./results.js";
import { SearchBox } from "./searchbox.js";
import { Selection } from "./selection.js";
import { Viewer } from "./viewer.js";

let query = read(location.search);
const selection = new Selection();
const grid = new Grid(byId("box"), byId("grid"), selection);
const results = new Results(grid, { count: byId("count"), notice: byId("notice") });
const searchBox = new SearchBox({ ask, say });
const viewer = new Viewer(grid, [
  { name: "similar", label: "Similar", title: "Photos like this one (s)", key: "s", run: (id) => similar(id) },
]);

function say(text) {
  byId("notice").textContent = text;
  byId("notice").hidden = !text;
}

/** Ask for something else: `change` gets the query and returns another. */
function ask(change) {
  query = change(query);
  history.pushState(null, "", write(query) || "/");
  show();
}

function show() {
  searchBox.show(query);
  byId("order").value = query.order;
  document.title = query.words ? `${query.words} · Safelight` : "Safelight";
  return results.show(query);
}

function similar(id) {
  viewer.close();
  ask((before) => ({ ...before, words: "", terms: [{ picture: id, weight: 1 }] }));
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
grid.addEventListener("open", ({ detail }) => viewer.open(detail));
grid.addEventListener("select", ({ detail: { index, range } }) => {
  if (range) selection.extend(grid.photos, index);
  else selection.toggle(grid.photos.id(index));
});
show();
