// esbuild puts the bytes of an imported wasm file into the bundle.
declare module '*.wasm' {
  const bytes: Uint8Array<ArrayBuffer>;
  export default bytes;
}
declare const __VERSION__: string;
