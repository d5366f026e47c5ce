import js from "@eslint/js";
import globals from "globals";

const RULES = {
  "no-unused-vars": ["error", { argsIgnorePattern: "^_" }],
  "prefer-const": "error",
  "no-var": "error",
  eqeqeq: "error",
  "object-shorthand": "error",
  "max-len": ["error", { code: 120 }],
  "max-lines-per-function": ["error", { max: 60 }],
};

export default [
  // Functions that Python puts into a page as they are, and what others have installed.
  { ignores: ["**/.venv/**", "benchmarks/**", "tests/browser/**", "runs/**", "site/**"] },
  js.configs.recommended,
  { rules: RULES },
  { files: ["carekit/course/explorers/static/**/*.js"], languageOptions: { globals: globals.browser } },
  { files: ["tests/**/*.js"], languageOptions: { globals: globals.node } },
];
