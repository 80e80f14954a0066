import type { Sample } from './soak.js';

const WIDTH = 720;
const HEIGHT = 260;
const LEFT = 56;
const BOTTOM = 36;
const TOP = 28;
const RIGHT = 16;
/** More could not be told apart. */
const MOST_POINTS = 300;

/** A drawing (SVG) of what a worker held while purchases went through it. */
export function plotOf(samples: readonly Sample[]): string {
  const most = Math.max(...samples.map(({ purchases }) => purchases));
  const top = Math.ceil(Math.max(...samples.map(({ mib }) => mib)) / 100) * 100;
  const x = (purchases: number) => LEFT + (purchases / most) * (WIDTH - LEFT - RIGHT);
  const y = (mib: number) => HEIGHT - BOTTOM - (mib / top) * (HEIGHT - BOTTOM - TOP);
  const step = Math.max(1, Math.ceil(samples.length / MOST_POINTS));
  const points = samples
    .filter((_, index) => index % step === 0)
    .map(({ purchases, mib }) => `${x(purchases).toFixed(1)},${y(mib).toFixed(1)}`);
  const quarters = [0, 0.25, 0.5, 0.75, 1];
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12" fill="#57606a">
<rect width="${WIDTH}" height="${HEIGHT}" fill="#ffffff"/>
<text x="${LEFT}" y="16">Memory of one worker (resident, MiB) over the purchases that it carried through</text>
${quarters.map((share) => gridLine(y(share * top), String(Math.round(share * top)))).join('\n')}
${quarters.map((share) => label(x(share * most), (share * most).toLocaleString('en'))).join('\n')}
<polyline fill="none" stroke="#0969da" stroke-width="1.5" points="${points.join(' ')}"/>
</svg>
`;
}

function gridLine(y: number, text: string): string {
  return `<line x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y}" y2="${y}" stroke="#d0d7de"/><text x="${LEFT - 8}" y="${y + 4}" text-anchor="end">${text}</text>`;
}

function label(x: number, text: string): string {
  return `<text x="${x}" y="${HEIGHT - 12}" text-anchor="${x > WIDTH - 60 ? 'end' : 'middle'}">${text}</text>`;
}
