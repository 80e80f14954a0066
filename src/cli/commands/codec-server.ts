import { Command } from 'commander';
import { ConfigError } from '../../config.js';
import { environmentWith } from '../connect.js';
import { usageError } from '../errors.js';
import { globalsOf } from '../global-options.js';
import { PROGRAM } from '../program-name.js';
import { safeLines } from '../sanitize.js';
import { untilStopped } from '../signals.js';

const HELP = `
Reads MARKETPLACE_CODEC_KEYS_FILE and who may read: MARKETPLACE_CODEC_JWKS_URL, …_JWT_ISSUER and …_JWT_AUDIENCE, or
MARKETPLACE_CODEC_STATIC_SECRET for development. It listens on MARKETPLACE_CODEC_ADDRESS (127.0.0.1:8081), for
the namespaces MARKETPLACE_CODEC_NAMESPACES and the Web UIs MARKETPLACE_CODEC_UI_ORIGINS: docs/codec.md tells all.
It writes a line to standard error for each request: who, which namespace, which keys, what came of it.

Examples:
  $ MARKETPLACE_CODEC_KEYS_FILE=keys.json MARKETPLACE_CODEC_STATIC_SECRET=… \\
    MARKETPLACE_CODEC_UI_ORIGINS=http://localhost:8233 ${PROGRAM} codec-server
  $ temporal workflow show --workflow-id … --codec-endpoint http://127.0.0.1:8081 --codec-auth 'Bearer …'`;

export function codecServerCommand(): Command {
  return new Command('codec-server')
    .description('let the Web UI and the temporal CLI of those who may read show payloads in clear')
    .addHelpText('after', HELP)
    .action(async (_options: object, command: Command) => {
      const { output, temporal } = globalsOf(command);
      // Loaded only here: no other command needs a server.
      const { CodecServerConfigError, loadCodecServerConfig } = await import('../../codec/server-config.js');
      const { startCodecServer } = await import('../../codec/server.js');
      try {
        const config = loadCodecServerConfig(environmentWith(temporal));
        const server = await startCodecServer(config);
        const stopped = untilStopped();
        const { namespaces, keys } = config;
        const ready = { url: server.url, namespaces, keys: keys.ids };
        output.item(ready, () => [
          `codec server ready: ${server.url}, namespaces ${namespaces.join(', ')}, keys ${keys.ids.join(', ')}`,
        ]);
        await stopped;
        await server.close();
      } catch (error) {
        if (error instanceof CodecServerConfigError) throw new ConfigError(error.mistakes);
        throw isListenError(error) ? usageError(safeLines(error.message), LISTEN_HINT) : error;
      }
    });
}

const LISTEN_HINT = 'Name another address in MARKETPLACE_CODEC_ADDRESS.';

function isListenError(error: unknown): error is Error {
  return error instanceof Error && 'syscall' in error && error.syscall === 'listen';
}
