/**
 * The SDK takes a stack of each promise of a workflow, and looks up each frame's place in the source: of ten frames each that was
 * a tenth of a worker's CPU time. Two of the frames are the SDK's own. Set before the SDK freezes what all workflows share.
 */
Error.stackTraceLimit = 6;
