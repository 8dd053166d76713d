/** What a network says beside its map, each by the name of its output. */

/** Amounts of expressions, [batch, count]; trained to be 0 to 1, but not bounded. */
export const EXPRESSIONS = "expressions";

/** The chance that a crop has a face that fits it, [batch, 1]. */
export const PRESENCE = "presence";

/** The layer between the face's features and {@linkcode EXPRESSIONS}. */
export const EXPRESSION_FEATURES = "expression_features";
