// The only file that sends. Does not know what it sends, or what an answer means for it.

import { promisify } from 'node:util';
import { gzip } from 'node:zlib';

/** Below this, what gzip saves is not worth its time. */
const GZIP_CHARS_MIN = 1024;

/** Of an answer no more is read: the verdicts of 500 events, with long field names, are less. */
const ANSWER_CHARS_MAX = 1024 * 1024;

/** What came back. */
export interface Answer {
  /** 0 when nothing did: no network, refused, or too late. */
  status: number;
  /** `Retry-After` in seconds, 0 when there is none. */
  retryAfter: number;
  text: string;
  /** Why there was no answer. */
  error: string;
}

const pack = promisify(gzip);

/** Posts a batch. Never rejects. Redirects are not followed: the key is for one address. */
export async function post(url: string, key: string, body: string, timeoutMs: number): Promise<Answer> {
  try {
    const headers: Record<string, string> = {
      authorization: `Bearer ${key}`,
      'content-type': 'application/json',
    };
    let packed: string | Uint8Array<ArrayBuffer> = body;
    if (body.length >= GZIP_CHARS_MIN) {
      packed = (await pack(body)) as Uint8Array<ArrayBuffer>;
      headers['content-encoding'] = 'gzip';
    }
    const signal = AbortSignal.timeout(timeoutMs);
    const response = await fetch(url, { method: 'POST', headers, body: packed, redirect: 'manual', signal });
    const text = await response.text();
    return {
      status: response.status,
      retryAfter: seconds(response.headers.get('retry-after')),
      text: text.length <= ANSWER_CHARS_MAX ? text : '',
      error: '',
    };
  } catch (error) {
    return { status: 0, retryAfter: 0, text: '', error: reason(error) };
  }
}

/** `Retry-After` has two forms: seconds, and a date. */
function seconds(text: string | null): number {
  if (!text) return 0;
  const wait = /^\d+$/.test(text.trim()) ? Number(text) : (Date.parse(text) - Date.now()) / 1000;
  return Number.isFinite(wait) ? Math.max(0, wait) : 0;
}

/** What `fetch` hides in causes: `ECONNREFUSED` and the like. */
function reason(error: unknown): string {
  const { name, cause } = error as { name?: string; cause?: { code?: string } };
  if (name === 'TimeoutError') return 'no answer in time';
  return cause?.code ?? name ?? 'no answer';
}
