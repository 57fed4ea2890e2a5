// The page starts: the first photos, then all that nobody waits for.

import { Page } from "./page.js";

const page = new Page();
const tools = page.show().then(() => import("./tools.js")).then(({ start }) => start(page));
tools.catch((error) => page.say(`The page is incomplete; reload it. (${error.message})`));

page.grid.addEventListener("open", ({ detail }) => tools.then(({ viewer }) => viewer.open(detail)));
page.grid.addEventListener("select", ({ detail: { index, range } }) => {
  if (range) page.selection.extend(page.grid.photos, index);
  else page.selection.toggle(page.grid.photos.id(index));
});
