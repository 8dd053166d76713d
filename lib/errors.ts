/**
 * Something the user gave cannot be used: a file, a flag, a setting. Its message is one clear sentence that says what
 * was done, what was found and what was wanted; tasks print it alone and end with exit status 2.
 */
export class InputError extends Error {
  override readonly name = "InputError";
}
