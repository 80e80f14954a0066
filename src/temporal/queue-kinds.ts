/** `TaskQueueType` of Temporal's API, by number. */
export const QUEUE_KINDS = { workflow: 1, activity: 2 } as const;

export type QueueKind = keyof typeof QUEUE_KINDS;
