// One group of duplicates, or a series, as it is shown in the list.

import { picture } from "./api.js";
import { el, number, plural } from "./dom.js";

export const KIND_NAMES = {
  "same bytes": "Same bytes", "same pixels": "Same pixels", "re-encoded": "Saved again", resized: "Resized",
  edited: "Edited", turned: "Turned", series: "Series",
};
const DECISIONS = { keeper: "Decided", different: "Not duplicates", ignored: "Shown no more" };
const SHOWN = 24; // photos of a group at first; a time-lapse has hundreds
const MORE = 120;
const WIDE = 205; // pixels of a photo in it
const ACROSS = 6;

export const isSeries = (group) => group.kind === "series";

/** What a group is, in a few words. */
export const title = (group) => `${group.what || KIND_NAMES[group.kind]}, ${plural(group.members.length, "photo")}`;

/** "6000 × 4000, 8.2 MB". */
export function measures({ width, height, size_bytes: bytes }) {
  const megabytes = bytes / 1e6;
  const size = megabytes >= 10 ? `${number(Math.round(megabytes))} MB` : megabytes >= 1 ? `${megabytes.toFixed(1)} MB` : `${number(Math.ceil(bytes / 1000))} kB`;
  return [width && `${width} × ${height}`, bytes && size].filter(Boolean).join(", ");
}

/** What a photo is to the one to keep, in words. */
export function relation(group, member) {
  if (isSeries(group)) return "";
  if (member.id === group.keeper) return group.decision === "keeper" ? "you chose it" : member.relation === "keeper" ? member.reason : "";
  if (member.relation === "keeper") return `was proposed: ${member.reason}`;
  const made = member.made_from === "keeper" ? "made from the one to keep" : ""; // the other way round the reason says
  return [member.reason, made].filter(Boolean).join("; ");
}

/** What was decided, as a badge; null where nothing was. */
export function decided(group) {
  return group.decision ? el("span", { class: "said" }, DECISIONS[group.decision]) : null;
}

/** The buttons that hold for a whole group. */
export function groupButtons(group, act) {
  const button = (label, key, what) => el("button", { type: "button", title: `Key: ${key}`, "aria-pressed": String(group.decision === what), onclick: () => act(what) }, label);
  return [
    button(isSeries(group) ? "Do not belong together" : "Not duplicates", "n", "different"),
    button("Show no more", "i", "ignored"),
    group.decision ? el("button", { type: "button", title: "Forget what was decided about this group", onclick: () => act("forget") }, "Take back") : null,
  ];
}

/** The button that makes a photo the one to keep. */
export function keepButton(group, index, act) {
  const member = group.members[index];
  const kept = member.id === group.keeper && group.decision !== "different" && group.decision !== "ignored";
  const label = kept ? (group.decision ? "Kept" : "Keep") : "Keep this";
  const key = index < 9 ? el("kbd", {}, String(index + 1)) : null;
  return el(
    "button",
    { type: "button", class: kept ? "keep kept" : "keep", "aria-pressed": String(kept && group.decision === "keeper"), onclick: () => act("keeper", member.id) },
    key, label, el("span", { class: "unseen" }, ` ${member.name}`),
  );
}

/** Draw a group: `act(what, keeper)` decides, `open(member)` compares. */
export function drawGroup(group, { act, open }) {
  const id = `group-${group.members[0].id}-${group.kind.replaceAll(" ", "-")}`;
  const draw = (from, to) => group.members.slice(from, to).map((member, index) => drawMember(group, member, from + index, { act, open }));
  // Kept with the group: a decision draws it anew, and what was unfolded stays so. The one to keep is always to be seen.
  group.shown ??= Math.max(SHOWN, 1 + group.members.findIndex(({ id: member }) => member === group.keeper));
  const list = el("ul", { class: "members" }, ...draw(0, group.shown));
  const card = el(
    "article",
    { class: ["group", isSeries(group) && "series", group.decision && `is-${group.decision}`].filter(Boolean).join(" "), "aria-labelledby": id },
    el("div", { class: "group-head" }, el("h3", { id }, title(group)), isSeries(group) ? el("span", { class: "quiet small" }, "belong together, no duplicates") : null, decided(group),
      el("div", { class: "buttons" }, el("button", { type: "button", title: "Key: c", onclick: () => open(group.members.find(({ id: other }) => other !== group.keeper)) }, "Compare"), ...groupButtons(group, act))),
    list,
    moreButton(group, (from, to) => list.append(...draw(from, to))),
  );
  card.style.flexBasis = `${WIDE * Math.max(2, Math.min(group.members.length, ACROSS)) + 40}px`; // small groups stand beside each other
  return card;
}

/** The button that unfolds more of a group; null where all of it is to be seen. */
function moreButton(group, unfold) {
  const left = () => group.members.length - group.shown;
  if (left() <= 0) return null;
  const label = () => `Show ${number(Math.min(MORE, left()))} more of ${number(left())}`;
  const button = el("button", { type: "button", class: "more", onclick: () => {
    const from = group.shown;
    group.shown += MORE;
    unfold(from, group.shown);
    if (left() > 0) button.textContent = label();
    else button.remove();
  } }, label());
  return button;
}

function drawMember(group, member, index, { act, open }) {
  const image = el("img", { alt: "", loading: "lazy", decoding: "async", src: picture(member.id, 320) });
  image.addEventListener("error", () => image.classList.add("broken"));
  const kept = !isSeries(group) && member.id === group.keeper;
  return el(
    "li",
    { class: kept ? "member kept" : "member" },
    el("button", { type: "button", class: "look", "aria-label": `Compare ${member.name}`, onclick: () => open(member) }, image),
    isSeries(group) ? null : keepButton(group, index, act),
    el("strong", { title: member.path ?? "" }, member.name),
    el("span", { class: "reason" }, relation(group, member)),
    el("span", { class: "quiet small" }, measures(member)),
  );
}
