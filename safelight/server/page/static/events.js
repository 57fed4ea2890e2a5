// What the helper tells by itself: one stream for all pages of this browser, handed on from page to page.
//
// A browser holds six connections to one place. If each page had a stream of its own, the seventh could not even load.

const NAME = "safelight-events";
const KINDS = ["open", "error", "job", "listed"];
const AGAIN_MS = 2000;

export class Events {
  #channel = new BroadcastChannel(NAME);
  #turn = null; // ends when this page is no longer in sight
  #stream = null; // of the one page that holds it

  /** `take(kind, data)` gets what the stream tells; `asked()` is called where another page has come and knows nothing. */
  constructor({ take, asked }) {
    Object.assign(this, { take, asked });
    this.#channel.addEventListener("message", ({ data: { kind, data } }) => {
      if (kind === "ask") this.#stream && this.asked();
      else if (!this.#stream && this.#turn) this.take(kind, data);
    });
    document.addEventListener("visibilitychange", () => (document.hidden ? this.stop() : this.listen()));
  }

  /** Listen while the page is in sight: to the page that holds the stream, or to the stream once it is ours. */
  listen() {
    if (this.#turn || document.hidden) return;
    const turn = (this.#turn = new AbortController());
    const hold = () => this.#hold(turn.signal);
    if (navigator.locks) navigator.locks.request(NAME, { signal: turn.signal }, hold).catch(() => null); // out of sight
    else hold();
    this.#channel.postMessage({ kind: "ask" });
  }

  /** Let another page have the stream. */
  stop() {
    this.#turn?.abort();
    this.#turn = null;
  }

  /** Tell the other pages. */
  tell(kind, data = "") {
    this.#channel.postMessage({ kind, data });
  }

  #hold(signal) {
    if (signal.aborted) return null;
    this.#open(signal);
    return new Promise((resolve) => {
      signal.addEventListener("abort", () => {
        this.#stream.close();
        this.#stream = null;
        resolve();
      });
    });
  }

  #open(signal) {
    const stream = (this.#stream = new EventSource("/api/v1/events"));
    for (const kind of KINDS) {
      stream.addEventListener(kind, ({ data }) => {
        this.take(kind, data);
        this.tell(kind, data);
      });
    }
    stream.addEventListener("error", () => {
      // A browser tries again by itself, but not after an answer that was a refusal.
      if (stream.readyState === EventSource.CLOSED) setTimeout(() => signal.aborted || this.#open(signal), AGAIN_MS);
    });
  }
}
