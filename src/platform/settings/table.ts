import { expected } from './settings.ts';
import { declarations } from './schema.ts';
import type { SettingDeclaration } from './schema.ts';

const cell = (text: string): string => text.replaceAll('|', '\\|');

const whenAbsent = (setting: SettingDeclaration): string => {
  if (setting.absent !== undefined) return cell(setting.absent);
  const value = setting.default;
  return typeof value === 'string' || typeof value === 'number' ? `\`${value}\`` : '';
};

/** The table of all settings in Markdown: name, meaning, what it takes, what holds when it is absent. */
export const settingsTable = (): string =>
  [
    '| Name | Meaning | Takes | When absent |',
    '|---|---|---|---|',
    ...Array.from(declarations, ([name, setting]) => {
      const takes = setting.type === 'array' ? 'a list' : expected(setting);
      const secret = setting.secret === true ? ` Secret; also \`${name}_FILE\`.` : '';
      return `| \`${name}\` | ${cell(setting.description ?? '')}.${secret} | ${cell(takes)} | ${whenAbsent(setting)} |`;
    }),
  ].join('\n');

const begin = '<!-- settings: written by npm run docs:settings -->';
const end = '<!-- /settings -->';

/** A document with the table of settings put between its two markers. Throws when the markers are missing. */
export const withSettingsTable = (document: string): string => {
  const [from, to] = [document.indexOf(begin), document.indexOf(end)];
  if (from < 0 || to < from)
    throw new Error(`The markers are missing: write "${begin}" and "${end}", each on its own line.`);
  return `${document.slice(0, from + begin.length)}\n\n${settingsTable()}\n\n${document.slice(to)}`;
};
