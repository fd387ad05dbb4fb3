// Charts: losses by step as lines, amounts by day as bars. Their names say the same to those who do not see them.
import { svg } from "./dom.js";
import { language } from "./texts.js";

const WIDTH = 640, HEIGHT = 220, LEFT = 46, BOTTOM = 26, TOP = 10, RIGHT = 12;

const twoDigits = (value) => new Intl.NumberFormat(language.code, { minimumSignificantDigits: 2, maximumSignificantDigits: 2 }).format(value);

export function losses(curve, names, scale = {}) {
  const kinds = ["training", "validation"].filter((kind) => curve[kind].length);
  const points = kinds.flatMap((kind) => curve[kind]).filter((point) => point.loss !== null);
  if (points.length < 2) return null;
  const steps = points.map((point) => point.step), values = points.map((point) => point.loss);
  const [first, last, high] = [Math.min(...steps), scale.last ?? Math.max(...steps), scale.high ?? Math.max(...values)];
  const x = (step) => LEFT + ((step - first) / (last - first || 1)) * (WIDTH - LEFT - RIGHT);
  const y = (loss) => TOP + (1 - loss / (high || 1)) * (HEIGHT - TOP - BOTTOM);
  const grid = [0, 0.5, 1].map((share) => [
    svg("line", { x1: LEFT, x2: WIDTH - RIGHT, y1: y(high * share), y2: y(high * share), class: "grid" }),
    svg("text", { x: LEFT - 6, y: y(high * share) + 4, class: "tick end" }, twoDigits(high * share)),
  ]);
  const lines = kinds.map((kind) => {
    const path = curve[kind].filter((point) => point.loss !== null).map((point) => `${x(point.step)},${y(point.loss)}`).join(" ");
    return svg("polyline", { points: path, class: kind });
  });
  const legend = kinds.map((kind, place) =>
    svg("text", { x: LEFT + 8 + place * 120, y: HEIGHT - 6, class: `tick ${kind}` }, `— ${names[kind]}`));
  return svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": curve.sentence, class: "chart" },
    grid, lines, legend, svg("text", { x: WIDTH - RIGHT, y: HEIGHT - 6, class: "tick end" }, `${names.step} ${last}`));
}

export function bars(days, values, title, unit) {
  const high = Math.max(...values) || 1, left = 84, wide = (WIDTH - left - RIGHT) / days.length;
  const y = (value) => TOP + (1 - value / high) * (HEIGHT - TOP - BOTTOM);
  const grid = [0, 1].map((share) => [
    svg("line", { x1: left, x2: WIDTH - RIGHT, y1: y(high * share), y2: y(high * share), class: "grid" }),
    svg("text", { x: left - 6, y: y(high * share) + 4, class: "tick end" }, unit(high * share)),
  ]);
  const bar = (day, place) => svg("rect", { x: left + place * wide + wide * 0.1, width: wide * 0.8, y: y(values[place]), height: y(0) - y(values[place]), class: "bar" },
    svg("title", {}, `${day.name}: ${unit(values[place])}`));
  const last = days.length - 1;
  const told = `${title}: ${days.map((day, place) => (values[place] ? `${day.name} ${unit(values[place])}` : null)).filter(Boolean).join(", ")}`;
  return svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": told, class: "chart" }, grid, days.map(bar),
    svg("text", { x: left, y: HEIGHT - 6, class: "tick" }, days[0].name), svg("text", { x: WIDTH - RIGHT, y: HEIGHT - 6, class: "tick end" }, days[last].name));
}
