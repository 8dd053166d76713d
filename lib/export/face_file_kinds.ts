/** What can be written of a face; by itself here, so that the command line loads nothing else for it. */
export const faceFileKinds = ["panels", "landmarks", "mesh", "maps"] as const;
export type FaceFileKind = (typeof faceFileKinds)[number];
