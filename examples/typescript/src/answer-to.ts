import {
  NoWorkerError,
  PurchaseCancelledError,
  PurchaseEndedError,
  PurchaseFailedError,
  PurchaseNotFoundError,
  PurchasePendingError,
  PurchaseStoppedError,
} from 'gitlab-marketplace-temporal/client';

interface Answer {
  readonly status: 202 | 404 | 409 | 422 | 503;
  readonly body: {
    readonly failure?: string;
    readonly message?: string;
    readonly phase?: string;
    readonly actionRequired?: string;
  };
}

/** What a customer's browser or another service is told of an error; nothing, when it is no purchase's. */
export function answerTo(error: Error): Answer | undefined {
  const { message } = error;
  if (error instanceof PurchasePendingError) {
    // It goes on: without a phase, as soon as a worker comes.
    const { phase, actionRequired } = error;
    return {
      status: 202,
      body: { message, ...(phase && { phase }), ...(actionRequired && { actionRequired }) },
    };
  }
  if (error instanceof PurchaseFailedError) {
    const { type, detail } = error;
    const { actionRequired } = detail;
    return {
      status: type === 'OrderConflict' ? 409 : 422,
      body: { failure: type, message, ...(actionRequired && { actionRequired }) },
    };
  }
  if (error instanceof PurchaseCancelledError) {
    return { status: 409, body: { failure: 'Cancelled', message } };
  }
  if (error instanceof PurchaseStoppedError) return { status: 409, body: { failure: 'Stopped', message } };
  if (error instanceof PurchaseEndedError) return { status: 409, body: { failure: 'Ended', message } };
  if (error instanceof PurchaseNotFoundError) return { status: 404, body: { failure: 'NotFound', message } };
  if (error instanceof NoWorkerError) return { status: 503, body: { failure: 'NoWorker', message } };
  return undefined;
}
