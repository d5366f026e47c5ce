// colours.js is no file: carekit/course/explorers/browser.py writes it, from the colours of carekit.research.figures.plots.

/** Colours that are distinguished without colour vision (Okabe and Ito 2008). */
export const COLOURS: readonly string[];

/** The same as [red, green, blue] in 0 to 255. */
export const RGB: readonly (readonly [number, number, number])[];

/** The colour of each model, by the word that its names hold. */
export const MODELS: Readonly<Record<"CARE" | "α = 0" | "pretrained", string>>;

/** The same of scores, from against to for; the middle is zero. */
export const SIGNED: readonly (readonly [number, number, number])[];

/** [red, green, blue] in 0 to 255 of the 256 steps of the map of colours, from 0 to 1. */
export const PALETTE: readonly (readonly [number, number, number])[];
