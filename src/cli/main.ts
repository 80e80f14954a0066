#!/usr/bin/env node
import { EXIT } from './exit-codes.js';
import { run } from './run.js';

// Whoever reads our output may stop reading, such as `head`: no error, and nothing more to say.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    process.exit(error.code === 'EPIPE' ? EXIT.ok : EXIT.unexpected);
  });
}

const code = await run(process.argv.slice(2));
process.exitCode = code;
// What was interrupted or not waited for may not have come to an end, such as a download or a call.
if (code === EXIT.interrupted || code === EXIT.pending) process.exit(code);
