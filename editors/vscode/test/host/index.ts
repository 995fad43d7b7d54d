export function run(): void {
  // filled below
}
