// The tower at night: what is on before anything is on.

// The tower stands from its top to its foot between these heights of the drawing.
const TOP = 150;
const FOOT = 640;

// Half the width of the lattice at a height: it widens towards the ground as a tower of steel does.
function halfWidth(y: number): number {
  const t = (y - TOP) / (FOOT - TOP);
  return 5 + 62 * t ** 2.1;
}

// Storeys grow with the width, so that the braces keep their angle.
function storeys(): number[] {
  const heights = [TOP];
  for (let y = TOP; y < FOOT; ) {
    y = Math.min(y + 16 + halfWidth(y) * 0.8, FOOT);
    heights.push(y);
  }
  return heights;
}

const levels = storeys();

function lattice(): string {
  return levels
    .slice(1)
    .map((below, i) => {
      const above = levels[i] ?? TOP;
      const [a, b] = [halfWidth(above), halfWidth(below)];
      return `M${300 - a} ${above}L${300 + b} ${below}M${300 + a} ${above}L${300 - b} ${below}M${300 - b} ${below}H${300 + b}`;
    })
    .join("");
}

function leg(side: 1 | -1): string {
  return levels.map((y, i) => `${i === 0 ? "M" : "L"}${300 + side * halfWidth(y)} ${y}`).join("");
}

const rings = [46, 84, 126, 172, 222];
const deck = 330;

export function Skyline() {
  return (
    <svg class="skyline" viewBox="0 0 600 700" aria-hidden="true">
      <defs>
        <radialGradient id="glow">
          <stop offset="0" stop-color="#ff5a4d" stop-opacity=".55" />
          <stop offset="1" stop-color="#ff5a4d" stop-opacity="0" />
        </radialGradient>
        <linearGradient id="steel" x1="0" y1="0" x2="0" y2="1">
          <stop offset="0" stop-color="#dfe5ee" />
          <stop offset="1" stop-color="#3a4456" />
        </linearGradient>
      </defs>
      <circle class="skyline__glow" cx="300" cy="96" r="190" fill="url(#glow)" />
      <g class="skyline__rings" fill="none" stroke="#ff5a4d" stroke-width="1.6" stroke-linecap="round">
        {rings.map((r) => (
          <path
            key={r}
            d={`M${300 - r * 0.87} ${96 + r * 0.5}A${r} ${r} 0 0 1 ${300 - r * 0.87} ${96 - r * 0.5}M${300 + r * 0.87} ${96 + r * 0.5}A${r} ${r} 0 0 0 ${300 + r * 0.87} ${96 - r * 0.5}`}
          />
        ))}
      </g>
      <g fill="none" stroke="url(#steel)" stroke-linejoin="round" stroke-linecap="round">
        <path stroke-width="3" d={`M299.9 100L300.1 ${TOP}`} />
        <path stroke-width="2.4" d={leg(-1) + leg(1)} />
        <path stroke-width="1" opacity=".7" d={lattice()} />
      </g>
      <path fill="#c9d1dd" d={`M${300 - 38} ${deck}h76l-7 17h-62zM${300 - 30} ${deck - 9}h60v6h-60z`} />
      <g fill="#ffcf7a">
        {[-26, -13, 0, 13, 26].map((x) => (
          <rect key={x} x={300 + x - 3} y={deck + 4} width="6" height="6" rx="1" />
        ))}
      </g>
      <circle class="skyline__beacon" cx="300" cy="96" r="6.5" fill="#ff5a4d" />
      <path fill="none" stroke="#2a3242" stroke-width="2" d="M60 640.5h480" />
    </svg>
  );
}
