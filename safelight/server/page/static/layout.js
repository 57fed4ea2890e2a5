// Aspect ratios -> justified rows. Pure: typed arrays in, typed arrays out; a million photos take some 20 ms.

const NARROWEST = 0.3; // what is narrower or wider is shown cropped, or it would tear its row apart
const WIDEST = 6;

/** The width of a photo for each pixel of its height, from thousandths. */
export function ratio(aspect) {
  return Math.min(WIDEST, Math.max(NARROWEST, aspect / 1000));
}

/**
 * Lay out rows that fill the width, each as near to the wanted height as it can be.
 * @returns {{start: Uint32Array, top: Float64Array, height: Float32Array, rows: number, total: number}}
 *   Row r shows photos start[r] up to start[r + 1]; top and height in CSS pixels; total: of everything.
 */
export function justify(aspects, width, wanted, gap) {
  const count = aspects.length;
  const start = new Uint32Array(count + 1);
  const top = new Float64Array(count);
  const height = new Float32Array(count);
  let rows = 0;
  let y = 0;
  let first = 0;
  let sum = 0;
  const heightOf = (total, photos) => (width - gap * (photos - 1)) / total;
  const close = (end, h) => {
    start[rows] = first;
    top[rows] = y;
    height[rows] = h;
    y += h + gap;
    rows += 1;
    first = end;
  };
  for (let i = 0; i < count; i += 1) {
    const r = ratio(aspects[i]);
    const withIt = heightOf(sum + r, i - first + 1);
    if (withIt > wanted) {
      sum += r;
      continue;
    }
    const without = i > first ? heightOf(sum, i - first) : Infinity;
    if (without - wanted < wanted - withIt) {
      close(i, without); // the row is better without it; it opens the next one
      sum = r;
    } else {
      close(i + 1, withIt);
      sum = 0;
    }
  }
  if (first < count) close(count, Math.min(wanted, heightOf(sum, count - first)));
  start[rows] = count;
  return { start, top, height, rows, total: rows ? y - gap : 0 };
}

/** The last row that begins at or above y. */
export function rowAt(layout, y) {
  return lastAtMost(layout.top, layout.rows, y);
}

/** The row that shows a photo. */
export function rowOf(layout, index) {
  return lastAtMost(layout.start, layout.rows, index);
}

function lastAtMost(sorted, length, value) {
  let low = 0;
  let high = length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (sorted[middle] <= value) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** Where a photo lies: {x, y, width, height} in the layout's pixels. */
export function boxOf(layout, aspects, index, gap) {
  const row = rowOf(layout, index);
  const height = layout.height[row];
  let x = 0;
  for (let i = layout.start[row]; i < index; i += 1) x += ratio(aspects[i]) * height + gap;
  return { x, y: layout.top[row], width: ratio(aspects[index]) * height, height };
}

/** The photo above (step -1) or below (step 1) that lies most nearly under the middle of this one. */
export function beside(layout, aspects, index, step, gap) {
  const row = rowOf(layout, index) + step;
  if (row < 0 || row >= layout.rows) return index;
  const here = boxOf(layout, aspects, index, gap);
  const middle = here.x + here.width / 2;
  let x = 0;
  for (let i = layout.start[row]; i < layout.start[row + 1]; i += 1) {
    x += ratio(aspects[i]) * layout.height[row] + gap;
    if (x >= middle) return i;
  }
  return layout.start[row + 1] - 1;
}
