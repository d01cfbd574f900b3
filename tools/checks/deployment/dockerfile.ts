import { validate } from 'dockerfile-utils';

/** What the linter finds in a Dockerfile, and whether its image runs as root, without a health check, or another way than other processes. */
export const dockerfileFaults = (text: string): string[] => {
  const faults = validate(text).map(
    ({ message, range }) =>
      `Dockerfile:${range.start.line + 1} ${typeof message === 'string' ? message : message.value}`,
  );
  const last = text.slice(text.lastIndexOf('\nFROM '));
  const user = /^USER\s+(\S+)/mu.exec(last)?.[1];
  if (user === undefined || user === 'root' || user === '0')
    faults.push('Dockerfile: the image runs as root: add USER');
  if (!/^HEALTHCHECK\s/mu.test(last)) faults.push('Dockerfile: the image has no HEALTHCHECK');
  if (!/^CMD .*"--env-file=dist\/config\/node\.env"/mu.test(last))
    faults.push('Dockerfile: the process is started without --env-file=dist/config/node.env');
  if (text.match(/^FROM\s/gmu)?.length === 1)
    faults.push('Dockerfile: tools of the build are left in the image: use stages');
  return faults;
};
