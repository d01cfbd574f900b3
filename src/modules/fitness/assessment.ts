import { exact, text } from '../../platform/schema/types.ts';

/** What a human documents of somebody, face to face. */
export const ASSESSMENT = exact({
  sleepHistory: text(2_000, { description: 'What the person says of their sleep' }),
  observation: text(2_000, { description: 'What was seen, face to face' }),
});
