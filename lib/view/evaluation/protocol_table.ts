import { counted } from "@/lib/counted.ts";
import { AFTER_ICP, curveLimits, type Protocol, type YawList } from "@/lib/evaluate/aflw2000/protocol.ts";
import { binHeadings, figure, NumberTable } from "@/lib/view/evaluation/number_table.ts";
import { errorFigures } from "@/lib/view/evaluation/error_table.ts";
import { yawBins } from "@/lib/evaluate/nme.ts";

/** Percent, at which the cumulative curve is shown. */
const SHOWN_LIMITS = [2, 3, 4, 5, 7, 10];

const yawNames: Readonly<Record<YawList, string>> = {
  fitted: "yaws of the fits",
  reannotated: "yaws of the corrected landmarks",
};

const truthNames = { fitted: "fits", reannotated: "corrected", AFLW: "AFLW" } as const;

/** All errors of AFLW2000-3D's protocol, bins by one list of yaws. */
class ProtocolTable extends NumberTable {
  constructor({ rows, counts, images, missed }: Protocol, yaws: YawList = "fitted") {
    super([
      [
        `NME in %, ${images - missed} of ${counted(images, "face")}, ${yawNames[yaws]}`,
        "mean",
        "95 % interval",
        "mean of bins",
        ...binHeadings,
      ],
      ["faces", "", "", "", ...yawBins.map((bin) => String(counts[yaws]?.[bin] ?? 0))],
      ...rows.filter((row) => row.yaws === yaws).map(({ truth, points, errors }) => [
        `${points} (${truthNames[truth]})${points === AFTER_ICP ? ", % between outer eye corners" : ""}`,
        ...errorFigures(errors),
      ]),
    ]);
  }
}

/** Which share of all faces has an error below each, those that were missed counted as above any. */
class ShareTable extends NumberTable {
  constructor({ cumulative }: Protocol) {
    super([
      ["68 points, 2D, NME at most", ...SHOWN_LIMITS.map((limit) => `${limit} %`)],
      ["faces in %", ...SHOWN_LIMITS.map((limit) => figure(100 * cumulative[curveLimits.indexOf(limit)]!))],
    ]);
  }
}

/** Mean absolute errors of the head's angles. */
class PoseTable extends NumberTable {
  constructor({ yaw, pitch, roll, mean, images, leftOut }: NonNullable<Protocol["pose"]>) {
    super([
      [`angles off in °, ${counted(images, "face")}, ${leftOut} left out`, "yaw", "pitch", "roll", "mean"],
      ["", ...[yaw, pitch, roll, mean].map(figure)],
    ]);
  }
}

/** All of a protocol's tables. */
export function protocolTables(protocol: Protocol): NumberTable[] {
  const lists = Object.keys(protocol.counts) as YawList[];
  return [
    ...lists.map((yaws) => new ProtocolTable(protocol, yaws)),
    new ShareTable(protocol),
    ...protocol.pose ? [new PoseTable(protocol.pose)] : [],
  ];
}
