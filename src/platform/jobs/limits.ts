import { Stopping, TimedOut } from './failure.ts';

export interface Limits {
  /** Ms after which the signal is raised. */
  readonly timeout: number;
  /** Ms between the signal and the end of waiting. */
  readonly grace: number;
  /** Raised when the process cuts what runs. */
  readonly cut: AbortSignal;
}

/**
 * Runs work that has a longest run time. Throws `TimedOut` or `Stopping` when it was cut, whatever the work itself throws
 * then; work that takes no notice of its signal is no longer waited for.
 */
export const runLimited = async <T>(
  work: (signal: AbortSignal) => Promise<T>,
  { timeout, grace, cut }: Limits,
): Promise<T> => {
  const controller = new AbortController();
  let hardEnd: NodeJS.Timeout | undefined;
  const over = Promise.withResolvers<never>();
  const end = (reason: Error): void => {
    if (controller.signal.aborted) return;
    controller.abort(reason);
    hardEnd = setTimeout(() => over.reject(reason), grace);
  };
  const onCut = (): void => end(new Stopping());
  const timer = setTimeout(() => end(new TimedOut(timeout)), timeout);
  cut.addEventListener('abort', onCut, { once: true });
  if (cut.aborted) onCut();
  try {
    return await Promise.race([work(controller.signal), over.promise]);
  } catch (error) {
    throw controller.signal.aborted ? controller.signal.reason : error;
  } finally {
    clearTimeout(timer);
    clearTimeout(hardEnd);
    cut.removeEventListener('abort', onCut);
  }
};
