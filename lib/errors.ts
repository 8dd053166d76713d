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
 * What went wrong with a file, for a sentence; without the system's number of it, the call and the path, which sentences name
 * already, and the advice to allow a program more.
 */
export function reasonOf(error: unknown): string {
  const [line] = (error instanceof Error ? error.message : String(error)).split("\n");
  return line!.replace(/, run again with the --allow-\w+ flag$/, "")
    .replace(/ \(os error \d+\)(: \w+ '.*')?$/, "")
    .replace(/^Requires all access to .*$/, "it is the system's, which Deno opens to no task");
}
