import Type from 'typebox';
import type { Configuration } from '../../../platform/configuration.ts';
import type { UnitOfWork } from '../../../platform/db/unit-of-work.ts';
import { exact, integer, nullable, ok, route } from '../../../platform/module.ts';
import type { Module, Retention } from '../../../platform/module.ts';

const RetentionsView = exact(
  {
    items: Type.Array(
      exact({
        kind: Type.String({ examples: ['sign_in_attempt'] }),
        seconds: nullable(integer(0, 31_536_000_000, { description: 'Null: as the text says' })),
        text: Type.String({ description: 'What it is, and what for, in the language of the caller' }),
      }),
    ),
  },
  { 'x-component': 'retentions' },
);

interface RetentionDependencies {
  readonly work: UnitOfWork;
  readonly configuration: Configuration;
  /** Of every module and of the platform. */
  readonly retentions: () => readonly Retention[];
}

/** /privacy/retention: how long what is kept, by the declarations that the work reads which erases it. */
export const retentionModule = ({ work, configuration, retentions }: RetentionDependencies): Module => ({
  name: 'retention',
  base: '/privacy/retention',
  routes: [
    route(
      {
        method: 'get',
        path: '/',
        id: 'listRetention',
        summary: 'How long which data is kept here, and what for',
        permission: 'signed-in',
        responses: { 200: RetentionsView },
      },
      async (_input, context) => {
        const text = (kind: string): string => context.t(`identity:retention.${kind}`);
        const items = await work.read(context, (reader) =>
          Promise.all(
            retentions().map(async ({ of, keptFor }) => ({
              kind: of,
              seconds: (await keptFor((wanted) => configuration.get(reader, wanted))) / 1000,
              text: text(of),
            })),
          ),
        );
        return ok({ items: [...items, { kind: 'all_else', seconds: null, text: text('all_else') }] });
      },
    ),
  ],
});
