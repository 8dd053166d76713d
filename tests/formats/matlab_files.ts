import { plainPython } from "@/tests/python.ts";

/** The `.mat` files that come with scipy for its own tests, most of them MATLAB's; none where there is no scipy. */
export const matlabFiles: readonly string[] = await plainPython(
  "import glob, os, scipy.io.matlab as m; print(*sorted(glob.glob(os.path.dirname(m.__file__) + '/tests/data/*.mat')), sep=chr(10))",
).then((text) => text.split("\n").filter(Boolean), () => []);
