/**
 * The SDK keeps a stack with its source lines for each promise of a workflow: of ten frames each it was a fifth of a worker's CPU
 * time. Set before the SDK freezes what all workflows share.
 */
Error.stackTraceLimit = 6;
