// How the three pages are built: the viewers' app, their account and the operators' console, each with its own chunks.
// Everything in `assets/` carries a hash of its content in its name, so that it may be cached for ever.
import { defineConfig } from "vite";

export default defineConfig({
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  build: {
    target: ["chrome107", "edge107", "firefox104", "safari16"],
    // hls.js alone is half a megabyte before compression, and it is a chunk of its own.
    chunkSizeWarningLimit: 650,
    // Nothing inline: the content security policy allows scripts and styles only from files.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    license: { fileName: "licenses.md" },
    rolldownOptions: { input: ["index.html", "account.html", "console.html"] },
  },
  server: {
    // `npm run dev` beside a running Funkturm.
    proxy: Object.fromEntries(["/api", "/admin", "/hls"].map((path) => [path, "http://127.0.0.1:8080"])),
  },
});
