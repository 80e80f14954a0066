import type { Tool } from './tools.js';

/** What a route to an executable gets. */
export interface RouteContext {
  readonly tool: Tool;
  /** The environment to read, and to start helpers with: without its settings and secrets. */
  readonly env: NodeJS.ProcessEnv;
  /** The folder for downloads. */
  readonly cache: string;
  /** Tells a person what is going on, a line at a time. */
  readonly onProgress: (line: string) => void;
}

/** One way of getting an executable. */
export interface Route {
  /** For the list of failed routes. */
  readonly name: string;
  /**
   * @returns the executable's path
   * @throws Error whose message says why this route does not work.
   */
  find(context: RouteContext): Promise<string>;
}
