// One request to the server. A refusal becomes an ApiError with the server's own words; a session that is over
// is announced to whoever listens, whichever view asked. What is asked is in index.ts.

/** The server's answer was a refusal (problem+json), or there was no answer (status 0). */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    /** The parameter or field that was wrong, where the server names one. */
    readonly field?: string | undefined,
  ) {
    super(message);
  }
}

/** Nobody is signed in, or no longer. */
export class SignedOut extends ApiError {}

export type Params = Record<string, string | number | string[] | null | undefined>;

/** What another site's page cannot make a browser send: so a change can only come from this one. */
const CSRF_HEADER = 'x-pharos-csrf';

let onSignedOut = () => {};

/** Calls `listener` whenever an answer says that the session is over. */
export function whenSignedOut(listener: () => void): void {
  onSignedOut = listener;
}

/** The address with its parameters; those without a value are left out. */
export function address(path: string, params: Params = {}): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(params)) {
    for (const one of [value].flat()) if (one != null && one !== '') query.append(name, String(one));
  }
  const text = query.toString();
  return text ? `${path}?${text}` : path;
}

export async function get<T>(path: string, params: Params, signal?: AbortSignal): Promise<T> {
  const reply = await ask(address(path, params), { signal: signal ?? null });
  return (await reply.json()) as T;
}

/** A request that changes something; null where the answer has no body. */
export async function send<T>(method: 'POST' | 'PUT' | 'DELETE', path: string, body?: unknown): Promise<T> {
  const headers: Record<string, string> = { [CSRF_HEADER]: '1' };
  if (body !== undefined) headers['content-type'] = 'application/json';
  const reply = await ask(path, { method, headers, body: body === undefined ? null : JSON.stringify(body) });
  return (reply.status === 204 ? null : await reply.json()) as T;
}

async function ask(path: string, options: RequestInit): Promise<Response> {
  let reply: Response;
  try {
    reply = await fetch(path, { ...options, credentials: 'same-origin', cache: 'no-store' });
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error;
    throw new ApiError(0, 'unreachable', 'The server does not answer.');
  }
  if (reply.ok) return reply;
  const { code, text, field } = await problemIn(reply);
  if (reply.status !== 401) throw new ApiError(reply.status, code, text, field);
  onSignedOut();
  throw new SignedOut(401, code, text);
}

async function problemIn(
  reply: Response,
): Promise<{ code: string; text: string; field?: string | undefined }> {
  const bare = { code: '', text: `The server answered ${reply.status}.` };
  try {
    const { code, title, detail, field } = (await reply.json()) as Record<string, string | undefined>;
    const text = [title, detail].filter(Boolean).join(': ');
    return { code: code ?? '', text: text ? `${text}.` : bare.text, field };
  } catch {
    return bare;
  }
}
