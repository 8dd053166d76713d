/**
 * Something the user gave cannot be used: a file, a flag, a setting. Its message is one clear sentence that says what
 * was done, what was found and what was wanted; tasks print it alone and end with exit status 2.
 */
export class InputError extends Error {
  override readonly name: string = "InputError";
}

/**
 * A setting has a value that it cannot have. The message names settings as code does; `tell` gives it with other names
 * for them, such as a task's flags.
 */
export class SettingError extends InputError {
  override readonly name = "SettingError";

  constructor(readonly tell: (nameOf: (setting: string) => string) => string) {
    super(tell((setting) => setting));
  }
}

/**
 * What went wrong with a file, for a sentence: the system's words where they are clear, without its number of it, the call and
 * the path, which sentences name already, and the advice to allow a program more.
 */
export function reasonOf(error: unknown): string {
  const [line] = (error instanceof Error ? error.message : String(error)).split("\n");
  const reason = line!.replace(/, run again with the --allow-\w+ flag$/, "")
    .replace(/ \(os error \d+\)(: \w+ '.*')?$/, "")
    .replace(/^Requires all access to .*$/, "it is the system's, which Deno opens to no task")
    .replace(/^Requires (read|write) access to .*$/, "no task may $1 there");
  return clearer[reason] ?? reason;
}

/** For what POSIX systems say of paths. */
const clearer: Readonly<Record<string, string>> = {
  "No such file or directory": "there is no such file or folder",
  "Is a directory": "it is a folder, not a file",
  "Not a directory": "a file is where a folder is wanted",
  "File exists": "a file of that name is there",
};
