/** Compares releases of Linux, such as `6.18.44-fc`. */
export function isAtLeast(release: string, major: number, minor: number): boolean {
  const [ownMajor = 0, ownMinor = 0] = release.split('.').map(Number.parseFloat);
  return ownMajor > major || (ownMajor === major && ownMinor >= minor);
}
