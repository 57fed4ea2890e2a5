// What the grid shows: ids and shapes of many photos, a few bytes each.

const ID = 12;
const decoder = new TextDecoder("ascii");

export class Photos {
  constructor(aspects, ids, hits = null) {
    this.aspects = aspects; // Uint16Array: width / height x 1000
    this.ids = ids; // Uint8Array: 12 ASCII characters each
    this.hits = hits; // what a search knows of each, or null
  }

  /** Read what /api/v1/grid sends: docs/api.md has the bytes. */
  static fromGrid(buffer) {
    const head = new DataView(buffer);
    if (buffer.byteLength < 8 || decoder.decode(new Uint8Array(buffer, 0, 4)) !== "SLG1") {
      throw new Error("the helper sent a grid that this page does not understand; reload the page");
    }
    const count = head.getUint32(4, true);
    return new Photos(new Uint16Array(buffer, 8, count), new Uint8Array(buffer, 8 + 2 * count, ID * count));
  }

  /** Take what a search found. */
  static fromHits(hits) {
    const aspects = Uint16Array.from(hits, ({ width, height }) => {
      return width && height ? Math.min(65535, Math.max(1, (1000 * width) / height)) : 1000;
    });
    return new Photos(aspects, new TextEncoder().encode(hits.map((hit) => hit.id).join("")), hits);
  }

  get count() {
    return this.aspects.length;
  }

  id(index) {
    return decoder.decode(this.ids.subarray(ID * index, ID * index + ID));
  }

  hit(index) {
    return this.hits ? this.hits[index] : null;
  }

  /** Find a photo again; -1 where it is not among these. */
  indexOf(id) {
    const wanted = new TextEncoder().encode(id);
    for (let i = 0; i < this.count; i += 1) {
      let k = 0;
      while (k < ID && this.ids[ID * i + k] === wanted[k]) k += 1;
      if (k === ID) return i;
    }
    return -1;
  }
}
