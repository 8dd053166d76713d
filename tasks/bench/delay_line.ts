// delay_line.ts OPTIONS: a line between two TUN devices that it makes; each packet arrives after the delay. Needs root.
import type { DelayLine } from "./ranks.ts";

const { devices, milliseconds }: DelayLine = JSON.parse(Deno.args[0]!);
const { symbols: libc } = Deno.dlopen("libc.so.6", {
  open: { parameters: ["buffer", "i32"], result: "i32" },
  ioctl: { parameters: ["i32", "u64", "buffer"], result: "i32" },
  prctl: { parameters: ["i32", "u64"], result: "i32" },
  ppoll: { parameters: ["buffer", "u64", "buffer", "pointer"], result: "i32" },
  read: { parameters: ["i32", "buffer", "u64"], result: "i64" },
  write: { parameters: ["i32", "buffer", "u64"], result: "i64" },
});

// of the kernel's headers: fcntl.h, linux/if_tun.h, poll.h, linux/prctl.h
const [READ_WRITE, NOT_BLOCKING, TUNSETIFF, IFF_TUN, IFF_NO_PI] = [0o2, 0o4000, 0x400454ca, 0x1, 0x1000] as const;
const [POLLIN, POLLERR, PR_SET_PDEATHSIG, SIGKILL, PR_SET_TIMERSLACK] = [0x1, 0x8, 1, 9n, 29] as const;
const [POLL_BYTES, LARGEST_PACKET] = [8, 1 << 16] as const;

interface Packet {
  readonly bytes: Uint8Array<ArrayBuffer>;
  length: number;
  /** By performance.now(). */
  due: number;
}

/** A file that gives what is sent through the device of that name, and takes what it is to receive. */
function openDevice(name: string): number {
  const file = libc.open(cString("/dev/net/tun"), READ_WRITE | NOT_BLOCKING);
  const request = new Uint8Array(40); // struct ifreq
  request.set(cString(name));
  new DataView(request.buffer).setInt16(16, IFF_TUN | IFF_NO_PI, true);
  if (file < 0 || libc.ioctl(file, BigInt(TUNSETIFF), request) < 0) throw new Error(`Cannot make the device ${name}`);
  return file;
}

function cString(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(`${text}\0`);
}

const files = devices.map(openDevice);
/** On their way from each device, the first to arrive first. */
const queues: Packet[][] = files.map(() => []);
const spare: Packet[] = [];
const polls = new DataView(new ArrayBuffer(POLL_BYTES * files.length));
files.forEach((file, i) => {
  polls.setInt32(POLL_BYTES * i, file, true);
  polls.setInt16(POLL_BYTES * i + 4, POLLIN, true);
});
libc.prctl(PR_SET_PDEATHSIG, SIGKILL); // ends with whoever started it
libc.prctl(PR_SET_TIMERSLACK, 1n); // wakes up on time, not 50 µs later
console.log("ready");

const timeout = new BigInt64Array(2); // seconds and nanoseconds
for (;;) {
  const next = Math.min(...queues.map(([packet]) => packet?.due ?? Infinity)) - performance.now();
  timeout[1] = BigInt(Math.round(1e6 * Math.min(Math.max(next, 0), 900)));
  libc.ppoll(polls.buffer, BigInt(files.length), timeout, null);
  for (const [i, file] of files.entries()) {
    if (polls.getInt16(POLL_BYTES * i + 6, true) & POLLERR) Deno.exit(); // the device is gone
    for (;;) {
      const packet = spare.pop() ?? { bytes: new Uint8Array(LARGEST_PACKET), length: 0, due: 0 };
      packet.length = Number(libc.read(file, packet.bytes, BigInt(LARGEST_PACKET)));
      packet.due = performance.now() + milliseconds;
      (packet.length > 0 ? queues[i]! : spare).push(packet);
      deliver();
      if (packet.length <= 0) break;
    }
  }
}

function deliver(): void {
  const now = performance.now();
  for (const [i, queue] of queues.entries()) {
    while (queue.length > 0 && queue[0]!.due <= now) {
      const packet = queue.shift()!;
      libc.write(files[1 - i]!, packet.bytes, BigInt(packet.length)); // one that does not fit is lost, as on any line
      spare.push(packet);
    }
  }
}
