/** A setting that `scripts/servers` prints. Throws an Error that says how to get it. */
export const serverSetting = (name: string): string => {
  const value = process.env[name];
  if (value === undefined || value === '')
    throw new Error(
      `${name} is not set: bring the servers up with "scripts/servers up" and run "npm run test:servers"`,
    );
  return value;
};
