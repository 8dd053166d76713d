/** What the page that chooses among labeled faces and its server tell each other. */

/** `faces.json`. The faces' pictures are `faces/INDEX/VIEW.jpg`. */
export interface FaceList extends ChosenFaces {
  /** Where the labels are kept. */
  readonly folder: string;
  /** Whose labels they are, such as "a trained model's". */
  readonly about: string;
  /** What the error of a label is. */
  readonly errorMeans: string;
  /** In the order of photos. */
  readonly faces: readonly ListedFace[];
}

export interface ListedFace {
  /** "anna.jpg#0". */
  readonly id: string;
  /** In percent of the face's size. */
  readonly error: number;
}

/** What is sent to `save`. */
export interface ChosenFaces {
  /** Faces whose labels are further off are left out; null for no limit. */
  readonly mostError: number | null;
  /** Faces that are thrown out besides. */
  readonly out: readonly string[];
}

export const views = ["landmarks", "mesh", "photo"] as const;
export type View = (typeof views)[number];
