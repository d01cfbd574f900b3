import type { KeyRing } from '../../platform/crypto/key-ring.ts';
import type { Worker } from '../../platform/db/unit-of-work.ts';
import { PermanentDeliveryError, TransientDeliveryError } from '../../platform/messaging/messages.ts';
import { AddressRefused, pauseAskedFor } from '../../platform/messaging/post.ts';
import type { Poster } from '../../platform/messaging/post.ts';
import type { JobDefinition, Mover, Repository, Tx } from '../../platform/module.ts';
import { WEBHOOK_JOB } from './deliveries.lifecycle.ts';
import type { DeliveryRow, WebhookEvent } from './deliveries.repository.ts';
import type { Sender, SenderDependencies, Way } from './sending.ts';
import { NOTICES_SETTING } from './settings.ts';
import { signatureHeaders } from './webhook-signature.ts';
import { secretsOf } from './webhooks.service.ts';
import type { WebhookRow } from './webhooks.repository.ts';

interface CallsDependencies extends Pick<SenderDependencies, 'configuration'> {
  readonly sender: Sender;
  readonly endpoints: Repository<WebhookRow>;
  readonly endpointMover: Mover<WebhookRow>;
  readonly deliveryMover: Mover<DeliveryRow>;
  readonly poster: Poster;
  readonly dataKeys: KeyRing;
  readonly publicUrl: string;
  readonly now: () => Date;
}

interface Call {
  readonly endpoint: WebhookRow;
  readonly id: string;
  readonly event: WebhookEvent;
  readonly frontend: string;
}

/** The endpoint says that it is gone for good. */
class EndpointGone extends PermanentDeliveryError {}

const bodyOf = ({ event: { type, at, link, params }, frontend }: Call): string =>
  JSON.stringify({ type, timestamp: at, data: { link: link === null ? null : `${frontend}${link}`, params } });

/** The job that calls endpoints: at least once, each try signed anew under the delivery's id. Nothing of an answer is kept but its status. */
export const createCalls = (dependencies: CallsDependencies): JobDefinition => {
  const { sender, configuration, endpoints, endpointMover, deliveryMover, poster, dataKeys, publicUrl, now } =
    dependencies;

  const prepare: Way<Call>['prepare'] = async (tx, worker, row) => {
    const { endpointId, event } = row;
    if (endpointId === null || event === null) return undefined;
    const endpoint = await endpoints.find(tx, endpointId);
    if (endpoint === undefined || endpoint.status === 'disabled') {
      await deliveryMover.moveAs(tx, worker, row, 'skip', { because: 'off' });
      return undefined;
    }
    const { frontendUrl } = await configuration.get(tx, NOTICES_SETTING);
    await deliveryMover.moveAs(tx, worker, row, 'begin');
    return { endpoint, id: row.id, event, frontend: frontendUrl ?? `${publicUrl}/angelis` };
  };

  const hand: Way<Call>['hand'] = async (call) => {
    const body = bodyOf(call);
    const at = now();
    const headers = {
      'content-type': 'application/json',
      'user-agent': 'Angelis-Webhooks/1',
      ...signatureHeaders({ id: call.id, at, body }, secretsOf(call.endpoint, dataKeys, at)),
    };
    const answer = await poster(new URL(call.endpoint.url), { headers, body }).catch((cause: unknown) => {
      throw cause instanceof AddressRefused
        ? new PermanentDeliveryError('its name leads to an address that is not public', { cause })
        : new TransientDeliveryError('it could not be reached, or did not answer in time', { cause });
    });
    const { status } = answer;
    if (status >= 200 && status < 300) return { providerId: String(status) };
    if (status === 410) throw new EndpointGone('it answered that it is gone for good (410)');
    if (status >= 300 && status < 400)
      throw new PermanentDeliveryError(`it answered with a redirect (${status}), which is not followed`);
    const retryAfterMs = pauseAskedFor(answer, at);
    throw new TransientDeliveryError(`it answered ${status}`, { ...(retryAfterMs !== undefined && { retryAfterMs }) });
  };

  const moveOf = (status: WebhookRow['status'], failure: unknown): string | undefined => {
    if (failure instanceof EndpointGone) return status === 'disabled' ? undefined : 'disable';
    if (failure === undefined) return status === 'failing' ? 'recover' : undefined;
    return status === 'active' ? 'fail' : undefined;
  };
  const settle = async (tx: Tx, worker: Worker, { endpoint }: Call, failure: unknown): Promise<void> => {
    const seen = await endpoints.find(tx, endpoint.id);
    if (seen === undefined || moveOf(seen.status, failure) === undefined) return;
    const row = await endpoints.lock(tx, endpoint.id);
    const name = moveOf(row.status, failure);
    if (name !== undefined) await endpointMover.moveAs(tx, worker, row, name);
  };

  return sender.sends({ job: WEBHOOK_JOB, prepare, hand, settle });
};
