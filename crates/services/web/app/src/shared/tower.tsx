// The mark: a lattice tower with its beacon lit.

export function Tower(props: { class?: string }) {
  return (
    <svg class={`tower ${props.class ?? ""}`} viewBox="0 0 32 32" aria-hidden="true">
      <g fill="none" stroke="currentColor" stroke-linecap="round" stroke-linejoin="round">
        <path
          stroke-width="2"
          d="M15 10.5 13.6 19 9 29.5M17 10.5l1.4 8.5L23 29.5M11.8 19h8.4M13 23.2h6M14.6 14h2.8"
        />
        <path stroke-width="1.4" d="m13.4 23.4 8 4M18.6 23.4l-8 4" opacity=".75" />
        <g class="tower__waves" stroke-width="2">
          <path d="M11.6 9.2a6 6 0 0 1 0-6.4M20.4 9.2a6 6 0 0 0 0-6.4" />
          <path d="M8.4 11.4a10 10 0 0 1 0-10.8M23.6 11.4a10 10 0 0 0 0-10.8" opacity=".5" />
        </g>
      </g>
      <circle class="tower__beacon" cx="16" cy="6" r="2.4" />
    </svg>
  );
}

export function Wordmark(props: { text?: string }) {
  return (
    <span class="wordmark">
      <Tower />
      <span>{props.text ?? "Funkturm"}</span>
    </span>
  );
}
