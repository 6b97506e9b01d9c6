//! Embeds the migrations anew when one is added: the macro that embeds them does not see new files by itself.

#![allow(clippy::print_stdout, reason = "this is how a build script talks to cargo")]

fn main() {
    println!("cargo:rerun-if-changed=migrations");
}
