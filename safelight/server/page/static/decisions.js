// What the user says about groups: sent at once, remembered by the helper, and taken back in the order it was said.

import { post } from "./api.js";

export class Decisions {
  #said = []; // {group, before, decision, keeper}: how to go back

  /** `changed(group)`: its `decision` or `keeper` is another now. */
  constructor({ say, changed }) {
    Object.assign(this, { say, changed });
  }

  /** Say what is so about a group; tells whether it is remembered. */
  async decide(group, decision, keeper = null) {
    return this.#send(group, decision, keeper, async (photos) => {
      const body = { decision, photos, ...(keeper && { keeper }) };
      const { before } = await post("/api/v1/duplicates/decide", body);
      this.say("");
      return before;
    });
  }

  /** Forget what was said about a group; tells whether that was done. */
  async forget(group) {
    return this.#send(group, null, null, async (photos) => {
      await post("/api/v1/duplicates/undo", { photos, before: [] });
      this.say("");
      return null;
    });
  }

  /** Take back what was said last; returns its group, null where nothing is left. */
  async undo() {
    const last = this.#said.pop();
    if (!last) {
      this.say("Nothing is left to take back here; a decided group has a button of its own for it.");
      return null;
    }
    const { group, before, decision, keeper } = last;
    try {
      await post("/api/v1/duplicates/undo", { photos: photosOf(group), before });
    } catch (error) {
      this.#said.push(last);
      this.say(error.message);
      return null;
    }
    this.say("");
    Object.assign(group, { decision, keeper });
    this.changed(group);
    return group;
  }

  async #send(group, decision, keeper, ask) {
    const was = { decision: group.decision, keeper: group.keeper };
    try {
      const before = await ask(photosOf(group));
      if (before) this.#said.push({ group, before, ...was });
    } catch (error) {
      this.say(error.message);
      return false;
    }
    const proposed = group.members.find(({ relation }) => relation === "keeper")?.id ?? null;
    Object.assign(group, { decision, keeper: keeper ?? proposed });
    this.changed(group);
    return true;
  }
}

const photosOf = (group) => group.members.map(({ id }) => id);
