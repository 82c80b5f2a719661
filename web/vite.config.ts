import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';

// The server's content policy allows no inline script or style, and nothing from elsewhere: all lands in files.
export default defineConfig({
  plugins: [svelte()],
  build: {
    outDir: '../src/secure_file_transfer/doors/http/static',
    emptyOutDir: true,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    target: 'es2022',
  },
  test: { include: ['test/**/*.test.ts'] },
});
