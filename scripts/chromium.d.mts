export declare const findChromium: () => string | undefined;
export declare const CHROMIUM_ARGS: string[];
/** Options for Playwright's `launch`. */
export declare const launchOptions: () => { args: string[]; executablePath?: string };
