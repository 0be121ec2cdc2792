/** What is used of mailauth's SPF evaluation; the package declares no types for this sub-path. Pinned to an exact version in package.json. */
declare module 'mailauth/lib/spf/spf-verify.js' {
  type Resolver = (name: string, type: string) => Promise<readonly unknown[]>;

  interface Options {
    readonly ip: string;
    readonly sender: string;
    readonly helo: string;
    /** The receiving host, for the macro letter r. */
    readonly mta: string;
    readonly strict: true;
    readonly resolver: Resolver;
    /** For the addresses of MX and PTR names, whose number is limited by itself. */
    readonly createSubResolver: () => Resolver;
    /** For explanations (`exp=`). */
    readonly expResolver: Resolver;
  }

  interface Result {
    /** Of the mechanism that matched. */
    readonly type?: string;
    readonly qualifier?: string;
    /** Of an included record that could not be evaluated. */
    readonly error?: string;
    readonly text?: string;
  }

  /** Throws errors with a property `spfResult` that is such a result. */
  export function spfVerify(domain: string, options: Options): Promise<Result | false | undefined>;
}
