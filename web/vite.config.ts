import { readFileSync, readdirSync } from 'node:fs';

import { svelte } from '@sveltejs/vite-plugin-svelte';
import type { Plugin } from 'vite';
import { defineConfig } from 'vitest/config';

/** What pdf.js reads by name while it draws: character maps, the fonts that every PDF may count on, image decoders. */
function pdfData(): Plugin {
  const from = 'node_modules/pdfjs-dist';
  const folders = [
    { folder: 'cmaps', to: 'cmaps', wanted: /\.bcmap$/ },
    { folder: 'standard_fonts', to: 'fonts', wanted: /\.(pfb|ttf)$/ },
    { folder: 'wasm', to: 'wasm', wanted: /_nowasm_fallback\.js$/ },
  ];
  return {
    name: 'pdf-data',
    apply: 'build',
    generateBundle() {
      for (const { folder, to, wanted } of folders) {
        for (const name of readdirSync(`${from}/${folder}`).filter((each) => wanted.test(each))) {
          this.emitFile({ type: 'asset', fileName: `pdfjs/${to}/${name}`, source: readFileSync(`${from}/${folder}/${name}`) });
        }
      }
    },
  };
}

// The server's content policy allows no inline script or style, and nothing from elsewhere: all lands in files.
export default defineConfig({
  plugins: [svelte(), pdfData()],
  build: {
    outDir: '../src/secure_file_transfer/doors/http/static',
    emptyOutDir: true,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    target: 'es2022',
    rolldownOptions: {
      // What the first view needs is one file: browsers open six connections, and each small file waits its turn.
      output: { codeSplitting: { groups: [{ name: 'first', tags: ['$initial'] }] } },
      checks: { pluginTimings: false }, // a busy machine is no news
    },
  },
  test: { include: ['test/**/*.test.ts'] },
});
