const allowed = new Set([
  '0BSD',
  'Apache-2.0',
  'BlueOak-1.0.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'CC0-1.0',
  'ISC',
  'MIT',
  'MIT-0',
  'OFL-1.1',
  'PSF-2.0',
  'Zlib',
]);

// Packages whose lock entry says less, or more, than their license does; looked at on the date.
const exceptions: readonly (readonly [name: RegExp, reason: string])[] = [
  [
    /^@img\/sharp-(?:libvips-[\w-]+|wasm32|win32-\w+)$/u,
    '2026-11: libvips, LGPL-3.0, unmodified and in a library file of its own that anyone may replace',
  ],
  [/^(?:busboy|streamsearch)$/u, '2026-11: MIT, written in the older field "licenses"'],
  [/^png-js$/u, '2026-11: MIT, in its LICENSE file only'],
  [/^uri-templates$/u, '2026-11: public domain or MIT, by the page that it names'],
];

export interface Lock {
  packages: Readonly<Record<string, { license?: string; dev?: boolean }>>;
}

const isAllowed = (license: string): boolean => {
  const text = license.replaceAll(/[()]/gu, '');
  if (text.includes(' OR ')) return text.split(' OR ').some(isAllowed);
  return text.split(' AND ').every((part) => allowed.has(part.trim()));
};

/** Packages of the lock whose license is not on the list, and exceptions that no package needs any more. */
export const foreignLicenses = ({ packages }: Lock): string[] => {
  const names = Object.entries(packages).flatMap(([path, { license }]) =>
    path === ''
      ? []
      : [{ name: path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length), license: license ?? '' }],
  );
  const foreign = names
    .filter(({ name, license }) => !isAllowed(license) && !exceptions.some(([pattern]) => pattern.test(name)))
    .map(
      ({ name, license }) =>
        `${name} has the license "${license || 'none'}": replace it, or allow it in tools/checks/licenses.ts with a reason`,
    );
  const idle = exceptions
    .filter(([pattern]) => !names.some(({ name }) => pattern.test(name)))
    .map(([pattern]) => `the license exception ${String(pattern)} fits no package: remove it`);
  return [...foreign, ...idle];
};
