"""Runs a notebook's cells in the Deno kernel and prints it with its new outputs, up to the first cell that fails.

Arguments: the notebook, the folder to run it in, and in JSON what is to stand in place of what in its cells, each once. A slow
machine may take as long as it needs.
"""

import json
import queue
import sys

import nbclient
import nbformat


# What an idle kernel is asked for before a cell is taken to show no more: answers, not seconds, as machines are slow.
ANSWERS = 1000
# Seconds for an answer, after which the kernel hangs.
PATIENCE = 600


class PatientClient(nbclient.NotebookClient):
    """Deno 2.9.6's kernel at times says that it is idle before it sends what a cell shows; nbclient drops what follows."""

    async def async_execute_cell(self, cell, cell_index, **options):
        due = cell.pop("due", 0)
        cell = await super().async_execute_cell(cell, cell_index, **options)
        for _ in range(ANSWERS):
            if cell.cell_type != "code" or len(cell.outputs) >= due:
                break
            self.kc.kernel_info()
            try:
                await self.kc.shell_channel.get_msg(timeout=PATIENCE)
            except queue.Empty:
                break
            while await self.kc.iopub_channel.msg_ready():
                message = await self.kc.iopub_channel.get_msg()
                if message["msg_type"] != "status":  # of the question itself
                    self.process_message(message, cell, cell_index)
        return cell


def shows(source):
    """Whether a cell prints, or ends in an expression, which is written without a semicolon."""
    return "console.log(" in source or not source.rstrip().endswith((";", "}"))


path, folder, changes = sys.argv[1:]
notebook = nbformat.read(path, 4)
for before, after in json.loads(changes).items():
    changed = [cell for cell in notebook.cells if before in cell.source]
    assert len(changed) == 1, f"{before} is in {len(changed)} cells"
    changed[0].source = changed[0].source.replace(before, after)
for cell in notebook.cells:
    if cell.cell_type == "code":
        cell.due = max(len(cell.outputs), shows(cell.source))
        cell.outputs = []  # a cell that is not reached shows nothing
client = PatientClient(
    notebook,
    timeout=None,
    startup_timeout=600,
    record_timing=False,
    kernel_name="deno",
    resources={"metadata": {"path": folder}},
)
try:
    client.execute()
except nbclient.exceptions.CellExecutionError:
    pass  # the cell's outputs say it
for cell in notebook.cells:
    cell.pop("due", None)
print(nbformat.writes(notebook))
