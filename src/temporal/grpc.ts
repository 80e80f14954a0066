/** The gRPC status codes that are told apart here. Source: gRPC's list of status codes. */
export const GRPC = {
  invalidArgument: 3,
  notFound: 5,
  alreadyExists: 6,
  permissionDenied: 7,
  unimplemented: 12,
} as const;

/** The gRPC status code of an error from any of the SDK's connections, or `undefined` when it has none. */
export function grpcCode(error: unknown): number | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'number' ? error.code : undefined;
}
