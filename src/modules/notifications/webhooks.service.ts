import { v7 as uuidv7 } from 'uuid';
import type { KeyRing } from '../../platform/crypto/key-ring.ts';
import { open, seal } from '../../platform/crypto/sealed.ts';
import type { UnitOfWork } from '../../platform/db/unit-of-work.ts';
import { isPublicAddress } from '../../platform/messaging/public-address.ts';
import { conflict, invalid } from '../../platform/module.ts';
import type { Context, Enqueue, Repository, Tx, Revealed } from '../../platform/module.ts';
import { askToSend } from './deliveries.lifecycle.ts';
import { UNSENT } from './deliveries.repository.ts';
import type { DeliveryRow, WebhookEvent } from './deliveries.repository.ts';
import { newSecret } from './webhook-signature.ts';
import { claimEvent, countWebhooks } from './webhooks.repository.ts';
import type { WebhookRow } from './webhooks.repository.ts';

interface WebhooksDependencies {
  readonly repository: Repository<WebhookRow>;
  readonly deliveries: Repository<DeliveryRow>;
  readonly work: UnitOfWork;
  readonly enqueue: Enqueue;
  readonly dataKeys: KeyRing;
}

type Body = Pick<WebhookRow, 'name' | 'url' | 'events'>;
type WithSecret = Revealed<WebhookRow>;

/** What a company may have at most: each event goes to all that want it. */
const MOST = 20;
/** How long messages are signed with the secret before the newest, too. */
const OVERLAP = 86_400_000;

/** Where a secret of an endpoint stands. */
export const place = (id: string): string => `webhook_endpoint.secret:${id}`;

/** The secrets that a message is signed with now, the newest first. */
export const secretsOf = (row: WebhookRow, dataKeys: KeyRing, now: Date): string[] => {
  const isOverlap = row.previousUntil !== null && Date.parse(row.previousUntil) > now.getTime();
  const sealed = [row.secretSealed, ...(isOverlap && row.previousSealed !== null ? [row.previousSealed] : [])];
  return sealed.map((value) => open(value, dataKeys, place(row.id)));
};

/** Throws a problem for an address that names itself what is not public; where a name leads is looked at when it is called. */
export const checkUrl = (url: string): void => {
  const host = new URL(url).hostname.replaceAll(/[[\]]/g, '');
  const isAddress = host.includes(':') || /^[\d.]+$/.test(host);
  if (isAddress ? !isPublicAddress(host) : !host.includes('.')) throw invalid('/url', 'ADDRESS_NOT_PUBLIC');
};

/** Throws 409 when the company has as many endpoints as it may. */
export const mustHaveRoom = async (tx: Tx): Promise<void> => {
  if ((await countWebhooks(tx)) >= MOST) throw conflict('TOO_MANY_WEBHOOKS', { params: { limit: MOST } });
};

/** The endpoints of a company, and what is sent to them. */
export const createWebhooks = (dependencies: WebhooksDependencies) => {
  const { repository, deliveries, work, enqueue, dataKeys } = dependencies;

  const send = async (tx: Tx, endpointId: string, event: WebhookEvent): Promise<DeliveryRow> => {
    const row = await deliveries.insert(tx, { ...UNSENT, endpointId, event, channel: 'webhook' });
    await askToSend(tx, enqueue, row);
    return row;
  };

  return {
    /** Makes an endpoint; its secret is in this answer and nowhere else. */
    create: (context: Context, body: Body): Promise<WithSecret> =>
      work.write(context, async (tx) => {
        checkUrl(body.url);
        await mustHaveRoom(tx);
        const [id, secret] = [uuidv7(), newSecret()];
        const secretSealed = seal(secret, dataKeys, place(id));
        const rest = { status: 'active', failingSince: null, previousSealed: null, previousUntil: null } as const;
        const row = await repository.insert(tx, { ...body, ...rest, id, secretSealed });
        return { row, secret: () => Promise.resolve(secret) };
      }),

    /** A new secret; messages are signed with the one before, too, for a day. */
    rotate: (context: Context, id: string, version: number): Promise<WithSecret> =>
      work.write(context, async (tx) => {
        const row = await repository.lock(tx, id, version);
        const secret = newSecret();
        const patch = {
          secretSealed: seal(secret, dataKeys, place(id)),
          previousSealed: row.secretSealed,
          previousUntil: new Date(tx.now.getTime() + OVERLAP).toISOString(),
        };
        const rotated = await repository.update(tx, row, patch, { action: 'rotate' });
        return { row: rotated, secret: () => Promise.resolve(secret) };
      }),

    /** Sends an event that says nothing; answers its delivery. */
    ping: (context: Context, id: string): Promise<DeliveryRow> =>
      work.write(context, async (tx) => {
        const { status } = await repository.get(tx, id);
        if (status === 'disabled') throw conflict('WEBHOOK_DISABLED');
        return send(tx, id, { type: 'ping', at: tx.now.toISOString(), link: null, params: {} });
      }),

    /** Sends an event to every endpoint that wants it, once within the window. */
    publish: async (tx: Tx, event: Omit<WebhookEvent, 'at'>, dedupeKey: string, until: Date): Promise<void> => {
      for (const endpointId of await claimEvent(tx, event.type, dedupeKey, until))
        await send(tx, endpointId, { ...event, at: tx.now.toISOString() });
    },
  };
};

export type Webhooks = ReturnType<typeof createWebhooks>;
