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
    readonly problem: Problem = {},
  ) {
    super(message);
    this.name = "ApiError";
  }

  // The last part of the problem's type (`…/not_in_package` is `not_in_package`), or OAuth's `error`
  // (RFC 6749 5.2); empty where neither says more than the status.
  get type(): string {
    const { type, error } = this.problem;
    if (typeof error === "string") return error;
    if (typeof type !== "string" || type === "about:blank") return "";
    return /[^/#:]*$/.exec(type)?.[0] ?? "";
  }
}

// What an answer that is not 2xx says beside its sentence, as it came; `retry_after` is the header, in seconds.
export type Problem = Readonly<Record<string, unknown>>;

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

// The error in an answer that is not 2xx. Its sentence for people is the problem's detail, else its title, else
// the status; in OAuth's answers the description.
async function errorOf(response: Response): Promise<ApiError> {
  const body: unknown = await response.json().catch(() => null);
  const said = typeof body === "object" && body !== null ? (body as Record<string, unknown>) : {};
  const retryAfter = Number.parseInt(response.headers.get("retry-after") ?? "", 10);
  const problem = Number.isNaN(retryAfter) ? said : { ...said, retry_after: retryAfter };
  const sentence = [said.detail, said.error_description, said.title].find(
    (text): text is string => typeof text === "string" && text !== "",
  );
  const message = sentence ?? `${response.status} ${response.statusText}`.trim();
  return new ApiError(kindOfStatus(response.status), message, problem);
}

export interface Call {
  method?: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  json?: unknown;
  body?: Blob;
  // Sent as a form, as OAuth wants it; what is undefined is left out.
  form?: Readonly<Record<string, string | undefined>>;
  token?: string | undefined;
  // Only if what is changed is still of this version (RFC 9110 13.1.1).
  ifMatch?: string | undefined;
  signal?: AbortSignal | undefined;
  // The call outlives the page.
  keepalive?: boolean;
  // How long the answer is waited for.
  patienceMs?: number;
}

// A call whose answer is waited for at most this long unless it says otherwise; a server that takes longer is as good as gone.
const PATIENCE_MS = 10_000;

// Makes the call; resolves to the answer's JSON, or to undefined where the answer has no body.
// Throws ApiError, or the signal's AbortError when the caller gave up.
export async function call<T = undefined>(path: string, options: Call = {}): Promise<T> {
  const headers: Record<string, string> = { accept: "application/json" };
  if (options.token !== undefined) headers.authorization = `Bearer ${options.token}`;
  if (options.ifMatch !== undefined) headers["if-match"] = options.ifMatch;
  if (options.json !== undefined) headers["content-type"] = "application/json";
  if (options.body?.type) headers["content-type"] = options.body.type;
  const patience = AbortSignal.timeout(options.patienceMs ?? PATIENCE_MS);
  const init: RequestInit = {
    method: options.method ?? "GET",
    headers,
    // Asks the server every time, with the ETag of what is already here: 304 costs next to nothing.
    cache: "no-cache",
    keepalive: options.keepalive ?? false,
    signal: options.signal ? either(options.signal, patience) : patience,
  };
  const body = bodyOf(options);
  if (body !== undefined) init.body = body;
  let response: Response;
  try {
    response = await fetch(path, init);
  } catch (error) {
    if (options.signal?.aborted) throw error;
    throw new ApiError("unreachable", "the server does not answer");
  }
  if (!response.ok) throw await errorOf(response);
  try {
    const text = await response.text();
    return (text === "" ? undefined : JSON.parse(text)) as T;
  } catch (error) {
    if (options.signal?.aborted) throw error;
    throw new ApiError("unreachable", "the server's answer broke off");
  }
}

function bodyOf({ json, form, body }: Call): BodyInit | undefined {
  if (json !== undefined) return JSON.stringify(json);
  if (form === undefined) return body;
  const given = Object.entries(form).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return new URLSearchParams(given);
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
