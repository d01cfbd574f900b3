const CONVENTIONAL = /^(?:feat|fix|perf|refactor|docs|test|build|ci|chore|style|revert)(?:\([\w./-]+\))?!?: \S/u;

/** Subjects of commits that are no conventional commits: https://www.conventionalcommits.org/en/v1.0.0/. */
export const unconventional = (subjects: readonly string[]): string[] =>
  subjects
    .filter((subject) => subject !== '' && !CONVENTIONAL.test(subject))
    .map((subject) => `"${subject}" is no conventional commit: begin it with "fix: ", "feat: " …`);
