//! Watches the built web app, which is embedded, and says what to do where it has not been built.

use std::path::Path;

fn main() {
    println!("cargo::rerun-if-changed=app/dist");
    for page in ["app/dist/index.html", "app/dist/account.html", "app/dist/console.html"] {
        if !Path::new(page).is_file() {
            println!("cargo::error=the web app is not built: {page} is missing from crates/services/web");
            println!(
                "cargo::error=run `./x build-web`, or `npm ci && npm run build` in crates/services/web/app"
            );
            return;
        }
    }
}
