// The helper's API, as docs/api.md has it. The browser sends its cookie along; there is no other secret here.

/** Why a request was not answered, in words for people. */
export class Refusal extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

async function ask(path, options = {}) {
  let answer;
  try {
    answer = await fetch(path, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Refusal(0, "Safelight's helper does not answer; start it with: safelight serve");
  }
  if (answer.ok) return answer;
  const problem = await answer.json().catch(() => ({}));
  if (answer.status === 401) throw new Refusal(401, "This browser is no longer paired. Run: safelight serve --open");
  // A filter is named as the command line names it; here it stands in a field.
  throw new Refusal(answer.status, problem.error?.replace(/^--\w+ /, "") ?? `the helper answered ${answer.status}`);
}

export const get = async (path) => (await ask(path)).json();

const posted = (body, signal) => ({
  method: "POST",
  headers: { "Content-Type": "application/json" },
  body: JSON.stringify(body),
  signal,
});

export const post = async (path, body = {}, signal) => (await ask(path, posted(body, signal))).json();

/** Fetch ids and shapes of all photos that pass, as bytes. */
export const grid = async (body, signal) => (await ask("/api/v1/grid", posted(body, signal))).arrayBuffer();

/** Send a picture to search with; returns the name that searches use for it. */
export async function upload(blob) {
  const type = /^image\/(jpeg|png|webp|gif|bmp|tiff|heic|heif|avif)$/.test(blob.type) ? blob.type : "application/octet-stream";
  const options = { method: "POST", headers: { "Content-Type": type }, body: blob };
  return (await (await ask("/api/v1/search/image?limit=1", options)).json()).upload;
}

const SIZES = [160, 320, 640, 1280, 2560];

/** The address of a photo's picture, its longer side at least so many device pixels where there are as many. */
export function picture(id, pixels) {
  return `/api/v1/photos/${id}/picture/${SIZES.find((size) => size >= pixels) ?? 2560}`;
}
