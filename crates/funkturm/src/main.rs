//! The operator's command: everything on one machine, one service of a fleet, the line-up, trials.

mod channel;
mod headend;
mod lint;
mod mail;
mod out;
mod package;
mod play;
mod rights;
mod serve;
mod server;
mod services;
mod up;
mod user;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Funkturm: a complete backend for a TV streaming service.
///
/// `funkturm up` runs all of it on this machine; `funkturm serve` runs one service of a fleet.
#[derive(Parser)]
#[command(version, max_term_width = 110, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run everything on this machine: stores, services, and at first a demo line-up
    Up(up::Args),
    /// Run one service of a fleet
    Serve(serve::Args),
    /// The line-up: add, list, edit, remove, import, scan
    #[command(subcommand)]
    Channel(channel::Command),
    /// Households: add, list, lock, unlock, delete, reset the password
    #[command(subcommand)]
    User(user::Command),
    /// Mail: what was sent, what waits, another try
    #[command(subcommand)]
    Mail(mail::Command),
    /// What is for sale: add, list, edit, remove, import packages
    #[command(subcommand)]
    Package(package::Command),
    /// What households may do: explain
    #[command(subcommand)]
    Rights(rights::Command),
    /// Play a transport stream file onto the network for ever, with faults on demand
    Play(play::Args),
    /// Follow an HLS presentation and report what breaks the rules
    Lint(lint::Args),
    /// Broadcast the three demo channels, as a headend would
    Headend(headend::Args),
    /// One channel's encoder, started by the transcode service
    #[command(hide = true)]
    Worker(funkturm_transcode::worker::Args),
}

fn main() -> ExitCode {
    match Cli::parse().command {
        Command::Up(args) => up::run(args),
        Command::Serve(args) => serve::run(&args),
        Command::Channel(command) => out::finish(channel::run(command)),
        Command::User(command) => out::finish(user::run(command)),
        Command::Mail(command) => out::finish(mail::run(command)),
        Command::Package(command) => out::finish(package::run(command)),
        Command::Rights(command) => out::finish(rights::run(command)),
        Command::Play(args) => out::finish(play::run(&args)),
        Command::Lint(args) => out::finish(lint::run(&args)),
        Command::Headend(args) => headend::run(&args),
        Command::Worker(args) => funkturm_transcode::worker::run(&args),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        super::Cli::command().debug_assert();
    }
}
