import { namedLikeSecrets } from '../known-secrets.js';
import { isRedactable } from '../redaction.js';

/** How the gateway and cortex are asked. */
export type ReadinessAuth =
  | { readonly mode: 'none' }
  | { readonly mode: 'token'; readonly token: string }
  | { readonly mode: 'password-session'; readonly password: string };

/** What a question is signed with, and what must not be seen of it. */
export interface Credentials {
  /** As a runbook's `bearer` is written; undefined: none yet, or none at all. */
  readonly bearer: string | undefined;
  /** By the names of their marks. */
  readonly secrets: Readonly<Record<string, string>>;
  /**
   * Why nothing of an answer may be shown or kept: a secret that can not be removed from it. One that is too short, or a
   * word that answers are judged by, is still sent: Tau's validator takes any.
   */
  readonly withheld: string | undefined;
}

export const TOKEN_VARIABLE = 'TAU_OPERATOR_AUTH_TOKEN';
export const PASSWORD_VARIABLE = 'TAU_OPERATOR_AUTH_PASSWORD';
const SESSION = 'session';

/** What the environment names like a secret is removed from answers too: the command is given the environment. */
export function credentialsOf(
  auth: ReadinessAuth,
  environment: Readonly<Record<string, string | undefined>>,
): Credentials {
  const own = secretOf(auth);
  const named = namedLikeSecrets(environment, [SESSION, ...(own === undefined ? [] : namesOf(own.name))]);
  if (own === undefined) return { bearer: undefined, secrets: named, withheld: undefined };
  const { name, value } = own;
  const { [name]: older, ...others } = named;
  // What a flag replaced is still a secret.
  const replaced = older === undefined || older === value ? {} : { [replacedOf(name)]: older };
  const removable = isRedactable(name, value, [...Object.keys(named), ...namesOf(name), SESSION]);
  return {
    bearer: auth.mode === 'token' ? (removable ? `\${${name}}` : literal(value)) : undefined,
    secrets: { ...others, ...replaced, ...(removable ? { [name]: value } : {}) },
    withheld: removable
      ? undefined
      : `${name} has under 8 characters or is a word of the answers, so it could not be removed from them`,
  };
}

const replacedOf = (name: string): string => `${name}.replaced`;
/** Under which the given secret and the one that it replaced are known. */
const namesOf = (name: string): readonly string[] => [name, replacedOf(name)];

/** A session's token is always one that can be removed (session-token.ts). */
export function withSession(credentials: Credentials, token: string): Credentials {
  return {
    ...credentials,
    bearer: `\${${SESSION}}`,
    secrets: { ...credentials.secrets, [SESSION]: token },
  };
}

export function secretOf(auth: ReadinessAuth): { readonly name: string; readonly value: string } | undefined {
  switch (auth.mode) {
    case 'none':
      return undefined;
    case 'token':
      return { name: TOKEN_VARIABLE, value: auth.token };
    case 'password-session':
      return { name: PASSWORD_VARIABLE, value: auth.password };
    default:
      return auth satisfies never;
  }
}

/** A text as a runbook writes it, so that nothing in it names a variable. */
export function literal(text: string): string {
  return text.replaceAll('${', () => '$${');
}
