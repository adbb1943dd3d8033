// @ts-check
// What processes take of the machine, read from /proc, and what the machine is.

import { readdirSync, readFileSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';

/** Clock ticks a second in /proc, as good as everywhere. */
const TICKS = 100;

/**
 * CPU seconds that a process and all below it have used, ended children included.
 * @param {number} root
 */
export function cpuSeconds(root) {
  /** @type {Map<number, number[]>} */
  const children = new Map();
  /** @type {Map<number, number>} */
  const ticks = new Map();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const fields = stat(name);
    if (!fields) continue;
    const parent = fields[1] ?? 0;
    children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
    // utime, stime, cutime, cstime
    ticks.set(
      Number(name),
      fields.slice(11, 15).reduce((total, n) => total + n, 0),
    );
  }
  /** @param {number} pid @returns {number} */
  const below = (pid) =>
    (ticks.get(pid) ?? 0) + (children.get(pid) ?? []).reduce((total, child) => total + below(child), 0);
  return below(root) / TICKS;
}

/**
 * The fields of /proc/PID/stat after the command, as numbers.
 * @param {string} pid
 */
function stat(pid) {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return text
      .slice(text.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number);
  } catch {
    return null; // It has ended.
  }
}

/** CPU seconds that the machine was busy and could have been. */
export function machineSeconds() {
  const line = readFileSync('/proc/stat', 'utf8').split('\n')[0] ?? '';
  const fields = line.trim().split(/\s+/).slice(1).map(Number);
  const all = fields.slice(0, 8).reduce((total, n) => total + n, 0);
  const idle = (fields[3] ?? 0) + (fields[4] ?? 0);
  return { all: all / TICKS, busy: (all - idle) / TICKS };
}

/**
 * The most memory a process ever had resident.
 * @param {number} pid
 */
export function peakRssMb(pid) {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024;
}

/** One line for the table's head. */
export function machineText() {
  const model = cpus()[0]?.model.trim() ?? 'unknown processor';
  const memory = Math.round(totalmem() / 2 ** 30);
  return `${cpus().length} cores (${model}), ${memory} GB, Linux ${release().split('-')[0]}`;
}
