// @ts-check
// A batch sent as a server would send it: its status, when to come back, its verdicts.

import { request } from 'node:http';

/**
 * Rejects if there is no answer, or none of JSON.
 * @param {string} url
 * @param {string} body
 * @param {{ agent?: import('node:http').Agent, timeout_ms?: number }} [how]
 * @returns {Promise<{ status: number, retryAfterMs: number, json: any }>}
 */
export function post(url, body, { agent, timeout_ms = 20_000 } = {}) {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
    const signal = AbortSignal.timeout(timeout_ms);
    const sent = request(
      url,
      { method: 'POST', ...(agent ? { agent } : {}), headers, signal },
      async (response) => {
        try {
          const chunks = [];
          for await (const chunk of response) chunks.push(chunk);
          const retryAfterMs = Number(response.headers['retry-after'] ?? 0) * 1000;
          const json = JSON.parse(Buffer.concat(chunks).toString('utf8'));
          resolve({ status: response.statusCode ?? 0, retryAfterMs, json });
        } catch (error) {
          reject(error);
        }
      },
    );
    sent.once('error', reject);
    sent.end(body);
  });
}
