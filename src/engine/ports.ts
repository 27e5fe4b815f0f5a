import { createServer } from 'node:net';
import { EngineError } from './error.js';

/** Own servers listen on this address alone: a development server asks nobody who they are. */
export const LOOPBACK = '127.0.0.1';

/**
 * The port asked for, if nobody listens on it, or else a free one. The server's other ports (metrics, HTTP,
 * membership) are free ones that it picks itself.
 * @throws {EngineError} `port_in_use`
 */
export async function claimPort(port: number | undefined): Promise<number> {
  try {
    return await bindAndLeave(port ?? 0);
  } catch (error) {
    throw portInUse(port ?? 0, error);
  }
}

export function portInUse(port: number, cause?: unknown): EngineError {
  return new EngineError(
    'port_in_use',
    `port ${port} cannot be listened on; another program probably has it: end that program, choose another port, ` +
      'or choose none to have a free one taken',
    cause,
  );
}

function bindAndLeave(port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(port, LOOPBACK, () => {
      const bound = probe.address();
      probe.close(() => resolve(bound !== null && typeof bound === 'object' ? bound.port : port));
    });
  });
}
