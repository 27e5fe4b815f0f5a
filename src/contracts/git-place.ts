import { z } from 'zod';

const text = z.string().max(4096);

/** For an https remote: a password with a user, as most forges take a token, or a bearer token. Secrets by name only. */
const https = z
  .strictObject({
    user: text.default('x-access-token'),
    password: text.optional(),
    bearer: text.optional(),
  })
  .refine(
    ({ password, bearer }) => (password === undefined) !== (bearer === undefined),
    'https has one of password, bearer',
  );

/** For an ssh remote: the key's file and the known hosts' file; no other key, and no agent, is tried then. */
const ssh = z.strictObject({ key: text, knownHosts: text.optional() });

/** A branch of a remote, and as whom it is spoken to and written. Relative files are from the working directory. */
export const gitPlace = z
  .strictObject({
    /** A URL, a path, or a name in the working directory's repository. */
    remote: text,
    branch: text,
    workingDirectory: text.default('.'),
    /** Of the commits that are made. */
    author: z.strictObject({ name: text, email: text }).optional(),
    /** The commits that are made are signed with this private key's file. */
    signing: z.strictObject({ sshKey: text }).optional(),
    https: https.optional(),
    ssh: ssh.optional(),
  })
  .refine((place) => place.https === undefined || place.ssh === undefined, 'a remote has one of https, ssh');

export type GitPlace = z.infer<typeof gitPlace>;
