"""Runs a notebook's cells in the Deno kernel and prints it with its new outputs.

Arguments: the notebook, the folder to run it in, a folder with the kernel's description.
"""

import os
import queue
import sys

path, folder, kernels = sys.argv[1:]
os.environ["JUPYTER_PATH"] = kernels
os.environ["JUPYTER_RUNTIME_DIR"] = kernels + "/runtime"

import nbclient  # noqa: E402: reads the environment
import nbformat  # noqa: E402


class PatientClient(nbclient.NotebookClient):
    """Deno 2.9.6's kernel at times says that it is idle before it sends what a cell shows; nbclient drops what follows."""

    async def async_execute_cell(self, cell, cell_index, **options):
        showed = len(cell.get("outputs", []))
        cell = await super().async_execute_cell(cell, cell_index, **options)
        while cell.cell_type == "code" and len(cell.outputs) < showed:
            try:
                message = await self.kc.iopub_channel.get_msg(timeout=20)
            except queue.Empty:
                break
            self.process_message(message, cell, cell_index)
        return cell


notebook = nbformat.read(path, 4)
PatientClient(
    notebook, timeout=900, record_timing=False, kernel_name="deno", resources={"metadata": {"path": folder}}
).execute()
print(nbformat.writes(notebook))
