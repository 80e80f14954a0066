import { styleText } from 'node:util';
import type { PurchasePhase } from '../contract/index.js';

const COLOURS = ['bold', 'dim', 'red', 'green', 'yellow', 'cyan'] as const;

type Paint = (text: string) => string;

/** Colours for a terminal; plain text anywhere else. */
export type Style = Readonly<Record<(typeof COLOURS)[number], Paint>>;

/** What is asked of a stream. Node itself honours `NO_COLOR`, `FORCE_COLOR` and `TERM=dumb` in `hasColors`. */
export interface MaybeTerminal {
  readonly isTTY?: boolean;
  hasColors?(): boolean;
}

export function styleFor(stream: MaybeTerminal): Style {
  const isColoured = stream.isTTY === true && stream.hasColors?.() === true;
  const paint =
    (colour: (typeof COLOURS)[number]): Paint =>
    (text) =>
      isColoured ? styleText(colour, text) : text;
  return {
    bold: paint('bold'),
    dim: paint('dim'),
    red: paint('red'),
    green: paint('green'),
    yellow: paint('yellow'),
    cyan: paint('cyan'),
  };
}

/** The colour of a phase. */
export function paintPhase(style: Style, phase: PurchasePhase | undefined): Paint {
  switch (phase) {
    case 'Provisioned':
      return style.green;
    case 'Failed':
    case 'Overdue':
      return style.red;
    case 'ActionRequired':
      return style.yellow;
    case 'Cancelled':
    case undefined:
      return style.dim;
    default:
      return style.cyan;
  }
}
