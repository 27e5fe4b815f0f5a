import { isGrpcServiceError, ServiceError } from '@temporalio/client';

/** grpc-js status codes. */
export const GRPC = {
  INVALID_ARGUMENT: 3,
  NOT_FOUND: 5,
  ALREADY_EXISTS: 6,
  PERMISSION_DENIED: 7,
  FAILED_PRECONDITION: 9,
  UNIMPLEMENTED: 12,
  UNAUTHENTICATED: 16,
} as const;

export function codeOf(error: unknown): number | undefined {
  return grpcOf(error)?.code;
}

/** The innermost message, on one line: outer ones only say that something failed. */
export function reasonOf(error: unknown): string {
  const grpc = grpcOf(error);
  if (grpc !== undefined && grpc.details !== '') return oneLine(grpc.details);
  if (error instanceof Error && error.cause instanceof Error) return reasonOf(error.cause);
  return oneLine(error instanceof Error ? error.message : String(error));
}

export function oneLine(text: string): string {
  return text
    .replaceAll(/[\p{Cc}\p{Cf}\u2028\u2029\s]+/gu, ' ')
    .trim()
    .slice(0, 300);
}

function grpcOf(error: unknown): { readonly code: number; readonly details: string } | undefined {
  if (isGrpcServiceError(error)) return error;
  return error instanceof ServiceError && isGrpcServiceError(error.cause) ? error.cause : undefined;
}
