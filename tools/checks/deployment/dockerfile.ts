import { validate } from 'dockerfile-utils';

/** Whether an image is named with a version of its own: `latest` is whatever it is today. */
export const hasVersion = (image: string): boolean => /:(?!latest$)[^/]+$/u.test(image);

/** What the linter finds in a Dockerfile, and whether its image runs as root, without a health check, or another way than other processes. */
export const dockerfileFaults = (text: string): string[] => {
  const faults = validate(text).map(
    ({ message, range }) =>
      `Dockerfile:${range.start.line + 1} ${typeof message === 'string' ? message : message.value}`,
  );
  const last = text.slice(text.lastIndexOf('\nFROM '));
  // The last one counts; a group may follow.
  const user = Array.from(last.matchAll(/^USER\s+([^\s:]+)/gmu)).at(-1)?.[1];
  if (user === undefined || user === 'root' || user === '0')
    faults.push('Dockerfile: the image runs as root: add USER');
  if (!/^HEALTHCHECK\s+(?!NONE)/mu.test(last)) faults.push('Dockerfile: the image has no HEALTHCHECK');
  if (!/^CMD .*"--env-file=dist\/config\/node\.env"/mu.test(last))
    faults.push('Dockerfile: the process is started without --env-file=dist/config/node.env');
  if (/--omit[= ]optional/u.test(text))
    faults.push("Dockerfile: --omit=optional leaves out sharp's code for the platform: photos could not be read");
  const stages = Array.from(
    text.matchAll(/^FROM\s+(?:--\S+\s+)*(\S+)(?:\s+AS\s+(\S+))?/gimu),
    ([, image = '', name]) => ({
      image,
      name,
    }),
  );
  const names = stages.map(({ name }) => name);
  for (const { image } of stages)
    if (!names.includes(image) && !hasVersion(image)) faults.push(`Dockerfile: the image ${image} has no version`);
  for (const [, from = ''] of text.matchAll(/^COPY\s.*--from=(\S+)/gimu))
    if (!names.includes(from)) faults.push(`Dockerfile: COPY --from=${from}: there is no such stage`);
  if (stages.length === 1) faults.push('Dockerfile: tools of the build are left in the image: use stages');
  return faults;
};
