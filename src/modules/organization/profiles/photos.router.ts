import { BY_ID, exact, noContent, ok, route, uuid } from '../../../platform/module.ts';
import type { Context, Module, Route } from '../../../platform/module.ts';
import type { Contract } from '../../../platform/http/route.ts';
import { PHOTO_TYPE } from './photos.service.ts';
import type { Photo, Photos } from './photos.service.ts';

/** Most bytes of an image that is sent. */
const MOST_BYTES = 5 * 1024 * 1024;
const SET = exact({ photoId: uuid() });
/** Every use is asked for: whoever reaches somebody today may not tomorrow. */
const HEADERS = { 'Content-Type': PHOTO_TYPE, 'Cache-Control': 'private, no-cache' };

/** Whose photo some routes are about. */
interface Place extends Pick<Contract, 'path' | 'clients' | 'params' | 'ofCompany'> {
  /** As it ends operation ids. */
  readonly one: string;
  readonly summary: string;
  readonly read: Contract['permission'];
  readonly write: Contract['permission'];
  readonly of: (context: Context, params: { readonly id: string }) => Photo;
}

const photoRoutes = ({ one, summary, read, write, of, ...place }: Place): Route[] => {
  const photoIn = (params: unknown, context: Context): Photo => of(context, params as { id: string });
  return [
    route(
      {
        ...place,
        method: 'get',
        id: `get${one}`,
        summary,
        description: 'A JPEG of at most 512 × 512 pixels; `photoId` of the profile is its ETag.',
        permission: read,
        produces: PHOTO_TYPE,
        responses: { 200: 'stream' },
      },
      async ({ params }, context) => {
        const { id, body } = await photoIn(params, context).open();
        return { ...ok(body, `"${id}"`), headers: HEADERS };
      },
    ),
    route(
      {
        ...place,
        method: 'put',
        id: `set${one}`,
        summary: `${summary}: set or replace it`,
        description:
          'The bytes of a JPEG, PNG or WebP image, told by its content: at most 5 MiB and 25 megapixels. It is made smaller, turned as its EXIF says, and loses all that EXIF says.',
        permission: write,
        consumes: 'image/*',
        maxBytes: MOST_BYTES,
        withoutVersion: 'a photo is replaced whole, whichever there was',
        responses: { 200: SET },
      },
      async ({ params, request }, context) =>
        ok({ photoId: await photoIn(params, context).set(request.body as Buffer) }),
    ),
    route(
      {
        ...place,
        method: 'delete',
        id: `delete${one}`,
        summary: `${summary}: take it away`,
        permission: write,
        withoutVersion: 'it is taken away, whichever there is',
        responses: { 204: null },
      },
      async ({ params }, context) => {
        await photoIn(params, context).remove();
        return noContent;
      },
    ),
  ];
};

/** …/:id/photo below /admin/profile. */
export const profilePhotoRoutes = (photos: Photos, clients: NonNullable<Contract['clients']>): Route[] =>
  photoRoutes({
    path: '/:id/photo',
    one: 'ProfilePhoto',
    summary: 'Photo of a person',
    read: 'organization:profile:read',
    write: 'organization:profile:write',
    params: BY_ID,
    clients,
    of: (context, { id }) => photos.ofProfile(context, id),
  });

/** /auth/me/photo */
export const myPhotoModule = (photos: Photos): Module => ({
  name: 'my-photo',
  base: '/auth/me/photo',
  routes: photoRoutes({
    path: '/',
    one: 'MyPhoto',
    summary: 'My photo in this company',
    read: 'signed-in',
    write: 'signed-in',
    ofCompany: true,
    of: (context) => photos.own(context),
  }),
});
