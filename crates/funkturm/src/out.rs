//! What the command prints: tables, progress, errors. A closed pipe is not an error.

use std::{
    fmt,
    io::{IsTerminal, Write},
    process::ExitCode,
};

/// Prints a line to standard output.
pub(crate) fn line(text: impl fmt::Display) {
    // Whoever reads may have seen enough, as `| head` does.
    let _ = writeln!(std::io::stdout().lock(), "{text}");
}

/// Prints a line to standard error: progress, warnings.
pub(crate) fn note(text: impl fmt::Display) {
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}

/// A line of progress that the next one overwrites, where somebody looks at a terminal.
pub(crate) fn progress(text: impl fmt::Display) {
    let mut stderr = std::io::stderr().lock();
    if stderr.is_terminal() {
        let _ = write!(stderr, "\r\x1b[K{text}");
        let _ = stderr.flush();
    }
}

/// Takes the line of progress away again.
pub(crate) fn progress_done() {
    let mut stderr = std::io::stderr().lock();
    if stderr.is_terminal() {
        let _ = write!(stderr, "\r\x1b[K");
        let _ = stderr.flush();
    }
}

/// The end of a command: an error with its causes, each on a line.
pub(crate) fn finish(result: anyhow::Result<()>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            failed(&error);
            ExitCode::FAILURE
        }
    }
}

/// Prints an error with its causes.
pub(crate) fn failed(error: &anyhow::Error) {
    note(format_args!("funkturm: {error}"));
    for cause in error.chain().skip(1) {
        note(format_args!("  because: {cause}"));
    }
}

/// Prints rows in columns as wide as they need to be; the first row is the heading.
pub(crate) fn table(rows: &[Vec<String>]) {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns)
        .map(|i| rows.iter().filter_map(|row| row.get(i)).map(|cell| cell.chars().count()).max().unwrap_or(0))
        .collect();
    for row in rows {
        let cells: Vec<String> =
            row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        line(cells.join("  ").trim_end());
    }
}
