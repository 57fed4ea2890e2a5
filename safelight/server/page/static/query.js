// What is asked for <-> the page's address, and the bodies of requests. Pure.

const LISTS = ["source", "folder_id", "camera", "place", "text", "format", "person", "album", "keyword", "label", "media"];
const SINGLES = ["since", "until", "near"];
const ORDERS = ["time", "oldest", "added", "random"];
const PICTURE = /^(up-)?[2-9bcdfghjkmnpqrstvwxz]{12}$/;

export const nothing = () => ({ words: "", terms: [], filters: {}, order: "time", seed: 0 });

/** Read the part of an address behind "?". */
export function read(search) {
  const given = new URLSearchParams(search);
  const query = { ...nothing(), words: given.get("q") ?? "", terms: given.getAll("t").map(readTerm).filter(Boolean) };
  for (const name of LISTS) if (given.has(name)) query.filters[name] = given.getAll(name);
  for (const name of SINGLES) if (given.get(name)) query.filters[name] = given.get(name);
  if (given.get("favorite") === "1") query.filters.favorite = true;
  if (/^[1-5]$/.test(given.get("rating") ?? "")) query.filters.rating = Number(given.get("rating"));
  if (ORDERS.includes(given.get("order"))) query.order = given.get("order");
  if (/^\d{1,9}$/.test(given.get("seed") ?? "")) query.seed = Number(given.get("seed"));
  return query;
}

/** Write the part of an address behind "?", "" where nothing is asked for. */
export function write(query) {
  const given = new URLSearchParams();
  if (query.words) given.set("q", query.words);
  for (const term of query.terms) given.append("t", writeTerm(term));
  for (const name of LISTS) for (const value of query.filters[name] ?? []) given.append(name, value);
  for (const name of SINGLES) if (query.filters[name]) given.set(name, query.filters[name]);
  if (query.filters.favorite) given.set("favorite", "1");
  if (query.filters.rating) given.set("rating", query.filters.rating);
  if (query.order !== "time") given.set("order", query.order);
  if (query.order === "random") given.set("seed", query.seed);
  const text = given.toString();
  return text ? `?${text}` : "";
}

// A term in the address: +words, -words, +~ID or -~ID of a picture, with a weight in between where it is not 1: +1.5:words
function readTerm(text) {
  const parts = /^([+-])(?:(\d+(?:\.\d+)?):)?(.+)$/s.exec(text);
  if (!parts) return null;
  const weight = Number(parts[2] ?? 1) * (parts[1] === "-" ? -1 : 1);
  if (!weight || Math.abs(weight) > 100) return null;
  const picture = parts[3].startsWith("~") ? parts[3].slice(1) : "";
  return PICTURE.test(picture) ? { picture, weight } : { text: parts[3], weight };
}

function writeTerm({ text, picture, weight }) {
  const size = Math.abs(weight);
  return `${weight < 0 ? "-" : "+"}${size === 1 ? "" : `${size}:`}${picture ? `~${picture}` : text}`;
}

/** Take signed words and phrases out of what was typed: dog -beach +"red car" -> "dog" and two terms. */
export function split(typed) {
  const terms = [];
  const signed = /(?<=^|\s)([+\-\u2212\u2013])(?:(\d{1,2}(?:\.\d+)?):)?(?:"([^"]+)"?|([^\s"]+))/gu;
  const words = typed.replace(signed, (_, sign, weight, phrase, word) => {
    terms.push({ text: phrase ?? word, weight: Number(weight || 1) * (sign === "+" ? 1 : -1) });
    return " ";
  });
  return { words: words.replace(/\s+/g, " ").trim(), terms: terms.filter(({ weight }) => weight) };
}

export const isSearch = (query) => Boolean(query.words || query.terms.length);

export const isFiltered = (query) => Object.keys(query.filters).length > 0;

export const searchBody = (query, offset, limit, showAll) => ({
  words: query.words,
  terms: query.terms,
  filters: query.filters,
  offset,
  limit,
  show_all: showAll,
});

export const gridBody = (query) => ({ order: query.order, seed: query.seed, filters: query.filters });

/** Add a value to a list filter, or take it away. */
export function toggled(query, name, value) {
  const held = query.filters[name] ?? [];
  const list = held.includes(value) ? held.filter((other) => other !== value) : [...held, value];
  const filters = { ...query.filters, [name]: list };
  if (!list.length) delete filters[name];
  return { ...query, filters };
}

/** Set a filter that has one value, or clear it. */
export function withFilter(query, name, value) {
  const filters = { ...query.filters, [name]: value };
  if (!value) delete filters[name];
  return { ...query, filters };
}

/** Everything that is asked for, as one line for people. */
export function told(query) {
  const terms = query.terms.map(({ text, weight }) => `${weight < 0 ? "−" : "+"} ${text ?? "a picture"}`);
  return [query.words, ...terms].filter(Boolean).join(" ");
}
