import { Readable } from 'node:stream';
import { v7 as uuidv7 } from 'uuid';
import { systemScope } from '../../../platform/db/scope.ts';
import type { UnitOfWork } from '../../../platform/db/unit-of-work.ts';
import type { StreamBody } from '../../../platform/http/route.ts';
import { streamOf } from '../../../platform/http/stream-of.ts';
import { companyKey, removeCounted } from '../../../platform/storage/company-files.ts';
import type { FileRoom } from '../../../platform/storage/company-files.ts';
import type { FileStore } from '../../../platform/storage/file-store.ts';
import type { Images } from '../../../platform/storage/image.ts';
import { conflict, job, notFound } from '../../../platform/module.ts';
import type { Context, Enqueue, JobDefinition, Reader, Repository, Tx } from '../../../platform/module.ts';
import type { ProfileRow } from './profiles.repository.ts';

interface PhotosDependencies {
  readonly work: UnitOfWork;
  readonly repository: Repository<ProfileRow>;
  readonly enqueue: Enqueue;
  readonly files: Pick<FileStore, 'get' | 'put' | 'remove' | 'stat'>;
  readonly room: FileRoom;
  readonly images: Images;
  readonly mustSee: (reader: Reader, context: Context, id: string) => Promise<void>;
  readonly mustManage: (tx: Tx, context: Context, id: string) => Promise<void>;
}

/** The photo of one profile, for one caller. All of it throws 404 for whom the caller may not see. */
export interface Photo {
  /** The file, and the id that stands for these bytes and no others. 404 without a photo. */
  open(): Promise<{ readonly id: string; readonly body: StreamBody }>;
  /** Takes an image of at most 5 MiB; answers the photo's id. 409 once the profile has ended. */
  set(image: Buffer): Promise<string>;
  /** 404 without a photo. */
  remove(): Promise<void>;
}

interface DiscardPayload {
  readonly profileId: string;
  readonly photoId: string;
}

const DISCARD = 'organization.photo.discard';
export const PHOTO_TYPE = 'image/jpeg';
/** More than any JPEG of 512 × 512 has. */
const MOST_BYTES = 2 * 1024 * 1024;
/** No request that stores a file is under way any more. */
const ABANDONED_MS = 60 * 60 * 1000;
/** Whoever has just been told of a photo still finds it. */
const REPLACED_MS = 60_000;

const keyOf = (companyId: string, { profileId, photoId }: DiscardPayload): string =>
  companyKey('photos', companyId, `${profileId}/${photoId}.jpg`);

const after = (tx: Tx, milliseconds: number): { runAt: Date } => ({ runAt: new Date(tx.now.getTime() + milliseconds) });

/**
 * Photos of people, in the file store. Each has an id of its own, and a job that removes its file unless it is the profile's:
 * asked for before the file is stored, for the case that nothing comes of it, and with every change that ends it.
 */
export const createPhotos = (dependencies: PhotosDependencies) => {
  const { work, repository, enqueue, files, room, images, mustSee, mustManage } = dependencies;
  const discard = async (tx: Tx, photo: DiscardPayload, milliseconds: number): Promise<void> => {
    await enqueue(tx, DISCARD, photo, after(tx, milliseconds));
  };
  const replace = async (tx: Tx, row: ProfileRow, photoId: string | null): Promise<void> => {
    await repository.update(tx, row, { photoId }, { action: photoId === null ? 'remove_photo' : 'set_photo' });
    if (row.photoId !== null) await discard(tx, { profileId: row.id, photoId: row.photoId }, REPLACED_MS);
  };
  const photoOf = (
    context: Context,
    profileId: string,
    see: (reader: Reader) => Promise<void>,
    change: (tx: Tx) => Promise<void>,
  ): Photo => ({
    open: async () => {
      const photoId = await work.read(context, async (reader) => {
        await see(reader);
        return (await repository.get(reader, profileId)).photoId;
      });
      if (photoId === null) throw notFound();
      const key = keyOf(context.scope.companyId, { profileId, photoId });
      return { id: photoId, body: streamOf(() => files.get(key)) };
    },
    set: async (image) => {
      const picture = await images.picture(image);
      const photo = { profileId, photoId: uuidv7() };
      await work.write(context, async (tx) => {
        await change(tx);
        await room.take(tx, picture.length);
        await discard(tx, photo, ABANDONED_MS);
      });
      const options = { contentType: PHOTO_TYPE, maxBytes: MOST_BYTES };
      const key = keyOf(context.scope.companyId, photo);
      await files.put(key, Readable.from([picture]), options).catch(async (error: unknown) => {
        await work.write({ scope: systemScope(context.scope.companyId, DISCARD, context.traceId) }, (tx) =>
          room.count(tx, -picture.length),
        );
        throw error;
      });
      await work.write(context, async (tx) => {
        await change(tx);
        const row = await repository.lock(tx, profileId);
        if (row.status === 'ended') throw conflict('PROFILE_ENDED');
        await replace(tx, row, photo.photoId);
      });
      return photo.photoId;
    },
    remove: () =>
      work.write(context, async (tx) => {
        await change(tx);
        const row = await repository.lock(tx, profileId);
        if (row.photoId === null) throw notFound();
        await replace(tx, row, null);
      }),
  });
  return {
    ofProfile: (context: Context, id: string): Photo =>
      photoOf(
        context,
        id,
        (reader) => mustSee(reader, context, id),
        (tx) => mustManage(tx, context, id),
      ),
    /** The caller's own in this company; 404 for who has no profile here. */
    own: (context: Context): Photo => {
      const { profileId } = context.principal;
      if (profileId === null) throw notFound();
      return photoOf(
        context,
        profileId,
        () => Promise.resolve(),
        () => Promise.resolve(),
      );
    },
    /** Removes the file of a profile that is deleted in this transaction. */
    dropOf: async (tx: Tx, { id, photoId }: Pick<ProfileRow, 'id' | 'photoId'>): Promise<void> => {
      if (photoId !== null) await discard(tx, { profileId: id, photoId }, 0);
    },
    jobs: [
      job<DiscardPayload>({
        name: DISCARD,
        run: async (photo, { scope }) => {
          const row = await work.read({ scope }, (reader) => repository.find(reader, photo.profileId));
          if (row?.photoId === photo.photoId) return;
          const key = keyOf(scope.companyId, photo);
          await removeCounted(files, key, (bytes) => work.write({ scope }, (tx) => room.count(tx, bytes)));
        },
      }),
    ] satisfies JobDefinition[],
  };
};

export type Photos = ReturnType<typeof createPhotos>;
