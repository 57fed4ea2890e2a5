// What the page does while jobs run, and while the helper is away.

import { byId, number } from "./dom.js";
import { called } from "./jobs.js";

const FEW = 200;
const SOON_MS = 2_000;
const SELDOM_MS = 20_000;

/**
 * Follow the jobs: show how far they are, the photos that come in, and what failed; `isBusy()`: whether photos would
 * disturb; `isTold()`: whether the jobs themselves are in sight.
 */
export function follow(jobs, { page, isBusy, isTold }) {
  let refreshed = 0;
  const again = () => {
    refreshed = performance.now();
    page.show({ keep: true });
  };
  const refresh = () => {
    // Soon, where there are hardly any photos yet.
    const every = (page.grid.photos?.count ?? 0) < FEW ? SOON_MS : SELDOM_MS;
    if (jobs.running.length && !page.isSearch && !isBusy() && performance.now() > refreshed + every) again();
  };
  jobs.addEventListener("change", () => draw(jobs));
  jobs.addEventListener("change", refresh);
  jobs.addEventListener("end", ({ detail }) => {
    // Of a search only what answers too little is asked again: nobody's place in a long answer is lost.
    if (!page.isSearch || page.results.isMeagre) again();
    else if (detail.counts.indexed) page.say("Photos were indexed meanwhile; search again to find them, too.");
    if (detail.state === "failed" && !isTold()) page.say(`${called(detail)} failed: ${detail.error}`);
  });
  jobs.addEventListener("away", () => {
    page.say("Safelight's helper does not answer; this page goes on by itself once it is back. To start it: safelight serve");
  });
  jobs.addEventListener("back", () => {
    page.say("");
    again();
  });
}

function draw(jobs) {
  const job = jobs.running.at(0);
  const share = job?.total > 1 ? ` ${number(job.done)} of ${number(job.total)}` : "";
  byId("library").textContent = job ? `Library: ${job.state === "paused" ? "paused" : "at work"}${share}` : "Library";
}
