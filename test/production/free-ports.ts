import { once } from 'node:events';
import { randomInt } from 'node:crypto';
import { createServer, type Server } from 'node:net';

/** Temporal keeps its members' ports in a `smallint` of PostgreSQL, and the ports that a system hands out by itself are beyond it. */
const LEAST = 20_000;
const MOST = 32_767;

/** As many different ports of loopback as are asked for, which nobody has at the moment. */
export async function freePorts(count: number): Promise<readonly number[]> {
  const probes = new Map<number, Server>();
  try {
    while (probes.size < count) {
      const port = randomInt(LEAST, MOST + 1);
      const probe = probes.has(port) ? undefined : await listening(port);
      if (probe !== undefined) probes.set(port, probe);
    }
    return [...probes.keys()];
  } finally {
    for (const probe of probes.values()) {
      probe.close();
      await once(probe, 'close');
    }
  }
}

/** Undefined where somebody has the port. */
async function listening(port: number): Promise<Server | undefined> {
  const probe = createServer();
  probe.listen(port, '127.0.0.1');
  return once(probe, 'listening').then(
    () => probe,
    () => undefined,
  );
}
