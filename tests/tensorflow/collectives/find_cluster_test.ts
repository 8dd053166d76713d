import { InputError } from "@/lib/errors.ts";
import { serverDef } from "@/lib/tensorflow/collectives/cluster.ts";
import { findCluster } from "@/lib/tensorflow/collectives/find_cluster.ts";
import { hasModules, plainPython } from "@/tests/python.ts";
import { assertEquals, assertThrows } from "@/tests/support.ts";

const hasTensorFlow = await hasModules("tensorflow");

const find = (variables: Record<string, string>, flags = {}) => findCluster(flags, (name) => variables[name]);

const two = ["a.example:2222", "[fe80::1]:2223"];

/** As srun sets them. */
function slurm(nodes: string, tasks: string, rank: number, count: number): Record<string, string> {
  return {
    SLURM_STEP_NUM_TASKS: `${count}`,
    SLURM_STEP_NODELIST: nodes,
    SLURM_STEP_TASKS_PER_NODE: tasks,
    SLURM_PROCID: `${rank}`,
    SLURM_JOB_ID: "18007",
  };
}

Deno.test("findCluster() takes the flags before TF_CONFIG, and that before SLURM's variables, and one process alone for none", () => {
  const chief = { cluster: { chief: ["c:1"], worker: ["w:1", "w:2"] }, task: { type: "worker", index: 1 } };
  const variables = { TF_CONFIG: JSON.stringify(chief), ...slurm("n[1-2]", "1(x2)", 1, 2) };
  assertEquals(find(variables, { cluster: two.join(), rank: "1" }), { addresses: two, rank: 1 });
  assertEquals(find(variables), { addresses: ["c:1", "w:1", "w:2"], rank: 2 });
  assertEquals(find({ ...variables, TF_CONFIG: "" }), { addresses: ["n1:12007", "n2:12007"], rank: 1 });
  assertEquals(find({}), undefined);
  assertEquals(find(slurm("n1", "1", 0, 1)), undefined);
  assertEquals(find({ TF_CONFIG: '{"task": {"type": "worker", "index": 0}}' }), undefined);
  assertEquals(find({}, { cluster: "a:1", rank: "0" }), undefined);
});

Deno.test("findCluster() gives each task of SLURM's a port of its own on its host", () => {
  const { addresses } = find(slurm("gpu[08-10],x[1,3]y,login", "2(x2),1(x4)", 3, 8))!;
  assertEquals(addresses, [
    "gpu08:12007",
    "gpu08:12008",
    "gpu09:12007",
    "gpu09:12008",
    ...["gpu10", "x1y", "x3y", "login"].map((host) => `${host}:12007`),
  ]);
});

Deno.test("findCluster() refuses in a sentence what cannot be right", async () => {
  const refused: [Record<string, string>, { cluster?: string; rank?: string }, RegExp][] = [
    [{}, { rank: "1" }, /Cannot be rank 1: --cluster names the ranks' addresses/],
    [{}, { cluster: "a:1,b:1" }, /Cannot use --cluster: --rank says which of its addresses is this one/],
    [{}, { cluster: "a:1,b:1", rank: "2" }, /the rank is 2, and one from 0 to 1 is wanted/],
    [{}, { cluster: "a:1,b:1", rank: "" }, /the rank is NaN, and one from 0 to 1 is wanted/],
    [{}, { cluster: "a:1,b", rank: "0" }, /rank 1 is at "b", and host:port is wanted/],
    [{}, { cluster: "a:1,b:65536", rank: "0" }, /rank 1 is at "b:65536", and host:port is wanted/],
    [{}, { cluster: "a:1,a:1", rank: "0" }, /two ranks are at a:1/],
    [{ TF_CONFIG: "{" }, {}, /Cannot use the cluster of TF_CONFIG: it is no JSON: it ends in line 1, column 2/],
    [{ TF_CONFIG: '{"cluster": {"worker": ["a:1", "b:1"]}}' }, {}, /Cannot use the cluster of TF_CONFIG: this is its /],
    [
      { TF_CONFIG: '{"cluster": {"worker": ["a:1"], "ps": ["b:1"]}, "task": {"type": "ps", "index": 0}}' },
      {},
      /it has the job ps, and there are chief and worker/,
    ],
    [slurm("n[1-2]", "2,1", 0, 4), {}, /n\[1-2\] with 2,1 tasks each are not the 4 tasks of the step/],
    [{ ...slurm("n[1-2]", "1(x2)", 0, 2), SLURM_STEP_NODELIST: "" }, {}, /SLURM_STEP_NODELIST is not set/],
  ];
  for (const [variables, flags, message] of refused) {
    await assertThrows(() => find(variables, flags), InputError, message);
  }
});

Deno.test({
  name: "TensorFlow's Python reads serverDef(), and expands SLURM's lists to findCluster()'s hosts",
  ignore: !hasTensorFlow,
  fn: async () => {
    const lists = ["n[1-2]", "gpu[08-10,12],login", "a1,b[001-003]"];
    const script = `
import sys, json
from tensorflow.core.protobuf import tensorflow_server_pb2
from tensorflow.python.distribute.cluster_resolver.slurm_cluster_resolver import expand_hostlist
server = tensorflow_server_pb2.ServerDef.FromString(bytes(json.loads(sys.argv[1])))
print(json.dumps([
  [dict(job.tasks) for job in server.cluster.job], server.job_name, server.task_index, server.protocol,
  server.default_session_config.experimental.collective_group_leader,
  [expand_hostlist(hosts) for hosts in json.loads(sys.argv[2])]]))`;
    const bytes = JSON.stringify([...serverDef({ addresses: two, rank: 1 })]);
    const said = JSON.parse(await plainPython(script, bytes, JSON.stringify(lists)));
    const hosts = lists.map((list, i) => {
      const count = [2, 5, 4][i]!;
      return find(slurm(list, `1(x${count})`, 0, count))!.addresses.map((address) => address.split(":")[0]);
    });
    const [tasks, leader] = [{ 0: two[0], 1: two[1] }, "/job:worker/replica:0/task:0"];
    assertEquals(said, [[tasks], "worker", 1, "grpc", leader, hosts]);
  },
});
