// Calls to the services: JSON in and out, problems (RFC 9457) as one error type with a kind to act upon.

export type FailureKind =
  | "unreachable"
  | "invalid"
  | "unauthenticated"
  | "denied"
  | "not_found"
  | "conflict"
  | "too_large"
  | "too_many"
  | "unavailable"
  | "internal";

export class ApiError extends Error {
  constructor(
    readonly kind: FailureKind,
    message: string,
  ) {
    super(message);
    this.name = "ApiError";
  }
}

const KINDS: Record<number, FailureKind> = {
  400: "invalid",
  401: "unauthenticated",
  403: "denied",
  404: "not_found",
  409: "conflict",
  410: "not_found",
  412: "conflict",
  413: "too_large",
  422: "invalid",
  429: "too_many",
  502: "unavailable",
  503: "unavailable",
  504: "unavailable",
};

// What a status means to the caller; a status that has no meaning of its own is by its class.
export function kindOfStatus(status: number): FailureKind {
  return KINDS[status] ?? (status >= 500 ? "internal" : "invalid");
}

// The sentence for people in an answer that is not 2xx: the problem's detail, else its title, else the status.
export async function messageOf(response: Response): Promise<string> {
  const problem: unknown = await response.json().catch(() => null);
  if (typeof problem === "object" && problem !== null) {
    const { detail, title } = problem as { detail?: unknown; title?: unknown };
    if (typeof detail === "string" && detail !== "") return detail;
    if (typeof title === "string" && title !== "") return title;
  }
  return `${response.status} ${response.statusText}`.trim();
}

export interface Call {
  method?: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  json?: unknown;
  body?: Blob;
  token?: string | undefined;
  signal?: AbortSignal | undefined;
  // The call outlives the page.
  keepalive?: boolean;
}

// A call whose answer is waited for at most this long; a server that takes longer is as good as gone.
const PATIENCE_MS = 10_000;

// Makes the call; resolves to the answer's JSON, or to undefined where the answer has no body.
// Throws ApiError, or the signal's AbortError when the caller gave up.
export async function call<T = undefined>(path: string, options: Call = {}): Promise<T> {
  const headers: Record<string, string> = { accept: "application/json" };
  if (options.token !== undefined) headers.authorization = `Bearer ${options.token}`;
  if (options.json !== undefined) headers["content-type"] = "application/json";
  if (options.body?.type) headers["content-type"] = options.body.type;
  const patience = AbortSignal.timeout(PATIENCE_MS);
  const init: RequestInit = {
    method: options.method ?? "GET",
    headers,
    // Asks the server every time, with the ETag of what is already here: 304 costs next to nothing.
    cache: "no-cache",
    keepalive: options.keepalive ?? false,
    signal: options.signal ? either(options.signal, patience) : patience,
  };
  const body = options.json === undefined ? options.body : JSON.stringify(options.json);
  if (body !== undefined) init.body = body;
  let response: Response;
  try {
    response = await fetch(path, init);
  } catch (error) {
    if (options.signal?.aborted) throw error;
    throw new ApiError("unreachable", "the server does not answer");
  }
  if (!response.ok) throw new ApiError(kindOfStatus(response.status), await messageOf(response));
  if (response.status === 204 || response.headers.get("content-length") === "0") return undefined as T;
  try {
    return (await response.json()) as T;
  } catch (error) {
    if (options.signal?.aborted) throw error;
    throw new ApiError("unreachable", "the server's answer broke off");
  }
}

// Aborts with the first of the two (AbortSignal.any is younger than the browsers that we play in).
function either(a: AbortSignal, b: AbortSignal): AbortSignal {
  const both = new AbortController();
  for (const signal of [a, b]) {
    if (signal.aborted) both.abort(signal.reason);
    else
      signal.addEventListener("abort", () => both.abort(signal.reason), { once: true, signal: both.signal });
  }
  return both.signal;
}
