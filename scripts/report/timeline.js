// SPDX-License-Identifier: Apache-2.0
// Draws the commands of all engines. Bars of a lane are in order of time and do not overlap.
"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const bytes = text => Uint8Array.from(atob(text), c => c.charCodeAt(0)).buffer;
  const start = new Uint32Array(bytes(data.start)), length = new Uint32Array(bytes(data.length));
  const operation = new Uint8Array(bytes(data.operation));
  const layer = new Uint8Array(bytes(data.layer));
  const NO_LAYER = 255, LABELS = 92, TOP = 56, LANE = 15, THIN = 8, GAP = 12, AXIS = 22;
  const byId = id => document.getElementById(id);
  const canvas = byId("timeline"), strip = byId("overview"), tip = byId("tip");
  const pen = canvas.getContext("2d"), stripPen = strip.getContext("2d");
  const first = data.request, last = data.last;
  let from = first, to = last, chosen = -1;  // visible cycles; highlighted part
  const names = ["projections", "attention", "feed-forward", "norms", "head", "other", "waits"];
  let colour = {};
  function colours() {
    const style = getComputedStyle(document.documentElement);
    for (const name of [...names, "ink", "soft", "line", "card", "paper"]) {
      colour[name] = style.getPropertyValue("--" + name).trim();
    }
  }
  const rgb = text => [1, 3, 5].map(i => parseInt(text.slice(i, i + 2), 16));
  const comma = n => Math.round(n).toLocaleString("en-US");

  // Lanes from top to bottom
  const lanes = [];
  let height = TOP, at = 0;
  data.lanes.forEach((lane, i) => {
    if (i && lane.chiplet !== data.lanes[i - 1].chiplet) height += GAP;
    const tall = lane.name === "waits" ? THIN : LANE;
    lanes.push({...lane, first: at, last: at + lane.bars, top: height, tall});
    at += lane.bars;
    height += tall + 2;
  });
  height += AXIS;

  /** First bar of a lane that ends behind a cycle. */
  function search(lane, cycle) {
    let low = lane.first, high = lane.last;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (start[middle] + length[middle] > cycle) high = middle; else low = middle + 1;
    }
    return low;
  }

  function fit(element, context, tall) {
    const ratio = window.devicePixelRatio || 1, wide = element.clientWidth;
    if (element.width !== Math.round(wide * ratio) || element.height !== Math.round(tall * ratio)) {
      element.width = Math.round(wide * ratio);
      element.height = Math.round(tall * ratio);
      element.style.height = tall + "px";
    }
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, wide, tall);
    return wide;
  }

  const x = (cycle, wide) => LABELS + (cycle - from) / (to - from) * (wide - LABELS);
  const cycleAt = (px, wide) => from + (px - LABELS) / (wide - LABELS) * (to - from);

  /** Share of each pixel column that each part covers. */
  function coverage(lane, columns, parts) {
    const share = new Float32Array(columns * parts), scale = columns / (to - from);
    for (let i = search(lane, from); i < lane.last && start[i] < to; i++) {
      const a = Math.max(0, (start[i] - from) * scale);
      const b = Math.min(columns, (start[i] + length[i] - from) * scale);
      const part = data.part[operation[i]];
      for (let p = Math.floor(a); p < b; p++) {
        share[p * parts + part] += Math.min(b, p + 1) - Math.max(a, p);
      }
    }
    return share;
  }

  function drawLanes(wide) {
    const ratio = canvas.width / wide, columns = Math.floor((wide - LABELS) * ratio);
    const parts = names.length, tints = names.map(n => rgb(colour[n]));
    const paper = rgb(colour.card), ground = rgb(colour.paper);
    for (const lane of lanes) {
      const rows = Math.round(lane.tall * ratio), share = coverage(lane, columns, parts);
      const image = pen.createImageData(columns, rows), pixels = image.data;
      for (let c = 0; c < columns; c++) {
        let edge = rows;
        for (let part = 0, sum = 0; part <= parts; part++) {
          const tint = part < parts ? tints[part] : ground;
          const faint = part < parts && chosen >= 0 && part !== chosen ? 0.18 : 1;
          sum += part < parts ? share[c * parts + part] : 1;
          const until = Math.max(0, Math.round(rows - Math.min(1, sum) * rows));
          for (; edge > until; edge--) {
            const k = ((edge - 1) * columns + c) * 4;
            for (let j = 0; j < 3; j++) pixels[k + j] = faint * tint[j] + (1 - faint) * paper[j];
            pixels[k + 3] = 255;
          }
        }
      }
      pen.putImageData(image, Math.round(LABELS * ratio), Math.round(lane.top * ratio));
      if ((to - from) / (wide - LABELS) < 40) drawNames(lane, wide);
    }
  }

  /** Edges and names of bars that are wide enough. */
  function drawNames(lane, wide) {
    pen.font = "10px system-ui, sans-serif";
    pen.textBaseline = "middle";
    for (let i = search(lane, from); i < lane.last && start[i] < to; i++) {
      const a = x(start[i], wide), b = x(start[i] + length[i], wide);
      if (b - a < 4) continue;
      pen.fillStyle = colour.card;
      if (a >= LABELS) pen.fillRect(a, lane.top, 0.7, lane.tall);
      const text = data.operations[operation[i]], left = Math.max(a, LABELS) + 3;
      if (lane.tall === LANE && Math.min(b, wide) - left > pen.measureText(text).width + 2) {
        pen.fillStyle = "#fff";
        pen.fillText(text, left, lane.top + lane.tall / 2 + 0.5);
      }
    }
  }

  function drawFrame(wide) {
    pen.textBaseline = "middle";
    pen.font = "11px system-ui, sans-serif";
    let chiplet = -1;
    for (const lane of lanes) {
      pen.fillStyle = colour.soft;
      pen.textAlign = "right";
      pen.fillText(lane.name, LABELS - 6, lane.top + lane.tall / 2);
      pen.textAlign = "left";
      if (lane.chiplet !== chiplet) {
        chiplet = lane.chiplet;
        pen.save();
        pen.fillStyle = colour.ink;
        pen.font = "600 12px system-ui, sans-serif";
        pen.translate(14, lane.top + 76);
        pen.rotate(-Math.PI / 2);
        pen.fillText("chiplet " + chiplet, 0, 0);
        pen.restore();
      }
    }
    const box = (a, b, top, tall, text, shade) => {
      const left = Math.max(a, LABELS), right = Math.min(b, wide);
      if (right <= left) return;
      pen.fillStyle = shade;
      pen.fillRect(left, top, Math.max(0.5, right - left - 0.7), tall);
      if (right - left > pen.measureText(text).width + 8) {
        pen.fillStyle = colour.ink;
        pen.fillText(text, left + 5, top + tall / 2 + 0.5);
      }
    };
    for (const [name, begin, end, kind] of data.phases) {
      const shade = {prefill: colour["feed-forward"], decode: colour.projections,
                     head: colour.head, load: colour.other}[kind];
      box(x(begin, wide), x(end, wide), 6, 18, name, shade + "55");
    }
    data.layers.forEach(([begin, number], i) => {
      const phase = data.phases.find(p => begin < p[2]) || data.phases[0];
      const next = data.layers[i + 1];
      const end = next && next[0] < phase[2] ? next[0] : phase[2];
      box(x(begin, wide), x(end, wide), 28, 14, "layer " + number,
          number % 2 ? colour.line : colour.soft + "44");
    });
    pen.fillStyle = colour.soft;
    const step = 10 ** Math.floor(Math.log10((to - from) / 6));
    const grain = [1, 2, 5, 10].map(m => m * step).find(g => (to - from) / g <= 9) || step * 10;
    for (let t = Math.ceil((from - first) / grain) * grain; t <= to - first; t += grain) {
      const px = x(t + first, wide);
      pen.fillRect(px, height - AXIS, 1, 5);
      pen.textAlign = "center";
      pen.fillText(comma(t), Math.min(px, wide - 24), height - AXIS + 13);
    }
    pen.textAlign = "left";
    byId("range").textContent =
      `cycles ${comma(from - first)} to ${comma(to - first)} after the request`;
  }

  function drawStrip() {
    const tall = 56, wide = fit(strip, stripPen, tall);
    const px = cycle => LABELS + (cycle - first) / (last - first) * (wide - LABELS);
    const line = (values, most, tint, filled) => {
      stripPen.beginPath();
      values.forEach((v, i) => stripPen.lineTo(
        LABELS + (i + 0.5) / values.length * (wide - LABELS), tall - 2 - v / most * (tall - 6)));
      if (filled) {
        stripPen.lineTo(wide, tall);
        stripPen.lineTo(LABELS, tall);
        stripPen.fillStyle = tint + "77";
        stripPen.fill();
      } else {
        stripPen.strokeStyle = tint;
        stripPen.stroke();
      }
    };
    const {macros, memory, links} = data.overview;
    line(macros, 1, colour.projections, true);
    line(memory, Math.max(1e-9, ...memory), colour.head);
    line(links, Math.max(1e-9, ...links), colour.attention);
    stripPen.fillStyle = colour.ink + "22";
    stripPen.fillRect(LABELS, 0, px(from) - LABELS, tall);
    stripPen.fillRect(px(to), 0, wide - px(to), tall);
    stripPen.strokeStyle = colour.ink;
    stripPen.strokeRect(px(from), 0.5, Math.max(2, px(to) - px(from)), tall - 1);
  }

  let waiting = false;
  function draw() {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => {
      waiting = false;
      const wide = fit(canvas, pen, height);
      drawLanes(wide);
      drawFrame(wide);
      drawStrip();
    });
  }

  function show(a, b) {
    const span = Math.min(last - first, Math.max(40, b - a));
    from = Math.min(Math.max(first, a), last - span);
    to = from + span;
    draw();
  }
  function zoom(factor, px) {
    const wide = canvas.clientWidth, middle = cycleAt(px ?? (wide + LABELS) / 2, wide);
    show(middle - (middle - from) * factor, middle + (to - middle) * factor);
  }

  canvas.addEventListener("wheel", event => {
    event.preventDefault();
    if (Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
      const by = event.deltaX / canvas.clientWidth * (to - from);
      show(from + by, to + by);
    } else zoom(Math.exp(event.deltaY * 0.0016), event.offsetX);
  }, {passive: false});
  canvas.addEventListener("dblclick", () => show(first, last));
  let held = null;
  canvas.addEventListener("pointerdown", event => {
    held = {x: event.offsetX, from, to};
    canvas.setPointerCapture(event.pointerId);
  });
  canvas.addEventListener("pointerup", () => { held = null; });
  canvas.addEventListener("pointerleave", () => { tip.style.display = "none"; });
  canvas.addEventListener("pointermove", event => {
    if (held) {
      const by = (held.x - event.offsetX) / (canvas.clientWidth - LABELS) * (held.to - held.from);
      show(held.from + by, held.to + by);
      return;
    }
    tell(event);
  });
  function tell(event) {
    const lane = lanes.find(l => event.offsetY >= l.top && event.offsetY < l.top + l.tall + 2);
    const cycle = cycleAt(event.offsetX, canvas.clientWidth);
    let i = lane && event.offsetX > LABELS ? search(lane, cycle) : -1;
    const near = (to - from) / canvas.clientWidth * 3;
    if (!lane || i < 0 || i >= lane.last || start[i] > cycle + near) {
      tip.style.display = "none";
      return;
    }
    const deep = layer[i] === NO_LAYER ? "" : `, layer ${layer[i]}`;
    tip.textContent = `${data.operations[operation[i]]}${deep}: chiplet ${lane.chiplet}, ` +
      `${lane.name}, from cycle ${comma(start[i] - first)}, ${comma(length[i])} cycles`;
    tip.style.display = "block";
    const right = Math.min(event.clientX + 14, window.innerWidth - tip.offsetWidth - 8);
    tip.style.left = right + "px";
    tip.style.top = event.clientY + 18 + "px";
  }
  let marked = null;
  const stripCycle = event =>
    first + (event.offsetX - LABELS) / (strip.clientWidth - LABELS) * (last - first);
  strip.addEventListener("pointerdown", event => {
    marked = stripCycle(event);
    strip.setPointerCapture(event.pointerId);
  });
  strip.addEventListener("pointermove", event => {
    if (marked === null) return;
    const other = stripCycle(event);
    if (Math.abs(other - marked) > (last - first) / 300) {
      show(Math.min(marked, other), Math.max(marked, other));
    }
  });
  strip.addEventListener("pointerup", () => { marked = null; });
  strip.addEventListener("dblclick", () => show(first, last));
  byId("in").addEventListener("click", () => zoom(0.5));
  byId("out").addEventListener("click", () => zoom(2));
  const select = byId("phase");
  const served = data.phases.filter(p => p[3] !== "load");
  select.append(new Option("the whole request", -1));
  served.forEach((p, i) => select.append(new Option(p[0], i)));
  select.addEventListener("change", () => {
    const phase = served[+select.value];
    if (phase) show(phase[1], phase[2]); else show(first, last);
  });
  data.parts.forEach((name, i) => {
    const item = document.createElement("span"), box = document.createElement("i");
    box.className = "part-" + i;
    item.append(box, name);
    item.addEventListener("click", () => {
      chosen = chosen === i ? -1 : i;
      [...byId("legend").children].forEach((e, j) =>
        e.classList.toggle("dim", chosen >= 0 && j !== chosen));
      draw();
    });
    byId("legend").append(item);
  });
  window.addEventListener("resize", draw);
  const view = /^#(\d+)-(\d+)$/.exec(location.hash);  // page#FROM-TO opens these cycles
  if (view) { from = first + +view[1]; to = first + +view[2]; }
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    colours();
    draw();
  });
  colours();
  draw();
})();
