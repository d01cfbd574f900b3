// Writes the table of settings into README.md: npm run docs:settings.
import { readFileSync, writeFileSync } from 'node:fs';
import { withSettingsTable } from '../src/platform/settings/table.ts';

writeFileSync('README.md', withSettingsTable(readFileSync('README.md', 'utf8')));
