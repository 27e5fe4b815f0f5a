import { createEvidenceWiring } from '../evidence-wiring.js';
import { parseTarget, type Context } from './context.js';
import { EXIT, type ExitCode } from './exit-codes.js';
import { plain } from './output.js';

/** `evidence list`: every run of a target, oldest first; runs that were sealed and are gone stand in their place. */
export async function evidenceList(
  { config, output }: Context,
  flags: { readonly target?: string },
): Promise<ExitCode> {
  const wiring = createEvidenceWiring(config);
  const targets = flags.target === undefined ? await wiring.targets() : [parseTarget(flags.target)];
  let gaps = 0;
  for (const target of targets) {
    const { runs, heads, gone } = await wiring.list(target);
    gaps += gone.length;
    const manifests = new Map(heads.map(({ run, manifest }) => [run, manifest]));
    const lines = [
      ...runs.map(({ run, folder, commit, requester, end, sealed }) => ({
        target,
        run,
        folder,
        commit,
        requester,
        end: end ?? null,
        sealed,
        gone: false,
        manifest: manifests.get(run) ?? null,
      })),
      ...gone.map(({ run, end, manifest }) => ({
        target,
        run,
        folder: null,
        commit: null,
        requester: null,
        end,
        sealed: true,
        gone: true,
        manifest,
      })),
    ].toSorted((a, b) => (a.run < b.run ? -1 : 1));
    for (const line of lines) {
      output.document(line);
      const state = line.gone
        ? output.paint('red', 'GONE')
        : line.sealed
          ? 'sealed'
          : output.paint('yellow', 'unsealed');
      output.say(
        `${target}  ${line.run}  ${state}  ${line.end ?? 'no end'}  ${(line.commit ?? '').slice(0, 12)}  ${plain(line.requester ?? '')}`.trimEnd(),
      );
    }
  }
  if (targets.length === 0) output.say(`no run is in ${config.evidenceDir}`);
  return gaps === 0 ? EXIT.done : EXIT.held;
}
