// Ends TLS in front of a server that listens on loopback only:
//   node tls-front.mjs HOST:PORT TARGET-PORT CERTIFICATE KEY
// It passes bytes on and reads none, so that a connection that the server drops is dropped for the client too.
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { pipeline } from 'node:stream';
import { createServer } from 'node:tls';

const [address = '', target, certificate, key] = process.argv.slice(2);
if (key === undefined) throw new Error('usage: node tls-front.mjs HOST:PORT TARGET-PORT CERTIFICATE KEY');

const ignored = () => undefined;
const server = createServer({ cert: readFileSync(certificate), key: readFileSync(key) }, (client) => {
  const onward = connect(Number(target), '127.0.0.1');
  // An end on one side ends the other; an error on either side is the end of both.
  pipeline(client, onward, (error) => error && client.destroy());
  pipeline(onward, client, (error) => error && onward.destroy());
});
// Who does not speak TLS, or does not trust the certificate, is no reason to stop.
server.on('tlsClientError', ignored);
const [host, port] = address.split(':');
server.listen(Number(port), host, () =>
  console.log(`TLS on port ${server.address().port}, for port ${target}`),
);
for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, () => process.exit(0));
