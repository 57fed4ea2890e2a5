// Elements. Text from outside becomes text, never markup: nothing on this page is built from a string of HTML.

/** Make an element: el("button", {class: "plain", onclick: f}, "Text", child...). */
export function el(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "class") element.className = value;
    else if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name.startsWith("aria-") || name === "role" || name === "for") element.setAttribute(name, value);
    else element[name] = value;
  }
  element.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

const LIBRARIES = { folder: "Folder", photos: "Apple Photos", lightroom: "Lightroom", takeout: "Google Takeout", previews: "Lightroom previews" };

/** What people call a kind of library. */
export const library = (source) => LIBRARIES[source] ?? source;

/** What a photo's state means to people; "" where it is simply there. */
export const standing = (state) => ({ missing: "no longer there", offline: "not connected", failed: "could not be read", skipped: "was left out" })[state] ?? "";

export const byId = (id) => document.getElementById(id);

const numbers = new Intl.NumberFormat(); // made once: it takes longer than its work

/** A number as people here write it. */
export const number = (value) => numbers.format(value);

/** "1 photo", "2 photos". */
export const plural = (count, one, many = `${one}s`) => `${number(count)} ${count === 1 ? one : many}`;
