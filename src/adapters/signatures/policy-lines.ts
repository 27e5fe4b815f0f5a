import type { PolicyFinding } from './finding.js';

/** Findings for a person, one a line: `FILE:LINE: error: what, and what to do [code]`. */
export function policyLines(findings: readonly PolicyFinding[]): readonly string[] {
  return findings.map(({ severity, code, file, line, message }) => {
    const place = line === undefined ? file : `${file}:${line}`;
    return `${place}: ${severity}: ${message} [${code}]`;
  });
}
