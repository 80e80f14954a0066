export { loadTemporalConfig } from './connection.js';
export type { TemporalConfig, TemporalConnectionOptions } from './connection.js';
export { diagnose, type Trouble } from './diagnose.js';
export { startDevServer } from './dev-server.js';
export type { DevServer, DevServerOptions } from './dev-server.js';
export { DevServerError, TemporalConfigError, TemporalNotFoundError } from './errors.js';
export { resolveExecutable } from './executables.js';
export { straightIfLoopback } from './loopback.js';
export {
  ensureSearchAttributes,
  SearchAttributesMissingError,
  SearchAttributesNotVisibleError,
  SearchAttributeTypeError,
} from './search-attributes.js';
export type { SearchAttributesConnection } from './search-attributes.js';
