/** What Tau's validator asks, in its order and by the names that it has in its options: the parts of a readiness gate. */
export const READINESS_PARTS = ['gateway', 'cortex', 'operator'] as const;
export type ReadinessPartName = (typeof READINESS_PARTS)[number];
