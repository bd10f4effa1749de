import js from "@eslint/js";
import pulumi from "@pulumi/eslint-plugin";
import prettier from "eslint-config-prettier";
import tseslint from "typescript-eslint";

const maxLines = ["error", { max: 300, skipBlankLines: false, skipComments: false }];

export default tseslint.config(
  { ignores: ["node_modules/", "build/", "**/dist/", "lab/apps/", "images/"] },
  { linterOptions: { reportUnusedDisableDirectives: "error" } },
  {
    files: ["**/*.ts"],
    extends: [js.configs.recommended, tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    plugins: { "@pulumi": pulumi },
    rules: {
      "@pulumi/no-output-in-template-literal": "error",
      "@pulumi/no-output-instance-in-template-literal": "error",
      "@typescript-eslint/explicit-module-boundary-types": "off",
      "@typescript-eslint/switch-exhaustiveness-check": [
        "error",
        { considerDefaultExhaustiveForUnions: true },
      ],
      // Numbers and booleans read well in a message; objects and Outputs stay refused.
      "@typescript-eslint/restrict-template-expressions": [
        "error",
        { allowNumber: true, allowBoolean: true },
      ],
      "@typescript-eslint/no-confusing-void-expression": ["error", { ignoreArrowShorthand: true }],
      // A Pulumi program or a test may be async by type only, and text is cut into characters on purpose.
      "@typescript-eslint/require-await": "off",
      "@typescript-eslint/no-misused-spread": "off",
      // `new Thing(…)` for its effect is how Pulumi declares a resource, and a class may hold nothing but that.
      "no-new": "off",
      "@typescript-eslint/no-extraneous-class": "off",
      "max-lines": maxLines,
      eqeqeq: "error",
    },
  },
  {
    files: ["tests/**/*.ts"],
    rules: {
      // jest's expect.any() and friends are typed any.
      "@typescript-eslint/no-unsafe-assignment": "off",
    },
  },
  {
    files: ["**/*.{js,cjs,mjs}"],
    extends: [js.configs.recommended],
    languageOptions: {
      globals: {
        require: "readonly",
        module: "writable",
        process: "readonly",
        console: "readonly",
        __dirname: "readonly",
      },
    },
    rules: { "max-lines": maxLines },
  },
  prettier,
);
