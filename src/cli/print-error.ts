import type { ErrorReport } from './errors.js';
import { lookOf, type Format, type Sink } from './output.js';
import { oneLine, safeJson, safeLines } from './sanitize.js';
import { beside } from './text.js';

/** Says on standard error what went wrong and what to do. */
export function printError(report: ErrorReport, format: Format, stderr: Sink = process.stderr): void {
  const lines = format === 'text' ? textLines(report, stderr) : [jsonLine(report, format)];
  stderr.write(`${lines.join('\n')}\n`);
}

function jsonLine(report: ErrorReport, format: Format): string {
  return safeJson({ error: report }, format === 'json' ? 2 : undefined);
}

function textLines({ message, hint, workflowId, stack }: ErrorReport, stderr: Sink): string[] {
  const { style, width } = lookOf(stderr);
  const isNamed = workflowId === undefined || message.includes(workflowId);
  return [
    `${style.red('error:')} ${safeLines(message)}`,
    ...(isNamed ? [] : [`  purchase: ${oneLine(workflowId)}`]),
    ...(hint === undefined ? [] : beside('  ', oneLine(hint), width)),
    ...(stack === undefined ? [] : [style.dim(stack)]),
  ];
}
