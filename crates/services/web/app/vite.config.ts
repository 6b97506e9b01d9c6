// How the three pages are built: the viewers' app, their account and the operators' console, each with its own chunks.
// Everything in `assets/` carries a hash of its content in its name, so that it may be cached for ever.
import { defineConfig, type Plugin } from "vite";

// The server gives these paths their page; beside it, `npm run dev` has to know it too.
const ACCOUNT =
  /^\/(?:sign-up|confirm|login|reset|email|help|profiles|devices|pair|tv|account(?:\/[a-z]+)?)(?=\?|$)/;
const pages: Plugin = {
  name: "pages",
  configureServer(server) {
    server.middlewares.use((request, _, next) => {
      if (request.url?.startsWith("/console")) request.url = "/console.html";
      else if (ACCOUNT.test(request.url ?? "")) request.url = "/account.html";
      next();
    });
  },
};

export default defineConfig({
  plugins: [pages],
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
